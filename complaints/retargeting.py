"""Moving running clocks to the policies now in force: previewed, decided by a person, carried out complaint by complaint.

A new version of a policy is for new clocks. What already runs moves only by a decision that is written down (`Retargeting`), and
each complaint that it touches gets an event of its own that says what moved.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from complaints import workflow
from complaints.clocks.alarms import arithmetic
from complaints.clocks.following import concerned
from complaints.clocks.ledger import Action, Entry, State, replay
from complaints.clocks.limits import Limit
from complaints.clocks.promised import InForce, differs
from complaints.clocks.running import as_entry
from complaints.models import Clock, Complaint, Retargeting
from complaints.models.complaint import ComplaintQuerySet
from complaints.refusals import MoveRefused
from complaints.states import UNFINISHED
from staff.actors import Actor
from staff.models import User

SAMPLE = 500
"""How many complaints a preview looks at; of more it looks at an even sample and says so."""
EXAMPLES = 20
BATCH = 100


class Moved(NamedTuple):
    """One clock that would run otherwise; `then` is None where it would end, or while it is paused."""

    clock: Clock
    now: datetime | None
    then: datetime | None
    ends: bool


@dataclass(slots=True)
class Preview:
    """What a retargeting would do. The counts are of the complaints looked at, which are all, or a sample of `total`."""

    total: int
    looked_at: int = 0
    complaints: int = 0
    earlier: int = 0
    later: int = 0
    ends: int = 0
    same_moment: int = 0
    overdue_at_once: int = 0
    examples: list[Moved] = field(default_factory=list)

    @property
    def is_sample(self) -> bool:
        return self.looked_at < self.total


def running_under(policies: Collection[str]) -> ComplaintQuerySet:
    """Complaints that may be concerned: not closed, with a clock that ticks. A policy that is new may speak of any of them."""
    ticking = Clock.objects.ticking().values("complaint")
    return Complaint.objects.filter(status__in=sorted(UNFINISHED), pk__in=ticking)


def moved(complaint: Complaint, in_force: InForce, policies: Collection[str], at: datetime) -> list[Moved]:
    """What retargeting would do to this complaint's clocks."""
    found = []
    for clock, promise in concerned(complaint, in_force, policies):
        if clock.state not in (State.RUNNING, State.PAUSED):
            continue
        if promise is None:
            found.append(Moved(clock, clock.due_at, None, ends=True))
            continue
        calendar = in_force.calendars.row(promise.calendar)
        if differs(clock, promise, calendar):
            past = [as_entry(entry) for entry in clock.ledger.select_related("calendar")]
            limit = Limit.parse(promise.limit)
            told = Entry(len(past) + 1, Action.RETARGET, at, limit=limit, calendar=arithmetic(calendar))
            found.append(Moved(clock, clock.due_at, replay([*past, told]).due_at, ends=False))
    return found


def preview(policies: Collection[str], *, in_force: InForce | None = None, at: datetime | None = None) -> Preview:
    """What would move, without moving it; `in_force` may be policies that are not saved yet."""
    at, in_force = at or timezone.now(), in_force or InForce()
    rows = running_under(policies)
    keys = list(rows.order_by("pk").values_list("pk", flat=True))
    step = max(1, len(keys) // SAMPLE)
    chosen = rows.filter(pk__in=keys[::step][:SAMPLE]).select_related("category", "subcategory", "customer")
    result = Preview(total=len(keys))
    for complaint in chosen:
        result.looked_at += 1
        changes = moved(complaint, in_force, policies, at)
        result.complaints += bool(changes)
        for change in changes:
            _count(result, change, at)
    return result


def _count(result: Preview, change: Moved, at: datetime) -> None:
    was_late = change.now is not None and change.now < at
    if change.ends:
        result.ends += 1
    elif change.now == change.then:
        result.same_moment += 1
    elif change.then is None or (change.now is not None and change.then > change.now):
        result.later += 1
    else:
        result.earlier += 1
    result.overdue_at_once += change.then is not None and change.then < at and not was_late
    if len(result.examples) < EXAMPLES and change.now != change.then:
        result.examples.append(change)


def start(policies: Iterable[str], *, reason: str, by: User, at: datetime | None = None) -> Retargeting:
    """Write the decision down; a worker carries it out. Raises MoveRefused while another is under way."""
    codes = sorted(set(policies))
    with transaction.atomic():
        if Retargeting.objects.select_for_update().filter(finished_at__isnull=True).exists():
            raise MoveRefused(_("Clocks are being moved already. Wait until that is finished, or stop it."))
        return Retargeting.objects.create(
            policies=codes,
            reason=reason,
            asked_by=by,
            asked_at=at or timezone.now(),
            total=running_under(codes).count(),
        )


def carry_on(run: Retargeting, *, for_seconds: float = 50) -> None:
    """Move what is left to move, one transaction for each complaint; killed at any moment it goes on where it stopped.

    After `for_seconds` it leaves the rest to the next turn, so that it never holds a worker for long.
    """
    ends = monotonic() + for_seconds
    while keys := _next(run):
        for key in keys:
            if monotonic() > ends or not _move_one(run.pk, key):
                return
        run.refresh_from_db()
    Retargeting.objects.filter(pk=run.pk, finished_at__isnull=True).update(finished_at=timezone.now())


def _next(run: Retargeting) -> list[int]:
    rows = running_under(run.policies).filter(pk__gt=run.reached).order_by("pk")
    return list(rows.values_list("pk", flat=True)[:BATCH])


@transaction.atomic
def _move_one(run_id: int, key: int) -> bool:
    """Look at one complaint; false when the run was stopped. The run's row is locked, so two workers never do one twice."""
    run = Retargeting.objects.select_for_update().select_related("asked_by").get(pk=run_id)
    if run.finished_at is not None:
        return False
    if run.reached >= key:
        return True
    complaint = Complaint.objects.select_related("category", "subcategory", "customer").locked(key)
    now = timezone.now()
    if complaint.is_unfinished and (changes := moved(complaint, InForce(), run.policies, now)):
        workflow.perform(
            "retarget",
            complaint,
            by=Actor.staff(run.asked_by),
            at=now,
            reason=run.reason,
            policies=run.policies,
            moved=[_said(change) for change in changes],
        )
        run.moved += 1
    run.reached, run.looked_at = key, run.looked_at + 1
    run.save(update_fields=["reached", "looked_at", "moved"])
    return True


def _said(change: Moved) -> dict[str, Any]:
    return {
        "clock": str(change.clock),
        "from": change.now.isoformat() if change.now else None,
        "to": change.then.isoformat() if change.then else None,
    }


def stop(run: Retargeting, *, by: User, at: datetime | None = None) -> None:
    """End it where it is: what moved stays moved, the rest keeps its old limits."""
    Retargeting.objects.filter(pk=run.pk, finished_at__isnull=True).update(
        finished_at=at or timezone.now(), stopped_by=by
    )


def outcome(run: Retargeting) -> Iterator[tuple[str, str, str, str]]:
    """Reference, clock, old and new due moment of everything that this run moved."""
    events = run.asked_by.events.filter(
        move="retarget", at__gte=run.asked_at, at__lte=run.finished_at or timezone.now(), details__reason=run.reason
    )
    for event in events.select_related("complaint").order_by("pk").iterator(chunk_size=500):
        for change in event.details.get("moved", []):
            yield event.complaint.reference, change["clock"], change["from"] or "", change["to"] or ""
