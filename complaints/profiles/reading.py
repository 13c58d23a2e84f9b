"""Reads a profile's files and checks them all: what comes out can be written as rows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from string import Formatter
from typing import Any

import yaml
from django.conf import settings

from complaints.clocks.calendars import WorkingCalendar
from complaints.clocks.limits import BadLimit, Limit, Unit
from complaints.clocks.policies import NO_PROMISE
from complaints.models import (
    AlarmLevel,
    CallShare,
    Channel,
    ClockKind,
    DeskSettings,
    Listener,
    Measure,
    Medium,
    OutageKind,
    Priority,
    RequestType,
    Severity,
    Source,
    Tier,
)
from complaints.profiles import phrases, safety, tariffs
from customers.models import AreaClass
from customers.models.people import KEY, CustomerKind
from staff.models import TeamKind

FOLDER = Path(settings.BASE_DIR) / "profiles"
LANGUAGES = ("zh-hans", "en")
PLACEHOLDERS = frozenset(
    {
        *("reference", "name", "category", "track_url", "feedback_url", "desk_url", "due", "message", "reason"),
        *("resolution", "referred_to", "merged_into", "clock", "count", "hotline", "regulator", "utility"),
        *("kind", "place", "expected", "restored", "webhook", "host", "starts", "ends"),
        *("view", "limit", "hours", "oldest", "rows"),
        *("amount", "way"),
        *("who", "what", "by_when", "request_url"),
        *("survey_url", "until"),
    }
)
"""What a notice text may say in {braces}; `outbox.words_for`, `issues.words_for` and `watching` give their values."""
QUESTION_TYPES = {"yes_no", "choice", "text", "datetime"}
ASKED_OF = {"staff", "public"}
STARTS = {"received", "registered", "resolved", "arrived", "restored", "urged", "asked"}
STATISTICS = {"each", "mean"}
LADDER_KEY = {"kind": "", "tier": "", "level": "", "number": None}
"""What names a step of the ladder, and what stands for "every"."""

Row = dict[str, Any]


class BadProfile(ValueError):
    """A profile cannot be loaded; `faults` are sentences that name file, entry and what is wrong."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = list(faults)
        super().__init__("\n".join(self.faults))


@dataclass(frozen=True, slots=True)
class Profile:
    """A checked profile: for each kind of row the values of its fields, codes standing for other rows."""

    code: str
    desk: Row
    branch: Row
    teams: list[Row]
    categories: list[Row]
    subcategories: list[Row]
    root_causes: list[Row]
    calendars: list[Row]
    pauses: list[Row]
    policies: list[Row]
    routes: list[Row]
    templates: list[Row]
    ladder: list[Row]
    call_quotas: list[Row]
    phrases: list[Row]
    tariffs: list[Row]
    conduct: list[Row]
    safety: Row


@dataclass(slots=True)
class _Reader:
    """Reads the files of one folder and collects every fault, so that they can all be mended at once."""

    folder: Path
    faults: list[str] = field(default_factory=list)

    def file(self, name: str) -> Any:
        try:
            return yaml.safe_load((self.folder / name).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise BadProfile([f"{name} cannot be read: {error}"]) from None

    def fault(self, where: str, what: str) -> None:
        self.faults.append(f"{where}: {what}")

    def fields(self, where: str, entry: Any, needed: str, optional: str = "") -> bool:
        """Whether the entry has all the needed keys and no unknown one."""
        if not isinstance(entry, dict):
            self.fault(where, "is not a list of names and values.")
            return False
        missing = set(needed.split()) - set(entry)
        unknown = set(entry) - set(needed.split()) - set(optional.split())
        if missing:
            self.fault(where, f"lacks {', '.join(sorted(missing))}.")
        if unknown:
            self.fault(where, f"says {', '.join(sorted(map(str, unknown)))}, which nothing reads.")
        return not missing and not unknown

    def entries(self, where: str, entries: Any, needed: str, optional: str = "") -> Iterator[tuple[str, Row]]:
        """The well-formed entries with the words that name each; a code may be given once."""
        seen: set[str] = set()
        for entry in entries or []:
            name = f"{where}, {entry.get('code') or entry.get('key') or '?'}" if isinstance(entry, dict) else where
            if not self.fields(name, entry, needed, optional):
                continue
            if name in seen:
                self.fault(name, "is there twice.")
                continue
            seen.add(name)
            yield name, entry

    def known(self, where: str, what: str, value: Any, choices: Iterable[str]) -> None:
        if value not in set(choices):
            self.fault(where, f"the {what} {value!r} is not known.")

    def names(self, where: str, value: Any, prefix: str = "name") -> Row:
        """Both names as fields, for example name_zh and name_en."""
        if not self.fields(where, value, "zh en"):
            return {}
        return {f"{prefix}_zh": str(value["zh"]), f"{prefix}_en": str(value["en"])}


def names() -> list[str]:
    """The profiles that come with the product."""
    return sorted(path.parent.name for path in FOLDER.glob("*/profile.yaml"))


def read(folder: Path) -> Profile:
    """The profile in a folder. Raises BadProfile with everything that is wrong with it."""
    reader = _Reader(folder)
    about = reader.file("profile.yaml")
    optional = "name time_zone languages currency reference city_line area_classes"
    if not reader.fields("profile.yaml", about, "code branch desk", optional):
        raise BadProfile(reader.faults)
    categories, subcategories = _categories(reader)
    codes = {row["code"] for row in categories}, {row["code"]: row["category"] for row in subcategories}
    calendars = _calendars(reader, about.get("time_zone", settings.TIME_ZONE))
    money = reader.file(tariffs.FILE)
    profile = Profile(
        code=about["code"],
        desk=_desk(reader, about["desk"]) | tariffs.settings(reader, money),
        branch={"code": about["branch"]["code"], **reader.names("profile.yaml, branch", about["branch"]["name"])},
        teams=list(_teams(reader)),
        categories=categories,
        subcategories=subcategories,
        root_causes=list(_root_causes(reader)),
        calendars=calendars,
        pauses=list(_pauses(reader, {row["code"] for row in calendars})),
        policies=list(_policies(reader, *codes, {row["code"] for row in calendars})),
        routes=list(_routes(reader, *codes)),
        templates=list(_templates(reader)),
        phrases=list(phrases.rows(reader, {row["code"] for row in categories})),
        ladder=list(_ladder(reader)),
        tariffs=list(tariffs.rows(reader, money)),
        conduct=list(_conduct(reader, codes[1])),
        safety=safety.rows(reader),
        call_quotas=list(_call_quotas(reader, codes[0])),
    )
    if reader.faults:
        raise BadProfile(reader.faults)
    return profile


def _desk(reader: _Reader, desk: Row) -> Row:
    fields = {f.name for f in DeskSettings._meta.concrete_fields if not f.primary_key}
    reader.fields("profile.yaml, desk", desk, "", " ".join(fields))
    read = {"interview": _interview(reader), "voltage_limits": list(_voltage_limits(reader))}
    return {**desk, **read, "outage_notice": _outage_notice(reader)}


def _outage_notice(reader: _Reader) -> Row:
    """Rules as complaints/investigation/outage_notice.py reads them."""
    content = reader.file("outage_notice.yaml")
    if not reader.fields("outage_notice.yaml", content, "rules change"):
        return {}
    for rule in content["rules"]:
        if reader.fields("outage_notice.yaml, rules", rule, "kind hours for source"):
            reader.known("outage_notice.yaml, rules", "kind of outage", rule["kind"], OutageKind.values)
            reader.known("outage_notice.yaml, rules", "addressee", rule["for"], {"all", "important"})
            _whole(reader, f"outage_notice.yaml, {rule['kind']}", rule["hours"])
    if reader.fields("outage_notice.yaml, change", content["change"], "minutes source"):
        _whole(reader, "outage_notice.yaml, change", content["change"]["minutes"])
    return dict(content)


def _whole(reader: _Reader, where: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        reader.fault(where, f"{value!r} is not a whole number above zero.")


def _voltage_limits(reader: _Reader) -> Iterator[Row]:
    """Packs as complaints/investigation/limits.py reads them."""
    content = reader.file("voltage_limits.yaml")
    for where, pack in reader.entries("voltage_limits.yaml", content, "code name nominals days", "rules spread"):
        reader.names(where, pack["name"])
        if ("rules" in pack) == ("spread" in pack):
            reader.fault(where, "has either rules or a spread.")
        for rule in pack.get("rules", []):
            if not reader.fields(f"{where}, rules", rule, "low high share", "mean_minutes each_week name broken"):
                continue
            try:
                if not Decimal(str(rule["low"])) < Decimal(str(rule["high"])):
                    reader.fault(where, "the lower limit is not below the upper one.")
            except InvalidOperation:
                reader.fault(where, "a limit is no number.")
            for words in (rule[key] for key in ("name", "broken") if key in rule):
                reader.names(where, words)
        yield json.loads(json.dumps(pack, ensure_ascii=False))


def _interview(reader: _Reader) -> Row:
    script = reader.file("interview.yaml")
    reader.fields("interview.yaml", script, "greeting questions scale closing")
    return json.loads(json.dumps(script, ensure_ascii=False))  # as the database will give it back


def _call_quotas(reader: _Reader, categories: set[str]) -> Iterator[Row]:
    content = reader.file("call_backs.yaml")
    optional = "request_type channel category expected margin most"
    for where, entry in reader.entries("call_backs.yaml", content, "key share", optional):
        reader.known(where, "share", entry["share"], CallShare.values)
        if "request_type" in entry:
            reader.known(where, "type", entry["request_type"], RequestType.values)
        if "channel" in entry:
            reader.known(where, "channel", entry["channel"], Channel.values)
        if "category" in entry:
            reader.known(where, "category", entry["category"], categories)
        yield {
            "request_type": entry.get("request_type", ""),
            "channel": entry.get("channel", ""),
            "category": entry.get("category", ""),
            "share": entry["share"],
            "expected": Decimal(str(entry.get("expected", "0.90"))),
            "margin": Decimal(str(entry.get("margin", "0.03"))),
            "most": entry.get("most"),
        }


def _teams(reader: _Reader) -> Iterator[Row]:
    for where, entry in reader.entries("teams.yaml", reader.file("teams.yaml"), "code name"):
        reader.known(where, "kind of team", entry["code"], TeamKind.values)
        yield {"kind": entry["code"], **reader.names(where, entry["name"])}


def _categories(reader: _Reader) -> tuple[list[Row], list[Row]]:
    categories: list[Row] = []
    subcategories: list[Row] = []
    needed, optional = "code slug icon name public subcategories questions", "advice"
    for where, entry in reader.entries("categories.yaml", reader.file("categories.yaml"), needed, optional):
        own = list(_subcategories(reader, where, entry))
        subcategories += own
        categories.append(
            {
                "code": entry["code"],
                "slug": entry["slug"],
                "icon": entry["icon"],
                "position": len(categories) + 1,
                **reader.names(where, entry["name"]),
                **reader.names(where, entry["public"], "public"),
                "questions": list(_questions(reader, where, entry["questions"], {row["code"] for row in own})),
                "advice": entry.get("advice", {}),
            }
        )
    return categories, subcategories


def _subcategories(reader: _Reader, category: str, entry: Row) -> Iterator[Row]:
    needed, optional = "code name priority", "public sgcc nea ceer request_type"
    for where, sub in reader.entries(category, entry["subcategories"], needed, optional):
        reader.known(where, "priority", sub["priority"], Priority.names)
        yield {
            "code": sub["code"],
            "category": entry["code"],
            **reader.names(where, sub["name"]),
            "default_priority": Priority[sub["priority"]].value if sub["priority"] in Priority.names else None,
            "is_public": "public" in sub,
            **(reader.names(where, sub["public"], "public") if "public" in sub else {"public_zh": "", "public_en": ""}),
            "request_type": sub.get("request_type", ""),
            **{f"{name}_class": sub.get(name, "") for name in ("sgcc", "nea", "ceer")},
        }


def _questions(reader: _Reader, category: str, questions: Any, subcategories: set[str]) -> Iterator[Row]:
    needed, optional = "key type zh en required_for", "choices subcategories"
    for where, entry in reader.entries(f"{category}, questions", questions, needed, optional):
        reader.known(where, "type", entry["type"], QUESTION_TYPES)
        for asked in entry["required_for"]:
            reader.known(where, "form", asked, ASKED_OF)
        for code in entry.get("subcategories", []):
            reader.known(where, "subcategory", code, subcategories)
        if (entry["type"] == "choice") != bool(entry.get("choices")):
            reader.fault(where, "a choice, and only a choice, lists its choices.")
        for choice in entry.get("choices", []):
            reader.fields(f"{where}, choices", choice, "value zh en")
        yield entry


def _root_causes(reader: _Reader) -> Iterator[Row]:
    position = 0
    for where, cause in reader.entries("root_causes.yaml", reader.file("root_causes.yaml"), "code name", "children"):
        position += 1
        yield {"code": cause["code"], "parent": "", "position": position, **reader.names(where, cause["name"])}
        for under, child in reader.entries(where, cause.get("children"), "code name"):
            position += 1
            row = {"code": child["code"], "parent": cause["code"], "position": position}
            yield row | reader.names(under, child["name"])


def _calendars(reader: _Reader, time_zone: str) -> list[Row]:
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


def _pauses(reader: _Reader, calendars: set[str]) -> Iterator[Row]:
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


def _policies(reader: _Reader, categories: set[str], subcategories: Row, calendars: set[str]) -> Iterator[Row]:
    content = reader.file("policies.yaml")
    if not reader.fields("policies.yaml", content, "calendars policies"):
        return
    for use in ("days", "hours"):
        reader.known("policies.yaml", f"calendar for {use}", content["calendars"].get(use), calendars)
    facts = _facts(categories, set(subcategories))
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


def _facts(categories: set[str], subcategories: set[str]) -> Mapping[str, set[str]]:
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


def _match(reader: _Reader, where: str, match: Row, facts: Mapping[str, set[str]]) -> dict[str, list[str]]:
    wanted: dict[str, list[str]] = {}
    for name, values in match.items():
        reader.known(where, "condition", name, facts)
        for value in values:
            reader.known(where, name, value, facts.get(name, ()))
        wanted[name] = [str(Priority[v].value) if v in Priority.names else v for v in values]
    return wanted


def _limits(reader: _Reader, policy: str, limits: Any, calendars: Row) -> Iterator[Row]:
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


def _routes(reader: _Reader, categories: set[str], subcategories: Row) -> Iterator[Row]:
    optional = "request_type channel category subcategory area segment"
    for where, entry in reader.entries("routes.yaml", reader.file("routes.yaml"), "code rank team", optional):
        for name, values in _facts(categories, set(subcategories)).items():
            if name in entry:
                reader.known(where, name, entry[name], values)
        reader.known(where, "kind of team", entry["team"], TeamKind.values)
        yield {
            "code": entry["code"],
            "rank": entry["rank"],
            "request_type": entry.get("request_type", ""),
            "channel": entry.get("channel", ""),
            "category": entry.get("category", ""),
            "subcategory": entry.get("subcategory", ""),
            "area_class": entry.get("area", ""),
            "segment": entry.get("segment", ""),
            "team_kind": entry["team"],
        }


def _ladder(reader: _Reader) -> Iterator[Row]:
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


def _conduct(reader: _Reader, subcategories: Row) -> Iterator[Row]:
    entries = reader.entries(
        "conduct.yaml", reader.file("conduct.yaml"), "code name text source subcategories", "measure limit"
    )
    for position, (where, entry) in enumerate(entries, start=1):
        for code in entry["subcategories"]:
            reader.known(where, "subcategory", code, subcategories)
        if ("measure" in entry) != ("limit" in entry):
            reader.fault(where, "has a measure and a limit, or neither.")
        if "measure" in entry:
            reader.known(where, "measure", entry["measure"], Measure.values)
            _whole(reader, where, entry.get("limit"))
        yield {
            "code": entry["code"],
            **reader.names(where, entry["name"]),
            **reader.names(where, entry["text"], "text"),
            "source": entry["source"],
            "subcategories": entry["subcategories"],
            "measure": entry.get("measure", ""),
            "limit": entry.get("limit"),
            "position": position,
        }


def _templates(reader: _Reader) -> Iterator[Row]:
    for path in sorted((reader.folder / "templates").glob("*.yaml")):
        where = f"templates/{path.name}"
        content = reader.file(where)
        if not reader.fields(where, content, " ".join(LANGUAGES)):
            continue
        if len({tuple(sorted(content[language])) for language in LANGUAGES}) > 1:
            reader.fault(where, "is not in both languages for every medium.")
        for language in LANGUAGES:
            name = f"{where}, {language}"
            if not reader.fields(name, content[language], "email", "sms letter"):
                continue
            email = content[language]["email"]
            if not reader.fields(f"{name}, email", email, "subject body"):
                continue
            texts = [(Medium.EMAIL, email["subject"], email["body"].strip())]
            if "sms" in content[language]:
                texts.append((Medium.SMS, "", content[language]["sms"].strip()))
            if "letter" in content[language]:
                letter = content[language]["letter"]
                if not reader.fields(f"{name}, letter", letter, "subject body"):
                    continue
                texts.append((Medium.LETTER, letter["subject"], letter["body"].strip()))
            for medium, subject, body in texts:
                _placeholders(reader, f"{name}, {medium.value}", subject + body)
                row = {"code": path.stem, "medium": medium.value, "language": language}
                yield row | {"subject": subject, "body": body}


def _placeholders(reader: _Reader, where: str, text: str) -> None:
    try:
        used = {name for _text, name, _format, _conversion in Formatter().parse(text) if name is not None}
    except ValueError as error:
        reader.fault(where, f"the braces do not match: {error}.")
        return
    for name in sorted(used - PLACEHOLDERS):
        reader.fault(where, f"nothing is known to put in place of {{{name}}}.")
