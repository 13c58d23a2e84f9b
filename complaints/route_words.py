"""Routing rules in words: the sentence that a supervisor reads, and why a rule does not answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from complaints.models import Category, Channel, RequestType, RoutingRule, Subcategory
from complaints.routing import NAMES, Trial
from customers.models import AreaClass, CustomerKind, Feeder
from customers.models.people import KEY
from staff.models import Branch, Team, TeamKind

FIELDS = (*NAMES, "team_kind", "team")
"""What a rule says, as its changes keep it."""
ROWS: dict[str, Any] = {
    "category": Category,
    "subcategory": Subcategory,
    "branch": Branch,
    "feeder": Feeder,
    "team": Team,
}


def segments() -> list[tuple[str, str]]:
    """The segments of customers, the key customers first."""
    return [(KEY, _("Key customer")), *((str(value), str(label)) for value, label in CustomerKind.choices)]


def said(rule: RoutingRule) -> dict[str, str]:
    """What the rule says, as text that stays readable when names change: the codes of rows."""
    found = {}
    for name in FIELDS:
        value = getattr(rule, name)
        if value not in (None, ""):
            found[name] = value.code if name in ROWS else str(value)
    return found


def sentence(rule: RoutingRule) -> str:
    """Such as “Outage by phone in rural areas goes to the branch's team ‘Outage crew’.”"""
    return _sentence({name: getattr(rule, name) for name in FIELDS})


def sentences(changes: Iterable[Mapping[str, str]]) -> list[str]:
    """The sentences of what changes kept; rows that they name are read together."""
    kept = list(changes)
    rows: dict[str, dict[str, Any]] = {}
    for name, model in ROWS.items():
        codes = {one[name] for one in kept if name in one}
        found = model._default_manager.filter(code__in=codes) if codes else ()
        rows[name] = {row.code: row for row in found}
    return [
        _sentence({name: rows[name].get(value, value) if name in ROWS else value for name, value in one.items()})
        for one in kept
    ]


def _sentence(values: Mapping[str, Any]) -> str:
    what = values.get("subcategory") or values.get("category") or _("Everything")
    parts = [str(what), *(words for name in NAMES if (words := condition(name, values.get(name))))]
    return _("%(what)s goes to %(target)s.") % {"what": _joined(parts), "target": target(values)}


def _joined(parts: list[str]) -> str:
    """Chinese puts commas where English puts spaces."""
    return ("，" if (get_language() or "").startswith("zh") else " ").join(parts)


def target(values: Mapping[str, Any]) -> str:
    if values.get("team"):
        return _("the team “%(team)s”") % {"team": values["team"]}
    kind = TeamKind(values["team_kind"]).label if values.get("team_kind") in TeamKind.values else ""
    return _("the branch's team “%(kind)s”") % {"kind": kind}


def condition(name: str, value: Any) -> str:
    """One condition beside category and subcategory, as the sentence says it; empty when there is none."""
    if value in (None, "") or name in ("category", "subcategory"):
        return ""
    words = {
        "request_type": lambda: _("as %(type)s") % {"type": _label(RequestType, value)},
        "channel": lambda: _("by %(channel)s") % {"channel": _label(Channel, value)},
        "area_class": lambda: _("in %(area)s areas") % {"area": _label(AreaClass, value)},
        "segment": lambda: _from(str(value)),
        "branch": lambda: _("in %(branch)s and below") % {"branch": value},
        "feeder": lambda: _("on feeder %(feeder)s") % {"feeder": value},
    }
    return words[name]()


def _from(segment: str) -> str:
    if segment == KEY:
        return _("from key customers")
    return _("from %(segment)s customers") % {"segment": _small(dict(segments()).get(segment, segment))}


def why_not(trial: Trial) -> str:
    """Why a rule did not answer; empty when it could."""
    rule = trial.rule
    if not trial.misfits:
        return "" if trial.team else _("It fits, but the branch has no such team, nor has any above it.")
    names = {
        "request_type": lambda: _label(RequestType, rule.request_type),
        "channel": lambda: _label(Channel, rule.channel),
        "category": lambda: str(rule.category),
        "subcategory": lambda: str(rule.subcategory),
        "area_class": lambda: _label(AreaClass, rule.area_class),
        "segment": lambda: _small(dict(segments()).get(rule.segment, rule.segment)),
        "branch": lambda: str(rule.branch),
        "feeder": lambda: str(rule.feeder),
    }
    glue = "、" if (get_language() or "").startswith("zh") else ", "
    return _("It is only for: %(conditions)s") % {"conditions": glue.join(names[name]() for name in trial.misfits)}


def _label(choices: Any, value: Any) -> str:
    return _small(str(choices(value).label)) if value in choices.values else str(value)


def _small(label: str) -> str:
    """A label within an English sentence; what is written in capitals stays so."""
    return label if label.isupper() else label[:1].lower() + label[1:]
