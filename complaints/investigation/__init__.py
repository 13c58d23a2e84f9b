"""What the investigation of each category asks and computes, and what it found so far.

One module per category: its `panel` says what is known and what is missing; its `save…` functions write their rows and
record the move `investigate` in one transaction, so that findings stand in the history.
"""

from __future__ import annotations

from collections.abc import Callable

from complaints.investigation import billing, conduct, outage, safety, voltage
from complaints.investigation.panels import Panel, Words
from complaints.models import Complaint, RootCause

PANELS: dict[str, Callable[[Complaint], Panel]] = {
    "BIL": billing.panel,
    "OUT": outage.panel,
    "SAF": safety.panel,
    "SVC": conduct.panel,
    "VOL": voltage.panel,
}
"""For each code of a category: what the complaint's page shows of its investigation."""


def panel(complaint: Complaint) -> Panel | None:
    """What the investigation of this complaint found so far; None for a category without one of its own."""
    make = PANELS.get(complaint.category.code)
    return make(complaint) if make else None


def missing(complaint: Complaint) -> list[Words]:
    """What is still to be found before the complaint can be answered well."""
    found = panel(complaint)
    return found.missing if found else []


def likely_cause(complaint: Complaint) -> RootCause | None:
    """The root cause, where what was found makes it clear and this utility has it in its tree."""
    found = panel(complaint)
    return RootCause.objects.filter(code=found.cause, is_active=True).first() if found and found.cause else None
