"""Handing over the open work of somebody who is away: what would move, moving it when they leave, taking it back.

The moves are those of a bulk run, made by the clock, one transaction for each complaint: whoever entered the absence may have
gone by then, and a worker that is killed leaves none out and does none twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from complaints import bulk
from complaints.deputies import receiver
from complaints.models import BulkLine, BulkRun, Complaint, Event, HandOver, LineState, Priority, WorkGoes
from complaints.models.complaint import ComplaintQuerySet
from complaints.states import OPEN
from staff import absences
from staff.models import Absence, User

# what would move


def open_work(user: User) -> ComplaintQuerySet:
    """What somebody still owes work on, the next deadline first."""
    return Complaint.objects.unfinished().open().filter(assignee=user).by_due_next()


def moves_along(priority: int, due_at: datetime | None, back_at: datetime | None, *, keeps_later: bool) -> bool:
    """Whether a complaint goes when its person does: not, if they may keep what is due after they are back.

    A life in danger waits for nobody's return, and what has no deadline might wait for ever.
    """
    if priority == Priority.P1 or due_at is None or back_at is None:
        return True
    return not keeps_later or due_at < back_at


@dataclass(frozen=True, slots=True)
class Preview:
    """How many complaints would go and how many stay; of those that go, the ones due before the return come first."""

    urgent: int
    going: int
    staying: int
    to: User | None
    first: tuple[Complaint, ...]

    @property
    def open(self) -> int:
        return self.going + self.staying


FIRST = 5


def preview(absence: Absence, decision: HandOver) -> Preview:
    """What would go if the absence began now."""
    work = list(open_work(absence.user).select_related("category"))
    going = [] if decision.goes == WorkGoes.KEEP else [one for one in work if _goes(one, absence, decision)]
    urgent = [one for one in going if _is_due_meanwhile(one, absence)]
    later = [one for one in going if not _is_due_meanwhile(one, absence)]
    return Preview(
        urgent=len(urgent),
        going=len(going),
        staying=len(work) - len(going),
        to=receiver(absence, decision, absence.starts_at),
        first=tuple([*urgent, *later][:FIRST]),
    )


def _goes(complaint: Complaint, absence: Absence, decision: HandOver) -> bool:
    return moves_along(complaint.priority, complaint.next_due_at, absence.ends_at, keeps_later=decision.keeps_later)


def _is_due_meanwhile(complaint: Complaint, absence: Absence) -> bool:
    due = complaint.next_due_at
    return due is not None and (absence.ends_at is None or due < absence.ends_at)


# entering it


@transaction.atomic
def enter(absence: Absence, decision: HandOver) -> Absence:
    """Write down the absence and what becomes of the work. Raises OverlapsAbsence."""
    entered = absences.enter(absence)
    decision.absence = entered
    decision.save(force_insert=True)
    return entered


# carrying it out


def due(now: datetime) -> QuerySet[HandOver]:
    """Those whose absence has begun and that nobody has carried out yet, the longest waiting first."""
    begun = HandOver.objects.filter(begun_at__isnull=True, absence__cancelled_at__isnull=True)
    return begun.filter(absence__starts_at__lte=now).order_by("absence__starts_at", "pk")


@transaction.atomic
def begin(decision: HandOver, *, now: datetime) -> bool:
    """Write down every move that it takes; the moves of many do the rest. True for the one call that did it.

    An absence that was over before any worker woke takes nothing from anybody.
    """
    rows = HandOver.objects.select_for_update(skip_locked=True, of=("self",))
    locked = rows.select_related("absence__user", "absence__deputy").filter(pk=decision.pk, begun_at=None).first()
    if locked is None:
        return False
    absence = locked.absence
    if absence.cancelled_at is None and absence.covers(now) and locked.goes != WorkGoes.KEEP:
        to = receiver(absence, locked, now)
        seen = [(one.pk, one.version) for one in open_work(absence.user) if _goes(one, absence, locked)]
        if seen:
            bulk.start_for_absence(absence, to, seen)
    locked.begun_at = now
    locked.save(update_fields=["begun_at"])
    return True


# coming back


@transaction.atomic
def end_early(absence: Absence, *, at: datetime) -> None:
    """They are back: what was not yet handed over stays with them, what was is theirs to take back."""
    HandOver.objects.select_for_update().filter(absence=absence).first()
    absences.end(absence, at)
    for run in runs(absence):
        bulk.stop(run, at=at)


@transaction.atomic
def cancel(absence: Absence, *, at: datetime) -> None:
    """It was a mistake: what was handed over goes back, where nobody has moved it since."""
    HandOver.objects.select_for_update().filter(absence=absence).first()
    absences.cancel(absence, at)
    for run in runs(absence):
        bulk.stop(run, at=at)
        run.refresh_from_db()
        if bulk.may_undo(run):
            bulk.undo(run)


def runs(absence: Absence) -> list[BulkRun]:
    return list(BulkRun.objects.filter(absence=absence, undo_of__isnull=True).select_related("asked_by"))


@dataclass(frozen=True, slots=True)
class Handed:
    """One complaint that was handed over, and what became of it since."""

    complaint: Complaint
    events: int
    latest: Event | None
    can_return: bool


def handed_over(absence: Absence) -> Iterator[Handed]:
    """What went when the person left, the next deadline first, with what happened meanwhile."""
    lines = BulkLine.objects.filter(run__in=runs(absence), state=LineState.DONE).values("complaint", "left_at")
    left_at = {line["complaint"]: line["left_at"] or 0 for line in lines}
    rows = Complaint.objects.filter(pk__in=left_at).select_related("category", "assignee").by_due_next()
    since = _since(left_at)
    for complaint in rows:
        count, latest = since.get(complaint.pk, (0, None))
        is_free = complaint.status in OPEN and complaint.assignee_id != absence.user_id
        yield Handed(complaint, count, latest, is_free)


def _since(left_at: Mapping[int, int]) -> dict[int, tuple[int, Event | None]]:
    """For each complaint how many events it had after it was handed over, and the newest of them; two queries."""
    found: dict[int, tuple[int, Event | None]] = {}
    for event in Event.objects.filter(complaint__in=left_at).select_related("user").order_by("complaint", "number"):
        if event.number > left_at[event.complaint_id]:
            found[event.complaint_id] = (found.get(event.complaint_id, (0, None))[0] + 1, event)
    return found


def take_back(key: UUID, absence: Absence, chosen: Mapping[str, int], *, by: User) -> BulkRun:
    """The person gets these complaints again, complaint by complaint, as they were seen. Raises MoveRefused."""
    said = {"assignee": absence.user.username, "note": _("Back from the absence."), "although_away": "on"}
    return bulk.start(key, move="assign", said=said, by=by, chosen=chosen)
