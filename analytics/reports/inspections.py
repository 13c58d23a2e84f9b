"""How inspections went: done on time, late or still owed, and how grave what they found is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, F, Q
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
    percent,
    percents,
    share_cell,
    told,
)
from analytics.reports.parts import NONE, number
from analytics.statistics import TOO_FEW, wilson
from complaints.inspections.figures import first_due
from complaints.models import (
    Consequence,
    HazardGrade,
    Inspection,
    InspectionFinding,
    InspectionKind,
    InspectionResult,
    InspectionState,
)
from complaints.models.inspections import InspectionQuerySet
from staff.models import Branch, Team, User

NAME = "inspections"
BY = {"kind": "kind__code", "branch": "branch__code", "team": "team__code"}
TITLES = {
    "due": gettext_lazy("First due"),
    "on_time": gettext_lazy("On time"),
    "late": gettext_lazy("Late"),
    "overdue": gettext_lazy("Overdue"),
    "waiting": gettext_lazy("Not due yet"),
    "cancelled": gettext_lazy("Cancelled"),
    "tried": gettext_lazy("Tried in vain"),
    "not_in_order": gettext_lazy("Not in order"),
}


@dataclass(frozen=True, slots=True)
class Went:
    """How the inspections of one line went; the names are those of TITLES."""

    counts: dict[str, int]

    def __add__(self, other: Went) -> Went:
        return Went({name: self.counts[name] + other.counts[name] for name in TITLES})


NOTHING = Went(dict.fromkeys(TITLES, 0))


def results(today: date) -> dict[str, Q]:
    """What became of an inspection, as in `complaints.inspections.figures`; the list applies the same condition."""
    done, is_open = Q(state=InspectionState.DONE), Q(state=InspectionState.OPEN)
    return {
        "due": ~Q(state=InspectionState.CANCELLED),
        "on_time": done & Q(done_on__lte=F("scheduled_on")),
        "late": done & Q(done_on__gt=F("scheduled_on")),
        "overdue": is_open & Q(scheduled_on__lt=today),
        "waiting": is_open & Q(scheduled_on__gte=today),
        "cancelled": Q(state=InspectionState.CANCELLED),
        "tried": Q(attempts__gt=0),
        "not_in_order": Q(result=InspectionResult.NOT_IN_ORDER),
    }


def inspections(chosen: Chosen, user: User) -> InspectionQuerySet:
    """Those first due in the period that this person may see."""
    rows = Inspection.objects.visible_to(user)
    if chosen.branch:
        rows = rows.filter(branch__path__startswith=chosen.branch.path)
    return first_due(chosen.period.first, chosen.period.last, rows).order_by()


def found_in(chosen: Chosen, user: User) -> Any:
    return InspectionFinding.objects.filter(inspection__in=inspections(chosen, user))


def read(chosen: Chosen, user: User, at: datetime) -> Findings:
    numbers = {name: Count("pk", filter=when) for name, when in results(timezone.localdate(at)).items()}
    rows = inspections(chosen, user).values(group=F(BY[chosen.by])).annotate(**numbers)
    parts = {row["group"] or NONE: Went({name: row[name] for name in TITLES}) for row in rows}
    if not parts:
        return Findings(_("No inspection was first due from %(period)s.") % {"period": chosen.period}, tables=[])
    lines = {code: name for code, name in _names(chosen.by).items() if code in parts}
    whole = sum(parts.values(), NOTHING)
    return Findings(
        sentence=_sentence(chosen, whole),
        tables=[_table(chosen, parts, lines, whole), _grades(chosen, user)],
        chart=_chart(parts, lines),
        notes=_notes(chosen),
    )


def _names(by: str) -> dict[str, str]:
    rows: dict[str, Any] = {
        "kind": InspectionKind.objects.all(),
        "branch": Branch.objects.order_by("path"),
        "team": Team.objects.order_by("code"),
    }
    nothing = {"kind": _("Without a plan"), "branch": "", "team": _("No team")}
    return {row.code: row.name for row in rows[by]} | {NONE: nothing[by]}


def _sentence(chosen: Chosen, whole: Went) -> str:
    due, on_time = whole.counts["due"], whole.counts["on_time"]
    text = ngettext(
        "Of %(due)d inspection first due from %(period)s, %(on_time)d was done on time and %(overdue)d is overdue.",
        "Of %(due)d inspections first due from %(period)s, %(on_time)d were done on time and %(overdue)d are overdue.",
        due,
    ) % {"due": due, "period": chosen.period, "on_time": on_time, "overdue": whole.counts["overdue"]}
    if due < TOO_FEW:
        return text
    share = _("That is %(share)s on time (95%% range %(range)s).")
    return told(text, share % {"share": percent(on_time / due), "range": percents(wilson(on_time, due))})


def _table(chosen: Chosen, parts: dict[str, Went], lines: dict[str, str], whole: Went) -> Table:
    first, *others = TITLES
    columns = [
        Column(capfirst(str(dict(REPORT.grouping)[chosen.by])), is_number=False),
        Column(str(TITLES[first])),
        Column(_("On time, of those due"), is_count=False),
        Column(_("95% range"), is_count=False),
        *(Column(str(TITLES[name])) for name in others),
    ]

    def row(name: str, code: str, went: Went) -> list[Cell]:
        counts = went.counts
        cells = {what: number(NAME, chosen, counts[what], what, code) for what in TITLES}
        share = share_cell(counts["on_time"], counts["due"]), interval_cell(counts["on_time"], counts["due"])
        return [Cell(name), cells[first], *share, *(cells[what] for what in others)]

    rows = [row(name, code, parts[code]) for code, name in lines.items()]
    return Table(NAME, _("Inspections"), columns, rows, row(_("All"), "", whole))


def _grades(chosen: Chosen, user: User) -> Table:
    """What was found, by grade and by what follows from it."""
    rows = found_in(chosen, user).order_by().values_list("grade", "consequence").annotate(number=Count("pk"))
    counts = {(grade, consequence): n for grade, consequence, n in rows}

    def row(name: str, grades: list[str], pick: str) -> list[Cell]:
        def of(consequence: str) -> int:
            return sum(counts.get((grade, consequence), 0) for grade in grades)

        cells = [number(NAME, chosen, of(kind), "finding", pick, kind) for kind in Consequence.values]
        whole = number(NAME, chosen, sum(of(kind) for kind in Consequence.values), "finding", pick, "")
        return [Cell(name), whole, *cells]

    columns = [
        Column(_("Grade"), is_number=False),
        Column(_("Findings")),
        *(Column(capfirst(str(kind.label))) for kind in Consequence),
    ]
    lines = [row(str(grade.label), [grade.value], grade.value) for grade in HazardGrade]
    return Table("grades", _("What was found"), columns, lines, row(_("All"), HazardGrade.values, ""))


def _chart(parts: dict[str, Went], lines: dict[str, str]) -> Chart:
    shown = ("on_time", "late", "overdue", "waiting")
    return Chart(
        kind="counts",
        labels=list(lines.values()),
        series=[Series(str(TITLES[name]), [parts[code].counts[name] for code in lines]) for name in shown],
    )


def _notes(chosen: Chosen) -> list[str]:
    notes = [_("Counted by the day on which each was first due; a day to which it was moved does not make it on time.")]
    if chosen.category or chosen.channel:
        notes.append(_("Inspections have neither category nor channel: these two filters change nothing here."))
    return notes


def list_rows(chosen: Chosen, user: User, at: datetime, pick: str) -> Listing:
    """The inspections, or findings, behind a number; `pick` is what and the line, or the grade and what follows."""
    what, code, consequence = [*pick.split("~"), "", ""][:3]
    conditions = results(timezone.localdate(at))
    if what == "finding":
        wanted = {"grade": code, "consequence": consequence}
        return _finding_list(found_in(chosen, user).filter(**{name: value for name, value in wanted.items() if value}))
    if what not in conditions:
        raise Http404
    rows, group = inspections(chosen, user).filter(conditions[what]), BY[chosen.by]
    if code:
        rows = rows.filter(**({f"{group}__isnull": True} if code == NONE else {group: code}))
    return _list(str(TITLES[what]), rows)


def _inspection(inspection: Inspection) -> list[Cell]:
    return [
        Cell(inspection.title, href=reverse("complaints:inspection", args=[inspection.pk])),
        Cell(inspection.where),
        Cell(inspection.branch.name),
    ]


def _heads() -> list[Column]:
    return [Column(name, is_number=False) for name in (_("Inspection"), _("Where"), _("Branch"))]


def _list(title: str, rows: InspectionQuerySet) -> Listing:
    def show(inspection: Inspection) -> list[Cell]:
        return [
            *_inspection(inspection),
            Cell(inspection.team.name if inspection.team else "–"),
            Cell(inspection.scheduled_on),
            Cell(inspection.done_on, "" if inspection.done_on else "–"),
            Cell(str(inspection.get_result_display()) or str(inspection.get_state_display())),
        ]

    more = [Column(name, is_number=False) for name in (_("Team"), _("First due"), _("Done"), _("Result"))]
    near = rows.select_related("kind", "transformer_area", "feeder", "branch", "team").order_by("scheduled_on", "pk")
    return Listing(title, near, [*_heads(), *more], show)


def _finding_list(rows: Any) -> Listing:
    def show(finding: InspectionFinding) -> list[Cell]:
        return [
            *_inspection(finding.inspection),
            Cell(str(finding.get_grade_display())),
            Cell(finding.what),
            Cell(str(finding.get_consequence_display())),
        ]

    more = [Column(name, is_number=False) for name in (_("Grade"), _("What was found"), _("What follows"))]
    near = [f"inspection__{name}" for name in ("kind", "transformer_area", "feeder", "branch")]
    return Listing(_("What was found"), rows.select_related(*near).order_by("-pk"), [*_heads(), *more], show)


REPORT = Report(
    name=NAME,
    title=gettext_lazy("Inspections"),
    purpose=gettext_lazy("Whether inspections are done when they are due, and how grave what they find is."),
    measures=measures("inspections_on_time"),
    grouping=[
        ("kind", gettext_lazy("kind of inspection")),
        ("branch", gettext_lazy("branch")),
        ("team", gettext_lazy("team")),
    ],
    read=read,
    listing=list_rows,
    position=23,
    is_over_time=False,
)
