"""The probes: /healthz says the process is alive, /readyz says that it can serve."""

from __future__ import annotations

import time

import redis
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

HEARTBEAT_KEY = "heartbeat"
HEARTBEAT_GRACE = 60
"""Seconds after which a worker that has not been heard of counts as silent."""


def note_heartbeat() -> None:
    cache.set(HEARTBEAT_KEY, time.time(), timeout=24 * 3600)


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """
    200 when database, schema and broker are in order, else 503; each is named in the answer.

    A silent worker is reported but does not make the web unready: a load balancer must not take every web node away
    because the worker stopped.
    """
    database = _database_state()
    broker = _broker_state()
    ready = database == broker == "ok"
    worker = _worker_state() if broker == "ok" else "unknown"
    return JsonResponse(
        {"ready": ready, "database": database, "broker": broker, "worker": worker}, status=200 if ready else 503
    )


def _database_state() -> str:
    try:
        executor = MigrationExecutor(connection)
    except DatabaseError:
        return "unreachable"
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(pending)} migrations to apply" if pending else "ok"


def _broker_state() -> str:
    client = redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=2)
    try:
        client.ping()
    except redis.RedisError:
        return "unreachable"
    finally:
        client.close()
    return "ok"


def _worker_state() -> str:
    heard_at = cache.get(HEARTBEAT_KEY)
    return "ok" if heard_at and time.time() - heard_at <= HEARTBEAT_GRACE else "silent"
