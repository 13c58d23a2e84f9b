"""What people are found by: one row per account, or per customer without one, written by the database and nobody else."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import connection, models

from customers.models.people import Account, Customer
from staff.models import Branch

SEPARATORS = re.compile(r"""[\s\-‐‑‒–—―_/\\.,;:()+'"·・、。#]""")


def normal(text: str) -> str:
    """A text as it is compared: full width is half width, capitals are small, spaces and separators do not count.

    The same as the database's `customers_normal`, which writes the rows.
    """
    return SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).lower()


class SearchEntry(models.Model):
    """`grams` are the single characters and the pairs of neighbours in name and address; `text` is all that may be said.

    Triggers on customers, premises, accounts and meters keep the rows right whoever writes, COPY included.
    """

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    account = models.OneToOneField(Account, on_delete=models.CASCADE, null=True, related_name="+", db_constraint=False)
    branch = models.ForeignKey(Branch, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    is_closed = models.BooleanField()
    name = models.TextField()
    text = models.TextField()
    grams = ArrayField(models.TextField())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_entry_without_account", fields=["customer"], condition=models.Q(account__isnull=True)
            ),
        ]
        indexes = [
            GinIndex(name="search_by_grams", fields=["grams"]),
            models.Index(OpClass("name", "text_pattern_ops"), name="search_by_name"),
        ]

    def __str__(self) -> str:
        return self.text


@contextmanager
def entries_written_once() -> Iterator[None]:
    """For who writes many customers, accounts and meters in one transaction: their entries are written at the end of the block.

    Were the end never reached, the commit would write them; see `customers_searchdue` in the migrations.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS customers_search_at_commit DEFERRED; SET LOCAL redress.search_at_commit = 'on'")
    yield
    with connection.cursor() as cursor:
        cursor.execute(
            "SET CONSTRAINTS customers_search_at_commit IMMEDIATE; SET LOCAL redress.search_at_commit = 'off'"
        )
