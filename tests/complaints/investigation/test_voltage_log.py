"""Logs as instruments write them: whatever the encoding, the signs and the heads, and no line silently dropped."""

import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from complaints.investigation.voltage_log import Columns, gaps, guess, lines_of, lines_typed, moment, read
from complaints.refusals import BadInput

LONDON = ZoneInfo("Europe/London")


def taken(data, nominal=220):
    lines = lines_of(data)
    return read(lines, guess(lines), nominal)


CHINESE = "设备: 电压监测仪\n型号,DT-3\n\n时间,A相电压(V),B相电压(V),C相电压(V),A相电流(A)\n2026-03-02 19:00,198.5,221.0,219.9,12.1\n2026-03-02 19:01,197.9,221.1,220.0,12.2\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_chinese_log_with_lines_before_the_table(encoding):
    lines = lines_of(CHINESE.encode(encoding))
    columns = guess(lines)
    assert (columns.time, dict(columns.phases), columns.first) == (0, {"A": 1, "B": 2, "C": 3}, 5)
    log = read(lines, columns, 220)
    assert log.zero_at == datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
    assert log.series["A"] == [(0, 19850), (60, 19790)]
    assert log.faults == []


@pytest.mark.parametrize(
    ("text", "series"),
    [
        (
            "Time;U1 [V];U2 [V];U3 [V]\n02.03.2026 19:00:30;230,5;231,0;229,9\n02.03.2026 19:01:30;230,6;231,0;229,9\n",
            {"A": [(30, 23050), (90, 23060)], "B": [(30, 23100), (90, 23100)], "C": [(30, 22990), (90, 22990)]},
        ),
        (
            "Date\tTime\tVoltage (kV)\n2026/03/02\t19:00\t10.25\n2026/03/02\t19:10\t10.26\n",
            {"U": [(0, 1025000), (600, 1026000)]},
        ),
        ("2026-03-02T19:00:00+08:00,230\n2026-03-02T11:01:00Z,231\n", {"U": [(0, 23000), (60, 23100)]}),
        ("timestamp,V_RMS\n03/31/2026 07:00 PM,230\n03/31/2026 07:01 PM,231\n", {"U": [(0, 23000), (60, 23100)]}),
        (
            "采集时间,Ua,Ub,Uc\n2026年3月2日 19:00,220,221,222\n2026年3月2日 19时01分,220,221,222\n",
            {"A": [(0, 22000), (60, 22000)], "B": [(0, 22100), (60, 22100)], "C": [(0, 22200), (60, 22200)]},
        ),
    ],
)
def test_other_ways_to_write_it(text, series):
    log = taken(text.encode(), nominal=10000 if "kV" in text else 220)
    assert (log.series, log.faults) == (series, [])


def test_a_workbook_keeps_its_seconds():
    book = Workbook()
    book.active.append(["时间", "电压"])
    for n in range(3):
        book.active.append([datetime(2026, 3, 2, 19, 0, 15 * n), 220.5])  # noqa: DTZ001
    out = io.BytesIO()
    book.save(out)
    assert taken(out.getvalue()).series == {"U": [(0, 22050), (15, 22050), (30, 22050)]}


def test_every_bad_line_is_told_with_its_number():
    text = """time,A,B,C
2026-03-02 19:00,220,221,222
noon,220,221,222
2026-03-02 19:02,,221,x
2026-03-02 19:03,-1,999,222
2026-03-02 19:03,219,221,222
2026-03-02 19:02,0,221,222
2026-03-02 19:05,0,0,0
"""
    log = taken(text.encode())
    assert [(line, phase, code) for line, phase, _said, code in log.faults] == [
        *[(3, "", "no_time"), (4, "A", "empty"), (4, "C", "no_number"), (5, "A", "negative"), (5, "B", "absurd")],
        *[(6, "C", "repeated"), (7, "", "out_of_order"), (7, "A", "dead_phase"), (7, "B", "repeated")],
        *[(8, "A", "no_supply"), (8, "B", "no_supply"), (8, "C", "no_supply")],
    ]
    assert log.series["A"] == [(0, 22000), (180, 21900), (300, 0)]
    assert log.series["C"] == [(0, 22200), (120, 22200), (180, 22200), (300, 0)]


def test_the_same_time_with_another_voltage_is_a_contradiction():
    log = taken(b"time,V\n2026-03-02 19:00,220\n2026-03-02 19:00,230\n")
    assert (log.series, log.faults[0][3]) == ({"U": [(0, 22000)]}, "contradiction")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"   ",
        b"\xff\xff\xff",
        b"PK\x03\x04 no workbook",
        b"time,V\n",
        b"time,V\nnoon,220\n",
        b"time,V\n2026-03-02 19:00,none\n",
    ],
)
def test_what_has_no_reading_is_refused_with_a_sentence(data):
    def tried():
        lines = lines_of(data)
        return read(lines, guess(lines) or Columns(0, {"U": 1}), 220)

    with pytest.raises(BadInput) as refused:
        tried()
    assert refused.value.message.endswith((".", "?"))


def test_what_people_type():
    lines = lines_typed("2026-03-02 19:30  198.5\n\n2026-03-02 19:31, 197.9\nlater 200")
    log = read(lines, Columns(0, {"U": 1}), 220)
    assert log.series == {"U": [(0, 19850), (60, 19790)]}
    assert log.faults == [(4, "", "later 200", "no_time")]


def test_the_clock_is_set_back_and_forward():
    first = moment("2026-10-25 01:30", day_first=True, zone=LONDON)
    again = moment("2026-10-25 01:30", day_first=True, zone=LONDON, after=first)
    assert again - first == timedelta(hours=1)
    assert moment("2026-03-29 01:30", day_first=True, zone=LONDON) == "no_such_time"


def test_gaps():
    assert gaps([(0, 1), (60, 1), (120, 1), (600, 1), (660, 1)]) == [(120, 600)]


@given(
    st.lists(st.tuples(st.integers(0, 600), st.sampled_from(["220", "0", "x", "", "-3", "999", "198.5"])), min_size=1)
)
def test_every_line_is_taken_or_told(rows):
    begin = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
    lines = [["time", "V"], *([f"{begin + timedelta(seconds=s):%Y-%m-%d %H:%M:%S}", v] for s, v in rows)]
    try:
        log = read(lines, Columns(0, {"U": 1}, first=2), 220)
    except BadInput:
        assert not any(v in ("220", "0", "198.5") for _s, v in rows)
        return
    not_taken = [line for line, _phase, _said, code in log.faults if code not in ("out_of_order", "no_supply")]
    assert len(not_taken) == len(set(not_taken))
    assert log.count + len(not_taken) == len(rows)
    assert log.series["U"] == sorted(log.series["U"])
