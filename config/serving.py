"""How gunicorn serves the web: `gunicorn --config python:config.serving config.wsgi`. Options on the command line win.

SIGTERM stops taking new requests and lets those under way finish, for `graceful_timeout` seconds. What the processes count
lies in a folder of this gunicorn alone, so nothing of an earlier one is counted again.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import Any

from config.garbage import collect_seldom

os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="redress-counted-")

worker_class = "gthread"
workers = 3
threads = 4
graceful_timeout = 30
timeout = 60
accesslog = None
"""Access lines are written by config/tracing.py, which knows the view and leaves the address out."""
logconfig_dict: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "config.logs.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {"gunicorn.error": {"handlers": ["stderr"], "level": "INFO", "propagate": False}},
}


def post_worker_init(worker: Any) -> None:
    from django.urls import get_resolver  # noqa: PLC0415  Django is set up only in the worker

    get_resolver().url_patterns  # noqa: B018  loads all addresses, which the first request would otherwise wait for
    collect_seldom()


def on_exit(server: Any) -> None:
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
