"""What teams had to do: received, dispatched, resolved, returned, open and overdue, and how long it took; no person is ranked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Count, Q
from django.http import Http404
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from analytics.filters import Chosen
from analytics.measures import measures
from analytics.periods import Period, buckets, label
from analytics.reading import Amount, behind, together
from analytics.reading import read as read_figures
from analytics.reports.base import Cell, Chart, Column, Findings, Listing, Report, Series, Table, moment_cell, told
from analytics.reports.parts import NONE, listed, number
from analytics.statistics import TOO_FEW
from complaints.models import Complaint
from complaints.models.complaint import ComplaintQuerySet
from staff.models import Team, User

NAME, TEAM, PERIOD = "workload", "team", "period"
OF_PERIOD: dict[str, dict[str, Any]] = {
    "received": {},
    "dispatched": {},
    "resolved": {},
    "returned": {"series": "moves", "keys": ["return"]},
}
"""What happened in the period, and how `reading` counts it."""
TITLES = {
    "received": pgettext_lazy("how many", "Received"),
    "dispatched": pgettext_lazy("how many", "Dispatched"),
    "resolved": pgettext_lazy("how many", "Resolved"),
    "returned": pgettext_lazy("how many", "Returned"),
    "open": gettext_lazy("Open at the end"),
    "overdue": gettext_lazy("Overdue now"),
}
SERIES_OF = {name: how.get("series", name) for name, how in OF_PERIOD.items()}


@dataclass
class Work:
    """The numbers of each team, or of each piece of the period, and how long resolving took there."""

    counts: dict[str, Counter[Any]] = field(default_factory=dict)
    resolved: dict[Any, Amount] = field(default_factory=dict)

    @cached_property
    def whole(self) -> Amount:
        """All that was resolved."""
        return together(self.resolved.values())

    @property
    def keys(self) -> set[Any]:
        return {key for counts in self.counts.values() for key, n in counts.items() if n}


def last_evening(period: Period, at: datetime) -> date | None:
    """The newest evening of the period that is over; none where the period has not begun."""
    evening = min(period.last, timezone.localdate(at) - timedelta(days=1))
    return evening if evening >= period.first else None


def overdue(chosen: Chosen, user: User, at: datetime) -> ComplaintQuerySet:
    return chosen.complaints(user).overdue(at).filter(merged_into__isnull=True)


def find(chosen: Chosen, user: User, at: datetime, by: str) -> Work:
    """`by` is a grouping of `reading`: team, or day, week or month."""
    found = Work()
    for name, how in OF_PERIOD.items():
        amounts = read_figures(
            SERIES_OF[name], chosen, user, by=[by], keys=how.get("keys"), distribution=name == "resolved"
        )
        found.counts[name] = Counter({key or NONE: amount.n for (key,), amount in amounts.items()})
        if name == "resolved":
            found.resolved = {key or NONE: amount for (key,), amount in amounts.items()}
    return found


def _evenings(chosen: Chosen, user: User, pieces: dict[Any, Period], at: datetime) -> Counter[Any]:
    """How many were open on the last evening of each piece, in one question."""
    ends = {start: last_evening(piece, at) for start, piece in pieces.items()}
    found = read_figures("open", chosen, user, by=["day"])
    return Counter({start: found[end,].n for start, end in ends.items() if end and (end,) in found})


def of_teams(chosen: Chosen, user: User, at: datetime) -> Work:
    found, evening = find(chosen, user, at, TEAM), last_evening(chosen.period, at)
    found.counts["open"] = Counter()
    if evening:
        rows = read_figures("open", chosen, user, by=[TEAM], period=Period(evening, evening))
        found.counts["open"] = Counter({code or NONE: amount.n for (code,), amount in rows.items()})
    late = overdue(chosen, user, at).order_by().values_list("team__code").annotate(number=Count("pk"))
    found.counts["overdue"] = Counter({code or NONE: n for code, n in late})
    return found


def read(chosen: Chosen, user: User, at: datetime) -> Findings:
    pieces = buckets(chosen.period, chosen.granularity)
    if chosen.by == TEAM:
        found = of_teams(chosen, user, at)
        teams = {team.code: team.name for team in Team.objects.order_by("code")} | {NONE: _("No team")}
        lines: dict[Any, str] = {code: name for code, name in teams.items() if code in found.keys}
    else:
        found = find(chosen, user, at, chosen.granularity)
        found.counts["open"] = _evenings(chosen, user, pieces, at)
        lines = {start: label(piece, chosen.granularity) for start, piece in pieces.items()}
    if not found.keys:
        return Findings(_("No team had any work from %(period)s.") % {"period": chosen.period}, tables=[])
    tables = [_table(chosen, found, lines, pieces)]
    if chosen.by == TEAM:
        tables.append(_resolved_over_time(chosen, user, lines, pieces))
    return Findings(_sentence(chosen, found), tables, _chart(chosen, user, pieces), _notes(chosen, at))


def _sentence(chosen: Chosen, found: Work) -> str:
    sums = {name: sum(counts.values()) for name, counts in found.counts.items()}
    text = ngettext(
        "From %(period)s %(received)d complaint was received and %(resolved)d resolved.",
        "From %(period)s %(received)d complaints were received and %(resolved)d resolved.",
        sums["received"],
    ) % {"period": chosen.period, "received": sums["received"], "resolved": sums["resolved"]}
    whole = found.whole
    if whole.measured < TOO_FEW or whole.median is None:
        return text
    return told(text, _("Half of them took under %(hours)s hours.") % {"hours": _hours(whole)})


def _hours(amount: Amount) -> str:
    return str(number_format(round((amount.median or 0) / 3600, 1), 1))


def _hours_cell(amount: Amount | None) -> Cell:
    """The median, withheld where it is of a handful only."""
    if amount is None or not amount.measured:
        return Cell(None, "–")
    if amount.measured < TOO_FEW:
        return Cell(None, _("too few"), hint=_("fewer than %(count)d") % {"count": TOO_FEW})
    return Cell(round((amount.median or 0) / 3600, 1), _hours(amount))


def _table(chosen: Chosen, found: Work, lines: dict[Any, str], pieces: dict[date, Period]) -> Table:
    shown = [name for name in TITLES if name in found.counts]
    columns = [
        Column(capfirst(str(dict(REPORT.grouping)[chosen.by])), is_number=False),
        *(Column(str(TITLES[name])) for name in shown),
        Column(_("Median hours to resolve"), is_count=False),
    ]

    def row(name: str, key: Any) -> list[Cell]:
        period, code = (pieces[key], "") if isinstance(key, date) else (None, key)
        numbers = [number(NAME, chosen, found.counts[what][key], what, code, period=period) for what in shown]
        return [Cell(name), *numbers, _hours_cell(found.resolved.get(key))]

    def total(what: str) -> Cell:
        if what == "open" and chosen.by == PERIOD:
            return Cell(None, "–")
        return number(NAME, chosen, sum(found.counts[what].values()), what, "")

    whole = _hours_cell(found.whole)
    rows = [row(name, key) for key, name in lines.items()]
    title = _("Work by team") if chosen.by == TEAM else _("Work by period")
    return Table(NAME, title, columns, rows, [Cell(_("All")), *(total(what) for what in shown), whole])


def _resolved_over_time(chosen: Chosen, user: User, lines: dict[str, str], pieces: dict[date, Period]) -> Table:
    found = read_figures("resolved", chosen, user, by=[TEAM, chosen.granularity])
    counts = Counter({(code or NONE, start): amount.n for (code, start), amount in found.items()})
    rows = [
        [
            Cell(name),
            *(number(NAME, chosen, counts[code, start], "resolved", code, period=of) for start, of in pieces.items()),
        ]
        for code, name in lines.items()
    ]
    heads = [Column(label(piece, chosen.granularity)) for piece in pieces.values()]
    return Table("resolved", _("Resolved by team over time"), [Column(_("Team"), is_number=False), *heads], rows)


def _chart(chosen: Chosen, user: User, pieces: dict[date, Period]) -> Chart:
    """All teams together over time: side by side a hundred teams could not be told apart."""

    def row(name: str) -> Series:
        found = read_figures(name, chosen, user, by=[chosen.granularity])
        return Series(str(TITLES[name]), [found[start,].n if (start,) in found else 0 for start in pieces])

    names = [label(piece, chosen.granularity) for piece in pieces.values()]
    return Chart(kind="bars", labels=names, series=[row("received"), row("resolved")])


def _notes(chosen: Chosen, at: datetime) -> list[str]:
    evening = last_evening(chosen.period, at)
    notes = [_("Teams stand in the order of their codes; none is ranked, and no person is counted.")]
    if chosen.by == TEAM:
        notes.append(_("A complaint counts for the team that has it now, or had it last."))
    if evening:
        notes.append(_("Open at the end: on the evening of %(day)s.") % {"day": date_format(evening)})
    return notes


def list_rows(chosen: Chosen, user: User, at: datetime, pick: str) -> Listing:
    """The complaints, or moves, behind a number; `pick` is what and the team."""
    what, code = [*pick.split("~"), ""][:2]
    if what not in TITLES:
        raise Http404
    title = str(TITLES[what])
    if what == "overdue":
        return _late(title, overdue(chosen, user, at).filter(_of_team(code)))
    if what == "open":
        evening = last_evening(chosen.period, at) or chosen.period.first
        rows = behind("open", chosen, user, period=Period(evening, evening))
        return listed(title, rows.filter(_of_team(code, "fact__")), "fact__")
    how = OF_PERIOD[what]
    to = "fact__" if what == "returned" else ""
    rows = behind(SERIES_OF[what], chosen, user, keys=how.get("keys")).filter(_of_team(code, to))
    return listed(title, rows, to)


def _of_team(code: str, to: str = "") -> Q:
    if not code:
        return Q()
    return Q(**{f"{to}team__isnull": True}) if code == NONE else Q(**{f"{to}team__code": code})


def _late(title: str, rows: ComplaintQuerySet) -> Listing:
    """What is overdue is read from the complaints themselves: a lag of seconds would be wrong here."""
    return Listing(
        title,
        rows.select_related("category", "team").order_by("next_due_at", "pk"),
        [
            Column(_("Complaint"), is_number=False),
            Column(_("Category"), is_number=False),
            Column(_("Team"), is_number=False),
            Column(_("Due"), is_number=False),
            Column(_("Status"), is_number=False),
        ],
        _shown_late,
    )


def _shown_late(complaint: Complaint) -> list[Cell]:
    return [
        Cell(complaint.reference, href=complaint.get_absolute_url()),
        Cell(complaint.category.name),
        Cell(complaint.team.name if complaint.team else "–"),
        moment_cell(complaint.next_due_at),
        Cell(str(complaint.get_status_display())),
    ]


REPORT = Report(
    name=NAME,
    title=gettext_lazy("Work of teams"),
    purpose=gettext_lazy(
        "What each team received, resolved and still has, how much is overdue, and how long resolving took."
    ),
    measures=measures("workload", "time_to_resolve", "backlog"),
    grouping=[(TEAM, gettext_lazy("team")), (PERIOD, gettext_lazy("period"))],
    read=read,
    listing=list_rows,
    position=22,
)
