"""What a complaint's page shows of its investigation, whatever the category."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise as LazyText

Words = LazyText | str


@dataclass(frozen=True, slots=True)
class Panel:
    """`facts` are label and value pairs already in words; `missing` names what is still to be found before resolving."""

    title: Words
    facts: list[tuple[Words, Any]] = field(default_factory=list)
    missing: list[Words] = field(default_factory=list)
    verdict: Words = ""
    """One sentence that says what it comes to."""
    meaning: str = "info"
    """How the verdict is drawn: info, success, warning or danger."""
    bill: dict[str, Any] | None = None
    """A recalculated bill as `complaints/investigation/_lines.html` draws it, for paper."""
    links: list[tuple[str, Words]] = field(default_factory=list)
    """Where more is to be seen: address and words."""
    cause: str = ""
    """The code of the root cause where the findings make it clear; the form of the answer begins with it."""
