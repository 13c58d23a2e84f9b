"""Unusual numbers: complaints received, per category and branch with those below it, on control charts.

The exposure of a period is its days, weighed by what such days usually bring (`analytics.seasonality`). Each series is charted
by day, week or month, whichever is the shortest with at least five expected. Days of storms are left out of the baseline. Today
is not over, so it can only be found too high, never too low.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import DateField, Min, QuerySet, Sum
from django.db.models.functions import TruncMonth
from django.utils import timezone

from analytics.control import (
    BASELINE_FEWEST,
    BASELINE_MOST,
    BEYOND,
    FEWEST_EXPECTED,
    ControlChart,
    Run,
    newest_run,
    u_chart,
)
from analytics.models import DayRollup, Per, SignalKind
from analytics.periods import Period, bucket_start, buckets
from analytics.seasonality import Season, month_index, storm_days, weekday_index
from analytics.signals.keeping import Found
from complaints.models import RequestType, Storm
from staff.models import Branch

WEEKS, MONTHS = 27, 36
ONE_DAY = timedelta(days=1)
MONTHS_OF_BASELINE = 24
LENGTHS = {Per.DAY: BASELINE_MOST, Per.WEEK: BASELINE_MOST, Per.MONTH: MONTHS_OF_BASELINE}

Daily = dict[date, int]


@dataclass(frozen=True, slots=True)
class Charted:
    """One series on a chart: its periods, what was counted and expected in each, and the limits, in complaints."""

    per: str
    periods: list[Period]
    counts: list[int]
    exposures: list[float]
    chart: ControlChart
    left_out: int

    def evidence(self) -> dict[str, Any]:
        reach = list(zip(self.chart.points, self.exposures, strict=True))
        return {
            "labels": [period.first.isoformat() for period in self.periods],
            "values": self.counts,
            "expected": [round(self.chart.centre * exposure, 2) for exposure in self.exposures],
            "lows": [round(point.low * exposure, 2) for point, exposure in reach],
            "highs": [round(point.high * exposure, 2) for point, exposure in reach],
            "left_out": self.left_out,
        }


@dataclass(slots=True)
class Looked:
    """What a look over all series found, and how many could and could not be charted."""

    found: list[Found]
    charted: int = 0
    too_few: int = 0


def find(today: date) -> Looked:
    """Every category in every branch that has complaints there."""
    branches = list(Branch.objects.order_by("path"))
    first_day = bucket_start(today, "week") - timedelta(weeks=WEEKS)
    first_month = _months_back(today, MONTHS)
    by_day, by_month = _counted(first_day, today, "day"), _counted(first_month, today, "month")
    started = _rollups().aggregate(first=Min("day"))["first"] or today
    seasons = _seasons(by_day, by_month, first_day, max(first_month, started), today)
    storms = _stormy(branches, first_day)
    looked = Looked([])
    for (branch, category), monthly in sorted(by_month.items()):
        daily = by_day.get((branch, category), {})
        charted = _charted(daily, monthly, seasons[category], storms[branch], started, today)
        if charted is None:
            looked.too_few += 1
            continue
        looked.charted += 1
        looked.found += _signals(charted, branch, category, daily, seasons[category], today)
    return looked


def _rollups() -> QuerySet[DayRollup]:
    """Of everybody's complaints: what is found belongs to a branch, and is shown to those who see that branch."""
    return DayRollup.objects.in_use().filter(series="received", request_type=RequestType.COMPLAINT)


def _counted(first: date, last: date, per: str) -> dict[tuple[int, int], Daily]:
    """Complaints received by branch, those below it included, and category; by day or by the first day of the month."""
    start: Any = TruncMonth("day", output_field=DateField()) if per == "month" else None
    rows = _rollups().filter(day__gte=first, day__lte=last)
    rows = rows.annotate(start=start) if start else rows
    name = "start" if start else "day"
    found: dict[tuple[int, int], Daily] = defaultdict(lambda: defaultdict(int))
    for branch, category, day, n in rows.order_by().values_list("branch", "category", name).annotate(counted=Sum("n")):
        found[branch, category][day] += n
    return found


def _seasons(
    by_day: Mapping[tuple[int, int], Daily],
    by_month: Mapping[tuple[int, int], Daily],
    first_day: date,
    first_month: date,
    today: date,
) -> dict[int, Season]:
    """The season of each category, from the whole utility: a single station has too few complaints to know its own."""
    roots = set(Branch.objects.filter(parent__isnull=True).values_list("pk", flat=True))
    days: dict[int, Counter[date]] = defaultdict(Counter)
    months: dict[int, Counter[date]] = defaultdict(Counter)
    for pooled, counted in ((days, by_day), (months, by_month)):
        for (branch, category), daily in counted.items():
            if branch in roots:
                pooled[category].update(daily)
    whole_days = _days(first_day, today - ONE_DAY)
    seasons: dict[int, Season] = {}
    for category in {category for _branch, category in by_month}:
        storms = storm_days(days[category], whole_days)
        calm = [day for day in whole_days if day not in storms]
        seasons[category] = Season(
            weekday_index(days[category], calm), month_index(months[category], first_month, today - ONE_DAY)
        )
    return seasons


def _stormy(branches: list[Branch], since: date) -> dict[int, set[date]]:
    """The local days of declared storms that touch a branch: in it, above it or below."""
    storms = Storm.objects.filter(is_withdrawn=False).select_related("branch")
    found: dict[int, set[date]] = {branch.pk: set() for branch in branches}
    for storm in storms.exclude(ended_at__lt=Period(since, since).start):
        ended = storm.ended_at or timezone.now()
        days = _days(max(since, timezone.localdate(storm.began_at)), timezone.localdate(ended))
        for branch in branches:
            if branch.path.startswith(storm.branch.path) or storm.branch.path.startswith(branch.path):
                found[branch.pk].update(days)
    return found


def _charted(
    daily: Daily, monthly: Daily, season: Season, storms: set[date], started: date, today: date
) -> Charted | None:
    """The series by the shortest period that has enough expected; None where even months have too few."""
    for per in (Per.DAY, Per.WEEK, Per.MONTH):
        counts = monthly if per is Per.MONTH else daily
        periods = [one for one in _periods(per, today) if one.first >= started]
        base = periods[:-1]
        if len(base) < BASELINE_FEWEST:
            return None
        spikes = set() if per is Per.MONTH else storm_days(daily, _days(base[0].first, base[-1].last))
        left_out = spikes | (set() if per is Per.MONTH else storms)
        charted = _chart(per, periods, counts, season, left_out)
        if charted is not None:
            return charted
    return None


def _chart(per: Per, periods: list[Period], counts: Daily, season: Season, left_out: set[date]) -> Charted | None:
    newest = periods[-1]
    kept: list[Period] = []
    numbers: list[int] = []
    exposures: list[float] = []
    for period in periods:
        days = [day for day in _days(period.first, period.last) if period is newest or day not in left_out]
        if days:
            kept.append(period)
            numbers.append(counts.get(period.first, 0) if per is Per.MONTH else sum(counts.get(day, 0) for day in days))
            exposures.append(sum(map(season.of, days)))
    base = len(kept) - 1
    if base < BASELINE_FEWEST or sum(numbers[:base]) < FEWEST_EXPECTED * base:
        return None
    chart = u_chart(numbers, exposures, baseline=base)
    if chart.sigma_z < 1:
        # narrower than chance would only find more of nothing
        chart = u_chart(numbers, exposures, baseline=base, sigma_z=1)
    return Charted(per.value, kept, numbers, exposures, chart, len(left_out & set(_days(kept[0].first, newest.first))))


def _signals(
    charted: Charted, branch: int, category: int, daily: Daily, season: Season, today: date
) -> Iterator[Found]:
    """What the newest whole period breaks, and whether today or this week is beyond its limit already."""
    run = newest_run([point.z for point in charted.chart.points])
    if run is not None:
        yield _found(charted, run, branch, category, daily, season)
    if charted.per == Per.MONTH:
        return
    current = buckets(Period(bucket_start(today, charted.per), _last(today, charted.per)), charted.per)
    period = next(iter(current.values()))
    number = sum(daily.get(day, 0) for day in _days(period.first, today))
    exposure = sum(map(season.of, _days(period.first, period.last)))
    chart = u_chart(
        [*charted.counts, number],
        [*charted.exposures, exposure],
        baseline=len(charted.counts) - 1,
        sigma_z=charted.chart.sigma_z,
    )
    score = chart.points[-1].z
    if score > BEYOND:
        going_on = Charted(
            charted.per,
            [*charted.periods, Period(period.first, today)],
            [*charted.counts, number],
            [*charted.exposures, exposure],
            chart,
            charted.left_out,
        )
        newest = Run("beyond", len(charted.counts), True, score)
        yield _found(going_on, newest, branch, category, daily, season)


def _found(charted: Charted, run: Run, branch: int, category: int, daily: Daily, season: Season) -> Found:
    """The signal of a run. It counts every day from its first to its last, as the desk's list does, storms included."""
    newest, exposure = charted.chart.points[-1], charted.exposures[-1]
    first, last = charted.periods[run.start].first, charted.periods[-1].last
    part = range(run.start, len(charted.counts))
    number, weight = sum(charted.counts[one] for one in part), sum(charted.exposures[one] for one in part)
    if charted.per != Per.MONTH and len(part) > 1:
        days = _days(first, last)
        number, weight = sum(daily.get(day, 0) for day in days), sum(map(season.of, days))
    return Found(
        kind=SignalKind.RATE.value,
        rule=run.rule,
        series=f"received:{category}:{branch}:{charted.per}",
        branch_id=branch,
        category_id=category,
        first_day=first,
        last_day=last,
        number=number,
        expected=charted.chart.centre * weight,
        low=newest.low * exposure,
        high=newest.high * exposure,
        sigma_z=charted.chart.sigma_z,
        score=run.score,
        is_above=run.is_above,
        per=charted.per,
        evidence=charted.evidence(),
    )


def _periods(per: Per, today: date) -> list[Period]:
    """The whole periods of a chart, oldest first: the baseline, and the newest that is over."""
    last = bucket_start(today, per.value) - ONE_DAY
    length = LENGTHS[per]
    if per is Per.MONTH:
        first = _months_back(last, length)
    else:
        first = bucket_start(last, per.value) - length * timedelta(days=7 if per is Per.WEEK else 1)
    return list(buckets(Period(first, last), per.value).values())


def _months_back(day: date, months: int) -> date:
    month = day.year * 12 + day.month - 1 - months
    return date(month // 12, month % 12 + 1, 1)


def _last(day: date, per: str) -> date:
    return bucket_start(day, per) + timedelta(days=6 if per == Per.WEEK else 0)


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
