"""Who is away, and who acts and is told in their place."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import datetime
from typing import TypeVar

from staff.models import Absence, User
from staff.written_out import Statement

T = TypeVar("T", bound=Hashable)


# the rule


def stand_in(person: T, deputies: Mapping[T, T | None], is_able: Callable[[T], bool]) -> T | None:
    """Who acts for this person: they themselves, or while they are away the first of the chain of deputies who is there.

    `deputies` has an entry for everybody who is away. Nobody, when the chain ends, comes back to somebody it has passed, or
    leads to somebody who is not able to act.
    """
    passed, one = {person}, person
    while one in deputies:
        deputy = deputies[one]
        if deputy is None or deputy in passed:
            return None
        passed.add(deputy)
        one = deputy
    return one if is_able(one) else None


def acting_for(people: Iterable[T], deputies: Mapping[T, T | None], is_able: Callable[[T], bool]) -> tuple[T, ...]:
    """Those who act for these people, each once, in their order."""
    found = (stand_in(one, deputies, is_able) for one in people)
    return tuple(dict.fromkeys(one for one in found if one is not None))


def told_for(
    person: T, deputies: Mapping[T, T | None], others: Callable[[], Iterable[T]], is_able: Callable[[T], bool]
) -> tuple[T, ...]:
    """Who is told what is meant for this person at a moment: whoever acts for them; failing that those who act for `others`.

    Only when everybody is away are they told themselves: better read late than by nobody.
    """
    acting = acting_for([person], deputies, is_able)
    if acting:
        return acting
    instead = tuple(others())
    return acting_for(instead, deputies, is_able) or tuple(
        one for one in dict.fromkeys([person, *instead]) if is_able(one)
    )


# the rows


def can_be_told(user: User) -> bool:
    return user.is_active and user.email != ""


class Away:
    """The absences of a moment or a stretch of time, read once and asked often."""

    def __init__(self, rows: Iterable[Absence]) -> None:
        self.rows = list(rows)
        self._deputies: tuple[datetime, dict[User, User | None]] | None = None

    @classmethod
    def at(cls, moment: datetime) -> Away:
        return cls(Absence.objects.at(moment).select_related("deputy__branch"))

    @classmethod
    def between(cls, start: datetime, end: datetime) -> Away:
        rows = Absence.objects.touching(start, end) | Absence.objects.at(start)
        return cls(rows.select_related("deputy__branch"))

    def of(self, user_id: int | None, at: datetime) -> Absence | None:
        """This person's absence at this moment."""
        return next((row for row in self.rows if row.user_id == user_id and row.covers(at)), None)

    def keys(self, at: datetime) -> set[int]:
        """Who is away."""
        return {row.user_id for row in self.rows if row.covers(at)}

    def deputies(self, at: datetime) -> dict[User, User | None]:
        """For everybody who is away their deputy."""
        if self._deputies is None or self._deputies[0] != at:
            self._deputies = at, {User(pk=row.user_id): row.deputy for row in self.rows if row.covers(at)}
        return self._deputies[1]

    def acting(
        self, people: Iterable[User], at: datetime, *, able: Callable[[User], bool] = can_be_told
    ) -> tuple[User, ...]:
        """Those who act for these people at this moment."""
        return acting_for(people, self.deputies(at), able)


_ABSENCE = Statement(lambda at, user: Absence.objects.at(at).filter(user=user).select_related("deputy")[:1])


def is_away(user: User, at: datetime) -> Absence | None:
    """The absence of this person at this moment."""
    return next(iter(_ABSENCE(at, user.pk)), None)
