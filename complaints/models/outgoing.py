"""What goes out: the texts, and one notice per event, medium and address."""

from __future__ import annotations

import uuid
from datetime import datetime
from functools import reduce
from operator import or_

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from complaints.models.announcement import Saying
from complaints.models.append_only import AppendOnly
from complaints.models.complaint import Complaint, read_by
from complaints.models.conduct import CoachingAction
from complaints.models.history import Event
from complaints.models.inspections import Inspection
from complaints.models.issue_work import IssueAction
from complaints.models.service_issue import IssueFollower, IssueUpdate, ServiceIssue
from complaints.models.surveys import Survey, SurveyInvite
from complaints.models.together import TellingHabit
from complaints.models.views import ViewWatch
from complaints.models.webhook import Webhook
from customers.models import Customer
from staff.actors import Role
from staff.models import Branch, User
from staff.scope import within_branches


class Medium(models.TextChoices):
    EMAIL = "email", _("E-mail")
    SMS = "sms", _("Text message")
    LETTER = "letter", _("Letter")
    WEBHOOK = "webhook", _("Webhook")


class MessageTemplate(models.Model):
    """A text with {placeholders}, for one occasion, medium and language.

    Once somebody has edited it, loading a profile leaves it alone and keeps the profile's words in `profile_…`.
    """

    code = models.CharField(_("occasion"), max_length=40)
    medium = models.CharField(_("medium"), max_length=10, choices=Medium)
    language = models.CharField(_("language"), max_length=10)
    subject = models.CharField(_("subject"), max_length=160, blank=True)
    body = models.TextField(_("text"))
    edited_at: models.DateTimeField[datetime | None, datetime | None] = models.DateTimeField(null=True, editable=False)
    profile_subject = models.CharField(max_length=160, blank=True, editable=False)
    profile_body = models.TextField(blank=True, editable=False)

    class Meta:
        verbose_name = _("message template")
        verbose_name_plural = _("message templates")
        ordering = ["code", "medium", "language"]
        constraints = [
            models.UniqueConstraint(name="message_template_is_unique", fields=["code", "medium", "language"]),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.medium} {self.language}"


class TextVersion(AppendOnly):
    """What a text said from `at` on; number 1 is what it said before anybody changed it."""

    text = models.ForeignKey(MessageTemplate, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    subject = models.CharField(max_length=160, blank=True)
    body = models.TextField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("version of a text")
        verbose_name_plural = _("versions of texts")
        ordering = ["text", "-number"]
        constraints = [models.UniqueConstraint(name="text_version_is_numbered_once", fields=["text", "number"])]

    def __str__(self) -> str:
        return f"{self.text} {self.number}"


class NoticeState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    SENT = "sent", _("Sent")
    DEAD = "dead", _("Could not be sent")
    GIVEN_UP = "given_up", _("Given up by a person")
    OVERTAKEN = "overtaken", _("Overtaken by something newer")


class NoticeQuerySet(models.QuerySet["Notice"]):
    def due(self, at: datetime) -> NoticeQuerySet:
        """Queued notices whose next try has come, oldest first; letters wait for a person."""
        queued = self.filter(state=NoticeState.QUEUED, next_try_at__lte=at)
        return queued.exclude(medium=Medium.LETTER).order_by("next_try_at", "pk")

    def unposted(self) -> NoticeQuerySet:
        """Letters that wait to be printed and posted."""
        return self.filter(state=NoticeState.QUEUED, medium=Medium.LETTER)

    def visible_to(self, user: User) -> NoticeQuerySet:
        """Of complaints, service issues and inspections that this person may see, and of views that they watch themselves; of
        webhooks and of a broken history, administrators only; that figures differ, analysts too; reports by subscription, who
        gets them; of signals, those who handle them.
        """
        issues = ServiceIssue.objects.visible_to(user)
        of_issue = Q(update__issue__in=issues) | Q(follower__issue__in=issues) | Q(watch__user=user)
        of_issue |= Q(telling=user.pk)
        of_issue |= Q(inspection__in=Inspection.objects.visible_to(user))
        of_issue |= Q(invite__survey__in=Survey.objects.visible_to(user))
        if user.role == Role.ADMINISTRATOR and user.is_active:
            of_issue |= Q(webhook__isnull=False) | Q(posting__isnull=False) | Q(history_at__isnull=False)
        if user.role in (Role.ADMINISTRATOR, Role.ANALYST) and user.is_active:
            of_issue |= Q(figures_at__isnull=False)
        if user.is_active and user.email:
            of_issue |= Q(posting__isnull=False, address__iexact=user.email)
        if user.role in (Role.SUPERVISOR, Role.ANALYST, Role.ADMINISTRATOR):
            of_issue |= Q(signal__isnull=False) & within_branches(user, "signal_branch")
        seen = read_by(user, "complaint__") | (Q(complaint__isnull=True) & of_issue)
        return self.filter(seen)

    def failed(self) -> NoticeQuerySet:
        return self.filter(state=NoticeState.DEAD)

    def calls(self) -> NoticeQuerySet:
        return self.filter(medium=Medium.WEBHOOK)

    def hooks(self) -> models.QuerySet[Notice, int]:
        """The keys of the webhooks that these are calls to, each once."""
        return self.order_by("webhook").values_list("webhook", flat=True).distinct()


CAUSES = [
    {"complaint", "event"},
    {"complaint", "event", "webhook"},
    {"complaint", "update"},
    {"follower"},
    {"follower", "update"},
    {"saying", "customer"},
    {"action"},
    {"coaching"},
    {"inspection"},
    {"watch"},
    {"telling"},
    {"invite"},
    {"webhook"},
    {"figures_at"},
    {"posting"},
    {"signal", "signal_branch"},
    {"history_at"},
]
"""What a notice can be of: an event of a complaint (told to a person or a webhook), an update about a service issue (told to a
complainant or a follower), the greeting of a follower, an announcement to a customer, an overdue action on an issue or of
coaching, an overdue inspection, a watched view, the day of somebody who follows complaints, an invitation to a survey, the
end of a webhook itself, a comparison in which figures differed, a report that somebody has subscribed to, an early warning in
a branch, or a check that found the history broken."""


def _of_nothing_but(cause: set[str]) -> Q:
    every = set().union(*CAUSES)
    return Q(**{f"{name}__isnull": name not in cause for name in sorted(every)})


class Notice(models.Model):
    """One outward message; CAUSES says of what.

    `uuid` is the idempotency key that the gateway gets, so a second try cannot send it twice.
    """

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, null=True, related_name="notices")
    event = models.ForeignKey(Event, on_delete=models.PROTECT, null=True, related_name="notices")
    update = models.ForeignKey(IssueUpdate, on_delete=models.PROTECT, null=True, related_name="notices")
    follower = models.ForeignKey(IssueFollower, on_delete=models.PROTECT, null=True, related_name="notices")
    webhook = models.ForeignKey(Webhook, on_delete=models.PROTECT, null=True, related_name="notices")
    saying = models.ForeignKey(Saying, on_delete=models.PROTECT, null=True, related_name="notices")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, related_name="notices")
    action = models.ForeignKey(IssueAction, on_delete=models.PROTECT, null=True, related_name="notices")
    coaching = models.ForeignKey(CoachingAction, on_delete=models.PROTECT, null=True, related_name="notices")
    inspection = models.ForeignKey(Inspection, on_delete=models.PROTECT, null=True, related_name="notices")
    watch = models.ForeignKey(ViewWatch, on_delete=models.PROTECT, null=True, related_name="notices")
    telling = models.ForeignKey(TellingHabit, on_delete=models.PROTECT, null=True, related_name="notices")
    invite = models.ForeignKey(SurveyInvite, on_delete=models.CASCADE, null=True, related_name="notices")
    figures_at = models.DateTimeField(null=True)
    """When figures were compared and differed; by its moment, because complaints know nothing of who counts them."""
    posting = models.UUIDField(null=True, unique=True)
    """Which report by subscription this brings; by its key, for the same reason."""
    signal = models.BigIntegerField(null=True)
    """The early warning that is told; by its key, for the same reason."""
    signal_branch = models.ForeignKey(Branch, on_delete=models.PROTECT, null=True, related_name="+")
    history_at = models.DateTimeField(null=True)
    """When the history was checked and something new was found."""
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
    delivered_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)
    answer = models.PositiveSmallIntegerField(_("status of the last answer"), null=True)
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
                name="follower_is_greeted_once", fields=["follower"], condition=Q(update__isnull=True)
            ),
            models.UniqueConstraint(name="announced_once_to_each_customer", fields=["saying", "customer"]),
            models.UniqueConstraint("saying", "medium", Lower("address"), name="announced_once_to_each_address"),
            models.UniqueConstraint(name="owner_is_reminded_once", fields=["action"]),
            models.UniqueConstraint(name="coaching_is_reminded_of_once", fields=["coaching"]),
            models.UniqueConstraint(name="invited_once_on_each_occasion", fields=["invite", "code"]),
            models.UniqueConstraint(
                "figures_at",
                Lower("address"),
                name="told_once_that_figures_differ",
                condition=Q(figures_at__isnull=False),
            ),
            models.UniqueConstraint(
                "history_at",
                Lower("address"),
                name="told_once_that_history_is_broken",
                condition=Q(history_at__isnull=False),
            ),
            models.UniqueConstraint(
                "signal", Lower("address"), name="told_once_of_a_signal", condition=Q(signal__isnull=False)
            ),
            models.CheckConstraint(
                name="notice_has_one_cause",
                condition=reduce(or_, (_of_nothing_but(cause) for cause in CAUSES)),
            ),
            models.CheckConstraint(name="notice_state_is_known", condition=Q(state__in=sorted(NoticeState.values))),
            models.CheckConstraint(
                name="call_has_webhook",
                condition=~Q(medium=Medium.WEBHOOK.value) | Q(webhook__isnull=False),
            ),
            models.CheckConstraint(
                name="sent_notice_has_time",
                condition=~Q(state=NoticeState.SENT.value) | Q(sent_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                name="notice_due_next",
                fields=["next_try_at", "id"],
                condition=Q(state=NoticeState.QUEUED.value),
            ),
            models.Index(
                name="notice_letters_to_post",
                fields=["id"],
                condition=Q(state=NoticeState.QUEUED.value, medium=Medium.LETTER.value),
            ),
            models.Index(name="notice_by_state_newest", fields=["state", "-id"]),
            models.Index(
                name="notice_calls_of_webhook",
                fields=["webhook", "-id"],
                condition=Q(webhook__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.medium} {self.state}"


MOST_FILE_BYTES = 10 * 1024 * 1024
"""Larger mails are refused by many servers."""


def stored_name(file: NoticeFile, filename: str) -> str:
    """Where the file lies: a name that cannot be guessed, the same for a second try."""
    return f"outgoing/{file.uuid.hex[:2]}/{file.uuid.hex}"


class NoticeFile(models.Model):
    """A file that goes with a notice by e-mail. The row stays when the file is forgotten."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="files")
    file = models.FileField(upload_to=stored_name, max_length=200, blank=True)
    name = models.CharField(_("name"), max_length=150)
    content_type = models.CharField(max_length=80)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("file of a notice")
        verbose_name_plural = _("files of notices")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(name="notice_has_a_file_once", fields=["notice", "sha256"]),
            models.CheckConstraint(
                name="notice_file_is_of_a_size", condition=Q(size__gte=1, size__lte=MOST_FILE_BYTES)
            ),
            models.CheckConstraint(name="notice_file_has_a_type", condition=Q(content_type__contains="/")),
        ]

    def __str__(self) -> str:
        return self.name
