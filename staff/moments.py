"""Moments as pages say them, in the utility's time zone: a page has sixty, most of them said before."""

from __future__ import annotations

from datetime import datetime, tzinfo
from functools import lru_cache

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language


class Spoken:
    """For one page or one part of it: language and zone are looked up once, which costs as much as saying a moment."""

    __slots__ = ("_language", "_zone")

    def __init__(self) -> None:
        self._language, self._zone = get_language(), timezone.get_current_timezone()

    def said(self, at: datetime, form: str = "SHORT_DATETIME_FORMAT") -> str:
        """As the filter `date` says it."""
        return _said(at, form, self._language, self._zone)

    def exact(self, at: datetime) -> str:
        """For the attribute `datetime` of <time>."""
        return timezone.localtime(at, self._zone).isoformat()


@lru_cache(maxsize=8192)
def _said(at: datetime, form: str, _language: str | None, zone: tzinfo) -> str:
    return date_format(timezone.localtime(at, zone), form)
