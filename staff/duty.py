"""Who answers for a role now: the roster first, and when it is empty somebody all the same, because an alarm must be heard."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from django.db import models

from staff.actors import Role
from staff.models import Absence, Branch, Duty, Team, User
from staff.stand_ins import Away, can_be_told


class Found(StrEnum):
    """How those who answer were found, from the best way to the last."""

    ROSTER = "roster"
    """On the roster at that moment."""
    MARKED = "marked"
    """Not on the roster, but marked as on duty."""
    ROLE = "role"
    """Not on duty at all, but of the role."""
    ADMINISTRATORS = "administrators"
    """Nobody has the role."""
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Answer:
    """Those who answer, how they were found, and the path of the branch they answer in (empty: of no branch in particular)."""

    people: tuple[User, ...]
    found: Found
    path: str = ""


NOBODY = Answer((), Found.NOBODY)


def upwards(path: str) -> list[str]:
    """The paths of a branch and of those above it, the nearest first."""
    codes = path.rstrip("/").split("/")
    return ["/".join(codes[:depth]) + "/" for depth in range(len(codes), 0, -1)]


def above(path: str) -> str:
    """The path of the branch above; the root has none above it but itself."""
    return upwards(path)[:2][-1]


def on_duty(role: str, branch: Branch, at: datetime) -> list[User]:
    """Those who answer for this role in this branch at this moment, all with an e-mail address.

    The nearest branch upwards whose roster covers the moment; else those of the role who are marked as on duty, nearest
    first; else anybody active of the role; else administrators. Empty only if none of these has an address.
    """
    return list(Rota(branch.path, at, at).who(role, at).people)


class Rota:
    """The roster of a branch and those above it over a stretch of time, read once and asked often.

    People who are inactive or have no address are not there: whoever cannot be told has not been told. For those who are
    away their deputies answer; only when everybody is away they are told themselves.
    """

    def __init__(self, path: str, start: datetime, end: datetime) -> None:
        self.paths = upwards(path)
        self.shifts = list(
            Duty.objects.filter(
                branch__path__in=self.paths, starts_at__lte=end, ends_at__gt=start, user__is_active=True
            )
            .exclude(user__email="")
            .select_related("user__branch", "branch")
        )
        self.away = Away.between(start, end)
        self._people: dict[str, list[User]] = {}

    def who(self, role: str, at: datetime) -> Answer:
        """Who answers for the role at a moment of the stretch."""
        found = self._who(role, at, lambda people: self.acting(people, at))
        return found if found.people else self._who(role, at, tuple)

    def acting(self, people: Iterable[User], at: datetime) -> tuple[User, ...]:
        """Those who act for these people; a deputy only if this branch's complaints are theirs to see."""
        known = list(people)
        return self.away.acting(known, at, able=lambda user: user in known or self._may_act(user))

    def _may_act(self, user: User) -> bool:
        sees_it = user.role == Role.ADMINISTRATOR or (user.branch is not None and user.branch.path in self.paths)
        return can_be_told(user) and sees_it

    def _who(self, role: str, at: datetime, acting: Callable[[Iterable[User]], tuple[User, ...]]) -> Answer:
        shifts = [shift for shift in self.shifts if shift.role == role and shift.starts_at <= at < shift.ends_at]
        for path in self.paths:
            if people := acting(shift.user for shift in shifts if shift.branch.path == path):
                return Answer(people, Found.ROSTER, path)
        people_of_role = self._of(role)
        marked = [user for user in people_of_role if user.is_on_duty]
        for found, pool in ((Found.MARKED, marked), (Found.ROLE, people_of_role)):
            for path in self.paths:
                if people := acting(user for user in pool if user.branch is not None and user.branch.path == path):
                    return Answer(people, found, path)
        if role != Role.ADMINISTRATOR:
            instead = self._who(Role.ADMINISTRATOR, at, acting)
            return Answer(instead.people, Found.ADMINISTRATORS, "") if instead.people else NOBODY
        administrators = acting(self._administrators)
        return Answer(administrators, Found.ADMINISTRATORS) if administrators else NOBODY

    @cached_property
    def _administrators(self) -> tuple[User, ...]:
        """Those of the whole utility."""
        return tuple(reachable().filter(role=Role.ADMINISTRATOR).order_by("pk"))

    def _of(self, role: str) -> list[User]:
        if role not in self._people:
            rows = reachable().filter(role=role, branch__path__in=self.paths).select_related("branch").order_by("pk")
            self._people[role] = list(rows)
        return self._people[role]


def reachable() -> models.QuerySet[User]:
    """Everybody who can be told anything."""
    return User.objects.filter(is_active=True).exclude(email="")


def anybody() -> list[User]:
    """One person with an address, when all that should answer have none: better the wrong ear than no ear."""
    return list(reachable().order_by("pk")[:1])


def of_team(team: Team, at: datetime, *, roles: Iterable[str] = Role.values) -> Answer:
    """The members of a team who are on duty: those with a shift now, or, when nobody of the team has one, those marked so.

    Who is away is not on duty, whatever the roster or the mark says.
    """
    there = reachable().exclude(pk__in=Absence.objects.at(at).values("user"))
    members = list(there.filter(team=team, role__in=list(roles)).select_related("branch").order_by("pk"))
    shifts = set(Duty.objects.at(at).filter(user__in=members).values_list("user_id", flat=True)) if members else set()
    if shifts:
        return Answer(tuple(user for user in members if user.pk in shifts), Found.ROSTER)
    marked = tuple(user for user in members if user.is_on_duty)
    return Answer(marked, Found.MARKED) if marked else NOBODY


def is_on(user: User, at: datetime) -> bool:
    """Whether this person is on duty: by a shift, or by their mark where the roster is silent on their team; not while away."""
    if Absence.objects.at(at).filter(user=user).exists():
        return False
    if Duty.objects.at(at).filter(user=user).exists():
        return True
    team_has_shifts = user.team_id is not None and Duty.objects.at(at).filter(user__team=user.team_id).exists()
    return user.is_on_duty and not team_has_shifts


def at_work(at: datetime) -> set[str]:
    """The e-mail addresses, in small letters, of everybody whose shift it is, or who acts for them."""
    shifts = Duty.objects.at(at).filter(user__is_active=True).select_related("user__branch")
    acting = Away.at(at).acting([shift.user for shift in shifts], at)
    return {user.email.lower() for user in acting}
