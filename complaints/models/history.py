"""The permanent record: one event per move, numbered from 1 within its complaint, chained by hashes, never changed."""

from __future__ import annotations

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.utils.translation import gettext_lazy as _

from complaints.models.append_only import AppendOnly
from complaints.models.complaint import Complaint
from complaints.models.promises import Clock
from complaints.states import ARRIVALS, MOVES, REGISTER
from staff.actors import ACTOR_LABELS, CLOCK, CUSTOMER
from staff.models import User


class Event(AppendOnly):
    """`at` is when it happened, `recorded_at` when it was written; they differ for letters, late workers and alarms.

    `hash` is over the event and the hash before it in the complaint; the database writes it. What was said enters it through
    a salted hash, so that erasure can take the words and the salt, leave `content_hash`, and the chain still holds.
    """

    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, related_name="events")
    number = models.PositiveIntegerField()
    move = models.CharField(max_length=20)
    from_status = models.CharField(max_length=15, blank=True)
    to_status = models.CharField(max_length=15)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)
    role = models.CharField(max_length=20)
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="events")
    actor_name = models.CharField(max_length=80, blank=True)
    details = models.JSONField(default=dict)
    salt = models.UUIDField(null=True, db_default=RandomUUID(), editable=False)
    content_hash = models.BinaryField(null=True, editable=False)
    hash = models.BinaryField(db_default=b"", editable=False)

    class Meta:
        ordering = ["complaint", "number"]
        constraints = [
            models.UniqueConstraint(name="event_is_numbered_once", fields=["complaint", "number"]),
            models.CheckConstraint(name="event_move_is_known", condition=models.Q(move__in=sorted([*MOVES, REGISTER]))),
            models.CheckConstraint(
                name="event_is_salted_until_erased",
                condition=models.Q(salt__isnull=False, content_hash__isnull=True)
                | models.Q(salt__isnull=True, content_hash__isnull=False),
            ),
        ]
        indexes = [
            models.Index(name="event_by_move", fields=["move", "at"]),
            models.Index(name="event_by_arrival", fields=["recorded_at"], condition=models.Q(move__in=ARRIVALS)),
        ]

    def __str__(self) -> str:
        return f"{self.complaint_id}.{self.number} {self.move}"

    @property
    def label(self) -> str:
        return str(_("Register") if self.move == REGISTER else MOVES[self.move].label)

    @property
    def actor(self) -> str:
        return self.actor_name or str(ACTOR_LABELS[self.role])

    @property
    def is_by_clock(self) -> bool:
        return self.role == CLOCK

    @property
    def is_by_customer(self) -> bool:
        return self.role == CUSTOMER

    @property
    def is_erased(self) -> bool:
        """Whether what was said was erased; what remains are codes and numbers."""
        return self.content_hash is not None

    @property
    def clock_label(self) -> str:
        """The clock that an alarm speaks of, in the language in use."""
        kind, _space, tier = str(self.details.get("clock", "")).partition(" ")
        return Clock(kind=kind, tier=tier).label if kind else ""

    @property
    def template(self) -> str:
        """The template of its one-sentence account."""
        return f"complaints/events/{self.move}.html"
