"""What somebody types into the form of a move, kept until it is sent."""

from __future__ import annotations

from django.db import models

from complaints.models.complaint import Complaint
from complaints.states import MOVES
from staff.models import User


class UnsentMove(models.Model):
    """One form of one move under its one-time id. Nothing in `content` was checked; it is what the fields held.

    A row with `sent_at` says that the form with this id was sent, so that neither a late save nor a second press counts.
    """

    form_id = models.UUIDField(primary_key=True)
    complaint = models.ForeignKey(Complaint, on_delete=models.CASCADE, related_name="unsent_moves")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="unsent_moves")
    move = models.CharField(max_length=20)
    content = models.JSONField(default=dict)
    saved_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-saved_at"]
        indexes = [
            models.Index(name="unsent_move_of", fields=["complaint", "user"]),
            models.Index(name="unsent_move_age", fields=["saved_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.complaint_id} {self.move} {self.user_id}"

    @property
    def label(self) -> str:
        return str(MOVES[self.move].label) if self.move in MOVES else self.move
