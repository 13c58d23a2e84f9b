"""How a notice leaves the house: one module per medium, each raising DeliveryError and nothing else."""

from __future__ import annotations

from complaints.delivery import email, sms, webhook
from complaints.delivery.errors import DeliveryError
from complaints.models import Medium, Notice

__all__ = ["DeliveryError", "deliver"]

MEDIA = {Medium.EMAIL: email.deliver, Medium.SMS: sms.deliver, Medium.WEBHOOK: webhook.deliver}


def deliver(notice: Notice) -> None:
    """Hand the notice to its gateway, with its uuid as the idempotency key. Raises DeliveryError."""
    MEDIA[Medium(notice.medium)](notice)
