"""Whether one answer was enough: solved at the first contact, solved in one go, or followed by a repeat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, F, Q, QuerySet
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from analytics.filters import Chosen
from analytics.measures import measures
from analytics.periods import Period
from analytics.reading import behind, grouping
from analytics.reading import read as read_figures
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
    interval_in_percent,
    percent,
    percents,
    share_cell,
    told,
)
from analytics.reports.parts import (
    GROUPINGS,
    Part,
    all_of,
    cut_column,
    listed,
    narrowed_to,
    number_cell,
    parts,
    picked,
    reading_by,
)
from analytics.statistics import TOO_FEW, wilson
from staff.models import User

NAME = "repeats"
WINDOWS = (7, 30)
"""Days after the closing in which a repeat counts (domain 7.1, 7.5)."""
COHORT = "closed_in_one_go"
"""The series of those closed with a finding, by the day of closing."""
GOALS = ("at_once", "in_one_go", "repeated")


def conditions(window: int) -> dict[str, Q]:
    """What is counted of the closed, when a repeat within so many days counts."""
    end = F("first_closed_at") + timedelta(days=window)
    alone = Q(repeated_at__isnull=True) | Q(repeated_at__gte=end)
    straight = Q(contacts__lte=1, supplements=0, urged=0, reopened=0, transferred=0, returned=0)
    return {
        "closed": Q(),
        "at_once": straight & alone,
        "in_one_go": Q(reopened=0, transferred__lte=1) & alone,
        "repeated": Q(repeated_at__lt=end),
    }


@dataclass(frozen=True, slots=True)
class Tally:
    """Of so many closed, how many came to what."""

    closed: int = 0
    at_once: int = 0
    in_one_go: int = 0
    repeated: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, name) + getattr(other, name) for name in ("closed", *GOALS)))


def ripe(period: Period, window: int, today: date) -> Period | None:
    """The days of the period whose window is over; None when that is none of them."""
    last = min(period.last, today - timedelta(days=window + 1))
    return Period(period.first, last) if last >= period.first else None


def read(chosen: Chosen, user: User, at: datetime) -> Findings:
    today = timezone.localdate(at)
    found = {window: _tally(chosen, user, window, today) for window in WINDOWS}
    came = _came(chosen, user)
    if not any(found.values()) and not any(came["received"].values()):
        return Findings(_("Nothing came and nothing was closed from %(period)s.") % {"period": chosen.period}, [])
    shown = [window for window in WINDOWS if found[window]]
    return Findings(
        sentence=_sentence(chosen, {window: _sum(found[window]) for window in shown}, came),
        tables=[
            *(_table(chosen, window, found[window], today) for window in reversed(shown)),
            _repeats(chosen, came),
        ],
        chart=_chart(chosen, shown[-1], found[shown[-1]], today) if shown else None,
        notes=_notes(chosen, today),
    )


def _tally(chosen: Chosen, user: User, window: int, today: date) -> dict[Any, Tally]:
    period = ripe(chosen.period, window, today)
    if period is None:
        return {}
    counted = {name: Count("pk", filter=condition) for name, condition in conditions(window).items()}
    rows = _cohort(chosen, user, period).annotate(group=grouping(reading_by(chosen), "", "closed_on")).values("group")
    return {row.pop("group"): Tally(**row) for row in rows.annotate(**counted)}


def _cohort(chosen: Chosen, user: User, period: Period) -> QuerySet[Any]:
    return behind(COHORT, chosen, user, period=period)


def _came(chosen: Chosen, user: User) -> dict[str, dict[Any, int]]:
    by = [reading_by(chosen)]
    return {
        series: {group: amount.n for (group,), amount in read_figures(series, chosen, user, by=by).items()}
        for series in ("received", "repeats")
    }


def _sum(found: Mapping[Any, Tally]) -> Tally:
    return sum(found.values(), Tally())


def _sentence(chosen: Chosen, totals: dict[int, Tally], came: Mapping[str, Mapping[Any, int]]) -> str:
    sentences = [_of_window(chosen, window, total) for window, total in reversed(totals.items())]
    repeats = sum(came["repeats"].values())
    if repeats:
        sentences.append(
            ngettext(
                "Of those received, %(count)d repeats a matter closed shortly before.",
                "Of those received, %(count)d repeat a matter closed shortly before.",
                repeats,
            )
            % {"count": repeats}
        )
    if not totals:
        sentences.insert(0, _("None closed from %(period)s can be judged yet.") % {"period": chosen.period})
    return told(*sentences)


def _of_window(chosen: Chosen, window: int, total: Tally) -> str:
    if total.closed < TOO_FEW:
        return _("Too few closed from %(period)s can be judged after %(days)d days.") % {
            "period": chosen.period,
            "days": window,
        }
    return _(
        "%(solved)d of %(closed)d closed were solved in one go and not repeated within %(days)d days: %(share)s (95%% range "
        "%(range)s)."
    ) % {
        "solved": total.in_one_go,
        "closed": total.closed,
        "days": window,
        "share": percent(total.in_one_go / total.closed),
        "range": percents(wilson(total.in_one_go, total.closed)),
    }


def _notes(chosen: Chosen, today: date) -> list[str]:
    waiting = [window for window in WINDOWS if chosen.period.last > today - timedelta(days=window + 1)]
    return [
        _(
            "A repeat within %(days)d days is only known of those closed by %(day)s; later ones are not in these figures yet."
        )
        % {"days": window, "day": formats.date_format(today - timedelta(days=window + 1))}
        for window in waiting
    ]


def _lines(chosen: Chosen, found: Mapping[Any, Tally], period: Period) -> list[Part]:
    """The lines that can be judged, their days cut at the last that can."""
    return [
        Part(part.name, part.key, Period(part.period.first, min(part.period.last, period.last)), part.by)
        for part in parts(chosen, set(found))
        if part.period.first <= period.last
    ]


def _table(chosen: Chosen, window: int, found: Mapping[Any, Tally], today: date) -> Table:
    period = ripe(chosen.period, window, today)
    assert period is not None

    def row(part: Part, tally: Tally) -> list[Cell]:
        cells = [Cell(part.name), number_cell(NAME, chosen, tally.closed, f"closed-{window}", part)]
        for goal in GOALS:
            count = getattr(tally, goal)
            cells += [number_cell(NAME, chosen, count, f"{goal}-{window}", part), share_cell(count, tally.closed)]
        return cells

    columns = [
        cut_column(chosen, GROUPINGS),
        Column(_("Closed with a finding")),
        Column(_("Solved at the first contact")),
        Column(_("Share"), is_count=False),
        Column(_("Solved in one go")),
        Column(_("Share"), is_count=False),
        Column(_("Repeated")),
        Column(_("Share"), is_count=False),
    ]
    rows = [row(part, found.get(part.key, Tally())) for part in _lines(chosen, found, period)]
    whole = Part(all_of(chosen).name, None, period)
    title = _("Judged %(days)d days after closing") % {"days": window}
    return Table(f"after-{window}", title, columns, rows, row(whole, _sum(found)))


def _repeats(chosen: Chosen, came: Mapping[str, Mapping[Any, int]]) -> Table:
    def row(part: Part, received: int, repeats: int) -> list[Cell]:
        return [
            Cell(part.name),
            number_cell(NAME, chosen, received, "received", part),
            number_cell(NAME, chosen, repeats, "repeats", part),
            share_cell(repeats, received),
        ]

    columns = [
        cut_column(chosen, GROUPINGS),
        Column(_("Complaints received")),
        Column(_("Repeats")),
        Column(_("Share"), is_count=False),
    ]
    lines = parts(chosen, set(came["received"]))
    rows = [row(part, came["received"].get(part.key, 0), came["repeats"].get(part.key, 0)) for part in lines]
    total = row(all_of(chosen), sum(came["received"].values()), sum(came["repeats"].values()))
    return Table("repeats", _("Repeat complaints received"), columns, rows, total)


def _chart(chosen: Chosen, window: int, found: Mapping[Any, Tally], today: date) -> Chart:
    period = ripe(chosen.period, window, today)
    assert period is not None
    lines = _lines(chosen, found, period)
    tallies = [found.get(part.key, Tally()) for part in lines]
    ranges = [interval_in_percent(one.in_one_go, one.closed) for one in tallies]
    return Chart(
        kind="shares" if chosen.by == "period" else "bars",
        unit="%",
        labels=[part.name for part in lines],
        series=[
            Series(
                _("Solved in one go, within %(days)d days") % {"days": window},
                [in_percent(one.in_one_go, one.closed) for one in tallies],
            )
        ],
        lows=[low for low, _high in ranges],
        highs=[high for _low, high in ranges],
    )


LISTS = {
    "received": None,
    "repeats": None,
    **{f"{name}-{window}": window for window in WINDOWS for name in ("closed", *GOALS)},
}
"""What a number counts, and the window where it is judged by one."""


def list_rows(chosen: Chosen, user: User, at: datetime, pick: str) -> Listing:
    """The complaints behind a number, the newest first."""
    what, by, key = picked(pick, LISTS)
    window, name = LISTS[what], what.partition("-")[0]
    titles = {
        "closed": _("Closed with a finding"),
        "at_once": _("Solved at the first contact"),
        "in_one_go": _("Solved in one go"),
        "repeated": _("Repeated after closing"),
        "received": _("Complaints received"),
        "repeats": _("Repeat complaints received"),
    }
    if window is None:
        rows = behind(name, chosen, user)
    else:
        period = ripe(chosen.period, window, timezone.localdate(at))
        rows = _cohort(chosen, user, period or chosen.period).filter(conditions(window)[name])
        rows = rows if period else rows.none()
    return listed(titles[name], narrowed_to(rows, "", by, key))


REPORT = Report(
    name=NAME,
    title=gettext_lazy("Solved once and for all"),
    purpose=gettext_lazy("Whether one answer was enough, and how often the same matter comes back."),
    measures=measures("first_contact_resolution", "one_time_resolution", "repeat_rate", "repeats"),
    grouping=GROUPINGS,
    read=read,
    listing=list_rows,
    position=7,
)
