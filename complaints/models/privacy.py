"""How long what is personal is kept, what must not be erased, and what was."""

from __future__ import annotations

from datetime import date

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from complaints.models.classification import Category, Severity
from complaints.models.complaint import Complaint
from customers.models import Customer
from staff.models import User
from staff.naming import Named


class RetentionOf(models.TextChoices):
    COMPLAINTS = "complaints", _("Complaints, after closing")
    READINGS = "readings", _("Record of who read what")


class RetentionRule(Named):
    """So many months after closing, what is personal in such complaints is erased; where several fit, the longest."""

    code = models.SlugField(unique=True)
    of = models.CharField(_("what is kept"), max_length=12, choices=RetentionOf, default=RetentionOf.COMPLAINTS)
    category = models.ForeignKey(Category, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    severities = ArrayField(models.CharField(max_length=10, choices=Severity), default=list, blank=True)
    months = models.PositiveSmallIntegerField(_("months"))
    source = models.CharField(pgettext_lazy("of a rule", "source"), max_length=300, blank=True)
    is_active = models.BooleanField(_("in force"), default=True)

    class Meta:
        verbose_name = _("retention period")
        verbose_name_plural = _("retention periods")
        ordering = ["of", "months", "code"]
        constraints = [
            models.CheckConstraint(
                name="retention_is_of_something_known", condition=Q(of__in=["complaints", "readings"])
            ),
            models.CheckConstraint(name="retention_lasts_a_month_at_least", condition=Q(months__gte=1)),
        ]


class LegalHoldQuerySet(models.QuerySet["LegalHold"]):
    def standing(self, on: date) -> LegalHoldQuerySet:
        return self.filter(Q(until__isnull=True) | Q(until__gte=on), lifted_at__isnull=True)


class LegalHold(models.Model):
    """What is personal in this complaint, or of this customer, is not erased before it is lifted or its day has passed."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, related_name="holds")
    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, null=True, related_name="holds")
    reason = models.CharField(_("why"), max_length=300)
    until = models.DateField(_("until"), null=True, blank=True)
    placed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    placed_at = models.DateTimeField()
    lifted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    lifted_at = models.DateTimeField(null=True)

    objects = LegalHoldQuerySet.as_manager()

    class Meta:
        verbose_name = _("legal hold")
        verbose_name_plural = _("legal holds")
        ordering = ["-placed_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="hold_is_of_one_thing",
                condition=Q(customer__isnull=False, complaint__isnull=True)
                | Q(customer__isnull=True, complaint__isnull=False),
            ),
            models.CheckConstraint(name="hold_says_why", condition=~Q(reason="")),
            models.CheckConstraint(
                name="hold_is_lifted_by_somebody",
                condition=Q(lifted_at__isnull=True, lifted_by__isnull=True)
                | Q(lifted_at__isnull=False, lifted_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id or ''}/{self.complaint_id or ''} {self.placed_at:%Y-%m-%d}"


class Erasure(models.Model):
    """A customer's wish to be erased: asked by one person, confirmed by another, carried out by a worker."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="erasures")
    reason = models.CharField(_("how the customer asked"), max_length=300)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    declined_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    declined_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    complaints = models.PositiveIntegerField(default=0)
    stopped_because = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        ordering = ["-asked_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                name="erasure_is_asked_for_once",
                fields=["customer"],
                condition=Q(finished_at__isnull=True, declined_at__isnull=True),
            ),
            models.CheckConstraint(
                name="erasure_is_confirmed_by_another",
                condition=Q(confirmed_by__isnull=True, confirmed_at__isnull=True)
                | (Q(confirmed_by__isnull=False, confirmed_at__isnull=False) & ~Q(confirmed_by=F("asked_by"))),
            ),
            models.CheckConstraint(
                name="erasure_ends_after_it_was_confirmed",
                condition=Q(finished_at__isnull=True) | Q(confirmed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.asked_at:%Y-%m-%d}"


class ErasedFile(models.Model):
    """A file whose row was erased and that is still to be deleted, or was; deleting is tried until it is done."""

    path = models.CharField(max_length=300)
    noted_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(name="erased_file_to_delete", fields=["id"], condition=Q(deleted_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.pk}"


class SamePerson(models.Model):
    """Two complaints on the same matter that came from one person, as was known before one of them was erased.

    Repeats are counted from it, because what it was known by is gone. Each pair stands here both ways.
    """

    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, related_name="+", db_index=False)
    other = models.ForeignKey(Complaint, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(name="same_person_is_said_once", fields=["complaint", "other"])]

    def __str__(self) -> str:
        return f"{self.complaint_id} {self.other_id}"
