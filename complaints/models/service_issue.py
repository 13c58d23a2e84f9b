"""The shared cause that many complaints have: a fault, a planned outage, a billing-run error; what is said of it, and to whom."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from complaints.models.classification import RootCause
from complaints.models.complaint import make_token
from complaints.states import FINDINGS, Outcome
from customers.models import Feeder, TransformerArea
from staff.models import Branch, User
from staff.scope import within_branches


class IssueKind(models.TextChoices):
    FAULT = "fault", _("Fault")
    PLANNED_OUTAGE = "planned_outage", _("Planned outage")
    VOLTAGE = "voltage", _("Voltage problem")
    BILLING_RUN = "billing_run", _("Billing-run error")
    HAZARD = "hazard", _("Safety hazard")
    CONDUCT = "conduct", _("Conduct")


NEVER_PUBLIC = frozenset({IssueKind.CONDUCT})
"""What concerns colleagues is not for the portal."""


class ServiceIssueQuerySet(models.QuerySet["ServiceIssue"]):
    def visible_to(self, user: User) -> ServiceIssueQuerySet:
        return self.filter(within_branches(user))

    def open(self) -> ServiceIssueQuerySet:
        return self.filter(restored_at__isnull=True)

    def public(self) -> ServiceIssueQuerySet:
        """What customers may know is wrong now or planned."""
        return self.open().filter(is_public=True)


class ServiceIssue(models.Model):
    kind = models.CharField(_("kind"), max_length=20, choices=IssueKind)
    title = models.CharField(_("title"), max_length=160)
    branch = models.ForeignKey(
        Branch, on_delete=models.PROTECT, related_name="service_issues", verbose_name=_("branch")
    )
    feeder = models.ForeignKey(
        Feeder, on_delete=models.PROTECT, null=True, blank=True, related_name="service_issues", verbose_name=_("feeder")
    )
    transformer_area = models.ForeignKey(
        TransformerArea,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="service_issues",
        verbose_name=_("transformer area"),
    )
    started_at = models.DateTimeField(_("started"))
    expected_at = models.DateTimeField(_("expected restoration"), null=True, blank=True)
    restored_at = models.DateTimeField(_("restored"), null=True, blank=True)
    cause = models.TextField(_("cause"), blank=True)
    is_public = models.BooleanField(
        _("customers may see it"),
        default=True,
        help_text=_("The portal shows kind, place and times, never the title or the cause."),
    )
    outcome = models.CharField(_("outcome"), max_length=15, choices=Outcome, blank=True, default="", db_default="")
    root_cause = models.ForeignKey(
        RootCause, on_delete=models.PROTECT, null=True, blank=True, related_name="service_issues"
    )
    answer_zh = models.TextField(_("answer in Chinese"), blank=True, default="", db_default="")
    answer_en = models.TextField(_("answer in English"), blank=True, default="", db_default="")
    split_from = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="splits", editable=False)
    collects = models.BooleanField(
        _("new complaints that match are linked by themselves"), default=False, db_default=False
    )
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ServiceIssueQuerySet.as_manager()

    class Meta:
        verbose_name = _("service issue")
        verbose_name_plural = _("service issues")
        ordering = ["-started_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="issue_restored_after_start",
                condition=models.Q(restored_at__isnull=True) | models.Q(restored_at__gte=models.F("started_at")),
            ),
            models.CheckConstraint(name="issue_kind_is_known", condition=models.Q(kind__in=sorted(IssueKind.values))),
            models.CheckConstraint(
                name="conduct_is_not_public",
                condition=models.Q(is_public=False) | ~models.Q(kind__in=sorted(NEVER_PUBLIC)),
            ),
            models.CheckConstraint(
                name="issue_finding_is_complete",
                condition=models.Q(outcome="", root_cause__isnull=True, answer_zh="", answer_en="")
                | (
                    models.Q(restored_at__isnull=False, outcome__in=sorted(FINDINGS), root_cause__isnull=False)
                    & ~models.Q(answer_zh="", answer_en="")
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def where(self) -> str:
        """The smallest place that we know it hits, in the language in use."""
        return str((self.transformer_area or self.feeder or self.branch).name)

    def answer_in(self, language: str) -> str:
        """What complainants of this language are answered; better in the other language than not at all."""
        return self.answer_zh or self.answer_en if language.startswith("zh") else self.answer_en or self.answer_zh


class IssueUpdate(models.Model):
    """One thing said about an issue to everybody whom it touches. `told_at`: when the notices to all of them were written."""

    issue = models.ForeignKey(ServiceIssue, on_delete=models.PROTECT, related_name="updates")
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    text_zh = models.TextField(_("text in Chinese"), blank=True)
    text_en = models.TextField(_("text in English"), blank=True)
    expected_at = models.DateTimeField(_("expected restoration"), null=True, blank=True)
    is_last = models.BooleanField(default=False)
    told_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("update")
        verbose_name_plural = _("updates")
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="update_says_something",
                condition=models.Q(is_last=True) | ~models.Q(text_zh="", text_en=""),
            ),
            models.UniqueConstraint(name="issue_ends_once", fields=["issue"], condition=models.Q(is_last=True)),
        ]
        indexes = [
            models.Index(name="update_to_tell", fields=["at", "id"], condition=models.Q(told_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        """In the language in use, else in the other: better that than nothing."""
        is_zh = (get_language() or "").startswith("zh")
        return (self.text_zh or self.text_en) if is_zh else (self.text_en or self.text_zh)


class IssueFollower(models.Model):
    """Somebody without a complaint who wants to hear how an issue goes on; the token is their page."""

    issue = models.ForeignKey(ServiceIssue, on_delete=models.PROTECT, related_name="followers")
    token = models.CharField(max_length=32, unique=True, default=make_token, editable=False)
    medium = models.CharField(_("medium"), max_length=10)
    address = models.CharField(_("address"), max_length=254)
    language = models.CharField(_("language"), max_length=10)
    note = models.TextField(_("what they told us"), blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    left_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("follower")
        verbose_name_plural = _("followers")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint("issue", "medium", Lower("address"), name="one_follower_per_address"),
        ]

    def __str__(self) -> str:
        return self.address
