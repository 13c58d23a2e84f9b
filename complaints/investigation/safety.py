"""A hazard: how grave it is, that people are safe from it, that it is mended, and that somebody looks again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints import workflow
from complaints.investigation.panels import Panel
from complaints.models import Attachment, Complaint, HazardGrade, Priority, SafetyFinding
from complaints.refusals import BadInput, ChangedMeanwhile
from complaints.states import MOVES
from staff.actors import THE_CLOCK, Actor
from staff.models import User

CRITERIA = {
    HazardGrade.IMMINENT: gettext_lazy("live parts within reach, a wire down, fire, or somebody hurt"),
    HazardGrade.SERIOUS: gettext_lazy(
        "may become dangerous soon: too little clearance, a leaning pole, a tree close by"
    ),
    HazardGrade.ORDINARY: gettext_lazy("does not endanger anybody as it is, but must be mended"),
}
"""What makes a hazard one of its grade (our proposal; compare the priorities of domain 2.4)."""
FOLLOW_UP = {
    HazardGrade.IMMINENT: timedelta(days=7),
    HazardGrade.SERIOUS: timedelta(days=30),
    HazardGrade.ORDINARY: timedelta(days=90),
}
"""How long after it was mended somebody looks again (our proposal)."""
ZONES = ((Decimal(1), Decimal(10), 4), (Decimal(35), Decimal(110), 6), (Decimal(220), Decimal(220), 8))
"""Key protection zone around an overhead conductor: from and to in kV, metres (domain 2.4)."""
FIELDS = (
    *("grade", "owner", "injured", "public_access", "voltage_kv", "not_dangerous_because", "protection"),
    *("measure", "measure_by", "planned_on", "mended_on", "inspected_on", "inspection_result"),
)


def protective_zone(kilovolts: Decimal) -> int | None:
    """Metres of the key protection zone around an overhead conductor (domain 2.4); None where the source names none."""
    if kilovolts == 500:
        return 10
    return next((metres for low, high, metres in ZONES if low <= kilovolts <= high), None)


def follow_up_day(grade: str, mended_on: date) -> date:
    """When somebody looks again; a hazard without a grade as the gravest, for nobody has said that it can wait."""
    return mended_on + FOLLOW_UP[HazardGrade(grade or HazardGrade.IMMINENT)]


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
    finding.pk, finding.entered_by, finding.entered_at = None, by, timezone.now()
    finding.follow_up_on = follow_up_day(finding.grade, finding.mended_on) if finding.mended_on else None
    said = said_of(finding)
    if not said and before is None and not files:
        raise BadInput(_("Say what was found."))
    finding.save(force_insert=True)
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


def said_of(finding: SafetyFinding) -> list[tuple[Any, Any]]:
    """Label and value of everything a finding says, in words."""
    pairs = []
    for name in (*FIELDS, "follow_up_on"):
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
        metres = protective_zone(value)
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
    return Panel(_("The hazard"), facts, _missing(complaint, finding), verdict, meaning)


def _verdict(complaint: Complaint, finding: SafetyFinding | None) -> tuple[str, str]:
    if finding is not None and finding.not_dangerous_because:
        return _("Declared not dangerous."), "info"
    if complaint.restored_at is None:
        return _("Nobody has said yet that it is safe."), "danger"
    if finding is None or finding.mended_on is None:
        return _("Made safe, not yet mended for good."), "warning"
    if finding.inspected_on is None:
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
