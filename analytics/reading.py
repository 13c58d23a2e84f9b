"""Reads figures: how many, how long in sum, and how distributed, for filters, a person's scope, a grouping and a period.

    from analytics.reading import read
    found = read("resolved", chosen, user, by=["month", "channel"], distribution=True)
    for (month, channel), amount in found.items():
        amount.n, amount.mean, amount.median, amount.quantile(0.9)

What the rollups are kept by comes from the rollups; anything else asks the facts the same question (see `grains.series`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import BigIntegerField, DateField, F, Min, Q, QuerySet, Sum, Value
from django.db.models.functions import Cast, TruncMonth, TruncWeek

from analytics.filters import Chosen
from analytics.grains.buckets import NO_VALUE, quantile
from analytics.grains.series import SERIES, Series
from analytics.models import DayRollup, Generation, GenerationState
from analytics.periods import Period
from complaints.models import Complaint, RequestType
from complaints.models.complaint import seen_by, types_seen_by
from staff.models import Branch, User
from staff.written_out import Statement

KEPT_BY = {
    "branch": "branch__code",
    "request_type": "request_type",
    "category": "category__code",
    "channel": "channel",
}
"""Groupings that the rollups know, as fields of a rollup and of a fact."""

OF_FACTS = {
    "subcategory": "subcategory__code",
    "source": "source",
    "area_class": "area_class",
    "segment": "segment",
    "severity": "severity",
    "priority": "priority",
    "team": "team__code",
    "assignee": "assignee",
    "outcome": "outcome",
    "responsibility": "responsibility",
    "root_cause": "root_cause__code",
    "area": "transformer_area__code",
    "feeder": "transformer_area__feeder__code",
    "substation": "transformer_area__feeder__substation__code",
}
"""Groupings that only the facts know."""

PIECES: dict[str, Any] = {"day": F, "week": TruncWeek, "month": TruncMonth}


@dataclass(slots=True)
class Amount:
    """How many, the sum of what was measured, and how the measured values are distributed where that was asked for."""

    n: int = 0
    total: int = 0
    counts: Counter[int] = field(default_factory=Counter)

    def __sub__(self, other: Amount) -> Amount:
        """Less a part of it."""
        return Amount(self.n - other.n, self.total - other.total, self.counts - other.counts)

    @property
    def measured(self) -> int:
        """How many values the distribution holds; what was not measured is in `n` only."""
        return sum(n for number, n in self.counts.items() if number != NO_VALUE)

    @property
    def mean(self) -> float | None:
        return self.total / self.n if self.n else None

    @property
    def median(self) -> float | None:
        return self.quantile(0.5)

    def quantile(self, share: float) -> float | None:
        """Off by at most 2 % of itself, and exact for whole numbers up to 25 (see `grains.buckets`)."""
        return quantile(self.counts, share)


def together(amounts: Iterable[Amount]) -> Amount:
    """All of them as one."""
    whole = Amount()
    for amount in amounts:
        whole.n += amount.n
        whole.total += amount.total
        whole.counts.update(amount.counts)
    return whole


def read(
    series: str,
    chosen: Chosen,
    user: User,
    *,
    by: Sequence[str] = (),
    period: Period | None = None,
    keys: Collection[str] | None = None,
    where: Q | None = None,
    request_types: Collection[str] | None = (RequestType.COMPLAINT.value,),
    distribution: bool = False,
) -> dict[tuple[Any, ...], Amount]:
    """The amounts of a series for each value of the groupings, for those complaints that this person may see.

    `by` names groupings: "day", "week" or "month" (their first days), "key" (what the series tells apart), one of KEPT_BY or
    of OF_FACTS. `where` is a condition on facts. `period` takes the place of the chosen one; `request_types` None is all.
    Only what happened at least once has an entry.
    """
    one = SERIES[series]
    hidden = about(user)
    from_facts = bool(hidden) or where is not None or any(name in OF_FACTS for name in by)
    above: Mapping[str, str | None] = {}
    summed: Iterable[tuple[Any, ...]]
    if from_facts:
        to, day = one.to_fact, one.day
        days = one.during(period or chosen.period)
        rows = _of(one.rows(), to, chosen, user, days, keys, where, request_types)
        if hidden:
            rows = rows.exclude(**{f"{to}pk__in": hidden})
        summed = _summed(rows, one.sums(), by, to, day, distribution)
    else:
        summed, above = _from_rollups(one, chosen, user, by, period or chosen.period, keys, request_types, distribution)
    found: dict[tuple[Any, ...], Amount] = {}
    for row in summed:
        group, (n, total) = row[: len(by)], row[-2:]
        if not n:
            continue
        if not distribution:
            found[group] = Amount(n, total)
            continue
        amount = found.setdefault(group, Amount())
        amount.n += n
        amount.total += total
        amount.counts[row[-3]] += n
    return _of_each_alone(found, list(by).index("branch"), above) if above else found


def whole(series: str, chosen: Chosen, user: User, **how: Any) -> Amount:
    """All of it together."""
    return read(series, chosen, user, **how).get((), Amount())


def behind(
    series: str,
    chosen: Chosen,
    user: User,
    *,
    period: Period | None = None,
    keys: Collection[str] | None = None,
    where: Q | None = None,
    request_types: Collection[str] | None = (RequestType.COMPLAINT.value,),
) -> QuerySet[Any]:
    """The very facts that `read` counts with the same arguments, for the list behind a number."""
    one = SERIES[series]
    days = one.during(period or chosen.period)
    rows = _of(one.rows(), one.to_fact, chosen, user, days, keys, where, request_types)
    return rows.exclude(**{f"{one.to_fact}pk__in": hidden}) if (hidden := about(user)) else rows


def field_of(group: str, to: str = "") -> str:
    """The field of a fact that a grouping reads; `to` is the way to the fact."""
    return to + (KEPT_BY.get(group) or OF_FACTS[group])


def as_of() -> datetime | None:
    """The moment up to which everything is counted in; None while there are no figures yet."""
    found = Generation.objects.filter(state=GenerationState.CURRENT).first()
    return found.as_of if found else None


def first_day(series: str) -> date | None:
    """The first day on which anything of a series was counted, whoever may see it."""
    found = Generation.objects.filter(state=GenerationState.CURRENT).first()
    if found is None:
        return None
    # of one generation and branch by their keys, so that it is one look at the index for each
    rows = DayRollup.objects.filter(generation=found, series=series, n__gt=0)
    tops = Branch.objects.filter(parent=None).values_list("pk", flat=True)
    days = [rows.filter(branch=top).aggregate(day=Min("day"))["day"] for top in tops]
    return min((day for day in days if day is not None), default=None)


def about(user: User) -> list[int]:
    """The complaints in which this person is named: hidden from them, so that no figure of theirs counts them either.

    Hardly anybody has one; whoever has is answered from the facts, because the rollups know no single complaint. It is asked
    once for each `user` object, which lives as long as a request.
    """
    known: dict[str, list[int]] = vars(user)
    if "named_in" not in known:
        known["named_in"] = list(Complaint.objects.filter(about=user.pk).values_list("pk", flat=True))
    return known["named_in"]


def narrowed(chosen: Chosen, to: str = "") -> dict[str, Any]:
    """The chosen category, channel and branch as conditions on a fact that lies `to` there."""
    branch = {f"{to}branch__path__startswith": chosen.branch.path} if chosen.branch else {}
    return _narrowed(chosen, to) | branch


def _narrowed(chosen: Chosen, to: str = "") -> dict[str, Any]:
    wanted = {"category": chosen.category.pk if chosen.category else None, "channel": chosen.channel or None}
    return {f"{to}{name}": value for name, value in wanted.items() if value is not None}


def within(period: Period, day: str) -> dict[str, date]:
    return {f"{day}__gte": period.first, f"{day}__lte": period.last}


def _of(
    rows: QuerySet[Any],
    to: str,
    chosen: Chosen,
    user: User,
    days: Q,
    keys: Collection[str] | None,
    where: Q | None,
    request_types: Collection[str] | None,
) -> QuerySet[Any]:
    """Of these facts those that are asked about and that this person may see."""
    rows = _with(rows.filter(seen_by(user, to), days, **narrowed(chosen, to)), to, keys, request_types)
    return rows if where is None else rows.filter(_prefixed(where, to))


def _with(
    rows: QuerySet[Any], to: str, keys: Collection[str] | None, request_types: Collection[str] | None
) -> QuerySet[Any]:
    if request_types is not None:
        rows = rows.filter(**{f"{to}request_type__in": list(request_types)})
    return rows if keys is None else rows.filter(series_key__in=list(keys))


EVERYWHERE = Branch(path="")
"""Above all branches, also where several have none above them."""


def _top(chosen: Chosen, user: User) -> Branch | None:
    """The branch that is asked about, as far as this person may see it; None where that is nothing."""
    wanted, own = chosen.branch, user.branch
    if not user.is_authenticated or not user.is_active or own is None:
        return None
    if own.parent_id is None:
        return wanted or EVERYWHERE
    if wanted is None or own.path.startswith(wanted.path):
        return own
    return wanted if wanted.path.startswith(own.path) else None


def _from_rollups(
    one: Series,
    chosen: Chosen,
    user: User,
    by: Sequence[str],
    period: Period,
    keys: Collection[str] | None,
    request_types: Collection[str] | None,
    distribution: bool,
) -> tuple[Iterable[tuple[Any, ...]], Mapping[str, str | None]]:
    """The sums of the branch that is asked about; where `by` tells branches apart of all below it, too, and which is right
    above which.
    """
    top = _top(chosen, user)
    if top is None:
        return [], {}
    # of one branch, with which the index begins: what is read is one stretch of it
    apart = "branch" in by
    narrowed_to = _narrowed(chosen) | ({} if apart or top is EVERYWHERE else {"branch": top.pk})
    values: list[Any] = [one.code, period.first, period.last, *narrowed_to.values()]
    shape: dict[str, Any] = {
        "by": tuple(by),
        "narrowed_by": tuple(narrowed_to),
        "seen": types_seen_by(user),
        "keys": keys if keys is None else tuple(sorted(keys)),
        "request_types": request_types if request_types is None else tuple(sorted(request_types)),
        "distribution": distribution,
    }
    if not apart:
        branches = Q(branch__parent=None) if top is EVERYWHERE else Q()
        return _ROLLED_UP(*values, shape=(branches, *shape.values()), branches=branches, **shape), {}
    found = list(Branch.objects.filter(path__startswith=top.path).select_related("parent"))
    above = {branch.code: branch.parent.code if branch.parent else None for branch in found}
    return _rolled_up(*values, branches=Q(branch__in=[branch.pk for branch in found]), **shape), above


def _rolled_up(
    series: str,
    first: date,
    last: date,
    *values: Any,
    by: Sequence[str],
    narrowed_by: Sequence[str],
    branches: Q,
    seen: Q,
    keys: Collection[str] | None,
    request_types: Collection[str] | None,
    distribution: bool,
) -> QuerySet[DayRollup, tuple[Any, ...]]:
    found = DayRollup.objects.in_use().filter(branches, seen, series=series, day__gte=first, day__lte=last)
    rows: QuerySet[Any] = found.annotate(series_key=F("key"), series_bucket=F("bucket")).order_by()
    rows = _with(rows.filter(**dict(zip(narrowed_by, values, strict=True))), "", keys, request_types)
    return _summed(rows, {"number": _sum("n"), "sum_of": _sum("total")}, by, "", "day", distribution)


_ROLLED_UP = Statement(_rolled_up)


def _summed(
    rows: QuerySet[Any], sums: Mapping[str, Any], by: Sequence[str], to: str, day: str, distribution: bool
) -> QuerySet[Any, tuple[Any, ...]]:
    """The values of the groupings, the bucket where the distribution is wanted, and the two sums."""
    groups = {f"group_{number}": grouping(name, to, day) for number, name in enumerate(by)}
    apart = [*groups, *(["series_bucket"] if distribution else [])]
    if not apart:
        # without anything to tell apart, values() would tell every row apart
        rows, apart = rows.annotate(together=Value(1)), ["together"]
    return rows.annotate(**groups).values_list(*apart).annotate(**sums)


def _of_each_alone(
    found: Mapping[tuple[Any, ...], Amount], place: int, above: Mapping[str, str | None]
) -> dict[tuple[Any, ...], Amount]:
    """What each branch has by itself: less what those right below it have. `place` is where the keys name the branch."""
    alone = dict(found)
    for key, amount in found.items():
        of_above = (*key[:place], above[key[place]], *key[place + 1 :])
        if of_above in alone:
            alone[of_above] -= amount
    return {key: amount for key, amount in alone.items() if amount.n}


def grouping(name: str, to: str, day: str) -> Any:
    """The expression that a grouping is of rows whose fact lies `to` there and whose day is `day`."""
    if name in PIECES:
        # a day for the database, too: what is cut out of one is a moment there
        return F(day) if name == "day" else Cast(PIECES[name](day), DateField())
    return F("series_key") if name == "key" else F(field_of(name, to))


def _sum(column: str) -> Any:
    return Cast(Sum(column), BigIntegerField())


def _prefixed(condition: Q, to: str) -> Q:
    """The condition with every field reached by way of `to`."""
    children = []
    for one in condition.children:
        if isinstance(one, Q):
            children.append(_prefixed(one, to))
        elif isinstance(one, tuple):
            children.append(Q((f"{to}{one[0]}", one[1])))
        else:
            raise TypeError(f"{one!r} is no condition on a field.")
    return Q(*children, _connector=condition.connector, _negated=condition.negated)
