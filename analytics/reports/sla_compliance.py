"""Which of the deadlines that fell in a period were met: by clock and tier, open overdue ones counted as missed."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.filters import Chosen
from analytics.measures import measures
from analytics.models import ClockFact, Result
from analytics.reading import about, narrowed, within
from analytics.reading import read as read_figures
from analytics.reports.averages import averages, behind_arrivals
from analytics.reports.base import (
    Cell,
    Chart,
    Column,
    Findings,
    Listing,
    Report,
    Series,
    Table,
    in_percent,
    moment_cell,
    percent,
    share_cell,
    told,
)
from complaints.models import Clock, ClockKind, RequestType, Tier
from complaints.models.complaint import seen_by
from staff.models import User


def results(chosen: Chosen, at: datetime) -> dict[str, Q]:
    """What became of a deadline. Apart from `still_open`, a part of `missed`, no clock is in two of them.

    A clock that was cancelled after its deadline had missed it; merging or rejecting a late complaint mends nothing.
    """
    fell = Q(**within(chosen.period, "due_on"))
    overdue, not_due = Q(result=Result.TICKING, due_at__lt=at), Q(result=Result.TICKING, due_at__gte=at)
    return {
        "met": fell & Q(result=Result.MET),
        "missed": fell & (Q(result=Result.LATE) | overdue),
        "still_open": fell & overdue,
        "not_due": fell & not_due,
        "excused": fell & Q(result=Result.EXCUSED),
        "cancelled": fell & Q(result=Result.CANCELLED),
        "paused": Q(result=Result.PAUSED),
    }


TITLES = {
    "met": gettext_lazy("Met"),
    "missed": gettext_lazy("Missed"),
    "still_open": gettext_lazy("Missed and still open"),
    "not_due": gettext_lazy("Not due yet"),
    "excused": gettext_lazy("Excused"),
    "cancelled": gettext_lazy("No longer needed"),
    "paused": gettext_lazy("Paused now, without a deadline"),
}


def promises(chosen: Chosen, user: User) -> QuerySet[ClockFact]:
    """The clocks asked about; promises of an average are not one complaint's to keep."""
    rows = ClockFact.objects.filter(seen_by(user, "fact__"), statistic="each", **narrowed(chosen, "fact__"))
    return rows.exclude(fact__in=about(user)).filter(fact__request_type=RequestType.COMPLAINT)


def counts(chosen: Chosen, user: User, at: datetime) -> dict[tuple[str, str], Counter[str]]:
    """How many deadlines of each kind and tier came to each result.

    What is kept per day does not know the hour, so of those that still run the overdue ones are counted one by one.
    """
    found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for (key,), amount in read_figures("deadlines", chosen, user, by=["key"]).items():
        kind, tier, result = key.split(".")
        found[kind, tier][NAMES[Result(result)]] += amount.n
    conditions = results(chosen, at)
    running = promises(chosen, user).values("kind", "tier").order_by()
    for name in ("still_open", "paused"):
        for row in running.filter(conditions[name]).annotate(number=Count("pk")):
            found[row["kind"], row["tier"]][name] += row["number"]
    for one in found.values():
        one["missed"] += one["still_open"]
        one["not_due"] = max(0, one["not_due"] - one["still_open"])
    return found


NAMES = {
    Result.MET: "met",
    Result.LATE: "missed",
    Result.TICKING: "not_due",
    Result.EXCUSED: "excused",
    Result.CANCELLED: "cancelled",
    Result.PAUSED: "paused",
}


def read(chosen: Chosen, user: User, at: datetime) -> Findings:
    found = counts(chosen, user, at)
    keys = [(kind, tier) for kind in ClockKind.values for tier in Tier.values if _any((kind, tier), found)]
    on_average = averages(chosen, user)
    more = [on_average] if on_average else []
    if not keys:
        return Findings(_("No deadlines fell from %(period)s.") % {"period": chosen.period}, tables=more)
    names = [_name(kind, tier) for kind, tier in keys]
    met = [found[key]["met"] for key in keys]
    judged = [found[key]["met"] + found[key]["missed"] for key in keys]
    table = Table(
        "sla-compliance",
        _("Deadlines by clock and tier"),
        [
            Column(_("Deadline"), is_number=False),
            Column(_("Deadlines met, share"), is_count=False),
            *(Column(str(t)) for t in TITLES.values()),
        ],
        [
            [Cell(name), share_cell(kept, of), *(_number(chosen, found[key][result], key, result) for result in TITLES)]
            for key, name, kept, of in zip(keys, names, met, judged, strict=True)
        ],
    )
    chart = Chart(
        kind="bars",
        unit="%",
        labels=names,
        series=[Series(_("Deadlines met, share"), [in_percent(*pair) for pair in zip(met, judged, strict=True)])],
    )
    return Findings(_sentence(chosen, names, met, judged), [table, *more], chart if any(judged) else None)


def _any(key: tuple[str, str], found: dict[tuple[str, str], Counter[str]]) -> bool:
    return key in found and any(found[key][result] for result in TITLES)


def _name(kind: str, tier: str) -> str:
    return str(Clock(kind=kind, tier=tier).label)


def _sentence(chosen: Chosen, names: list[str], met: list[int], judged: list[int]) -> str:
    total, kept = sum(judged), sum(met)
    if not total:
        return _("None of the deadlines from %(period)s has come yet.") % {"period": chosen.period}
    counted = _("%(kept)d of the %(total)d deadlines that fell from %(period)s were met (%(share)s).") % {
        "kept": kept,
        "total": total,
        "period": chosen.period,
        "share": percent(kept / total),
    }
    weakest = max(range(len(names)), key=lambda index: judged[index] - met[index])
    missed = judged[weakest] - met[weakest]
    worst = _("Most were missed at “%(name)s”: %(missed)d of %(of)d.") % {
        "name": names[weakest],
        "missed": missed,
        "of": judged[weakest],
    }
    return told(counted, worst if missed else "")


def _number(chosen: Chosen, count: int, key: tuple[str, str], result: str) -> Cell:
    if not count:
        return Cell(0)
    params = urlencode(chosen.params(pick=".".join([*key, result])))
    return Cell(count, href=f"{reverse('analytics:report-list', args=['sla-compliance'])}?{params}")


def list_rows(chosen: Chosen, user: User, at: datetime, pick: str) -> Listing:
    """The clocks behind a number, by when they were due."""
    if "~" in pick:
        return _listing(*behind_arrivals(chosen, user, pick))
    kind, tier, result = [*pick.split("."), "", ""][:3]
    if kind not in ClockKind.values or tier not in Tier.values or result not in TITLES:
        raise Http404
    rows = promises(chosen, user).filter(results(chosen, at)[result], kind=kind, tier=tier)
    return _listing(f"{_name(kind, tier)}: {TITLES[result]}", rows)


def _listing(title: str, rows: QuerySet[ClockFact]) -> Listing:
    return Listing(
        title=title,
        rows=rows.select_related("fact__complaint").order_by("due_at", "pk"),
        columns=[
            Column(_("Complaint"), is_number=False),
            Column(_("Started"), is_number=False),
            Column(_("Due"), is_number=False),
            Column(_("Done"), is_number=False),
            Column(_("Round"), is_count=False),
        ],
        show=_shown,
    )


def _shown(clock: ClockFact) -> list[Cell]:
    reference = clock.fact.complaint.reference
    return [
        Cell(reference, href=reverse("complaints:complaint", args=[reference])),
        moment_cell(clock.started_at),
        moment_cell(clock.due_at),
        moment_cell(clock.stopped_at),
        Cell(clock.round),
    ]


REPORT = Report(
    name="sla-compliance",
    title=gettext_lazy("Deadlines met"),
    purpose=gettext_lazy("Which promises were kept, counted by when they fell due."),
    measures=measures("sla_compliance"),
    grouping=[("clock", gettext_lazy("clock"))],
    read=read,
    listing=list_rows,
    position=3,
    is_over_time=False,
)
