"""Every figure, defined once: its name, unit, formula and definition in words. Board and reports show these texts."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Measure:
    """`formula` is how the figure is computed, `definition` what is counted, what is left out, and why."""

    code: str
    name: LazyText
    unit: LazyText
    formula: LazyText
    definition: LazyText


COMPLAINTS, ANSWERS, SHARE, PROMISES = _("complaints"), _("answers"), _("per cent"), _("deadlines")
FINDINGS, COACHING = _("findings"), _("coaching actions")

_ALL = [
    Measure(
        "received",
        _("Complaints received"),
        COMPLAINTS,
        _("Number of complaints whose time of receipt lies in the period"),
        _(
            "Counted by when it reached us, not by when it was typed in. Only requests of the type “complaint”; "
            "fault reports, enquiries, suggestions and reports of wrongdoing are left out, and so are duplicates "
            "merged into another complaint."
        ),
    ),
    Measure(
        "asked",
        _("Asked"),
        ANSWERS,
        _("Number of times a customer was asked, by the time of asking"),
        _(
            "A customer is asked each time a complaint is resolved, so a complaint that was reopened can be asked "
            "about more than once, and each answer counts: a good answer later does not hide a bad one before."
        ),
    ),
    Measure(
        "answered",
        _("Answered"),
        ANSWERS,
        _("Those asked in the period who have answered so far"),
        _("By link or by a call. Somebody who has not answered is never counted as satisfied."),
    ),
    Measure(
        "response_rate",
        _("Response rate"),
        SHARE,
        _("Answered ÷ asked"),
        _("Stands beside satisfaction everywhere, because few answers can mislead however good they are."),
    ),
    Measure(
        "satisfaction",
        _("Satisfaction rate"),
        SHARE,
        _("Scores of 4 or 5 ÷ answers that gave a score"),
        _(
            "The two best of five scores count as satisfied. Answers without a score are left out of both numbers. "
            "The range is Wilson’s 95 % interval. Under 5 scores no percentage is shown; under 30 it is marked as a "
            "low base. “If everyone had answered” goes from all the silent being dissatisfied to all being satisfied."
        ),
    ),
    Measure(
        "sla_compliance",
        _("Deadlines met"),
        SHARE,
        _("Met ÷ (met + missed), of the deadlines that fell in the period"),
        _(
            "Counted by when the deadline fell, not by when the complaint was closed, so a late complaint does not "
            "vanish until somebody closes it: one still open past its deadline counts as missed. Excused, paused, "
            "cancelled and not yet due deadlines are shown apart and are in neither number. Promises that speak of "
            "an average are left out. Each tier is judged by itself."
        ),
    ),
    Measure(
        "open",
        _("Open by status and team"),
        COMPLAINTS,
        _("Number of matters that are not closed, now"),
        _("Everything on the desk that is not closed, of every type, including what is resolved and awaits feedback."),
    ),
    Measure(
        "usual",
        _("Usual range"),
        COMPLAINTS,
        _("Fewest to most, and mean, of the same weekday in the last 8 weeks up to this time of day"),
        _(
            "Today is compared with the same weekday up to the same time of day, because mornings differ from "
            "evenings and Mondays from Sundays. Days before the first complaint are not counted; under 3 such days "
            "nothing is called usual."
        ),
    ),
    Measure(
        "conduct_findings",
        _("Findings about service"),
        FINDINGS,
        _("Number of complaints about service whose newest finding was recorded in the period"),
        _(
            "Each complaint counts once, with what stands now; what was found first and corrected later is not counted. "
            "Reports of wrongdoing are left out: few may see them."
        ),
    ),
    Measure(
        "conduct_held",
        _("Held in whole or in part"),
        SHARE,
        _("Substantiated and partly substantiated ÷ all findings"),
        _(
            "What could not be verified stays in the lower number, so that not looking does not improve the figure. The "
            "range is Wilson’s 95 % interval. Under 5 findings no percentage is shown; under 30 it is marked as a low base."
        ),
    ),
    Measure(
        "coaching_on_time",
        _("Coaching on time"),
        COACHING,
        _("Coaching that fell due in the period and was done by the end of its day"),
        _(
            "Counted by the day it was due, so what nobody does does not vanish. Branch and team are those of the person "
            "coached when it was given. No person is named, and nothing is ranked."
        ),
    ),
    Measure(
        "coaching_again",
        _("Again within 90 days"),
        COACHING,
        _("Coaching done, after which a complaint about the same person or team was received within 90 days and held"),
        _(
            "For coaching of a whole team, a complaint about the same team. Of coaching done less than 90 days ago it is "
            "not known yet."
        ),
    ),
]
MEASURES = {measure.code: measure for measure in _ALL}


def measures(*codes: str) -> list[Measure]:
    return [MEASURES[code] for code in codes]
