"""How long customers waited for the first contact and for the answer, and who still waits."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.db.models import Case, Count, IntegerField, Q, Value, When
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from analytics.filters import Chosen
from analytics.grains.buckets import middle
from analytics.measures import measures
from analytics.reading import Amount, behind, together
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
from complaints.states import OPEN
from staff.models import User

NAME = "times"
HOUR = 3600
UNANSWERED = Q(status__in=sorted(OPEN))
UNREACHED = UNANSWERED & Q(contacted_at__isnull=True)
HOURS = (1, 4, 8, 24, 48)
"""Ends of the bands of the time to the first contact; one more band holds what took longer."""
DAYS = (1, 3, 5, 10)
"""Ends of the bands of the time to the answer, in working days."""

Amounts = dict[Any, Amount]


def read(chosen: Chosen, user: User, at: datetime) -> Findings:
    by = [reading_by(chosen)]

    def asked(series: str, where: Q | None = None, *, distribution: bool = False) -> Amounts:
        found = read_figures(series, chosen, user, by=by, where=where, distribution=distribution)
        return {group: amount for (group,), amount in found.items()}

    contacted, resolved = asked("contacted", distribution=True), asked("resolved", distribution=True)
    days, contact_days = asked("resolved_days", distribution=True), asked("contacted_days", distribution=True)
    unreached, unanswered = asked("received", UNREACHED), asked("received", UNANSWERED)
    lines = parts(chosen, {*contacted, *resolved, *unanswered})
    if not (contacted or resolved or unanswered):
        return Findings(
            _("Nobody was reached and nothing was resolved from %(period)s.") % {"period": chosen.period}, []
        )
    return Findings(
        sentence=_sentence(chosen, _sum(contacted), _sum(contact_days), _sum(resolved), _sum(days), _sum(unanswered).n),
        tables=[
            _resolutions(chosen, lines, resolved, days, unanswered),
            _contacts(chosen, lines, contacted, contact_days, unreached),
            _bands_of_days(chosen, _sum(days)),
            _bands_of_hours(chosen, _hours_counted(chosen, user)),
        ],
        chart=_chart(lines, resolved) if resolved else None,
        notes=_notes(_sum(unanswered).n),
    )


def _sum(found: Amounts) -> Amount:
    return together(found.values())


def _sentence(
    chosen: Chosen, contacted: Amount, contact_days: Amount, resolved: Amount, days: Amount, still_open: int
) -> str:
    sentences = []
    if resolved.median is not None and days.median is not None:
        sentences.append(
            ngettext(
                "From %(period)s %(count)d complaint was resolved, after %(median)s hours (%(days)d working days).",
                "From %(period)s %(count)d complaints were resolved, half of them within %(median)s hours (%(days)d working "
                "days) and nine in ten within %(most)s hours (%(most_days)d working days).",
                resolved.n,
            )
            % {
                "period": chosen.period,
                "count": resolved.n,
                "median": _hours(resolved.median).shown,
                "days": round(days.median),
                "most": _hours(resolved.quantile(0.9)).shown,
                "most_days": round(days.quantile(0.9) or 0),
            }
        )
    else:
        sentences.append(_("Nothing was resolved from %(period)s.") % {"period": chosen.period})
    if contacted.median is not None:
        sentences.append(
            _(
                "Half of those first reached in that time were reached within %(median)s hours, nine in ten within %(days)s "
                "working days."
            )
            % {"median": _hours(contacted.median).shown, "days": _working_days(contact_days, 0.9).shown}
        )
    if still_open:
        sentences.append(
            ngettext(
                "%(count)d complaint that was received in that time is still open.",
                "%(count)d complaints that were received in that time are still open.",
                still_open,
            )
            % {"count": still_open}
        )
    return told(*sentences)


def _notes(still_open: int) -> list[str]:
    if not still_open:
        return []
    return [
        _(
            "What is still open has no time yet and is in no median. The longest waits are among them, so the real times are "
            "longer than those shown: read both together."
        )
    ]


def _hours(seconds: float | None) -> Cell:
    return Cell(None, "–") if seconds is None else Cell(round(seconds / HOUR, 1))


def _working_days(amount: Amount, share: float) -> Cell:
    found = amount.quantile(share)
    return Cell(None, "–") if found is None else Cell(round(found))


def _resolutions(chosen: Chosen, lines: list[Part], resolved: Amounts, days: Amounts, unanswered: Amounts) -> Table:
    def row(part: Part, hours: Amount, working: Amount, still_open: int) -> list[Cell]:
        return [
            Cell(part.name),
            number_cell(NAME, chosen, hours.n, "resolved", part),
            _hours(hours.median),
            _hours(hours.quantile(0.9)),
            _working_days(working, 0.5),
            _working_days(working, 0.9),
            number_cell(NAME, chosen, still_open, "unanswered", part),
        ]

    columns = [
        cut_column(chosen, GROUPINGS),
        Column(_("Resolved")),
        Column(_("Median, hours"), is_count=False),
        Column(_("90% within, hours"), is_count=False),
        Column(_("Median, working days"), is_count=False),
        Column(_("90% within, working days"), is_count=False),
        Column(_("Received then and still open")),
    ]
    none = Amount()
    rows = [
        row(part, resolved.get(part.key, none), days.get(part.key, none), unanswered.get(part.key, none).n)
        for part in lines
    ]
    total = row(all_of(chosen), _sum(resolved), _sum(days), _sum(unanswered).n)
    return Table("resolved", _("From receipt to the answer"), columns, rows, total)


def _contacts(
    chosen: Chosen, lines: list[Part], contacted: Amounts, contact_days: Amounts, unreached: Amounts
) -> Table:
    def row(part: Part, amount: Amount, working: Amount, waiting: int) -> list[Cell]:
        return [
            Cell(part.name),
            number_cell(NAME, chosen, amount.n, "contacted", part),
            _hours(amount.median),
            _hours(amount.quantile(0.9)),
            _working_days(working, 0.5),
            _working_days(working, 0.9),
            number_cell(NAME, chosen, waiting, "unreached", part),
        ]

    columns = [
        cut_column(chosen, GROUPINGS),
        Column(_("First reached")),
        Column(_("Median, hours"), is_count=False),
        Column(_("90% within, hours"), is_count=False),
        Column(_("Median, working days"), is_count=False),
        Column(_("90% within, working days"), is_count=False),
        Column(_("Received then, open and not reached yet")),
    ]
    none = Amount()
    rows = [
        row(part, contacted.get(part.key, none), contact_days.get(part.key, none), unreached.get(part.key, none).n)
        for part in lines
    ]
    total = row(all_of(chosen), _sum(contacted), _sum(contact_days), _sum(unreached).n)
    return Table("contacted", _("From receipt to the first contact"), columns, rows, total)


def _bands_of_days(chosen: Chosen, days: Amount) -> Table:
    counts = [0] * (len(DAYS) + 1)
    for number, n in days.counts.items():
        counts[_band(middle(number), DAYS)] += n
    names = [_span(low, high) for low, high in _spans(DAYS)]
    return _bands(chosen, "days", _("Resolved, by working days"), names, counts)


def _bands_of_hours(chosen: Chosen, counts: list[int]) -> Table:
    names = [_("up to %(hours)d h") % {"hours": HOURS[0]}]
    names += [f"{low}–{high} h" for low, high in pairwise(HOURS)]
    return _bands(
        chosen,
        "hours",
        _("First reached, by hours"),
        [*names, _("over %(hours)d h") % {"hours": HOURS[-1]}],
        counts,
    )


def _hours_counted(chosen: Chosen, user: User) -> list[int]:
    """How many were reached within each band; counted to the second from the facts, because buckets end elsewhere."""
    whens = [When(contact_seconds__lte=hours * HOUR, then=Value(index)) for index, hours in enumerate(HOURS)]
    band = Case(*whens, default=Value(len(HOURS)), output_field=IntegerField())
    rows = behind("contacted", chosen, user).annotate(band=band).values("band").annotate(n=Count("pk"))
    found = Counter({row["band"]: row["n"] for row in rows})
    return [found[index] for index in range(len(HOURS) + 1)]


def _band(value: float, ends: tuple[int, ...]) -> int:
    return next((index for index, end in enumerate(ends) if value <= end), len(ends))


def _spans(ends: tuple[int, ...]) -> list[tuple[int, int | None]]:
    """First and last whole number of each band; the last has no end."""
    firsts = [0, *(end + 1 for end in ends)]
    return list(zip(firsts, [*ends, None], strict=True))


def _span(low: int, high: int | None) -> str:
    return _("over %(days)d") % {"days": low - 1} if high is None else f"{low}–{high}"


def _bands(chosen: Chosen, unit: str, title: str, names: list[str], counts: list[int]) -> Table:
    whole, of = all_of(chosen), sum(counts)
    rows, passed = [], 0
    for index, (name, n) in enumerate(zip(names, counts, strict=True)):
        passed += n
        rows.append(
            [
                Cell(name),
                number_cell(NAME, chosen, n, f"{unit}-{index}", whole),
                share_cell(n, of),
                share_cell(passed, of),
            ]
        )
    what = _("Working days") if unit == "days" else _("Hours")
    columns = [
        Column(what, is_number=False),
        Column(_("Complaints")),
        Column(_("Share"), is_count=False),
        Column(_("So far together"), is_count=False),
    ]
    return Table(unit, title, columns, rows)


def _chart(lines: list[Part], resolved: Amounts) -> Chart:
    def hours(share: float) -> list[float | None]:
        found = [resolved[part.key].quantile(share) if part.key in resolved else None for part in lines]
        return [None if seconds is None else round(seconds / HOUR, 1) for seconds in found]

    return Chart(
        kind="lines" if lines[0].is_of_time else "bars",
        unit=" h",
        labels=[part.name for part in lines],
        series=[Series(_("Median, hours"), hours(0.5)), Series(_("90% within, hours"), hours(0.9))],
    )


LISTS: dict[str, tuple[str, Q]] = {
    "resolved": ("resolved", Q()),
    "contacted": ("contacted", Q()),
    "unanswered": ("received", UNANSWERED),
    "unreached": ("received", UNREACHED),
    **{
        f"days-{index}": (
            "resolved_days",
            Q(resolution_days__gte=low) & (Q() if high is None else Q(resolution_days__lte=high)),
        )
        for index, (low, high) in enumerate(_spans(DAYS))
    },
    **{
        f"hours-{index}": (
            "contacted",
            (Q(contact_seconds__gt=low * HOUR) if low else Q())
            & (Q(contact_seconds__lte=high * HOUR) if high else Q()),
        )
        for index, (low, high) in enumerate(zip((0, *HOURS), (*HOURS, None), strict=True))
    },
}
"""What each number counts: a series, and a condition on its facts."""


def list_rows(chosen: Chosen, user: User, at: datetime, pick: str) -> Listing:
    """The complaints behind a number, the newest first."""
    what, by, key = picked(pick, LISTS)
    series, condition = LISTS[what]
    titles = {
        "resolved": _("Complaints resolved"),
        "contacted": _("Complaints first reached"),
        "unanswered": _("Received then and still open"),
        "unreached": _("Received then, open and not reached yet"),
        "resolved_days": _("Complaints resolved"),
    }
    rows = narrowed_to(behind(series, chosen, user, where=condition), "", by, key)
    return listed(titles.get(what) or titles[series], rows)


REPORT = Report(
    name=NAME,
    title=gettext_lazy("Response and resolution times"),
    purpose=gettext_lazy("How long customers waited to be reached and to be answered, and who still waits."),
    measures=measures("time_to_contact", "days_to_contact", "time_to_resolve", "days_to_resolve"),
    grouping=GROUPINGS,
    read=read,
    listing=list_rows,
    position=4,
)
