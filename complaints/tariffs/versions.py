"""Tariffs as rows: every version stays, a change is a new one, and what it would do is seen before it is saved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy

from complaints.models import Tariff
from complaints.refusals import BadInput
from complaints.tariffs import rules
from complaints.tariffs.rules import BadBill, Band, Charge, Household, Rates
from staff.models import User

SAMPLES = (100, 240, 400, 800)
"""Kilowatt-hours a month of the households whose year is worked out before a version is saved [P]."""
YEAR = 2025
"""An ordinary year for them, whenever the version begins."""
LARGE = 6
"""People of the large household among them [P]."""
FAULTS = {
    "open_end": gettext_lazy("The last band has no upper end: it is only a price."),
    "early_end": gettext_lazy("Only the last band may have no upper end, and every other ends above nothing."),
    "not_rising": gettext_lazy("Each band has to end above the one before it; these overlap or go down."),
    "negative": gettext_lazy("A price below nothing cannot be."),
    "below_zero": gettext_lazy("With this a kWh of the cheapest band would cost less than nothing."),
}
"""What is wrong with the bands of a tariff, in words."""


def named(zh: str, en: str) -> str:
    """The Chinese or the English of two names, as the language in use is."""
    return zh if (get_language() or "").startswith("zh") else en


def bands_of(said: Iterable[Sequence[Any]]) -> tuple[Band, ...]:
    return tuple(Band(None if upto is None else Decimal(str(upto)), Decimal(str(price))) for upto, price in said)


def plain_bands(bands: Iterable[Band]) -> list[list[str | None]]:
    """As they are kept: exact decimals in strings."""
    return [[None if band.upto is None else str(band.upto), str(band.price)] for band in bands]


def rates_of(tariff: Tariff) -> Rates:
    """The row as the arithmetic reads it."""
    adds = {"peak": tariff.peak_add, "flat": tariff.flat_add, "valley": tariff.valley_add}
    return Rates(
        code=tariff.code,
        version=tariff.version,
        valid_from=tariff.valid_from,
        basis=tariff.basis,
        bands=bands_of(tariff.bands),
        months=frozenset(tariff.season_months),
        season=bands_of(tariff.season_bands),
        people_from=tariff.people_from,
        extra=tariff.extra_kwh,
        free=tariff.free_kwh,
        adds={name: add for name, add in adds.items() if add is not None},
        charges=tuple(Charge(one["zh"], one["en"], one["per"], Decimal(one["amount"])) for one in tariff.charges),
    )


def versions_of(code: str) -> list[Rates]:
    return [rates_of(row) for row in Tariff.objects.filter(code=code)]


def newest() -> list[Tariff]:
    """The newest version of each tariff, by code."""
    return list(Tariff.objects.order_by("code", "-version").distinct("code"))


def check(rates: Rates) -> None:
    """Raises BadInput, naming the field, when bands overlap or go down or a kWh would cost less than nothing."""
    for name, bands in (("bands", rates.bands), ("season_bands", rates.season)):
        if name == "season_bands" and rates.basis != rules.SEASONAL:
            continue
        try:
            rules.check(bands)
        except BadBill as bad:
            raise BadInput(FAULTS[bad.fault], fields=[name]) from None
    try:
        rules.check_adds(rates)
    except BadBill as bad:
        raise BadInput(FAULTS[bad.fault], fields=["valley_add"]) from None


@dataclass(frozen=True, slots=True)
class Sample:
    """A household that uses the same every month, and what its year costs before and after."""

    kwh: int
    people: int
    before: Decimal | None
    after: Decimal

    @property
    def difference(self) -> Decimal | None:
        return None if self.before is None else self.after - self.before


def year_of(rates: Rates, kwh: int, people: int) -> Decimal:
    """What twelve bills of so many kWh a month come to, with the use in equal parts over the periods of the day."""
    always = [replace(rates, valid_from=date.min)]
    total, used = Decimal(0), Decimal(0)
    registers = list(rates.adds) or [rules.TOTAL]
    for month in range(1, 13):
        since = date(YEAR, month, 1) - timedelta(days=1)
        until = date(YEAR + month // 12, month % 12 + 1, 1) - timedelta(days=1)
        shares = {name: rules.cents(Decimal(kwh) / len(registers)) for name in registers}
        before = Decimal(0) if month == 1 else used
        bill = rules.recalculate(always, shares, since=since, until=until, household=Household(people), before=before)
        total, used = total + bill.total, used + bill.kwh
    return total


def samples(draft: Rates, before: Rates | None) -> list[Sample]:
    """What a version would do to households that use little and much, and to a large one."""
    homes = [(kwh, 3) for kwh in SAMPLES] + ([(SAMPLES[-2], LARGE)] if draft.people_from else [])
    return [
        Sample(kwh, people, year_of(before, kwh, people) if before else None, year_of(draft, kwh, people))
        for kwh, people in homes
    ]


@transaction.atomic
def save(tariff: Tariff, *, by: User | None) -> Tariff:
    """Keep a version as a new row. Raises BadInput when it cannot be, or nothing is different."""
    check(rates_of(tariff))
    rows = Tariff.objects.filter(code=tariff.code).select_for_update().order_by("-version")
    last = rows.first()
    if last is not None and said(last) == said(tariff):
        raise BadInput(gettext_lazy("Nothing is different from the version before."))
    tariff.pk, tariff.version = None, last.version + 1 if last else 1
    tariff.made_by, tariff.made_at = by, timezone.now()
    tariff.save(force_insert=True)
    return tariff


def said(tariff: Tariff) -> dict[str, Any]:
    """All that a version says of itself, to be compared."""
    left_out = {"id", "version", "reason", "made_by", "made_at"}
    return {f.name: getattr(tariff, f.name) for f in Tariff._meta.concrete_fields if f.name not in left_out}
