"""The Celery application: tasks are only the hand that turns; what is due are rows in the database."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("redress")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["config", "complaints", "channels_intake", "analytics"])
