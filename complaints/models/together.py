"""What colleagues owe each other over a complaint: who follows it, what concerns whom, what was asked of another team."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from complaints.models.attachment import Attachment
from complaints.models.classification import RequestType
from complaints.models.complaint import RESTRICTED_TO, Complaint, read_by
from complaints.models.history import Event
from complaints.models.promises import Clock
from staff.actors import Role
from staff.models import Team, User
from staff.scope import within_branches


class Follow(models.Model):
    """This person wants to know how the complaint goes on. No history: who stops following was never there."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="follows")
    complaint = models.ForeignKey(Complaint, on_delete=models.CASCADE, related_name="follows")
    since = models.DateTimeField()

    class Meta:
        verbose_name = _("follower of a complaint")
        verbose_name_plural = _("followers of complaints")
        ordering = ["since", "pk"]
        constraints = [
            models.UniqueConstraint(name="person_follows_a_complaint_once", fields=["user", "complaint"]),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.complaint}"


class Telling(models.TextChoices):
    AT_DESK = "at_desk", pgettext_lazy("telling", "Only here at the desk")
    EACH = "each", pgettext_lazy("telling", "An e-mail each time")
    DAILY = "daily", pgettext_lazy("telling", "One e-mail a day")


class TellingHabit(models.Model):
    """How one person is told of what they follow, and whether of early warnings; without a row at the desk, and of warnings.

    `told_until` is how far digests have come.
    """

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="telling_habit")
    how = models.CharField(_("how"), max_length=10, choices=Telling, default=Telling.AT_DESK)
    hour = models.PositiveSmallIntegerField(_("at"), default=8)
    next_at = models.DateTimeField(null=True)
    told_until = models.DateTimeField(null=True)
    of_signals = models.BooleanField(_("early warnings by e-mail while I am on duty"), default=True, db_default=True)

    class Meta:
        verbose_name = _("habit of being told")
        verbose_name_plural = _("habits of being told")
        constraints = [
            models.CheckConstraint(name="telling_is_known", condition=Q(how__in=sorted(Telling.values))),
            models.CheckConstraint(
                name="telling_daily_has_next_moment",
                condition=Q(how=Telling.DAILY.value, next_at__isnull=False)
                | (~Q(how=Telling.DAILY.value) & Q(next_at__isnull=True)),
            ),
            models.CheckConstraint(name="telling_hour_is_an_hour", condition=Q(hour__lte=23)),
        ]
        indexes = [models.Index(name="telling_due_next", fields=["next_at"], condition=Q(next_at__isnull=False))]

    def __str__(self) -> str:
        return f"{self.user}: {self.how}"


class RequestState(models.TextChoices):
    ASKED = "asked", pgettext_lazy("request", "Not answered yet")
    ANSWERED = "answered", pgettext_lazy("request", "Answered")
    DECLINED = "declined", pgettext_lazy("request", "Declined")
    WITHDRAWN = "withdrawn", pgettext_lazy("request", "Withdrawn")


class InternalRequestQuerySet(models.QuerySet["InternalRequest"]):
    def visible_to(self, user: User) -> InternalRequestQuerySet:
        """Of complaints that this person sees, and those of their own team or, for supervisors, of a team of their branch.

        Whom a report of wrongdoing must be hidden from does not see it through a request either. Fails closed.
        """
        if not user.is_authenticated or not user.is_active or user.branch is None:
            return self.none()
        seen = read_by(user, "complaint__")
        if user.team_id is not None:
            seen |= Q(team=user.team_id)
        if user.role == Role.SUPERVISOR:
            seen |= within_branches(user, "team__branch")
        rows = self.filter(seen)
        return rows if user.role in RESTRICTED_TO else rows.exclude(complaint__request_type=RequestType.REPORT)

    def open(self) -> InternalRequestQuerySet:
        return self.filter(state=RequestState.ASKED)

    def by_due(self) -> InternalRequestQuerySet:
        """The one that is due first; each with what a list shows."""
        rows = self.select_related(
            "team", "clock", "asked_by", "ended_by", "complaint__category", "complaint__subcategory"
        )
        return rows.order_by("clock__due_at", "pk")


class InternalRequest(models.Model):
    """Something that another team is asked for, while the complaint stays where it is. Its promise is `clock`.

    The team sees the question, the story, the place and the files in `shown`, whether the complaint is in its reach or not.
    """

    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, related_name="requests")
    number = models.PositiveSmallIntegerField()
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="requests", verbose_name=_("team"))
    question = models.TextField(_("question"))
    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="request")
    clock = models.OneToOneField(Clock, on_delete=models.PROTECT, related_name="request")
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="asked_requests")
    asked_at = models.DateTimeField()
    shown = models.ManyToManyField(Attachment, related_name="+", blank=True)
    state = models.CharField(_("state"), max_length=10, choices=RequestState, default=RequestState.ASKED)
    answer = models.TextField(_("answer"), blank=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    ended_at: models.DateTimeField[datetime | None, datetime | None] = models.DateTimeField(null=True)

    objects = InternalRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("request to another team")
        verbose_name_plural = _("requests to other teams")
        ordering = ["complaint", "number"]
        constraints = [
            models.UniqueConstraint(name="request_is_numbered_once", fields=["complaint", "number"]),
            models.CheckConstraint(name="request_state_is_known", condition=Q(state__in=sorted(RequestState.values))),
            models.CheckConstraint(name="request_asks_something", condition=~Q(question="")),
            models.CheckConstraint(
                name="request_open_or_ended",
                condition=Q(state=RequestState.ASKED.value, ended_at__isnull=True)
                | (~Q(state=RequestState.ASKED.value) & Q(ended_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="request_ended_says_what",
                condition=~Q(state__in=[RequestState.ANSWERED.value, RequestState.DECLINED.value]) | ~Q(answer=""),
            ),
        ]
        indexes = [
            models.Index(name="request_open_of_team", fields=["team"], condition=Q(state=RequestState.ASKED.value)),
            models.Index(
                name="request_open_of_asker", fields=["asked_by"], condition=Q(state=RequestState.ASKED.value)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.complaint_id} · {self.number}"

    def get_absolute_url(self) -> str:
        return reverse("complaints:request", args=[self.complaint.reference, self.number])

    @property
    def is_open(self) -> bool:
        return self.state == RequestState.ASKED


class Why(models.TextChoices):
    """Why something concerns a person; the first that holds is the one that is shown."""

    MENTION = "mention", pgettext_lazy("concern", "You are mentioned")
    HANDED = "handed", pgettext_lazy("concern", "Handed to you")
    REQUEST = "request", pgettext_lazy("concern", "Request")
    FOLLOWED = "followed", pgettext_lazy("concern", "You follow it")


class ConcernQuerySet(models.QuerySet["Concern"]):
    def visible_to(self, user: User) -> ConcernQuerySet:
        """This person's own, as far as they may still see the complaint, or the request that it is about."""
        seen = read_by(user, "complaint__")
        if user.team_id is not None:
            seen |= Q(request__team=user.team_id)
        return self.filter(seen, user=user)

    def unread(self) -> ConcernQuerySet:
        return self.filter(read_at__isnull=True)


class Concern(models.Model):
    """One thing that happened and concerns one person, until they have read it and afterwards."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="concerns")
    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, related_name="concerns")
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="concerns")
    request = models.ForeignKey(InternalRequest, on_delete=models.PROTECT, null=True, related_name="concerns")
    why = models.CharField(max_length=10, choices=Why)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    objects = ConcernQuerySet.as_manager()

    class Meta:
        verbose_name = _("what concerns somebody")
        verbose_name_plural = _("what concerns people")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(name="event_concerns_a_person_once", fields=["user", "event"]),
            models.CheckConstraint(name="concern_reason_is_known", condition=Q(why__in=sorted(Why.values))),
        ]
        indexes = [
            models.Index(name="concern_newest", fields=["user", "-id"]),
            models.Index(name="concern_unread", fields=["user", "complaint"], condition=Q(read_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.event}"
