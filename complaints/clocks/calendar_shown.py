"""A calendar as people read and write it: windows in words, a year month by month, and what differs between two versions."""

from __future__ import annotations

import re
from calendar import Calendar as Weeks
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.dates import WEEKDAYS as WEEKDAY_NAMES
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

from complaints.clocks.calendars import DAY, ONE_DAY, WEEKDAYS, ImpossibleCalendar, Window, WorkingCalendar

WHOLE_DAY = (Window(0, DAY),)
KINDS = {
    "open": gettext_lazy("working day"),
    "rest": gettext_lazy("weekly rest"),
    "off": gettext_lazy("day off"),
    "makeup": gettext_lazy("make-up working day"),
    "hours": gettext_lazy("other hours"),
}
MARKS = {
    "off": pgettext_lazy("mark of a day off in a month", "×"),
    "makeup": pgettext_lazy("mark of a make-up day in a month", "+"),
    "hours": pgettext_lazy("mark of other hours in a month", "~"),
}
"""Each meaning has a shape beside its colour."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a month; `kind` is of KINDS, `words` are for the pointer and for screen readers."""

    on: date
    kind: str
    mark: Any
    words: str
    is_known: bool


@dataclass(frozen=True, slots=True)
class Month:
    first: date
    weeks: tuple[tuple[Day | None, ...], ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What a new version changes: a weekday or some dates, before and after in words."""

    label: str
    before: str
    after: str
    first: date | None = None
    last: date | None = None


def guess_sentence(known_until: date) -> str:
    until = date_format(known_until, "DATE_FORMAT")
    return _("The arrangement of holidays after %(until)s is not loaded, so this is a guess.") % {"until": until}


def weekday_names() -> list[str]:
    return [str(WEEKDAY_NAMES[number]) for number in range(7)]


def weekday_heads() -> list[tuple[str, str]]:
    """Short and full names, Monday first."""
    short = {number: str(WEEKDAYS_ABBR[number]) for number in range(7)}
    chinese = (get_language() or "").startswith("zh")
    return [(full[-1] if chinese else short[number], full) for number, full in enumerate(weekday_names())]


def windows_words(windows: Sequence[Window]) -> str:
    """ "08:30–12:00, 13:30–17:30", "whole day" or "closed"."""
    if tuple(windows) == WHOLE_DAY:
        return _("whole day")
    return ", ".join(f"{_clock(w.start)}–{_clock(w.end)}" for w in windows) or _("closed")


def windows_typed(windows: Sequence[Sequence[str]]) -> str:
    """Stored windows as a person types them: "08:30-12:00 13:30-17:30"."""
    return " ".join(f"{start}-{end}" for start, end in windows)


def windows_read(text: str) -> list[list[str]]:
    """What a person typed, as it is stored; empty means closed. Raises ImpossibleCalendar."""
    found = []
    for part in re.split(r"[\s,;，；、]+", text.strip()):
        if not part:
            continue
        ends = re.split("[-–—~～]", part.replace("：", ":"))
        if len(ends) != 2 or not all(ends):
            raise ImpossibleCalendar(_("“%(text)s” is no window; write it as 08:30-12:00.") % {"text": part})
        found.append([end if re.fullmatch(r"\d\d:.*", end) else f"0{end}" for end in ends])
    return found


def _clock(minute: int) -> str:
    minute = minute if minute <= DAY else minute - DAY
    return f"{minute // 60:02d}:{minute % 60:02d}"


def name_of(rules: Mapping[str, Any], day: date) -> str:
    """The name of a dated exception, in the language in use where both are known."""
    name = (rules.get("names") or {}).get(day.isoformat(), "")
    if isinstance(name, Mapping):
        name = name.get("zh" if (get_language() or "").startswith("zh") else "en", "")
    return str(name)


def kind_of(calendar: WorkingCalendar, day: date) -> str:
    usual, windows = calendar.week[day.weekday()], calendar.windows(day)
    if day not in calendar.dated or (windows == usual and windows):
        return "open" if windows else "rest"
    if not windows:
        return "off"
    return "hours" if usual else "makeup"


def year(calendar: WorkingCalendar, rules: Mapping[str, Any], number: int) -> list[Month]:
    """The twelve months of a year, weeks from Monday; days of other months are None."""
    weeks = Weeks(firstweekday=0)
    return [
        Month(
            date(number, month, 1),
            tuple(
                tuple(_day(calendar, rules, day) if day.month == month else None for day in week)
                for week in weeks.monthdatescalendar(number, month)
            ),
        )
        for month in range(1, 13)
    ]


def _day(calendar: WorkingCalendar, rules: Mapping[str, Any], day: date) -> Day:
    kind, name = kind_of(calendar, day), name_of(rules, day)
    words = [str(KINDS[kind]), name, windows_words(calendar.windows(day)) if kind in ("hours", "makeup") else ""]
    return Day(day, kind, MARKS.get(kind, ""), ", ".join(filter(None, words)), calendar.is_known(day))


def exceptions(calendar: WorkingCalendar, rules: Mapping[str, Any], number: int | None = None) -> list[Difference]:
    """The dated exceptions (of a year) in order, like neighbours put together; `before` holds the name."""
    days = [day for day in sorted(calendar.dated) if number is None or day.year == number]
    said = [(day, (name_of(rules, day), windows_words(calendar.windows(day)))) for day in days]
    return list(_together(said))


def differences(old: WorkingCalendar | None, new: WorkingCalendar) -> list[Difference]:
    """What the new version changes: zone, week, single dates, and until when it is certain."""
    found = []
    if old is None or old.timezone != new.timezone:
        found.append(Difference(_("Time zone"), str(old.timezone) if old else "", str(new.timezone)))
    for number, name in enumerate(weekday_names()):
        before = windows_words(old.week[number]) if old else ""
        after = windows_words(new.week[number])
        if before != after:
            found.append(Difference(name, before, after))
    dates = sorted({*(old.dated if old else ()), *new.dated})
    changed = []
    for day in dates:
        before, after = (windows_words(one.windows(day)) if one else "" for one in (old, new))
        was_dated = old is not None and day in old.dated
        if before != after and (old is None or was_dated or day in new.dated):
            changed.append((day, (before, after)))
    found += _together(changed)
    if old is None or old.covers_until != new.covers_until:
        found.append(Difference(_("Covered until"), _until(old), _until(new)))
    return found


def _until(calendar: WorkingCalendar | None) -> str:
    if calendar is None:
        return ""
    return date_format(calendar.covers_until, "DATE_FORMAT") if calendar.covers_until else _("always")


def _together(said: Sequence[tuple[date, tuple[str, str]]]) -> Iterator[Difference]:
    """Runs of days on which the same is said, as one span in words."""
    run: list[date] = []
    for number, (day, words) in enumerate(said):
        run.append(day)
        following = said[number + 1] if number + 1 < len(said) else None
        if following is None or following != (day + ONE_DAY, words):
            yield Difference(span_words(run[0], run[-1]), *words, run[0], run[-1])
            run = []


def span_words(first: date, last: date) -> str:
    start = date_format(first, "DATE_FORMAT")
    return start if first == last else f"{start} – {date_format(last, 'DATE_FORMAT')}"


def week_of(calendar: WorkingCalendar) -> list[tuple[str, str]]:
    """Weekdays with their windows in words."""
    return [(name, windows_words(calendar.week[number])) for number, name in enumerate(weekday_names())]


def week_typed(rules: Mapping[str, Any]) -> dict[str, str]:
    return {name: windows_typed((rules.get("week") or {}).get(name) or []) for name in WEEKDAYS}
