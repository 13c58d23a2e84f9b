"""What an inspection finds at a customer's place becomes a complaint by the one door, in the transaction of the recording."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from channels_intake import door
from channels_intake.base import Intake
from complaints.inspections import work
from complaints.investigation import safety
from complaints.models import (
    SAFETY,
    Category,
    Channel,
    Complaint,
    EquipmentOwner,
    HazardGrade,
    Inspection,
    SafetyFinding,
    Source,
    Subcategory,
)
from staff.actors import Actor
from staff.models import User

CUSTOMERS_SIDE = "SAF-11"
"""Hazard on the customer's side, or a dispute about an inspection."""


def record(inspection: Inspection, said: work.Said, *, by: User, seen: int | None) -> Inspection:
    """Record it and open what its findings ask for. Raises BadInput, MoveRefused, ChangedMeanwhile; then nothing is changed."""

    def opened(row: Inspection, number: int, found: work.Found) -> Complaint:
        return open_complaint(row, number, found, by=by)

    return work.record(inspection, said, by=by, at=timezone.now(), open_complaint=opened, seen=seen)


def open_complaint(inspection: Inspection, number: int, found: work.Found, *, by: User) -> Complaint:
    """The complaint of one finding: graded from the start, and with imminent danger a matter of life at once."""
    account = inspection.account
    assert account is not None  # checked by the rule: without a customer there is no complaint
    category = Category.objects.get(code=SAFETY)
    subcategory = Subcategory.objects.filter(code=CUSTOMERS_SIDE, category=category, is_active=True).first()
    customer = account.customer
    intake = Intake(
        channel=Channel.VISIT,
        source=Source.INSPECTION,
        external_id=f"inspection-{inspection.pk}-{number}",
        category=category,
        subcategory=subcategory,
        story=_("Found by an inspection: %(what)s") % {"what": found.what},
        place=inspection.place,
        answers={"immediate_danger": "yes"} if found.grade == HazardGrade.IMMINENT else {},
        account_number=account.number,
        contact_name=customer.name,
        contact_phone=customer.phone,
        contact_email=customer.email,
        contact_method=customer.contact_method,
        language=customer.language,
        branch=inspection.branch,
        details={"inspection": inspection.pk},
        files=(found.photo,) if found.photo is not None else (),
    )
    complaint = door.receive(intake, by=Actor.staff(by))
    finding = SafetyFinding(complaint=complaint, grade=found.grade, owner=EquipmentOwner.CUSTOMER)
    safety.save(finding, by=by)
    complaint.refresh_from_db()
    return complaint
