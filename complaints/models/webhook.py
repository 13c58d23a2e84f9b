"""Systems of others that are told of moves: where, which moves, and the secret that proves that it was us."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from staff.models import Branch, User

BOTH_SECRETS = timedelta(days=1)
"""For so long after a rotation both secrets sign, so that the receiver may change at leisure."""


def make_secret() -> str:
    return f"whsec_{secrets.token_urlsafe(32)}"


class Webhook(models.Model):
    """`failures` counts calls given up one after the other; a call that gets through sets it to 0."""

    name = models.CharField(pgettext_lazy("of a webhook", "name"), max_length=80, unique=True)
    url = models.URLField(_("address"), max_length=500)
    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, related_name="+", verbose_name=_("branch"))
    moves = ArrayField(models.CharField(max_length=20), verbose_name=_("events"))
    secret = models.CharField(max_length=80, default=make_secret, editable=False)
    previous_secret = models.CharField(max_length=80, blank=True, editable=False)
    rotated_at: models.DateTimeField[datetime | None, datetime | None] = models.DateTimeField(null=True, editable=False)
    is_active = models.BooleanField(_("active"), default=True)
    failures = models.PositiveIntegerField(default=0, editable=False)
    stopped_at: models.DateTimeField[datetime | None, datetime | None] = models.DateTimeField(null=True, editable=False)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                name="stopped_webhook_is_not_active",
                condition=models.Q(stopped_at__isnull=True) | models.Q(is_active=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def secrets_at(self, now: datetime) -> list[str]:
        """The secrets that sign now, the newest first."""
        if self.previous_secret and self.rotated_at is not None and now < self.rotated_at + BOTH_SECRETS:
            return [self.secret, self.previous_secret]
        return [self.secret]
