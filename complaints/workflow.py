"""What HAPPENS to a complaint: register it, move it, ring its alarms. The only code that writes one.

Every function here is one transaction in which status, history, clocks and notices change together or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from complaints import checks, concerns, database_clock, effects, ladder, outbox, routing, rows, rulebook, turn, typed
from complaints.clocks import alarms, following, opening, running
from complaints.models import Alarm, Channel, Complaint, Event, Priority
from complaints.references import reference_for
from complaints.refusals import ChangedMeanwhile, DetailsMissing, MoveRefused
from complaints.routing import Routes
from complaints.rulebook import Rulebook
from complaints.states import MOVES, PREVIOUS, REGISTER, SAME, Move, Status
from staff.actors import ACTOR_LABELS, CLOCK, THE_CLOCK, Actor

KNOWN = ("category", "subcategory", "customer", "branch")
"""What a move looks at beside the complaint itself."""


@transaction.atomic
def register(
    complaint: Complaint, *, by: Actor, at: datetime | None = None, details: Mapping[str, Any] | None = None
) -> Event:
    """Give a new complaint its reference, team, clocks, alarms and event 1, and queue the acknowledgement.

    `complaint` is unsaved and filled by the door; `received_at` may lie before `at` (letters), never after it.
    A life-safety complaint is dispatched in the same transaction, whatever the hour.
    """
    return register_on(complaint, by=by, at=at or timezone.now(), details=details or {})


def register_on(
    complaint: Complaint,
    *,
    by: Actor,
    at: datetime,
    details: Mapping[str, Any],
    given: tuple[int, Rulebook] | None = None,
) -> Event:
    """As `register`, for who has begun the transaction. What is raised must end it.

    `given` are the next number and the rulebook in force, for who has asked for them in this transaction; the complaint then
    brings its key.
    """
    if given is None:
        complaint.pk, number, edition = rulebook.key_number_and_edition()
        given = number, rulebook.of(edition)
    number, book = given
    with turn.knowing(book.known):
        return _register(complaint, number, book.routes, by=by, at=at, details=details)


def _register(
    complaint: Complaint, number: int, routes: Routes, *, by: Actor, at: datetime, details: Mapping[str, Any]
) -> Event:
    complaint.entered_at = at
    complaint.received_at = min(complaint.received_at or at, at)
    complaint.reference = reference_for(number, received_at=complaint.received_at)
    complaint.status = Status.REGISTERED
    complaint.version = 1
    if complaint.subcategory is not None and complaint.subcategory.request_type:
        complaint.request_type = complaint.subcategory.request_type
    complaint.team = complaint.team or routing.team_for(complaint, routes)
    if complaint.channel == Channel.VISIT:
        complaint.contacted_at = complaint.received_at
    clocks = opening.plan(complaint)
    event = _event(complaint, REGISTER, "", by=by, at=at, details=details)
    rows.insert_in_turn([complaint], [event])
    opening.open_all(complaint, clocks, event)
    complaint.know_clocks(clocks)
    if outbox.queue(complaint, event) and following.told(complaint, event, clocks):
        running.look_ahead(complaint, clocks)
        complaint.know_clocks(clocks)
        complaint.save(update_fields=["next_due_at", "next_due_clock"])
    if complaint.priority == Priority.P1 and complaint.team is not None:
        perform("dispatch", complaint, by=THE_CLOCK, at=at, team=complaint.team)
        complaint.refresh_from_db()
    return event


@transaction.atomic
def perform(
    name: str, complaint: Complaint, *, by: Actor, at: datetime | None = None, seen: int | None = None, **details: Any
) -> Event:
    """Make one move. `at` is when it happens, now by default; `seen` the version of the complaint that the mover looked at.

    Alarms that were due before `at` are rung first, so the order of events is the order of time even if every worker slept.
    Raises MoveRefused, DetailsMissing or ChangedMeanwhile, and then nothing has changed.
    The caller's `complaint` is brought up to date.
    """
    event = perform_within(name, complaint, by=by, at=at, seen=seen, **details)
    complaint.refresh_from_db()
    return event


def perform_within(
    name: str, complaint: Complaint, *, by: Actor, at: datetime | None = None, seen: int | None = None, **details: Any
) -> Event:
    """As `perform`, for who has begun the transaction and does not look at `complaint` again. What is raised must end it."""
    locked = Complaint.objects.select_related(*KNOWN).locked(complaint.pk)
    return perform_on(locked, name, by=by, at=at or timezone.now(), seen=seen, **details)


def perform_on(
    locked: Complaint, name: str, *, by: Actor, at: datetime, seen: int | None = None, **details: Any
) -> Event:
    """As `perform`, for who makes several moves of one complaint in one transaction and has locked it (with `KNOWN`) there.

    What is raised must end that transaction.
    """
    if by.role != CLOCK:
        # one by one, because what an alarm does to the complaint may move or set the next
        while (alarm := locked.alarms.due(at).select_related("clock").first()) is not None:
            _ring(alarm, locked, now=at)
    return _perform(name, locked, by=by, at=at, seen=seen, details=details)


def ring(alarm: Alarm, *, now: datetime | None = None) -> bool:
    """Look at a due alarm's clock and do what its level asks, stamped with the alarm's own time.

    Safe to call from any number of workers at once and again after a crash: true for the one call that rang it.
    The complaint is locked before the alarm is read, in the same order as every move, so the two cannot deadlock.
    """
    now = now or database_clock.now()
    with transaction.atomic():
        complaint = Complaint.objects.select_for_update(skip_locked=True).filter(pk=alarm.complaint_id).first()
        if complaint is None:
            return False
        _know_relations(complaint)
        fresh = Alarm.objects.pending().select_related("clock").filter(pk=alarm.pk, fire_at__lte=now).first()
        return fresh is not None and _ring(fresh, complaint, now=now)


def _know_relations(complaint: Complaint) -> None:
    """Give it its category, branch, team and assignee, which many alarms of a turn share: four joins less for each."""
    for field in ("category", "branch", "team", "assignee"):
        key = getattr(complaint, f"{field}_id")
        if key is not None:
            setattr(complaint, field, turn.once((field, key), partial(getattr, complaint, field)))


def _ring(alarm: Alarm, complaint: Complaint, *, now: datetime) -> bool:
    clock = alarm.clock
    alarm.settled_at = now
    if not alarms.holds(alarm, clock):
        alarm.save(update_fields=["settled_at"])
        return False
    if alarm.level == ladder.BREACH:
        running.mark_breached(clock, complaint)
        clock.save(update_fields=["breached_at"])
    said = ladder.said_by(alarm)
    alarm.event = _perform(said.move, complaint, by=THE_CLOCK, at=alarm.fire_at, seen=None, details=said.details)
    alarm.save(update_fields=["settled_at", "event"])
    # who is on duty is asked for now, as for the notices; the moves are stamped with the alarm's time, as the alarm is
    for follow_up, more in ladder.consequences(said.step, complaint, at=turn.now(), why=ladder.reason(clock)):
        _perform(follow_up, complaint, by=THE_CLOCK, at=alarm.fire_at, seen=None, details=more)
    return True


def _perform(
    name: str, complaint: Complaint, *, by: Actor, at: datetime, seen: int | None, details: dict[str, Any]
) -> Event:
    name = effects.instead(name, complaint, by=by, at=at)
    details = typed.understood(details, complaint)
    before = complaint.status
    event = made(name, complaint, by=by, at=at, seen=seen, details=details)
    rows.insert([event])
    following.follow(complaint, event, details)
    complaint.save()
    effects.after(name, complaint, event, details)
    told = concerns.tell(complaint, event, details)
    outbox.queue(complaint, event, ((one.code, one.user) for one in told if one.code))
    for follow_up, more in effects.follow_ups(name, complaint, details, before=before, by=by, at=at):
        by_rule = follow_up in effects.BY_THE_CLOCK or by.role not in MOVES[follow_up].allowed
        actor = THE_CLOCK if by_rule else by
        _perform(follow_up, complaint, by=actor, at=at, seen=None, details=more)
    return event


def made(
    name: str, complaint: Complaint, *, by: Actor, at: datetime, details: Mapping[str, Any], seen: int | None = None
) -> Event:
    """Check a move and change the complaint's own fields; neither it nor the event that is handed out is saved."""
    check(name, complaint, by, details, seen, at)
    before = complaint.status
    complaint.status = _target(MOVES[name], complaint)
    complaint.version += 1
    said = effects.apply(name, complaint, details, by=by, at=at)
    return _event(complaint, name, before, by=by, at=at, details=said)


def check(
    name: str, complaint: Complaint, by: Actor, details: Mapping[str, Any], seen: int | None, at: datetime
) -> None:
    """Refuse a move that the table, the complaint or what was said does not allow. Reads the locked row only."""
    move = MOVES[name]
    if by.role not in move.allowed:
        raise MoveRefused(
            _("%(role)s may not do this: %(move)s.") % {"role": ACTOR_LABELS[by.role], "move": move.label}
        )
    if move.decides and seen is not None and seen != complaint.version:
        unseen = complaint.events.filter(number__gt=seen).exclude(role=CLOCK)
        if unseen.exists():
            raise ChangedMeanwhile(
                _("%(reference)s was changed since you opened it. Look at what is new, then decide again.")
                % {"reference": complaint.reference},
                events=unseen.select_related("user"),
            )
    if complaint.status not in move.sources:
        raise MoveRefused(
            _("%(reference)s is “%(status)s”; this cannot be done now: %(move)s.")
            % {"reference": complaint.reference, "status": complaint.get_status_display(), "move": move.label}
        )
    missing = sorted(need for need in move.needs if details.get(need) in (None, "", []))
    if missing:
        raise DetailsMissing(
            _("“%(move)s” needs more: %(missing)s.") % {"move": move.label, "missing": checks.named(missing)},
            fields=missing,
        )
    checks.check(name, complaint, details, by, at)
    if not complaint.permits(name, by.role):
        raise MoveRefused(
            _("%(reference)s as it stands does not allow this: %(move)s.")
            % {"reference": complaint.reference, "move": move.label}
        )


def _event(
    complaint: Complaint, name: str, before: str, *, by: Actor, at: datetime, details: Mapping[str, Any]
) -> Event:
    return Event(
        complaint=complaint,
        number=complaint.version,
        move=name,
        from_status=before,
        to_status=complaint.status,
        at=at,
        role=by.role,
        user=by.user,
        actor_name=by.name,
        details=dict(details),
    )


def _target(move: Move, complaint: Complaint) -> str:
    if move.target == SAME:
        return complaint.status
    if move.target == PREVIOUS:
        return complaint.events.filter(move="merge").latest("number").from_status
    return move.target
