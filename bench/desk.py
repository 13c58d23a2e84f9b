"""A desk for one measurement: servers and data of its own, gone afterwards unless a folder was named."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devtools.processes import interrupt_on_signals
from devtools.servers import Servers


@contextmanager
def served(folder: Path | None) -> Iterator[Path]:
    """Servers run and Django is set up; gives the folder of the data. Nothing on it is durable."""
    interrupt_on_signals()
    data = folder.resolve() if folder else Path(tempfile.mkdtemp(prefix="redress-bench-"))
    data.mkdir(parents=True, exist_ok=True)
    servers = Servers(data, {}, throw_away=True)
    try:
        servers.start()
        os.environ |= {
            **servers.environment,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "REDRESS_SECRET_KEY": "only-for-measuring",
            "REDRESS_DATA": str(data),
            "REDRESS_HTTPS": "false",
            "REDRESS_LOG_LEVEL": "WARNING",
        }
        import django  # noqa: PLC0415  only now it knows its servers

        django.setup()
        yield data
    finally:
        servers.stop()
        if folder is None:
            shutil.rmtree(data, ignore_errors=True)
