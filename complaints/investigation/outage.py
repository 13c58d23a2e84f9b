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
from complaints.investigation import outage_notice
from complaints.investigation.panels import Panel
from complaints.models import (
    Announcement,
    AnnouncementKind,
    Complaint,
    IssueKind,
    OutageFinding,
    RootCause,
    ServiceIssue,
)
from complaints.refusals import BadInput
from customers.models import Account, Feeder, TransformerArea
from staff.actors import Actor
from staff.models import User
from staff.written_out import Statement

FREQUENT, FREQUENT_DAYS = 3, 60
"""So many interruptions in so many days are frequent ones (domain 2.1) [GK]."""
NEAR = timedelta(hours=24)
"""A service issue that began within this time of the outage may be the same one [P]."""
DARK = [IssueKind.FAULT, IssueKind.PLANNED_OUTAGE]
OVERRAN = "planning-overrun"
"""The root cause of work that lasts longer than announced."""
OWN_OUTAGES = ("OUT-01", "OUT-02")
CAUSES = ("equipment", "maintenance", "capacity", "external", "weather", "planning", "customer-side")
"""Branches of the tree of causes whose leaves can put out the light."""

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
    return _at(area.pk, area.feeder_id)


def _at(area: int, feeder: int) -> Q:
    """Service issues that touch an area: its own, and those of its whole feeder."""
    return Q(transformer_area=area) | Q(transformer_area__isnull=True, feeder=feeder)


_FINDING = Statement(lambda complaint: OutageFinding.objects.filter(complaint=complaint).select_related("cause")[:1])
_ISSUES = Statement(
    lambda area, feeder, since, until: ServiceIssue.objects.filter(
        _at(area, feeder),
        kind__in=DARK,
        started_at__gt=since,
        started_at__lte=until,
    ).only("title", "started_at")
)
_REPORTS = Statement(
    lambda premise, since, until: (
        Complaint.objects.filter(
            premise=premise, subcategory__code__in=OWN_OUTAGES, received_at__gt=since, received_at__lte=until
        )
        .order_by("received_at")
        .only("reference", "occurred_at", "received_at")
    )
)


def repeats(complaint: Complaint, until: datetime) -> list[Repeat]:
    """Interruptions at the premise in the 60 days up to `until`, newest first; one that has an issue is counted once."""
    since = until - timedelta(days=FREQUENT_DAYS)
    area = area_of(complaint)
    found: list[Repeat] = []
    days: set[Any] = set()
    for issue in _ISSUES(area.pk, area.feeder_id, since, until) if area is not None else ():
        found.append(Repeat(issue.started_at, issue.title, reverse("complaints:issue", args=[issue.pk])))
        days.add(timezone.localtime(issue.started_at).date())
    for one in _REPORTS(complaint.premise_id, since, until) if complaint.premise_id else ():
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
    finding.rules = outage_notice.rules_now()
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
    if finding.announced_from and finding.announced_until:
        announced = f"{_moment(finding.announced_from)} – {_moment(finding.announced_until)}"
        pairs.append((_("Announced for"), announced))
    if finding.change_told_at:
        pairs.append((_("Change passed on"), _moment(finding.change_told_at)))
    return pairs


def announced_near(complaint: Complaint, started: datetime | None) -> Announcement | None:
    """What was announced for this place about then: the window that the outage had to keep."""
    touching = _touching(complaint)
    if touching is None or started is None:
        return None
    rows = Announcement.objects.filter(
        touching, kind=AnnouncementKind.PLANNED_OUTAGE, released_at__isnull=False, cancelled_at__isnull=True
    )
    near = rows.filter(released_at__isnull=False, starts_at__lte=started + NEAR, ends_at__gte=started - NEAR)
    return near.order_by("-starts_at").first()


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
    finding = next(iter(_FINDING(complaint.pk)), None)
    if finding is not None:
        finding.complaint = complaint
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
        is_noticed = outage_notice.verdict_of(finding) != outage_notice.NOT_DUE
        missing = [words for name, words in asked.items() if getattr(finding, name) in (None, "")]
        if finding.noticed_at and not finding.notice_evidence and is_noticed:
            missing.append(_("what shows the notice"))
    return Panel(
        title=_("The outage"),
        facts=facts,
        missing=missing,
        verdict=_verdict(finding) if finding else "",
        meaning=_meaning(finding) if finding else "info",
        cause=_cause(finding) if finding else "",
    )


def _verdict(finding: OutageFinding) -> str:
    words = (outage_notice.notice_words(finding), outage_notice.kept_words(finding))
    return " ".join(sentence for sentence in words if sentence)


def _meaning(finding: OutageFinding) -> str:
    kept = outage_notice.kept_by(finding)
    if outage_notice.verdict_of(finding) in (outage_notice.LATE, outage_notice.NONE_GIVEN):
        return "danger"
    if kept is None or kept.verdict == outage_notice.KEPT:
        return "info"
    return "warning" if kept.verdict == outage_notice.TOLD else "danger"


def _cause(finding: OutageFinding) -> str:
    """The cause that was found; where none was, that the work overran speaks for itself."""
    if finding.cause:
        return str(finding.cause.code)
    kept = outage_notice.kept_by(finding)
    return OVERRAN if kept is not None and kept.over else ""
