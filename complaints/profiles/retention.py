"""How long what is personal is kept, as a profile proposes it; what administrators have set stays theirs."""

from __future__ import annotations

from collections.abc import Iterator

from complaints.models import Category, RetentionOf, RetentionRule, Severity
from complaints.profiles.reader import Reader, Row

FILE = "retention.yaml"


def rows(reader: Reader, categories: set[str]) -> Iterator[Row]:
    for where, entry in reader.entries(FILE, reader.file(FILE), "code of months name source", "category severities"):
        reader.known(where, "of", entry["of"], RetentionOf.values)
        if "category" in entry:
            reader.known(where, "category", entry["category"], categories)
        for severity in entry.get("severities", []):
            reader.known(where, "severity", severity, Severity.values)
        if not isinstance(entry["months"], int) or entry["months"] < 1:
            reader.fault(where, "months must be a whole number from 1")
        yield {
            "code": entry["code"],
            "of": entry["of"],
            "months": entry["months"],
            "category": entry.get("category", ""),
            "severities": entry.get("severities", []),
            "source": entry["source"],
            **reader.names(where, entry["name"]),
        }


def add(periods: list[Row]) -> list[str]:
    """Write those that are not there yet; a line for each."""
    lines = []
    for row in periods:
        category = Category.objects.get(code=row["category"]) if row["category"] else None
        values = {name: value for name, value in row.items() if name not in ("code", "category")}
        _rule, is_new = RetentionRule.objects.get_or_create(code=row["code"], defaults={**values, "category": category})
        if is_new:
            lines.append(f"new retention period {row['code']}")
    return lines
