"""How people were served: who is complained about and by which rule, what was found, the apology, and what the employee says.

Two parts with two circles of readers. The finding is read by everybody who sees the complaint. The part about the employee
(who it is, their statement, what is done about them) is read by the supervisors of the branch, administrators and whoever
recorded it; the complaint itself is hidden from the person it names.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from complaints import reach, workflow
from complaints.clocks.calendars import ONE_DAY, WorkingCalendar
from complaints.investigation.panels import Panel
from complaints.models import (
    COACHING_SEEN_BY,
    HOLDS,
    Apology,
    ApologyHow,
    Calendar,
    Complaint,
    ConductFinding,
    ConductRule,
    Measure,
    Recording,
    StaffPart,
)
from complaints.refusals import BadInput, ChangedMeanwhile, MoveRefused
from staff.actors import Actor
from staff.models import User

FIELDS = (
    *("about_told", "identified", "team", "happened_at", "place", "call_reference", "recording", "alleged", "said"),
    *("witnesses", "rule", "measured", "began_on", "ended_on", "verdict", "because"),
    *("apology", "apology_how", "apology_on", "apology_by", "apology_text", "no_coaching_because"),
)
STAFF_FIELDS = ("person", "statement", "stated_on", "action_on_staff")
RECORDED_CALL = "call_id"
"""What a complaint by phone calls the number of its recording."""


# the finding


def rules_for(complaint: Complaint) -> tuple[list[ConductRule], list[ConductRule]]:
    """The rules that are in use: those that speak of this subcategory, and all others."""
    code = complaint.subcategory.code if complaint.subcategory else ""
    rules = list(ConductRule.objects.filter(is_active=True))
    fitting = [rule for rule in rules if not rule.subcategories or code in rule.subcategories]
    return fitting, [rule for rule in rules if rule not in fitting]


def working_days(calendar: WorkingCalendar, began: date, ended: date) -> int:
    """Working days that passed: the day on which it began does not count, the one on which it ended does."""
    days = (began + ONE_DAY * number for number in range(1, (ended - began).days + 1))
    return sum(calendar.is_working_day(day) for day in days)


def calendar_of(complaint: Complaint) -> WorkingCalendar | None:
    """The newest version of the calendar by which this complaint's own working days count."""
    used = complaint.clocks.filter(calendar__isnull=False, limit__endswith="wd").order_by("pk").first()
    if used is None or used.calendar is None:
        return None
    newest = Calendar.objects.filter(code=used.calendar.code).order_by("-version").first()
    return newest.working_calendar() if newest else None


def judge(rule: ConductRule, measured: int) -> dict[str, Any]:
    """The rule as it is now, and whether what was measured keeps it; exactly at the limit keeps it."""
    assert rule.limit is not None
    return {
        **{name: getattr(rule, name) for name in ("code", "name_zh", "name_en", "measure", "limit", "source")},
        "kept": measured <= rule.limit,
    }


def _measure(finding: ConductFinding, complaint: Complaint, today: date) -> None:
    """Count the days, where the rule speaks of days, and judge; what was not measured is not judged."""
    rule = finding.rule
    if rule is None or not rule.measure:
        finding.measured = None
    elif rule.measure == Measure.WORKING_DAYS and finding.began_on is not None:
        calendar = calendar_of(complaint)
        if calendar is None:
            raise BadInput(_("No calendar says which days are working days here."), fields=["began_on"])
        finding.measured = working_days(calendar, finding.began_on, finding.ended_on or today)
    finding.judged = judge(rule, finding.measured) if rule is not None and finding.measured is not None else {}


@transaction.atomic
def save(finding: ConductFinding, *, by: User, seen: int | None = None) -> ConductFinding:
    """Keep what was found as a new row, with the move; an apology by message goes out in the same transaction, once.

    `seen` is the row that the recorder looked at. Raises BadInput when nothing is different from what stands,
    ChangedMeanwhile when another row stands by now, MoveRefused when findings cannot be recorded now.
    """
    complaint = Complaint.objects.locked(finding.complaint_id)
    before = complaint.conduct_findings.first()
    _refuse_unseen(before, seen)
    _measure(finding, complaint, timezone.localdate())
    if before is not None and all(getattr(before, name) == getattr(finding, name) for name in FIELDS):
        raise BadInput(_("Nothing is different from what is recorded."))
    finding.pk, finding.entered_by, finding.entered_at = None, by, timezone.now()
    said = said_of(finding)
    if not said and before is None:
        raise BadInput(_("Say what was found."))
    finding.save(force_insert=True)
    actor = Actor.staff(by)
    summary = "; ".join(f"{label}: {value}" for label, value in said) or _("earlier findings are taken back")
    workflow.perform("investigate", complaint, by=actor, part=_("the service"), summary=summary)
    if _goes_out(finding, before):
        if not reach.of(complaint).to:
            raise BadInput(_("No message reaches this customer. Apologise another way."), fields=["apology_how"])
        workflow.perform("message", complaint, by=actor, message=finding.apology_text)
    return finding


def _refuse_unseen(before: ConductFinding | StaffPart | None, seen: int | None) -> None:
    if before is not None and before.pk != seen:
        raise ChangedMeanwhile(
            _("Somebody else recorded findings since you opened this page. Look at them, then decide.")
        )


def _goes_out(finding: ConductFinding, before: ConductFinding | None) -> bool:
    """An apology by message that has not gone out in these words yet."""

    def words(one: ConductFinding | None) -> str:
        by_message = one is not None and one.apology == Apology.MADE and one.apology_how == ApologyHow.MESSAGE
        return one.apology_text if one is not None and by_message else ""

    return bool(words(finding)) and words(finding) != words(before)


# the part about the employee


def may_read(complaint: Complaint, user: User) -> bool:
    """Whether this person, who sees the complaint, also reads what concerns the employee."""
    newest = complaint.staff_parts.first()
    return user.role in COACHING_SEEN_BY or (newest is not None and newest.entered_by_id == user.pk)


def may_record(complaint: Complaint, user: User) -> bool:
    """Whoever investigates begins it; afterwards whoever reads it goes on with it."""
    if not complaint.permits("investigate", user.role):
        return False
    return may_read(complaint, user) or not complaint.staff_parts.exists()


@transaction.atomic
def save_staff_part(part: StaffPart, *, by: User, seen: int | None = None) -> StaffPart:
    """Keep what concerns the employee as a new row. From then on the person named neither sees the complaint nor has it.

    The history says that it was recorded, and nothing of what it says. Raises as `save`.
    """
    complaint = Complaint.objects.locked(part.complaint_id)
    before = complaint.staff_parts.first()
    _refuse_unseen(before, seen)
    if not may_record(complaint, by):
        raise MoveRefused(_("Only supervisors and whoever recorded it go on with the part about the employee."))
    if part.person == by:
        raise MoveRefused(
            _("You are named in this complaint: hand it to somebody else, who records this."), fields=["person"]
        )
    if before is not None and all(getattr(before, name) == getattr(part, name) for name in STAFF_FIELDS):
        raise BadInput(_("Nothing is different from what is recorded."))
    if before is None and not any(getattr(part, name) for name in STAFF_FIELDS):
        raise BadInput(_("Say who it is, or what they say."))
    part.pk, part.entered_by, part.entered_at = None, by, timezone.now()
    part.save(force_insert=True)
    workflow.perform(
        "investigate",
        complaint,
        by=Actor.staff(by),
        part=_("the employee"),
        summary=_("recorded; only supervisors and the recorder read it"),
        about=part.person,
    )
    return part


# in words


def said_of(finding: ConductFinding) -> list[tuple[Any, Any]]:
    """Label and value of everything a finding says, in words."""
    pairs = []
    for name in FIELDS:
        value = getattr(finding, name)
        if value not in (None, ""):
            label = str(ConductFinding._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
            pairs.append((label[:1].upper() + label[1:], _spoken(finding, name, value)))
    return pairs


def _spoken(finding: ConductFinding, name: str, value: Any) -> str:
    if name == "measured":
        return measured_words(finding)
    if hasattr(finding, f"get_{name}_display"):
        return str(getattr(finding, f"get_{name}_display")())
    if name == "happened_at":
        return date_format(timezone.localtime(value), "SHORT_DATETIME_FORMAT")
    if isinstance(value, date):
        return date_format(value, "DATE_FORMAT")
    return str(value)


def measured_words(finding: ConductFinding) -> str:
    """What was measured against what was promised, by the rule as it was then."""
    judged, measured = finding.judged, finding.measured or 0
    name = judged["name_zh" if (get_language() or "").startswith("zh") else "name_en"]
    verdict = _("kept") if judged["kept"] else _("not kept")
    words = {"measured": amount(judged["measure"], measured), "limit": amount(judged["measure"], judged["limit"])}
    return _("%(measured)s, at most %(limit)s are promised (%(name)s): %(verdict)s") % {
        **words,
        "name": name,
        "verdict": verdict,
    }


def amount(measure: str, number: int) -> str:
    """A number with what it counts."""
    words = {
        Measure.SECONDS: ngettext("%(number)d second", "%(number)d seconds", number),
        Measure.MINUTES: ngettext("%(number)d minute", "%(number)d minutes", number),
        Measure.WORKING_DAYS: ngettext("%(number)d working day", "%(number)d working days", number),
    }
    return words[Measure(measure)] % {"number": number}


def said_of_staff(part: StaffPart) -> list[tuple[Any, Any]]:
    """Label and value of the part about the employee; only for those who may read it."""
    pairs: list[tuple[Any, Any]] = []
    if part.person is not None:
        team = f" · {part.person.team.name}" if part.person.team else ""
        pairs.append((_("Person in the directory"), f"{part.person.display_name}{team}"))
    if part.statement:
        pairs.append((_("Statement of the employee"), part.statement))
    if part.stated_on:
        pairs.append((_("Statement taken on"), date_format(part.stated_on, "DATE_FORMAT")))
    if part.action_on_staff:
        pairs.append((_("What is done about the employee"), part.action_on_staff))
    return pairs


def panel(complaint: Complaint) -> Panel:
    """What is known of the service, and what is missing before the complaint can be answered well (domain 3.3).

    It says nothing of the employee's part but that it is there: it is drawn for everybody who sees the complaint.
    """
    finding = complaint.conduct_findings.select_related("rule", "alleged", "team").first()
    facts: list[tuple[Any, Any]] = said_of(finding) if finding else []
    if finding is not None and finding.rule is not None:
        source = f" ({finding.rule.source})" if finding.rule.source else ""
        facts.append((_("What the rule says"), f"{finding.rule.text}{source}"))
    has_staff_part = complaint.staff_parts.exists()
    if has_staff_part:
        facts.append((_("About the employee"), _("recorded, restricted")))
    given = list(complaint.coaching.all())
    if given:
        done = sum(action.done_at is not None for action in given)
        facts.append((_("Coaching"), _("%(done)d of %(all)d done") % {"done": done, "all": len(given)}))
    verdict, meaning = _verdict(finding)
    return Panel(_("The service"), facts, _missing(finding, has_staff_part, bool(given)), verdict, meaning)


def _verdict(finding: ConductFinding | None) -> tuple[str, str]:
    if finding is None or not finding.verdict:
        return _("Nobody has said yet what was found."), "warning"
    meaning = "danger" if finding.verdict in HOLDS else "info"
    if finding.rule is None:
        return str(finding.get_verdict_display()), meaning
    return f"{finding.get_verdict_display()} · {finding.rule.name}", meaning


def _missing(finding: ConductFinding | None, has_staff_part: bool, is_coached: bool) -> list[Any]:
    found = finding or ConductFinding()
    is_heard = found.recording not in ("", Recording.NOT_YET)
    missing = [
        (found.about_told or found.identified, _("who it is about")),
        (found.happened_at, _("when it happened")),
        (is_heard, _("whether the recording was listened to")),
        (has_staff_part or found.identified in ("unit", "nobody"), _("the statement of the employee")),
        (found.rule, _("the rule judged")),
        (found.verdict, _("the finding")),
    ]
    if found.verdict in HOLDS:
        missing += [
            (found.apology in (Apology.MADE, Apology.NOT_OWED), _("the apology")),
            (is_coached or found.no_coaching_because, _("coaching, or why none is needed")),
        ]
    return [name for known, name in missing if not known]
