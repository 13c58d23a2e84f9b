"""Many due alarms rung in one transaction: read together, decided one by one, written together.

What each alarm says, who hears it and what is checked are the same rules as in `workflow.ring`, which rings one. Only what
makes an event and notices and nothing else is rung here (`ladder.only_tells`); what also moves a clock, a person or a
priority is left for `workflow.ring`. One transaction means all or nothing: whoever dies in the middle has rung none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection, transaction
from django.db.models import prefetch_related_objects

from complaints import concerns, ladder, outbox, rows, workflow
from complaints.clocks import alarms, running
from complaints.models import Alarm, Clock, Complaint, Concern, Event, Notice
from staff.actors import THE_CLOCK
from staff.models import User

RELATIONS = ("category", "subcategory", "branch", "team", "assignee", "about", "merged_into")
"""What telling looks at beside the complaint itself."""

SETTLE = """
UPDATE complaints_alarm a SET settled_at = %s, event_id = rung.event
FROM unnest(%s::bigint[], %s::bigint[]) AS rung(id, event) WHERE a.id = rung.id
"""
BREAK = "UPDATE complaints_clock SET breached_at = due_at WHERE id = ANY(%s)"
COUNT = """
UPDATE complaints_complaint c
SET version = told.version, escalated_count = told.escalated_count, breached_at = told.breached_at
FROM unnest(%s::bigint[], %s::integer[], %s::smallint[], %s::timestamptz[])
    AS told(id, version, escalated_count, breached_at)
WHERE c.id = told.id
"""


def ring_together(due: Sequence[Alarm], *, now: datetime) -> tuple[int, list[Alarm]]:
    """Ring these alarms, in their order; how many rang, and those that are to be rung one by one, in their order.

    Safe to call from any number of workers at once and again after a crash. Complaints that somebody else has in hand are
    passed over, as `workflow.ring` does. Once an alarm of a complaint is left over, so are its later ones.
    """
    with transaction.atomic():
        complaints = _locked({alarm.complaint_id for alarm in due})
        written, left = _Written(now), list[Alarm]()
        set_apart: set[int] = set()
        fresh = _still_due(due, complaints, now)
        followers = concerns.followers_of(complaints)
        ladder.expect(complaints.values(), now)
        for alarm in fresh:
            complaint = complaints[alarm.complaint_id]
            if complaint.pk in set_apart or not ladder.only_tells(alarm, complaint):
                set_apart.add(complaint.pk)
                left.append(alarm)
            elif alarms.holds(alarm, alarm.clock):
                written.ring(alarm, complaint, followers[complaint.pk])
            else:
                written.void.append(alarm)
        written.save()
    return len(written.events), left


def _locked(keys: Collection[int]) -> dict[int, Complaint]:
    """Those of these complaints that nobody else has in hand, by key, with what telling looks at."""
    free = Complaint.objects.select_for_update(skip_locked=True).filter(pk__in=keys).order_by("pk")
    found = {complaint.pk: complaint for complaint in free}
    prefetch_related_objects(list(found.values()), *RELATIONS)
    return found


def _still_due(due: Iterable[Alarm], complaints: Collection[int], now: datetime) -> list[Alarm]:
    """These alarms as they are now that their complaints are locked."""
    fresh = Alarm.objects.due(now).select_related("clock")
    return list(fresh.filter(pk__in=[alarm.pk for alarm in due if alarm.complaint_id in complaints]))


@dataclass
class _Written:
    """What is to be written of a batch."""

    now: datetime
    void: list[Alarm] = field(default_factory=list)
    rung: list[Alarm] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    broken: list[Clock] = field(default_factory=list)
    moved: dict[int, Complaint] = field(default_factory=dict)
    concerns: list[Concern] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def ring(self, alarm: Alarm, complaint: Complaint, followers: Iterable[User]) -> None:
        """As `workflow.ring` does for an alarm that only tells."""
        if alarm.level == ladder.BREACH:
            running.mark_breached(alarm.clock, complaint)
            self.broken.append(alarm.clock)
        said = ladder.said_by(alarm)
        event = workflow.made(said.move, complaint, by=THE_CLOCK, at=alarm.fire_at, details=said.details)
        told = concerns.concerned(complaint, event, followers=lambda _complaint: followers)
        self.rung.append(alarm)
        self.events.append(event)
        self.moved[complaint.pk] = complaint
        self.concerns += concerns.rows_of(told, complaint, event)
        self.notices += outbox.drawn_up(complaint, event, ((one.code, one.user) for one in told if one.code))

    def save(self) -> None:
        """The rows of what rang and of what was void, each kind in one statement."""
        rows.insert(self.events)
        settled: dict[int, int | None] = {alarm.pk: None for alarm in self.void}
        settled |= {alarm.pk: event.pk for alarm, event in zip(self.rung, self.events, strict=True)}
        moved = list(self.moved.values())
        with connection.cursor() as cursor:
            if settled:
                cursor.execute(SETTLE, [self.now, list(settled), list(settled.values())])
            if self.broken:
                cursor.execute(BREAK, [[clock.pk for clock in self.broken]])
            if moved:
                counts = [[c.pk for c in moved], [c.version for c in moved], [c.escalated_count for c in moved]]
                cursor.execute(COUNT, [*counts, [c.breached_at for c in moved]])
        # when these were drawn up their events had no keys yet
        for concern in self.concerns:
            concern.event_id = concern.event.pk
        for notice in self.notices:
            notice.event_id = notice.event.pk if notice.event else None
        rows.insert(self.concerns)
        rows.insert(self.notices)
