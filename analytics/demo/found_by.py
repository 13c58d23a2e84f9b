"""What a lived complaint is found by: the same row as `complaints_refresh_words` would write, sooner and for many at once.

Said once more here than in the database, and only for loads that are too large for its triggers; a test compares every row.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from complaints.search import LONGEST, UNSPACED, normal
from staff.actors import CLOCK

if TYPE_CHECKING:
    from analytics.demo.lives import Member
    from analytics.demo.record import EventLine

SAID = ("note", "message", "reason", "comment", "resolution", "summary")
"""The details of an event in which somebody says something, in the order in which they are read."""
_RUNS = re.compile(rf"([{UNSPACED}]+)|([a-z0-9\u00c0-\u1fff]+)")
_DIGITS = re.compile(r"[0-9]{5,}")


class Said(NamedTuple):
    text: str | None
    words: frozenset[str]


def said_later(events: Iterable[EventLine]) -> Said:
    """What was said in the events, by whomever but the clock; None where nothing was."""
    texts = [
        "\n".join(parts)
        for event in events
        if event.by.role != CLOCK and (parts := [event.details[name] for name in SAID if name in event.details])
    ]
    if not texts:
        return Said(None, frozenset())
    text = normal("\n".join(texts))
    return Said(text, frozenset(words_of(text)))


def row(member: Member, branch: int, later: Said) -> tuple[str, str]:
    """The text, and the words as PostgreSQL reads a `tsvector`."""
    f = member.fields
    named = [] if f["who"].name == f["contact_name"] else [f["who"].name]
    own = normal(
        "\n".join(
            [
                member.reference.replace("-", ""), f["contact_name"], *named, f["phone"], f["email"], f["who"].account,
                f["source_reference"], f["place"], f["address"], f["story"], f["remedy"],
            ]
        )
    )  # fmt: skip
    words = words_of(own) | later.words
    text = own if later.text is None else f"{own}\n{later.text}"
    return text, "'" + "' '".join(words) + f"' '#b{branch}'"


def words_of(text: str) -> set[str]:
    """Of a normal text the words, as `complaints_words` of the database."""
    found = set()
    for unspaced, word in _RUNS.findall(text):
        if unspaced:
            found.update([unspaced[start : start + 2] for start in range(len(unspaced))])
        else:
            found.add(word[:LONGEST])
    for run in _DIGITS.findall(text):
        found.update([run[start : start + LONGEST] for start in range(1, min(len(run) - 3, 30))])
    return found
