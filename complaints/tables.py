"""Tables that people hand in at this door: at most some thousand rows, and refused like any other bad input."""

from __future__ import annotations

from complaints.refusals import BadInput
from staff import tables
from staff.tables import written

__all__ = ["MAX_BYTES", "read", "written"]

MAX_BYTES = tables.How().max_bytes


def read(data: bytes) -> list[list[str]]:
    """The rows of the first sheet, every cell as text; raises BadInput with a sentence when it cannot be read."""
    try:
        return tables.read(data)
    except tables.Unreadable as error:
        raise BadInput(str(error), fields=["file"]) from error
