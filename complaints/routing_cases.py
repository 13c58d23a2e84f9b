"""Sheets of routing cases in words: what should go where, held against the rules as they are. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints.models import Category, Channel, RequestType, Subcategory
from complaints.refusals import BadInput
from complaints.route_words import segments, sentence
from complaints.routing import Facts, Routes
from customers.models import AreaClass, Feeder
from staff.models import Branch, Team

COLUMNS: dict[str, Any] = {
    "request_type": gettext_lazy("Request type"),
    "category": gettext_lazy("Category"),
    "subcategory": gettext_lazy("Subcategory"),
    "channel": gettext_lazy("Channel"),
    "area_class": gettext_lazy("Area"),
    "segment": gettext_lazy("Customer segment"),
    "branch": gettext_lazy("Branch"),
    "feeder": gettext_lazy("Feeder"),
    "team_zh": gettext_lazy("Expected team in Chinese"),
    "team_en": gettext_lazy("Expected team in English"),
    "comment": gettext_lazy("Comment"),
}
"""The columns of a sheet and their headings; a heading may also be our own name of the column."""
HEADINGS = {
    "request_type": ("业务类型", "request type"),
    "category": ("类别", "category"),
    "subcategory": ("子类", "subcategory"),
    "channel": ("渠道", "channel"),
    "area_class": ("地区类别", "area"),
    "segment": ("客户类型", "segment"),
    "branch": ("供电单位", "branch"),
    "feeder": ("线路", "feeder"),
    "team_zh": ("应到班组", "expected team in chinese"),
    "team_en": ("expected team", "expected team in english"),
    "comment": ("说明", "comment"),
}
"""Headings that are always known, so that a sheet kept for years is still read when the words of the pages change."""
NEEDED = ("branch",)
EXPECTED = ("team_zh", "team_en")


@dataclass(frozen=True, slots=True)
class Checked:
    """One row held against the rules; `problems` are cells that mean nothing, and then it has no answer."""

    number: int
    cells: dict[str, str]
    team: Team | None
    rule: str
    problems: tuple[str, ...]
    passes: bool

    @property
    def words(self) -> str:
        """What the row says of the complaint."""
        told = (name for name in COLUMNS if name not in (*EXPECTED, "comment"))
        return " · ".join(self.cells[name] for name in told if self.cells.get(name))

    @property
    def expected(self) -> str:
        return " / ".join(self.cells[name] for name in EXPECTED if self.cells.get(name))


def check(rows: Sequence[Sequence[str]], branches: QuerySet[Branch]) -> list[Checked]:
    """Each row after the headings, empty ones left out. Raises BadInput when the headings are not those of such a sheet."""
    if not rows:
        raise BadInput(_("The file is empty."), fields=["file"])
    columns = _columns(rows[0])
    words, routes = _Words(branches), Routes()
    checked = []
    for number, row in enumerate(rows[1:], start=2):
        cells = {name: row[at].strip() for name, at in columns.items() if at < len(row)}
        if any(cells.values()):
            checked.append(_check(number, cells, words, routes))
    return checked


def _check(number: int, cells: dict[str, str], words: _Words, routes: Routes) -> Checked:
    found, problems = {}, []
    for name in COLUMNS:
        text = cells.get(name, "")
        if name in words.known and text:
            if _plain(text) in words.known[name]:
                found[name] = words.known[name][_plain(text)]
            else:
                problems.append(_("%(column)s: “%(text)s” is not known.") % {"column": COLUMNS[name], "text": text})
        elif name in NEEDED:
            problems.append(_("%(column)s is missing.") % {"column": COLUMNS[name]})
    expected = [cells[name] for name in EXPECTED if cells.get(name)]
    if not expected:
        problems.append(_("It does not say which team is expected."))
    problems += [
        _("There is no team “%(team)s”.") % {"team": one} for one in expected if _plain(one) not in words.teams
    ]
    if problems:
        return Checked(number, cells, None, "", tuple(problems), False)
    rule, team = routes.answer(_facts(found))
    names = {_plain(one) for one in (team.code, team.name_zh, team.name_en)} if team else set()
    passes = all(_plain(one) in names for one in expected)
    return Checked(number, cells, team, sentence(rule) if rule else "", (), passes)


def _facts(found: dict[str, Any]) -> Facts:
    """As the door would find them: a subcategory says its category, and some their request type."""
    category, subcategory = found.get("category"), found.get("subcategory")
    fixed = subcategory.request_type if subcategory else ""
    return Facts(
        request_type=fixed or found.get("request_type", RequestType.COMPLAINT),
        channel=found.get("channel", ""),
        category=subcategory.category_id if subcategory else category.pk if category else None,
        subcategory=subcategory.pk if subcategory else None,
        area_class=found.get("area_class", ""),
        segment=found.get("segment", ""),
        branch=found["branch"].path,
        feeder=found["feeder"].pk if "feeder" in found else None,
    )


def _plain(text: str) -> str:
    """A text as it is compared: case and outer spaces do not count."""
    return text.strip().casefold()


def _columns(heads: Sequence[str]) -> dict[str, int]:
    known: dict[str, str] = {name: name for name in COLUMNS}
    for name, labels in _in_all_languages(COLUMNS.items()):
        known |= {_plain(label): name for label in (*labels, *HEADINGS[name])}
    found = {known[_plain(head)]: at for at, head in enumerate(heads) if _plain(head) in known}
    missing = [str(COLUMNS[name]) for name in NEEDED if name not in found]
    if missing or not any(name in found for name in EXPECTED):
        missing += [] if any(name in found for name in EXPECTED) else [str(COLUMNS["team_zh"])]
        raise BadInput(
            _("The first line must name the columns. Missing: %(columns)s") % {"columns": ", ".join(missing)},
            fields=["file"],
        )
    return found


def _in_all_languages(choices: Iterable[tuple[Any, Any]]) -> Iterator[tuple[Any, list[str]]]:
    """Each value with what it is called in every language of the product."""
    for value, label in list(choices):
        labels = []
        for code, _name in settings.LANGUAGES:
            with translation.override(code):
                labels.append(str(label))
        yield value, labels


class _Words:
    """What each cell may say: a code, a name in Chinese or in English; read once for a whole sheet."""

    def __init__(self, branches: QuerySet[Branch]) -> None:
        self.known: dict[str, dict[str, Any]] = {
            "request_type": _of_choices(RequestType.choices),
            "channel": _of_choices(Channel.choices),
            "area_class": _of_choices(AreaClass.choices),
            "segment": _segments(),
            "category": _of_rows(Category.objects.all()),
            "subcategory": _of_rows(Subcategory.objects.all()),
            "branch": _of_rows(branches),
            "feeder": _of_rows(Feeder.objects.all()),
        }
        self.teams = set(_of_rows(Team.objects.filter(is_active=True)))


def _of_choices(choices: Iterable[tuple[Any, Any]]) -> dict[str, str]:
    known: dict[str, str] = {}
    for value, labels in _in_all_languages(choices):
        known |= {_plain(word): str(value) for word in (str(value), *labels)}
    return known


def _segments() -> dict[str, str]:
    known: dict[str, str] = {}
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            for value, label in segments():
                known |= {_plain(value): value, _plain(label): value}
    return known


def _of_rows(rows: Iterable[Any]) -> dict[str, Any]:
    """By code first: a name that is another row's code means that row."""
    listed, known = list(rows), dict[str, Any]()
    for row in listed:
        known |= {_plain(row.name_zh): row, _plain(row.name_en): row}
    return known | {_plain(row.code): row for row in listed}


def sheet(branch: Branch) -> Iterator[list[str]]:
    """A sheet to begin with: headings, and for each rule in use one case that the rules answer today."""
    yield [str(label) for label in COLUMNS.values()]
    from_rules = Routes()
    for rule in from_rules.rules:
        place = rule.branch or branch
        facts = Facts(
            request_type=rule.request_type or RequestType.COMPLAINT,
            channel=rule.channel,
            category=rule.subcategory.category_id if rule.subcategory else rule.category_id,
            subcategory=rule.subcategory_id,
            area_class=rule.area_class,
            segment=rule.segment,
            branch=place.path,
            feeder=rule.feeder_id,
        )
        team = from_rules.answer(facts)[1]
        if team is not None:
            yield [
                str(RequestType(rule.request_type).label) if rule.request_type else "",
                rule.category.name if rule.category else "",
                rule.subcategory.code if rule.subcategory else "",
                str(Channel(rule.channel).label) if rule.channel else "",
                str(AreaClass(rule.area_class).label) if rule.area_class else "",
                dict(segments()).get(rule.segment, rule.segment),
                place.name,
                rule.feeder.code if rule.feeder else "",
                team.name_zh,
                team.name_en,
                sentence(rule),
            ]
