"""The roster as a plan: a branch's week with its shifts and its gaps, and the three ways to change it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from staff.actors import Role
from staff.duty import Answer, Rota, upwards
from staff.models import Branch, Duty, User

ALARMED = (Role.SUPERVISOR, Role.LIAISON, Role.ADMINISTRATOR)
"""The roles that alarms look for, so that a gap in them matters; of the others a team's own members are looked for."""
ALWAYS_SHOWN = (*ALARMED, Role.INVESTIGATOR)
WEEK = timedelta(days=7)


class Overlaps(Exception):
    """The person has another shift at that time; `shift` is it, if it is still there to be shown."""

    def __init__(self, shift: Duty | None) -> None:
        super().__init__(str(shift))
        self.shift = shift


# who may see and change which


def branches_shown_to(user: User) -> QuerySet[Branch]:
    """The person's own subtree and the branches above it, to whose rosters its alarms fall; administrators see all."""
    if user.role == Role.ADMINISTRATOR:
        return Branch.objects.all()
    if user.branch is None:
        return Branch.objects.none()
    path = user.branch.path
    return Branch.objects.filter(Q(path__startswith=path) | Q(path__in=upwards(path)))


def may_plan(user: User, branch: Branch) -> bool:
    """Supervisors plan for their own branch and those below it, administrators for all."""
    if user.role == Role.ADMINISTRATOR:
        return True
    return user.role == Role.SUPERVISOR and user.branch is not None and branch.path.startswith(user.branch.path)


def who_can_serve(branch: Branch) -> QuerySet[User]:
    """Those who could act on an alarm of this branch, because they see its complaints, and can be told of one."""
    sees_it = Q(branch__path__in=upwards(branch.path)) | Q(role=Role.ADMINISTRATOR)
    people = User.objects.filter(sees_it, is_active=True).exclude(email="")
    return people.select_related("branch").order_by("-branch__path", "role", "full_name", "username")


# the week


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch that no shift of this branch covers, and who answers in it instead."""

    start: datetime
    end: datetime
    answer: Answer


@dataclass(frozen=True, slots=True)
class Day:
    """One role on one day: the shifts that touch it, and the gaps."""

    start: datetime
    end: datetime
    shifts: list[Duty]
    gaps: list[Gap]


@dataclass(frozen=True, slots=True)
class Row:
    role: Role
    days: list[Day]


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def midnight(day: date) -> datetime:
    """When this day begins at the utility."""
    return datetime.combine(day, time.min, timezone.get_default_timezone())


def week(branch: Branch, monday: date) -> list[Row]:
    """The branch's week by role, with gaps for the roles that alarms look for; as many queries for one shift as for fifty."""
    start, end = midnight(monday), midnight(monday + WEEK)
    rota = Rota(branch.path, start, end)
    touching = Duty.objects.filter(branch=branch, starts_at__lt=end, ends_at__gt=start)
    own = list(touching.select_related("user").order_by("starts_at", "pk"))
    roles = [*ALWAYS_SHOWN, *(role for role in (Role.AGENT, Role.ANALYST) if any(one.role == role for one in own))]
    return [Row(role, [_day(rota, role, own, monday + timedelta(days=n)) for n in range(7)]) for role in roles]


def _day(rota: Rota, role: Role, own: Iterable[Duty], date_: date) -> Day:
    start, end = midnight(date_), midnight(date_ + timedelta(days=1))
    shifts = [one for one in own if one.role == role and one.starts_at < end and one.ends_at > start]
    gaps = list(_gaps(rota, role, start, end)) if role in ALARMED else []
    return Day(start, end, shifts, gaps)


def _gaps(rota: Rota, role: Role, start: datetime, end: datetime) -> Iterator[Gap]:
    shifts = [one for one in rota.shifts if one.role == role]
    turns = {at for one in shifts for at in (one.starts_at, one.ends_at) if start < at < end}
    turns |= {
        at for one in rota.away.rows for at in (one.starts_at, one.ends_at) if at is not None and start < at < end
    }
    moments = sorted({start, end} | turns)
    gap: Gap | None = None
    here = rota.paths[0]
    for begin, finish in pairwise(moments):
        on = [one.user for one in shifts if one.branch.path == here and one.starts_at <= begin < one.ends_at]
        answer = None if rota.acting(on, begin) else rota.who(role, begin)
        if gap is not None and gap.answer != answer:
            yield gap
            gap = None
        if answer is not None:
            gap = Gap(gap.start if gap else begin, finish, answer)
    if gap is not None:
        yield gap


def now(branch: Branch, at: datetime) -> list[tuple[Role, Answer]]:
    """Who answers in this branch at this moment, for each role that alarms look for."""
    rota = Rota(branch.path, at, at)
    return [(role, rota.who(role, at)) for role in ALARMED]


# changing it


def add(user: User, branch: Branch, role: str, starts_at: datetime, ends_at: datetime, *, by: User) -> Duty:
    """A new shift. Raises Overlaps when the person has another one then, also one that somebody enters this very moment."""
    try:
        with transaction.atomic():
            return Duty.objects.create(
                user=user, branch=branch, role=role, starts_at=starts_at, ends_at=ends_at, entered_by=by
            )
    except IntegrityError as error:
        if "duty_of_a_person_does_not_overlap" not in str(error):
            raise
        others = Duty.objects.filter(user=user, starts_at__lt=ends_at, ends_at__gt=starts_at)
        raise Overlaps(others.select_related("branch").first()) from None


def copy_to_next_week(branch: Branch, monday: date, *, by: User, at: datetime) -> tuple[int, list[Duty]]:
    """Repeat the week's shifts at the same hours a week later: how many were made, and which were left out.

    Left out is what would overlap, what would be over already, and who has left.
    """
    begun = Duty.objects.filter(branch=branch, starts_at__gte=midnight(monday), starts_at__lt=midnight(monday + WEEK))
    made, left_out = 0, []
    for shift in begun.select_related("user"):
        starts_at, ends_at = _a_week_later(shift.starts_at), _a_week_later(shift.ends_at)
        try:
            if ends_at <= at or ends_at <= starts_at or not shift.user.is_active:
                raise Overlaps(None)
            add(shift.user, branch, shift.role, starts_at, ends_at, by=by)
        except Overlaps:
            left_out.append(shift)
        else:
            made += 1
    return made, left_out


def _a_week_later(moment: datetime) -> datetime:
    """The same hour on the wall, also when clocks are turned in between."""
    local = timezone.localtime(moment, timezone.get_default_timezone())
    return (local.replace(tzinfo=None) + WEEK).replace(tzinfo=timezone.get_default_timezone())


def take_off(shift: Duty, *, at: datetime) -> bool:
    """Remove a shift that has not begun, end one that is going on; one that is over is history and stays: false."""
    if shift.ends_at <= at:
        return False
    if shift.starts_at >= at:
        shift.delete()
    else:
        shift.ends_at = at
        shift.save(update_fields=["ends_at"])
    return True
