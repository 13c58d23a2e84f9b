"""A year's arrangement: read from JSON, ICS or the library, taken into a calendar, and refused with what to mend."""

import json
from datetime import date

import pytest

from complaints.clocks.arrangements import Arrangement, BadArrangement, from_library, merge, read
from complaints.clocks.calendars import WorkingCalendar
from tests.complaints.clocks.calendars import CALENDARS

WEEK = {day: [["08:30", "17:30"]] for day in ("mon", "tue", "wed", "thu", "fri")}
RULES = {
    "timezone": "Asia/Shanghai",
    "week": WEEK,
    "dates": {"2026-10-01": [], "2026-12-31": [["08:30", "12:00"]]},
    "names": {"2026-10-01": "国庆节"},
    "covers_until": "2026-12-31",
}


def a_day(text: str, is_off: bool = True, name: str = "元旦") -> dict:
    return {"name": name, "date": text, "isOffDay": is_off}


def a_year(number: int = 2027) -> list[dict]:
    """As many days as a real year has, and a make-up Sunday."""
    off = ["01-01", "02-06", "02-07", "02-08", "04-05", "05-01", "06-09", "09-15", "10-01", "10-02"]
    return [*(a_day(f"{number}-{day}") for day in off), a_day(f"{number}-01-03", is_off=False, name="元旦")]


def as_json(days: list[dict], year: object = 2027) -> bytes:
    return json.dumps({"year": year, "papers": ["https://www.gov.cn/"], "days": days}, ensure_ascii=False).encode()


def as_ics(*events: str) -> bytes:
    body = "\r\n".join(f"BEGIN:VEVENT\r\n{event}\r\nEND:VEVENT" for event in events)
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{body}\r\nEND:VCALENDAR\r\n".encode()


def test_the_json_of_a_year_is_read():
    read_in = read(as_json(a_year()), 2027)
    assert read_in.off[date(2027, 10, 1)] == "元旦"
    assert list(read_in.make_up) == [date(2027, 1, 3)]
    assert read_in.is_complete


def test_an_ics_file_is_read_with_spans_and_make_up_days():
    read_in = read(
        as_ics(
            "DTSTART;VALUE=DATE:20270206\r\nDTEND;VALUE=DATE:20270209\r\nSUMMARY:春节(休)",
            "DTSTART;VALUE=DATE:20270220\r\nSUMMARY:春节\r\n (班)",
            "DTSTART;VALUE=DATE:20270501\r\nDURATION:P2D\r\nSUMMARY:Labour Day",
            "DTSTART;VALUE=DATE:20261231\r\nSUMMARY:元旦",
        )
    )
    assert read_in.year == 2027
    assert [day.isoformat() for day in read_in.off] == [
        *("2026-12-31", "2027-02-06", "2027-02-07", "2027-02-08", "2027-05-01", "2027-05-02")
    ]
    assert list(read_in.make_up) == [date(2027, 2, 20)]


def test_of_an_ics_file_with_many_years_one_is_taken():
    many = as_ics(*(f"DTSTART;VALUE=DATE:{year}0101\r\nSUMMARY:New Year" for year in (2025, 2026, 2027, 2028)))
    assert [day.year for day in read(many, 2027).off] == [2027, 2028]
    with pytest.raises(BadArrangement, match="several years"):
        read(many)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "neither a JSON"),
        (b"\xff\xfe", "no text in UTF-8"),
        (b"<html>", "neither a JSON"),
        (b"{", "cannot be read"),
        (b'{"year": 2027}', "needs this form"),
        (b'{"year": 2027, "days": [3]}', "needs this form"),
        (b"{" * 3000 + b'"a":' * 9, "cannot be read"),
        (as_json([a_day("2027-13-01")]), "cannot be read"),
        (as_json([{"name": "x", "date": "2027-01-01", "isOffDay": "yes"}]), "true or false"),
        (as_json([]), "not been announced"),
        (as_json(a_year(), year="2027"), "must be a number"),
        (as_json(a_year(2026), year=2026), "is for 2026, not for 2027"),
        (as_json([*a_year(), a_day("2027-06-01"), a_day("2025-06-01")]), "2025-06-01 does not belong to 2027"),
        (as_json([a_day("2027-10-01"), a_day("2027-10-01", is_off=False)]), "both a day off and a make-up"),
        (as_json([a_day("2027-10-01"), a_day("2027-10-01")]), "named twice"),
        (b" " * 1_000_001, "too large"),
        (as_ics(), "holds no event"),
        (as_ics("SUMMARY:元旦"), "no event of whole days"),
        (as_ics("DTSTART:20270101T090000Z\r\nSUMMARY:元旦"), "no event of whole days"),
        (as_ics("DTSTART;VALUE=DATE:20271301\r\nSUMMARY:元旦"), "is no date"),
        (as_ics("DTSTART;VALUE=DATE:20270101\r\nRRULE:FREQ=YEARLY\r\nSUMMARY:元旦"), "repeats"),
        (as_ics("DTSTART;VALUE=DATE:20270101\r\nDTEND;VALUE=DATE:20270101\r\nSUMMARY:元旦"), "does not last between"),
        (as_ics("DTSTART;VALUE=DATE:20270101\r\nDTEND;VALUE=DATE:20271231\r\nSUMMARY:元旦"), "does not last between"),
        (b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20270101", "middle of an event"),
    ],
)
def test_a_wrong_file_is_refused_with_what_to_mend(content, says):
    with pytest.raises(BadArrangement, match=says):
        read(content, 2027)


def test_a_year_taken_in_replaces_what_was_said_of_it_and_leaves_the_rest():
    before = {**RULES, "dates": {**RULES["dates"], "2027-03-01": [], "2027-03-02": [["10:00", "11:00"]]}}
    taken = merge(before, read(as_json([*a_year(), a_day("2026-12-31")])))
    dates = taken.rules["dates"]
    assert dates["2026-10-01"] == []
    assert dates["2026-12-31"] == []  # named by the file, so its own hours are gone
    assert "2027-03-01" not in dates
    assert dates["2027-03-02"] == [["10:00", "11:00"]]
    assert dates["2027-01-03"] == "week:mon"
    assert taken.rules["covers_until"] == "2027-12-31"
    assert taken.warnings == ()
    calendar = WorkingCalendar.from_rules("office", 2, taken.rules)
    assert calendar.is_working_day(date(2027, 1, 3))
    assert not calendar.is_working_day(date(2027, 10, 1))
    assert taken.rules["names"] == {
        **{day["date"]: "元旦" for day in a_year()},
        "2026-10-01": "国庆节",
        "2026-12-31": "元旦",
    }


def test_taking_the_same_year_in_twice_changes_nothing():
    once = merge(RULES, read(as_json(a_year()))).rules
    assert merge(once, read(as_json(a_year()))).rules == once


def test_a_part_of_a_year_does_not_count_as_the_year():
    taken = merge(RULES, read(as_json(a_year()[:5])))
    assert taken.rules["covers_until"] == "2026-12-31"
    assert "Only 5 days off are named for 2027" in taken.warnings[0]


def test_a_year_after_a_gap_does_not_hide_the_gap():
    taken = merge(RULES, read(as_json(a_year(2028), year=2028)))
    assert taken.rules["covers_until"] == "2026-12-31"
    assert "before 2028 is not loaded" in taken.warnings[0]


def test_what_is_covered_never_becomes_less():
    assert merge(RULES, read(as_json(a_year(2025), year=2025))).rules["covers_until"] == "2026-12-31"


def test_a_calendar_that_is_always_open_is_asked_about():
    always = {"timezone": "UTC", "week": {**WEEK, "sat": [["00:00", "24:00"]], "sun": [["00:00", "24:00"]]}}
    taken = merge(always, read(as_json(a_year())))
    assert "will close it" in taken.warnings[0]
    assert taken.rules["covers_until"] == "2027-12-31"


@pytest.mark.parametrize("year", [2024, 2025, 2026])
@pytest.mark.parametrize(("country", "code"), [("CN", "cn-national"), ("GB-ENG", "gb-working-days")])
def test_the_library_and_the_profile_say_the_same(country, code, year):
    known, shipped = from_library(country, year), CALENDARS[code]
    assert known.is_complete
    taken = merge({"timezone": "UTC", "week": WEEK}, known)
    calendar = WorkingCalendar.from_rules(code, 1, taken.rules)
    for number in range(365):
        day = date.fromordinal(date(year, 1, 1).toordinal() + number)
        assert calendar.is_working_day(day) == shipped.is_working_day(day), day


def test_the_library_says_when_it_does_not_know_a_year():
    with pytest.raises(BadArrangement, match="does not know 2060"):
        from_library("CN", 2060)


def test_easter_saturday_is_open_at_the_english_office():
    assert CALENDARS["gb-office"].is_working_day(date(2026, 4, 4))
    assert not CALENDARS["gb-office"].is_working_day(date(2026, 4, 3))
    assert not CALENDARS["gb-office"].is_working_day(date(2026, 4, 6))
    assert not CALENDARS["gb-working-days"].is_working_day(date(2026, 4, 4))


def test_a_year_is_complete_from_new_year_into_the_last_quarter():
    days = {date(2027, 1, 1): "", **{date(2027, 5, number): "" for number in range(1, 9)}}
    assert not Arrangement(2027, days, {}).is_complete
    assert Arrangement(2027, {**days, date(2027, 12, 25): ""}, {}).is_complete
