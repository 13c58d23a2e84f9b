"""What the investigation of each category asks and computes, and what it found so far.

One module per category: its `panel` says what is known and what is missing; its `save…` functions write their rows and
record the move `investigate` in one transaction, so that findings stand in the history.
"""

from __future__ import annotations

from collections.abc import Callable

from complaints.investigation import safety
from complaints.investigation.panels import Panel
from complaints.models import Complaint

PANELS: dict[str, Callable[[Complaint], Panel]] = {"SAF": safety.panel}
"""For each code of a category: what the complaint's page shows of its investigation."""


def panel(complaint: Complaint) -> Panel | None:
    """What the investigation of this complaint found so far; None for a category without one of its own."""
    make = PANELS.get(complaint.category.code)
    return make(complaint) if make else None
