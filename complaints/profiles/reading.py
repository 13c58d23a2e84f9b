"""Reads a profile's files and checks them all: what comes out can be written as rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from string import Formatter
from typing import Any

from django.conf import settings

from complaints.models import (
    CallShare,
    Channel,
    DeskSettings,
    Measure,
    Medium,
    OutageKind,
    Priority,
    RequestType,
)
from complaints.profiles import phrases, promises, retention, safety, tariffs
from complaints.profiles.reader import BadProfile, Reader, Row
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
        *("report", "period", "note"),
    }
)
"""What a notice text may say in {braces}; `outbox.words_for`, `issues.words_for` and `watching` give their values."""
QUESTION_TYPES = {"yes_no", "choice", "text", "datetime"}
ASKED_OF = {"staff", "public"}


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
    retention: list[Row]


def names() -> list[str]:
    """The profiles that come with the product."""
    return sorted(path.parent.name for path in FOLDER.glob("*/profile.yaml"))


def read(folder: Path) -> Profile:
    """The profile in a folder. Raises BadProfile with everything that is wrong with it."""
    reader = Reader(folder)
    about = reader.file("profile.yaml")
    optional = "name time_zone languages currency reference city_line area_classes"
    if not reader.fields("profile.yaml", about, "code branch desk", optional):
        raise BadProfile(reader.faults)
    categories, subcategories = _categories(reader)
    codes = {row["code"] for row in categories}, {row["code"]: row["category"] for row in subcategories}
    calendars = promises.calendars_of(reader, about.get("time_zone", settings.TIME_ZONE))
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
        pauses=list(promises.pauses(reader, {row["code"] for row in calendars})),
        policies=list(promises.policies(reader, *codes, {row["code"] for row in calendars})),
        routes=list(_routes(reader, *codes)),
        templates=list(_templates(reader)),
        phrases=list(phrases.rows(reader, {row["code"] for row in categories})),
        ladder=list(promises.ladder(reader)),
        tariffs=list(tariffs.rows(reader, money)),
        conduct=list(_conduct(reader, codes[1])),
        safety=safety.rows(reader),
        retention=list(retention.rows(reader, codes[0])),
        call_quotas=list(_call_quotas(reader, codes[0])),
    )
    if reader.faults:
        raise BadProfile(reader.faults)
    return profile


def _desk(reader: Reader, desk: Row) -> Row:
    fields = {f.name for f in DeskSettings._meta.concrete_fields if not f.primary_key}
    reader.fields("profile.yaml, desk", desk, "", " ".join(fields))
    read = {"interview": _interview(reader), "voltage_limits": list(_voltage_limits(reader))}
    return {**desk, **read, "outage_notice": _outage_notice(reader)}


def _outage_notice(reader: Reader) -> Row:
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


def _whole(reader: Reader, where: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        reader.fault(where, f"{value!r} is not a whole number above zero.")


def _voltage_limits(reader: Reader) -> Iterator[Row]:
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


def _interview(reader: Reader) -> Row:
    script = reader.file("interview.yaml")
    reader.fields("interview.yaml", script, "greeting questions scale closing")
    return json.loads(json.dumps(script, ensure_ascii=False))  # as the database will give it back


def _call_quotas(reader: Reader, categories: set[str]) -> Iterator[Row]:
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


def _teams(reader: Reader) -> Iterator[Row]:
    for where, entry in reader.entries("teams.yaml", reader.file("teams.yaml"), "code name"):
        reader.known(where, "kind of team", entry["code"], TeamKind.values)
        yield {"kind": entry["code"], **reader.names(where, entry["name"])}


def _categories(reader: Reader) -> tuple[list[Row], list[Row]]:
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


def _subcategories(reader: Reader, category: str, entry: Row) -> Iterator[Row]:
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


def _questions(reader: Reader, category: str, questions: Any, subcategories: set[str]) -> Iterator[Row]:
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


def _root_causes(reader: Reader) -> Iterator[Row]:
    position = 0
    for where, cause in reader.entries("root_causes.yaml", reader.file("root_causes.yaml"), "code name", "children"):
        position += 1
        yield {"code": cause["code"], "parent": "", "position": position, **reader.names(where, cause["name"])}
        for under, child in reader.entries(where, cause.get("children"), "code name"):
            position += 1
            row = {"code": child["code"], "parent": cause["code"], "position": position}
            yield row | reader.names(under, child["name"])


def _routes(reader: Reader, categories: set[str], subcategories: Row) -> Iterator[Row]:
    optional = "request_type channel category subcategory area segment"
    for where, entry in reader.entries("routes.yaml", reader.file("routes.yaml"), "code rank team", optional):
        for name, values in promises.facts_of(categories, set(subcategories)).items():
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


def _conduct(reader: Reader, subcategories: Row) -> Iterator[Row]:
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


def _templates(reader: Reader) -> Iterator[Row]:
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


def _placeholders(reader: Reader, where: str, text: str) -> None:
    try:
        used = {name for _text, name, _format, _conversion in Formatter().parse(text) if name is not None}
    except ValueError as error:
        reader.fault(where, f"the braces do not match: {error}.")
        return
    for name in sorted(used - PLACEHOLDERS):
        reader.fault(where, f"nothing is known to put in place of {{{name}}}.")
