"""What the customer says about the answer: one question per resolution, one answer at most, every version of it kept."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from complaints.models.append_only import AppendOnly
from complaints.models.complaint import Complaint, make_token
from staff.models import User
from staff.scope import within_branches


class AnsweredBy(models.TextChoices):
    LINK = "link", _("Link")
    CALL = "call", _("Call")


class Verdict(models.TextChoices):
    """Whether it is solved; `Feedback.solved` is true for the first only, because half solved is not solved."""

    YES = "yes", _("Solved")
    PARTLY = "partly", _("Partly solved")
    NO = "no", _("Not solved")


class Scale(models.TextChoices):
    """Ratings of different scales are never added up or averaged (domain 7.4); every scale begins with 1, the lowest."""

    FIVE = "five", _("five steps")
    THREE = "three", _("three steps")

    @property
    def top(self) -> int:
        return 5 if self is Scale.FIVE else 3


LOWEST = 1


class QuestionSet(AppendOnly):
    """One version of what is asked, in both languages: greeting, questions, the steps of the scale, closing words.

    The newest is asked from `at` on; each answer remembers which one was. Without `by` it is the profile's.
    """

    number = models.PositiveIntegerField(unique=True)
    content = models.JSONField()
    scale = models.CharField(_("scale"), max_length=10, choices=Scale)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("questions of the survey")
        verbose_name_plural = _("questions of the survey")
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(
                name="question_set_scale_is_known", condition=models.Q(scale__in=sorted(Scale.values))
            )
        ]

    def __str__(self) -> str:
        return f"questions {self.number}"


class Feedback(models.Model):
    """Asked once for each time the complaint is resolved (`round`); answered at most once. Unanswered is not satisfied.

    The answer may be changed for some hours; `answered_at` stays the moment of the first, `changed_at` is the last change.
    `rating` and `attitude_rating` are as they were given, on `scale`; `score` and `attitude` repeat them where that is the
    scale of five, and are empty on any other.
    """

    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, related_name="feedback")
    round = models.PositiveSmallIntegerField(default=1)
    token = models.CharField(max_length=32, unique=True, default=make_token, editable=False)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    answered_by = models.CharField(_("answered by"), max_length=10, choices=AnsweredBy, blank=True)
    solved = models.BooleanField(_("solved"), null=True)
    score = models.PositiveSmallIntegerField(_("satisfaction"), null=True)
    attitude = models.PositiveSmallIntegerField(_("satisfaction with how we treated you"), null=True)
    comment = models.TextField(_("comment"), blank=True)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    verdict = models.CharField(_("whether it is solved"), max_length=10, choices=Verdict, blank=True, db_default="")
    scale = models.CharField(_("scale"), max_length=10, choices=Scale, db_default=Scale.FIVE.value)
    rating = models.PositiveSmallIntegerField(_("satisfaction, on its scale"), null=True)
    attitude_rating = models.PositiveSmallIntegerField(
        _("satisfaction with how we treated you, on its scale"), null=True
    )
    contacted = models.BooleanField(_("one of our staff contacted them"), null=True)
    questions = models.ForeignKey(QuestionSet, on_delete=models.PROTECT, null=True, related_name="+")
    language = models.CharField(_("language"), max_length=10, blank=True, db_default="")
    changed_at = models.DateTimeField(null=True)
    call_planned_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("feedback")
        verbose_name_plural = _("feedback")
        ordering = ["complaint", "round"]
        constraints = [
            models.UniqueConstraint(name="feedback_is_asked_once", fields=["complaint", "round"]),
            models.CheckConstraint(
                name="feedback_answer_is_complete",
                condition=models.Q(answered_at__isnull=True, solved__isnull=True)
                | (models.Q(answered_at__isnull=False, solved__isnull=False) & ~models.Q(answered_by="")),
            ),
            models.CheckConstraint(
                name="feedback_score_is_one_to_five",
                condition=models.Q(score__isnull=True) | models.Q(score__gte=1, score__lte=5),
            ),
            models.CheckConstraint(
                name="feedback_attitude_is_one_to_five",
                condition=models.Q(attitude__isnull=True) | models.Q(attitude__gte=1, attitude__lte=5),
            ),
            models.CheckConstraint(
                name="feedback_verdict_fits",
                condition=models.Q(verdict="")
                | models.Q(verdict=Verdict.YES.value, solved=True)
                | models.Q(verdict__in=[Verdict.NO.value, Verdict.PARTLY.value], solved=False),
            ),
            models.CheckConstraint(
                name="feedback_scores_are_of_five",
                condition=models.Q(scale=Scale.FIVE.value)
                | models.Q(scale=Scale.THREE.value, score__isnull=True, attitude__isnull=True),
            ),
            models.CheckConstraint(
                name="feedback_rating_is_on_its_scale",
                condition=(models.Q(rating__isnull=True) | models.Q(rating__gte=1, rating__lte=5))
                & (models.Q(attitude_rating__isnull=True) | models.Q(attitude_rating__gte=1, attitude_rating__lte=5))
                & (
                    ~models.Q(scale=Scale.THREE.value)
                    | (
                        (models.Q(rating__isnull=True) | models.Q(rating__lte=3))
                        & (models.Q(attitude_rating__isnull=True) | models.Q(attitude_rating__lte=3))
                    )
                ),
            ),
        ]
        indexes = [
            models.Index(name="feedback_by_asked", fields=["asked_at"]),
            models.Index(
                name="feedback_on_three_by_asked",
                fields=["asked_at"],
                condition=models.Q(scale=Scale.THREE.value),
            ),
            models.Index(
                name="feedback_call_to_plan",
                fields=["id"],
                condition=models.Q(call_planned_at__isnull=True, answered_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.complaint_id} round {self.round}"

    def may_change_until(self, hours: int) -> datetime | None:
        """The end of the time in which the answer may be changed; None before there is one."""
        return self.answered_at + timedelta(hours=hours) if self.answered_at is not None else None


class FeedbackVersion(AppendOnly):
    """What the answer said from `at` on; the highest number stands."""

    feedback = models.ForeignKey(Feedback, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    verdict = models.CharField(max_length=10, choices=Verdict)
    rating = models.PositiveSmallIntegerField(null=True)
    attitude_rating = models.PositiveSmallIntegerField(null=True)
    comment = models.TextField(blank=True)
    answered_by = models.CharField(max_length=10, choices=AnsweredBy)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("version of an answer")
        verbose_name_plural = _("versions of answers")
        ordering = ["feedback", "number"]
        constraints = [
            models.UniqueConstraint(name="feedback_version_is_numbered_once", fields=["feedback", "number"]),
            models.CheckConstraint(
                name="feedback_version_verdict_is_known", condition=models.Q(verdict__in=sorted(Verdict.values))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.feedback} version {self.number}"


class FollowUpReason(models.TextChoices):
    NOT_SOLVED = "not_solved", _("Not solved: taken up again")
    LOWEST = "lowest", _("The lowest score: taken up again")
    PARTLY = "partly", _("Partly solved: decide whether it goes on")
    CHANGED = "changed", _("After it was taken up again they say that it is solved")


class FollowUpQuerySet(models.QuerySet["FollowUp"]):
    def visible_to(self, user: User) -> FollowUpQuerySet:
        return self.filter(within_branches(user, "complaint__branch"))

    def open(self) -> FollowUpQuerySet:
        return self.filter(settled_at__isnull=True)


class FollowUp(models.Model):
    """An answer that a supervisor has to look at: raised in the transaction of the answer, until somebody settles it.

    Nobody in `settled_by` means that what happened to the complaint, or a later answer, settled it.
    """

    feedback = models.ForeignKey(Feedback, on_delete=models.PROTECT, related_name="follow_ups")
    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, related_name="follow_ups")
    reason = models.CharField(_("why"), max_length=10, choices=FollowUpReason)
    raised_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    note = models.CharField(_("what was decided"), max_length=300, blank=True)

    objects = FollowUpQuerySet.as_manager()

    class Meta:
        verbose_name = _("answer to look at")
        verbose_name_plural = _("answers to look at")
        ordering = ["raised_at", "pk"]
        constraints = [
            models.UniqueConstraint(name="follow_up_is_raised_once", fields=["feedback", "reason"]),
            models.CheckConstraint(
                name="follow_up_reason_is_known", condition=models.Q(reason__in=sorted(FollowUpReason.values))
            ),
            models.CheckConstraint(
                name="follow_up_is_settled_by_somebody_at_a_time",
                condition=models.Q(settled_by__isnull=True) | models.Q(settled_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(name="follow_up_open", fields=["raised_at", "id"], condition=models.Q(settled_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.complaint_id} {self.reason}"
