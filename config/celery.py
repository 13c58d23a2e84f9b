"""The Celery application: tasks are only the hand that turns; what is due are rows in the database."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, worker_process_init

from config.garbage import collect_seldom

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("redress")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["config", "customers", "complaints", "channels_intake", "analytics"])


@worker_process_init.connect
def collect_garbage_seldom(**kwargs: Any) -> None:
    collect_seldom()


@beat_init.connect
def beat_once_at_the_start(**kwargs: Any) -> None:
    """Beat waits one period before its first turn; whoever waits for the worker need not."""
    app.send_task("config.tasks.heartbeat", expires=10)
