"""Who hears an alarm of a lived complaint, and what it does: the rows of `complaints.ladder` and of the roster, read once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from analytics.demo.world import Person, World, person_of
from complaints import ladder
from complaints.models import LadderStep, RequestType
from complaints.models.complaint import RESTRICTED_TO
from complaints.models.steering import Listener
from complaints.states import HANDLERS
from staff import duty
from staff.actors import Role
from staff.models import Branch, Team
from staff.stand_ins import Away, acting_for, told_for

if TYPE_CHECKING:
    from analytics.demo.record import Record

ROLES = {
    Listener.SUPERVISOR.value: Role.SUPERVISOR,
    Listener.LIAISON.value: Role.LIAISON,
    Listener.ADMINISTRATOR.value: Role.ADMINISTRATOR,
}


class Ladder:
    """The past is told to those who answer when it is made up: nobody keeps an old roster, nor asks who was away."""

    def __init__(self, world: World) -> None:
        now = timezone.now()
        self._paths = world.branch_paths
        self._steps = list(LadderStep.objects.all())
        self._found: dict[tuple[str, str, str], LadderStep | None] = {}
        self._heard: dict[tuple[str, int], list[Person]] = {}
        self._deputies = {
            person_of(row.user): person_of(row.deputy) if row.deputy is not None else None for row in Away.at(now).rows
        }
        for branch in Branch.objects.all():
            rota = duty.Rota(branch.path, now, now)
            for listener, role in ROLES.items():
                answer = rota.who(role, now)
                self._heard[listener, branch.pk] = [person_of(user) for user in answer.people]
                if role == Role.SUPERVISOR:
                    above = duty.Rota(duty.above(answer.path), now, now).who(role, now).people if answer.path else ()
                    self._heard[Listener.SUPERVISOR_ABOVE.value, branch.pk] = [person_of(user) for user in above]
        self._teams = {
            team.pk: [person_of(user) for user in duty.of_team(team, now).people] for team in Team.objects.all()
        }

    def step(self, kind: str, tier: str, alarm: str) -> LadderStep | None:
        key = (kind, tier, alarm)
        if key not in self._found:
            level, number = ladder.parted(alarm)
            self._found[key] = ladder.most_specific(
                [step for step in self._steps if step.level == level], kind, tier, number
            )
        return self._found[key]

    def supervisors(self, branch: int) -> list[Person]:
        return self._heard[Listener.SUPERVISOR.value, branch]

    def listeners(self, record: Record, tell: Iterable[str]) -> list[Person]:
        """Everybody once, also where one mailbox has several names."""
        found: dict[str, Person] = {}
        for listener in Listener.values:
            if listener in tell:
                found |= {person.email.lower(): person for person in self._heard_by(listener, record)}
        return list(found.values())

    def _heard_by(self, listener: str, record: Record) -> list[Person]:
        if listener == Listener.ASSIGNEE:
            return list(self.told_instead(record, record.assignee)) if record.assignee is not None else []
        if listener == Listener.TEAM:
            return self._members(record)
        return self._heard[listener, record.branch]

    def told_instead(self, record: Record, person: Person) -> tuple[Person, ...]:
        """Who is told what is meant for this person here: while they are away whoever acts for them."""
        if not person.email:
            return ()
        if person not in self._deputies:
            return (person,)

        def able(one: Person) -> bool:
            return one.email != "" and (one == person or self._may_see(record, one))

        return told_for(person, self._deputies, lambda: self.supervisors(record.branch), able)

    def _members(self, record: Record) -> list[Person]:
        """Those of the team on duty who may see the complaint."""
        members = self._teams.get(record.team.id, []) if record.team else []
        return [person for person in members if self._may_see(record, person)]

    def _may_see(self, record: Record, person: Person) -> bool:
        if record.request_type == RequestType.REPORT and person.role not in RESTRICTED_TO:
            return False
        return person.branch is not None and self._paths[record.branch].startswith(self._paths[person.branch])

    def consequences(self, step: LadderStep | None, record: Record, why: str) -> list[tuple[str, dict[str, Any]]]:
        """The moves that follow from an alarm."""
        moves: list[tuple[str, dict[str, Any]]] = []
        if step is None or not record.is_open:
            return moves
        if step.reassigns and (person := self._next_handler(record)) is not None:
            moves.append(("assign", {"assignee": person, "note": why}))
        if step.raises_priority and record.priority > ladder.HIGHEST_BY_ITSELF:
            moves.append(("prioritise", {"priority": record.priority - 1, "reason": why}))
        return moves

    def _next_handler(self, record: Record) -> Person | None:
        """Made-up people who are not away are all on duty and bear the same load: the first one takes it."""

        def able(one: Person) -> bool:
            return one.role in HANDLERS and self._may_see(record, one)

        person = record.assignee
        if record.team is None or (person is not None and person not in self._deputies):
            return None
        if person is not None and (acting := acting_for([person], self._deputies, able)):
            return acting[0]
        return next((one for one in self._members(record) if one.role in HANDLERS and one != person), None)
