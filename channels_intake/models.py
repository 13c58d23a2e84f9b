"""How complaints reach us: one record per thing received, so that the same thing received twice is known."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from complaints.models import Channel, Complaint, Source


class InboundRecord(models.Model):
    """One delivery on a channel.

    `external_id` is the sender's own number for it: a form's one-time id, a message id, a row key.
    """

    channel = models.CharField(_("channel"), max_length=12, choices=Channel)
    source = models.CharField(_("source"), max_length=12, choices=Source)
    external_id = models.CharField(_("sender's id"), max_length=120)
    received_at = models.DateTimeField(_("received"))
    recorded_at = models.DateTimeField(auto_now_add=True)
    payload = models.JSONField(default=dict)
    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, null=True, related_name="inbound_records")

    class Meta:
        verbose_name = _("inbound record")
        verbose_name_plural = _("inbound records")
        ordering = ["-recorded_at"]
        constraints = [
            models.UniqueConstraint(name="inbound_record_is_received_once", fields=["channel", "external_id"]),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.external_id}"
