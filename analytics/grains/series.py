"""What is counted per day: each series once, as a question to the facts. The rollups and every figure are made of these.

A series says which fact it counts, on which local day, under which condition, what it tells apart (`key`) and what it
measures (`value`). The rollups hold its answers by branch, request type, category and channel; whatever is cut by something
else, or filtered by it, asks the facts the same question. So there is one definition, and two speeds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from django.db import connection, models
from django.db.models import (
    BigIntegerField,
    BooleanField,
    Case,
    CharField,
    Count,
    DateField,
    F,
    Q,
    QuerySet,
    SmallIntegerField,
    Sum,
    Value,
    When,
)
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast, Coalesce, Concat

from analytics.grains.buckets import NO_VALUE
from analytics.models import ClockFact, ComplaintFact, FeedbackFact, OpenDay, OpenSpan, TransitionFact
from analytics.periods import Period
from complaints.states import FINDINGS, Outcome

FORMULA = "4"
"""Raised whenever facts or series are computed otherwise: the rollups are then built anew by themselves."""

DIMENSIONS = ("branch", "request_type", "category", "channel")
"""What the rollups are kept by, besides day and key."""

ROWS = 5_000
"""Read from the database at once."""

COUNTED_MOVES = (
    "dispatch",
    "escalate",
    "reopen",
    "resolve",
    "return",
    "transfer",
    "unmerge",
    "merge",
    "urge",
    "withdraw",
)


class Bucket(models.Func):
    """See `analytics.grains.buckets`; the same function in the database."""

    function = "analytics_bucket"
    output_field = SmallIntegerField()


@dataclass(frozen=True, slots=True)
class Series:
    """One thing that is counted. `value` names a field of whole numbers, whose sum and distribution are kept."""

    code: str
    model: type[models.Model]
    day: str
    when: Q = field(default_factory=Q)
    key: Any = ""
    value: str = ""

    @property
    def to_fact(self) -> str:
        """The way from the rows that are counted to the complaint's fact, where the dimensions are."""
        return "" if self.model is ComplaintFact else "fact__"

    def rows(self) -> QuerySet[Any]:
        """What is counted, each row with `series_key` and `series_bucket`."""
        key = self.key if self.key != "" else Value("", output_field=CharField())
        bucket = Bucket(Cast(self.value, BigIntegerField())) if self.value else Value(NO_VALUE, SmallIntegerField())
        rows: QuerySet[Any] = self.model._default_manager.filter(self.when, **{f"{self.day}__isnull": False})
        return rows.annotate(series_key=key, series_bucket=bucket).order_by()

    def during(self, period: Period) -> Q:
        """What is counted on these days."""
        if self.model is OpenDay:
            return OpenDay.during(period.first, period.last)
        return Q(**{f"{self.day}__gte": period.first, f"{self.day}__lte": period.last})

    def sums(self) -> dict[str, Any]:
        """How many, and the sum of what is measured."""
        total = Coalesce(Sum(self.value if self.value else Value(0)), 0)
        return {"number": Count("*"), "sum_of": Cast(total, BigIntegerField())}


NOT_MERGED = Q(is_duplicate=False)

_ALL = [
    # by the day it reached us
    Series("received", ComplaintFact, "received_on", NOT_MERGED),
    # apart from those received, which reports count over years: hardly two of a day wait equally long
    Series("entered", ComplaintFact, "received_on", NOT_MERGED, value="entry_seconds"),
    Series("duplicates", ComplaintFact, "received_on", Q(is_duplicate=True)),
    Series("repeats", ComplaintFact, "received_on", NOT_MERGED & Q(repeat_of__isnull=False)),
    # by the day of what happened to it
    Series("dispatched", ComplaintFact, "dispatched_on", NOT_MERGED, value="dispatch_seconds"),
    Series("contacted", ComplaintFact, "contacted_on", NOT_MERGED, value="contact_seconds"),
    Series(
        "contacted_days",
        ComplaintFact,
        "contacted_on",
        NOT_MERGED & Q(contact_days__isnull=False),
        value="contact_days",
    ),
    Series("first_resolved", ComplaintFact, "first_resolved_on", NOT_MERGED, value="first_resolution_seconds"),
    Series("resolved", ComplaintFact, "resolved_on", value="resolution_seconds"),
    Series("resolved_days", ComplaintFact, "resolved_on", Q(resolution_days__isnull=False), value="resolution_days"),
    Series(
        "resolved_at_once",
        ComplaintFact,
        "resolved_on",
        key=Case(When(is_solved_at_once=True, then=Value("yes")), default=Value("no")),
    ),
    Series("closed", ComplaintFact, "closed_on", NOT_MERGED, key=F("outcome")),
    Series(
        "closed_in_one_go",
        ComplaintFact,
        "closed_on",
        NOT_MERGED & Q(outcome__in=FINDINGS),
        key=Case(When(is_solved_in_one_go=True, then=Value("yes")), default=Value("no")),
    ),
    Series(
        "causes",
        ComplaintFact,
        "closed_on",
        NOT_MERGED & Q(outcome__in=[Outcome.UPHELD, Outcome.PARTLY_UPHELD]),
        key=Coalesce("root_cause__code", Value("")),
    ),
    # every evening
    Series("open", OpenDay, "day", Q(fact__is_duplicate=False), key=F("age")),
    # the first evening on which it was open, and the first on which it no longer was: their difference is that of "open"
    Series("became_open", OpenSpan, "opened_on", Q(fact__is_duplicate=False)),
    Series("left_open", OpenSpan, "left_on", Q(fact__is_duplicate=False)),
    # events
    Series("moves", TransitionFact, "happened_on", Q(move__in=COUNTED_MOVES), key=F("move")),
    Series(
        "dwell",
        TransitionFact,
        "happened_on",
        Q(dwell_seconds__isnull=False),
        key=F("from_status"),
        value="dwell_seconds",
    ),
    # promises, by the day they fell due; of averages by the day they began
    Series(
        "deadlines",
        ClockFact,
        "due_on",
        Q(statistic="each"),
        key=Concat("kind", Value("."), "tier", Value("."), "result"),
    ),
    Series(
        "arrivals",
        ClockFact,
        "started_on",
        Q(kind="arrive", statistic="mean"),
        key=Concat(
            "tier",
            Value("|"),
            "limit",
            Value("|"),
            "fact__area_class",
            Value("|"),
            Case(
                When(is_excused=True, then=Value("excused")),
                When(arrival_seconds__isnull=True, then=Value("unrecorded")),
                default=Value("arrived"),
            ),
            output_field=CharField(),
        ),
        value="arrival_seconds",
    ),
    # answers, by the day of asking
    Series(
        "asked",
        FeedbackFact,
        "asked_on",
        key=Concat(
            "answered_by", Value("."), Coalesce(Cast("score", CharField()), Value("")), output_field=CharField()
        ),
    ),
]
SERIES = {series.code: series for series in _ALL}


class Cell(NamedTuple):
    """One row of the rollups, without its numbers."""

    series: str
    day: date
    branch: int
    request_type: str
    category: int
    channel: str
    key: str
    bucket: int


class Given(models.Expression):
    """A value that is only known when the question is asked, so that questions are put into words once."""

    def __init__(self, name: str, output_field: models.Field[Any, Any]) -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        return "%s", [self]


_DAY: models.Field[Any, Any] = DateField()
_KEY: models.Field[Any, Any] = BigIntegerField()

KEYS = {"complaints": "= ANY(%s)", "up_to": "<= %s"}
"""How a key of a complaint is compared with each of these values."""


def _keys(column: Any, comparison: str, name: str) -> models.Func:
    """A condition on a column that holds a complaint's key."""
    before, _place, after = comparison.partition("%s")
    return models.Func(
        column,
        Given(name, _KEY),
        arg_joiner=f" {before}",
        template=f"%(expressions)s{after}",
        output_field=BooleanField(),
    )


@cache
def _question(code: str, narrowings: frozenset[str]) -> tuple[str, tuple[Any, ...]]:
    """What a series asks the facts in SQL: rows of a cell, how many, and their sum; with `Given` among its parameters."""
    one = SERIES[code]
    rows = one.rows()
    if one.model is OpenDay:
        rows = rows.filter(day__lte=Given("horizon", _DAY))
    for name in KEYS.keys() & narrowings:
        operator = KEYS[name]
        rows = rows.filter(_keys(F(f"{one.to_fact}pk"), operator, name))
        if one.to_fact:
            # said of the fact, too: otherwise a few thousand keys are joined by reading all facts
            rows = rows.filter(_keys(RawSQL('"analytics_complaintfact"."complaint_id"', []), operator, name))
    if "days" in narrowings:
        rows = rows.filter(**{f"{one.day}__gte": Given("first", _DAY), f"{one.day}__lte": Given("last", _DAY)})
    named = [f"{one.to_fact}{name}" for name in DIMENSIONS]
    asked = rows.values_list(one.day, *named, "series_key", "series_bucket").annotate(**one.sums())
    sql, params = asked.query.sql_with_params()
    return f"SELECT '{code}'::text AS series, counted.* FROM ({sql}) AS counted", tuple(params)


def question(
    *,
    horizon: date,
    complaints: Collection[int] | None = None,
    up_to: int | None = None,
    days: tuple[date, date] | None = None,
    series: Collection[str] = SERIES,
) -> tuple[str, list[Any]]:
    """One statement with its parameters: everything that these series count; of these complaints, or of these days.

    Evenings count up to `horizon`, because one that has not come yet is open for nobody. `up_to` is a key of a complaint.
    """
    values: dict[str, Any] = {
        "complaints": None if complaints is None else list(complaints),
        "up_to": up_to,
        "days": days,
    }
    narrowings = frozenset(name for name, value in values.items() if value is not None)
    values |= {"horizon": horizon, "first": days and days[0], "last": days and days[1]}
    parts = [_question(code, narrowings) for code in series]
    params = [values[one.name] if isinstance(one, Given) else one for _sql, given in parts for one in given]
    return " UNION ALL ".join(sql for sql, _given in parts), params


def with_above(cells: str) -> str:
    """The statement of the same numbers for each branch and for all above it, from one that gives those of each branch alone."""
    return f"""SELECT c.series, c.day, above.id AS branch_id, c.request_type, c.category_id, c.channel, c.key, c.bucket,
        sum(c.n)::bigint AS n, sum(c.total)::bigint AS total
    FROM ({cells}) AS c (series, day, branch_id, request_type, category_id, channel, key, bucket, n, total)
    JOIN staff_branch own ON own.id = c.branch_id JOIN staff_branch above ON starts_with(own.path, above.path)
    GROUP BY c.series, c.day, above.id, c.request_type, c.category_id, c.channel, c.key, c.bucket
    HAVING sum(c.n) <> 0 OR sum(c.total) <> 0"""


def counted(*, above: bool = False, **narrowed: Any) -> Iterator[tuple[Cell, int, int]]:
    """What the facts come to: cells with how many and their sum, of each branch alone or, with `above`, as the rollups hold them.

    Takes what `question` takes.
    """
    sql, params = question(**narrowed)
    with connection.cursor() as cursor:
        cursor.execute(with_above(sql) if above else sql, params)
        while rows := cursor.fetchmany(ROWS):
            for *cell, n, total in rows:
                yield Cell(*cell), n, total
