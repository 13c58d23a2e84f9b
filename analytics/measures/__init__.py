"""Every figure, defined once and field by field; board, reports, definitions page and API show these texts.

`series` names what is counted for it in `grains.series`; `reading.read` reads that for filters, a person and a period.
"""

from __future__ import annotations

from analytics.measures.base import Measure
from analytics.measures.of_complaints import OF_COMPLAINTS
from analytics.measures.of_work import OF_WORK

__all__ = ["MEASURES", "Measure", "measures"]

MEASURES = {measure.code: measure for measure in [*OF_COMPLAINTS, *OF_WORK]}


def measures(*codes: str) -> list[Measure]:
    return [MEASURES[code] for code in codes]
