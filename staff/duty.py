"""Who answers for a role now: the roster first, and when it is empty somebody all the same, because an alarm must be heard."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
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


class Roster:
    """Shifts, people and absences of a stretch of time, read once for all branches and teams that are asked about.

    Which will be can be said beforehand (`expect`): then what the first of them needs is read for all of them.
    """

    def __init__(self, start: datetime, end: datetime) -> None:
        self.start, self.end = start, end
        self._expected: set[str] = set()
        self._teams: set[int] = set()
        self._shifts: dict[str, list[Duty]] = {}
        self._people: dict[tuple[str, str], list[User]] = {}
        self._members: dict[int, Answer] = {}

    def expect(self, paths: Iterable[str], teams: Iterable[int]) -> None:
        """Of these branches, with those above them, and of these teams it will be asked who answers."""
        self._expected |= {above for path in paths for above in upwards(path)}
        self._teams |= set(teams)

    @cached_property
    def away(self) -> Away:
        return Away.between(self.start, self.end)

    @cached_property
    def administrators(self) -> tuple[User, ...]:
        """Those of the whole utility."""
        return tuple(reachable().filter(role=Role.ADMINISTRATOR).order_by("pk"))

    def shifts(self, paths: Iterable[str]) -> list[Duty]:
        """The shifts in these branches of people who can be told."""
        paths = list(paths)
        if missing := {*paths, *self._expected} - self._shifts.keys():
            rows = Duty.objects.filter(
                branch__path__in=missing, starts_at__lte=self.end, ends_at__gt=self.start, user__is_active=True
            )
            self._shifts |= {path: [] for path in missing}
            for shift in rows.exclude(user__email="").select_related("user__branch", "branch"):
                self._shifts[shift.branch.path].append(shift)
        return [shift for path in paths for shift in self._shifts[path]]

    def of_role(self, role: str, path: str) -> list[User]:
        """Those of the role in this branch alone who can be told, on duty or not."""
        if (role, path) not in self._people:
            missing = {one for one in {path, *self._expected} if (role, one) not in self._people}
            rows = reachable().filter(role=role, branch__path__in=missing).select_related("branch").order_by("pk")
            self._people |= {(role, one): [] for one in missing}
            for user in rows:
                if user.branch is not None:
                    self._people[role, user.branch.path].append(user)
        return self._people[role, path]

    def members(self, team: int) -> Answer:
        """Of a team those who are on duty at the beginning of the stretch, as `of_team` has it."""
        if team not in self._members:
            self._members |= _of_teams({team, *self._teams} - self._members.keys(), self.start)
        return self._members[team]


class Rota:
    """The roster of a branch and those above it over a stretch of time, read once and asked often.

    People who are inactive or have no address are not there: whoever cannot be told has not been told. For those who are
    away their deputies answer; only when everybody is away they are told themselves.
    """

    def __init__(self, path: str, start: datetime, end: datetime, *, roster: Roster | None = None) -> None:
        """`roster` is one of the same stretch that other branches share."""
        self.paths = upwards(path)
        self._roster = roster or Roster(start, end)
        self._roster.expect([path], [])
        self.shifts = self._roster.shifts(self.paths)
        self._answers: dict[tuple[str, datetime], Answer] = {}

    @property
    def away(self) -> Away:
        return self._roster.away

    def who(self, role: str, at: datetime) -> Answer:
        """Who answers for the role at a moment of the stretch."""
        if (role, at) not in self._answers:
            found = self._who(role, at, lambda people: self.acting(people, at))
            self._answers[role, at] = found if found.people else self._who(role, at, tuple)
        return self._answers[role, at]

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
        for found in (Found.MARKED, Found.ROLE):
            for path in self.paths:
                pool = self._roster.of_role(role, path)
                if people := acting(user for user in pool if user.is_on_duty or found is Found.ROLE):
                    return Answer(people, found, path)
        if role != Role.ADMINISTRATOR:
            instead = self._who(Role.ADMINISTRATOR, at, acting)
            return Answer(instead.people, Found.ADMINISTRATORS, "") if instead.people else NOBODY
        administrators = acting(self._roster.administrators)
        return Answer(administrators, Found.ADMINISTRATORS) if administrators else NOBODY


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
    return _of_teams({team.pk}, at, roles=roles)[team.pk]


def _of_teams(teams: Collection[int], at: datetime, *, roles: Iterable[str] = Role.values) -> dict[int, Answer]:
    there = reachable().exclude(pk__in=Absence.objects.at(at).values("user"))
    rows = there.filter(team__in=teams, role__in=list(roles)).select_related("branch").order_by("pk")
    members: dict[int, list[User]] = {team: [] for team in teams}
    for user in rows:
        members[user.team_id or 0].append(user)
    everybody = [user.pk for team in members.values() for user in team]
    shifts = (
        set(Duty.objects.at(at).filter(user__in=everybody).values_list("user_id", flat=True)) if everybody else set()
    )
    return {team: _on(of_team, shifts) for team, of_team in members.items()}


def _on(members: Iterable[User], shifts: Collection[int]) -> Answer:
    if on := tuple(user for user in members if user.pk in shifts):
        return Answer(on, Found.ROSTER)
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
