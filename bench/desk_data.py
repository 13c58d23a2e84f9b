"""The data of one volume: the made-up utility, loaded by its own command, with all its figures built."""

from __future__ import annotations

import time
from typing import Any

from django.core.management import call_command
from django.db import connection

from analytics.grains import refresh
from analytics.models import Generation, GenerationState
from bench import minimal
from bench.asking import Scenario
from bench.scenarios import pages, sending
from complaints.models import Complaint
from staff.actors import Role

DAYS = 800
READ_FIGURES = ("board", "report:")


def fill(complaints: int, figures: bool) -> dict[str, Any]:
    """Migrate what is there; load the utility where nothing is; build what figures are missing. Says how long loading took.

    Without `figures` none are built, which take longer than all the rest.
    """
    call_command("prepare", verbosity=0)
    took: dict[str, Any] = {}
    if not Complaint.objects.exists():
        began = time.perf_counter()
        call_command("demo", complaints=complaints, days=DAYS, verbosity=0)
        took["loading_seconds"] = round(time.perf_counter() - began, 1)
    began = time.perf_counter()
    if figures and refresh.refresh() and took:
        took["figures_seconds"] = round(time.perf_counter() - began, 1)
    with connection.cursor() as cursor:
        cursor.execute(minimal.TABLES)
        cursor.execute("VACUUM ANALYZE")
    return {**took, **pages.sizes()}


def plan(count: int, only: list[str]) -> list[dict[str, Any]]:
    """The scenarios whose names begin with one of these words, or all; what reads figures only where there are some."""
    cookies = pages.signed_in(Role.SUPERVISOR)
    wanted: list[Scenario] = [
        *pages.least(cookies),
        sending.least(count),
        *pages.all_pages(cookies),
        *sending.all_sending(cookies, count),
    ]
    if not Generation.objects.filter(state=GenerationState.CURRENT).exists():
        wanted = [one for one in wanted if not one.name.startswith(READ_FIGURES)]
    return [one.as_plan() for one in wanted if not only or one.name.startswith(tuple(only))]
