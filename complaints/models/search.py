"""What complaints are found by: one row per complaint, written by the database and nobody else."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from complaints.models.complaint import Complaint


class ComplaintWords(models.Model):
    """`words` of all that was said: pairs of neighbouring characters in Chinese, else whole words; `text` is what was said.

    Triggers on complaints, events and customers keep the rows right whoever writes, COPY included. Also among the words is
    `#b` with the key of the branch, so that a search within a branch does not read what others have.
    """

    complaint = models.OneToOneField(
        Complaint, on_delete=models.CASCADE, primary_key=True, related_name="words", db_constraint=False
    )
    received_at = models.DateTimeField()
    text = models.TextField()
    words = SearchVectorField()

    class Meta:
        indexes = [
            GinIndex(name="complaint_by_words", fields=["words"]),
            models.Index(
                models.F("received_at").desc(), models.F("complaint").desc(), name="complaint_words_by_received"
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60]


@SearchVectorField.register_lookup
class Hold(models.Lookup):
    """`words__hold="'停电' & 'meter':*"`: the words fit a tsquery that is taken as it stands, through no dictionary."""

    lookup_name = "hold"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        left, left_params = self.process_lhs(compiler, connection)
        return f"{left} @@ %s::tsquery", [*left_params, self.rhs]
