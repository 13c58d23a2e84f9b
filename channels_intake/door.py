"""The one door: everything received, by any channel, becomes one complaint here; received twice, it stays one."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_intake.base import Intake
from channels_intake.models import InboundRecord, UnsentForm
from complaints import attachments, rulebook, workflow
from complaints.legible import legible, says_something
from complaints.models import Channel, Complaint, Flag, Priority, Severity
from complaints.refusals import BadInput
from complaints.rulebook import Rulebook
from customers.matching import Match, identify
from staff.actors import CUSTOMER, Actor
from staff.models import User

NOTE = f"""
INSERT INTO channels_intake_inboundrecord
    (channel, source, external_id, received_at, recorded_at, payload, complaint_id)
VALUES (%s, %s, %s, %s, %s, %s, coalesce(%s, {rulebook.NEXT_KEY}))
ON CONFLICT (channel, external_id) DO NOTHING
RETURNING complaint_id, {rulebook.NEXT_NUMBER}, {rulebook.EDITION}
"""
"""The complaint is written afterwards, under the key and number that it gets here: the database looks for it when the
transaction ends. A second name of the same delivery leaves a number unused, as every transaction that is taken back does."""
YES = "yes"
DANGER_QUESTIONS = ("immediate_danger", "injured")
URGENT_FLAGS = frozenset({Flag.GROUP, Flag.MEDIA, Flag.IMPORTANT_USER})
IMPORTANT_FLAGS = frozenset({Flag.MEDIA, Flag.INJURY, Flag.VULNERABLE, Flag.IMPORTANT_USER})


def receive(intake: Intake, *, by: Actor, at: datetime | None = None) -> Complaint:
    """The complaint that this intake is about: registered now, or the first one when it was received before.

    Two deliveries of the same thing at the same time meet at the unique row: the second waits for the first and gets its
    complaint. Files are kept in the same transaction. Raises BadInput when nobody could be answered.
    """
    return receive_once(intake, by=by, at=at)[0]


@transaction.atomic
def receive_once(intake: Intake, *, by: Actor, at: datetime | None = None) -> tuple[Complaint, bool]:
    """As `receive`, and whether it was registered just now."""
    return receive_on(intake, by=by, at=at)


def receive_on(intake: Intake, *, by: Actor, at: datetime | None = None) -> tuple[Complaint, bool]:
    """As `receive_once`, for who has begun the transaction. What is raised must end it."""
    at = at or timezone.now()
    intake = _legible(intake)
    received_at = intake.received_at or at
    # always in this order: whoever comes second waits at the name they share, and holds nothing the first needs
    names = [name for name in dict.fromkeys((intake.external_id, intake.same_as)) if name]
    key, given, mine = None, None, set()
    for name in names:
        if (noted := _noted(intake, name, received_at, key)) is not None:
            key, number, edition = noted
            given = number, rulebook.of(edition)
            mine.add(name)
    if len(mine) == len(names):
        return _registered(intake, by=by, at=at, received_at=received_at, key=key, given=given), True
    records = InboundRecord.objects.filter(channel=intake.channel, external_id__in=names)
    others = {
        one.external_id: one.complaint for one in records.exclude(external_id__in=mine).select_related("complaint")
    }
    known = next((others[name] for name in names if others.get(name) is not None), None)
    complaint = known or _registered(intake, by=by, at=at, received_at=received_at, key=key, given=given)
    records.filter(Q(external_id__in=mine) | Q(complaint__isnull=True)).update(complaint=complaint)
    return complaint, known is None


def _noted(intake: Intake, name: str, received_at: datetime, key: int | None) -> tuple[int, int, str | None] | None:
    """Write down that it came under this name: the key and the number that its complaint will have, and the rulebook's edition.

    None when it came before. Whoever else is writing it down now is waited for.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            NOTE,
            [intake.channel, intake.source, name, received_at, timezone.now(), json.dumps(dict(intake.given)), key],
        )
        noted: tuple[int, int, str | None] | None = cursor.fetchone()
    return noted


def _legible(intake: Intake) -> Intake:
    """The same, every text without what nobody sees. Raises BadInput when nothing is left of the story."""
    texts: dict[str, Any] = {
        field.name: legible(text) for field in fields(intake) if isinstance(text := getattr(intake, field.name), str)
    }
    if not says_something(texts["story"]):
        raise BadInput(_("Write down what happened."), fields=["story"])
    return replace(
        intake,
        **texts,
        answers={legible(key): legible(answer) for key, answer in intake.answers.items()},
        details={key: legible(said) if isinstance(said, str) else said for key, said in intake.details.items()},
        given={key: legible(said) for key, said in intake.given.items()},
    )


def _registered(
    intake: Intake,
    *,
    by: Actor,
    at: datetime,
    received_at: datetime,
    key: int | None,
    given: tuple[int, Rulebook] | None,
) -> Complaint:
    complaint = _complaint(intake, given[1] if given else rulebook.current(), by=by, received_at=received_at)
    complaint.pk = key
    names = [attachment.name for attachment in intake.files]
    event = workflow.register_on(complaint, by=by, at=at, details={"files": names} if names else {}, given=given)
    for attachment in intake.files:
        attachment.is_from_customer = by.role == CUSTOMER
        attachment.added_by, attachment.added_at = by.user, event.at
        attachments.keep(attachment, complaint)
    return complaint


@transaction.atomic
def add_to(complaint: Complaint, story: str, form_id: UUID, *, channel: str, source: str, by: User) -> None:
    """A further contact about a complaint that exists; the same form sent twice adds once. Raises MoveRefused."""
    _record, is_new = InboundRecord.objects.get_or_create(
        channel=channel,
        external_id=str(form_id),
        defaults={"source": source, "received_at": timezone.now(), "complaint": complaint},
    )
    if is_new:
        workflow.perform("supplement", complaint, by=Actor.staff(by), message=legible(story))
    UnsentForm.objects.filter(pk=form_id, owner__isnull=False).delete()


def first_received(channel: str, external_id: str) -> Complaint | None:
    """The complaint that this delivery became, if it came before."""
    record = InboundRecord.objects.select_related("complaint").filter(channel=channel, external_id=external_id).first()
    return record.complaint if record else None


def _complaint(intake: Intake, book: Rulebook, *, by: Actor, received_at: datetime) -> Complaint:
    match = identify(account_number=intake.account_number, phone=intake.contact_phone, name=intake.contact_name)
    flags = _flags(intake, match)
    complaint = Complaint(
        request_type=intake.request_type,
        category=intake.category,
        subcategory=intake.subcategory,
        severity=_severity(intake, flags),
        priority=_priority(intake, flags),
        flags=sorted(flags),
        channel=intake.channel,
        source=intake.source,
        source_reference=intake.source_reference,
        channel_details=_details(intake, match),
        external_due_at=intake.external_due_at,
        branch=intake.branch or (by.user and book.branches.get(by.user.branch_id or 0)) or book.root,
        entered_by=by.user,
        language=intake.language,
        is_anonymous=intake.is_anonymous,
        is_confidential=intake.is_confidential,
        story=intake.story,
        remedy_sought=intake.remedy_sought,
        place=intake.place or intake.answers.get("place", ""),
        occurred_at=intake.occurred_at,
        answers=dict(intake.answers),
        received_at=received_at,
    )
    _place_at_premise(complaint, match)
    if not intake.is_anonymous:
        _name_complainant(complaint, intake, match, by=by)
        _check_answerable(complaint)
    return complaint


def _place_at_premise(complaint: Complaint, match: Match) -> None:
    """An account says where: premise, network and the branch that answers for them."""
    if match.account is None:
        return
    premise = match.account.premise
    complaint.premise = premise
    complaint.branch = premise.branch
    complaint.transformer_area = premise.transformer_area
    complaint.area_class = premise.area_class
    complaint.place = complaint.place or premise.address


def _name_complainant(complaint: Complaint, intake: Intake, match: Match, *, by: Actor) -> None:
    """Who complains, as they said it. Only staff, who know whom they talk to, may fall back on what the record says."""
    complaint.customer, complaint.account = match.customer, match.account
    complaint.contact_name = intake.contact_name
    complaint.contact_phone = intake.contact_phone
    complaint.contact_email = intake.contact_email
    complaint.contact_address = intake.contact_address
    complaint.contact_method = intake.contact_method
    is_reachable = intake.contact_phone or intake.contact_email or intake.contact_address
    if match.customer is not None and by.is_staff and not is_reachable:
        complaint.contact_phone, complaint.contact_email = match.customer.phone, match.customer.email


def _check_answerable(complaint: Complaint) -> None:
    ways = complaint.account, complaint.contact_phone, complaint.contact_email, complaint.contact_address
    if not any(ways):
        raise BadInput(
            _("Say how we can answer: an account number, a phone, an e-mail or an address."), fields=["contact_phone"]
        )


def _details(intake: Intake, match: Match) -> dict[str, object]:
    """What the channel knows; an account number that we do not know is kept as it was given."""
    unknown = {"account_number": intake.account_number} if intake.account_number and match.account is None else {}
    return {**unknown, **intake.details}


def _flags(intake: Intake, match: Match) -> set[str]:
    flags = set(intake.flags)
    if intake.answers.get("injured") == YES:
        flags.add(Flag.INJURY)
    is_vulnerable = match.customer is not None and match.customer.is_vulnerable
    if is_vulnerable or intake.answers.get("life_support") == YES:
        flags.add(Flag.VULNERABLE)
    if match.customer is not None and match.customer.is_key:
        flags.add(Flag.IMPORTANT_USER)
    return flags


def _severity(intake: Intake, flags: set[str]) -> Severity:
    """Who must be told (domain 2.8); people raise it further when they know more."""
    if Flag.GROUP in flags:
        return Severity.MAJOR
    if flags & IMPORTANT_FLAGS or intake.channel == Channel.REGULATOR:
        return Severity.IMPORTANT
    return Severity.ORDINARY


def _priority(intake: Intake, flags: set[str]) -> Priority:
    """The subcategory's own, raised by danger to life and by who is without supply; never lowered by an answer."""
    if any(intake.answers.get(question) == YES for question in DANGER_QUESTIONS):
        return Priority.P1
    usual = Priority(intake.subcategory.default_priority) if intake.subcategory else Priority.P3
    return min(usual, Priority.P2) if flags & URGENT_FLAGS or _needs_supply_to_live(intake) else usual


def _needs_supply_to_live(intake: Intake) -> bool:
    return intake.answers.get("life_support") == YES and intake.answers.get("supply_on") != YES
