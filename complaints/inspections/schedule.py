"""What is due: plans whose day comes become inspections, each day of a plan once, and who lets a day pass is reminded once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils import formats, timezone, translation

from complaints import outbox, turn
from complaints.inspections.dates import add_months
from complaints.models import (
    DeskSettings,
    Inspection,
    InspectionEvent,
    InspectionKind,
    InspectionPlan,
    InspectionState,
    InspectionStep,
    Medium,
    MessageTemplate,
    Notice,
    Purpose,
)
from complaints.routing import Routes
from staff import duty
from staff.actors import Role
from staff.models import Team, User

OVERDUE = "inspection_overdue"
OCCASIONS = frozenset({OVERDUE})
PIECE = 500
RECENT = timedelta(days=60)
"""Who was inspected so shortly before is not looked at once more for the peak."""
LATE = timedelta(days=30)
"""How long after its day an extra check is still made up for, when everything stood still on the day."""


def today() -> date:
    return timezone.localdate(turn.now())


# falling due


def due_plans(kind: InspectionKind, day: date) -> QuerySet[InspectionPlan]:
    """The plans of a kind whose next inspection comes into view, and that have no open one."""
    waits = Inspection.objects.open().filter(plan=OuterRef("pk"), purpose=Purpose.REGULAR)
    plans = InspectionPlan.objects.filter(~Exists(waits), kind=kind, is_active=True)
    return plans.filter(next_due_on__lte=day + timedelta(days=kind.lead_days)).order_by("next_due_on", "pk")


def extra_days(kind: InspectionKind, day: date) -> list[date]:
    """The days of the year before which this kind is looked at once more, that are in view or have just passed."""
    days = [date.fromisoformat(f"{year}-{one}") for one in kind.extra_before for year in (day.year, day.year + 1)]
    return [one for one in days if one - timedelta(days=kind.lead_days) <= day <= one + LATE]


def extra_plans(kind: InspectionKind, extra: date) -> QuerySet[InspectionPlan]:
    """The plans of a kind that have nothing for this day: no check, no open inspection before it, none done shortly before."""
    of_plan = Inspection.objects.filter(plan=OuterRef("pk"))
    there = of_plan.filter(scheduled_on=extra)
    open_before = of_plan.open().filter(due_on__lte=extra)
    recent = of_plan.done().filter(done_on__gt=extra - RECENT)
    plans = InspectionPlan.objects.filter(~Exists(there), ~Exists(open_before), ~Exists(recent))
    return plans.filter(kind=kind, is_active=True, made_on__lt=extra).order_by("pk")


def everything(day: date) -> Iterator[tuple[Iterable[InspectionPlan], Callable[[InspectionPlan], int]]]:
    """For each kind in use the plans that something falls due of, and what makes it due."""
    for kind in InspectionKind.objects.filter(is_active=True):
        yield due_plans(kind, day).iterator(chunk_size=PIECE), make_due
        for extra in extra_days(kind, day):
            yield (
                extra_plans(kind, extra).iterator(chunk_size=PIECE),
                partial(make_due, purpose=Purpose.EXTRA, extra=extra),
            )


@transaction.atomic
def make_due(plan: InspectionPlan, purpose: str = Purpose.REGULAR, extra: date | None = None) -> int:
    """The inspection of the plan's next day, or of the day of an extra check; 1 if this call made it.

    May be called by many at once: the plan is locked, and its day has one inspection for good. A day that has had its
    inspection makes way for the next.
    """
    row = (
        InspectionPlan.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("kind", "account__premise", "transformer_area", "feeder", "branch")
        .filter(pk=plan.pk, is_active=True)
        .first()
    )
    day = extra or (row.next_due_on if row else None)
    if row is None or day is None or (extra is None and row.inspections.open().filter(purpose=purpose).exists()):
        return 0
    made, is_new = Inspection.objects.get_or_create(
        plan=row,
        scheduled_on=day,
        defaults={
            "purpose": purpose,
            "due_on": day,
            "kind": row.kind,
            "account": row.account,
            "transformer_area": row.transformer_area,
            "feeder": row.feeder,
            "place": row.account.premise.address if row.account else "",
            "branch": row.branch,
            "team": team_of(row),
        },
    )
    if is_new:
        InspectionEvent.objects.create(inspection=made, step=InspectionStep.SCHEDULED, at=turn.now(), now_on=day)
    elif extra is None and made.state != InspectionState.OPEN:
        row.next_due_on = add_months(day, row.months) if row.months else None
        row.save(update_fields=["next_due_on"])
    return int(is_new)


def team_of(plan: InspectionPlan) -> Team | None:
    """The nearest team of the kind's kind; teams are read once a turn."""
    routes = turn.once("teams for inspections", lambda: Routes([]))
    return routes.nearest(plan.kind.team_kind, plan.branch.path)


# reminding


def to_remind(day: date) -> QuerySet[Inspection]:
    """Overdue, and nobody was reminded yet."""
    return Inspection.objects.overdue(day).filter(reminded_at__isnull=True).by_due()


@transaction.atomic
def remind(inspection: Inspection) -> int:
    """Write once to whoever does it, else to the team on duty, else to the supervisor; 1 if this call did."""
    rows = Inspection.objects.open().filter(pk=inspection.pk, reminded_at=None)
    row = rows.named().select_for_update(skip_locked=True, of=("self",)).first()
    if row is None:
        return 0
    people = _who_hears(row)
    texts = {text.language: text for text in MessageTemplate.objects.filter(code=OVERDUE, medium=Medium.EMAIL)}
    if not people or not texts:
        return 0
    to = people[0]
    text = texts.get(to.language) or texts.get(settings.LANGUAGE_CODE) or next(iter(texts.values()))
    with translation.override(text.language):
        words = words_for(row) | {"name": to.display_name}
    notice = Notice(
        inspection=row,
        code=OVERDUE,
        medium=Medium.EMAIL,
        address=to.email,
        is_to_customer=False,
        language=text.language,
        subject=text.subject.format(**words)[:200],
        body=text.body.format(**words),
    )
    outbox.try_at(turn.now(), [notice], DeskSettings.current())
    notice.save()
    row.reminded_at = turn.now()
    row.save(update_fields=["reminded_at"])
    return 1


def _who_hears(row: Inspection) -> list[User]:
    if row.assignee is not None and row.assignee.is_active and row.assignee.email:
        return [row.assignee]
    of_team = duty.of_team(row.team, turn.now()).people if row.team is not None else ()
    return list(of_team) or [one for one in duty.on_duty(Role.SUPERVISOR, row.branch, turn.now()) if one.email]


def words_for(inspection: Inspection) -> dict[str, Any]:
    """What the {placeholders} of the reminder stand for, in the language in force."""
    page = reverse("complaints:inspection", args=[inspection.pk])
    return {
        "kind": inspection.title,
        "place": inspection.where,
        "due": formats.date_format(inspection.due_on, "DATE_FORMAT"),
        "desk_url": f"{settings.BASE_URL}{page}",
    }
