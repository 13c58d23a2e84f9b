"""Surveys of customers who did not complain: whom a round is about, who was drawn, and what they said."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from complaints.models.append_only import AppendOnly
from complaints.models.complaint import make_token
from complaints.models.feedback import AnsweredBy, Scale
from customers.models import Customer
from customers.models.people import CustomerKind
from staff.models import Branch, User
from staff.scope import within_branches


class SurveyState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    DRAWN = "drawn", _("Drawn")
    RUNNING = "running", _("Running")
    CLOSED = "closed", _("Closed")


class SurveyQuerySet(models.QuerySet["Survey"]):
    def visible_to(self, user: User) -> SurveyQuerySet:
        return self.filter(within_branches(user))


class Survey(models.Model):
    """One round. A draft is drawn, what is drawn is looked at and started, what runs ends by its day or is stopped.

    Rounds of one `name` in one branch are compared with each other. `seed` makes the draw repeatable.
    """

    name = models.CharField(_("name"), max_length=80)
    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, related_name="+", verbose_name=_("branch"))
    segments = ArrayField(
        models.CharField(max_length=20, choices=CustomerKind.choices),
        verbose_name=_("only these customers"),
        default=list,
        blank=True,
    )
    quiet_days = models.PositiveSmallIntegerField(_("days without a complaint"), default=180)
    rest_months = models.PositiveSmallIntegerField(_("months since they were last asked"), default=12)
    size = models.PositiveIntegerField(
        _("how many to ask"), null=True, blank=True, help_text=_("empty: as many as the margin below needs")
    )
    expected = models.DecimalField(_("expected share of satisfied"), max_digits=3, decimal_places=2, default="0.90")
    margin = models.DecimalField(_("margin of error"), max_digits=3, decimal_places=2, default="0.03")
    scale = models.CharField(_("scale"), max_length=10, choices=Scale, default=Scale.FIVE)
    result_zh = models.CharField(_("question about the supply, in Chinese"), max_length=160)
    result_en = models.CharField(_("question about the supply, in English"), max_length=160)
    service_zh = models.CharField(_("question about our service, in Chinese"), max_length=160)
    service_en = models.CharField(_("question about our service, in English"), max_length=160)
    remind_days = models.PositiveSmallIntegerField(
        _("days until one reminder"), null=True, blank=True, default=5, help_text=_("empty: no reminder")
    )
    calls = models.BooleanField(_("call those who have neither e-mail nor a mobile number"), default=True)
    closes_at = models.DateTimeField(_("ends"))
    state = models.CharField(_("state"), max_length=10, choices=SurveyState, default=SurveyState.DRAFT, editable=False)
    draw_asked_at = models.DateTimeField(null=True, editable=False)
    drawn_at = models.DateTimeField(null=True, editable=False)
    population = models.PositiveIntegerField(null=True, editable=False)
    seed = models.BigIntegerField(null=True, editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    started_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", editable=False)
    closed_at = models.DateTimeField(null=True, editable=False)
    stopped_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", editable=False)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SurveyQuerySet.as_manager()

    class Meta:
        verbose_name = _("survey of customers")
        verbose_name_plural = _("surveys of customers")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(name="survey_state_is_known", condition=Q(state__in=sorted(SurveyState.values))),
            models.CheckConstraint(
                name="survey_drawn_has_seed",
                condition=Q(state=SurveyState.DRAFT.value)
                | Q(drawn_at__isnull=False, seed__isnull=False, population__isnull=False)
                | Q(state=SurveyState.CLOSED.value),
            ),
            models.CheckConstraint(
                name="survey_running_was_started",
                condition=~Q(state=SurveyState.RUNNING.value) | Q(started_at__isnull=False),
            ),
            models.CheckConstraint(
                name="survey_share_and_margin_fit",
                condition=Q(expected__gt=0, expected__lt=1, margin__gt=0, margin__lte="0.5"),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def question(self, which: str) -> str:
        """`which` is "result" or "service"; in the language in use."""
        language = "zh" if (get_language() or "").startswith("zh") else "en"
        return str(getattr(self, f"{which}_{language}"))


class SurveyStratum(models.Model):
    """One kind of customer in one branch: how many there were at the draw, and how many of them were drawn."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="strata")
    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=CustomerKind)
    population = models.PositiveIntegerField()
    drawn = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("stratum of a survey")
        verbose_name_plural = _("strata of surveys")
        ordering = ["survey", "branch", "kind"]
        constraints = [
            models.UniqueConstraint(name="survey_stratum_is_unique", fields=["survey", "branch", "kind"]),
            models.CheckConstraint(
                name="survey_draws_no_more_than_there_are", condition=Q(drawn__lte=models.F("population"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.survey} {self.branch} {self.kind}"


class SurveyInvite(models.Model):
    """One customer drawn for one round; `invited_at` is when the message to them was written, not when it arrived."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="invites")
    stratum = models.ForeignKey(SurveyStratum, on_delete=models.CASCADE, related_name="invites")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="survey_invites")
    token = models.CharField(max_length=32, unique=True, default=make_token, editable=False)
    invited_at = models.DateTimeField(null=True)
    reminded_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.CharField(_("answered by"), max_length=10, choices=AnsweredBy, blank=True)
    changed_at = models.DateTimeField(null=True)
    rating = models.PositiveSmallIntegerField(null=True)
    service_rating = models.PositiveSmallIntegerField(null=True)
    comment = models.TextField(blank=True)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("invitation to a survey")
        verbose_name_plural = _("invitations to surveys")
        ordering = ["survey", "pk"]
        constraints = [
            models.UniqueConstraint(name="survey_invites_a_customer_once", fields=["survey", "customer"]),
            models.CheckConstraint(
                name="survey_answer_is_complete",
                condition=Q(answered_at__isnull=True, rating__isnull=True)
                | (Q(answered_at__isnull=False, rating__isnull=False) & ~Q(answered_by="")),
            ),
            models.CheckConstraint(
                name="survey_ratings_are_one_to_five",
                condition=(Q(rating__isnull=True) | Q(rating__gte=1, rating__lte=5))
                & (Q(service_rating__isnull=True) | Q(service_rating__gte=1, service_rating__lte=5)),
            ),
        ]
        indexes = [
            models.Index(name="survey_to_invite", fields=["survey", "id"], condition=Q(invited_at__isnull=True)),
            models.Index(
                name="survey_to_remind",
                fields=["survey", "invited_at"],
                condition=Q(answered_at__isnull=True, reminded_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.survey_id} {self.customer_id}"

    def may_change_until(self, hours: int) -> datetime | None:
        return self.answered_at + timedelta(hours=hours) if self.answered_at is not None else None


class SurveyAnswer(AppendOnly):
    """What the answer said from `at` on; the highest number stands."""

    invite = models.ForeignKey(SurveyInvite, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    rating = models.PositiveSmallIntegerField()
    service_rating = models.PositiveSmallIntegerField(null=True)
    comment = models.TextField(blank=True)
    answered_by = models.CharField(max_length=10, choices=AnsweredBy)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("version of an answer to a survey")
        verbose_name_plural = _("versions of answers to surveys")
        ordering = ["invite", "number"]
        constraints = [
            models.UniqueConstraint(name="survey_answer_is_numbered_once", fields=["invite", "number"]),
        ]

    def __str__(self) -> str:
        return f"{self.invite} version {self.number}"
