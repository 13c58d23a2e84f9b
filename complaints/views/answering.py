"""How pages say who answers at a moment, and how they were found."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from staff import duty, roster
from staff.actors import Role
from staff.duty import Answer, Found
from staff.models import Branch, User

MOST_NAMED = 3


class Words(NamedTuple):
    """Who answers, and in small print how they were found; `is_weak` when no roster named them."""

    people: str
    how: str
    is_weak: bool


class Answering:
    """Puts answers into words; knows the names of a branch and of those above it."""

    def __init__(self, branch: Branch) -> None:
        self._names = {row.path: row.name for row in Branch.objects.filter(path__in=duty.upwards(branch.path))}

    def words(self, answer: Answer) -> Words:
        branch = self._names.get(answer.path, "")
        how = {
            Found.ROSTER: _("on the roster of %(branch)s"),
            Found.MARKED: _("marked as on duty, %(branch)s"),
            Found.ROLE: _("not on duty, but the only one there is, %(branch)s"),
            Found.ADMINISTRATORS: _("administrator, because nobody has the role"),
            Found.NOBODY: _("the address of last resort, or anybody with an address"),
        }[answer.found]
        is_weak = answer.found in (Found.ROLE, Found.ADMINISTRATORS, Found.NOBODY)
        return Words(named(answer.people) or _("nobody"), how % {"branch": branch}, is_weak)


def named(people: Iterable[User]) -> str:
    """Their names; of many the first, and how many more."""
    names, comma = [user.display_name for user in people], pgettext("between names", ", ")
    if len(names) <= MOST_NAMED:
        return comma.join(names)
    first, more = comma.join(names[:MOST_NAMED]), len(names) - MOST_NAMED
    return _("%(names)s and %(more)d more") % {"names": first, "more": more}


class OnDuty(NamedTuple):
    role: str
    words: Words


def on_duty_now(branch: Branch | None, at: datetime) -> list[OnDuty]:
    """Who answers in this branch at this moment, role by role."""
    if branch is None:
        return []
    answering = Answering(branch)
    return [OnDuty(str(Role(role).label), answering.words(answer)) for role, answer in roster.now(branch, at)]


def span(start: datetime, end: datetime, day_start: datetime, day_end: datetime) -> str:
    """The hours of a stretch within one day, as "18:00–24:00"; what goes beyond the day is cut at its ends."""
    first = timezone.localtime(max(start, day_start))
    last = timezone.localtime(min(end, day_end))
    until = "24:00" if end >= day_end else f"{last:%H:%M}"
    return f"{first:%H:%M}–{until}"
