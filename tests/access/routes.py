"""The addresses of the product as Django knows them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import get_resolver
from django.urls.resolvers import URLPattern, URLResolver


@dataclass(frozen=True, slots=True)
class Route:
    """`name` with its package in front; `shown` is the address with its blanks; `blanks` are the names of these."""

    name: str
    shown: str
    blanks: tuple[str, ...]


def routes() -> list[Route]:
    """All that have a name, in the order in which they are tried."""
    return list(_walk(get_resolver().url_patterns, "", ""))


def nameless() -> list[str]:
    """Addresses without a name, which nobody can link to or look up."""
    return list(_nameless(get_resolver().url_patterns, ""))


def _walk(patterns: list[Any], space: str, prefix: str) -> Iterator[Route]:
    for pattern in patterns:
        shown = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, f"{pattern.namespace}:" if pattern.namespace else space, shown)
        elif pattern.name:
            yield Route(f"{space}{pattern.name}", "/" + shown, tuple(pattern.pattern.regex.groupindex))


def _nameless(patterns: list[Any], prefix: str) -> Iterator[str]:
    for pattern in patterns:
        shown = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _nameless(pattern.url_patterns, shown)
        elif isinstance(pattern, URLPattern) and not pattern.name:
            yield "/" + shown
