"""What the gateway says later about a text message: that it arrived, or that it did not."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from complaints.models.append_only import AppendOnly
from complaints.models.outgoing import Notice


class Arrival(models.TextChoices):
    DELIVERED = "delivered", _("Delivered")
    FAILED = "failed", _("Not delivered")


class Receipt(AppendOnly):
    """One word about one sending of a notice; said again it is the same. `sending` is when that was sent."""

    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="receipts")
    arrival = models.CharField(max_length=10, choices=Arrival)
    sending = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)
    received_at = models.DateTimeField()

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(name="receipt_is_noted_once", fields=["notice", "arrival", "sending"]),
            models.CheckConstraint(
                name="receipt_arrival_is_known", condition=models.Q(arrival__in=sorted(Arrival.values))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.notice} {self.arrival}"
