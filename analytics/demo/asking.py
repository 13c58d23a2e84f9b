"""What the made-up customers say when they are asked: answers that wait for a supervisor, and rounds of a survey."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from django.utils import translation

from complaints import surveys
from complaints.models import (
    AnsweredBy,
    Feedback,
    FollowUp,
    FollowUpReason,
    Survey,
    SurveyInvite,
    SurveyState,
)
from complaints.states import OPEN
from staff.actors import Role
from staff.models import Branch, User

NAME = "客户满意度调查"
SIZE = 160
WAITING = 30
"""So many answers are looked at."""


def ask(root: Branch, *, seed: int, ending: datetime) -> None:
    """Two rounds that are over and one that is drawn; and the newest answers that took a complaint up again."""
    _follow_up()
    supervisor = User.objects.filter(branch=root, role=Role.SUPERVISOR).order_by("pk").first()
    if supervisor is None or Survey.objects.exists():
        return
    for number, days in enumerate((120, 45)):
        _over(_survey(root, supervisor, ending - timedelta(days=days)), seed + number, ending - timedelta(days=days))
    surveys.draw(_survey(root, supervisor, ending), at=ending, seed=seed)


def _survey(root: Branch, by: User, begins: datetime) -> Survey:
    with translation.override("zh-hans"):
        words = surveys.usual_words()
    return Survey.objects.create(
        name=NAME, branch=root, size=SIZE, rest_months=1, closes_at=begins + timedelta(days=21), created_by=by, **words
    )


def _over(survey: Survey, seed: int, at: datetime) -> None:
    """A round as it would be after its end: a third answered, mostly by the link."""
    surveys.draw(survey, at=at, seed=seed)
    survey.refresh_from_db()
    rng, invites = Random(f"survey {seed}"), list(survey.invites.order_by("pk"))
    for invite in invites:
        invite.invited_at = at
        if rng.random() < 0.36:
            invite.answered_at = at + timedelta(hours=rng.uniform(1, 200))
            invite.answered_by = AnsweredBy.CALL if rng.random() < 0.15 else AnsweredBy.LINK
            invite.rating = rng.choices((5, 4, 3, 2, 1), (52, 30, 11, 5, 2))[0]
            invite.service_rating = max(1, min(5, invite.rating + rng.choice((0, 0, 1, -1))))
    fields = ["invited_at", "answered_at", "answered_by", "rating", "service_rating"]
    SurveyInvite.objects.bulk_update(invites, fields)
    survey.started_at, survey.started_by = at, survey.created_by
    survey.closed_at, survey.state = survey.closes_at, SurveyState.CLOSED
    survey.save()


def _follow_up() -> None:
    """The newest answers that took a complaint up again; where it was resolved since, that settled them."""
    rows = Feedback.objects.filter(solved=False, follow_ups__isnull=True, answered_at__isnull=False)
    FollowUp.objects.bulk_create(
        FollowUp(
            feedback=row,
            complaint_id=row.complaint_id,
            reason=FollowUpReason.NOT_SOLVED,
            raised_at=row.answered_at or row.asked_at,
            settled_at=None if row.complaint.status in OPEN else row.complaint.resolved_at or row.complaint.closed_at,
        )
        for row in rows.select_related("complaint").order_by("-answered_at")[:WAITING]
    )
