"""Readings of voltage as instruments and people write them: which column is what, and every line that could not be taken."""

from __future__ import annotations

import csv
import io
import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints.attachments import MAX_BYTES
from complaints.investigation.limits import NO_SUPPLY, SAME_STEP, Reading, usual_step
from complaints.refusals import BadInput
from staff import tables

MAX_READINGS = 200_000
MAX_FAULTS = 20_000
MAX_HEAD = 60
"""The table begins within so many lines; what stands before it tells of the instrument."""
SHOWN = 10
PHASES = ("A", "B", "C")
SINGLE = "U"
ABSURD = 2
"""More than this many times the nominal voltage is no voltage but a fault of the instrument [P]."""
DELIMITERS = "\t;，,"

FAULTS = {
    "no_time": gettext_lazy("the time cannot be read; not taken"),
    "no_such_time": gettext_lazy("the clock skipped this time (summer time); not taken"),
    "empty": gettext_lazy("no voltage; not taken"),
    "no_number": gettext_lazy("the voltage is no number; not taken"),
    "negative": gettext_lazy("a negative voltage; not taken"),
    "absurd": gettext_lazy("more than twice the nominal voltage; not taken"),
    "repeated": gettext_lazy("the same time again with the same voltage; counted once"),
    "contradiction": gettext_lazy("the same time again with another voltage; the first one counts"),
    "out_of_order": gettext_lazy("earlier than the line before it; sorted in"),
    "dead_phase": gettext_lazy("no voltage here while another phase has it: sensor or lost phase; not taken"),
    "no_supply": gettext_lazy("no voltage on any phase: taken as an interruption, not judged"),
}

TIME_WORDS = frozenset(
    [
        "时间",
        "采集时间",
        "数据时间",
        "记录时间",
        "测量时间",
        "日期时间",
        "时刻",
        "time",
        "datetime",
        "date/time",
        "timestamp",
        "日期/时间",
    ]
)
DATE_WORDS = frozenset(["日期", "date", "数据日期"])
NAMES = {
    "A": frozenset(
        [
            "a",
            "ua",
            "va",
            "a相",
            "ab",
            "uab",
            "vab",
            "ua-b",
            "u1",
            "v1",
            "l1",
            "ul1",
            "vl1",
            "uan",
            "van",
            "u12",
            "v12",
            "l1n",
            "l1l2",
            "phasea",
            "phase1",
            "ch1",
        ]
    ),
    "B": frozenset(
        [
            "b",
            "ub",
            "vb",
            "b相",
            "bc",
            "ubc",
            "vbc",
            "u2",
            "v2",
            "l2",
            "ul2",
            "vl2",
            "ubn",
            "vbn",
            "u23",
            "v23",
            "l2n",
            "l2l3",
            "phaseb",
            "phase2",
            "ch2",
        ]
    ),
    "C": frozenset(
        [
            "c",
            "uc",
            "vc",
            "c相",
            "ca",
            "uca",
            "vca",
            "u3",
            "v3",
            "l3",
            "ul3",
            "vl3",
            "ucn",
            "vcn",
            "u31",
            "v31",
            "l3n",
            "l3l1",
            "phasec",
            "phase3",
            "ch3",
        ]
    ),
    SINGLE: frozenset(["u", "v", "volt", "volts", "voltage", "电压", "value", "ch"]),
}
_FILLER = re.compile(r"电压值|电压|有效值|平均值|平均|voltage|volts?|rms|avg|mean|[\s_.\-:]")
_BRACKETS = re.compile(r"[(\[].*?[)\]]|/k?v$")
_MOMENT = re.compile(
    r"(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})[\sT]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*([ap]m)?", re.I
)
_TYPED = re.compile(r"\s*(\d\S*[\sT]+\d{1,2}:\d{2}(?::\d{2})?)[\s,;，；]+(.+)")

Fault = tuple[int, str, str, str]
"""Line, phase or "", what it says, and the code of what is wrong."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column is what, counted from 0; `first` is the line of the first reading, counted from 1."""

    time: int
    phases: Mapping[str, int]
    date: int | None = None
    first: int = 1
    is_kilovolt: bool = False
    decimal_comma: bool = False
    day_first: bool = True


@dataclass(slots=True)
class Log:
    """What was taken: seconds from `zero_at` and hundredths of a volt by phase, sorted; and what was not, or looks odd."""

    zero_at: datetime
    series: dict[str, list[Reading]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    @property
    def count(self) -> int:
        return sum(map(len, self.series.values()))


def lines_of(data: bytes) -> list[list[str]]:
    """The cells of each line. Raises BadInput when it is no table or too long."""
    most = MAX_READINGS + MAX_HEAD
    how = tables.How(MAX_BYTES, most, 8 * MAX_BYTES, delimiter_of, with_seconds=True)
    try:
        return tables.read(data, how)
    except tables.Unreadable as error:
        raise BadInput(str(error), fields=["file"]) from error


def delimiter_of(text: str) -> str:
    """The sign that parts the columns: the first of tab, semicolon and comma that most lines have the same number of.

    A comma comes last, because beside a semicolon it is the decimal sign.
    """
    lines = [line for line in text[:50_000].splitlines() if line.strip()][: 4 * MAX_HEAD]
    for sign in DELIMITERS:
        counts = Counter(line.count(sign) for line in lines)
        if sum(count for times, count in counts.items() if times) * 2 > len(lines):
            return sign
    return ","


def lines_typed(text: str) -> list[list[str]]:
    """Lines as a person types them: date and time, then one voltage or three, parted by blanks or commas."""
    found = []
    for line in text.splitlines():
        match = _TYPED.match(line)
        cells = (
            [match[1], *re.split(r"[\s,;，；]+", match[2].strip())]
            if match
            else next(csv.reader(io.StringIO(line)), [])
        )
        found.append([cell.strip() for cell in cells])
    return found


def guess(lines: Sequence[Sequence[str]]) -> Columns | None:
    """What the heads of the columns say, else what stands in them; None when there is no time or no voltage."""
    for number, line in enumerate(lines[:MAX_HEAD]):
        found = _by_heads(line)
        if found is not None:
            first = number + 1
            while first < min(len(lines), number + 4) and not _looks_timed(lines[first], found):
                first += 1
            return _settled(lines, found, first, heads=line)
    for number, line in enumerate(lines[:MAX_HEAD]):
        times = [n for n, cell in enumerate(line) if _MOMENT.match(cell.strip())]
        if times:
            numbers = [n for n, cell in enumerate(line) if n > times[0] and _volts(cell, False) is not None][:3]
            if numbers:
                names = PHASES if len(numbers) == 3 else (SINGLE,)
                return _settled(lines, (times[0], None, dict(zip(names, numbers, strict=False))), number, heads=())
    return None


def head_word(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().strip()


def _by_heads(line: Sequence[str]) -> tuple[int, int | None, dict[str, int]] | None:
    time = date = None
    phases: dict[str, int] = {}
    for number, cell in enumerate(line):
        word = head_word(cell)
        bare = re.sub(r"[\s_]", "", _BRACKETS.sub("", word))
        if bare in TIME_WORDS and time is None:
            time = number
        elif bare in DATE_WORDS and date is None:
            date = number
        else:
            bare = _BRACKETS.sub("", word).strip()
            core = _FILLER.sub("", bare)
            for phase, names in NAMES.items():
                is_single = phase == SINGLE and not core and bare != ""
                if (core in names or bare in names or is_single) and phase not in phases:
                    phases[phase] = number
                    break
    if len(phases) > 1:
        phases.pop(SINGLE, None)
    if time is None and date is not None:
        time, date = date, None
    return (time, date, phases) if time is not None and phases else None


def _looks_timed(line: Sequence[str], found: tuple[int, int | None, dict[str, int]]) -> bool:
    return bool(_MOMENT.match(_stamp(line, found[0], found[1])))


def _settled(
    lines: Sequence[Sequence[str]], found: tuple[int, int | None, dict[str, int]], first: int, heads: Sequence[str]
) -> Columns:
    time, date, phases = found
    sample = lines[first : first + 500]
    cells = [line[column] for line in sample for column in phases.values() if column < len(line)]
    stamps = [match for match in (_MOMENT.match(_stamp(line, time, date)) for line in sample) if match]
    return Columns(
        time=time,
        date=date,
        phases=phases,
        first=first + 1,
        is_kilovolt=any("kv" in head_word(heads[column]) for column in phases.values() if column < len(heads)),
        decimal_comma=any(re.fullmatch(r"\d+,\d+", cell) for cell in cells) and not any("." in cell for cell in cells),
        day_first=not any(len(match[1]) < 4 and int(match[2]) > 12 for match in stamps),
    )


def _stamp(line: Sequence[str], time: int, date: int | None) -> str:
    parts = [line[column] for column in (date, time) if column is not None and column < len(line)]
    text = unicodedata.normalize("NFKC", " ".join(parts)).strip()
    return re.sub(r"[年月]", "-", text).replace("日", " ").replace("时", ":").replace("分", ":").rstrip("秒: ")


def moment(text: str, *, day_first: bool, zone: tzinfo, after: datetime | None = None) -> datetime | str:
    """A moment in UTC, or the code of what is wrong with it. A time without an offset is the utility's own.

    Where the clock was set back an hour is there twice: the second time is meant when the first would lie before `after`.
    """
    try:
        said = datetime.fromisoformat(text)
        if said.tzinfo is not None:
            return said.astimezone(UTC).replace(microsecond=0)
    except ValueError:
        pass
    match = _MOMENT.fullmatch(text)
    if match is None:
        return "no_time"
    one, two, three = int(match[1]), int(match[2]), int(match[3])
    if len(match[1]) == 4:
        year, month, day = one, two, three
    else:
        year, (day, month) = three, (one, two) if day_first else (two, one)
    hour = int(match[4])
    if match[7]:
        hour = hour % 12 + (12 if match[7].lower() == "pm" else 0)
    try:
        local = datetime(year + 2000 * (year < 100), month, day, hour, int(match[5]), int(match[6] or 0), tzinfo=zone)
        first, second = local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)
        if first.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
            return "no_such_time"
    except (ValueError, OverflowError):
        return "no_time"
    return second if after is not None and first <= after < second else first


def _volts(text: str, decimal_comma: bool) -> Decimal | None:
    text = unicodedata.normalize("NFKC", text).strip().casefold().removesuffix("v").removesuffix("k").strip()
    if decimal_comma:
        text = text.replace(".", "").replace(",", ".")
    else:
        text = re.sub(r",(?=\d{3}(\D|$))", "", text)
    if not re.fullmatch(r"[+-]?\d+(\.\d*)?(e[+-]?\d{1,2})?", text):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def read(lines: Sequence[Sequence[str]], columns: Columns, nominal: int, *, zone: tzinfo | None = None) -> Log:
    """Every reading that can be taken, and a fault for every one that cannot. Raises BadInput when none can, or too many."""
    zone = zone or timezone.get_default_timezone()
    taken: dict[str, dict[datetime, int]] = {phase: {} for phase in columns.phases}
    faults: list[Fault] = []
    before: datetime | None = None
    for number, line in enumerate(lines[columns.first - 1 :], start=columns.first):
        if not any(line):
            continue
        stamp = _stamp(line, columns.time, columns.date)
        at = moment(stamp, day_first=columns.day_first, zone=zone, after=before)
        if isinstance(at, str):
            faults.append((number, "", stamp[:40], at))
            continue
        if before is not None and at < before:
            faults.append((number, "", stamp[:40], "out_of_order"))
        before = at
        faults += _take(number, at, line, columns, nominal, taken)
        if len(faults) > MAX_FAULTS:
            raise BadInput(
                _("More than %(most)d lines have something wrong. Are these the right columns and the right voltage?")
                % {"most": MAX_FAULTS},
                fields=["columns"],
            )
    moments = [at for phase in taken.values() for at in phase]
    if not moments:
        raise BadInput(_no_reading(faults), fields=["columns"])
    if len(moments) > MAX_READINGS:
        raise BadInput(_("More than %(most)d readings. Split the file.") % {"most": MAX_READINGS}, fields=["columns"])
    zero = min(moments)
    zero -= timedelta(minutes=zero.minute % 10, seconds=zero.second)
    series = {
        phase: [(int((at - zero).total_seconds()), volts) for at, volts in sorted(found.items())]
        for phase, found in taken.items()
        if found
    }
    if (max(moments) - zero).days > 400:
        raise BadInput(_("The readings lie more than a year apart. Are the dates read right?"), fields=["columns"])
    return Log(zero, series, faults)


def _take(
    number: int,
    at: datetime,
    line: Sequence[str],
    columns: Columns,
    nominal: int,
    taken: dict[str, dict[datetime, int]],
) -> Iterable[Fault]:
    """Take what one line says of each phase; what is wrong with it."""
    said: dict[str, tuple[str, int]] = {}
    for phase, column in columns.phases.items():
        text = line[column].strip() if column < len(line) else ""
        volts = _volts(text, columns.decimal_comma)
        if volts is None:
            yield number, phase, text[:40], "no_number" if text else "empty"
            continue
        volts *= 1000 if columns.is_kilovolt else 1
        if volts < 0 or volts > ABSURD * nominal:
            yield number, phase, text[:40], "negative" if volts < 0 else "absurd"
            continue
        said[phase] = text, int((volts * 100).quantize(Decimal(1), ROUND_HALF_UP))
    dead = {phase for phase, (_text, small) in said.items() if small < NO_SUPPLY * nominal * 100}
    for phase, (text, hundredths) in said.items():
        if phase in dead and len(dead) < len(said):
            yield number, phase, text[:40], "dead_phase"
            continue
        if at in taken[phase]:
            yield number, phase, text[:40], "repeated" if taken[phase][at] == hundredths else "contradiction"
            continue
        taken[phase][at] = hundredths
        if phase in dead:
            yield number, phase, text[:40], "no_supply"


def _no_reading(faults: Sequence[Fault]) -> str:
    if not faults:
        return _("There is no reading in it.")
    line, _phase, said, code = faults[0]
    words = {"line": line, "said": said, "fault": FAULTS[code]}
    return _("No reading can be taken. Line %(line)d, “%(said)s”: %(fault)s.") % words


def gaps(readings: Sequence[Reading]) -> list[tuple[int, int]]:
    """From the second of the last reading before each gap to that of the first one after it."""
    step = usual_step([second for second, _volts in readings])
    pairs = itertools.pairwise(readings)
    return [(one[0], two[0]) for one, two in pairs if two[0] - one[0] > SAME_STEP * step]
