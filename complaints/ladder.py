"""The ladder: what an alarm says, who hears it, and what the alarm itself does to the complaint."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from complaints import turn
from complaints.clocks.alarms import CAP
from complaints.models import Alarm, Clock, ClockKind, Complaint, LadderStep, Priority, RequestType
from complaints.models.complaint import RESTRICTED_TO
from complaints.models.steering import Listener
from complaints.states import HANDLERS, OPEN
from staff import duty
from staff.actors import Role
from staff.models import Branch, Team, User
from staff.stand_ins import Away, can_be_told, told_for

HIGHEST_BY_ITSELF = Priority.P2
"""P1 says that a life is in danger; no deadline can make that true."""


BREACH = "breach"


@dataclass(frozen=True, slots=True)
class Said:
    """What an alarm says: a move with its details, and the step of the ladder, if there is one."""

    move: str
    details: dict[str, Any]
    step: LadderStep | None = None


def said_by(alarm: Alarm) -> Said:
    """The move that an alarm makes on its complaint, by its level and its clock."""
    clock, level = alarm.clock, alarm.level.rstrip("0123456789")
    if clock.kind == ClockKind.REQUEST:
        # between teams: it is nobody's promise to the customer, so no rung of the ladder and no breach of the complaint
        return Said("remind_request", {"request": clock.request, "level": level, "due_at": clock.due_at})
    if level == CAP:
        return Said("release", {"note": _("The pause has lasted as long as it may.")})
    details: dict[str, Any] = {"clock": str(clock), "due_at": clock.due_at}
    if level == "escalate":
        details = {"reason": _("%(clock)s still overdue") % {"clock": clock.label}}
    step = step_for(clock, alarm.level)
    if step is not None:
        details["tell"] = step.tell
    return Said(level, details, step)


def only_tells(alarm: Alarm, complaint: Complaint) -> bool:
    """Whether an alarm is an event and notices and nothing else: it moves no clock, no person and no priority."""
    if alarm.clock.kind == ClockKind.REQUEST or alarm.level == CAP:
        return False
    step = step_for(alarm.clock, alarm.level)
    return step is None or not may_follow(step, complaint)


def step_for(clock: Clock, alarm: str) -> LadderStep | None:
    """The step for an alarm such as "escalate2": the one that names most, clock before tier before number."""
    level, number = parted(alarm)
    steps = turn.once(("steps", level), lambda: list(LadderStep.objects.filter(level=level)))
    return most_specific(steps, clock.kind, clock.tier, number)


def parted(alarm: str) -> tuple[str, int]:
    """ "escalate2" as its level and its number; without a number it is the first."""
    level, digits = re.fullmatch(r"([a-z_]+?)(\d*)", alarm).groups()  # type: ignore[union-attr]
    return level, int(digits or 1)


def most_specific(steps: Iterable[LadderStep], kind: str, tier: str, number: int) -> LadderStep | None:
    """Of the steps of one level that fit, the one that names most."""
    fitting = [
        step for step in steps if step.kind in ("", kind) and step.tier in ("", tier) and step.number in (None, number)
    ]
    return max(fitting, key=lambda step: (step.kind != "", step.tier != "", step.number is not None), default=None)


# who hears it


@dataclass(frozen=True, slots=True)
class Place:
    """Where an alarm rings, as far as its listeners depend on it; the what-if asks for places that are no complaint."""

    branch: Branch
    team: Team | None = None
    assignee: User | None = None
    is_restricted: bool = False
    about: int | None = None
    """The key of the colleague whom it complains about."""

    @classmethod
    def of(cls, complaint: Complaint) -> Place:
        is_report = complaint.request_type == RequestType.REPORT
        return cls(complaint.branch, complaint.team, complaint.assignee, is_report, complaint.about_id)

    def may_be_seen_by(self, user: User) -> bool:
        """As `Complaint.objects.visible_to` has it, for one person."""
        if self.about is not None and self.about == user.pk:
            return False
        if self.is_restricted and user.role not in RESTRICTED_TO:
            return False
        return user.branch is not None and self.branch.path.startswith(user.branch.path)


def listeners(place: Place, tell: Iterable[str], at: datetime) -> list[tuple[str, duty.Answer]]:
    """For each kind of listener those who hear an alarm that rings here at this moment; some may be nobody."""
    rota = rota_of(place.branch.path, at)
    return [(listener, _heard_by(listener, place, rota, at)) for listener in Listener.values if listener in set(tell)]


def _heard_by(listener: str, place: Place, rota: duty.Rota, at: datetime) -> duty.Answer:
    if listener == Listener.ASSIGNEE:
        if place.assignee is None or not can_be_told(place.assignee):
            return duty.NOBODY
        return duty.Answer(told_instead(place, place.assignee, at), duty.Found.ROLE)
    if listener == Listener.TEAM:
        members = _members(place.team, at) if place.team is not None else duty.NOBODY
        seeing = tuple(user for user in members.people if place.may_be_seen_by(user))
        return duty.Answer(seeing, members.found) if seeing else duty.NOBODY
    if listener == Listener.SUPERVISOR_ABOVE:
        # above the branch whose supervisor hears the alarm, not above the complaint's: else a station without a
        # supervisor would escalate from the county's supervisor to the county's supervisor
        nearest = rota.who(Role.SUPERVISOR, at).path
        return rota_of(duty.above(nearest), at).who(Role.SUPERVISOR, at) if nearest else duty.NOBODY
    role = {
        Listener.SUPERVISOR: Role.SUPERVISOR,
        Listener.LIAISON: Role.LIAISON,
        Listener.ADMINISTRATOR: Role.ADMINISTRATOR,
    }[Listener(listener)]
    return rota.who(role, at)


def told_instead(place: Place, person: User, at: datetime) -> tuple[User, ...]:
    """Who is told at this moment what is meant for this person here: while they are away whoever acts for them.

    A chain of deputies that leads to nobody who may see the complaint ends at the supervisors on duty.
    """

    def able(user: User) -> bool:
        return can_be_told(user) and (user == person or place.may_be_seen_by(user))

    def supervisors() -> tuple[User, ...]:
        return rota_of(place.branch.path, at).who(Role.SUPERVISOR, at).people

    return told_for(person, away(at).deputies(at), supervisors, able)


def away(at: datetime) -> Away:
    """Who is away at this moment, read once in a turn."""
    return _roster(at).away


def expect(complaints: Collection[Complaint], at: datetime) -> None:
    """It will be asked who hears of these complaints: in a turn what that takes is read for all of them together."""
    _roster(at).expect(
        {complaint.branch.path for complaint in complaints},
        {complaint.team_id for complaint in complaints if complaint.team_id is not None},
    )


def rota_of(path: str, at: datetime) -> duty.Rota:
    """Who answers in a branch at this moment, read once in a turn."""
    return turn.once(("rota", path, at), lambda: duty.Rota(path, at, at, roster=_roster(at)))


def _roster(at: datetime) -> duty.Roster:
    return turn.once(("roster", at), lambda: duty.Roster(at, at))


def _members(team: Team, at: datetime) -> duty.Answer:
    return _roster(at).members(team.pk)


# what it does


def may_follow(step: LadderStep, complaint: Complaint) -> bool:
    """Whether `consequences` may give a move, as far as that can be said without looking who is on duty."""
    if complaint.status not in OPEN:
        return False
    is_given = step.reassigns and complaint.team_id is not None
    return is_given or (step.raises_priority and complaint.priority > HIGHEST_BY_ITSELF)


def consequences(
    step: LadderStep | None, complaint: Complaint, *, at: datetime, why: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The moves that the clock makes because of the alarm; `at` is when somebody must be on duty to be given it."""
    if step is None or complaint.status not in OPEN:
        return
    if step.reassigns and (person := next_handler(complaint, at)) is not None:
        yield "assign", {"assignee": person, "note": why}
    if step.raises_priority and complaint.priority > HIGHEST_BY_ITSELF:
        yield "prioritise", {"priority": complaint.priority - 1, "reason": why}


def next_handler(complaint: Complaint, at: datetime) -> User | None:
    """Who of the team takes it: on duty, able to see it, with the fewest open complaints; nobody if it is in such hands already.

    Of somebody who is away their deputy. That nobody is on duty
    is no reason to give it to somebody who sleeps: then those who were told must decide.
    """
    person, place = complaint.assignee, Place.of(complaint)
    if complaint.team is None or (person is not None and person.is_active and duty.is_on(person, at)):
        return None
    if person is not None and person.pk in away(at).keys(at):
        acting = away(at).acting([person], at, able=lambda user: user.role in HANDLERS and place.may_be_seen_by(user))
        if acting:
            return acting[0]
    members = duty.of_team(complaint.team, at, roles=HANDLERS).people
    able = [user.pk for user in members if place.may_be_seen_by(user) and user != person]
    is_open = Q(assigned_complaints__status__in=sorted(OPEN))
    return (
        User.objects.filter(pk__in=able)
        .annotate(load=Count("assigned_complaints", is_open))
        .order_by("load", "pk")
        .first()
    )


def reason(clock: Clock) -> str:
    return _("%(clock)s is overdue.") % {"clock": clock.label}
