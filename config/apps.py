"""Makes the project itself an app, so that its checks are found."""

from __future__ import annotations

from django.apps import AppConfig

from config import checks  # noqa: F401  importing registers them


class RedressConfig(AppConfig):
    name = "config"
    verbose_name = "Redress"
