"""What each move does to the complaint's clocks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from complaints import outbox
from complaints.clocks import asked
from complaints.clocks.alarms import arithmetic
from complaints.clocks.contact import Attempt, contact_made_at
from complaints.clocks.deadlines import due_at
from complaints.clocks.excusing import on_excuse
from complaints.clocks.ledger import Action, State
from complaints.clocks.limits import Limit
from complaints.clocks.opening import kept_since, open_again, open_begun, open_missing
from complaints.clocks.policies import Promise
from complaints.clocks.promised import Calendars, InForce, differs, promises
from complaints.clocks.running import end, end_each, enter, look_ahead, met, ticking, waits_of
from complaints.models import Channel, Clock, ClockKind, Complaint, DeskSettings, Event, PauseReason, Policy, Tier
from complaints.models.promises import WAITING
from complaints.states import Status

Details = Mapping[str, Any]

NO_LONGER = "no longer promised"

CONFIRMS: dict[str, frozenset[str]] = {
    Tier.NONE: frozenset({"acknowledge", "ask", "message", "contact", "resolve", "approve"}),
    Tier.COMMITMENT: frozenset(
        {"acknowledge", "ask", "message", "contact", "resolve", "approve", "dispatch", "accept"}
    ),
    Tier.INTERNAL: frozenset({"acknowledge", "ask", "message", "contact", "resolve", "approve", "dispatch", "accept"}),
    Tier.STATUTORY: frozenset({"acknowledge"}),
}
"""What counts as an acknowledgement: a person has looked at it, or the customer was told; by law only the written notice."""


ONLY_TELL = frozenset({"warn", "breach", "escalate", "remind_request"})
"""Moves that speak of a clock and change none, so what is due next stays."""


def follow(complaint: Complaint, event: Event, details: Details) -> None:
    """Let every clock know of a move, and store the complaint's next due moment on it (the caller saves)."""
    if event.move in FOLLOW:
        FOLLOW[event.move](complaint, event, details)
    _confirm(complaint, event, details)
    if event.to_status == Status.RESOLVED != event.from_status:
        _on_resolved(complaint, event)
    if event.to_status == Status.CLOSED != event.from_status:
        _on_closed(complaint, event)
    if event.from_status != event.to_status or (event.move in TOUCHES_CLOCKS and event.move not in ONLY_TELL):
        look_ahead(complaint, complaint.clocks.ticking())


def _confirm(complaint: Complaint, event: Event, details: Details) -> None:
    tiers = [tier for tier, moves in CONFIRMS.items() if event.move in moves]
    if not tiers or event.is_by_clock or (event.move == "contact" and not details["reached"]):
        return
    if event.move in ("ask", "message") and not outbox.is_told_at_once(complaint):
        return
    clocks = [clock for clock in ticking(complaint, ClockKind.ACKNOWLEDGE) if clock.tier in tiers]
    end(clocks, Action.STOP, event.at, event)


def told(complaint: Complaint, event: Event, clocks: Collection[Clock]) -> bool:
    """The message that confirms a registration is on its way to the customer; to a regulator a person confirms it.

    `clocks` are those just opened; true when this ended one of them.
    """
    if complaint.channel == Channel.REGULATOR:
        return False
    waiting = [c for c in clocks if (c.kind, c.tier, c.state) == (ClockKind.ACKNOWLEDGE, Tier.NONE, State.RUNNING)]
    end(waiting, Action.STOP, event.at, event)
    return bool(waiting)


# handing over and speaking with the customer


def _on_dispatch(complaint: Complaint, event: Event, details: Details) -> None:
    met(complaint, ClockKind.DISPATCH, event.at, event)


def _on_return(complaint: Complaint, event: Event, details: Details) -> None:
    open_again(complaint, ClockKind.DISPATCH, event)


def _on_contact(complaint: Complaint, event: Event, details: Details) -> None:
    """First contact is reaching the customer, or attempts at different times and a message; never a status change."""
    clocks = ticking(complaint, ClockKind.FIRST_CONTACT, ClockKind.CALL_BACK)
    if details.get("reached"):
        end(clocks, Action.STOP, min(details.get("contacted_at") or event.at, event.at), event)
    if details.get("reached") or not any(clock.kind == ClockKind.FIRST_CONTACT for clock in clocks):
        return
    settings = DeskSettings.current()
    attempts, messages = [], []
    for past in complaint.events.filter(move__in=["contact", "message"]):
        if past.move == "message":
            messages.append(past.at)
        else:
            at = past.details.get("contacted_at")
            attempts.append(Attempt(datetime.fromisoformat(at) if at else past.at))
    made_at = contact_made_at(
        attempts, messages, needed=settings.contact_attempts, gap=timedelta(minutes=settings.attempt_gap_minutes)
    )
    if made_at is not None:
        complaint.contacted_at = complaint.contacted_at or made_at
        met(complaint, ClockKind.FIRST_CONTACT, made_at, event)


def _on_urge(complaint: Complaint, event: Event, details: Details) -> None:
    """Urging moves no deadline (domain 4.2, row 27); it is owed a call of its own, one however often somebody urges."""
    _on_reclassified(complaint, event, details)
    if complaint.can_be_reached and not ticking(complaint, ClockKind.CALL_BACK):
        open_again(complaint, ClockKind.CALL_BACK, event)


# on site


def _on_arrive(complaint: Complaint, event: Event, details: Details) -> None:
    assert complaint.arrived_at is not None  # the move has just set it
    met(complaint, ClockKind.ARRIVE, complaint.arrived_at, event)
    open_begun(complaint, event, starts=["arrived"])


def _on_restore(complaint: Complaint, event: Event, details: Details) -> None:
    """What is restored needs nobody on site any more: power switched back from afar ends the way there, too."""
    assert complaint.restored_at is not None  # the move has just set it
    end(ticking(complaint, ClockKind.ARRIVE, ClockKind.RESTORE), Action.STOP, complaint.restored_at, event)
    open_begun(complaint, event, starts=["restored"])


def _on_strike_off(complaint: Complaint, event: Event, details: Details) -> None:
    met(complaint, ClockKind.REMEDIATE, event.at, event)


# waiting, and more time


def _on_ask(complaint: Complaint, event: Event, details: Details) -> None:
    _pause(complaint, event, PauseReason.objects.filter(code=WAITING).first(), WAITING)


def _on_hold(complaint: Complaint, event: Event, details: Details) -> None:
    reason: PauseReason = details["pause_reason"]
    _pause(complaint, event, reason, reason.code)


def _pause(complaint: Complaint, event: Event, reason: PauseReason | None, code: str) -> None:
    """Pause what may be paused, each clock at most as long as the reason allows."""
    until = None
    if reason is not None:
        calendar = arithmetic(Calendars().row(reason.calendar))
        until = due_at(Limit.parse(reason.cap), calendar, event.at)
    for clock in pausable(complaint):
        enter(clock, Action.PAUSE, event.at, event, reason=code, until=until)


def pausable(complaint: Complaint) -> list[Clock]:
    """The ticking clocks that a pause stops."""
    return [clock for clock in ticking(complaint, ClockKind.RESOLVE, ClockKind.REMEDIATE) if clock.is_pausable]


def _on_resume(complaint: Complaint, event: Event, details: Details) -> None:
    """The customer has answered: that wait is over, a pause for another reason is not."""
    for clock in ticking(complaint):
        if clock.state == State.PAUSED and WAITING in waits_of(clock):
            enter(clock, Action.RESUME, event.at, event, reason=WAITING)


def _on_release(complaint: Complaint, event: Event, details: Details) -> None:
    """By hand every pause but the wait for the customer ends; the clock ends only what has lasted as long as it may."""
    for clock in ticking(complaint):
        waits = waits_of(clock) if clock.state == State.PAUSED else {}
        for code, until in waits.items():
            if until is not None and until <= event.at:
                enter(clock, Action.RESUME, until, event, reason=code)
            elif code != WAITING and not event.is_by_clock:
                enter(clock, Action.RESUME, event.at, event, reason=code)


def _on_extend(complaint: Complaint, event: Event, details: Details) -> None:
    for clock in extendable(complaint, event.at):
        enter(clock, Action.EXTEND, event.at, event, limit=clock.extension, calendar=clock.calendar)


def extendable(complaint: Complaint, at: datetime) -> list[Clock]:
    """The clocks that may be given more time: once, and before they are due (domain 4.6)."""
    return [
        clock
        for clock in ticking(complaint, ClockKind.RESOLVE)
        if clock.extension and clock.extended_at is None and (clock.due_at is None or clock.due_at > at)
    ]


# the end, and what comes after it


def _on_resolved(complaint: Complaint, event: Event) -> None:
    """Every tier of the resolve promise is answered; the call-back promise and the removal of the cause start.

    Whatever was promised on site is over with the answer at the latest. Where the customer cannot be called or written to at
    once, the written answer is the first contact.
    """
    over = [ClockKind.RESOLVE, ClockKind.ARRIVE, ClockKind.RESTORE, ClockKind.CALL_BACK]
    if not complaint.can_be_reached:
        over.append(ClockKind.FIRST_CONTACT)
    clocks = ticking(complaint)
    end([clock for clock in clocks if clock.kind in over], Action.STOP, event.at, event)
    clocks += open_begun(complaint, event, starts=["resolved"])
    if not any(clock.kind == ClockKind.FEEDBACK for clock in clocks):
        open_again(complaint, ClockKind.FEEDBACK, event)


def _on_closed(complaint: Complaint, event: Event) -> None:
    """Nothing is owed any more but the removal of the cause, which often comes long after the answer.

    What was asked of other teams is withdrawn by moves of its own, which tell them.
    """
    owed = [clock for clock in ticking(complaint) if clock.kind not in (ClockKind.REMEDIATE, ClockKind.REQUEST)]
    end(owed, Action.CANCEL, event.at, event)


def _on_settle(complaint: Complaint, event: Event, details: Details) -> None:
    """Answered in writing with many others: nobody need be sent or called any more, and nobody counts as having been.

    The dispatch clock says how long it waited; the first contact is not made and not owed, until somebody reopens it.
    """
    actions = {}
    for clock in ticking(complaint, ClockKind.DISPATCH, ClockKind.ACKNOWLEDGE, ClockKind.FIRST_CONTACT):
        if clock.kind == ClockKind.FIRST_CONTACT:
            if complaint.can_be_reached:
                actions[clock] = Action.CANCEL
        elif (clock.kind, clock.tier) != (ClockKind.ACKNOWLEDGE, Tier.STATUTORY):
            actions[clock] = Action.STOP
    end_each(actions, event.at, event)


def _on_feedback(complaint: Complaint, event: Event, details: Details) -> None:
    met(complaint, ClockKind.FEEDBACK, event.at, event)


def _on_reopen(complaint: Complaint, event: Event, details: Details) -> None:
    """The law's and the regulator's clocks run on from the first receipt as if never stopped; ours gets a new, shorter limit."""
    end(ticking(complaint, ClockKind.FEEDBACK), Action.CANCEL, event.at, event)
    for clock in complaint.clocks.filter(
        kind=ClockKind.RESOLVE, tier__in=[Tier.STATUTORY, Tier.EXTERNAL], round=1
    ).select_related("calendar"):
        enter(clock, Action.CONTINUE, event.at, event)
    tiers = [tier for kind, tier in promises(complaint) if kind == ClockKind.RESOLVE]
    ours = next((tier for tier in (Tier.INTERNAL, Tier.COMMITMENT) if tier in tiers), None)
    if ours is not None:
        open_again(complaint, ClockKind.RESOLVE, event, tier=ours, limit=DeskSettings.current().reopened_limit)
    if (
        complaint.contacted_at is None
        and complaint.clocks.filter(kind=ClockKind.FIRST_CONTACT, ledger__event__move="settle").exists()
    ):
        open_again(complaint, ClockKind.FIRST_CONTACT, event)


def _on_unmerge(complaint: Complaint, event: Event, details: Details) -> None:
    """Everything the merge stopped runs on as if it had never been merged."""
    merged = complaint.events.filter(move="merge").latest("number")
    for clock in complaint.clocks.filter(ledger__event=merged).select_related("calendar"):
        enter(clock, Action.CONTINUE, event.at, event)


# new facts or new policies


def _on_reclassified(complaint: Complaint, event: Event, details: Details) -> None:
    """New facts, new promises: clocks keep their start and what was used, and get the limit that holds now."""
    in_force = InForce()
    for clock, promise in concerned(complaint, in_force, ()):
        _hold_to(clock, promise, in_force, complaint, event)
    open_missing(complaint, event)


def _on_retarget(complaint: Complaint, event: Event, details: Details) -> None:
    """New policies for what already runs: as a change of facts, for the clocks that these policies speak of."""
    in_force, policies = InForce(), details.get("policies", ())
    for clock, promise in concerned(complaint, in_force, policies):
        _hold_to(clock, promise, in_force, complaint, event)
    open_missing(complaint, event, policies=policies)


def concerned(
    complaint: Complaint, in_force: InForce, policies: Collection[str]
) -> Iterator[tuple[Clock, Promise | None]]:
    """Its clocks with what is promised today in place of each; only those that these policies speak of, or all.

    The regulator's date is nobody's policy, a round after a reopening keeps its own limit, and a request what was asked.
    """
    wanted = in_force.promises(complaint)
    others = complaint.clocks.filter(round=1).exclude(tier=Tier.EXTERNAL).exclude(kind=ClockKind.REQUEST)
    for clock in others.select_related("calendar", "policy"):
        promise = wanted.get((clock.kind, clock.tier))
        speaking = {clock.policy.code if clock.policy else "", promise.policy if promise else ""}
        if not policies or speaking & set(policies):
            yield clock, promise


def _hold_to(clock: Clock, promise: Promise | None, in_force: InForce, complaint: Complaint, event: Event) -> None:
    """A clock that an earlier change had ended and that is promised again runs on as if it had never been ended."""
    is_ticking = clock.state in (State.RUNNING, State.PAUSED)
    if promise is None:
        if is_ticking:
            enter(clock, Action.CANCEL, event.at, event, reason=NO_LONGER)
        return
    if clock.state == State.CANCELLED and clock.ledger.latest("number").reason == NO_LONGER:
        enter(clock, Action.CONTINUE, event.at, event)
        if (kept_at := kept_since(clock, complaint)) is not None:
            end([clock], Action.STOP, kept_at, event)
            return
    elif not is_ticking:
        return
    calendar = in_force.calendars.row(promise.calendar)
    if differs(clock, promise, calendar):
        clock.policy = promise.key if isinstance(promise.key, Policy) else None
        clock.limit, clock.calendar, clock.extension = promise.limit, calendar, promise.extension
        clock.is_pausable, clock.warn, clock.escalate = promise.pausable, list(promise.warn), list(promise.escalate)
        clock.statistic = promise.statistic
        enter(clock, Action.RETARGET, event.at, event, limit=clock.limit, calendar=clock.calendar)
    if clock.state == State.PAUSED and not clock.is_pausable:
        enter(clock, Action.RESUME, event.at, event)


FOLLOW: dict[str, Callable[[Complaint, Event, Details], None]] = {
    "answer_request": asked.on_answered,
    "arrive": _on_arrive,
    "ask": _on_ask,
    "contact": _on_contact,
    "decline_request": asked.on_answered,
    "dispatch": _on_dispatch,
    "excuse": on_excuse,
    "extend": _on_extend,
    "feedback": _on_feedback,
    "hold": _on_hold,
    "message": _on_contact,
    "prioritise": _on_reclassified,
    "recategorise": _on_reclassified,
    "release": _on_release,
    "reopen": _on_reopen,
    "request": asked.on_request,
    "restore": _on_restore,
    "resume": _on_resume,
    "retarget": _on_retarget,
    "return": _on_return,
    "settle": _on_settle,
    "strike_off": _on_strike_off,
    "unmerge": _on_unmerge,
    "urge": _on_urge,
    "withdraw_request": asked.on_withdrawn,
}
TOUCHES_CLOCKS = frozenset(FOLLOW).union(*CONFIRMS.values())
"""After any other move that leaves the status as it is, every clock is as it was, and so is what is due next."""
