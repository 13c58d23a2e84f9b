"""The one clock that decides what is due: the database's, which every worker shares, whatever its own machine believes."""

from __future__ import annotations

from datetime import datetime

from django.db import connection


def now() -> datetime:
    """This moment by the database's clock, aware and in UTC; it goes on within a transaction. One query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment
