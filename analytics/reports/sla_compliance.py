"""Which of the deadlines that fell in a period were met: by clock and tier, open overdue ones counted as missed."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

from django.db.models import Count, F, Q, QuerySet
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.filters import Chosen
from analytics.measures import measures
from analytics.reports.averages import averages
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
from complaints.clocks.ledger import State
from complaints.models import Clock, ClockKind, Tier
from staff.models import User

TICKING = [State.RUNNING, State.PAUSED]


def results(chosen: Chosen, at: datetime) -> dict[str, Q]:
    """What became of a deadline. Apart from `still_open`, a part of `missed`, no clock is in two of them.

    A clock that was cancelled after its deadline had missed it; merging or rejecting a late complaint mends nothing.
    """
    fell = chosen.period.within("due_at")
    judged = fell & Q(is_excused=False)
    overdue = Q(state__in=TICKING, due_at__lt=at)
    too_late = Q(state=State.CANCELLED, stopped_at__gt=F("due_at"))
    return {
        "met": judged & Q(state=State.MET),
        "missed": judged & (Q(state=State.LATE) | overdue | too_late),
        "still_open": judged & overdue,
        "not_due": judged & Q(state__in=TICKING, due_at__gte=at),
        "excused": fell & Q(is_excused=True),
        "cancelled": judged & Q(state=State.CANCELLED, stopped_at__lte=F("due_at")),
        "paused": Q(is_excused=False, state=State.PAUSED, due_at__isnull=True),
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


def promises(chosen: Chosen, user: User) -> QuerySet[Clock]:
    """The clocks asked about; promises of an average are not one complaint's to keep, those between teams are none to it."""
    promised = Clock.objects.exclude(kind=ClockKind.REQUEST)
    return promised.filter(statistic="each", complaint__in=chosen.complaints(user))


def read(chosen: Chosen, user: User, at: datetime) -> Findings:
    numbers = {name: Count("pk", filter=condition) for name, condition in results(chosen, at).items()}
    found = {
        (row["kind"], row["tier"]): row
        for row in promises(chosen, user).values("kind", "tier").annotate(**numbers).order_by()
    }
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
            Column(_("Deadlines met, share")),
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


def _any(key: tuple[str, str], found: dict[tuple[str, str], dict[str, int]]) -> bool:
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
    kind, tier, result = [*pick.split("."), "", ""][:3]
    if kind not in ClockKind.values or tier not in Tier.values or result not in TITLES:
        raise Http404
    return Listing(
        title=f"{_name(kind, tier)}: {TITLES[result]}",
        rows=promises(chosen, user)
        .filter(results(chosen, at)[result], kind=kind, tier=tier)
        .select_related("complaint")
        .order_by("due_at", "pk"),
        columns=[
            Column(_("Complaint"), is_number=False),
            Column(_("Started"), is_number=False),
            Column(_("Due"), is_number=False),
            Column(_("Done"), is_number=False),
            Column(_("Round")),
        ],
        show=_shown,
    )


def _shown(clock: Clock) -> list[Cell]:
    reference = clock.complaint.reference
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
