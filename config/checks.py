"""System checks on the server the product was given, for faults which would otherwise stay silent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections

from staff.made_up import MADE_UP


@register(Tags.database)
def chinese_trigrams_work(
    app_configs: Any = None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """With LC_CTYPE C, pg_trgm sees no letters in Chinese: similarity is 0, indexes are useless, and nothing warns."""
    problems: list[CheckMessage] = []
    for alias in databases or []:
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_proc WHERE proname = 'show_trgm'")
            if cursor.fetchone()[0] == 0:
                continue
            cursor.execute("SELECT cardinality(show_trgm(%s))", ["停电了"])
            if cursor.fetchone()[0] == 0:
                problems.append(
                    Error(
                        "This database does not recognise Chinese characters as letters.",
                        hint="Create it with LC_CTYPE 'C.UTF-8' or another UTF-8 locale.",
                        id="redress.E001",
                    )
                )
    return problems


@register(Tags.database)
def nobody_made_up_is_kept_outside_a_demo(
    app_configs: Any = None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Their password is public. They are refused at the door; the warning says why, and that they should not be there."""
    if settings.DEMO:
        return []
    for alias in databases or []:
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT to_regclass('staff_user') IS NOT NULL")
            if not cursor.fetchone()[0]:
                continue
            cursor.execute("SELECT count(*) FROM staff_user WHERE lower(email) LIKE %s", [f"%{MADE_UP}"])
            count = cursor.fetchone()[0]
            if count:
                return [
                    Warning(
                        f"{count} made-up people of the demo are in this database; they cannot sign in.",
                        hint="Use a database of its own for a demo, and set REDRESS_DEMO=true there.",
                        id="redress.W001",
                    )
                ]
    return []
