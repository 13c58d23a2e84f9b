"""A complaint's clocks in the database: opens them, writes their ledgers, sets their alarms.

The arithmetic is in the pure modules beside this one; here a ledger entry is written, the ledger is replayed, and what
the replay gives is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from complaints.clocks.calendars import WorkingCalendar
from complaints.clocks.contact import Attempt, contact_made_at
from complaints.clocks.deadlines import due_at, moment_at_share, moment_before
from complaints.clocks.ledger import Action, Entry, State, replay
from complaints.clocks.limits import Limit
from complaints.clocks.policies import Facts, Promise, Rule, promises_for
from complaints.models import Alarm, Calendar, Clock, ClockKind, Complaint, DeskSettings, Event, LedgerEntry, Policy
from complaints.models.promises import Tier
from complaints.states import Status

OPENS_AT_REGISTRATION = (ClockKind.DISPATCH, ClockKind.FIRST_CONTACT, ClockKind.RESOLVE)
NO_PROMISE = "-"
RUNS_AGAIN = {(State.RUNNING, before) for before in State if before != State.RUNNING}
"""Its alarms were settled when it stopped, so a clock that runs again needs new ones, even for the same due moment."""


# which promises


def facts_of(complaint: Complaint) -> Facts:
    """What policies may look at."""
    segment = ""
    if complaint.customer is not None:
        segment = "key" if complaint.customer.is_key else complaint.customer.kind
    return Facts(
        request_type=complaint.request_type,
        category=complaint.category.code,
        subcategory=complaint.subcategory.code if complaint.subcategory else "",
        channel=complaint.channel,
        source=complaint.source,
        severity=complaint.severity,
        priority=str(complaint.priority),
        segment=segment,
        area=complaint.area_class,
    )


def rules_in_force() -> list[Rule]:
    """The current policies as the matching knows them; each promise carries its policy's row as `key`."""
    return [
        Rule(
            code=policy.code,
            version=policy.version,
            match={name: frozenset(str(value) for value in values) for name, values in policy.match.items()},
            promises=tuple(
                Promise(
                    kind=row.kind,
                    tier=row.tier,
                    limit=row.limit,
                    calendar=row.calendar,
                    starts=row.starts,
                    statistic=row.statistic,
                    pausable=row.is_pausable,
                    warn=tuple(row.warn),
                    escalate=tuple(row.escalate),
                    policy=policy.code,
                    policy_version=policy.version,
                    key=policy,
                )
                for row in policy.limits.all()
            ),
        )
        for policy in Policy.objects.filter(is_current=True).prefetch_related("limits")
    ]


def promises(complaint: Complaint) -> dict[tuple[str, str], Promise]:
    """What we promise for this complaint as it stands, by (kind, tier)."""
    found = promises_for(rules_in_force(), facts_of(complaint))
    return {(p.kind, p.tier): p for p in found if p.limit != NO_PROMISE}


class Calendars:
    """The newest version of each calendar, read once for one piece of work."""

    def __init__(self) -> None:
        self._rows: dict[str, Calendar] = {}

    def row(self, code: str) -> Calendar | None:
        if not code:
            return None
        if not self._rows:
            for calendar in Calendar.objects.order_by("code", "version"):
                self._rows[calendar.code] = calendar
        return self._rows[code]


# opening


def plan(complaint: Complaint) -> list[Clock]:
    """The clocks a new complaint starts with, unsaved; also sets the complaint's next due moment."""
    calendars = Calendars()
    clocks = [
        new_clock(complaint, promise, started_at=_start_of(promise, complaint), calendars=calendars)
        for promise in promises(complaint).values()
        if promise.kind in OPENS_AT_REGISTRATION and _applies(promise, complaint)
    ]
    if complaint.external_due_at is not None:
        clocks.append(external_clock(complaint))
    look_ahead(complaint, clocks)
    return clocks


def _applies(promise: Promise, complaint: Complaint) -> bool:
    return promise.kind != ClockKind.FIRST_CONTACT or complaint.can_be_reached


def _start_of(promise: Promise, complaint: Complaint) -> datetime:
    return complaint.entered_at if promise.starts == "registered" else complaint.received_at


def new_clock(
    complaint: Complaint, promise: Promise, *, started_at: datetime, calendars: Calendars, round: int = 1
) -> Clock:
    calendar = calendars.row(promise.calendar)
    policy = promise.key if isinstance(promise.key, Policy) else None
    clock = Clock(
        complaint=complaint,
        kind=promise.kind,
        tier=promise.tier,
        round=round,
        policy=policy,
        calendar=calendar,
        limit=promise.limit,
        statistic=promise.statistic,
        is_pausable=promise.pausable,
        warn=list(promise.warn),
        escalate=list(promise.escalate),
        started_at=started_at,
    )
    clock.due_at = due_at(Limit.parse(promise.limit), _arithmetic(calendar), started_at)
    return clock


def external_clock(complaint: Complaint) -> Clock:
    """The date that the regulator or the city hotline set. Nothing pauses it and it outranks our own limits."""
    return Clock(
        complaint=complaint,
        kind=ClockKind.RESOLVE,
        tier=Tier.EXTERNAL,
        started_at=complaint.received_at,
        due_at=complaint.external_due_at,
        is_pausable=False,
        warn=["75%"],
    )


def open_all(complaint: Complaint, clocks: list[Clock], event: Event) -> None:
    """Save planned clocks with their first ledger entries and their alarms.

    What was received long ago and is entered only now gets no warnings of what is already past; a breach is never left out.
    """
    for clock in clocks:
        clock.complaint = complaint
    Clock.objects.bulk_create(clocks)
    LedgerEntry.objects.bulk_create(
        LedgerEntry(
            clock=clock,
            number=1,
            action=Action.START,
            at=clock.started_at,
            event=event,
            limit=clock.limit,
            calendar=clock.calendar,
            due_at=None if clock.limit else clock.due_at,
        )
        for clock in clocks
    )
    alarms = [alarm for clock in clocks for alarm in alarms_of(clock)]
    Alarm.objects.bulk_create(a for a in alarms if a.fire_at > event.at or not a.level.startswith("warn"))


# following a move


def follow(complaint: Complaint, event: Event, details: Mapping[str, Any]) -> None:
    """Let every clock know of a move, and store the complaint's next due moment on it (the caller saves)."""
    if event.move in FOLLOW:
        FOLLOW[event.move](complaint, event, details)
    if event.to_status == Status.RESOLVED != event.from_status:
        _on_resolved(complaint, event)
    if event.to_status == Status.CLOSED != event.from_status:
        _end(ticking(complaint), Action.CANCEL, event.at, event)
    look_ahead(complaint, complaint.clocks.ticking())


def _on_dispatch(complaint: Complaint, event: Event, details: Mapping[str, Any]) -> None:
    met(complaint, ClockKind.DISPATCH, event.at, event)


def _on_return(complaint: Complaint, event: Event, details: Mapping[str, Any]) -> None:
    _open_again(complaint, ClockKind.DISPATCH, event)


def _on_contact(complaint: Complaint, event: Event, details: Mapping[str, Any]) -> None:
    """First contact is reaching the customer, or attempts at different times and a message; never a status change."""
    if not ticking(complaint, ClockKind.FIRST_CONTACT):
        return
    if details.get("reached"):
        met(complaint, ClockKind.FIRST_CONTACT, min(details.get("contacted_at") or event.at, event.at), event)
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


def _on_ask(complaint: Complaint, event: Event, details: Mapping[str, Any]) -> None:
    for clock in ticking(complaint, ClockKind.RESOLVE):
        if clock.is_pausable and clock.state == State.RUNNING:
            enter(clock, Action.PAUSE, event.at, event, reason="waiting for the customer")


def _on_resume(complaint: Complaint, event: Event, details: Mapping[str, Any]) -> None:
    for clock in ticking(complaint):
        if clock.state == State.PAUSED:
            enter(clock, Action.RESUME, event.at, event)


def _on_resolved(complaint: Complaint, event: Event) -> None:
    """Every tier of the resolve promise is answered; the call-back promise starts.

    Where the customer cannot be called or written to at once, the written answer is the first contact.
    """
    met(complaint, ClockKind.RESOLVE, event.at, event)
    if not complaint.can_be_reached:
        met(complaint, ClockKind.FIRST_CONTACT, event.at, event)
    _open_again(complaint, ClockKind.FEEDBACK, event)


def _on_feedback(complaint: Complaint, event: Event, details: Mapping[str, Any]) -> None:
    met(complaint, ClockKind.FEEDBACK, event.at, event)


def _on_reopen(complaint: Complaint, event: Event, details: Mapping[str, Any]) -> None:
    """The law's and the regulator's clocks run on from the first receipt as if never stopped; ours gets a new, shorter limit."""
    _end(ticking(complaint, ClockKind.FEEDBACK), Action.CANCEL, event.at, event)
    for clock in complaint.clocks.filter(
        kind=ClockKind.RESOLVE, tier__in=[Tier.STATUTORY, Tier.EXTERNAL], round=1
    ).select_related("calendar"):
        enter(clock, Action.CONTINUE, event.at, event)
    tiers = [tier for kind, tier in promises(complaint) if kind == ClockKind.RESOLVE]
    ours = next((tier for tier in (Tier.INTERNAL, Tier.COMMITMENT) if tier in tiers), None)
    if ours is not None:
        _open_again(complaint, ClockKind.RESOLVE, event, tier=ours, limit=DeskSettings.current().reopened_limit)


def _on_unmerge(complaint: Complaint, event: Event, details: Mapping[str, Any]) -> None:
    """Everything the merge stopped runs on as if it had never been merged."""
    merged = complaint.events.filter(move="merge").latest("number")
    for clock in complaint.clocks.filter(ledger__event=merged).select_related("calendar"):
        enter(clock, Action.CONTINUE, event.at, event)


def _on_reclassified(complaint: Complaint, event: Event, details: Mapping[str, Any]) -> None:
    """New facts, new promises: clocks keep their start and what was used, and get the limit that holds now."""
    wanted = promises(complaint)
    calendars = Calendars()
    for clock in ticking(complaint):
        promise = wanted.get((clock.kind, clock.tier))
        if clock.tier == Tier.EXTERNAL or clock.kind == ClockKind.FEEDBACK or clock.round > 1:
            continue
        if promise is None:
            enter(clock, Action.CANCEL, event.at, event, reason="no longer promised")
        elif (promise.limit, promise.calendar, promise.pausable) != (
            clock.limit,
            clock.calendar.code if clock.calendar else "",
            clock.is_pausable,
        ):
            clock.policy = promise.key if isinstance(promise.key, Policy) else None
            clock.is_pausable, clock.warn, clock.escalate = promise.pausable, list(promise.warn), list(promise.escalate)
            clock.calendar, clock.limit = calendars.row(promise.calendar), promise.limit
            enter(clock, Action.RETARGET, event.at, event, limit=clock.limit, calendar=clock.calendar)
    had = set(complaint.clocks.values_list("kind", "tier"))
    opened = [
        new_clock(complaint, promise, started_at=_start_of(promise, complaint), calendars=calendars)
        for key, promise in wanted.items()
        if key not in had and promise.kind == ClockKind.RESOLVE and complaint.is_open
    ]
    open_all(complaint, opened, event)


FOLLOW: dict[str, Callable[[Complaint, Event, Mapping[str, Any]], None]] = {
    "ask": _on_ask,
    "contact": _on_contact,
    "dispatch": _on_dispatch,
    "feedback": _on_feedback,
    "message": _on_contact,
    "prioritise": _on_reclassified,
    "recategorise": _on_reclassified,
    "reopen": _on_reopen,
    "resume": _on_resume,
    "return": _on_return,
    "unmerge": _on_unmerge,
    "urge": _on_reclassified,
}


def ticking(complaint: Complaint, kind: str = "") -> list[Clock]:
    clocks = complaint.clocks.ticking().select_related("calendar")
    return list(clocks.filter(kind=kind) if kind else clocks)


def met(complaint: Complaint, kind: str, at: datetime, event: Event) -> None:
    """Stop every running clock of this kind: the promise was kept, or kept late."""
    _end(ticking(complaint, kind), Action.STOP, at, event)
    if event.number == 1:
        look_ahead(complaint, complaint.clocks.ticking())


def _end(clocks: Iterable[Clock], action: Action, at: datetime, event: Event) -> None:
    for clock in clocks:
        enter(clock, action, max(at, clock.started_at), event)


def _open_again(complaint: Complaint, kind: str, event: Event, *, tier: str | None = None, limit: str = "") -> None:
    """Start this kind of promise anew from the event, as a further round."""
    calendars = Calendars()
    opened = []
    for promise in promises(complaint).values():
        if promise.kind == kind and tier in (None, promise.tier):
            past = complaint.clocks.filter(kind=kind, tier=promise.tier).count()
            clock = new_clock(complaint, promise, started_at=event.at, calendars=calendars, round=past + 1)
            if limit:
                clock.limit = limit
                clock.due_at = due_at(Limit.parse(limit), _arithmetic(clock.calendar), event.at)
            opened.append(clock)
    open_all(complaint, opened, event)


# one clock


def enter(
    clock: Clock,
    action: Action,
    at: datetime,
    event: Event,
    *,
    limit: str = "",
    calendar: Calendar | None = None,
    fixed_due_at: datetime | None = None,
    reason: str = "",
) -> None:
    """Write one ledger entry, replay the ledger, store what it gives, and set the alarms anew."""
    past = list(clock.ledger.select_related("calendar"))
    entry = LedgerEntry.objects.create(
        clock=clock,
        number=len(past) + 1,
        action=action,
        at=at,
        event=event,
        limit=limit,
        calendar=calendar,
        due_at=fixed_due_at,
        reason=reason,
    )
    store(clock, [*past, entry])
    set_alarms(clock, at=event.at)


def store(clock: Clock, entries: Iterable[LedgerEntry]) -> None:
    """Replay the ledger and keep what it gives on the row; a new due moment or a new run is a new revision."""
    entries = list(entries)
    now = replay([as_entry(entry) for entry in entries])
    if now.due_at is not None and (now.due_at != clock.due_at or (now.state, clock.state) in RUNS_AGAIN):
        clock.revision += 1
    clock.state = now.state
    clock.due_at = now.due_at
    clock.paused_at = now.paused_at
    clock.stopped_at = now.stopped_at
    clock.paused_for = now.paused_for
    clock.is_excused = now.excused
    pauses = [entry for entry in entries if entry.action == Action.PAUSE]
    clock.pause_reason = pauses[-1].reason if now.state == State.PAUSED else ""
    clock.save()


def as_entry(row: LedgerEntry) -> Entry:
    return Entry(
        number=row.number,
        action=Action(row.action),
        at=row.at,
        limit=Limit.parse(row.limit) if row.limit else None,
        calendar=_arithmetic(row.calendar),
        due_at=row.due_at,
        reason=row.reason,
    )


def _arithmetic(calendar: Calendar | None) -> WorkingCalendar | None:
    return calendar.working_calendar() if calendar else None


def is_ticking(clock: Clock) -> bool:
    return clock.state == State.RUNNING


def mark_breached(clock: Clock, complaint: Complaint) -> None:
    """Remember the first moment at which a promise to this customer was broken."""
    clock.breached_at = clock.due_at
    clock.save(update_fields=["breached_at"])
    complaint.breached_at = complaint.breached_at or clock.due_at


def look_ahead(complaint: Complaint, clocks: Iterable[Clock]) -> None:
    """Keep on the complaint which of its clocks is due next; averages and excused clocks do not press."""
    pressing = [
        clock
        for clock in clocks
        if clock.state == State.RUNNING and clock.due_at and clock.statistic == "each" and not clock.is_excused
    ]
    first = min(pressing, key=lambda clock: (clock.due_at, clock.kind, clock.tier), default=None)
    complaint.next_due_at = first.due_at if first else None
    complaint.next_due_clock = f"{first.kind}/{first.tier}" if first else ""


# alarms


def alarms_of(clock: Clock) -> list[Alarm]:
    """The alarms of a running clock, unsaved: warnings before it is due, the breach, escalations after."""
    if not is_ticking(clock) or clock.due_at is None or clock.statistic != "each":
        return []
    calendar = _arithmetic(clock.calendar)
    limit = Limit.parse(clock.limit) if clock.limit else None
    moments = {"breach": clock.due_at}
    for number, warn in enumerate(clock.warn, start=1):
        if warn.endswith("%"):
            share = int(warn[:-1]) / 100
            moments[f"warn{number}"] = moment_at_share(limit, calendar, clock.started_at, clock.due_at, share)
        else:
            moments[f"warn{number}"] = moment_before(Limit.parse(warn), calendar, clock.due_at)
    for number, after in enumerate(clock.escalate, start=1):
        moments[f"escalate{number}"] = due_at(Limit.parse(after), calendar, clock.due_at) or clock.due_at
    return [
        Alarm(clock=clock, complaint=clock.complaint, revision=clock.revision, level=level, fire_at=moment)
        for level, moment in moments.items()
        if moment > clock.started_at
    ]


def set_alarms(clock: Clock, *, at: datetime) -> None:
    """Void what no longer holds and set what now does.

    A level that already rang does not ring again for the past; a warning whose moment is over is not given at all, and
    a breach or an escalation that fell into a time when the clock stood still rings at once.
    """
    pending = clock.alarms.pending()
    if not is_ticking(clock):
        pending.update(settled_at=at)
        return
    pending.exclude(revision=clock.revision).update(settled_at=at)
    existing = set(clock.alarms.filter(revision=clock.revision).values_list("level", flat=True))
    rung = set(clock.alarms.filter(event__isnull=False).values_list("level", flat=True))
    new = [alarm for alarm in alarms_of(clock) if alarm.level not in existing]
    for alarm in new:
        is_over = alarm.fire_at <= at
        if is_over and not alarm.level.startswith("warn") and alarm.level not in rung:
            alarm.fire_at = at
    Alarm.objects.bulk_create(alarm for alarm in new if alarm.fire_at >= at)
