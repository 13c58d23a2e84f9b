"""What customers said of our answers: how many were asked, how many replied, how many were satisfied, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet
from django.http import Http404
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from analytics.filters import Chosen
from analytics.measures import measures
from analytics.periods import buckets, label
from analytics.reading import read as read_figures
from analytics.reports.base import (
    Cell,
    Chart,
    Column,
    Findings,
    Listing,
    Report,
    Series,
    Table,
    in_percent,
    interval_cell,
    interval_in_percent,
    moment_cell,
    percent,
    percents,
    share_cell,
    told,
)
from analytics.reports.groups import groups
from analytics.statistics import LOW_BASE, TOO_FEW, if_everyone_had_answered, wilson
from complaints.models import AnsweredBy, Feedback, Scale, Verdict
from staff.models import User

SATISFIED_FROM = 4
SATISFIED_OF_THREE = 2

PICKS: dict[str, Q] = {
    "asked": Q(),
    "answered": Q(answered_at__isnull=False),
    "rated": Q(score__isnull=False),
    "satisfied": Q(score__gte=SATISFIED_FROM),
}
"""What a number counts of those asked; the list behind it applies the same condition."""


@dataclass(frozen=True, slots=True)
class Tally:
    asked: int = 0
    answered: int = 0
    rated: int = 0
    satisfied: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.asked + other.asked,
            self.answered + other.answered,
            self.rated + other.rated,
            self.satisfied + other.satisfied,
        )


def questions(chosen: Chosen, user: User) -> QuerySet[Feedback]:
    """Every time a customer was asked in the period, about a complaint this person may see."""
    return Feedback.objects.filter(chosen.period.within("asked_at"), complaint__in=chosen.complaints(user))


def tally(chosen: Chosen, user: User, by: Sequence[str] = ()) -> dict[tuple[Any, ...], Tally]:
    """The four counts for each value of the groupings; the way of answering, "" for the silent, is the last of them."""
    found: dict[tuple[Any, ...], Tally] = {}
    for (*group, key), amount in read_figures("asked", chosen, user, by=[*by, "key"]).items():
        how, _dot, score = key.partition(".")
        n, rated = amount.n, amount.n if score else 0
        part = Tally(n, n if how else 0, rated, rated if score >= str(SATISFIED_FROM) else 0)
        found[(*group, how)] = found.get((*group, how), Tally()) + part
    return found


def whole(chosen: Chosen, user: User) -> Tally:
    """All of it together."""
    return sum(tally(chosen, user).values(), Tally())


def read(chosen: Chosen, user: User, at: datetime) -> Findings:
    parts = _parts(chosen, user)
    total = sum((part for _name, part, _changed in parts), Tally())
    if not total.asked:
        return Findings(_("Nobody was asked from %(period)s.") % {"period": chosen.period}, tables=[])
    return Findings(
        sentence=_sentence(chosen, total),
        tables=[_table(chosen, parts, total), _by_answer(chosen, user), *_on_three(questions(chosen, user))],
        chart=_chart(parts, "shares" if chosen.by == "period" else "bars"),
        notes=_notes(total),
    )


def _parts(chosen: Chosen, user: User) -> list[tuple[str, Tally, Mapping[str, str]]]:
    """Name, counts and the filters that lead to each part of the whole."""
    by = chosen.granularity if chosen.by == "period" else chosen.by
    found: dict[Any, Tally] = {}
    for (group, _how), part in tally(chosen, user, [by]).items():
        found[group] = found.get(group, Tally()) + part
    if chosen.by == "period":
        return [
            (
                label(piece, chosen.granularity),
                found.get(start, Tally()),
                {"from": piece.first.isoformat(), "to": piece.last.isoformat()},
            )
            for start, piece in buckets(chosen.period, chosen.granularity).items()
        ]
    return [(name, found[key], {chosen.by: key}) for key, name in groups(chosen.by).items() if key in found]


def _sentence(chosen: Chosen, whole: Tally) -> str:
    asked = ngettext(
        "From %(period)s %(asked)d customer was asked and %(answered)d answered (%(rate)s).",
        "From %(period)s %(asked)d customers were asked and %(answered)d answered (%(rate)s).",
        whole.asked,
    ) % {
        "period": chosen.period,
        "asked": whole.asked,
        "answered": whole.answered,
        "rate": percent(whole.answered / whole.asked, 0),
    }
    if whole.rated < TOO_FEW:
        return told(asked, _("That is too few scores to speak of satisfaction."))
    satisfied = _("%(satisfied)d of %(rated)d who gave a score were satisfied: %(share)s (95%% range %(range)s).") % {
        "satisfied": whole.satisfied,
        "rated": whole.rated,
        "share": percent(whole.satisfied / whole.rated),
        "range": percents(wilson(whole.satisfied, whole.rated)),
    }
    return told(asked, satisfied)


def _table(chosen: Chosen, parts: list[tuple[str, Tally, Mapping[str, str]]], whole: Tally) -> Table:
    columns = [
        Column(capfirst(str(dict(REPORT.grouping)[chosen.by])), is_number=False),
        Column(_("Asked")),
        Column(_("Answered")),
        Column(_("Response rate"), is_count=False),
        Column(_("Gave a score")),
        Column(_("Satisfied")),
        Column(_("Satisfaction"), is_count=False),
        Column(_("95% range"), is_count=False),
        Column(_("If everyone had answered"), is_count=False),
    ]

    def row(name: str, part: Tally, changed: Mapping[str, str]) -> list[Cell]:
        bounds = if_everyone_had_answered(part.satisfied, part.rated, part.asked) if part.asked >= TOO_FEW else None
        return [
            Cell(name),
            _number(chosen, part.asked, "asked", changed),
            _number(chosen, part.answered, "answered", changed),
            Cell(round(part.answered / part.asked, 4), percent(part.answered / part.asked))
            if part.asked
            else Cell(None, "–"),
            _number(chosen, part.rated, "rated", changed),
            _number(chosen, part.satisfied, "satisfied", changed),
            share_cell(part.satisfied, part.rated),
            interval_cell(part.satisfied, part.rated),
            Cell(percents(bounds)) if bounds else Cell(None, "–"),
        ]

    return Table("satisfaction", _("Satisfaction"), columns, [row(*part) for part in parts], row(_("All"), whole, {}))


def _by_answer(chosen: Chosen, user: User) -> Table:
    """Answers by link and by call, side by side: people say kinder things to a voice."""
    found = tally(chosen, user)
    columns = [
        Column(_("How they answered"), is_number=False),
        Column(_("Answered")),
        Column(_("Gave a score")),
        Column(_("Satisfied")),
        Column(_("Satisfaction"), is_count=False),
        Column(_("95% range"), is_count=False),
    ]
    rows = []
    for way in AnsweredBy:
        part = found.get((way.value,), Tally())
        numbers = [
            _number(chosen, getattr(part, pick), f"{pick}-{way.value}", {})
            for pick in ("answered", "rated", "satisfied")
        ]
        rows.append(
            [
                Cell(str(way.label)),
                *numbers,
                share_cell(part.satisfied, part.rated),
                interval_cell(part.satisfied, part.rated),
            ]
        )
    return Table("answered-by", _("By how they answered"), columns, rows)


def _on_three(asked: QuerySet[Feedback]) -> list[Table]:
    """Those who were asked on three steps, by themselves: scales are never counted together (domain 7.4)."""
    found = asked.filter(scale=Scale.THREE).aggregate(
        rated=Count("rating"), satisfied=Count("pk", filter=Q(rating__gte=SATISFIED_OF_THREE))
    )
    if not found["rated"]:
        return []
    columns = [Column(_("Scale"), is_number=False), Column(_("Gave a score")), Column(_("Satisfied"))]
    columns += [Column(_("Satisfaction"), is_count=False), Column(_("95% range"), is_count=False)]
    good, rated = found["satisfied"], found["rated"]
    row = [Cell(str(Scale.THREE.label)), Cell(rated), Cell(good), share_cell(good, rated), interval_cell(good, rated)]
    return [Table("three-steps", _("On three steps, counted by itself"), columns, [row])]


def _number(chosen: Chosen, count: int, pick: str, changed: Mapping[str, str]) -> Cell:
    return Cell(count, href=list_address(chosen, pick, **changed) if count else "")


def list_address(chosen: Chosen, pick: str, **changed: str) -> str:
    params = chosen.params(**changed, pick=pick)
    return f"{reverse('analytics:report-list', args=['satisfaction'])}?{urlencode(params)}"


def _chart(parts: list[tuple[str, Tally, Mapping[str, str]]], kind: str) -> Chart:
    ranges = [interval_in_percent(part.satisfied, part.rated) for _name, part, _changed in parts]
    return Chart(
        kind=kind,
        unit="%",
        labels=[name for name, _part, _changed in parts],
        series=[Series(_("Satisfaction"), [in_percent(part.satisfied, part.rated) for _name, part, _changed in parts])],
        lows=[low for low, _high in ranges],
        highs=[high for _low, high in ranges],
    )


def _notes(whole: Tally) -> list[str]:
    bounds = if_everyone_had_answered(whole.satisfied, whole.rated, whole.asked)
    notes = []
    if TOO_FEW <= whole.rated < LOW_BASE:
        notes.append(
            _("Low base: fewer than %(count)d scores. Read the range, not the percentage.") % {"count": LOW_BASE}
        )
    if whole.asked > whole.rated and whole.asked >= TOO_FEW:
        notes.append(
            _("%(silent)d of those asked gave no score. Had everyone done so, satisfaction would lie within %(range)s.")
            % {"silent": whole.asked - whole.rated, "range": percents(bounds)}
        )
    return notes


def list_rows(chosen: Chosen, user: User, at: datetime, pick: str) -> Listing:
    """The questions and answers behind a number, the newest first."""
    what, _dash, how = pick.partition("-")
    if what not in PICKS or (how and how not in AnsweredBy.values):
        raise Http404
    titles = {
        "asked": _("Customers asked"),
        "answered": _("Answers"),
        "rated": _("Answers with a score"),
        "satisfied": _("Satisfied answers"),
    }
    rows = questions(chosen, user).filter(PICKS[what])
    return Listing(
        title=titles[what],
        rows=(rows.filter(answered_by=how) if how else rows).select_related("complaint").order_by("-asked_at", "-pk"),
        columns=[
            Column(_("Complaint"), is_number=False),
            Column(_("Asked"), is_number=False),
            Column(_("Answered"), is_number=False),
            Column(_("How"), is_number=False),
            Column(_("Solved"), is_number=False),
            Column(_("Score"), is_count=False),
            Column(_("What they said"), is_number=False),
        ],
        show=_shown,
    )


def _shown(answer: Feedback) -> list[Cell]:
    reference = answer.complaint.reference
    solved = {True: _("Yes"), False: _("No"), None: "–"}[answer.solved]
    if answer.verdict == Verdict.PARTLY:
        solved = pgettext("solved", "Partly")
    return [
        Cell(reference, href=reverse("complaints:complaint", args=[reference])),
        moment_cell(answer.asked_at),
        moment_cell(answer.answered_at),
        Cell(answer.get_answered_by_display() or "–"),
        Cell(solved),
        Cell(answer.score, text="" if answer.score else "–"),
        Cell(answer.comment or "–"),
    ]


REPORT = Report(
    name="satisfaction",
    title=gettext_lazy("Satisfaction"),
    purpose=gettext_lazy("What customers said of our answers, and how many said anything."),
    measures=measures("asked", "answered", "response_rate", "satisfaction"),
    grouping=[
        ("period", gettext_lazy("period")),
        ("category", gettext_lazy("category")),
        ("channel", gettext_lazy("channel")),
    ],
    read=read,
    listing=list_rows,
    position=2,
)
