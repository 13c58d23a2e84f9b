"""The same thing from many threads, which begin together."""

import threading
from collections.abc import Callable
from typing import TypeVar

from django.db import connections

T = TypeVar("T")


def at_once(work: Callable[[], T], times: int = 10) -> list[T]:
    """What each of them got. What any of them raised is raised."""
    together, got, failed = threading.Barrier(times), [], []

    def run() -> None:
        try:
            together.wait()
            got.append(work())
        except Exception as error:
            failed.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise ExceptionGroup("Some threads failed.", failed)
    return got
