"""Makes the project itself an app, so that its checks are found."""

from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings

from config import checks, sentry  # noqa: F401  importing the checks registers them


class RedressConfig(AppConfig):
    name = "config"
    verbose_name = "Redress"

    def ready(self) -> None:
        sentry.start(settings.SENTRY_DSN, settings.SENTRY_ENVIRONMENT)
