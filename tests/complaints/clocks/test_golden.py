"""Deadlines that a supervisor can check by hand: golden.csv, with the worked dates of the domain reference in it."""

import csv
from datetime import datetime
from pathlib import Path

import pytest

from complaints.clocks.deadlines import due_at, explain, used
from complaints.clocks.limits import Limit
from tests.complaints.clocks.calendars import CALENDARS

with (Path(__file__).parent / "golden.csv").open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file))


def moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_a_deadline_is_what_the_table_says(row):
    calendar = CALENDARS.get(row["calendar"])
    limit, start = Limit.parse(row["limit"]), moment(row["start"])
    pauses = [tuple(moment(end) for end in pause.split("/")) for pause in row["pauses"].split()]
    due = due_at(limit, calendar, start, pauses)
    assert due == moment(row["due"]), due and due.astimezone(start.tzinfo)
    if due is not None:
        assert used(limit, calendar, start, due, pauses) >= limit.duration


@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_an_explanation_leads_from_the_start_to_the_deadline_without_a_gap(row):
    start = moment(row["start"])
    pauses = [tuple(moment(end) for end in pause.split("/")) for pause in row["pauses"].split()]
    explained = explain(Limit.parse(row["limit"]), CALENDARS.get(row["calendar"]), start, pauses)
    assert explained.due_at == moment(row["due"])
    if explained.due_at is None:
        return
    assert explained.segments[0].start == start
    assert all(a.end == b.start for a, b in zip(explained.segments, explained.segments[1:], strict=False))
    assert explained.segments[-1].end in (explained.due_at, CALENDARS["office"].day_end(explained.due_at.date()))
