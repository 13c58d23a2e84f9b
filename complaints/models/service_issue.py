"""The shared cause that many complaints have: a fault, a planned outage, a billing-run error."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

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


class ServiceIssueQuerySet(models.QuerySet["ServiceIssue"]):
    def visible_to(self, user: User) -> ServiceIssueQuerySet:
        return self.filter(within_branches(user))

    def open(self) -> ServiceIssueQuerySet:
        return self.filter(restored_at__isnull=True)


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
        ]

    def __str__(self) -> str:
        return self.title
