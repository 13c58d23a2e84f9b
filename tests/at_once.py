"""The same thing from many threads, which begin together."""

import threading
from collections.abc import Callable
from typing import TypeVar

from django.db import connections

T = TypeVar("T")


def at_once(work: Callable[[int], T], times: int = 10) -> list[T]:
    """What `work(number)` gave in each of them. What any of them raised is raised."""
    together, got, failed = threading.Barrier(times), [], []

    def run(number: int) -> None:
        try:
            together.wait()
            got.append(work(number))
        except Exception as error:
            failed.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[number]) for number in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise ExceptionGroup("Some threads failed.", failed)
    return got
