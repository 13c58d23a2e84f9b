"""Which edition of the desk's rules and texts is in force, so that a process knows whether what it remembers still holds."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q


class RulebookEdition(models.Model):
    """One row. The database gives it a new edition in the transaction that changes any of the tables (see migration 0048).

    An edition is never used twice, also not when what made it is rolled back.
    """

    edition = models.UUIDField(default=uuid.uuid4, editable=False)

    class Meta:
        constraints = [models.CheckConstraint(name="rulebook_edition_is_one_row", condition=Q(pk=1))]

    def __str__(self) -> str:
        return str(self.edition)
