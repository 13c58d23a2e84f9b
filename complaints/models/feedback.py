"""What the customer says about the answer: one question per resolution, one answer at most."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from complaints.models.complaint import Complaint, make_token
from staff.models import User


class AnsweredBy(models.TextChoices):
    LINK = "link", _("Link")
    CALL = "call", _("Call")


class Feedback(models.Model):
    """Asked once for each time the complaint is resolved (`round`); answered at most once. Unanswered is not satisfied."""

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
        ]
        indexes = [models.Index(name="feedback_by_asked", fields=["asked_at"])]

    def __str__(self) -> str:
        return f"{self.complaint_id} round {self.round}"
