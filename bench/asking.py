"""What the load generator is told: scenarios made of journeys made of requests. Standard library only: every process reads it.

A journey is what one person does: requests that only lead there, which are not timed, and one that is. A scenario that loops
asks for the same journeys again and again; one that writes uses each of its journeys once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlencode

CSRF = "a" * 32
"""Any secret will do, as long as cookie and form say the same."""
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


@dataclass(frozen=True)
class Request:
    """One request, and what must come back for it to count."""

    path: str
    method: str = "GET"
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    expected: int = 200
    leads_to: str = ""
    """What must stand in the address that a redirect names."""


@dataclass(frozen=True)
class Journey:
    timed: Request
    before: Sequence[Request] = ()
    cookies: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Scenario:
    name: str
    journeys: Sequence[Journey]
    loops: bool = True

    def as_plan(self) -> dict[str, Any]:
        return asdict(self)


def post(path: str, said: Mapping[str, str], *, expected: int = 302, leads_to: str = "") -> Request:
    """A form as a browser sends it."""
    body = urlencode({**said, "csrfmiddlewaretoken": CSRF})
    return Request(path, "POST", body, {"Content-Type": FORM}, expected, leads_to)


def looks(name: str, paths: Sequence[str], cookies: Mapping[str, str]) -> Scenario:
    """A page, or several of a kind, looked at again and again."""
    return Scenario(name, [Journey(Request(path), cookies=cookies) for path in paths])
