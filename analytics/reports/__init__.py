"""The reports, one file each; a file in this folder with a `REPORT` is a report."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from analytics.reports.base import Report


@cache
def all_reports() -> dict[str, Report]:
    """Every report by its name in the address, in the order in which they are offered."""
    modules = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)]
    reports = [module.REPORT for module in modules if hasattr(module, "REPORT")]
    return {report.name: report for report in sorted(reports, key=lambda report: report.position)}
