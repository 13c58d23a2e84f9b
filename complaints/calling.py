"""Calling back: one agent gets the next call, tries it, and writes down what came of it; nobody is called by two.

Every try of a complaint's call is a contact on the complaint, and the answer is its move `feedback`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Value
from django.utils import timezone
from django.utils.translation import gettext as _

from complaints import call_backs, call_times, quiet, surveys, workflow
from complaints.models import (
    AnsweredBy,
    CallAttempt,
    CallBack,
    CallOutcome,
    CallState,
    Complaint,
    DeskSettings,
    Event,
)
from complaints.refusals import MoveRefused
from staff.actors import Actor, Role
from staff.models import User
from staff.scope import all_of
from staff.written_out import Statement

CALLING = frozenset({Role.AGENT, Role.SUPERVISOR, Role.LIAISON})
"""Who calls back."""
CLAIM_LASTS = timedelta(minutes=30)
"""A call that somebody took and left alone goes to others after this."""
APPOINTMENT_WAITS, CALL_WAITS = timedelta(minutes=30), timedelta(days=1)
"""So long after its time a call is overdue."""
ANSWERED_IT = ("propose", "resolve", "approve", "settle")
ENDS = {CallOutcome.REFUSED: CallState.REFUSED, CallOutcome.WRONG_NUMBER: CallState.WRONG_NUMBER}
TRIES = 5
"""How often the next call is looked for when others take what was found."""


# who may call whom


def callable_by(user: User) -> QuerySet[CallBack]:
    """Open calls that this person may make: never about their own work, and nobody who asked to be left alone."""
    own_answer = Event.objects.filter(complaint=OuterRef("feedback__complaint"), move__in=ANSWERED_IT, user=user)
    return (
        CallBack.objects.visible_to(user)
        .open()
        .exclude(feedback__complaint__assignee=user)
        .exclude(Exists(own_answer))
        .exclude(feedback__complaint__customer__do_not_contact=True)
        .exclude(invite__customer__do_not_contact=True)
    )


def due(user: User, at: datetime) -> QuerySet[CallBack]:
    """What this person can call now, appointments first, then whoever waits longest; whom another is calling is left out."""
    taken = CallBack.objects.filter(phone=OuterRef("phone"), claimed_at__gt=at - CLAIM_LASTS).exclude(claimed_by=user)
    # said of the row itself as well, because of a row that was just taken only its own columns are read again
    rows = callable_by(user).filter(_free(user, at), next_try_at__lte=at).exclude(Exists(taken))
    return rows.order_by("-is_appointment", "next_try_at", "pk")


def overdue(user: User, at: datetime) -> QuerySet[CallBack]:
    """Of those due, the appointments that were missed and whoever has waited for a day."""
    return due(user, at).filter(_missed(at))


def counts(user: User, at: datetime) -> tuple[int, int]:
    """How many are due, and how many of these are overdue."""
    ((found, late),) = _NUMBERS(at, shape=all_of(user), user=user) or ((0, 0),)
    return found, late


def _numbers(at: datetime, *, user: User) -> QuerySet[CallBack, Any]:
    everything = due(user, at).order_by().annotate(one=Value(1)).values("one")
    return everything.annotate(due=Count("pk"), late=Count("pk", filter=_missed(at))).values_list("due", "late")


_NUMBERS = Statement(_numbers)


def _missed(at: datetime) -> Q:
    return Q(is_appointment=True, next_try_at__lt=at - APPOINTMENT_WAITS) | Q(next_try_at__lt=at - CALL_WAITS)


def _free(user: User, at: datetime) -> Q:
    return Q(claimed_by=None) | Q(claimed_by=user) | Q(claimed_at__lte=at - CLAIM_LASTS)


def mine(user: User) -> CallBack | None:
    """The call that this person has in hand."""
    return CallBack.objects.visible_to(user).open().filter(claimed_by=user).first()


# taking and giving back


def claim_next(user: User, *, at: datetime) -> CallBack | None:
    """The call this person has, or the next that is due; None when there is none.

    Rows that others are just taking are passed over, and the database lets no two people have one number.
    """
    if user.role not in CALLING:
        return None
    held = mine(user)
    if held is not None:
        return held
    for _try in range(TRIES):
        found = _claim(due(user, at), user, at)
        if found is not None or not due(user, at).exists():
            return found
    return None


def claim(call: CallBack, user: User, *, at: datetime) -> CallBack:
    """This one, from the list. Raises MoveRefused when somebody else has it, or it is not for them to call."""
    held = mine(user)
    if held is not None and held.pk != call.pk:
        raise MoveRefused(_("Finish or give back the call that you have first."))
    rows = callable_by(user).filter(pk=call.pk)
    found = held or _claim(rows.filter(_free(user, at)), user, at)
    if found is None:
        raise MoveRefused(_("Somebody else is calling this person, or the call is over."))
    return found


def _claim(rows: QuerySet[CallBack], user: User, at: datetime) -> CallBack | None:
    try:
        with transaction.atomic():
            row = rows.select_for_update(skip_locked=True, of=("self",)).first()
            if row is None:
                return None
            stale = CallBack.objects.filter(phone=row.phone, claimed_at__lte=at - CLAIM_LASTS).exclude(pk=row.pk)
            stale.update(claimed_by=None, claimed_at=None)
            row.claimed_by, row.claimed_at = user, at
            row.save(update_fields=["claimed_by", "claimed_at"])
            return row
    except IntegrityError:  # another call to the same number was taken in this moment
        return None


def give_back(call: CallBack, user: User) -> None:
    CallBack.objects.filter(pk=call.pk, claimed_by=user).update(claimed_by=None, claimed_at=None)


# what came of it


@transaction.atomic
def tried(
    call: CallBack,
    outcome: CallOutcome,
    *,
    by: User,
    at: datetime,
    note: str = "",
    again_at: datetime | None = None,
) -> CallBack:
    """Write down a try that gave no answer, and when the next one is, or that there is none. Raises MoveRefused."""
    complaint = _complaint(call)
    if complaint is not None:
        _check_open(CallBack.objects.get(pk=call.pk))
        said = " · ".join(one for one in (str(CallOutcome(outcome).label), note) if one)
        reached = outcome in (CallOutcome.LATER, CallOutcome.REFUSED)
        workflow.perform(
            "contact",
            complaint,
            by=Actor.staff(by),
            at=at,
            reached=reached,
            method="phone",
            note=_("Call-back: %(said)s") % {"said": said},
        )
    row = _held(call, by)
    if outcome == CallOutcome.LATER:
        check_appointment(again_at, at)
    _attempt(row, outcome, by, at, note, again_at if outcome == CallOutcome.LATER else None)
    row.claimed_by = row.claimed_at = None
    row.is_appointment = False
    if outcome == CallOutcome.LATER and again_at is not None:
        row.next_try_at, row.is_appointment = again_at, True
    elif outcome in ENDS:
        row.state, row.ended_at = ENDS[outcome], at
    else:
        _next(row, at, again_at)
    row.save()
    return row


def _next(row: CallBack, at: datetime, again_at: datetime | None) -> None:
    """On another half-day; after tries on enough of them the customer was not reached."""
    moments = vain_tries(row)
    zone = timezone.get_default_timezone()
    if call_times.tried(moments, zone) >= DeskSettings.current().call_attempts:
        row.state, row.ended_at = CallState.UNREACHED, at
        return
    proposed = call_backs.next_try(at, moments)
    row.next_try_at = max(again_at, at) if again_at is not None else proposed


def vain_tries(call: CallBack) -> list[datetime]:
    return list(call.attempts.filter(outcome=CallOutcome.NO_ANSWER).values_list("at", flat=True))


def proposal(call: CallBack, at: datetime) -> datetime:
    """When the next try would be, if nobody answers now."""
    return call_backs.next_try(at, [*vain_tries(call), at])


@transaction.atomic
def answered(call: CallBack, *, by: User, at: datetime, **said: Any) -> CallBack:
    """The customer answered: their answer with all that follows from it. Raises MoveRefused, and then nothing has changed."""
    complaint = _complaint(call)
    if complaint is not None:
        row = CallBack.objects.get(pk=call.pk)
        _check_open(row)
        _check_mine(row, by)
        workflow.perform("feedback", complaint, by=Actor.staff(by), at=at, answered_by=AnsweredBy.CALL, **said)
    else:
        row = _held(call, by)
        assert row.invite is not None
        surveys.answer(row.invite, by=by, at=at, seen=row.invite.versions.count(), **said)
    _attempt(row, CallOutcome.REACHED, by, at, "", None)
    row.refresh_from_db()
    return row


def check_appointment(again_at: datetime | None, at: datetime) -> None:
    """An appointment lies ahead and outside the quiet hours. Raises MoveRefused."""
    desk = DeskSettings.current()
    if again_at is None or again_at <= at:
        raise MoveRefused(_("Write a time that is still to come."), fields=["again_at"])
    if quiet.is_quiet(again_at, desk.quiet_from, desk.quiet_until, timezone.get_default_timezone()):
        raise MoveRefused(_("That is within the quiet hours."), fields=["again_at"])


def _complaint(call: CallBack) -> Complaint | None:
    return call.feedback.complaint if call.feedback is not None else None


def _held(call: CallBack, by: User) -> CallBack:
    row = CallBack.objects.select_for_update(of=("self",)).get(pk=call.pk)
    _check_open(row)
    _check_mine(row, by)
    return row


def _check_open(row: CallBack) -> None:
    if row.state == CallState.BY_LINK:
        raise MoveRefused(_("The customer has just answered by the link. Thank them; there is nothing left to ask."))
    if row.state != CallState.OPEN:
        raise MoveRefused(_("This call is over: %(state)s.") % {"state": row.get_state_display()})


def _check_mine(row: CallBack, by: User) -> None:
    if row.claimed_by_id != by.pk:
        raise MoveRefused(_("You do not have this call any more. Take the next one."))


def _attempt(
    row: CallBack, outcome: CallOutcome, by: User, at: datetime, note: str, again_at: datetime | None
) -> CallAttempt:
    return CallAttempt.objects.create(
        call_back=row,
        number=row.attempts.count() + 1,
        at=at,
        by=by,
        outcome=outcome,
        note=note[:300],
        again_at=again_at,
    )
