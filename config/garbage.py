"""How often a process that serves looks for garbage: seldom, and never in what it loaded at its start."""

from __future__ import annotations

import gc

SELDOM = 50_000
"""Objects that are new and not gone before it is looked for again; Python's own 700 are there several times in one page."""


def collect_seldom() -> None:
    """Call when everything is loaded. A page makes a hundred thousand objects that go by themselves; looking through them, and
    now and then through all the code of the product, took a tenth of its time (decision 0041).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(SELDOM, 10, 10)
