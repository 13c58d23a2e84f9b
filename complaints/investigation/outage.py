"""The investigation of an outage: what was dark for how long, whether notice was given in time, and how often it happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from complaints import workflow
from complaints.investigation.panels import Panel
from complaints.models import Complaint, Flag, IssueKind, OutageFinding, OutageKind, RootCause, ServiceIssue
from complaints.refusals import BadInput
from customers.models import Account, Feeder, TransformerArea
from staff.actors import Actor
from staff.models import User

FREQUENT, FREQUENT_DAYS = 3, 60
"""So many interruptions in so many days are frequent ones (domain 2.1) [GK]."""
NOTICE = {
    OutageKind.PLANNED: timedelta(days=7),
    OutageKind.ARREARS: timedelta(days=7),
    OutageKind.TEMPORARY: timedelta(hours=24),
}
"""How long before the outage notice is due (domain 4.4) [S12, S8, S9]; a temporary one only for important users."""
NEAR = timedelta(hours=24)
"""A service issue that began within this time of the outage may be the same one [P]."""
DARK = [IssueKind.FAULT, IssueKind.PLANNED_OUTAGE]
OWN_OUTAGES = ("OUT-01", "OUT-02")
CAUSES = ("equipment", "maintenance", "capacity", "external", "weather", "planning", "customer-side")
"""Branches of the tree of causes whose leaves can put out the light."""
ON_TIME, LATE, NONE_GIVEN, NOT_DUE, UNKNOWN = "on_time", "late", "none", "not_due", "unknown"

Step = tuple[datetime, int]
"""When how many customers had their supply back."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """One interruption that touched the premise; `complaint` or `issue` says how we know."""

    at: datetime
    what: str
    url: str


def customer_minutes(started: datetime, steps: Sequence[Step]) -> Fraction:
    """Minutes without supply summed over those who have it back; nobody still in the dark is counted."""
    seconds = sum(customers * int((at - started).total_seconds()) for at, customers in steps)
    return Fraction(seconds, 60)


def notice_verdict(kind: str, noticed_at: datetime | None, started: datetime, *, is_important: bool = False) -> str:
    """Was the customer told in time? Exactly in time is in time; a fault asks for no notice."""
    due = NOTICE.get(OutageKind(kind))
    if due is None or (kind == OutageKind.TEMPORARY and not is_important):
        return NOT_DUE
    if noticed_at is None:
        return NONE_GIVEN
    return ON_TIME if started - noticed_at >= due else LATE


def notice_words(finding: OutageFinding) -> str:
    """The verdict about the notice in one sentence."""
    is_important = Flag.IMPORTANT_USER in finding.complaint.flags
    verdict = notice_verdict(finding.kind, finding.noticed_at, finding.started_at, is_important=is_important)
    if verdict == NOT_DUE:
        return _("No notice was due for an outage of this kind.")
    asked = {"asked": _hours(NOTICE[OutageKind(finding.kind)])}
    if verdict == NONE_GIVEN:
        return _("No notice is known; %(asked)s before the outage were due.") % asked
    assert finding.noticed_at is not None
    words = asked | {"given": _hours(finding.started_at - finding.noticed_at)}
    if verdict == ON_TIME:
        return _("Notice was given in time: %(given)s before the outage, %(asked)s were due.") % words
    if finding.noticed_at >= finding.started_at:
        return _("Notice was given only after the outage began; %(asked)s before were due.") % words
    return _("Notice was late: %(given)s before the outage, %(asked)s were due.") % words


def _hours(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    if hours >= 48:
        return _("%(days)s days") % {"days": f"{hours / 24:.1f}".removesuffix(".0")}
    return _("%(hours)s hours") % {"hours": f"{hours:.1f}".removesuffix(".0")}


def steps_of(finding: OutageFinding) -> list[Step]:
    return [(datetime.fromisoformat(at), customers) for at, customers in finding.steps]


def served(complaint: Complaint) -> int:
    """Accounts of the complaint's branch and those below it: what SAIDI divides by."""
    return Account.objects.filter(premise__branch__path__startswith=complaint.branch.path).count()


def proposed_customers(feeder: Feeder | None, area: TransformerArea | None) -> int | None:
    """Accounts behind the area, else behind the feeder; None when neither is known."""
    if area is not None:
        return Account.objects.filter(premise__transformer_area=area).count()
    if feeder is not None:
        return Account.objects.filter(premise__transformer_area__feeder=feeder).count()
    return None


def area_of(complaint: Complaint) -> TransformerArea | None:
    return complaint.premise.transformer_area if complaint.premise else None


def _touching(complaint: Complaint) -> Q | None:
    area = area_of(complaint)
    if area is None:
        return None
    return Q(transformer_area=area) | Q(transformer_area__isnull=True, feeder=area.feeder_id)


def repeats(complaint: Complaint, until: datetime) -> list[Repeat]:
    """Interruptions at the premise in the 60 days up to `until`, newest first; one that has an issue is counted once."""
    since = until - timedelta(days=FREQUENT_DAYS)
    touching = _touching(complaint)
    found: list[Repeat] = []
    days: set[Any] = set()
    issues = (
        ServiceIssue.objects.filter(touching, kind__in=DARK) if touching is not None else ServiceIssue.objects.none()
    )
    for issue in issues.filter(started_at__gt=since, started_at__lte=until):
        found.append(Repeat(issue.started_at, issue.title, reverse("complaints:issue", args=[issue.pk])))
        days.add(timezone.localtime(issue.started_at).date())
    if complaint.premise_id:
        reports = Complaint.objects.filter(premise=complaint.premise_id, subcategory__code__in=OWN_OUTAGES)
        for one in reports.filter(received_at__gt=since, received_at__lte=until).order_by("received_at"):
            at = one.occurred_at or one.received_at
            if timezone.localtime(at).date() not in days:
                days.add(timezone.localtime(at).date())
                found.append(Repeat(at, one.reference, one.get_absolute_url()))
    return sorted(found, key=lambda repeat: repeat.at, reverse=True)


def offered_issues(complaint: Complaint, started: datetime) -> list[ServiceIssue]:
    """Service issues at this place that began about then, for linking."""
    touching = _touching(complaint)
    if touching is None or complaint.service_issue_id:
        return []
    near = ServiceIssue.objects.filter(touching, kind__in=DARK)
    return list(near.filter(started_at__range=(started - NEAR, started + NEAR))[:5])


def causes() -> list[RootCause]:
    """The leaves of the tree that fit outages."""
    leaves = RootCause.objects.filter(is_active=True, children__isnull=True).select_related("parent")
    return list(leaves.filter(Q(parent__code__in=CAUSES) | Q(code__in=CAUSES)).order_by("parent__position", "position"))


def check(finding: OutageFinding) -> None:
    """Refuse what cannot have been. Raises BadInput naming the field."""
    if finding.restored_at is not None and finding.restored_at < finding.started_at:
        raise BadInput(_("Restored before it began."), fields=["restored_at"])
    steps = steps_of(finding)
    if any(at < finding.started_at for at, _customers in steps):
        raise BadInput(_("Somebody had supply back before it began."), fields=["steps"])
    back = sum(customers for _at, customers in steps)
    if finding.customers is not None and back > finding.customers:
        raise BadInput(
            _("%(back)d customers have supply back, but only %(all)d were without.")
            % {"back": back, "all": finding.customers},
            fields=["steps"],
        )


@transaction.atomic
def save(finding: OutageFinding, *, by: User) -> OutageFinding:
    """Keep what was found as a new row. Raises BadInput for what cannot be, or when nothing is different."""
    check(finding)
    complaint = finding.complaint
    Complaint.objects.locked(complaint.pk)
    before = complaint.outage_findings.first()
    if before is not None and said_of(before) == said_of(finding):
        raise BadInput(_("Nothing is different from what is recorded."))
    finding.entered_by, finding.entered_at = by, timezone.now()
    finding.save(force_insert=True)
    summary = "; ".join(f"{label}: {value}" for label, value in said_of(finding))
    workflow.perform("investigate", complaint, by=Actor.staff(by), part=_("the outage"), summary=summary)
    return finding


def all_steps(finding: OutageFinding) -> list[Step]:
    """The partial restorations, and at the end everybody who is left."""
    steps = steps_of(finding)
    left = (finding.customers or 0) - sum(customers for _at, customers in steps)
    return [*steps, (finding.restored_at, left)] if finding.restored_at is not None and left > 0 else steps


def said_of(finding: OutageFinding) -> list[tuple[Any, Any]]:
    """Label and value of what a finding says, in words."""
    pairs: list[tuple[Any, Any]] = [
        (_("Kind of outage"), finding.get_kind_display()),
        (_("Began"), _moment(finding.started_at)),
    ]
    if finding.restored_at:
        pairs.append((_("Restored"), _moment(finding.restored_at)))
    if finding.customers is not None:
        pairs.append((_("Customers without supply"), number_format(finding.customers)))
    pairs += [(_("Back at %(at)s") % {"at": _moment(at)}, number_format(count)) for at, count in steps_of(finding)]
    if finding.equipment:
        pairs.append((_("Equipment"), finding.equipment))
    if finding.cause:
        pairs.append((_("Cause"), finding.cause.name))
    if finding.noticed_at:
        pairs.append((_("Notice given"), _moment(finding.noticed_at)))
    if finding.notice_evidence:
        pairs.append((_("What shows the notice"), finding.notice_evidence))
    return pairs


def _moment(at: datetime) -> str:
    return date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT")


def reckoned(finding: OutageFinding) -> list[tuple[Any, Any]]:
    """Customer-minutes and what they add to SAIDI and CAIDI, once everybody has supply back."""
    if not finding.customers or finding.restored_at is None:
        return []
    minutes = customer_minutes(finding.started_at, all_steps(finding))
    pairs: list[tuple[Any, Any]] = [
        (_("Customer-minutes"), f"{float(minutes):,.0f}"),
        (
            _("Mean per customer without supply (CAIDI)"),
            _("%(minutes)s min") % {"minutes": f"{float(minutes / finding.customers):.1f}"},
        ),
    ]
    if whole := served(finding.complaint):
        pairs.append((_("Adds to SAIDI"), _("%(minutes)s min") % {"minutes": f"{float(minutes / whole):.3f}"}))
    return pairs


def panel(complaint: Complaint) -> Panel:
    """What is known of the outage, and what is missing before the complaint can be answered well (domain 3.3)."""
    finding = complaint.outage_findings.select_related("cause", "complaint").first()
    facts: list[tuple[Any, Any]] = said_of(finding) + reckoned(finding) if finding else []
    if complaint.arrived_at:
        facts.append((_("Crew arrived"), _moment(complaint.arrived_at)))
    if complaint.restored_at:
        facts.append((_("Restored, as reported on site"), _moment(complaint.restored_at)))
    until = finding.started_at if finding else complaint.received_at
    count = len(repeats(complaint, until)) if complaint.premise_id else 0
    if complaint.premise_id:
        often = _("%(count)d, which is frequent") % {"count": count} if count >= FREQUENT else str(count)
        facts.append((_("Interruptions here in 60 days"), often))
    missing: list[Any] = []
    if finding is None:
        missing = [_("when it began and ended"), _("the cause"), _("the customers without supply")]
    else:
        asked = {
            "restored_at": _("when it ended"),
            "cause": _("the cause"),
            "customers": _("the customers without supply"),
        }
        asked |= {"equipment": _("the equipment")}
        missing = [words for name, words in asked.items() if getattr(finding, name) in (None, "")]
        if finding.kind in NOTICE and finding.noticed_at and not finding.notice_evidence:
            missing.append(_("what shows the notice"))
    is_bad = finding is not None and notice_verdict(
        finding.kind, finding.noticed_at, finding.started_at, is_important=Flag.IMPORTANT_USER in complaint.flags
    ) in (LATE, NONE_GIVEN)
    return Panel(
        title=_("The outage"),
        facts=facts,
        missing=missing,
        verdict=notice_words(finding) if finding else "",
        meaning="danger" if is_bad else "info",
        cause=finding.cause.code if finding and finding.cause else "",
    )
