"""What proves that no event was changed or taken away: seals over all chains, and the comparisons that were made."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class HistorySeal(models.Model):
    """A digest over the hashes of all new events in the order of their keys, and over the seal before.

    It is noted first and filled in when every transaction that was writing then has ended (`horizon`), so no event comes
    in below `upto` afterwards. Then it never changes.
    """

    at = models.DateTimeField()
    upto = models.BigIntegerField()
    horizon = models.BigIntegerField()
    events = models.BigIntegerField(default=0)
    digest = models.BinaryField(default=b"")
    sealed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                name="one_seal_is_in_the_making",
                fields=["sealed_at"],
                condition=Q(sealed_at__isnull=True),
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"seal up to {self.upto}"

    @property
    def digest_text(self) -> str:
        return bytes(self.digest).hex()


class HistoryCheck(models.Model):
    """One comparison of events with their hashes; `findings` are the first faults, `swept_to` how far it went."""

    at = models.DateTimeField()
    finished_at = models.DateTimeField()
    upto = models.BigIntegerField()
    swept_to = models.BigIntegerField(default=0)
    chains = models.BigIntegerField(default=0)
    events = models.BigIntegerField(default=0)
    seals = models.BigIntegerField(default=0)
    faults = models.BigIntegerField(default=0)
    findings = models.JSONField(default=list)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"check of {self.at:%Y-%m-%d}: {self.faults}"
