"""Figures about the work behind complaints: moves, conduct, assets, teams, inspections, improvement and money."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from analytics.measures.base import COACHING, COMPLAINTS, DURATION, FINDINGS, SHARE, Measure

OF_WORK = [
    Measure(
        "moves",
        _("Moves"),
        _("moves"),
        _("Number of moves made in the period, by kind"),
        _("Moves made in the period, by kind, by when they happened"),
        remark=_("Urgings, transfers, returns, reopenings and others. Those of duplicates count, too."),
        series="moves",
    ),
    Measure(
        "dwell",
        _("Time in a status"),
        DURATION,
        _("Left − entered, of the statuses left in the period"),
        _("Time from entering a status to leaving it"),
        exclusions=_("Statuses not left yet"),
        remark=_("By the day of leaving. A complaint that comes back to a status counts again."),
        series="dwell",
    ),
    Measure(
        "arrivals",
        _("Arrival on average"),
        _("minutes"),
        _("Mean of arrived − started, of promises of an average that began in the period"),
        _("Minutes from start to arrival, of promises of an average that began in the period"),
        denominator=_("Arrivals recorded"),
        exclusions=_("What a storm excuses and what has no recorded arrival, counted beside it"),
        source=_(
            "Ten commitments of State Grid: on average 45 minutes in towns, 90 in the country, 120 in remote areas; "
            "standard for power supply service: 60, 120, 240"
        ),
        series="arrivals",
    ),
    Measure(
        "conduct_findings",
        _("Findings about service"),
        FINDINGS,
        _("Number of complaints about service whose newest finding was recorded in the period"),
        _("Complaints about service whose newest finding was recorded in the period"),
        exclusions=_("Reports of wrongdoing: few may see them"),
        remark=_(
            "Each complaint counts once, with what stands now; what was found first and corrected later is not counted."
        ),
    ),
    Measure(
        "conduct_held",
        _("Held in whole or in part"),
        SHARE,
        _("Substantiated and partly substantiated ÷ all findings"),
        _("Findings that are substantiated or partly substantiated"),
        denominator=_("All findings"),
        exclusions=_("Reports of wrongdoing"),
        remark=_(
            "What could not be verified stays in the lower number, so that not looking does not improve the figure. The "
            "range is Wilson’s 95 % interval. Under 5 no percentage is shown, under 30 it is marked as a low base."
        ),
        source=_("E. B. Wilson, 1927 (score interval)"),
    ),
    Measure(
        "coaching_on_time",
        _("Coaching on time"),
        COACHING,
        _("Coaching that fell due in the period and was done by the end of its day"),
        _("Coaching done by the end of the day on which it was due"),
        denominator=_("Coaching that fell due in the period"),
        remark=_(
            "By the day it was due, so what nobody does does not vanish. Branch and team are those of the person coached "
            "when it was given. No person is named, and nothing is ranked."
        ),
    ),
    Measure(
        "coaching_again",
        _("Again within 90 days"),
        COACHING,
        _("Coaching done, after which a complaint about the same person or team was received within 90 days and held"),
        _("Coaching after which a complaint about the same person or team was received within 90 days and held"),
        denominator=_("Coaching done at least 90 days ago"),
        exclusions=_("Coaching done less than 90 days ago: not known yet"),
        remark=_("For coaching of a whole team, a complaint about the same team."),
    ),
    Measure(
        "recurrence",
        _("Again on the same asset within 60 days"),
        SHARE,
        _(
            "Those that follow one of the same subcategory on the same asset by at most 60 days ÷ received in the period"
        ),
        _("Complaints that follow one of the same subcategory on the same asset by at most 60 days"),
        denominator=_("Outage and voltage complaints received in the period"),
        exclusions=_("Merged duplicates, in both numbers"),
        remark=_(
            "Whoever complains: not the same customer, but the same feeder or transformer area. The first may lie before "
            "the period."
        ),
        series="received",
    ),
    Measure(
        "hot_spots",
        _("Rank of an asset"),
        _("rank"),
        _("1 + number of assets whose 95 % range lies above this one’s"),
        _("Assets whose whole 95 % range of complaints per 10,000 customers lies above this one’s"),
        exclusions=_("Assets with fewer than 30 complaints, and those whose customers were not counted"),
        remark=_(
            "Where ranges overlap, the order may be chance, and assets share a rank. The fewer complaints, the wider the "
            "range, so a small asset does not lead by chance."
        ),
        source=_("Byar’s approximation of the Poisson interval (Breslow and Day, 1987)"),
        series="received",
    ),
    Measure(
        "asset_customers",
        _("Customers of an asset"),
        _("customers"),
        _("Mean of the customers counted first and last in the period"),
        _("Supplied accounts whose premise hangs on the asset, counted once a month"),
        exclusions=_("Closed accounts and those not opened yet; premises whose transformer area is not known"),
        remark=_(
            "Where none was counted in the period, the nearest count before it stands for it, or else the first after it."
        ),
    ),
    Measure(
        "customer_minutes",
        _("Customer-minutes without supply"),
        _("minutes"),
        _("Sum over customers of the minutes until each had supply back, by the newest finding of the outage"),
        _("Minutes until each customer had supply back, summed over customers, by the newest finding of the outage"),
        exclusions=_(
            "Complaints whose finding does not say how many customers were without supply and when they had it back"
        ),
        remark=_("Complaints of one service issue speak of one outage: the largest of their findings counts, once."),
        source=_("IEEE 1366, customer minutes of interruption"),
    ),
    Measure(
        "workload",
        _("Work of a team"),
        COMPLAINTS,
        _("Received, dispatched, resolved and returned in the period; open on its last evening; overdue now"),
        _(
            "Complaints received, dispatched, resolved and returned in the period; open on its last evening; overdue now"
        ),
        exclusions=_("Duplicates, except of returns, which are moves"),
        remark=_(
            "Counted for the team that has a complaint now, or had it last, also where another returned it. No person is "
            "named and no team is ranked."
        ),
        series="received",
    ),
    Measure(
        "inspections_on_time",
        _("Inspections on time"),
        SHARE,
        _("Done by the day first set ÷ inspections first due in the period that were not cancelled"),
        _("Inspections done by the day first set"),
        denominator=_("Inspections first due in the period"),
        exclusions=_("Cancelled inspections"),
        remark=_(
            "An inspection that was moved and then done on its new day was late. What is not done stays in the lower "
            "number. Category and channel of complaints do not apply."
        ),
    ),
    Measure(
        "before_after",
        _("Rate after ÷ rate before"),
        _("ratio"),
        _("(Complaints ÷ days) after the action was done ÷ (complaints ÷ days) before it was done"),
        _("Complaints received on the transformer area or feeder after the action was done, by day"),
        denominator=_("Complaints received there before it was done, by day"),
        exclusions=_(
            "Merged duplicates; days after that have not passed; under 5 complaints in both together nothing is said"
        ),
        remark=_(
            "Equal windows before and after. The range treats both as Poisson counts. A fall may have other reasons: the "
            "season, the weather, or that it was worst when something was done."
        ),
        source=_("Ratio of two Poisson rates by their share of the sum (Przyborowski and Wilenski, 1940)"),
        series="received",
    ),
    Measure(
        "given_back",
        _("Money given back"),
        _("amount of money"),
        _("Sum of what was given back in the period"),
        _("Amounts recorded as given back, by the day on which they were"),
        exclusions=_("What was proposed, approved or declined and not given back"),
        remark=_(
            "By credit on the next bill or refund to an account. Compensation outside billing is not recorded here."
        ),
    ),
    Measure(
        "safety_findings",
        _("Hazards found by inspections"),
        FINDINGS,
        _("Number of findings of the inspections first due in the period"),
        _("Findings of inspections first due in the period, by grade of hazard"),
        exclusions=_("What customers complained of, which is counted as complaints of the category safety"),
        remark=_("One inspection can find several things; each counts."),
    ),
]
