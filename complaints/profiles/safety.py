"""The safety settings of a profile: read and checked, and written until somebody changes them on screen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from complaints.models import HazardGrade, HazardRule, InspectionKind, ProtectionZone, SafetyRuleChange, Target
from customers.models.people import KEY, CustomerKind
from staff.models import TeamKind

if TYPE_CHECKING:
    from complaints.profiles.reader import Reader, Row

KIND_OPTIONS = "segments low_kv high_kv cycle_months share extra_before lead_days team_kind"


def rows(reader: Reader) -> Row:
    """What stands in safety.yaml, each kind of row in a list of its own, with its faults told."""
    content = reader.file("safety.yaml")
    if not reader.fields("safety.yaml", content, "grades zones kinds"):
        return {"grades": [], "zones": [], "kinds": []}
    return {
        "grades": list(_grades(reader, content["grades"])),
        "zones": list(_zones(reader, content["zones"])),
        "kinds": list(_kinds(reader, content["kinds"])),
    }


def _grades(reader: Reader, entries: list[Any]) -> Iterator[Row]:
    for entry in entries:
        if not reader.fields("safety.yaml, grades", entry, "grade follow_up_days criteria"):
            continue
        where = f"safety.yaml, grade {entry['grade']}"
        reader.known(where, "grade", entry["grade"], HazardGrade.values)
        if entry["follow_up_days"] not in range(1, 366):
            reader.fault(where, "somebody looks again within 1 to 365 days.")
        names = reader.names(where, entry["criteria"], "criteria")
        yield {"grade": entry["grade"], "follow_up_days": entry["follow_up_days"], **names}
    if {entry.get("grade") for entry in entries} != set(HazardGrade.values):
        reader.fault("safety.yaml, grades", "each grade is there once.")


def _zones(reader: Reader, entries: list[Any]) -> Iterator[Row]:
    for entry in entries:
        if reader.fields("safety.yaml, zones", entry, "low high metres"):
            low, high = (_kilovolts(reader, "safety.yaml, zones", entry[end]) for end in ("low", "high"))
            yield {"low_kv": low, "high_kv": high, "metres": entry["metres"]}


def _kinds(reader: Reader, entries: list[Any]) -> Iterator[Row]:
    for where, entry in reader.entries("safety.yaml, kinds", entries, "code name target rank items", KIND_OPTIONS):
        reader.known(where, "target", entry["target"], Target.values)
        reader.known(where, "kind of team", entry.get("team_kind", TeamKind.SAFETY), TeamKind.values)
        for segment in entry.get("segments", []):
            reader.known(where, "customer segment", segment, [KEY, *CustomerKind.values])
        if ("cycle_months" in entry) == ("share" in entry):
            reader.fault(where, "has either a cycle or a share.")
        for day in entry.get("extra_before", []):
            if not is_day_of_year(day):
                reader.fault(where, f"{day!r} is no day of the year such as 06-15.")
        for item in entry["items"]:
            reader.fields(f"{where}, items", item, "key zh en")
        yield {
            **{name: entry[name] for name in ("code", "target", "rank", "items")},
            **reader.names(where, entry["name"]),
            "segments": entry.get("segments", []),
            "low_kv": _kilovolts(reader, where, entry.get("low_kv")),
            "high_kv": _kilovolts(reader, where, entry.get("high_kv")),
            "cycle_months": entry.get("cycle_months"),
            "share": entry.get("share"),
            "extra_before": entry.get("extra_before", []),
            "lead_days": entry.get("lead_days", 30),
            "team_kind": entry.get("team_kind", TeamKind.SAFETY.value),
        }


def is_day_of_year(text: str) -> bool:
    """Whether it is written as month and day; the 29th of February is not there every year."""
    try:
        date.fromisoformat(f"2026-{text}")
    except ValueError:
        return False
    return len(text) == 5


def _kilovolts(reader: Reader, where: str, said: Any) -> Decimal | None:
    try:
        return None if said is None else Decimal(str(said))
    except InvalidOperation:
        reader.fault(where, f"{said!r} is no voltage.")
        return None


def put(changes: Any, settings: Row) -> None:
    """From the first change on screen on, the rows belong to the supervisors; a release adds only what is not there at all."""
    if SafetyRuleChange.objects.exists():
        return
    for row in settings["grades"]:
        changes.put(HazardRule, {"grade": row["grade"]}, {key: row[key] for key in row if key != "grade"})
    for row in settings["zones"]:
        changes.put(ProtectionZone, {"low_kv": row["low_kv"]}, {key: row[key] for key in row if key != "low_kv"})
    for row in settings["kinds"]:
        changes.put(InspectionKind, {"code": row["code"]}, {key: row[key] for key in row if key != "code"})


def add(changes: Any, settings: Row) -> None:
    """What a new release brings to a utility that has none of it."""
    if not HazardRule.objects.exists() and not InspectionKind.objects.exists():
        put(changes, settings)
