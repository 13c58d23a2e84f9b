"""What the customer's answer does: it is kept in every version, may come again for some hours, and calls a supervisor.

`workflow` calls these within the transaction of the move `feedback` or `change_feedback`; nothing here opens one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from complaints import questions
from complaints.models import (
    LOWEST,
    AnsweredBy,
    Complaint,
    DeskSettings,
    Event,
    Feedback,
    FeedbackVersion,
    FollowUp,
    FollowUpReason,
    Scale,
    Verdict,
)
from complaints.refusals import MoveRefused
from complaints.states import OPEN, Status
from staff.actors import CUSTOMER, Actor

Details = Mapping[str, Any]


def verdict_of(solved: Any) -> Verdict:
    """`solved` as a move is told it: true, false or "partly"."""
    if solved == Verdict.PARTLY:
        return Verdict.PARTLY
    return Verdict.YES if solved else Verdict.NO


def takes_it_up_again(verdict: Verdict | str, rating: int | None) -> bool:
    """Not solved, or the lowest step of whichever scale."""
    return verdict == Verdict.NO or rating == LOWEST


def asked_now(complaint: Complaint) -> Feedback | None:
    """The question about the newest resolution."""
    return complaint.feedback.filter(round=complaint.reopened_count + 1).first()


def scale_of(name: str, complaint: Complaint, details: Details) -> Scale:
    """The scale on which this answer counts: of the first the one in force, of a change the one it was given on."""
    if name == "feedback":
        return questions.scale_of(questions.current())
    return Scale(complaint.feedback.values_list("scale", flat=True).get(round=details["round"]))


# checking


def check_first(complaint: Complaint, details: Details) -> None:
    """Raises MoveRefused when it was answered before, or the score is none of the scale."""
    check_ratings(scale_of("feedback", complaint, details), details)
    asked = asked_now(complaint)
    if asked is None or asked.answered_at is not None:
        raise MoveRefused(_("This answer has already been given. Thank you."))


def check_change(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    """Raises MoveRefused when there is no such answer, its time is over, it is not theirs to change, or it went on since."""
    asked = complaint.feedback.filter(round=details["round"], answered_at__isnull=False).first()
    if asked is None:
        raise MoveRefused(_("There is no answer yet that could be changed."))
    check_ratings(Scale(asked.scale), details)
    until = asked.may_change_until(DeskSettings.current().change_hours)
    if until is None or at > until:
        raise MoveRefused(_("The answer can no longer be changed: the time for it is over."))
    if by.role != CUSTOMER and asked.answered_by == AnsweredBy.LINK:
        raise MoveRefused(_("The customer gave this answer by the link; only they change it."))
    was_reopened_since = complaint.reopened_count >= asked.round
    if was_reopened_since and complaint.status not in OPEN:
        raise MoveRefused(_("We have answered again since. Please say what you think of the newer answer."))


def check_ratings(scale: Scale, details: Details) -> None:
    for name in ("score", "attitude"):
        if details.get(name) is not None and details[name] not in range(LOWEST, scale.top + 1):
            raise MoveRefused(_("Choose from 1 to %(top)d.") % {"top": scale.top}, fields=[name])


# keeping


def ask(complaint: Complaint, event: Event) -> Feedback:
    """The question that comes with a resolution."""
    return Feedback.objects.create(complaint=complaint, round=complaint.reopened_count + 1, asked_at=event.at)


def keep(complaint: Complaint, event: Event, details: Details) -> Feedback:
    """The first answer: on the row, as version 1, and before a supervisor where it says that something is wrong."""
    asked = complaint.feedback.get(round=complaint.reopened_count + 1)
    words = questions.current()
    asked.questions, asked.scale = words, questions.scale_of(words)
    asked.language = (get_language() or "")[:10]
    asked.answered_at = event.at
    _say(asked, event, details)
    return asked


def change(complaint: Complaint, event: Event, details: Details) -> Feedback:
    """A later answer in place of the earlier one, which stays among the versions."""
    asked = complaint.feedback.get(round=details["round"])
    if not asked.versions.exists():  # answered before versions were kept
        _write_down(asked, asked.answered_at or event.at)
    asked.changed_at = event.at
    before = asked.verdict
    _say(asked, event, details)
    if complaint.status in OPEN and before != Verdict.YES and asked.verdict == Verdict.YES:
        _raise(asked, FollowUpReason.CHANGED, event.at)
    return asked


def _say(asked: Feedback, event: Event, details: Details) -> None:
    asked.verdict = verdict_of(details["solved"])
    asked.solved = asked.verdict == Verdict.YES
    asked.rating, asked.attitude_rating = details.get("score"), details.get("attitude")
    is_of_five = asked.scale == Scale.FIVE
    asked.score = asked.rating if is_of_five else None
    asked.attitude = asked.attitude_rating if is_of_five else None
    asked.comment = details.get("comment") or ""
    if details.get("contacted") is not None:
        asked.contacted = details["contacted"]
    asked.answered_by = details.get("answered_by") or AnsweredBy.LINK
    asked.recorded_by = event.user
    asked.save()
    _write_down(asked, event.at)
    _follow_up(asked, event.at)


def _write_down(asked: Feedback, at: datetime) -> None:
    FeedbackVersion.objects.create(
        feedback=asked,
        number=asked.versions.count() + 1,
        verdict=asked.verdict or verdict_of(asked.solved),
        rating=asked.rating,
        attitude_rating=asked.attitude_rating,
        comment=asked.comment,
        answered_by=asked.answered_by,
        recorded_by=asked.recorded_by,
        at=at,
    )


def _follow_up(asked: Feedback, at: datetime) -> None:
    """What a supervisor has to look at, as the answer stands now; what an earlier version raised is settled by this one."""
    reason = None
    if asked.verdict == Verdict.NO:
        reason = FollowUpReason.NOT_SOLVED
    elif asked.rating == LOWEST:
        reason = FollowUpReason.LOWEST
    elif asked.verdict == Verdict.PARTLY:
        reason = FollowUpReason.PARTLY
    others = asked.follow_ups.filter(settled_at__isnull=True).exclude(reason=reason or "")
    others.update(settled_at=at)
    if reason is not None:
        _raise(asked, reason, at)


def _raise(asked: Feedback, reason: FollowUpReason, at: datetime) -> None:
    """Before the supervisors' eyes, once; a reason that comes again after it was settled opens it again."""
    FollowUp.objects.update_or_create(
        feedback=asked,
        reason=reason,
        defaults={
            "complaint_id": asked.complaint_id,
            "raised_at": at,
            "settled_at": None,
            "settled_by": None,
            "note": "",
        },
    )


SETTLED_BY = {
    "close": (FollowUpReason.PARTLY,),
    "reopen": (FollowUpReason.PARTLY,),
    "withdraw": (FollowUpReason.PARTLY,),
}
"""The moves that answer a follow-up; a new resolution answers them all."""


def settle(name: str, complaint: Complaint, event: Event) -> None:
    """What the move decides needs no second decision."""
    rows = FollowUp.objects.open().filter(complaint=complaint)
    if event.to_status == Status.RESOLVED != event.from_status:
        rows.update(settled_at=event.at, settled_by=event.user)
    elif name in SETTLED_BY:
        rows.filter(reason__in=SETTLED_BY[name]).update(settled_at=event.at, settled_by=event.user)


# what follows


def consequences(name: str, complaint: Complaint, details: Details) -> Iterator[tuple[str, dict[str, Any]]]:
    """The moves that an answer brings with it. Partly solved brings none: a supervisor decides.

    Who says "solved" after their complaint was taken up again does not undo that: people are at work on it, and the
    supervisor sees the new answer.
    """
    if name == "change_feedback" and complaint.status not in (Status.RESOLVED, Status.CLOSED):
        return
    verdict = verdict_of(details["solved"])
    if takes_it_up_again(verdict, details.get("score")):
        yield "reopen", {"reason": details.get("comment") or _why(verdict)}
    # the customer's answer is taken even when the regulator still waits for ours; attaching that closes it then
    elif verdict == Verdict.YES and complaint.status == Status.RESOLVED and not complaint.owes_reply:
        yield "close", {}


def _why(verdict: Verdict) -> str:
    if verdict == Verdict.NO:
        return _("The customer says it is not solved.")
    return _("The customer gave the lowest score.")
