"""The phrases of a profile: read and checked, and written where none of the same code exists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from complaints.models import CannedText, Category
from complaints.phrases import OFFERED_FOR, strange

if TYPE_CHECKING:
    from complaints.profiles.reader import Reader, Row


def rows(reader: Reader, categories: set[str]) -> Iterator[Row]:
    """What stands in phrases.yaml, each with its faults told."""
    for entry in reader.file("phrases.yaml"):
        where = f"phrases.yaml, {entry.get('code', '?') if isinstance(entry, dict) else '?'}"
        if not reader.fields(where, entry, "code moves title body", "category"):
            continue
        for language in ("zh", "en"):
            for variable in strange(entry["body"].get(language, "{")):
                reader.fault(where, f"uses {variable} in {language}, which nothing fills.")
        for move in set(entry["moves"]) - set(OFFERED_FOR):
            reader.fault(where, f"is for {move}, for which no phrases are offered.")
        if entry.get("category", "") not in categories | {""}:
            reader.fault(where, f"names the unknown category {entry['category']}.")
        yield {
            "code": entry["code"],
            "moves": entry["moves"],
            "category": entry.get("category", ""),
            **{f"title_{language}": entry["title"][language] for language in ("zh", "en")},
            **{f"body_{language}": entry["body"][language].strip() for language in ("zh", "en")},
        }


def add(phrases: list[Row]) -> list[str]:
    """Write those that are not there yet; what somebody changed or took away stays so. A line for each."""
    known = set(CannedText.objects.exclude(code="").values_list("code", flat=True))
    categories: dict[str, Any] = {"": None, **{one.code: one for one in Category.objects.all()}}
    new = [
        CannedText(**{**row, "category": categories.get(row["category"])})
        for row in phrases
        if row["code"] not in known
    ]
    CannedText.objects.bulk_create(new)
    return [f"new: phrase {row.code}" for row in new]
