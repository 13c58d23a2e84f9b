"""Charts as data: what a drawing script needs, without colours or fonts, which belong to the style sheet."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from analytics.reports.base import Chart


def option(chart: Chart) -> dict[str, Any]:
    """The chart as plain values, ready for JSON."""
    return asdict(chart)
