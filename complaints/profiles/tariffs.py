"""The tariffs of a profile, and what goes with money: read and checked; a tariff is written where none of its code exists."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from complaints.models import Tariff, TierBasis
from complaints.refusals import BadInput
from complaints.tariffs import rules, versions

if TYPE_CHECKING:
    from complaints.profiles.reader import Reader, Row

FILE = "tariffs.yaml"
PER = {rules.PER_MONTH, rules.PER_KWH, rules.PER_CENT}
OPTIONAL = "season people_from extra free periods charges source"


def settings(reader: Reader, content: Any) -> Row:
    """The desk's own numbers that go with money."""
    if not reader.fields(FILE, content, "currency late_fee adjustment_limit tariffs"):
        return {}
    try:
        numbers = {
            "late_fee_rate": Decimal(str(content["late_fee"])),
            "adjustment_limit": Decimal(str(content["adjustment_limit"])),
        }
    except InvalidOperation:
        reader.fault(FILE, "late_fee or adjustment_limit is no number.")
        return {}
    return {**reader.names(FILE, content["currency"], "currency"), **numbers}


def rows(reader: Reader, content: Any) -> Iterator[Row]:
    """The fields of each tariff's row."""
    tariffs = content.get("tariffs", []) if isinstance(content, dict) else []
    for where, entry in reader.entries(FILE, tariffs, "code name basis bands valid_from", OPTIONAL):
        reader.known(where, "basis", entry["basis"], TierBasis.values)
        if not isinstance(entry["valid_from"], date):
            reader.fault(where, "valid_from is no day.")
            continue
        try:
            row = _row(reader, where, entry)
            versions.check(versions.rates_of(Tariff(**row)))
        except BadInput as refused:
            reader.fault(where, refused.message)
        except (InvalidOperation, ValueError, TypeError, KeyError):
            reader.fault(where, "has a band, a charge or an amount that is no number.")
        else:
            yield row


def _row(reader: Reader, where: str, entry: Row) -> Row:
    season, periods = entry.get("season", {"months": [], "bands": []}), entry.get("periods", {})
    for name in periods:
        reader.known(where, "period of the day", name, rules.PERIODS)
    charges = [{**charge, "amount": str(Decimal(str(charge["amount"])))} for charge in entry.get("charges", [])]
    for charge in charges:
        reader.known(where, "unit of a charge", charge["per"], PER)
    return {
        "code": entry["code"],
        **reader.names(where, entry["name"]),
        "basis": entry["basis"],
        "bands": versions.plain_bands(versions.bands_of(entry["bands"])),
        "season_months": list(season["months"]),
        "season_bands": versions.plain_bands(versions.bands_of(season["bands"])),
        "people_from": entry.get("people_from"),
        "extra_kwh": Decimal(str(entry.get("extra", 0))),
        "free_kwh": Decimal(str(entry.get("free", 0))),
        **{f"{name}_add": Decimal(str(periods[name])) if name in periods else None for name in rules.PERIODS},
        "charges": charges,
        "valid_from": entry["valid_from"],
        "source": entry.get("source", ""),
    }


def add(tariffs: list[Row]) -> list[str]:
    """Write those whose code is not there yet: from then on they belong to the desk. A line for each."""
    known = set(Tariff.objects.values_list("code", flat=True))
    new = [versions.save(Tariff(**row), by=None) for row in tariffs if row["code"] not in known]
    return [f"new: tariff {row.code}" for row in new]
