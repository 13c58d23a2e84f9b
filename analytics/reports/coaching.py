"""What complaints about service teach: findings by rule, coaching done in time, and whether the same is complained of again.

It speaks of rules, branches and teams, and never of a person; nothing in it is put in an order of merit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from analytics.filters import Chosen
from analytics.measures import measures
from analytics.reports.base import (
    Cell,
    Chart,
    Column,
    Findings,
    Listing,
    Report,
    Series,
    Table,
    interval_cell,
    moment_cell,
    percent,
    percents,
    share_cell,
    told,
)
from analytics.statistics import LOW_BASE, TOO_FEW, wilson
from complaints.models import HOLDS, CoachingAction, ConductFinding, ConductRule, ConductVerdict, Subcategory
from staff.models import Branch, Team, User

AGAIN = timedelta(days=90)
"""So long after coaching a finding about the same person or team is a repeat."""
FINDINGS: dict[str, Q] = {
    "all": Q(),
    "substantiated": Q(verdict=ConductVerdict.SUBSTANTIATED),
    "partly": Q(verdict=ConductVerdict.PARTLY),
    "not": Q(verdict=ConductVerdict.NOT_SUBSTANTIATED),
    "unverifiable": Q(verdict=ConductVerdict.UNVERIFIABLE),
}
"""What a number counts of the findings; the list behind it applies the same condition."""
BY_FINDING = {"rule": "rule__code", "subcategory": "complaint__subcategory__code"}
BY_COACHING = {"branch": "branch__code", "team": "team__code"}
NONE = "-"
"""Stands in an address for a group without a code: no rule, no subcategory, no team."""


CAME_AT = Coalesce("complaint__received_at", "complaint__received_at")
"""When a finding's complaint came. Not the bare column, whose index would tempt to read all complaints of the days around
instead of the few findings about a person or team.
"""


@dataclass(frozen=True, slots=True)
class Coached:
    planned: int = 0
    done: int = 0
    on_time: int = 0
    overdue: int = 0
    again: int = 0

    def __add__(self, other: Coached) -> Coached:
        return Coached(
            self.planned + other.planned,
            self.done + other.done,
            self.on_time + other.on_time,
            self.overdue + other.overdue,
            self.again + other.again,
        )


def findings(chosen: Chosen, user: User) -> QuerySet[ConductFinding]:
    """The standing findings that were recorded in the period, of complaints this person may see."""
    judged = ConductFinding.objects.standing().exclude(verdict="")
    return judged.filter(chosen.period.within("entered_at"), complaint__in=chosen.complaints(user))


def coaching(chosen: Chosen, user: User) -> QuerySet[CoachingAction]:
    """The coaching that fell due in the period, because of complaints this person may see."""
    later = ConductFinding.objects.standing().annotate(came_at=CAME_AT)
    later = later.filter(verdict__in=HOLDS, came_at__gt=OuterRef("done_at"), came_at__lte=OuterRef("done_at") + AGAIN)
    of_person = later.filter(complaint__about=OuterRef("person"))
    of_team = later.filter(team=OuterRef("team"))
    given = CoachingAction.objects.filter(
        due_on__range=(chosen.period.first, chosen.period.last), complaint__in=chosen.complaints(user)
    )
    again = Q(person__isnull=False) & Exists(of_person) | Q(person__isnull=True) & Exists(of_team)
    return given.annotate(is_again=again)


def results(today: date) -> dict[str, Q]:
    """What became of coaching; the list behind a number applies the same condition."""
    done = Q(done_at__isnull=False)
    return {
        "planned": Q(),
        "done": done,
        "on_time": done & Q(done_at__date__lte=F("due_on")),
        "overdue": Q(done_at__isnull=True, due_on__lt=today),
        "again": done & Q(is_again=True),
    }


def read(chosen: Chosen, user: User, at: datetime) -> Findings:
    judged = _judged(chosen, user)
    parts = {by: _coached(chosen, user, by, timezone.localdate(at)) for by in BY_COACHING}
    whole = sum(parts["branch"].values(), Coached())
    count = sum(numbers["all"] for numbers in judged.values())
    if not count and not whole.planned:
        return Findings(
            _("Nothing was found about service and no coaching fell due from %(period)s.") % {"period": chosen.period},
            tables=[],
        )
    names = _names(chosen.by)
    return Findings(
        sentence=_sentence(chosen, judged, whole),
        tables=[
            _finding_table(chosen, judged, names),
            _coaching_table(chosen, "branch", _("Coaching by branch"), parts["branch"], whole),
            _coaching_table(chosen, "team", _("Coaching by team"), parts["team"], whole),
        ],
        chart=_chart(judged, names),
        notes=_notes(count, whole),
    )


def _judged(chosen: Chosen, user: User) -> dict[str, dict[str, int]]:
    """For each rule or subcategory how many findings of each verdict, in one query."""
    numbers = {name: Count("pk", filter=condition) for name, condition in FINDINGS.items()}
    rows = findings(chosen, user).values(group=F(BY_FINDING[chosen.by])).annotate(**numbers).order_by()
    found = {row["group"] or NONE: {name: row[name] for name in FINDINGS} for row in rows}
    return {code: found[code] for code in _names(chosen.by) if code in found}


def _coached(chosen: Chosen, user: User, by: str, today: date) -> dict[str, Coached]:
    numbers = {name: Count("pk", filter=condition) for name, condition in results(today).items()}
    rows = coaching(chosen, user).values(group=F(BY_COACHING[by])).annotate(**numbers).order_by()
    found = {row["group"] or NONE: Coached(*(row[name] for name in numbers)) for row in rows}
    return {code: found[code] for code in sorted(found)}


def _names(by: str) -> dict[str, str]:
    """The codes of a grouping and their names, in their usual order, at last what has none."""
    rows: dict[str, Any] = {
        "rule": ConductRule.objects.all(),
        "subcategory": Subcategory.objects.order_by("code"),
        "branch": Branch.objects.order_by("path"),
        "team": Team.objects.order_by("code"),
    }
    nothing = {"rule": _("No rule named"), "subcategory": _("Not said"), "branch": "", "team": _("No team")}
    return {row.code: row.name for row in rows[by]} | {NONE: nothing[by]}


def _held(judged: dict[str, dict[str, int]]) -> int:
    return sum(numbers["substantiated"] + numbers["partly"] for numbers in judged.values())


def _sentence(chosen: Chosen, judged: dict[str, dict[str, int]], whole: Coached) -> str:
    count, held = sum(numbers["all"] for numbers in judged.values()), _held(judged)
    found = ngettext(
        "From %(period)s there was %(count)d finding about service, and %(held)d held in whole or in part.",
        "From %(period)s there were %(count)d findings about service, and %(held)d held in whole or in part.",
        count,
    ) % {"period": chosen.period, "count": count, "held": held}
    share = (
        _("That is %(share)s (95%% range %(range)s).")
        % {"share": percent(held / count), "range": percents(wilson(held, count))}
        if count >= TOO_FEW
        else ""
    )
    learned = _("Of %(planned)d coaching actions due, %(done)d are done, %(on_time)d of them in time.") % {
        "planned": whole.planned,
        "done": whole.done,
        "on_time": whole.on_time,
    }
    return told(found, share, learned)


def _finding_table(chosen: Chosen, judged: dict[str, dict[str, int]], names: dict[str, str]) -> Table:
    columns = [
        Column(capfirst(str(dict(REPORT.grouping)[chosen.by])), is_number=False),
        Column(_("Findings")),
        *(Column(str(verdict.label)) for verdict in ConductVerdict),
        Column(_("Held in whole or in part"), is_count=False),
        Column(_("95% range"), is_count=False),
    ]

    def row(name: str, code: str, numbers: dict[str, int]) -> list[Cell]:
        held = numbers["substantiated"] + numbers["partly"]
        return [
            Cell(name),
            *(_number(chosen, numbers[pick], f"finding.{pick}.{chosen.by}.{code}") for pick in FINDINGS),
            share_cell(held, numbers["all"]),
            interval_cell(held, numbers["all"]),
        ]

    whole = {pick: sum(numbers[pick] for numbers in judged.values()) for pick in FINDINGS}
    rows = [row(names[code], code, numbers) for code, numbers in judged.items()]
    return Table("findings", _("Findings"), columns, rows, row(_("All"), "", whole))


def _coaching_table(chosen: Chosen, by: str, title: str, parts: dict[str, Coached], whole: Coached) -> Table:
    columns = [
        Column(_("Branch") if by == "branch" else _("Team"), is_number=False),
        Column(_("Planned")),
        Column(_("Done")),
        Column(_("On time")),
        Column(_("On time, of those planned"), is_count=False),
        Column(_("Overdue")),
        Column(_("Again within 90 days")),
    ]
    names = _names(by)

    def row(name: str, code: str, part: Coached) -> list[Cell]:
        def number(pick: str) -> Cell:
            return _number(chosen, getattr(part, pick), f"coaching.{pick}.{by}.{code}")

        return [
            Cell(name),
            *(number(pick) for pick in ("planned", "done", "on_time")),
            share_cell(part.on_time, part.planned),
            *(number(pick) for pick in ("overdue", "again")),
        ]

    rows = [row(names.get(code, code), code, part) for code, part in parts.items()]
    return Table(f"coaching-{by}", title, columns, rows, row(_("All"), "", whole))


def _number(chosen: Chosen, count: int, pick: str) -> Cell:
    return Cell(count, href=list_address(chosen, pick) if count else "")


def list_address(chosen: Chosen, pick: str) -> str:
    return f"{reverse('analytics:report-list', args=['coaching'])}?{urlencode(chosen.params(pick=pick))}"


def _chart(judged: dict[str, dict[str, int]], names: dict[str, str]) -> Chart:
    return Chart(
        kind="counts",
        labels=[names[code] for code in judged],
        series=[
            Series(str(verdict.label), [numbers[pick] for numbers in judged.values()])
            for verdict, pick in zip(ConductVerdict, ("substantiated", "partly", "not", "unverifiable"), strict=True)
        ],
    )


def _notes(count: int, whole: Coached) -> list[str]:
    notes = [_("Rules and teams stand in their usual order; nobody is ranked, and no person is named.")]
    if TOO_FEW <= count < LOW_BASE:
        notes.append(
            _("Low base: fewer than %(count)d findings. Read the range, not the percentage.") % {"count": LOW_BASE}
        )
    if whole.again:
        notes.append(
            ngettext(
                "After %(count)d coaching action the same person or team was complained of again, rightly, within 90 days.",
                "After %(count)d coaching actions the same person or team was complained of again, rightly, within 90 days.",
                whole.again,
            )
            % {"count": whole.again}
        )
    return notes


def list_rows(chosen: Chosen, user: User, at: datetime, pick: str) -> Listing:
    """The findings or the coaching behind a number, the newest first."""
    what, _dot, rest = pick.partition(".")
    name, _dot, group = rest.partition(".")
    by, _dot, code = group.partition(".")
    if what == "finding" and name in FINDINGS and by in BY_FINDING:
        return _finding_list(findings(chosen, user).filter(FINDINGS[name], _in_group(BY_FINDING[by], code)))
    if what == "coaching" and name in results(timezone.localdate(at)) and by in BY_COACHING:
        condition = results(timezone.localdate(at))[name]
        return _coaching_list(coaching(chosen, user).filter(condition, _in_group(BY_COACHING[by], code)))
    raise Http404


def _in_group(field: str, code: str) -> Q:
    """No code: every group."""
    if not code:
        return Q()
    return Q(**{f"{field}__isnull": True}) if code == NONE else Q(**{field: code})


def _finding_list(rows: QuerySet[ConductFinding]) -> Listing:
    return Listing(
        title=_("Findings"),
        rows=rows.select_related("complaint__subcategory", "rule", "team").order_by("-entered_at", "-pk"),
        columns=[
            Column(_("Complaint"), is_number=False),
            Column(_("Subcategory"), is_number=False),
            Column(_("Rule"), is_number=False),
            Column(_("Team"), is_number=False),
            Column(_("Finding"), is_number=False),
            Column(_("Recorded"), is_number=False),
        ],
        show=_shown_finding,
    )


def _shown_finding(finding: ConductFinding) -> list[Cell]:
    complaint = finding.complaint
    return [
        Cell(complaint.reference, href=reverse("complaints:complaint", args=[complaint.reference])),
        Cell(complaint.subcategory.name if complaint.subcategory else "–"),
        Cell(finding.rule.name if finding.rule else "–"),
        Cell(finding.team.name if finding.team else "–"),
        Cell(str(finding.get_verdict_display())),
        moment_cell(finding.entered_at),
    ]


def _coaching_list(rows: QuerySet[CoachingAction]) -> Listing:
    """Whom it is for and what it says stays with those who may read it."""
    return Listing(
        title=_("Coaching"),
        rows=rows.select_related("complaint", "branch", "team").order_by("-due_on", "-pk"),
        columns=[
            Column(_("Complaint"), is_number=False),
            Column(_("Kind"), is_number=False),
            Column(_("Branch"), is_number=False),
            Column(_("Team"), is_number=False),
            Column(_("Due"), is_number=False),
            Column(_("Done"), is_number=False),
            Column(_("Effect"), is_number=False),
        ],
        show=_shown_coaching,
    )


def _shown_coaching(action: CoachingAction) -> list[Cell]:
    reference = action.complaint.reference
    return [
        Cell(reference, href=reverse("complaints:complaint", args=[reference])),
        Cell(str(action.get_kind_display())),
        Cell(action.branch.name),
        Cell(action.team.name if action.team else "–"),
        Cell(action.due_on),
        moment_cell(action.done_at),
        Cell(str(action.get_effect_display()) or "–"),
    ]


REPORT = Report(
    name="coaching",
    title=gettext_lazy("Coaching"),
    purpose=gettext_lazy("What complaints about service teach, whether it is learned in time, and whether it helps."),
    measures=measures("conduct_findings", "conduct_held", "coaching_on_time", "coaching_again"),
    grouping=[("rule", gettext_lazy("rule of service")), ("subcategory", gettext_lazy("subcategory"))],
    read=read,
    listing=list_rows,
    position=9,
    is_over_time=False,
)
