"""A year's days off and make-up working days: read from a file or a library, and merged into a calendar's rules."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import chinese_calendar
import holidays
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from complaints.clocks.calendars import ONE_DAY, WEEKDAYS

LARGEST = 1_000_000
"""Bytes; a year's arrangement is a few thousand."""
LONGEST = 31
"""Days of one event; the longest holiday of the years known has nine."""
FEWEST = 7
"""Days off in a year, below which part of it is missing: the smallest real year (England) has eight."""
MAKE_UP = re.compile(r"班|make-?\s?up|work(ing)? ?day", re.IGNORECASE)
LIBRARIES = ("CN", "GB-ENG")
"""Whose days the installed libraries know: `chinesecalendar` with its make-up days, `holidays` for England."""

Said = tuple[date, str, bool]
"""A day, its name, and whether it is off."""


class BadArrangement(ValueError):
    """A file that is no arrangement, or one that contradicts itself; the message says what to mend."""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What was announced for one year, with December before and January after where they are named; names by day."""

    year: int
    off: Mapping[date, str]
    make_up: Mapping[date, str]

    @property
    def is_complete(self) -> bool:
        """Whether it reaches from New Year into the last quarter and has as many days off as any real year."""
        days = [day for day in self.off if day.year == self.year]
        begins = any(day.month == 1 and day.day <= 3 for day in days)
        return begins and any(day.month >= 10 for day in days) and len(days) >= FEWEST


@dataclass(frozen=True, slots=True)
class Merged:
    """A calendar's rules with a year taken in, and sentences on what to look at before saving."""

    rules: dict[str, Any]
    warnings: tuple[str, ...]


def read(content: bytes, year: int | None = None) -> Arrangement:
    """A JSON or an ICS file; `year` chooses from a file with several. Raises BadArrangement."""
    if len(content) > LARGEST:
        raise BadArrangement(_("The file is too large for a year's arrangement."))
    try:
        text = content.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise BadArrangement(_("The file is no text in UTF-8. Save it as JSON or ICS in UTF-8.")) from error
    if text.startswith("{"):
        return _read_json(text, year)
    if text.upper().startswith("BEGIN:VCALENDAR"):
        return _read_ics(text, year)
    raise BadArrangement(_("This is neither a JSON file of holidays nor an ICS file."))


def from_library(country: str, year: int) -> Arrangement:
    """What the installed library knows of a year. Raises BadArrangement for a year that it does not know."""
    if country == "CN":
        off, make_up = chinese_calendar.constants.holidays, chinese_calendar.constants.workdays
        said = [(day, chinese_calendar.Holiday(name).chinese, True) for day, name in off.items()]
        said += [(day, chinese_calendar.Holiday(name).chinese, False) for day, name in make_up.items()]
    else:
        country, _dash, part = country.partition("-")
        said = [(day, name, True) for day, name in holidays.country_holidays(country, part, years=year).items()]
    of_year = [one for one in said if one[0].year == year]
    if not of_year:
        words = {"year": year}
        raise BadArrangement(_("The library does not know %(year)d yet. Take the file that was announced.") % words)
    return _arranged(year, of_year)


def merge(rules: Mapping[str, Any], arrangement: Arrangement) -> Merged:
    """Days off and make-up days of the year are replaced; openings with hours of their own stay unless the day is named.

    `covers_until` rises to the end of a complete year that follows on what is covered; it never falls.
    """
    year, week = arrangement.year, rules.get("week") or {}
    kept = {day: spec for day, spec in (rules.get("dates") or {}).items() if not _is_arranged(day, spec, year)}
    names = {day: name for day, name in (rules.get("names") or {}).items() if day in kept}
    like = next((name for name in WEEKDAYS if week.get(name)), "mon")
    for day in arrangement.off:
        kept[day.isoformat()] = []
    for day in arrangement.make_up:
        kept[day.isoformat()] = f"week:{like}"
    for day, name in (*arrangement.off.items(), *arrangement.make_up.items()):
        names[day.isoformat()] = name
    until, warnings = _covered(rules.get("covers_until"), arrangement)
    if all(week.get(name) for name in WEEKDAYS):
        warnings.append(_("This calendar is open on every day of the week; the days off will close it."))
    taken = {**rules, "dates": dict(sorted(kept.items())), "names": dict(sorted(names.items()))}
    return Merged({**taken, "covers_until": until} if until else taken, tuple(warnings))


def _is_arranged(day: str, spec: Any, year: int) -> bool:
    """Whether a dated exception is a day off or a make-up day of this year."""
    return date.fromisoformat(day).year == year and (not spec or isinstance(spec, str))


def _covered(stored: str | None, arrangement: Arrangement) -> tuple[str | None, list[str]]:
    end = date(arrangement.year, 12, 31)
    until = date.fromisoformat(stored) if stored else None
    days = {"year": arrangement.year, "until": until or "–"}
    if until and until >= end:
        return stored, []
    if not arrangement.is_complete:
        count = len(arrangement.off)
        words = ngettext(
            "Only %(count)d day off is named for %(year)d, so the year does not count as complete; covered until: %(until)s.",
            "Only %(count)d days off are named for %(year)d, so the year does not count as complete; covered until: %(until)s.",
            count,
        )
        return stored, [words % {**days, "count": count}]
    if until and until.year + 1 < arrangement.year:
        gap = _("The year before %(year)d is not loaded yet, so the calendar still counts as covered until %(until)s.")
        return stored, [gap % days]
    return end.isoformat(), []


def _arranged(year: int, said: Iterable[Said]) -> Arrangement:
    """Sorted into days off and make-up days. Raises BadArrangement for contradictions, duplicates and other years."""
    off: dict[date, str] = {}
    make_up: dict[date, str] = {}
    for day, name, is_off in sorted(said, key=lambda one: one[0]):
        words = {"day": day.isoformat(), "year": year}
        if not date(year - 1, 12, 1) <= day <= date(year + 1, 1, 31):
            raise BadArrangement(_("%(day)s does not belong to %(year)d. Take the days of one year.") % words)
        if day in (make_up if is_off else off):
            raise BadArrangement(_("%(day)s is both a day off and a make-up working day. Keep one.") % words)
        if day in (off if is_off else make_up):
            raise BadArrangement(_("%(day)s is named twice. Remove one of the two.") % words)
        (off if is_off else make_up)[day] = name
    if not any(day.year == year for day in (*off, *make_up)):
        words = {"year": year}
        raise BadArrangement(_("The file names no day of %(year)d; perhaps it has not been announced yet.") % words)
    return Arrangement(year, off, make_up)


def _read_json(text: str, asked: int | None) -> Arrangement:
    try:
        content = json.loads(text)
        year, days = content["year"], content["days"]
        said = [(date.fromisoformat(day["date"]), str(day["name"])[:60], day["isOffDay"]) for day in days]
    except (ValueError, RecursionError) as error:
        raise BadArrangement(_("The JSON cannot be read: %(why)s.") % {"why": error}) from error
    except (KeyError, TypeError) as error:
        example = '{"year": 2027, "days": [{"name": "元旦", "date": "2027-01-01", "isOffDay": true}]}'
        raise BadArrangement(_("The JSON needs this form: %(example)s") % {"example": example}) from error
    if not isinstance(year, int) or any(not isinstance(is_off, bool) for _day, _name, is_off in said):
        raise BadArrangement(_("The year must be a number, and isOffDay true or false."))
    if asked and asked != year:
        raise BadArrangement(_("The file is for %(year)d, not for %(asked)d.") % {"year": year, "asked": asked})
    return _arranged(year, said)


def _read_ics(text: str, asked: int | None) -> Arrangement:
    """All-day events; December before and January after are taken where the file names them, other years are left."""
    said = [one for event in _events(text) for one in _days_of(event)]
    years = sorted({day.year for day, _name, _is_off in said})
    if not years:
        raise BadArrangement(_("The ICS file holds no event."))
    if asked is None:
        asked = _only_year(said)
    first, last = date(asked - 1, 12, 1), date(asked + 1, 1, 31)
    return _arranged(asked, [one for one in said if first <= one[0] <= last])


def _only_year(said: Iterable[Said]) -> int:
    """The year that a file is about when a December before it or a January after it may stand in it too."""
    days = [day for day, _name, _is_off in said]
    for year in sorted({day.year for day in days}):
        if all(date(year - 1, 12, 1) <= day <= date(year + 1, 1, 31) for day in days):
            return year if any(day.year == year and 2 <= day.month <= 11 for day in days) else days[-1].year
    raise BadArrangement(_("The file holds several years. Say which one to take."))


def _events(text: str) -> Iterator[dict[str, tuple[str, str]]]:
    """Each VEVENT as {property: (parameters, value)}, with folded lines put together (RFC 5545, 3.1)."""
    event: dict[str, tuple[str, str]] | None = None
    for line in re.sub(r"\r?\n[ \t]", "", text).splitlines():
        head, _colon, value = line.partition(":")
        name, _semicolon, parameters = head.upper().partition(";")
        if (name, value.strip().upper()) == ("BEGIN", "VEVENT"):
            event = {}
        elif (name, value.strip().upper()) == ("END", "VEVENT"):
            if event is not None:
                yield event
            event = None
        elif event is not None and name not in event:
            event[name] = (parameters, value.strip())
    if event is not None:
        raise BadArrangement(_("The ICS file ends in the middle of an event; fetch it again."))


def _days_of(event: Mapping[str, tuple[str, str]]) -> Iterator[Said]:
    summary = re.sub(r"\\(.)", r"\1", event.get("SUMMARY", ("", ""))[1])[:60]
    if "RRULE" in event or "RDATE" in event:
        raise BadArrangement(_("“%(name)s” repeats; each day must stand in the file by itself.") % {"name": summary})
    first = _ics_day(event.get("DTSTART"), summary)
    count = 1
    if "DTEND" in event:
        count = (_ics_day(event["DTEND"], summary) - first).days
    elif lasts := re.fullmatch(r"P(\d{1,3})D", event.get("DURATION", ("", ""))[1]):
        count = int(lasts[1])
    if not 1 <= count <= LONGEST:
        raise BadArrangement(
            _("“%(name)s” does not last between 1 and %(most)d days.") % {"name": summary, "most": LONGEST}
        )
    is_off = not MAKE_UP.search(summary)
    for number in range(count):
        yield first + number * ONE_DAY, summary, is_off


def _ics_day(given: tuple[str, str] | None, summary: str) -> date:
    if given is None or not re.fullmatch(r"\d{8}", given[1]):
        raise BadArrangement(_("“%(name)s” is no event of whole days.") % {"name": summary})
    try:
        return date.fromisoformat(given[1])
    except ValueError as error:
        raise BadArrangement(_("“%(text)s” is no date; write it as 2026-02-14.") % {"text": given[1]}) from error
