"""Every figure, defined once: its name, unit, formula and definition in words. Board, reports and definitions show these texts.

`series` names what is counted for it in `grains.series`; `reading.read` reads that for filters, a person and a period.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


@dataclass(frozen=True, slots=True)
class Measure:
    """`formula` is how the figure is computed, `definition` what is counted, what is left out, and why.

    `series` is where its numbers come from; a figure without one is counted from the open complaints at the moment of asking.
    """

    code: str
    name: LazyText
    unit: LazyText
    formula: LazyText
    definition: LazyText
    series: str = ""


COMPLAINTS, ANSWERS, SHARE, PROMISES = _("complaints"), _("answers"), _("per cent"), _("deadlines")
FINDINGS, COACHING = _("findings"), _("coaching actions")
DURATION = _("hours: median and 90th percentile")

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
        "received",
    ),
    Measure(
        "change",
        pgettext_lazy("figure", "Change"),
        SHARE,
        _("(Now − then) ÷ then"),
        _(
            "Then is the period before (whole months before whole months, otherwise as many days), or the same days a year "
            "before. A period that is not over is compared up to today. Nothing is shown when then were fewer than 10."
        ),
    ),
    Measure(
        "expected",
        pgettext_lazy("figure", "Expected"),
        COMPLAINTS,
        _(
            "The same week or month of last year × this year’s growth; with less than two years, the recent level × the season"
        ),
        _(
            "For what is not complete yet. Days follow their weekdays. The ranges hold 80 and 95 of 100 outcomes if the past is "
            "a guide: counts vary as the negative binomial distribution does, as widely as this method has missed before."
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
        "asked",
    ),
    Measure(
        "answered",
        _("Answered"),
        ANSWERS,
        _("Those asked in the period who have answered so far"),
        _("By link or by a call. Somebody who has not answered is never counted as satisfied."),
        "asked",
    ),
    Measure(
        "response_rate",
        _("Response rate"),
        SHARE,
        _("Answered ÷ asked"),
        _("Stands beside satisfaction everywhere, because few answers can mislead however good they are."),
        "asked",
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
        "asked",
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
        "deadlines",
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
        "received",
    ),
    Measure(
        "entry_lag",
        _("Time until it was entered"),
        DURATION,
        _("Entered − received, of the complaints received in the period"),
        _("Shows what waits in letter boxes and notebooks. Merged duplicates are left out."),
        "received",
    ),
    Measure(
        "duplicates",
        _("Merged duplicates"),
        COMPLAINTS,
        _("Number of those received in the period that are merged into another"),
        _(
            "Their deadlines, moves and answers count; other figures leave them out. Unmerged, one counts as if it had "
            "never been merged."
        ),
        "duplicates",
    ),
    Measure(
        "repeats",
        _("Repeat complaints"),
        COMPLAINTS,
        _("Number of those received in the period that follow one closed at most 30 days before"),
        _(
            "Of the same account, customer or telephone number, about the same subcategory; for enquiries the window is "
            "7 days. Telephone numbers of fewer than 7 digits are not compared."
        ),
        "repeats",
    ),
    Measure(
        "time_to_dispatch",
        _("Time to dispatch"),
        DURATION,
        _("First dispatched − received, of those dispatched in the period"),
        _("By the day of the first dispatch. Quantiles are off by at most 2 % of themselves. Duplicates are left out."),
        "dispatched",
    ),
    Measure(
        "time_to_contact",
        _("Time to first contact"),
        DURATION,
        _("First contact − received, of those first reached in the period"),
        _("A contact counts when the customer was reached, or tried often enough. Duplicates are left out."),
        "contacted",
    ),
    Measure(
        "time_to_first_answer",
        _("Time to the first answer"),
        DURATION,
        _("First resolved − received, of those first resolved in the period"),
        _("The first answer counts, also when the complaint was reopened later. Duplicates are left out."),
        "first_resolved",
    ),
    Measure(
        "time_to_resolve",
        _("Time to resolve"),
        DURATION,
        _("Resolved − received, of those whose answer stands and fell in the period"),
        _("The last answer counts. What was reopened and is not answered again is left out until it is."),
        "resolved",
    ),
    Measure(
        "days_to_resolve",
        _("Working days to resolve"),
        _("working days: median and 90th percentile"),
        _("Working days after the day of receipt up to the day of the answer that stands"),
        _("By the calendar in which most limits in working days are promised. Exact up to 25 days."),
        "resolved_days",
    ),
    Measure(
        "solved_at_once",
        _("Solved at the first contact"),
        SHARE,
        _("Solved at the first contact ÷ resolved in the period"),
        _(
            "Solved at the first contact: at most one contact, nothing added, not urged, transferred, returned or reopened, "
            "and no repeat within 7 days of its closing."
        ),
        "resolved_at_once",
    ),
    Measure(
        "solved_in_one_go",
        _("Solved in one go"),
        SHARE,
        _("Closed without reopening or repeat, transferred once at most ÷ closed with a finding in the period"),
        _("By the day of closing. It can still fall in the 30 days after, in which a repeat may come."),
        "closed_in_one_go",
    ),
    Measure(
        "closed",
        _("Closed by outcome"),
        COMPLAINTS,
        _("Number closed in the period that have not been reopened, by outcome"),
        _("Withdrawn ones are shown as such and stay in. Merged duplicates are left out."),
        "closed",
    ),
    Measure(
        "causes",
        _("Root causes"),
        COMPLAINTS,
        _("Number closed in the period as upheld or partly upheld, by root cause"),
        _("Only where we were found to be at fault, because the others have no cause of ours."),
        "causes",
    ),
    Measure(
        "backlog",
        _("Open at the end of the day"),
        COMPLAINTS,
        _("Number on which work was owed at midnight, by age in working days"),
        _(
            "From receipt until the answer, and again from a reopening. An event that is entered late changes the evenings "
            "before it, too. Merged duplicates are left out."
        ),
        "open",
    ),
    Measure(
        "became_open",
        _("Added to the backlog"),
        COMPLAINTS,
        _("Number of times one became open on a day and still was on its evening"),
        _(
            "By receipt or by reopening. What came and was answered on the same day is left out, so that what came minus what "
            "left is exactly the change of what is open."
        ),
        "became_open",
    ),
    Measure(
        "left_open",
        _("Left the backlog"),
        COMPLAINTS,
        _("Number of times one that had been open on the evening before was answered, closed or rejected"),
        _(
            "The counterpart of what was added to the backlog. One that is reopened later comes again and can leave again."
        ),
        "left_open",
    ),
    Measure(
        "complaint_rate",
        _("Complaints per 10,000 customers"),
        _("complaints per 10,000 customers"),
        _(
            "Complaints received ÷ mean of the customers counted first and last in the period × 10,000; in a year: × 365 ÷ days"
        ),
        _(
            "A customer is a supplied account; they are counted once a night by branch, segment and area. The range is Byar’s "
            "95 % interval of a Poisson count. Ranges that overlap, and fewer than 30 complaints, do not make a ranking."
        ),
        "received",
    ),
    Measure(
        "first_contact_resolution",
        _("First-contact resolution"),
        SHARE,
        _("Solved at the first contact without a repeat within 7 or 30 days ÷ closed with a finding in the period"),
        _(
            "At most one contact, nothing added, not urged, transferred, returned or reopened. By the day of closing, and only "
            "of those closed so long ago that the 7 or 30 days are over."
        ),
        "closed_in_one_go",
    ),
    Measure(
        "one_time_resolution",
        _("One-time resolution"),
        SHARE,
        _("Closed without reopening, transferred once at most, no repeat within 7 or 30 days ÷ closed with a finding"),
        _("By the day of closing, and only of those closed so long ago that the 7 or 30 days are over."),
        "closed_in_one_go",
    ),
    Measure(
        "repeat_rate",
        _("Repeated after closing"),
        SHARE,
        _("Followed within 7 or 30 days by one of the same person about the same matter ÷ closed with a finding"),
        _(
            "Of the same account, customer or telephone number, about the same subcategory. By the day of closing of the "
            "earlier one, and only when the 7 or 30 days are over."
        ),
        "closed_in_one_go",
    ),
    Measure(
        "moves",
        _("Moves"),
        _("moves"),
        _("Number of moves made in the period, by kind"),
        _("Urgings, transfers, returns, reopenings and others, by when they happened. Duplicates count, too."),
        "moves",
    ),
    Measure(
        "dwell",
        _("Time in a status"),
        DURATION,
        _("Left − entered, of the statuses left in the period"),
        _("A complaint that comes back to a status counts again."),
        "dwell",
    ),
    Measure(
        "arrivals",
        _("Arrival on average"),
        _("minutes"),
        _("Mean of arrived − started, of promises of an average that began in the period"),
        _("What a storm excuses and what has no recorded arrival is left out, and counted beside it."),
        "arrivals",
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
    Measure(
        "recurrence",
        _("Again on the same asset within 60 days"),
        SHARE,
        _(
            "Those that follow one of the same subcategory on the same asset by at most 60 days ÷ received in the period"
        ),
        _(
            "Of outage and voltage, whoever complains: not the same customer, but the same feeder or "
            "transformer area. The first "
            "may lie before the period. Merged duplicates are left out of both numbers."
        ),
        "received",
    ),
    Measure(
        "hot_spots",
        _("Rank of an asset"),
        _("rank"),
        _("1 + number of assets whose 95 % range lies above this one’s"),
        _(
            "Where ranges overlap, the order may be chance, and assets share a rank. Nothing is ranked under "
            "30 complaints. The range "
            "is Byar’s for a Poisson count. How many customers an asset supplies is not weighed."
        ),
        "received",
    ),
    Measure(
        "customer_minutes",
        _("Customer-minutes without supply"),
        _("minutes"),
        _("Sum over customers of the minutes until each had supply back, by the newest finding of the outage"),
        _(
            "Known only where the finding says how many customers were without supply and when they had it "
            "back. Complaints of one "
            "service issue speak of one outage: the largest of their findings counts, once."
        ),
    ),
    Measure(
        "workload",
        _("Work of a team"),
        COMPLAINTS,
        _("Received, dispatched, resolved and returned in the period; open on its last evening; overdue now"),
        _(
            "Counted for the team that has a complaint now, or had it last, also where another returned it. "
            "Duplicates are left out, "
            "except of returns, which are moves. No person is named and no team is ranked."
        ),
        "received",
    ),
    Measure(
        "inspections_on_time",
        _("Inspections on time"),
        SHARE,
        _("Done by the day first set ÷ inspections first due in the period that were not cancelled"),
        _(
            "By the day it was first due: an inspection that was moved and then done on its new day was late. "
            "What is not done stays "
            "in the lower number. Category and channel of complaints do not apply."
        ),
    ),
    Measure(
        "before_after",
        _("Rate after ÷ rate before"),
        _("ratio"),
        _("(Complaints ÷ days) after the action was done ÷ (complaints ÷ days) before it was done"),
        _(
            "Complaints received on the transformer area or feeder of the service issue, in equal windows "
            "before and after; after, only "
            "the days that have passed. The range treats both as Poisson counts. Under 5 complaints in both "
            "together nothing is said. A "
            "fall may have other reasons: the season, the weather, or that it was worst when something was done."
        ),
        "received",
    ),
]
MEASURES = {measure.code: measure for measure in _ALL}


def measures(*codes: str) -> list[Measure]:
    return [MEASURES[code] for code in codes]
