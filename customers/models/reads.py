"""Who read what about whom: one row for each person, subject and five minutes, never changed."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.models.people import Customer
from staff.models import User


class Reading(models.Model):
    """`complaint` is a complaint's key, because customers know nothing of complaints; `window` counts five minutes.

    `query` is what somebody looked for, `subject` what the page or file is called, `reason` why hidden data was shown.
    Erasure takes the query and leaves the row.
    """

    class Kind(models.TextChoices):
        COMPLAINT = "complaint", _("Complaint opened")
        CUSTOMER = "customer", _("Customer opened")
        FILE = "file", _("File opened")
        SEARCH = "search", _("Looked for")
        EXPORT = "export", _("Taken as a file")
        API = "api", _("Read by a program")
        ACCESS = "access", _("Everything put together for the customer")
        REVEAL = "reveal", _("Hidden data shown")
        LIST = "list", _("List of people opened")

    class Reason(models.TextChoices):
        REACH = "reach", _("to reach the customer")
        IDENTIFY = "identify", _("to make sure who it is")
        CORRECT = "correct", _("to check or correct what we hold")

    at = models.DateTimeField()
    window = models.BigIntegerField()
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(_("what"), max_length=10, choices=Kind)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, related_name="readings", db_index=False)
    complaint = models.BigIntegerField(null=True)
    subject = models.CharField(max_length=80, blank=True)
    query = models.CharField(max_length=200, blank=True)
    address = models.GenericIPAddressField(null=True)
    request_id = models.CharField(max_length=64, blank=True)
    reason = models.CharField(_("why"), max_length=10, choices=Reason, blank=True, default="", db_default="")

    class Meta:
        verbose_name = _("reading")
        verbose_name_plural = _("readings")
        ordering = ["-at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                name="reading_is_noted_once_in_five_minutes",
                fields=["user", "window", "kind", "subject", "query", "reason"],
            ),
            models.CheckConstraint(
                name="reading_kind_is_known",
                condition=Q(
                    kind__in=["access", "api", "complaint", "customer", "export", "file", "list", "reveal", "search"]
                ),
            ),
            models.CheckConstraint(
                name="reading_says_why_it_was_shown",
                condition=Q(kind="reveal", reason__in=["correct", "identify", "reach"])
                | (~Q(kind="reveal") & Q(reason="")),
            ),
        ]
        indexes = [
            models.Index(name="reading_newest", fields=["-at", "-id"]),
            models.Index(name="reading_of_customer", fields=["customer", "-at"], condition=Q(customer__isnull=False)),
            models.Index(
                name="reading_of_complaint", fields=["complaint", "-at"], condition=Q(complaint__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.kind} {self.subject}"
