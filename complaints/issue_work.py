"""What many complaints get because of one service issue: linked, detached, answered with it.

Asking writes a row for each; a task makes the moves, one transaction for the move and for noting that it is done, so a killed
worker leaves none out and does none twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils import timezone

from complaints import issues, turn, workflow
from complaints.models import (
    SAFETY,
    Channel,
    ClockKind,
    Complaint,
    IssueAct,
    IssueJob,
    IssueKind,
    IssueUpdate,
    JobState,
    Left,
    ServiceIssue,
)
from complaints.refusals import Refusal
from complaints.states import MOVES, OPEN, Status
from complaints.typed import TYPED_TO
from staff.actors import THE_CLOCK, Actor
from staff.models import User

BATCH = 200


# what of it can be answered with the issue


def to_settle(issue: ServiceIssue) -> QuerySet[Complaint]:
    """The complaints that hang on it and are still owed an answer."""
    rows = Complaint.objects.open().filter(service_issue=issue)
    return rows.select_related("category", "subcategory").order_by("pk")


def left(complaint: Complaint, kind: str, restored_at: datetime) -> str:
    """Why the answer to the issue does not answer this complaint; empty when it does."""
    reasons = [
        (complaint.status not in OPEN, Left.MEANWHILE),
        (complaint.category.code == SAFETY, Left.SAFETY),
        (complaint.channel == Channel.REGULATOR, Left.REGULATOR),
        (not complaint.may_share_an_answer, Left.SEVERE),
        (complaint.status == Status.REVIEW, Left.REVIEW),
        (complaint.status == Status.WAITING, Left.WAITING),
        (not issues.explains(IssueKind(kind), complaint), Left.UNRELATED),
        (complaint.received_at >= restored_at + TYPED_TO, Left.LATER),
    ]
    return next((why for holds, why in reasons if holds), "")


def foreseen(issue: ServiceIssue, restored_at: datetime) -> Counter[str]:
    """How many would be answered (under the empty reason), and how many left as they are, for each reason."""
    return Counter(left(one, issue.kind, restored_at) for one in to_settle(issue).iterator(chunk_size=BATCH))


# asking


def ask(
    issue: ServiceIssue, act: str, complaints: Iterable[int], *, by: User | None, at: datetime, again: bool = True
) -> int:
    """Write what shall be done with these; how many. What already waits is not doubled.

    With `again`, what was done or left before is done anew, as a person means it who asks twice.
    """
    rows = [
        IssueJob(issue=issue, complaint_id=key, act=act, asked_by=by, asked_at=at) for key in dict.fromkeys(complaints)
    ]
    if not again:
        return len(IssueJob.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True))
    made = IssueJob.objects.bulk_create(
        rows,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["issue", "complaint", "act"],
        update_fields=["state", "why", "asked_by", "asked_at", "done_at"],
    )
    return len(made)


@transaction.atomic
def split(issue: ServiceIssue, complaints: Iterable[int], title: str, *, by: User, at: datetime) -> ServiceIssue:
    """A new issue at the same place for those whose trouble is another one; they are moved to it one by one."""
    new = ServiceIssue.objects.create(
        kind=issue.kind,
        title=title,
        branch_id=issue.branch_id,
        feeder_id=issue.feeder_id,
        transformer_area_id=issue.transformer_area_id,
        started_at=issue.started_at,
        is_public=issue.is_public,
        split_from=issue,
        created_by=by,
    )
    ask(new, IssueAct.LINK, complaints, by=by, at=at)
    return new


@transaction.atomic
def restored(
    issue: ServiceIssue,
    restored_at: datetime,
    *,
    by: User,
    at: datetime | None = None,
    text_zh: str = "",
    text_en: str = "",
    finding: Mapping[str, Any] | None = None,
) -> None:
    """Say that it is over; with a finding each complaint that it explains is answered with that. Raises MoveRefused."""
    issues.restored(issue, restored_at, by=by, text_zh=text_zh, text_en=text_en, finding=finding)
    if finding:
        fresh = ServiceIssue.objects.get(pk=issue.pk)
        ask_to_settle(fresh, by=by, at=at or timezone.now())


def ask_to_settle(issue: ServiceIssue, *, by: User, at: datetime) -> None:
    """One row for each complaint that hangs on it now; those it does not answer are listed with the reason."""
    assert issue.restored_at is not None  # the caller has just set it
    rows = []
    for one in to_settle(issue).iterator(chunk_size=BATCH):
        why = left(one, issue.kind, issue.restored_at)
        state = JobState.LEFT if why else JobState.DUE
        rows.append(
            IssueJob(
                issue=issue,
                complaint=one,
                act=IssueAct.SETTLE,
                state=state,
                why=why,
                asked_by=by,
                asked_at=at,
                done_at=at if why else None,
            )
        )
    IssueJob.objects.bulk_create(rows, batch_size=BATCH)


# doing


def carry_on() -> int:
    """Do what is due, in the order in which it was asked; how many complaints were moved."""
    done, last = 0, 0
    with turn.Sweep() as sweep:
        while True:
            with turn.begun():
                keys = list(IssueJob.objects.due().filter(pk__gt=last).values_list("pk", flat=True)[:BATCH])
                if not keys:
                    return done
                done += sweep.through(keys, do)
                last = keys[-1]


def do(key: int) -> bool:
    """Make one move, once; true if this call made it. What cannot be any more is left as it is, and the row says why."""
    try:
        with transaction.atomic():
            job = _claimed(key)
            if job is None:
                return False
            complaint = Complaint.objects.select_related(*workflow.KNOWN).locked(job.complaint_id)
            why = DO[IssueAct(job.act)](job, complaint)
            if not why:
                _note(job, JobState.DONE)
                return True
    except Refusal:
        why = Left.MEANWHILE
    _leave(key, why)
    return False


def _claimed(key: int) -> IssueJob | None:
    rows = IssueJob.objects.due().select_for_update(skip_locked=True, of=("self",))
    return rows.select_related("issue__root_cause", "asked_by").filter(pk=key).first()


def _note(job: IssueJob, state: str, why: str = "") -> None:
    job.state, job.why, job.done_at = state, why, turn.now()
    job.save(update_fields=["state", "why", "done_at"])


@transaction.atomic
def _leave(key: int, why: str) -> None:
    """Who is not answered with the issue hears that it is over as everybody else does, also if the others have been told."""
    job = _claimed(key)
    if job is None:
        return
    if job.act == IssueAct.SETTLE:
        # the same lock as `issues.tell` takes: either it sees this row, or it has told the others and this one is told here
        last = IssueUpdate.objects.select_for_update().filter(issue=job.issue, is_last=True).first()
        _note(job, JobState.LEFT, why)
        if last is not None and last.told_at is not None:
            issues.tell_one(last, job.complaint)
        return
    _note(job, JobState.LEFT, why)


def _link(job: IssueJob, complaint: Complaint) -> str:
    if complaint.service_issue_id == job.issue_id:
        return ""
    if job.issue.restored_at is not None:
        return Left.LATER
    by, at = _actor(job), turn.now()
    if complaint.service_issue_id is not None and complaint.service_issue_id == job.issue.split_from_id:
        workflow.perform_on(complaint, "detach", by=by, at=at)
    workflow.perform_on(complaint, "link", by=by, at=at, service_issue=job.issue)
    return ""


def _detach(job: IssueJob, complaint: Complaint) -> str:
    if complaint.service_issue_id != job.issue_id:
        return Left.MEANWHILE
    workflow.perform_on(complaint, "detach", by=_actor(job), at=turn.now())
    return ""


def _settle(job: IssueJob, complaint: Complaint) -> str:
    """The supply is back since the issue says so, and the complaint is answered with what was found."""
    issue = job.issue
    assert issue.restored_at is not None  # it was asked for when that was said
    if complaint.service_issue_id != issue.pk:
        return Left.MEANWHILE
    why = left(complaint, issue.kind, issue.restored_at)
    if why:
        return why
    by, at = _actor(job), turn.now()
    if _is_restored_with_it(complaint, issue.restored_at):
        workflow.perform_on(complaint, "restore", by=by, at=at, restored_at=issue.restored_at)
    finding: dict[str, Any] = {"outcome": issue.outcome, "root_cause": issue.root_cause}
    workflow.perform_on(
        complaint,
        "settle",
        by=by,
        at=at,
        service_issue=issue,
        resolution=issue.answer_in(complaint.language),
        **finding,
    )
    return ""


def _is_restored_with_it(complaint: Complaint, restored_at: datetime) -> bool:
    """Whether something was promised about the repair, and nobody has said otherwise."""
    if complaint.restored_at is not None:
        return False
    if complaint.arrived_at is not None and complaint.arrived_at >= restored_at + TYPED_TO:
        return False
    return any(clock.kind in (ClockKind.ARRIVE, ClockKind.RESTORE) for clock in complaint.ticking_clocks())


def _actor(job: IssueJob) -> Actor:
    """Whoever decided it, where their role may; else it is the clock that carries the decision out."""
    user = job.asked_by
    return Actor.staff(user) if user is not None and user.role in MOVES[job.act].allowed else THE_CLOCK


DO = {IssueAct.LINK: _link, IssueAct.DETACH: _detach, IssueAct.SETTLE: _settle}


# how far it is


def progress(issue: ServiceIssue) -> list[dict[str, Any]]:
    """For each kind of work that was ever asked for: how many in all, how many are done, how many are left as they are."""
    counted: dict[str, Counter[str]] = {}
    for row in issue.jobs.values("act", "state").annotate(n=Count("pk")):
        counted.setdefault(row["act"], Counter())[row["state"]] = row["n"]
    return [
        {
            "act": act.value,
            "total": counts.total() - counts[JobState.LEFT],
            "done": counts[JobState.DONE],
            "left": counts[JobState.LEFT],
            "is_going_on": counts[JobState.DUE] > 0,
        }
        for act in IssueAct
        if (counts := counted.get(act.value))
    ]
