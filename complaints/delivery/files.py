"""Writing a message to disk exactly once, even if the writer died half way through the first try."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from complaints.delivery.errors import DeliveryError


def write_once(path: Path, data: bytes) -> None:
    """Put the whole file there or nothing; a second try replaces it with the same. Raises DeliveryError."""
    partial = path.with_suffix(".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise DeliveryError(str(error)) from error


def append_once(path: Path, *, key: str, line: str) -> None:
    """Append a line unless one that holds `key` is there. A line cut off by a crash is ended first. Raises DeliveryError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            past = file.read()
            complete = past[: past.rfind(b"\n") + 1]
            if key.encode() in complete:
                return
            file.truncate(len(complete))
            file.write(line.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise DeliveryError(str(error)) from error
