"""Absences: who may enter which, who could be the deputy, and the ways to change them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from staff.actors import Role
from staff.duty import upwards
from staff.models import Absence, User


class OverlapsAbsence(Exception):
    """The person is away already at that time; `absence` is that one, if it is still there to be shown."""

    def __init__(self, absence: Absence | None) -> None:
        super().__init__(str(absence))
        self.absence = absence


# who may enter what for whom


def may_enter(by: User, user: User) -> bool:
    """People for themselves; supervisors for those of their branch and below it; administrators for all."""
    if by.pk == user.pk or by.role == Role.ADMINISTRATOR:
        return True
    if by.role != Role.SUPERVISOR or by.branch is None or user.branch is None:
        return False
    return user.branch.path.startswith(by.branch.path)


def entered_by(by: User) -> QuerySet[User]:
    """Those for whom this person may enter an absence, themselves first."""
    people = User.objects.filter(is_active=True)
    if by.role == Role.SUPERVISOR and by.branch is not None:
        people = people.filter(Q(branch__path__startswith=by.branch.path) | Q(pk=by.pk))
    elif by.role != Role.ADMINISTRATOR:
        people = people.filter(pk=by.pk)
    return people.select_related("branch").order_by("branch__path", "full_name", "username")


def could_deputise(user: User, *, roles: Iterable[str]) -> QuerySet[User]:
    """Others of these roles who see everything that this person sees, and can be told."""
    people = User.objects.filter(is_active=True).exclude(pk=user.pk).exclude(email="")
    if user.branch is not None:
        people = people.filter(branch__path__in=upwards(user.branch.path))
    people = people.filter(role__in=list(roles))
    return people.select_related("branch").order_by("-branch__path", "full_name", "username")


# changing them


def enter(absence: Absence) -> Absence:
    """Write it down. Raises OverlapsAbsence, also when somebody enters the other this very moment."""
    try:
        with transaction.atomic():
            absence.save(force_insert=True)
    except IntegrityError as error:
        if "absence_of_a_person_does_not_overlap" not in str(error):
            raise
        others = Absence.objects.touching(absence.starts_at, absence.ends_at).filter(user=absence.user)
        raise OverlapsAbsence(others.first()) from None
    return absence


def end(absence: Absence, at: datetime) -> None:
    """They are back: it ends now."""
    absence.ends_at = at
    absence.save(update_fields=["ends_at"])


def cancel(absence: Absence, at: datetime) -> None:
    """As if it had never been entered; the row stays."""
    absence.cancelled_at = at
    absence.save(update_fields=["cancelled_at"])
