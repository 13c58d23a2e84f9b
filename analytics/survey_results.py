"""What a survey of customers found: answers, interval and bounds, weighted by kind, beside earlier rounds and complainants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Q, QuerySet
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.reports.base import Cell, Column, Table, interval_cell, percent, percents, share_cell, told
from analytics.statistics import (
    LOW_BASE,
    TOO_FEW,
    Stratum,
    if_everyone_had_answered,
    weighted_share,
    weights,
    wilson,
)
from complaints.models import AnsweredBy, Feedback, Scale, Survey, SurveyInvite
from customers.models import CustomerKind
from staff.models import User

SATISFIED_FROM = {Scale.FIVE: 4, Scale.THREE: 2}
"""The upper two steps of each scale count as satisfied; scales are never counted together."""
EARLIER = 8


@dataclass(frozen=True, slots=True)
class Counts:
    drawn: int = 0
    answered: int = 0
    satisfied: int = 0


@dataclass(frozen=True, slots=True)
class Results:
    sentence: str
    notes: Sequence[str]
    tables: Sequence[Table]


def satisfied(survey: Survey, field: str = "rating") -> Q:
    return Q(**{f"{field}__gte": SATISFIED_FROM[Scale(survey.scale)]})


def counts(survey: Survey) -> Counts:
    """Of this round. Whoever answered gave a rating: there is no answer without one."""
    return Counts(**survey.invites.aggregate(**_numbers(survey)))


def _numbers(survey: Survey) -> dict[str, Count]:
    return {
        "drawn": Count("pk"),
        "answered": Count("pk", filter=Q(answered_at__isnull=False)),
        "satisfied": Count("pk", filter=satisfied(survey)),
    }


def read(survey: Survey, user: User, at: datetime) -> Results:
    whole = counts(survey)
    strata = _strata(survey)
    return Results(
        sentence=_sentence(whole),
        notes=_notes(whole, [stratum for _name, _kind, _drawn, stratum in strata]),
        tables=[
            _overall(survey, whole),
            _by_stratum(strata),
            _by_answer(survey),
            _compared(survey, whole, user, at),
        ],
    )


def _sentence(whole: Counts) -> str:
    if not whole.drawn:
        return _("Nobody was drawn.")
    asked = ngettext(
        "%(answered)d of %(drawn)d who was drawn answered (%(rate)s).",
        "%(answered)d of %(drawn)d who were drawn answered (%(rate)s).",
        whole.drawn,
    ) % {"answered": whole.answered, "drawn": whole.drawn, "rate": percent(whole.answered / whole.drawn, 0)}
    if whole.answered < TOO_FEW:
        return told(asked, _("That is too few to speak of satisfaction."))
    words = _("%(satisfied)d of them are satisfied: %(share)s (95%% range %(range)s).") % {
        "satisfied": whole.satisfied,
        "share": percent(whole.satisfied / whole.answered),
        "range": percents(wilson(whole.satisfied, whole.answered)),
    }
    return told(asked, words)


def _notes(whole: Counts, strata: list[Stratum]) -> list[str]:
    notes = []
    if TOO_FEW <= whole.answered < LOW_BASE:
        notes.append(
            _("Low base: fewer than %(count)d answers. Read the range, not the percentage.") % {"count": LOW_BASE}
        )
    weighted = weighted_share(strata)
    if weighted is not None and whole.answered >= TOO_FEW:
        notes.append(
            _("Each kind of customer counted as it is among all: %(share)s, as sure as %(base)s equal answers.")
            % {"share": percent(weighted.share), "base": formats.number_format(round(weighted.base), 0)}
        )
    if whole.drawn >= TOO_FEW and whole.answered < whole.drawn:
        bounds = if_everyone_had_answered(whole.satisfied, whole.answered, whole.drawn)
        notes.append(
            _("%(silent)d did not answer. Had everyone done so, satisfaction would lie within %(range)s.")
            % {"silent": whole.drawn - whole.answered, "range": percents(bounds)}
        )
    return notes


def _overall(survey: Survey, whole: Counts) -> Table:
    """Result and attitude apart."""
    service = survey.invites.aggregate(
        rated=Count("service_rating"), satisfied=Count("pk", filter=satisfied(survey, "service_rating"))
    )
    columns = [Column(_("Question"), is_number=False), Column(_("Rated")), Column(_("Satisfied"))]
    columns += [Column(_("Satisfaction"), is_count=False), Column(_("95% range"), is_count=False)]
    rows = [
        [Cell(survey.question(which)), Cell(rated), Cell(good), share_cell(good, rated), interval_cell(good, rated)]
        for which, rated, good in (
            ("result", whole.answered, whole.satisfied),
            ("service", service["rated"], service["satisfied"]),
        )
    ]
    return Table("questions", _("What they said"), columns, rows)


def _strata(survey: Survey) -> list[tuple[str, str, int, Stratum]]:
    """Branch, kind of customer, how many were drawn, and what they said."""
    numbers = {
        "rated": Count("invites", filter=Q(invites__answered_at__isnull=False)),
        "good": Count("invites", filter=satisfied(survey, "invites__rating")),
    }
    rows = survey.strata.select_related("branch").annotate(**numbers).order_by("branch__path", "kind")
    kinds = dict(CustomerKind.choices)
    columns = ("branch", "kind", "drawn", "population", "good", "rated")
    branches = {row.branch_id: row.branch.name for row in rows}
    return [
        (branches[branch], str(kinds[kind]), drawn, Stratum(population, good, rated))
        for branch, kind, drawn, population, good, rated in rows.values_list(*columns)
    ]


def _by_stratum(strata: list[tuple[str, str, int, Stratum]]) -> Table:
    columns = [
        Column(_("Branch"), is_number=False),
        Column(_("Kind of customer"), is_number=False),
        Column(_("There were"), is_count=False),
        Column(_("Drawn"), is_count=False),
        Column(_("Answered")),
        Column(_("Satisfaction"), is_count=False),
        Column(_("95% range"), is_count=False),
        Column(_("Weight"), is_count=False),
    ]
    found = weights([stratum for _branch, _kind, _drawn, stratum in strata])
    rows = [
        [
            Cell(branch),
            Cell(kind),
            Cell(one.population),
            Cell(drawn),
            Cell(one.rated),
            share_cell(one.satisfied, one.rated),
            interval_cell(one.satisfied, one.rated),
            Cell(round(weight, 3), formats.number_format(weight, 2)) if one.rated else Cell(None, "–"),
        ]
        for (branch, kind, drawn, one), weight in zip(strata, found, strict=True)
    ]
    return Table("strata", _("By kind of customer"), columns, rows)


def _by_answer(survey: Survey) -> Table:
    """Answers by link and by call, side by side: people say kinder things to a voice."""
    answered = survey.invites.filter(answered_at__isnull=False)
    found = {
        row["answered_by"]: row
        for row in answered.values("answered_by").annotate(n=Count("pk"), good=Count("pk", filter=satisfied(survey)))
    }
    columns = [Column(_("How they answered"), is_number=False), Column(_("Answered")), Column(_("Satisfied"))]
    columns += [Column(_("Satisfaction"), is_count=False), Column(_("95% range"), is_count=False)]
    rows = []
    for way in AnsweredBy:
        n, good = (found[way]["n"], found[way]["good"]) if way in found else (0, 0)
        rows.append([Cell(str(way.label)), Cell(n), Cell(good), share_cell(good, n), interval_cell(good, n)])
    return Table("answered-by", _("By how they answered"), columns, rows)


def earlier(survey: Survey, user: User) -> QuerySet[Survey]:
    """Rounds of the same name, branch and scale that began before, the newest first."""
    rows = Survey.objects.visible_to(user).filter(name=survey.name, branch=survey.branch, scale=survey.scale)
    return rows.filter(started_at__lt=survey.started_at).order_by("-started_at")


def _compared(survey: Survey, whole: Counts, user: User, at: datetime) -> Table:
    """This round, those before it, and what complainants of the same branch said while it ran."""
    columns = [Column(_("Whom"), is_number=False), Column(_("Asked")), Column(_("Rated")), Column(_("Satisfied"))]
    columns += [Column(_("Satisfaction"), is_count=False), Column(_("95% range"), is_count=False)]
    rows = [_line(_("this round"), whole)]
    rows += [
        _line(formats.date_format(one.started_at, "SHORT_DATE_FORMAT"), counts(one))
        for one in earlier(survey, user)[:EARLIER]
        if one.started_at is not None
    ]
    rows.append(_line(_("complainants meanwhile"), complainants(survey, at)))
    return Table("compared", _("Compared"), columns, rows)


def complainants(survey: Survey, at: datetime) -> Counts:
    asked = Feedback.objects.filter(
        complaint__branch__path__startswith=survey.branch.path,
        asked_at__gte=survey.started_at,
        asked_at__lt=survey.closed_at or at,
    )
    rated = Q(rating__isnull=False, scale=survey.scale)
    found = asked.aggregate(
        drawn=Count("pk"), answered=Count("pk", filter=rated), satisfied=Count("pk", filter=rated & satisfied(survey))
    )
    return Counts(**found)


def _line(name: str, one: Counts) -> list[Cell]:
    return [
        Cell(name),
        Cell(one.drawn),
        Cell(one.answered),
        Cell(one.satisfied),
        share_cell(one.satisfied, one.answered),
        interval_cell(one.satisfied, one.answered),
    ]


ANSWER_COLUMNS = ("branch", "kind", "rating", "service_rating", "scale", "answered_by", "answered_on", "comment")


def answers(survey: Survey) -> QuerySet[SurveyInvite, tuple[object, ...]]:
    """Every answer without a name: what a file of them holds, in the order of ANSWER_COLUMNS."""
    rows = survey.invites.filter(answered_at__isnull=False).order_by("stratum", "token")
    return rows.values_list(
        F("stratum__branch__code"),
        "stratum__kind",
        "rating",
        "service_rating",
        F("survey__scale"),
        "answered_by",
        "answered_at__date",
        "comment",
    )
