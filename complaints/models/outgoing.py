"""What goes out: the texts, and one notice per event, medium and address."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from complaints.models.complaint import Complaint
from complaints.models.history import Event
from complaints.models.service_issue import IssueFollower, IssueUpdate
from complaints.models.views import ViewWatch


class Medium(models.TextChoices):
    EMAIL = "email", _("E-mail")
    SMS = "sms", _("Text message")


class MessageTemplate(models.Model):
    """A text with {placeholders}, for one occasion, medium and language."""

    code = models.CharField(_("occasion"), max_length=40)
    medium = models.CharField(_("medium"), max_length=10, choices=Medium)
    language = models.CharField(_("language"), max_length=10)
    subject = models.CharField(_("subject"), max_length=160, blank=True)
    body = models.TextField(_("text"))

    class Meta:
        verbose_name = _("message template")
        verbose_name_plural = _("message templates")
        ordering = ["code", "medium", "language"]
        constraints = [
            models.UniqueConstraint(name="message_template_is_unique", fields=["code", "medium", "language"]),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.medium} {self.language}"


class NoticeState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    SENT = "sent", _("Sent")
    DEAD = "dead", _("Could not be sent")


class NoticeQuerySet(models.QuerySet["Notice"]):
    def due(self, at: datetime) -> NoticeQuerySet:
        """Queued notices whose next try has come, oldest first."""
        return self.filter(state=NoticeState.QUEUED, next_try_at__lte=at).order_by("next_try_at", "pk")


class Notice(models.Model):
    """One outward message: of an event of a complaint, or of an update about a service issue, or to a new follower of one,
    or about a view that somebody watches.

    `uuid` is the idempotency key that the gateway gets, so a second try cannot send it twice.
    """

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, null=True, related_name="notices")
    event = models.ForeignKey(Event, on_delete=models.PROTECT, null=True, related_name="notices")
    update = models.ForeignKey(IssueUpdate, on_delete=models.PROTECT, null=True, related_name="notices")
    follower = models.ForeignKey(IssueFollower, on_delete=models.PROTECT, null=True, related_name="notices")
    watch = models.ForeignKey(ViewWatch, on_delete=models.PROTECT, null=True, related_name="notices")
    code = models.CharField(_("occasion"), max_length=40)
    medium = models.CharField(_("medium"), max_length=10, choices=Medium)
    address = models.CharField(_("address"), max_length=254)
    is_to_customer = models.BooleanField(default=True)
    language = models.CharField(_("language"), max_length=10)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    body = models.TextField(_("text"))
    state = models.CharField(_("state"), max_length=10, choices=NoticeState, default=NoticeState.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ["created_at", "pk"]
        constraints = [
            models.UniqueConstraint(name="notice_is_unique", fields=["event", "code", "medium", "address"]),
            models.UniqueConstraint("update", "medium", Lower("address"), name="notice_of_update_is_unique"),
            models.UniqueConstraint(
                name="follower_is_greeted_once", fields=["follower"], condition=models.Q(update__isnull=True)
            ),
            models.CheckConstraint(
                name="notice_has_one_cause",
                condition=models.Q(
                    complaint__isnull=False, event__isnull=False, update__isnull=True, follower__isnull=True
                )
                | models.Q(complaint__isnull=False, event__isnull=True, update__isnull=False, follower__isnull=True)
                | models.Q(complaint__isnull=True, event__isnull=True, follower__isnull=False)
                | models.Q(watch__isnull=False),
            ),
            models.CheckConstraint(
                name="notice_of_watch_has_no_other_cause",
                condition=models.Q(watch__isnull=True)
                | models.Q(complaint__isnull=True, event__isnull=True, update__isnull=True, follower__isnull=True),
            ),
            models.CheckConstraint(
                name="notice_state_is_known", condition=models.Q(state__in=sorted(NoticeState.values))
            ),
            models.CheckConstraint(
                name="sent_notice_has_time",
                condition=~models.Q(state=NoticeState.SENT.value) | models.Q(sent_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                name="notice_due_next",
                fields=["next_try_at", "id"],
                condition=models.Q(state=NoticeState.QUEUED.value),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.medium} {self.state}"
