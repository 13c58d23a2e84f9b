"""Whether what was done about a cause helped: complaints on the assets it concerns, before and after it was done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isinf
from typing import Any

from django.db.models import Case, F, Func, IntegerField, OuterRef, Q, QuerySet, Subquery, When
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from analytics.filters import Chosen
from analytics.measures import measures
from analytics.models import ComplaintFact
from analytics.reading import about, narrowed
from analytics.reports.base import Cell, Chart, Column, Findings, Listing, Report, Series, Table, told
from analytics.reports.coaching import CAME_AT
from analytics.reports.parts import listed, number
from analytics.statistics import Interval, rate_ratio
from complaints.models import HOLDS, CoachingAction, ConductFinding
from complaints.models.complaint import seen_by
from complaints.models.issue_work import IssueAction
from staff.models import User

NAME = "improvement"
MOST = 200
"""So many actions are shown of a kind, the newest."""
BEFORE, AFTER = "before", "after"
VERDICTS = {
    "fewer": gettext_lazy("clearly fewer"),
    "more": gettext_lazy("clearly more"),
    "unclear": gettext_lazy("no clear change"),
    "": gettext_lazy("too few to say"),
}


@dataclass(frozen=True, slots=True)
class Effect:
    """Complaints before and after something was done, and in how many days each."""

    before: int
    after: int
    days: int
    days_after: int

    @property
    def ratio(self) -> Interval | None:
        return rate_ratio(self.before, self.days, self.after, self.days_after)

    @property
    def verdict(self) -> str:
        """A key of VERDICTS; "" where there is too little to say anything."""
        found = self.ratio
        if found is None:
            return ""
        return "fewer" if found.high < 1 else "more" if found.low > 1 else "unclear"


def window(chosen: Chosen) -> timedelta:
    return timedelta(days=int(chosen.by))


def actions(chosen: Chosen, user: User) -> QuerySet[IssueAction]:
    """Actions of service issues with a place in the network, done in the period."""
    rows = IssueAction.objects.visible_to(user).filter(chosen.period.within("done_at"))
    rows = rows.exclude(issue__feeder=None, issue__transformer_area=None)
    return rows.filter(issue__branch__path__startswith=chosen.branch.path) if chosen.branch else rows


def coaching(chosen: Chosen, user: User) -> QuerySet[CoachingAction]:
    """Coaching done in the period for a team, because of complaints that this person may see."""
    rows = CoachingAction.objects.filter(chosen.period.within("done_at"), team__isnull=False)
    return rows.filter(complaint__in=chosen.complaints(user))


def within(field: str, done: Any, span: timedelta, side: str) -> Q:
    """The days before the moment when it was done, or those after it."""
    if side == BEFORE:
        return Q(**{f"{field}__gte": done - span, f"{field}__lt": done})
    return Q(**{f"{field}__gte": done, f"{field}__lt": done + span})


def on_asset(chosen: Chosen, user: User, asset: dict[str, Any]) -> QuerySet[ComplaintFact]:
    """The complaints on a transformer area or feeder that count."""
    facts = ComplaintFact.objects.visible_to(user).complaints()
    return facts.filter(is_duplicate=False, **narrowed(chosen), **asset).exclude(pk__in=about(user))


def about_team(user: User, team: Any) -> QuerySet[ConductFinding]:
    """What was found, and held, about a team."""
    rows = ConductFinding.objects.standing().filter(seen_by(user, "complaint__"), verdict__in=HOLDS, team=team)
    return rows.exclude(complaint__in=about(user))


def _count(rows: QuerySet[Any]) -> Subquery:
    # a plain function and not an aggregate, which would group by every row
    return Subquery(rows.order_by().annotate(number=Func(F("pk"), function="COUNT")).values("number"), IntegerField())


def _with_counts_of_assets(chosen: Chosen, user: User) -> QuerySet[IssueAction]:
    def counted(side: str) -> Any:
        near = within("received_at", OuterRef("done_at"), window(chosen), side)
        area = on_asset(chosen, user, {"transformer_area": OuterRef("issue__transformer_area")}).filter(near)
        feeder = on_asset(chosen, user, {"transformer_area__feeder": OuterRef("issue__feeder")}).filter(near)
        return Case(When(issue__transformer_area__isnull=False, then=_count(area)), default=_count(feeder))

    rows = actions(chosen, user).annotate(before=counted(BEFORE), after=counted(AFTER))
    return rows.select_related("issue__transformer_area", "issue__feeder").order_by("-done_at", "-pk")


def _with_counts_of_teams(chosen: Chosen, user: User) -> QuerySet[CoachingAction]:
    def counted(side: str) -> Any:
        near = within("came_at", OuterRef("done_at"), window(chosen), side)
        return _count(about_team(user, OuterRef("team")).annotate(came_at=CAME_AT).filter(near))

    rows = coaching(chosen, user).annotate(before=counted(BEFORE), after=counted(AFTER))
    return rows.select_related("team", "complaint").order_by("-done_at", "-pk")


def effect(row: Any, chosen: Chosen, at: datetime) -> Effect:
    """After, only the days that have passed count."""
    days = window(chosen).days
    return Effect(row.before, row.after, days, min(days, (at - row.done_at).days))


def read(chosen: Chosen, user: User, at: datetime) -> Findings:
    on_assets = list(_with_counts_of_assets(chosen, user)[:MOST])
    on_teams = list(_with_counts_of_teams(chosen, user)[:MOST])
    if not on_assets and not on_teams:
        text = _("Nothing that should improve something was done from %(period)s.")
        return Findings(text % {"period": chosen.period}, tables=[])
    effects = [effect(row, chosen, at) for row in [*on_assets, *on_teams]]
    names = [_action_cell(row) for row in on_assets], [_coaching_cell(row) for row in on_teams]
    tables = []
    if on_assets:
        places = [Cell(row.issue.where) for row in on_assets]
        tables.append(_table(chosen, at, "issue", _("Actions of service issues"), on_assets, names[0], places))
    if on_teams:
        places = [Cell(row.team.name if row.team else "–") for row in on_teams]
        tables.append(_table(chosen, at, "coaching", _("Coaching of teams"), on_teams, names[1], places))
    return Findings(
        sentence=_sentence(chosen, effects),
        tables=tables,
        chart=_chart(on_assets, names[0]) if on_assets else None,
        notes=_notes(chosen, effects, len(on_assets), len(on_teams)),
    )


def _action_cell(action: IssueAction) -> Cell:
    return Cell(action.what, href=reverse("complaints:issue", args=[action.issue_id]))


def _coaching_cell(action: CoachingAction) -> Cell:
    """What was said in coaching stays with those who may read it."""
    reference = action.complaint.reference
    return Cell(reference, href=reverse("complaints:complaint", args=[reference]))


def _sentence(chosen: Chosen, effects: list[Effect]) -> str:
    verdicts = [one.verdict for one in effects]
    text = ngettext(
        "%(count)d action was done from %(period)s.", "%(count)d actions were done from %(period)s.", len(effects)
    ) % {"count": len(effects), "period": chosen.period}
    after = _(
        "After %(fewer)d there were clearly fewer complaints, after %(more)d clearly more; %(open)d leave it open."
    )
    words = {"fewer": verdicts.count("fewer"), "more": verdicts.count("more")}
    return told(text, after % {**words, "open": len(verdicts) - sum(words.values())})


def _table(
    chosen: Chosen, at: datetime, what: str, title: str, rows: list[Any], names: list[Cell], places: list[Cell]
) -> Table:
    columns = [
        Column(_("Action"), is_number=False),
        Column(_("Where") if what == "issue" else _("Team"), is_number=False),
        Column(_("Done"), is_number=False),
        Column(_("Before")),
        Column(_("After")),
        Column(_("Days after"), is_count=False),
        Column(_("Rate after ÷ before, 95% range"), is_count=False),
        Column(_("What it says"), is_number=False),
    ]

    def line(row: Any, name: Cell, place: Cell) -> list[Cell]:
        found = effect(row, chosen, at)
        ratio = _spoken(found.ratio)
        return [
            name,
            place,
            Cell(timezone.localdate(row.done_at), date_format(timezone.localtime(row.done_at), "SHORT_DATE_FORMAT")),
            number(NAME, chosen, row.before, what, str(row.pk), BEFORE),
            number(NAME, chosen, row.after, what, str(row.pk), AFTER),
            Cell(found.days_after),
            Cell(ratio or None, ratio or "–"),
            Cell(str(VERDICTS[found.verdict])),
        ]

    return Table(what, title, columns, [line(*parts) for parts in zip(rows, names, places, strict=True)])


def _spoken(found: Interval | None) -> str:
    if found is None:
        return ""
    high = "∞" if isinf(found.high) else number_format(round(found.high, 2), 2)
    return f"{number_format(round(found.low, 2), 2)}–{high}"


def _chart(rows: list[Any], names: list[Cell]) -> Chart:
    """The newest dozen."""
    shown = rows[:12]
    return Chart(
        kind="bars",
        labels=[str(name.raw) for name in names[:12]],
        series=[
            Series(_("Before"), [row.before for row in shown]),
            Series(_("After"), [row.after for row in shown]),
        ],
    )


def _notes(chosen: Chosen, effects: list[Effect], on_assets: int, on_teams: int) -> list[str]:
    days = window(chosen).days
    notes = [
        _(
            "Complaints received in the %(days)d days before and after each was done. Fewer afterwards may "
            "have other reasons: the "
            "season, the weather, or that something was done when it was worst."
        )
        % {"days": days}
    ]
    young = sum(one.days_after < days for one in effects)
    if young:
        notes.append(
            ngettext(
                "After %(count)d action the window is not over yet; its rate is by the days that have passed.",
                "After %(count)d actions the window is not over yet; their rates are by the days that have passed.",
                young,
            )
            % {"count": young}
        )
    if on_teams:
        notes.append(_("For coaching, complaints about the team that held are counted. No person is named."))
    if MOST in (on_assets, on_teams):
        notes.append(_("Only the newest %(most)d of a kind are shown; choose a shorter period.") % {"most": MOST})
    return notes


def list_rows(chosen: Chosen, user: User, at: datetime, pick: str) -> Listing:
    """The complaints before or after one action; `pick` is its kind, its number and the side."""
    what, key, side = [*pick.split("~"), "", ""][:3]
    if side not in (BEFORE, AFTER) or not key.isdecimal() or len(key) > 9:
        raise Http404
    if what == "issue":
        action = get_object_or_404(actions(chosen, user).select_related("issue"), pk=key)
        issue = action.issue
        asset = (
            {"transformer_area": issue.transformer_area_id}
            if issue.transformer_area_id
            else {"transformer_area__feeder": issue.feeder_id}
        )
        rows = on_asset(chosen, user, asset).filter(within("received_at", action.done_at, window(chosen), side))
        return listed(action.what, rows)
    if what == "coaching":
        coached = get_object_or_404(coaching(chosen, user), pk=key)
        near = within("complaint__received_at", coached.done_at, window(chosen), side)
        found = about_team(user, coached.team_id).filter(near)
        return listed(_("Coaching of teams"), ComplaintFact.objects.filter(pk__in=found.values("complaint")))
    raise Http404


REPORT = Report(
    name=NAME,
    title=gettext_lazy("Before and after"),
    purpose=gettext_lazy("Whether corrective and preventive actions and coaching were followed by fewer complaints."),
    measures=measures("before_after"),
    grouping=[
        ("60", gettext_lazy("60 days before and after")),
        ("30", gettext_lazy("30 days before and after")),
        ("90", gettext_lazy("90 days before and after")),
    ],
    read=read,
    listing=list_rows,
    position=24,
    is_over_time=False,
)
