"""Moves of many complaints: a loop of single moves, each its own transaction, with an answer for each complaint.

What was asked is written down first (`BulkRun`, one `BulkLine` per complaint). Whoever carries it out, the request that asked or
a worker, takes one line after the other, so that a run that is sent twice, or killed half-way, moves each complaint once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from complaints import queues, workflow
from complaints.bulk_forms import BulkForm
from complaints.models import BulkLine, BulkRun, Complaint, LineState
from complaints.models.complaint import ComplaintQuerySet
from complaints.refusals import MoveRefused, Refusal
from complaints.states import MOVES
from staff.actors import Actor
from staff.models import User

MOST_CHOSEN = 200
"""How many can be chosen one by one."""
MOST_FITTING = 20_000
"""How many a move of everything that fits the filters may take."""
BATCH = 100

logger = logging.getLogger(__name__)
Reverse = Callable[[Mapping[str, Any]], tuple[str, dict[str, Any]]]


def _give_back(before: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    if before["assignee"] is None:
        return "unassign", {}
    return "assign", {"assignee": User.objects.get(pk=before["assignee"])}


def _weigh_back(before: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    said = {"priority": before["priority"], "severity": before["severity"], "reason": _("Taken back")}
    return "prioritise", said


REVERSE: dict[str, Reverse] = {
    "assign": _give_back,
    "unassign": _give_back,
    "prioritise": _weigh_back,
    "link": lambda before: ("detach", {"reason": _("Taken back")}),
}
"""For a move with a natural inverse: the move that puts back what was there before."""
REVERSES = {
    "assign": ("assign", "unassign"),
    "unassign": ("assign",),
    "prioritise": ("prioritise",),
    "link": ("detach",),
}


def start(
    key: UUID, *, move: str, said: Mapping[str, str], by: User, chosen: Mapping[str, int], back: str = ""
) -> BulkRun:
    """Write down that this move is asked of the complaints of these references, each as it was in the version seen.

    Asked again with the same key it gives the first run. What the person may not see is left out; raises MoveRefused when
    nothing is left, or when the key is somebody else's.
    """
    rows = Complaint.objects.visible_to(by).filter(reference__in=list(chosen)[:MOST_CHOSEN]).order_by("pk")
    seen = ((pk, chosen[reference]) for pk, reference in rows.values_list("pk", "reference"))
    return _written(BulkRun(uuid=key, move=move, said=dict(said), asked_by=by, back=back), seen)


def start_all(
    key: UUID, *, move: str, said: Mapping[str, str], by: User, params: Mapping[str, str], back: str = ""
) -> BulkRun:
    """As `start`, for everything that fits these filters at this moment; what comes later is not moved."""
    rows = fitting(by, params)
    seen = rows.values_list("pk", "version").order_by("pk")[: MOST_FITTING + 1]
    return _written(
        BulkRun(uuid=key, move=move, said=dict(said), asked_by=by, back=back), seen.iterator(chunk_size=1000)
    )


def fitting(user: User, params: Mapping[str, str]) -> ComplaintQuerySet:
    """What this person sees through these filters. Raises MoveRefused when a filter is not understood: all is too many."""
    ignored: list[str] = []
    rows = queues.narrow(Complaint.objects.visible_to(user), params, user, ignored=ignored)
    if ignored:
        raise MoveRefused(
            _("These filters are not understood any more: %(names)s. Choose again in the queue.")
            % {"names": ", ".join(ignored)}
        )
    return rows


def _written(run: BulkRun, seen: Iterable[tuple[int, int]]) -> BulkRun:
    run.asked_at = timezone.now()
    with transaction.atomic():
        fields = {name: getattr(run, name) for name in ("move", "said", "asked_by", "asked_at", "back", "undo_of")}
        kept, is_new = BulkRun.objects.get_or_create(uuid=run.uuid, defaults=fields)
        if kept.asked_by_id != run.asked_by_id:
            raise MoveRefused(_("Somebody else has sent this form. Open it again."))
        if is_new:
            lines = [BulkLine(run=kept, complaint_id=pk, seen=version) for pk, version in seen]
            if not lines:
                raise MoveRefused(_("None of these complaints is there any more, or you may not see them."))
            if len(lines) > MOST_FITTING:
                raise MoveRefused(
                    _("More than %(most)d complaints fit. Narrow the filters first.") % {"most": MOST_FITTING}
                )
            BulkLine.objects.bulk_create(lines, batch_size=1000)
            kept.total = len(lines)
            kept.save(update_fields=["total"])
    return kept


def carry_on(run: BulkRun, *, for_seconds: float = 20) -> None:
    """Do what is still to do, one transaction for each complaint, and leave the rest to the next turn after `for_seconds`.

    Safe to call from any number of places at once. Reasons are written in the language in force.
    """
    ends, last = monotonic() + for_seconds, 0
    form: BulkForm | None = None
    while keys := list(_pending(run).filter(pk__gt=last).values_list("pk", flat=True)[:BATCH]):
        if form is None and run.undo_of_id is None:
            form = _form_of(run)
        for key in keys:
            if monotonic() > ends or not _one(key, form):
                return
        last = keys[-1]
    with transaction.atomic():
        # the last of several who carry it on finds nothing left, whoever that is
        fresh = BulkRun.objects.select_for_update().get(pk=run.pk)
        if fresh.finished_at is None and not _pending(run).exists():
            fresh.finished_at = timezone.now()
            fresh.save(update_fields=["finished_at"])


def take_turn(run: BulkRun, *, for_seconds: float = 20) -> bool:
    """A worker's turn at a run; false when another has it in hand. One that died gives it up when its time is over."""
    now = timezone.now()
    free = BulkRun.objects.filter(pk=run.pk, finished_at__isnull=True)
    free = free.filter(Q(taken_until__isnull=True) | Q(taken_until__lt=now))
    if not free.update(taken_until=now + timedelta(seconds=2 * for_seconds)):
        return False
    carry_on(run, for_seconds=for_seconds)
    BulkRun.objects.filter(pk=run.pk).update(taken_until=None)
    return True


def _pending(run: BulkRun) -> Any:
    return BulkLine.objects.filter(run=run, state=LineState.PENDING).order_by("pk")


def _form_of(run: BulkRun) -> BulkForm:
    asked = Complaint.objects.filter(pk__in=run.lines.values("complaint"))
    form = BulkForm(run.said, name=run.move, chosen=asked, user=run.asked_by)
    form.is_valid()
    return form


def _one(key: int, form: BulkForm | None) -> bool:
    """Move the complaint of this line, if nobody else has it in hand; false when the run was stopped.

    What fails for a reason of ours is refused with those words, so that one complaint holds up no other.
    """
    try:
        with transaction.atomic():
            return _tried(key, form)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("A line of a move of many failed: %s", key)
        sorry = _("Something went wrong on our side; nothing was changed. Try this one by itself.")
        BulkLine.objects.filter(pk=key, state=LineState.PENDING).update(state=LineState.REFUSED, reason=sorry)
        return True


def _tried(key: int, form: BulkForm | None) -> bool:
    rows = BulkLine.objects.select_for_update(of=("self",), skip_locked=True).select_related("run__asked_by")
    line = rows.filter(pk=key, state=LineState.PENDING).first()
    if line is None:
        return True
    run = line.run
    if run.finished_at is not None:
        return False
    try:
        with transaction.atomic():
            _perform(line, run, form)
        line.state = LineState.DONE
    except Refusal as refused:
        line.state, line.reason = LineState.REFUSED, refused.message[:500]
    line.save()
    return True


def _perform(line: BulkLine, run: BulkRun, form: BulkForm | None) -> None:
    by = run.asked_by
    complaint = Complaint.objects.visible_to(by).select_related("category", "team").filter(pk=line.complaint_id).first()
    if complaint is None or not by.is_active:
        raise MoveRefused(_("This complaint is not there any more, or you may not see it."))
    line.before = {
        "assignee": complaint.assignee_id,
        "priority": complaint.priority,
        "severity": complaint.severity,
    }
    if form is None:
        assert run.undo_of_id is not None, "only an undo needs no form"
        undone = BulkLine.objects.select_related("run").get(run=run.undo_of_id, complaint=complaint)
        name, details = REVERSE[undone.run.move](undone.before)
    elif not form.is_valid():
        said = "; ".join(f"{form.fields[name].label}: {errors[0]}" for name, errors in form.errors.items())
        raise MoveRefused(said)
    else:
        name, details = run.move, form.details_for(complaint)
    line.event = workflow.perform(name, complaint, by=Actor.staff(by), seen=line.seen, **details)
    line.left_at = complaint.version


def stop(run: BulkRun, *, at: datetime | None = None) -> None:
    """End it where it is: what was done stays done, the rest stays as it is."""
    BulkRun.objects.filter(pk=run.pk, finished_at__isnull=True).update(
        finished_at=at or timezone.now(), is_stopped=True
    )


def may_undo(run: BulkRun) -> bool:
    """Whether what this run did can be taken back by whoever asked for it."""
    if run.undo_of_id is not None or run.finished_at is None or run.move not in REVERSES:
        return False
    if not all(run.asked_by.role in MOVES[name].allowed for name in REVERSES[run.move]):
        return False
    return not BulkRun.objects.filter(undo_of=run).exists() and run.lines.filter(state=LineState.DONE).exists()


def undo(run: BulkRun) -> BulkRun:
    """Write down that what this run did is to be taken back, complaint by complaint, where nobody has moved it since."""
    earlier = BulkRun.objects.filter(undo_of=run).first()
    if earlier is not None:
        return earlier
    if not may_undo(run):
        raise MoveRefused(_("This cannot be taken back."))
    # the same key for two presses, so that the second gives the first
    key = UUID(int=run.uuid.int ^ 1)
    lines = run.lines.filter(state=LineState.DONE).values_list("complaint", "left_at")
    done = ((pk, version) for pk, version in lines if version is not None)
    return _written(BulkRun(uuid=key, move=run.move, asked_by=run.asked_by, back=run.back, undo_of=run), done)


def tally(run: BulkRun) -> dict[str, int]:
    """How many of its complaints are pending, done and refused."""
    found = dict(run.lines.order_by().values_list("state").annotate(count=Count("pk")))
    return {state: found.get(state, 0) for state in LineState.values}


def outcome(run: BulkRun) -> Iterator[tuple[str, str, str]]:
    """Reference, what became of it, and why not, for each complaint of the run."""
    for line in run.lines.select_related("complaint").iterator(chunk_size=500):
        yield line.complaint.reference, str(LineState(line.state).label), line.reason
