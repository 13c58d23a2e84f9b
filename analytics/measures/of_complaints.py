"""Figures about complaints: what came, what was promised and answered, what is open, and what customers say."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from analytics.measures.base import ANSWERS, COMPLAINTS, DURATION, SHARE, Measure

OF_COMPLAINTS = [
    Measure(
        "received",
        _("Complaints received"),
        COMPLAINTS,
        _("Number of complaints whose time of receipt lies in the period"),
        _("Complaints by the day on which they reached us"),
        exclusions=_(
            "Fault reports, enquiries, suggestions and reports of wrongdoing, and duplicates merged into another complaint"
        ),
        remark=_("Counted by when it reached us, not by when it was typed in."),
        source=_("Rules for the 95598 service (SG/Marketing 4-272-2014), annex on complaints"),
        series="received",
    ),
    Measure(
        "change",
        pgettext_lazy("figure", "Change"),
        SHARE,
        _("(Now − then) ÷ then"),
        _("What is counted now, less what was counted then"),
        denominator=_("What was counted then"),
        exclusions=_("Bases under 10: a dash stands there"),
        remark=_(
            "Then is the period before (whole months before whole months, otherwise as many days), or the same days a year "
            "before. A period that is not over is compared up to today."
        ),
        source=_("Period before and same period last year, as in the bulletins of the energy regulator’s line 12398"),
    ),
    Measure(
        "expected",
        pgettext_lazy("figure", "Expected"),
        COMPLAINTS,
        _(
            "The same week or month of last year × this year’s growth; with less than two years, the recent level × the season"
        ),
        _("Complaints to be expected in weeks or months that are not complete"),
        exclusions=_("Merged duplicates; nothing is said where too little is known"),
        remark=_(
            "Days follow their weekdays. The ranges hold 80 and 95 of 100 outcomes if the past is a guide, as widely as "
            "this method has missed before."
        ),
        source=_("Negative binomial distribution of counts"),
    ),
    Measure(
        "asked",
        _("Asked"),
        ANSWERS,
        _("Number of times a customer was asked, by the time of asking"),
        _("Times a customer was asked, by the day of asking"),
        exclusions=_("Complaints that were never resolved"),
        remark=_(
            "A complaint that was reopened can be asked about more than once, and each time counts: a good answer later "
            "does not hide a bad one before."
        ),
        series="asked",
    ),
    Measure(
        "answered",
        _("Answered"),
        ANSWERS,
        _("Those asked in the period who have answered so far"),
        _("Those asked in the period who have answered so far, by link or by a call"),
        exclusions=_("Silence: who has not answered is never counted as satisfied"),
        series="asked",
    ),
    Measure(
        "response_rate",
        _("Response rate"),
        SHARE,
        _("Answered ÷ asked"),
        _("Answered"),
        denominator=_("Asked"),
        remark=_("Stands beside satisfaction everywhere, because few answers can mislead however good they are."),
        series="asked",
    ),
    Measure(
        "satisfaction",
        _("Satisfaction rate"),
        SHARE,
        _("Scores of 4 or 5 ÷ answers that gave a score"),
        _("Answers with a score of 4 or 5"),
        denominator=_("Answers that gave a score"),
        exclusions=_("Answers without a score, and those on three steps, which are shown by themselves"),
        remark=_(
            "The range is Wilson’s 95 % interval. Under 5 scores no percentage is shown; under 30 it is marked as a low "
            "base. “If everyone had answered” goes from all the silent being dissatisfied to all being satisfied."
        ),
        source=_("E. B. Wilson, 1927 (score interval)"),
        series="asked",
    ),
    Measure(
        "sla_compliance",
        _("Deadlines met"),
        SHARE,
        _("Met ÷ (met + missed), of the deadlines that fell in the period"),
        _("Deadlines met"),
        denominator=_("Deadlines met and missed, by the day on which they fell"),
        exclusions=_(
            "Excused, paused, cancelled and not yet due deadlines, which are shown apart, and promises that speak of an "
            "average"
        ),
        remark=_(
            "A late complaint does not vanish until somebody closes it: one still open past its deadline counts as missed. "
            "Each tier is judged by itself."
        ),
        source=_(
            "Statutory tier: Measures for the supervision of power supply (Order 27), 10 working days; commitment tier: ten"
            " commitments of State Grid"
        ),
        series="deadlines",
    ),
    Measure(
        "open",
        _("Open by status and team"),
        COMPLAINTS,
        _("Number of matters that are not closed, now"),
        _("Matters that are not closed, of every type, now"),
        remark=_("Includes what is resolved and awaits feedback."),
    ),
    Measure(
        "usual",
        _("Usual range"),
        COMPLAINTS,
        _("Fewest to most, and mean, of the same weekday in the last 8 weeks up to this time of day"),
        _("Complaints of the same weekday in the last 8 weeks, up to this time of day"),
        exclusions=_("Days before the first complaint; under 3 such days nothing is called usual"),
        remark=_("Mornings differ from evenings and Mondays from Sundays, so that only like is compared with like."),
        series="received",
    ),
    Measure(
        "entry_lag",
        _("Time until it was entered"),
        DURATION,
        _("Entered − received, of the complaints received in the period"),
        _("Time from receipt to entry"),
        exclusions=_("Merged duplicates"),
        remark=_("Shows what waits in letter boxes and notebooks."),
        series="entered",
    ),
    Measure(
        "duplicates",
        _("Merged duplicates"),
        COMPLAINTS,
        _("Number of those received in the period that are merged into another"),
        _("Complaints received in the period that are merged into another"),
        remark=_(
            "Their deadlines, moves and answers count; other figures leave them out. Unmerged, one counts as if it had "
            "never been merged."
        ),
        series="duplicates",
    ),
    Measure(
        "repeats",
        _("Repeat complaints"),
        COMPLAINTS,
        _("Number of those received in the period that follow one closed at most 30 days before"),
        _(
            "Complaints received that follow one closed at most 30 days before, by the same person about the same "
            "subcategory"
        ),
        exclusions=_("Merged duplicates; telephone numbers of fewer than 7 digits are not compared"),
        remark=_("Same person: same account, customer or telephone number. For enquiries the window is 7 days."),
        source=_("Rules for the 95598 service (SG/Marketing 4-272-2014), annex on complaints"),
        series="repeats",
    ),
    Measure(
        "time_to_dispatch",
        _("Time to dispatch"),
        DURATION,
        _("First dispatched − received, of those dispatched in the period"),
        _("Time from receipt to the first dispatch"),
        exclusions=_("Duplicates, and what is not dispatched yet"),
        remark=_("By the day of the first dispatch. Quantiles are off by at most 2 % of themselves."),
        series="dispatched",
    ),
    Measure(
        "time_to_contact",
        _("Time to first contact"),
        DURATION,
        _("First contact − received, of those first reached in the period"),
        _("Time from receipt until the customer was first reached, or tried often enough"),
        exclusions=_("Duplicates, and those not reached yet, who are counted beside it"),
        remark=_("By the day of the first contact. Quantiles are off by at most 2 % of themselves."),
        series="contacted",
    ),
    Measure(
        "days_to_contact",
        _("Working days to first contact"),
        _("working days: median and 90th percentile"),
        _("Working days after the day of receipt up to the day of the first contact"),
        _("Working days after the day of receipt up to the day of the first contact"),
        exclusions=_("Duplicates, and those not reached yet"),
        remark=_("By the calendar in which most limits in working days are promised. Exact up to 25 days."),
        source=_("Civil Code of the PRC, arts. 201 and 203: the day of receipt is not counted"),
        series="contacted_days",
    ),
    Measure(
        "time_to_first_answer",
        _("Time to the first answer"),
        DURATION,
        _("First resolved − received, of those first resolved in the period"),
        _("Time from receipt to the first answer"),
        exclusions=_("Duplicates, and what is not answered yet"),
        remark=_("The first answer counts, also when the complaint was reopened later."),
        series="first_resolved",
    ),
    Measure(
        "time_to_resolve",
        _("Time to resolve"),
        DURATION,
        _("Resolved − received, of those whose answer stands and fell in the period"),
        _("Time from receipt to the answer that stands"),
        exclusions=_("What was reopened and is not answered again"),
        remark=_("The last answer counts. Quantiles are off by at most 2 % of themselves."),
        series="resolved",
    ),
    Measure(
        "days_to_resolve",
        _("Working days to resolve"),
        _("working days: median and 90th percentile"),
        _("Working days after the day of receipt up to the day of the answer that stands"),
        _("Working days after the day of receipt up to the day of the answer that stands"),
        exclusions=_("What was reopened and is not answered again"),
        remark=_("By the calendar in which most limits in working days are promised. Exact up to 25 days."),
        source=_("Civil Code of the PRC, arts. 201 and 203: the day of receipt is not counted"),
        series="resolved_days",
    ),
    Measure(
        "solved_at_once",
        _("Solved at the first contact"),
        SHARE,
        _("Solved at the first contact ÷ resolved in the period"),
        _(
            "Solved at the first contact: at most one contact, nothing added, not urged, transferred, returned or reopened,"
            " no repeat within 7 days of closing"
        ),
        denominator=_("Resolved in the period"),
        source=_("Usual definition of first-contact resolution with a window of 7 days"),
        series="resolved_at_once",
    ),
    Measure(
        "solved_in_one_go",
        _("Solved in one go"),
        SHARE,
        _("Closed without reopening or repeat, transferred once at most ÷ closed with a finding in the period"),
        _("Closed without reopening or repeat, transferred once at most"),
        denominator=_("Closed with a finding in the period"),
        exclusions=_("Withdrawn, rejected, referred and merged ones"),
        remark=_("By the day of closing. It can still fall in the 30 days after, in which a repeat may come."),
        series="closed_in_one_go",
    ),
    Measure(
        "closed",
        _("Closed by outcome"),
        COMPLAINTS,
        _("Number closed in the period that have not been reopened, by outcome"),
        _("Complaints closed in the period that have not been reopened, by outcome"),
        exclusions=_("Merged duplicates"),
        remark=_("Withdrawn ones are shown as such and stay in."),
        series="closed",
    ),
    Measure(
        "causes",
        _("Root causes"),
        COMPLAINTS,
        _("Number closed in the period as upheld or partly upheld, by root cause"),
        _("Complaints closed as upheld or partly upheld, by root cause"),
        exclusions=_("What did not hold, because it has no cause of ours; merged duplicates"),
        remark=_("The heaviest first, “other” last and at most 15 %."),
        source=_("Pareto chart"),
        series="causes",
    ),
    Measure(
        "backlog",
        _("Open at the end of the day"),
        COMPLAINTS,
        _("Number on which work was owed at midnight, by age in working days"),
        _("Complaints on which work was owed at midnight, by age in working days"),
        exclusions=_("Merged duplicates"),
        remark=_(
            "From receipt until the answer, and again from a reopening. An event that is entered late changes the evenings "
            "before it, too."
        ),
        series="open",
    ),
    Measure(
        "became_open",
        _("Added to the backlog"),
        COMPLAINTS,
        _("Number of times one became open on a day and still was on its evening"),
        _("Times a complaint became open on a day and still was on its evening, by receipt or by reopening"),
        exclusions=_("What came and was answered on the same day; merged duplicates"),
        remark=_("What came minus what left is exactly the change of what is open."),
        series="became_open",
    ),
    Measure(
        "left_open",
        _("Left the backlog"),
        COMPLAINTS,
        _("Number of times one that had been open on the evening before was answered, closed or rejected"),
        _("Times one that had been open on the evening before was answered, closed or rejected"),
        exclusions=_("Merged duplicates"),
        remark=_(
            "The counterpart of what was added to the backlog. One that is reopened later comes again and can leave again."
        ),
        series="left_open",
    ),
    Measure(
        "complaint_rate",
        _("Complaints per 10,000 customers"),
        _("complaints per 10,000 customers"),
        _(
            "Complaints received ÷ mean of the customers counted first and last in the period × 10,000; in a year: × 365 ÷ days"
        ),
        _("Complaints received"),
        denominator=_("Mean of the supplied accounts counted first and last in the period"),
        exclusions=_("Merged duplicates; closed accounts and those not opened yet"),
        remark=_(
            "Customers are counted once a night by branch, segment and area. The range is Byar’s 95 % interval of a Poisson"
            " count. Ranges that overlap, and fewer than 30 complaints, do not make a ranking."
        ),
        source=_("Byar’s approximation of the Poisson interval (Breslow and Day, 1987)"),
        series="received",
    ),
    Measure(
        "first_contact_resolution",
        _("First-contact resolution"),
        SHARE,
        _("Solved at the first contact without a repeat within 7 or 30 days ÷ closed with a finding in the period"),
        _("Solved at the first contact without a repeat within 7 or 30 days"),
        denominator=_("Closed with a finding, 7 or 30 days ago or longer"),
        exclusions=_("Those whose 7 or 30 days are not over; merged duplicates"),
        remark=_(
            "At most one contact, nothing added, not urged, transferred, returned or reopened. By the day of closing."
        ),
        source=_("Usual definition of first-contact resolution, 7 to 30 days"),
        series="closed_in_one_go",
    ),
    Measure(
        "one_time_resolution",
        _("One-time resolution"),
        SHARE,
        _("Closed without reopening, transferred once at most, no repeat within 7 or 30 days ÷ closed with a finding"),
        _("Closed without reopening, transferred once at most, no repeat within 7 or 30 days"),
        denominator=_("Closed with a finding, 7 or 30 days ago or longer"),
        exclusions=_("Those whose 7 or 30 days are not over; merged duplicates"),
        remark=_("By the day of closing."),
        series="closed_in_one_go",
    ),
    Measure(
        "repeat_rate",
        _("Repeated after closing"),
        SHARE,
        _("Followed within 7 or 30 days by one of the same person about the same matter ÷ closed with a finding"),
        _("Followed within 7 or 30 days by one of the same person about the same matter"),
        denominator=_("Closed with a finding, 7 or 30 days ago or longer"),
        exclusions=_("Those whose 7 or 30 days are not over; merged duplicates"),
        remark=_(
            "Of the same account, customer or telephone number, about the same subcategory. By the day of closing of the "
            "earlier one."
        ),
        source=_("Rules for the 95598 service (SG/Marketing 4-272-2014), annex on complaints"),
        series="closed_in_one_go",
    ),
]
