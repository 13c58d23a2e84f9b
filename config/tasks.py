"""The heartbeat: proof, kept in the cache, that beat, broker and a worker pass work on."""

from __future__ import annotations

from celery import shared_task

from config import tracing  # noqa: F401  importing makes the worker name and count its tasks
from config.health import note_heartbeat


@shared_task
def heartbeat() -> None:
    note_heartbeat()
