"""Sweeping the door: sessions that are over, and wrong tries that no longer count."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from staff import lockout
from staff.session_store import SessionStore


@shared_task(ignore_result=True)
def sweep_the_door() -> int:
    SessionStore.clear_expired()
    return lockout.forget_old(timezone.now())
