"""What a bill comes to under a tariff: pure arithmetic over readings, days and bands. No database, no clock.

**Rounding, once and for all**: money is rounded to two places, half away from zero, in each line; the total is the sum
of the lines. Kilowatt-hours are rounded to two places where days divide them.

**Days divide what changes inside a billing period.** A period runs from the day after the first reading to the day of
the last. Where another version of the tariff, another season or (annual bands) another year begins within it, the
consumption is divided in proportion to days, and so are the thresholds of monthly bands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby, pairwise
from typing import Any

ANNUAL, MONTHLY, SEASONAL = "annual", "monthly", "seasonal"
TOTAL = "total"
PERIODS = ("peak", "flat", "valley")
BAND, FREE, PERIOD, CHARGE, FLOOR = "band", "free", "period", "charge", "floor"
"""Kinds of line: a band of consumption, kWh free of charge, what a period of the day adds or takes off, a charge,
and what keeps a bill from falling below zero."""
PER_MONTH, PER_KWH, PER_CENT = "month", "kwh", "percent"
CENT = Decimal("0.01")
ZERO = Decimal(0)
DAYS_A_MONTH = Decimal("30.4375")


class BadBill(ValueError):
    """What was said cannot be a bill; `fault` is a stable word for it, `where` the register it is about."""

    def __init__(self, fault: str, where: str = "") -> None:
        super().__init__(fault)
        self.fault, self.where = fault, where


@dataclass(frozen=True, slots=True)
class Band:
    """Consumption up to `upto` kWh at this price; None: all above the band before."""

    upto: Decimal | None
    price: Decimal


@dataclass(frozen=True, slots=True)
class Charge:
    """What comes on top: so much a month, so much a kWh, or per cent of all lines before it."""

    zh: str
    en: str
    per: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Rates:
    """One version of a tariff. `season` is bands for the months of the year in it; `bands` hold in the others.

    Thresholds are kWh a year for annual bands, else kWh a month; so is `extra`, which a household of `people_from` or more
    gets on each of them. `free` is kWh a month for households of low income. `adds` is what a kWh in a period of the day
    costs more or less than its band says.
    """

    code: str
    version: int
    valid_from: date
    basis: str
    bands: tuple[Band, ...]
    months: frozenset[int] = frozenset()
    season: tuple[Band, ...] = ()
    people_from: int | None = None
    extra: Decimal = ZERO
    free: Decimal = ZERO
    adds: Mapping[str, Decimal] = field(default_factory=dict)
    charges: tuple[Charge, ...] = ()

    def bands_in(self, month: int) -> tuple[Band, ...]:
        return self.season if month in self.months else self.bands


@dataclass(frozen=True, slots=True)
class Reading:
    """What one register of the meter showed at the beginning and at the end."""

    previous: Decimal
    current: Decimal


@dataclass(frozen=True, slots=True)
class Household:
    people: int = 1
    is_low_income: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a bill. `start` and `end` are where in the bands its kWh lie; `since` and `until` the days it is for."""

    kind: str
    kwh: Decimal | None
    price: Decimal | None
    amount: Decimal
    since: date
    until: date
    start: Decimal | None = None
    end: Decimal | None = None
    name: str = ""
    """The period of the day, or what a charge is counted by."""
    zh: str = ""
    en: str = ""
    version: int = 0

    def plain(self) -> dict[str, Any]:
        """Ready for JSON; `again` reads it."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {name: str(value) if isinstance(value, Decimal | date) else value for name, value in values.items()}

    @classmethod
    def again(cls, said: Mapping[str, Any]) -> Line:
        return cls(
            kind=said["kind"],
            kwh=_number(said["kwh"]),
            price=_number(said["price"]),
            amount=Decimal(said["amount"]),
            since=date.fromisoformat(said["since"]),
            until=date.fromisoformat(said["until"]),
            start=_number(said["start"]),
            end=_number(said["end"]),
            name=said["name"],
            zh=said["zh"],
            en=said["en"],
            version=said["version"],
        )


@dataclass(frozen=True, slots=True)
class Bill:
    lines: tuple[Line, ...]

    @property
    def total(self) -> Decimal:
        return sum((line.amount for line in self.lines), ZERO)

    @property
    def kwh(self) -> Decimal:
        return sum((line.kwh for line in self.lines if line.kind in (BAND, FREE) and line.kwh is not None), ZERO)


@dataclass(frozen=True, slots=True)
class _Part:
    """Days of the period over which one version, season and (annual bands) year holds."""

    rates: Rates
    since: date
    until: date

    @property
    def days(self) -> int:
        return (self.until - self.since).days + 1


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def cents(amount: Decimal) -> Decimal:
    """To the cent, half away from zero."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def check(bands: Sequence[Band]) -> None:
    """Raises BadBill: bands that do not rise, or are not open at the end, would bill a kWh twice or not at all."""
    if not bands or bands[-1].upto is not None:
        raise BadBill("open_end")
    limits = [band.upto for band in bands[:-1]]
    if any(limit is None or limit <= 0 for limit in limits):
        raise BadBill("early_end")
    if any(limit <= before for before, limit in pairwise(limits)):  # type: ignore[operator]
        raise BadBill("not_rising")
    if any(band.price < 0 for band in bands):
        raise BadBill("negative")


def check_adds(rates: Rates) -> None:
    """Raises BadBill when a period of the day would make a kWh cheaper than nothing."""
    lowest = min(band.price for band in (*rates.bands, *rates.season))
    if any(lowest + add < 0 for add in rates.adds.values()):
        raise BadBill("below_zero")


def consumption(readings: Mapping[str, Reading], multiplier: Decimal = Decimal(1)) -> dict[str, Decimal]:
    """Kilowatt-hours of each register. Raises BadBill when a register runs backwards."""
    for register, reading in readings.items():
        if reading.current < reading.previous:
            raise BadBill("backwards", register)
    return {register: cents((one.current - one.previous) * multiplier) for register, one in readings.items()}


def at_end_of(period_ends: date, began: date, reading: Reading, read_on: date) -> Decimal:
    """What a register showed at the end of a period when it was read on another day: in proportion to days."""
    if read_on <= began:
        raise BadBill("read_too_early")
    days, of = (period_ends - began).days, (read_on - began).days
    return cents(reading.previous + (reading.current - reading.previous) * days / of)


def corrected(kwh: Decimal, error: Decimal) -> Decimal:
    """What really went through a meter that shows so many per cent too much (+) or too little (-)."""
    return cents(kwh * 100 / (100 + error))


def months_of(since: date, until: date) -> int:
    """How many months a billing period stands for, at least one."""
    return max(1, int((Decimal((until - since).days) / DAYS_A_MONTH).to_integral_value(ROUND_HALF_UP)))


def in_force(versions: Iterable[Rates], day: date) -> Rates | None:
    """The version that holds on a day: the latest to begin, and of two that began the same day the newer."""
    begun = [one for one in versions if one.valid_from <= day]
    return max(begun, key=lambda one: (one.valid_from, one.version), default=None)


def recalculate(
    versions: Sequence[Rates],
    used: Mapping[str, Decimal],
    *,
    since: date,
    until: date,
    household: Household | None = None,
    before: Decimal = ZERO,
) -> Bill:
    """The bill for what was used after the reading of `since` up to that of `until`, line by line.

    `used` is kWh by register: the whole, or one for each period of the day. `before` is what was used this year up to `since`.
    Raises BadBill when the period has no days, no version holds, or a period of the day has no register.
    """
    if until <= since:
        raise BadBill("no_days")
    household = household or Household()
    parts = _parts(versions, since + timedelta(days=1), until)
    whole = sum(used.values(), ZERO)
    months = months_of(since, until)
    days = (until - since).days
    lines: list[Line] = []
    passed, taken, year, position = 0, ZERO, since.year, before
    for part in parts:
        first, passed = passed, passed + part.days
        kwh = cents(whole * passed / days) - taken
        taken += kwh
        share = Decimal(months * part.days) / days
        if part.since.year != year:
            year, position = part.since.year, ZERO
        start = position if part.rates.basis == ANNUAL else ZERO
        lines += _part_lines(part, kwh, start, share, household)
        position += kwh
        lines += _period_lines(part, used, (first, passed, days), _free_kwh(lines, part))
        lines += _charges(part, kwh, share, lines)
    total = sum((line.amount for line in lines), ZERO)
    if total < 0:  # only by rounding: no kWh costs less than nothing
        lines.append(Line(FLOOR, None, None, -total, since + timedelta(days=1), until))
    return Bill(tuple(lines))


def _parts(versions: Sequence[Rates], first: date, last: date) -> list[_Part]:
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]

    def holds(day: date) -> tuple[Rates, Any]:
        rates = in_force(versions, day)
        if rates is None:
            raise BadBill("no_version")
        return rates, day.year if rates.basis == ANNUAL else day.month in rates.months

    parts = []
    for (version, _season), run in groupby(days, key=lambda day: (holds(day)[0].version, holds(day)[1])):
        held = list(run)
        rates = next(one for one in versions if one.version == version)
        parts.append(_Part(rates, held[0], held[-1]))
    return parts


def limits_of(part_rates: Rates, month: int, share: Decimal, household: Household) -> list[Band]:
    """The bands as they are for this household over this share of a month; annual ones are for the year."""
    large = part_rates.people_from is not None and household.people >= part_rates.people_from
    extra = part_rates.extra if large else ZERO
    scale = Decimal(1) if part_rates.basis == ANNUAL else share
    return [
        Band(None if band.upto is None else cents((band.upto + extra * number) * scale), band.price)
        for number, band in enumerate(part_rates.bands_in(month), start=1)
    ]


def _part_lines(part: _Part, kwh: Decimal, start: Decimal, share: Decimal, household: Household) -> list[Line]:
    free = min(kwh, cents(part.rates.free * share)) if household.is_low_income else ZERO
    lines = []
    if free:
        lines.append(_line(FREE, part, free, ZERO, start, start + free))
    at, end = start + free, start + kwh
    for band in limits_of(part.rates, part.since.month, share, household):
        top = end if band.upto is None else min(end, band.upto)
        if top > at:
            lines.append(_line(BAND, part, top - at, band.price, at, top))
            at = top
    return lines


def _line(kind: str, part: _Part, kwh: Decimal, price: Decimal, start: Decimal, end: Decimal) -> Line:
    return Line(kind, kwh, price, cents(kwh * price), part.since, part.until, start, end, version=part.rates.version)


def _free_kwh(lines: Iterable[Line], part: _Part) -> Decimal:
    mine = (line.kwh for line in lines if line.kind == FREE and line.since == part.since)
    return sum((kwh for kwh in mine if kwh is not None), ZERO)


def _period_lines(part: _Part, used: Mapping[str, Decimal], days: tuple[int, int, int], free: Decimal) -> list[Line]:
    """What the periods of the day add to or take off the bands; kWh that are free get neither, each register its share."""
    first, last, of = days
    adds = {name: part.rates.adds[name] for name in PERIODS if name in part.rates.adds}
    if not adds:
        return []
    if not set(used) <= set(adds):
        raise BadBill("no_register")
    mine = {name: cents(kwh * last / of) - cents(kwh * first / of) for name, kwh in used.items()}
    whole = sum(mine.values(), ZERO)
    lines = []
    for name, kwh in mine.items():
        paid = cents(kwh - free * kwh / whole) if whole else ZERO
        if paid and adds[name]:
            amount = cents(paid * adds[name])
            lines.append(
                Line(PERIOD, paid, adds[name], amount, part.since, part.until, name=name, version=part.rates.version)
            )
    return lines


def _charges(part: _Part, kwh: Decimal, share: Decimal, lines: Sequence[Line]) -> list[Line]:
    found: list[Line] = []
    per: Mapping[str, Callable[[Decimal], Decimal]] = {
        PER_MONTH: lambda amount: amount * share,
        PER_KWH: lambda amount: amount * kwh,
        PER_CENT: lambda amount: amount * _so_far(part, [*lines, *found]) / 100,
    }
    for charge in part.rates.charges:
        amount = cents(per[charge.per](charge.amount))
        if amount:
            mine = kwh if charge.per == PER_KWH else None
            version = part.rates.version
            line = Line(CHARGE, mine, charge.amount, amount, part.since, part.until, version=version)
            found.append(replace(line, name=charge.per, zh=charge.zh, en=charge.en))
    return found


def _so_far(part: _Part, lines: Iterable[Line]) -> Decimal:
    return sum((line.amount for line in lines if line.since == part.since), ZERO)


def late_fee(amount: Decimal, days: int, rate: Decimal) -> Decimal:
    """What paying so many days late costs at so many per cent a day."""
    return cents(max(amount, ZERO) * rate * days / 100)
