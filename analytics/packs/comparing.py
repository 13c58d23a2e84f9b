"""What a pack would say now, beside what it said when it was frozen: line by line, and why a number differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from analytics.models import FrozenPack
from analytics.packs.freezing import Content, said
from complaints.models import Complaint, Event
from staff.models import User


class Reason(models.TextChoices):
    """Why a complaint is counted now and was not, or was counted and is not any more."""

    LATE = "late", _("entered late")
    REOPENED = "reopened", _("reopened")
    MOVED = "moved", _("moved on since")
    CORRECTED = "corrected", _("corrected")
    UNKNOWN = "unknown", _("not known")


@dataclass(frozen=True, slots=True)
class Difference:
    """One number that is not what it was. `why` says how many complaints came or went for which reason."""

    report: str
    table: str
    row: str
    column: str
    was: str
    now: str
    change: float | None
    why: dict[Reason, int] = field(default_factory=dict)

    @property
    def reasons(self) -> list[tuple[str, int]]:
        return [(str(reason.label), count) for reason, count in self.why.items()]


def differences(frozen: FrozenPack, user: User, at: datetime, language: str) -> list[Difference]:
    """Every number that differs, in the order of the pack. Words are compared in one language, the reader's."""
    now = said(frozen.pack, user, at)
    pairs = list(_pairs(frozen.content, now, language))
    swapped = {key for _place, was, is_now in pairs for key in _swapped(frozen.content, now, was, is_now)}
    reasons = _reasons(swapped, frozen.as_of)
    return [_difference(place, was, is_now, frozen.content, now, reasons) for place, was, is_now in pairs]


Place = tuple[str, str, str, str]


def _pairs(then: Content, now: Content, language: str) -> Iterator[tuple[Place, Content | None, Content | None]]:
    """Where a number differs, with both cells; a line that came or went has one."""
    before, after = _cells(then[language]), _cells(now[language])
    for place in dict.fromkeys([*before, *after]):
        was, is_now = before.get(place), after.get(place)
        if (was or {}).get("raw") != (is_now or {}).get("raw"):
            yield place, was, is_now


def _cells(reports: list[Content]) -> dict[Place, Content]:
    """Every cell by report, table, line and column. Equal names of lines are told apart by how often they came before."""
    found: dict[Place, Content] = {}
    for report in reports:
        for table in report["tables"]:
            names: Counter[str] = Counter()
            for row in table["rows"]:
                name = row[0]["text"]
                names[name] += 1
                line = name if names[name] == 1 else f"{name} ({names[name]})"
                for column, cell in list(zip(table["columns"], row, strict=True))[1:]:
                    found[report["title"], table["title"], line, column] = cell
    return found


def _behind(content: Content, cell: Content | None) -> set[int] | None:
    """The complaints of a number; none for nothing, None where they were not kept."""
    if cell is None or cell["raw"] == 0:
        return set()
    keys = content["behind"].get(cell["href"])
    return None if keys is None else set(keys)


def _swapped(then: Content, now: Content, was: Content | None, is_now: Content | None) -> set[int]:
    before, after = _behind(then, was), _behind(now, is_now)
    return set() if before is None or after is None else before ^ after


def _reasons(keys: set[int], since: datetime) -> dict[int, Reason]:
    """For each complaint what happened to it since then; the first that fits, in the order of Reason."""
    events = Event.objects.filter(complaint__in=keys, recorded_at__gt=since)
    moved = set(events.exclude(from_status=models.F("to_status")).values_list("complaint", flat=True))
    reopened = set(events.filter(move="reopen").values_list("complaint", flat=True))
    late = set(Complaint.objects.filter(pk__in=keys, entered_at__gt=since).values_list("pk", flat=True))

    def reason(key: int) -> Reason:
        if key in late:
            return Reason.LATE
        if key in reopened:
            return Reason.REOPENED
        return Reason.MOVED if key in moved else Reason.CORRECTED

    return {key: reason(key) for key in keys}


def _difference(
    place: Place,
    was: Content | None,
    is_now: Content | None,
    then: Content,
    now: Content,
    reasons: dict[int, Reason],
) -> Difference:
    why = Counter(reasons[key] for key in _swapped(then, now, was, is_now))
    before, after = _number(was), _number(is_now)
    change = None if before is None or after is None else round(after - before, 4)
    is_count = isinstance(before, int) and isinstance(after, int)
    if is_count and not why:
        why[Reason.UNKNOWN] = abs(int(after or 0) - int(before or 0))
    return Difference(*place, _text(was), _text(is_now), change, {one: why[one] for one in Reason if why[one]})


def _number(cell: Content | None) -> float | int | None:
    if cell is None:
        return 0
    raw: Any = cell["raw"]
    return raw if isinstance(raw, int | float) else None


def _text(cell: Content | None) -> str:
    return "–" if cell is None else str(cell["text"])
