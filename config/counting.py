"""Counts what happens, for /metrics: requests in each web process, tasks in Redis, which all workers share.

Nothing here may stop a request or a task: what cannot be counted is not counted.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from typing import Any

import redis
from celery.signals import task_failure, task_postrun, task_prerun
from django.conf import settings
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

TASKS = "redress:tasks"
SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""The folder through which the processes of one gunicorn add up; config/serving.py makes it."""

logger = logging.getLogger(__name__)
_seconds = Histogram(
    "redress_request_seconds",
    "How long requests took, by view and kind of answer.",
    ["view", "status"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=None,
)
_began: dict[str, float] = {}


def note_request(view: str, status: int, seconds: float) -> None:
    _seconds.labels(view, f"{status // 100}xx").observe(seconds)


@task_prerun.connect
def begin(task_id: str = "", **kwargs: Any) -> None:
    _began[task_id] = time.monotonic()


@task_postrun.connect
def end(task_id: str = "", task: Any = None, **kwargs: Any) -> None:
    seconds = time.monotonic() - _began.pop(task_id, time.monotonic())
    _add({f"{task.name}|runs": 1, f"{task.name}|ms": round(seconds * 1000)})


@task_failure.connect
def fail(sender: Any = None, **kwargs: Any) -> None:
    _add({f"{sender.name}|failures": 1})


def _add(amounts: dict[str, int]) -> None:
    try:
        with broker() as client, client.pipeline(transaction=False) as pipe:
            for field, amount in amounts.items():
                pipe.hincrby(TASKS, field, amount)
            pipe.execute()
    except redis.RedisError as error:
        logger.warning("cannot count tasks: %s", error)


def broker() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=2)


class Requests(Collector):
    """Of all processes of this web node."""

    def collect(self) -> Iterator[Metric]:
        if SHARED in os.environ:
            yield from MultiProcessCollector(CollectorRegistry()).collect()
        else:
            yield from _seconds.collect()


def tasks(counted: dict[bytes, bytes]) -> Iterator[Metric]:
    """Runs, failures and seconds of each task, as they stand in the hash."""
    runs = CounterMetricFamily("redress_task_runs", "Turns taken.", labels=["task"])
    failures = CounterMetricFamily("redress_task_failures", "Turns that failed.", labels=["task"])
    seconds = CounterMetricFamily("redress_task_seconds", "Seconds that turns took together.", labels=["task"])
    for field, amount in sorted(counted.items()):
        task, _, kind = field.decode().partition("|")
        family, scale = {"runs": (runs, 1), "failures": (failures, 1), "ms": (seconds, 1000)}[kind]
        family.add_metric([task], int(amount) / scale)
    yield from (runs, failures, seconds)
