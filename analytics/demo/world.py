"""What every life refers to, read once from the database: staff, teams, promises, texts to send, classifications."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from analytics.demo import staffing
from analytics.demo.moments import LocalTime, Moment, instant_of
from analytics.demo.rows import plain
from analytics.demo.terms import SetFromOutside, Span, Terms, Wait
from complaints import outbox
from complaints.clocks import promised
from complaints.clocks.calendars import WorkingCalendar
from complaints.clocks.policies import Facts, Promise, promises_for
from complaints.models import (
    Category,
    Clock,
    DeskSettings,
    MessageTemplate,
    PauseReason,
    RootCause,
    RoutingRule,
    Subcategory,
)
from complaints.models.promises import WAITING, ClockKind
from staff import duty
from staff.actors import CLOCK, CUSTOMER, Role
from staff.models import Branch, Team, TeamKind, User


class Person(NamedTuple):
    """Who makes a move."""

    id: int | None
    role: str
    text: str
    language: str = ""
    email: str = ""
    branch: int | None = None
    team: int | None = None


def person_of(user: User) -> Person:
    return Person(user.pk, user.role, user.display_name, user.language, user.email, user.branch_id, user.team_id)


THE_CLOCK = Person(None, CLOCK, "")
THE_CUSTOMER = Person(None, CUSTOMER, "")


class Named(NamedTuple):
    """A row that a move's details name."""

    id: int
    text: str


class TeamRow(NamedTuple):
    id: int
    text: str
    kind: str
    branch: int


class Text(NamedTuple):
    language: str
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Kind:
    """A subcategory with its category."""

    id: int
    code: str
    category_id: int
    category_code: str
    category_zh: str
    category_en: str
    priority: int
    category_text: str
    text: str
    request_type: str


class World:
    """Everything is plain data, so that a forked process carries it along for nothing."""

    def __init__(self, *, first: date, last: date) -> None:
        self.desk = DeskSettings.current()
        self._calendars = promised.Calendars()
        self._rules = promised.rules_in_force()
        self._terms: dict[tuple[str, ...], dict[tuple[str, str], Terms]] = {}
        self._terms_of_day: dict[tuple[tuple[str, ...], date], dict[tuple[str, str], Terms]] = {}
        self._terms_by_promise: dict[tuple[str, str, str, bool], Terms] = {}
        self._team_kinds: dict[tuple[str, str, int, int, str], str] = {}
        self._working: dict[str, tuple[WorkingCalendar | None, int | None]] = {}
        self._read_staff()
        self._read_classification()
        self._read_texts()
        self.local = LocalTime(timezone.get_default_timezone(), self._office_calendar(), first, last)
        self._read_pauses()

    # staff

    def _read_staff(self) -> None:
        self.branch_paths = dict(Branch.objects.values_list("pk", "path"))
        self._branch_of_path = {path: pk for pk, path in self.branch_paths.items()}
        self.upwards = {
            pk: [self._branch_of_path[up] for up in duty.upwards(path)] for pk, path in self.branch_paths.items()
        }
        self.teams: dict[tuple[int, str], TeamRow] = {}
        with translation.override(settings.LANGUAGE_CODE):
            for team in Team.objects.filter(is_active=True).order_by("code"):
                row = TeamRow(team.pk, str(team), team.kind, team.branch_id)
                self.teams.setdefault((team.branch_id, team.kind), row)
        self.people: dict[str, dict[int, list[Person]]] = {role: defaultdict(list) for role in Role.values}
        self.members: dict[int, list[Person]] = defaultdict(list)
        for user in User.objects.filter(is_active=True, branch__isnull=False).order_by("pk"):
            person = person_of(user)
            self.people[user.role][person.branch or 0].append(person)
            if person.team is not None and user.role == Role.INVESTIGATOR:
                self.members[person.team].append(person)
        self.managers = [person_of(user) for user in staffing.account_managers()]

    def _nearest(self, people: dict[int, list[Person]], branch: int) -> list[Person]:
        return next((people[up] for up in self.upwards[branch] if people.get(up)), [])

    def someone(self, role: str, branch: int) -> list[Person]:
        """Those of a role in the nearest branch upwards that has any."""
        return self._nearest(self.people[role], branch)

    def team_for(self, kind: str, branch: int) -> TeamRow | None:
        for wanted in (kind, TeamKind.DISPATCH.value):
            for up in self.upwards[branch]:
                if (up, wanted) in self.teams:
                    return self.teams[up, wanted]
        return None

    # classification

    def _read_classification(self) -> None:
        with translation.override(settings.LANGUAGE_CODE):
            self.kinds = {
                s.code: Kind(
                    s.pk,
                    s.code,
                    s.category_id,
                    s.category.code,
                    s.category.name_zh,
                    s.category.name_en,
                    s.default_priority,
                    str(s.category),
                    str(s),
                    s.request_type,
                )
                for s in Subcategory.objects.filter(is_active=True).select_related("category").order_by("code")
            }
            self.causes = {
                cause.code: Named(cause.pk, str(cause))
                for cause in RootCause.objects.filter(is_active=True, children__isnull=True)
            }
        self.categories = list(Category.objects.filter(is_active=True).values_list("code", flat=True))
        self.kinds_of = {
            category: [kind for kind in self.kinds.values() if kind.category_code == category]
            for category in self.categories
        }
        self._routes = list(
            RoutingRule.objects.in_use()
            .filter(segment="", branch=None, feeder=None, team=None)
            .values_list("request_type", "channel", "category_id", "subcategory_id", "area_class", "team_kind")
        )

    def team_kind(self, request_type: str, channel: str, kind: Kind, area: str) -> str:
        facts = (request_type, channel, kind.category_id, kind.id, area)
        found = self._team_kinds.get(facts)
        if found is None:
            found = self._team_kinds[facts] = self._routed(facts)
        return found

    def _routed(self, facts: tuple[str, str, int, int, str]) -> str:
        for *wanted, team_kind in self._routes:
            if all(want in (None, "", fact) for want, fact in zip(wanted, facts, strict=True)):
                return str(team_kind)
        return TeamKind.DISPATCH.value

    # promises

    def terms(self, *facts: str, received: Moment) -> dict[tuple[str, str], Terms]:
        """The promises for these facts, in the order of `Facts`; of the law's limits the earliest wins, which the day decides."""
        found = self._terms.get(facts)
        if found is not None:
            return found
        day = self.local.day(received)
        found = self._terms_of_day.get((facts, day))
        if found is None:
            compared: list[Promise] = []

            def due(promise: Promise) -> datetime:
                compared.append(promise)
                return instant_of(self._terms_of(promise).due(received))

            given = promised.promises_given(self._rules, Facts(*facts), due=due)
            found = {key: self._terms_of(promise) for key, promise in given.items()}
            if compared:
                self._terms_of_day[facts, day] = found
            else:
                self._terms[facts] = found
        return found

    def _terms_of(self, promise: Promise) -> Terms:
        """One for each promise of each policy, so that what it has worked out serves every complaint."""
        key = (promise.policy, promise.kind, promise.tier, promise.pausable)
        if key not in self._terms_by_promise:
            working, row = self._calendar(promise.calendar)
            self._terms_by_promise[key] = Terms(promise, working, row, self.local)
        return self._terms_by_promise[key]

    def _calendar(self, code: str) -> tuple[WorkingCalendar | None, int | None]:
        if code not in self._working:
            row = self._calendars.row(code)
            self._working[code] = (row.working_calendar(), row.pk) if row else (None, None)
        return self._working[code]

    @cached_property
    def set_from_outside(self) -> SetFromOutside:
        return SetFromOutside()

    def _office_calendar(self) -> WorkingCalendar:
        """The calendar of the resolve promise of an ordinary complaint."""
        given = promises_for(self._rules, Facts(request_type="complaint"))
        codes = [p.calendar for p in given if p.kind == ClockKind.RESOLVE and p.calendar]
        working, _row = self._calendar(codes[0] if codes else "")
        if working is None:
            raise ValueError("The profile has no working calendar.")
        return working

    def _read_pauses(self) -> None:
        with translation.override(settings.LANGUAGE_CODE):
            self.waits = {
                reason.code: Wait(
                    reason.pk,
                    str(reason),
                    reason.code,
                    Span(reason.cap, *self._calendar(reason.calendar), self.local),
                    reason.needs_supervisor,
                )
                for reason in PauseReason.objects.filter(Q(is_active=True) | Q(code=WAITING))
            }

    # texts

    def _read_texts(self) -> None:
        self.texts = {
            (t.code, t.medium, t.language): Text(t.language, plain(t.subject), plain(t.body))
            for t in MessageTemplate.objects.all()
        }
        self.track_url, self.feedback_url, self.desk_url = (
            _address(name, argument)
            for name, argument in (("track", "TOKEN"), ("feedback", "TOKEN"), ("complaint", "REFERENCE"))
        )
        with translation.override(settings.LANGUAGE_CODE):
            labels = {
                f"{kind} {tier}".strip(): Clock(kind=kind, tier=tier).label
                for kind in ClockKind.values
                for tier in ("", "internal", "commitment", "statutory", "external")
            }
            self.still_overdue = {
                name: _("%(clock)s still overdue") % {"clock": label} for name, label in labels.items()
            }
            self.overdue = {name: _("%(clock)s is overdue.") % {"clock": label} for name, label in labels.items()}
            self.paused_long_enough = _("The pause has lasted as long as it may.")
            self.not_solved = _("The customer says it is not solved.")
            self.returned_often = _("Returned %(count)d times: decide who handles it.")
        self._spoken: dict[tuple[str, Moment], str] = {}

    def spoken(self, language: str, moment: Moment | None) -> str:
        if moment is None:
            return ""
        key = (language, moment)
        found = self._spoken.get(key)
        if found is None:
            with translation.override(language):
                found = outbox.spoken(instant_of(moment))
            if len(self._spoken) < 20_000:
                self._spoken[key] = found
        return found


def _address(name: str, argument: str) -> str:
    return settings.BASE_URL + reverse(f"complaints:{name}", args=[argument]).replace(argument, "{}")


def weighted(pairs: Iterable[tuple[Any, float]]) -> tuple[list[Any], list[float]]:
    """Values and cumulative weights, as `random.choices` wants them."""
    values, sums, total = [], [], 0.0
    for value, weight in pairs:
        total += weight
        values.append(value)
        sums.append(total)
    return values, sums


__all__ = ["THE_CLOCK", "THE_CUSTOMER", "Kind", "Named", "Person", "TeamRow", "World", "person_of", "weighted"]
