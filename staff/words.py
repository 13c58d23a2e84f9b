"""What the values of fixed lists are called: a page says two hundred of them, few of them different."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from django.utils.translation import get_language


class Words:
    """Labels of values. Each language's are put together once and kept while the process runs, which never changes them."""

    def __init__(self, labels: Iterable[tuple[Hashable, object]]) -> None:
        self._labels = dict(labels)
        self._said: dict[str | None, dict[Any, str]] = {}

    def now(self) -> Mapping[Any, str]:
        """Them all, in the language in use."""
        language = get_language()
        if language not in self._said:
            self._said[language] = {value: str(label) for value, label in self._labels.items()}
        return self._said[language]
