"""What ./dev tells the person at the terminal: steps with their time, and one sentence when something is wrong."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator

PATIENCE = 5.0
"""Seconds after which a step that is still running says so again."""


class Trouble(Exception):
    """Something the person can mend; its text is the one sentence they need."""


def line(text: str = "") -> None:
    """Goes to stderr, so that `./dev manage dumpdata > file` holds what was asked for and nothing else."""
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(name: str) -> Iterator[None]:
    """Announces `name`, never stays silent for longer than PATIENCE, and gives the time it took."""
    line(f"  {name} …")
    started, finished = time.monotonic(), threading.Event()

    def keep_saying() -> None:
        while not finished.wait(PATIENCE):
            line(f"    still at it: {name}, {time.monotonic() - started:.0f} s")

    thread = threading.Thread(target=keep_saying, daemon=True)
    thread.start()
    try:
        yield
    finally:
        finished.set()
        thread.join()
    line(f"  ✓ {name} ({time.monotonic() - started:.1f} s)")


def use_utf8() -> None:
    """A terminal without UTF-8 gets question marks instead of a traceback."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):
            stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
