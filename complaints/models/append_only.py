"""Rows that are written once: refused in Python, and by a trigger in the database (see the migrations)."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models


class HistoryIsPermanent(Exception):
    """Somebody tried to change or delete a row of the record."""


class AppendOnly(models.Model):
    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise HistoryIsPermanent(f"{self._meta.label} rows are never changed; record a new one.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise HistoryIsPermanent(f"{self._meta.label} rows are never deleted.")
