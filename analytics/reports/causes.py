"""Why complaints that held came about: causes by weight, the heaviest first, with the line of their sum (a Pareto chart)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate

from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from analytics.filters import Chosen
from analytics.measures import measures
from analytics.models import ComplaintFact
from analytics.reading import behind
from analytics.reading import read as read_figures
from analytics.reports.base import Cell, Chart, Column, Findings, Listing, Report, Series, Table, percent, told
from analytics.reports.groups import groups
from analytics.reports.parts import list_address, listed, number
from analytics.statistics import LOW_BASE, MOST_OTHER, ranked
from complaints.investigation.outage import all_steps, customer_minutes
from complaints.models import OutageFinding, RootCause
from staff.models import User

OTHER = "other"
NAME, MINUTES, GROUP = "causes", "minutes", "group"


@dataclass(slots=True)
class Tree:
    """Names of causes by code, and under which name each is counted."""

    names: dict[str, str]
    counted_as: dict[str, str]

    def under(self, name: str) -> list[str]:
        """The codes of causes that are counted under this name."""
        return [code for code, shown in self.counted_as.items() if shown == name]


@dataclass(slots=True)
class Weighed:
    """Customer-minutes of each cause, and the complaints of which they are known."""

    minutes: Counter[str] = field(default_factory=Counter)
    known: dict[str, set[int]] = field(default_factory=dict)


@dataclass(slots=True)
class Causes:
    """What was found: how many of each cause in each category, how heavy each is, and in which order they stand."""

    tree: Tree
    counts: Counter[tuple[str, str]]
    weights: dict[str, float]
    shown: list[str]
    others: list[str]
    weighed: Weighed = field(default_factory=Weighed)

    @property
    def lines(self) -> list[tuple[str, str, list[str]]]:
        """Code, name and the codes counted under it, "other" last."""
        rest = [(OTHER, _("Other, or none named"), self.others)] if self.others else []
        return [*((code, self.tree.names.get(code, code), [code]) for code in self.shown), *rest]

    def number(self, codes: list[str], category: str = "") -> int:
        return sum(n for (of, code), n in self.counts.items() if code in codes and category in ("", of))

    def weight(self, codes: list[str]) -> float:
        return sum(self.weights.get(code, 0) for code in codes)

    def known(self, codes: list[str]) -> set[int]:
        return {pk for code in codes for pk in self.weighed.known.get(code, set())}


def tree(by: str) -> Tree:
    rows = RootCause.objects.select_related("parent")
    names = {row.code: row.name for row in rows}
    return Tree(
        names, {row.code: row.parent.code if by == GROUP and row.parent else row.code for row in rows} | {"": ""}
    )


def find(chosen: Chosen, user: User) -> Causes:
    causes, counts = tree(chosen.by), Counter[tuple[str, str]]()
    for (category, code), amount in read_figures(NAME, chosen, user, by=["category", "key"]).items():
        counts[category, causes.counted_as.get(code, code)] += amount.n
    weighed = _weighed(chosen, user) if chosen.by == MINUTES else Weighed()
    weights: Counter[str] = Counter()
    for (_category, code), n in counts.items():
        weights[code] += weighed.minutes[code] if chosen.by == MINUTES else n
    shown, others = ranked(weights)
    return Causes(causes, counts, dict(weights), shown, others, weighed)


def _weighed(chosen: Chosen, user: User) -> Weighed:
    """Complaints of one service issue tell of one outage, so that the largest of their findings counts, once."""
    facts = behind(NAME, chosen, user)
    newest = OutageFinding.objects.filter(complaint__in=facts.values("pk")).order_by("complaint", "-entered_at", "-pk")
    found, of_issue = Weighed(), dict[tuple[str, int], int]()
    for finding in newest.distinct("complaint").select_related("complaint__root_cause"):
        if not finding.customers or finding.restored_at is None:
            continue
        complaint = finding.complaint
        code = complaint.root_cause.code if complaint.root_cause else ""
        minutes = round(customer_minutes(finding.started_at, all_steps(finding)))
        key = (code, -(complaint.service_issue_id or 0) or complaint.pk)
        of_issue[key] = max(minutes, of_issue.get(key, 0))
        found.known.setdefault(code, set()).add(complaint.pk)
    for (code, _key), minutes in of_issue.items():
        found.minutes[code] += minutes
    return found


def read(chosen: Chosen, user: User, at: datetime) -> Findings:
    found = find(chosen, user)
    count, total = sum(found.counts.values()), sum(found.weights.values())
    if not count:
        return Findings(_("No complaint that was closed from %(period)s held.") % {"period": chosen.period}, tables=[])
    if not total:
        text = _("Of none of the %(count)d complaints that held from %(period)s customer-minutes are known.")
        return Findings(text % {"count": count, "period": chosen.period}, tables=[])
    return Findings(
        sentence=_sentence(chosen, found, count, total),
        tables=[_table(chosen, found, total), _by_category(chosen, found)],
        chart=_chart(chosen, found, total),
        notes=_notes(chosen, found, count, total),
    )


def _unit(chosen: Chosen) -> str:
    return _("Customer-minutes") if chosen.by == MINUTES else _("Complaints that held")


def _sentence(chosen: Chosen, found: Causes, count: int, total: float) -> str:
    held = ngettext(
        "%(count)d complaint closed from %(period)s held in whole or in part.",
        "%(count)d complaints closed from %(period)s held in whole or in part.",
        count,
    ) % {"count": count, "period": chosen.period}
    if not found.shown:
        return told(held, _("None of them names a cause."))
    half = next(
        (
            n
            for n, sum_of in enumerate(accumulate(found.weights[code] for code in found.shown), 1)
            if sum_of >= total / 2
        ),
        len(found.shown),
    )
    first = found.tree.names.get(found.shown[0], found.shown[0])
    share = percent(found.weights[found.shown[0]] / total, 0)
    text = (
        _("The heaviest cause by customer-minutes is “%(name)s” with %(share)s.")
        if chosen.by == MINUTES
        else _("The most frequent cause is “%(name)s” with %(share)s.")
    )
    most = ngettext(
        "%(number)d cause makes up %(sum)s.", "The first %(number)d causes make up %(sum)s together.", half
    ) % {"number": half, "sum": percent(sum(found.weights[code] for code in found.shown[:half]) / total, 0)}
    return told(held, text % {"name": first, "share": share}, most if half > 1 else "")


def _table(chosen: Chosen, found: Causes, total: float) -> Table:
    weighs = chosen.by == MINUTES
    more = [Column(_("Customer-minutes"), is_count=False), Column(_("of which minutes are known"))] if weighs else []
    columns = [
        Column(_("Root cause"), is_number=False),
        Column(_("Complaints that held")),
        *more,
        Column(_("Share"), is_count=False),
        Column(_("Sum of shares"), is_count=False),
    ]

    def row(name: str, code: str, codes: list[str], so_far: float) -> list[Cell]:
        known = number(NAME, chosen, len(found.known(codes)), "known", code, "")
        weight = found.weight(codes)
        return [
            Cell(name),
            number(NAME, chosen, found.number(codes), "held", code, ""),
            *([Cell(round(weight)), known] if weighs else []),
            Cell(round(weight / total, 4), percent(weight / total)),
            Cell(round(so_far / total, 4), percent(so_far / total)),
        ]

    sums = accumulate(found.weight(codes) for _code, _name, codes in found.lines)
    rows = [row(name, code, codes, so_far) for (code, name, codes), so_far in zip(found.lines, sums, strict=True)]
    every = [*found.shown, *found.others]
    return Table(NAME, _("Causes by weight"), columns, rows, row(_("All"), "", every, total))


def _by_category(chosen: Chosen, found: Causes) -> Table:
    """The causes of a category are compared with each other before categories are."""
    names = {code: name for code, name in groups("category").items() if any(of == code for of, _code in found.counts)}
    every = [*found.shown, *found.others]
    lines = [*found.lines, ("", _("All"), every)]
    rows = [
        [
            Cell(name),
            *(number(NAME, chosen, found.number(codes, of), "held", code, of) for of in names),
            number(NAME, chosen, found.number(codes), "held", code, ""),
        ]
        for code, name, codes in lines
    ]
    columns = [Column(_("Root cause"), is_number=False), *(Column(name) for name in names.values()), Column(_("All"))]
    return Table("by-category", _("Causes by category"), columns, rows[:-1], rows[-1])


def _chart(chosen: Chosen, found: Causes, total: float) -> Chart:
    weights = [round(found.weight(codes)) for _code, _name, codes in found.lines]
    what = "known" if chosen.by == MINUTES else "held"
    return Chart(
        kind="pareto",
        labels=[name for _code, name, _codes in found.lines],
        series=[
            Series(
                _unit(chosen), weights, [list_address(NAME, chosen, what, code, "") for code, *_more in found.lines]
            ),
            Series(_("Sum of shares"), [round(100 * so_far / total, 1) for so_far in accumulate(weights)]),
        ],
    )


def _notes(chosen: Chosen, found: Causes, count: int, total: float) -> list[str]:
    notes = []
    others = found.weight(found.others)
    if others > MOST_OTHER * total:
        notes.append(
            _(
                "“Other, or none named” is %(share)s, more than 15 %%: %(unnamed)d complaints name no cause. "
                "Name them before anything is decided."
            )
            % {"share": percent(others / total, 0), "unnamed": found.number([""])}
        )
    if chosen.by == MINUTES:
        known = len(found.known([*found.shown, *found.others]))
        notes.append(
            _("Customer-minutes are known of %(known)d of %(count)d complaints; the others weigh nothing.")
            % {"known": known, "count": count}
        )
    if count < LOW_BASE:
        notes.append(_("Low base: under %(count)d complaints the order may be chance.") % {"count": LOW_BASE})
    if chosen.category is None:
        notes.append(_("Causes differ between categories: see the second table, or choose one category."))
    return notes


def list_rows(chosen: Chosen, user: User, at: datetime, pick: str) -> Listing:
    """The complaints behind a number; `pick` is what, the cause and the category."""
    what, code, category = [*pick.split("~"), "", ""][:3]
    if what not in ("held", "known"):
        raise Http404
    found = find(chosen, user)
    shown = found.others if code == OTHER else [code] if code else [*found.shown, *found.others]
    of_category = Q(category__code=category) if category else None
    keys = [cause for name in shown for cause in found.tree.under(name)]
    rows: QuerySet[ComplaintFact] = behind(NAME, chosen, user, keys=keys, where=of_category)
    if what == "known":
        rows = rows.filter(pk__in=found.known(shown))
    name = _("Other, or none named") if code == OTHER else found.tree.names.get(code, _("All"))
    return listed(name, rows)


REPORT = Report(
    name=NAME,
    title=gettext_lazy("Root causes"),
    purpose=gettext_lazy(
        "What complaints that held came from, the heaviest cause first, and what a few of them make up."
    ),
    measures=measures("causes", "customer_minutes"),
    grouping=[
        ("cause", gettext_lazy("cause")),
        (GROUP, gettext_lazy("group of causes")),
        (MINUTES, gettext_lazy("cause, weighed by customer-minutes")),
    ],
    read=read,
    listing=list_rows,
    position=20,
    is_over_time=False,
)
