"""Who is called back and why, each try, and the draws that say who of those who need not be called is."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from complaints.models.append_only import AppendOnly
from complaints.models.classification import Category, RequestType
from complaints.models.complaint import Channel
from complaints.models.feedback import Feedback
from complaints.models.surveys import SurveyInvite
from staff.models import Branch, User
from staff.scope import within_branches


class CallShare(models.TextChoices):
    ALL = "all", _("all of them")
    SAMPLE = "sample", _("a random sample each week")
    NONE = "none", _("none, beyond those who get no link")


class CallQuota(models.Model):
    """How many of one kind are called back. An empty field means any; the row that names most wins, channel before category."""

    request_type = models.CharField(_("type"), max_length=20, choices=RequestType, blank=True)
    channel = models.CharField(_("channel"), max_length=12, choices=Channel, blank=True)
    category = models.ForeignKey(
        Category, on_delete=models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("category")
    )
    share = models.CharField(_("who is called"), max_length=10, choices=CallShare, default=CallShare.SAMPLE)
    expected = models.DecimalField(_("expected share of satisfied"), max_digits=3, decimal_places=2, default="0.90")
    margin = models.DecimalField(_("margin of error"), max_digits=3, decimal_places=2, default="0.03")
    most = models.PositiveIntegerField(_("at most so many a week and unit"), null=True, blank=True)

    class Meta:
        verbose_name = _("quota of call-backs")
        verbose_name_plural = _("quotas of call-backs")
        ordering = ["request_type", "channel", "category"]
        constraints = [
            models.UniqueConstraint(
                name="call_quota_is_unique", fields=["request_type", "channel", "category"], nulls_distinct=False
            ),
            models.CheckConstraint(name="call_quota_share_is_known", condition=Q(share__in=sorted(CallShare.values))),
            models.CheckConstraint(
                name="call_quota_share_and_margin_fit",
                condition=Q(expected__gt=0, expected__lt=1, margin__gt=0, margin__lte="0.5"),
            ),
        ]

    def __str__(self) -> str:
        named = [
            self.get_request_type_display(),
            self.get_channel_display(),
            self.category.name if self.category else "",
        ]
        return " · ".join(str(one) for one in named if one) or str(_("everything else"))

    @property
    def code(self) -> str:
        """The kind it is for, whatever language is in use."""
        return f"{self.request_type}/{self.channel}/{self.category.code if self.category else ''}"


class SampleDraw(AppendOnly):
    """One week of one unit: out of how many how many were drawn, by which numbers and with which seed."""

    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, related_name="+")
    quota = models.ForeignKey(CallQuota, on_delete=models.SET_NULL, null=True, related_name="+")
    what = models.CharField(max_length=160)
    week = models.DateField()
    population = models.PositiveIntegerField()
    size = models.PositiveIntegerField()
    expected = models.DecimalField(max_digits=3, decimal_places=2)
    margin = models.DecimalField(max_digits=3, decimal_places=2)
    seed = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("draw of call-backs")
        verbose_name_plural = _("draws of call-backs")
        ordering = ["-week", "branch", "pk"]
        constraints = [
            models.UniqueConstraint(name="week_is_drawn_once", fields=["branch", "what", "week"]),
            models.CheckConstraint(
                name="draw_is_no_more_than_there_are", condition=Q(size__lte=models.F("population"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.week} {self.branch_id} {self.what}"


class CallReason(models.TextChoices):
    NO_LINK = "no_link", _("gets no link")
    ALL = "all", _("all of this kind are called")
    SAMPLE = "sample", _("drawn for the sample")
    SURVEY = "survey", _("survey of customers")


class CallState(models.TextChoices):
    OPEN = "open", _("to be called")
    ANSWERED = "answered", _("answered on the call")
    BY_LINK = "by_link", _("answered by the link")
    UNREACHED = "unreached", _("not reached")
    REFUSED = "refused", _("did not want to answer")
    WRONG_NUMBER = "wrong_number", _("wrong number")
    ENDED = "ended", _("no longer asked")


class CallOutcome(models.TextChoices):
    REACHED = "reached", _("Reached")
    NO_ANSWER = "no_answer", _("No answer")
    LATER = "later", _("Asks for another time")
    REFUSED = "refused", _("Does not want to answer")
    WRONG_NUMBER = "wrong_number", _("Wrong number")


class CallBackQuerySet(models.QuerySet["CallBack"]):
    def visible_to(self, user: User) -> CallBackQuerySet:
        return self.filter(within_branches(user))

    def open(self) -> CallBackQuerySet:
        return self.filter(state=CallState.OPEN)


class CallBack(models.Model):
    """One person to be called about one answer, or about one survey; ends when they answer, whichever way.

    While an agent has it, nobody else can have it or any other call to the same number.
    """

    feedback = models.OneToOneField(Feedback, on_delete=models.PROTECT, null=True, related_name="call_back")
    invite = models.OneToOneField(SurveyInvite, on_delete=models.CASCADE, null=True, related_name="call_back")
    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=10, choices=CallReason)
    draw = models.ForeignKey(SampleDraw, on_delete=models.PROTECT, null=True, related_name="call_backs")
    name = models.CharField(max_length=120, blank=True)
    phone = models.CharField(max_length=30)
    language = models.CharField(max_length=10)
    state = models.CharField(max_length=15, choices=CallState, default=CallState.OPEN)
    next_try_at = models.DateTimeField()
    is_appointment = models.BooleanField(default=False)
    claimed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    claimed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects = CallBackQuerySet.as_manager()

    class Meta:
        verbose_name = _("call-back")
        verbose_name_plural = _("call-backs")
        ordering = ["next_try_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="call_back_is_about_one_thing",
                condition=Q(feedback__isnull=False, invite__isnull=True)
                | Q(feedback__isnull=True, invite__isnull=False),
            ),
            models.CheckConstraint(name="call_back_state_is_known", condition=Q(state__in=sorted(CallState.values))),
            models.CheckConstraint(name="call_back_reason_is_known", condition=Q(reason__in=sorted(CallReason.values))),
            models.CheckConstraint(
                name="call_back_that_ended_is_nobodys",
                condition=Q(state=CallState.OPEN.value, ended_at__isnull=True)
                | (~Q(state=CallState.OPEN.value) & Q(ended_at__isnull=False, claimed_by__isnull=True)),
            ),
            models.CheckConstraint(
                name="call_back_is_claimed_at_a_time",
                condition=Q(claimed_by__isnull=True, claimed_at__isnull=True)
                | Q(claimed_by__isnull=False, claimed_at__isnull=False),
            ),
            models.UniqueConstraint(
                name="nobody_is_called_by_two", fields=["phone"], condition=Q(claimed_by__isnull=False)
            ),
            models.UniqueConstraint(
                name="agent_calls_one_at_a_time", fields=["claimed_by"], condition=Q(claimed_by__isnull=False)
            ),
        ]
        indexes = [
            models.Index(
                name="call_back_due",
                fields=["next_try_at", "id"],
                condition=Q(state=CallState.OPEN.value),
            )
        ]

    def __str__(self) -> str:
        return f"call-back {self.pk}"


class CallAttempt(AppendOnly):
    """One try: who called when, and what came of it."""

    call_back = models.ForeignKey(CallBack, on_delete=models.PROTECT, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=15, choices=CallOutcome)
    note = models.CharField(max_length=300, blank=True)
    again_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("try of a call-back")
        verbose_name_plural = _("tries of call-backs")
        ordering = ["call_back", "number"]
        constraints = [
            models.UniqueConstraint(name="call_attempt_is_numbered_once", fields=["call_back", "number"]),
            models.CheckConstraint(
                name="call_attempt_outcome_is_known", condition=Q(outcome__in=sorted(CallOutcome.values))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.call_back} try {self.number}"
