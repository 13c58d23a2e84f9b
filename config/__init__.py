"""The project: settings, addresses, processes and health; nothing here knows a rule about complaints."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
