"""Saves of what is being typed may arrive in another order than they were made: each says how many its page made before it."""

from __future__ import annotations

MARK = "typed_at"
"""The field that the page adds to what it saves and sends: a name that the page gave itself, and a count."""
LONGEST = 60
"""Characters of a mark that are looked at; more is none of ours, and its number would take long to read."""


def is_overtaken(late: str, kept: str) -> bool:
    """Whether `late` was typed on the same page before what is kept, by their marks.

    Marks of two pages cannot be compared, and without scripts there are none: then what comes last counts.
    """
    page, _space, count = late[:LONGEST].partition(" ")
    kept_page, _space, kept_count = kept[:LONGEST].partition(" ")
    return page == kept_page and count.isdecimal() and kept_count.isdecimal() and int(count) < int(kept_count)
