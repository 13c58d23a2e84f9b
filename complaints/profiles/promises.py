"""What a profile says of time: calendars, pauses, policies with their limits, and the ladder of alarms."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from complaints.clocks.calendars import WorkingCalendar
from complaints.clocks.limits import BadLimit, Limit, Unit
from complaints.clocks.policies import NO_PROMISE
from complaints.models import (
    AlarmLevel,
    Channel,
    ClockKind,
    Listener,
    Priority,
    RequestType,
    Severity,
    Source,
    Tier,
)
from complaints.profiles.reader import Reader, Row
from customers.models import AreaClass
from customers.models.people import KEY, CustomerKind

STARTS = {"received", "registered", "resolved", "arrived", "restored", "urged", "asked"}
STATISTICS = {"each", "mean"}
LADDER_KEY = {"kind": "", "tier": "", "level": "", "number": None}
"""What names a step of the ladder, and what stands for "every"."""


def calendars_of(reader: Reader, time_zone: str) -> list[Row]:
    content = reader.file("calendars.yaml")
    rows: list[Row] = []
    if not reader.fields("calendars.yaml", content, "calendars", "arrangements"):
        return rows
    arrangements = content.get("arrangements", {})
    for where, entry in reader.entries("calendars.yaml", content["calendars"], "code name week", "arrangement"):
        rules: Row = {"timezone": time_zone, "week": entry["week"]}
        try:
            if "arrangement" in entry:
                rules |= _arranged(arrangements[entry["arrangement"]])
            WorkingCalendar.from_rules(entry["code"], 1, rules)
        except KeyError as missing:
            reader.fault(where, f"nothing is said about {missing}.")
        except ValueError as error:
            reader.fault(where, str(error))
        rows.append({"code": entry["code"], **reader.names(where, entry["name"]), "rules": rules})
    return rows


def _arranged(arrangement: Row) -> Row:
    """A year's days off and make-up working days as rules of a calendar. Raises ValueError for what is no date."""
    off: dict[str, Any] = {str(day): [] for span in arrangement["days_off"] for day in _days(span)}
    make_up = {date.fromisoformat(day).isoformat(): "week:mon" for day in arrangement.get("make_up", [])}
    if both := sorted(set(off) & set(make_up)):
        raise ValueError(f"{', '.join(both)}: a day off cannot be a make-up working day.")
    names = {str(day): name for span, name in arrangement["days_off"].items() for day in _days(span)}
    dates = dict(sorted((off | make_up).items()))
    return {"dates": dates, "names": names, "covers_until": arrangement["covers_until"]}


def _days(span: str) -> Iterator[date]:
    """Each day of "2026-02-15..2026-02-23", or the one day named."""
    first, _dots, last = span.partition("..")
    day, end = date.fromisoformat(first), date.fromisoformat(last or first)
    if end < day:
        raise ValueError(f"{span} ends before it begins.")
    while day <= end:
        yield day
        day += timedelta(days=1)


def pauses(reader: Reader, calendars: set[str]) -> Iterator[Row]:
    needed, optional = "code cap name", "calendar supervisor"
    for where, entry in reader.entries("pauses.yaml", reader.file("pauses.yaml"), needed, optional):
        calendar = entry.get("calendar", "")
        try:
            if not Limit.parse(entry["cap"]).is_elapsed:
                reader.known(where, "calendar", calendar, calendars)
        except BadLimit as error:
            reader.fault(where, str(error))
        yield {
            "code": entry["code"],
            "cap": entry["cap"],
            "calendar": calendar,
            "needs_supervisor": entry.get("supervisor", False),
            **reader.names(where, entry["name"]),
        }


def policies(reader: Reader, categories: set[str], subcategories: Row, calendars: set[str]) -> Iterator[Row]:
    content = reader.file("policies.yaml")
    if not reader.fields("policies.yaml", content, "calendars policies"):
        return
    for use in ("days", "hours"):
        reader.known("policies.yaml", f"calendar for {use}", content["calendars"].get(use), calendars)
    facts = facts_of(categories, set(subcategories))
    promised: dict[tuple[Any, ...], str] = {}
    needed, optional = "code name match source confidence limits", "rows"
    for where, entry in reader.entries("policies.yaml", content["policies"], needed, optional):
        match = _match(reader, where, entry["match"], facts)
        limits = list(_limits(reader, where, entry["limits"], content["calendars"]))
        for limit in limits:
            promise = (*sorted((k, *sorted(v)) for k, v in match.items()), limit["kind"], limit["tier"])
            if promise in promised:
                what = f"promises {limit['kind']} {limit['tier']}".strip()
                reader.fault(where, f"{what} for the same complaints as {promised[promise]}.")
            promised[promise] = entry["code"]
        yield {
            "code": entry["code"],
            **reader.names(where, entry["name"]),
            "match": match,
            "source": entry["source"],
            "confidence": entry["confidence"],
            "limits": limits,
        }


def facts_of(categories: set[str], subcategories: set[str]) -> Mapping[str, set[str]]:
    """What a policy may look at, with the values each can have."""
    return {
        "request_type": set(RequestType.values),
        "category": categories,
        "subcategory": subcategories,
        "channel": set(Channel.values),
        "source": set(Source.values),
        "severity": set(Severity.values),
        "priority": set(Priority.names),
        "segment": {*CustomerKind.values, KEY},
        "area": set(AreaClass.values),
    }


def _match(reader: Reader, where: str, match: Row, facts: Mapping[str, set[str]]) -> dict[str, list[str]]:
    wanted: dict[str, list[str]] = {}
    for name, values in match.items():
        reader.known(where, "condition", name, facts)
        for value in values:
            reader.known(where, name, value, facts.get(name, ()))
        wanted[name] = [str(Priority[v].value) if v in Priority.names else v for v in values]
    return wanted


def _limits(reader: Reader, policy: str, limits: Any, calendars: Row) -> Iterator[Row]:
    optional = "tier starts statistic pausable extension warn escalate"
    for entry in limits:
        if not reader.fields(policy, entry, "kind limit", optional):
            continue
        tier = entry.get("tier", "")
        where = f"{policy}, {entry['kind']} {tier}".rstrip()
        reader.known(where, "clock", entry["kind"], ClockKind.values)
        reader.known(where, "tier", tier, set(Tier.values) - {Tier.EXTERNAL})
        reader.known(where, "start", entry.get("starts", "received"), STARTS)
        reader.known(where, "statistic", entry.get("statistic", "each"), STATISTICS)
        marks = [mark for mark in entry.get("warn", []) if not re.fullmatch(r"[1-9]\d?%", str(mark))]
        calendar = ""
        try:
            if entry["limit"] != NO_PROMISE:
                calendar = _calendar_for(Limit.parse(entry["limit"]), calendars)
            for mark in [*marks, *entry.get("escalate", [])]:
                Limit.parse(mark)
            if entry.get("extension"):
                needed = _calendar_for(Limit.parse(entry["extension"]), calendars)
                if needed not in ("", calendar):
                    reader.fault(where, "an extension counts like its limit: in the same calendar, or in hours.")
        except BadLimit as error:
            reader.fault(where, str(error))
        yield {
            "kind": entry["kind"],
            "tier": tier,
            "limit": entry["limit"],
            "calendar": calendar,
            "starts": entry.get("starts", "received"),
            "statistic": entry.get("statistic", "each"),
            "is_pausable": entry.get("pausable", False),
            "extension": entry.get("extension", ""),
            "warn": entry.get("warn", []),
            "escalate": entry.get("escalate", []),
        }


def _calendar_for(limit: Limit, calendars: Row) -> str:
    if limit.is_elapsed:
        return ""
    return str(calendars["hours" if limit.unit == Unit.WORKING_HOUR else "days"])


def ladder(reader: Reader) -> Iterator[Row]:
    content = reader.file("ladder.yaml")
    if not reader.fields("ladder.yaml", content, "steps"):
        return
    seen: set[tuple[Any, ...]] = set()
    for entry in content["steps"]:
        if not reader.fields("ladder.yaml", entry, "level tell source", "kind tier number reassigns raises_priority"):
            continue
        key = tuple(entry.get(name, empty) for name, empty in LADDER_KEY.items())
        where = f"ladder.yaml, {' '.join(str(part) for part in key if part)}"
        reader.known(where, "alarm", entry["level"], AlarmLevel.values)
        reader.known(where, "clock", entry.get("kind", ""), {"", *ClockKind.values})
        reader.known(where, "tier", entry.get("tier", ""), Tier.values)
        for listener in entry["tell"]:
            reader.known(where, "listener", listener, Listener.values)
        if not entry["tell"]:
            reader.fault(where, "tells nobody.")
        if entry.get("number") is not None and entry["number"] not in range(1, 10):
            reader.fault(where, f"the number {entry['number']!r} is not one from 1 to 9.")
        if entry["level"] == AlarmLevel.WARN and (entry.get("reassigns") or entry.get("raises_priority")):
            reader.fault(where, "a warning changes nothing: only a missed deadline gives it to others or raises it.")
        if key in seen:
            reader.fault(where, "is there twice.")
        seen.add(key)
        yield {
            **dict(zip(LADDER_KEY, key, strict=True)),
            "tell": list(dict.fromkeys(entry["tell"])),
            "reassigns": entry.get("reassigns", False),
            "raises_priority": entry.get("raises_priority", False),
        }
