"""A hazard: how grave it is, that people are safe from it, that it is mended, and that somebody looks again.

The criteria of the grades, the days of the follow-up and the protection zones are rows: see complaints/safety_rules.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from complaints import safety_rules, workflow
from complaints.inspections import follow_ups
from complaints.investigation.panels import Panel, Words
from complaints.models import Attachment, Complaint, HazardGrade, Inspection, Priority, SafetyFinding
from complaints.refusals import BadInput, ChangedMeanwhile
from complaints.states import MOVES
from staff.actors import CLOCK, THE_CLOCK, Actor
from staff.models import User

FIELDS = (
    *("grade", "owner", "injured", "public_access", "voltage_kv", "not_dangerous_because", "protection"),
    *("measure", "measure_by", "planned_on", "mended_on"),
)
"""What is recorded on the page of the hazard."""
LOOKED_AGAIN: dict[str, Any] = {"inspected_on": None, "inspection_result": ""}
"""What the follow-up inspection says, and what stands before it does; it stays while the same mending stands."""


def follow_up_day(grade: str, mended_on: date) -> date:
    """When somebody looks again; a hazard without a grade as the gravest, for nobody has said that it can wait."""
    return mended_on + timedelta(days=safety_rules.follow_up_days(grade or HazardGrade.IMMINENT))


@transaction.atomic
def save(
    finding: SafetyFinding, *, by: User, files: Sequence[Attachment] = (), seen: int | None = None
) -> SafetyFinding:
    """Keep what was found as a new row, and the move with it; the gravest grade makes it a matter of life at once.

    `seen` is the row that the recorder looked at. Raises BadInput when nothing is different from what stands,
    ChangedMeanwhile when another row stands by now, MoveRefused when findings cannot be recorded now.
    """
    complaint = Complaint.objects.locked(finding.complaint_id)
    before = complaint.safety_findings.first()
    if before is not None and before.pk != seen:
        raise ChangedMeanwhile(
            _("Somebody else recorded findings since you opened this page. Look at them, then decide.")
        )
    if before is not None and not files and all(getattr(before, name) == getattr(finding, name) for name in FIELDS):
        raise BadInput(_("Nothing is different from what is recorded."))
    is_same_mending = before is not None and before.mended_on == finding.mended_on
    for name, nothing in LOOKED_AGAIN.items():
        setattr(finding, name, getattr(before, name) if is_same_mending else nothing)
    finding.pk, finding.entered_by, finding.entered_at = None, by, timezone.now()
    finding.follow_up_on = follow_up_day(finding.grade, finding.mended_on) if finding.mended_on else None
    said = said_of(finding)
    if not said and before is None and not files:
        raise BadInput(_("Say what was found."))
    finding.save(force_insert=True)
    follow_ups.arrange(complaint, finding, by=by, at=finding.entered_at)
    actor = Actor.staff(by)
    summary = "; ".join(f"{label}: {value}" for label, value in said) or (
        _("a photo") if files else _("earlier findings are taken back")
    )
    workflow.perform("investigate", complaint, by=actor, part=_("the hazard"), summary=summary, files=list(files))
    if finding.grade == HazardGrade.IMMINENT and complaint.priority != Priority.P1 and complaint.is_open:
        mover = actor if by.role in MOVES["prioritise"].allowed else THE_CLOCK
        reason = _("Hazard grade I: danger is imminent.")
        workflow.perform("prioritise", complaint, by=mover, priority=Priority.P1.value, reason=reason)
    finding.complaint = complaint
    return finding


@transaction.atomic
def looked_again(
    complaint_id: int, *, is_in_order: bool, said: str, on: date, by: User, files: Sequence[Attachment] = ()
) -> Complaint:
    """Keep what the follow-up inspection found. Not in order, the mending no longer stands and the complaint is open again.

    A complaint that is over for another reason, as one merged into another, stays so; what was found is noted on it.
    """
    complaint = Complaint.objects.locked(complaint_id)
    finding = complaint.safety_findings.first()
    assert finding is not None  # there would be no follow-up inspection
    finding.pk, finding.entered_by, finding.entered_at = None, by, timezone.now()
    finding.inspected_on, finding.inspection_result = on, said
    if not is_in_order:
        finding.mended_on = finding.follow_up_on = None
    finding.save(force_insert=True)
    words = _("in order: %(said)s") if is_in_order else _("not in order: %(said)s")
    summary = words % {"said": said}
    if not is_in_order and complaint.permits("reopen", CLOCK):
        reason = _("The follow-up inspection found the hazard again: %(said)s") % {"said": said}
        workflow.perform("reopen", complaint, by=THE_CLOCK, reason=reason)
    actor = Actor.staff(by)
    if complaint.permits("investigate", by.role):
        part = _("the follow-up inspection")
        workflow.perform("investigate", complaint, by=actor, part=part, summary=summary, files=list(files))
    else:
        note = _("Follow-up inspection: %(summary)s") % {"summary": summary}
        workflow.perform("note", complaint, by=actor, note=note)
        if files:
            workflow.perform("attach", complaint, by=actor, files=list(files))
    return complaint


def said_of(finding: SafetyFinding) -> list[tuple[Any, Any]]:
    """Label and value of everything a finding says, in words."""
    pairs = []
    for name in (*FIELDS, "follow_up_on", *LOOKED_AGAIN):
        value = getattr(finding, name)
        if value not in (None, "", False):
            label = str(SafetyFinding._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
            pairs.append((label[:1].upper() + label[1:], _spoken(finding, name, value)))
    return pairs


def _spoken(finding: SafetyFinding, name: str, value: Any) -> str:
    if name in ("grade", "owner"):
        return str(getattr(finding, f"get_{name}_display")())
    if isinstance(value, date):
        return date_format(value, "DATE_FORMAT")
    if isinstance(value, Decimal):
        metres = safety_rules.protective_zone(value)
        spoken = number_format(value.normalize(), use_l10n=True) if value % 1 else str(int(value))
        return (
            _("%(kilovolts)s, protection zone %(metres)d m") % {"kilovolts": spoken, "metres": metres}
            if metres
            else spoken
        )
    return str(_("yes")) if value is True else str(value)


def panel(complaint: Complaint) -> Panel:
    """What is known of the hazard, and what is missing before the complaint can be answered well."""
    finding = complaint.safety_findings.first()
    facts: list[tuple[Any, Any]] = []
    if complaint.restored_at is not None:
        safe_at = date_format(timezone.localtime(complaint.restored_at), "SHORT_DATETIME_FORMAT")
        facts.append((_("Made safe"), safe_at))
    facts += said_of(finding) if finding else []
    verdict, meaning = _verdict(complaint, finding)
    links: list[tuple[str, Words]] = [
        (reverse("complaints:inspection", args=[one.pk]), _inspected(one)) for one in complaint.inspections.all()
    ]
    return Panel(_("The hazard"), facts, _missing(complaint, finding), verdict, meaning, links=links)


def _inspected(one: Inspection) -> str:
    """A follow-up inspection in a line: by when, or what came out."""
    if one.result:
        outcome = one.get_result_display()
        return _("Follow-up inspection of %(day)s: %(outcome)s") % {
            "day": date_format(one.done_on or one.due_on, "DATE_FORMAT"),
            "outcome": outcome,
        }
    if not one.is_open:
        return _("Follow-up inspection, cancelled: %(why)s") % {"why": one.cancelled_because}
    return _("Follow-up inspection, due %(day)s") % {"day": date_format(one.due_on, "DATE_FORMAT")}


def _verdict(complaint: Complaint, finding: SafetyFinding | None) -> tuple[str, str]:
    if finding is not None and finding.not_dangerous_because:
        return _("Declared not dangerous."), "info"
    if complaint.restored_at is None:
        return _("Nobody has said yet that it is safe."), "danger"
    if finding is None or finding.mended_on is None:
        return _("Made safe, not yet mended for good."), "warning"
    if finding.inspected_on is None:
        standing = complaint.inspections.open().first()
        day = standing.due_on if standing is not None else finding.follow_up_on
        if day is not None and day < timezone.localdate():
            return _("Mended; the follow-up inspection is overdue."), "warning"
        return _("Mended; somebody looks again."), "info"
    return _("Mended and inspected again."), "success"


def _missing(complaint: Complaint, finding: SafetyFinding | None) -> list[Any]:
    if finding is not None and finding.not_dangerous_because:
        return []
    found = finding or SafetyFinding()
    wanted = [
        (complaint.restored_at, _("when it was made safe")),
        (found.grade, _("the hazard grade")),
        (found.owner, _("whose equipment it is")),
        (found.measure, _("the permanent measure")),
        (found.measure_by or not found.measure, _("who mends it")),
        (found.planned_on or found.mended_on or not found.measure, _("the day it is planned for")),
    ]
    return [name for known, name in wanted if not known]
