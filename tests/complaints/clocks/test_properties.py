"""What holds for every calendar, limit and course of events, tried on many made-up ones."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from complaints.clocks.calendars import ImpossibleCalendar, WorkingCalendar
from complaints.clocks.deadlines import due_at, moment_before, used
from complaints.clocks.ledger import Action, BrokenLedger, Entry, State, replay
from complaints.clocks.limits import BadLimit, Limit, Unit
from tests.complaints.clocks.calendars import CALENDARS
from tests.factories import MONDAY

ZONES = ["Asia/Shanghai", "Europe/London", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"]
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 1)).map(  # noqa: DTZ001 (the zone comes next)
    lambda moment: moment.replace(second=0, microsecond=0, tzinfo=UTC)
)
DAYS = st.builds(Limit, st.integers(1, 15), st.sampled_from([Unit.WORKING_DAY, Unit.CALENDAR_DAY]), st.booleans())
LIMITS = st.one_of(
    st.builds(Limit, st.integers(1, 600), st.just(Unit.MINUTE)),
    st.builds(Limit, st.integers(1, 72), st.just(Unit.HOUR)),
    st.builds(Limit, st.integers(1, 40), st.just(Unit.WORKING_HOUR)),
    DAYS,
)
SHIPPED = st.sampled_from(sorted(CALENDARS)).map(CALENDARS.__getitem__)


def clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


@st.composite
def windows(draw, night: bool = False) -> list[list[str]]:
    """Any windows of one day; at night they keep the morning free for the one that crosses midnight."""
    edges = sorted(draw(st.sets(st.integers(600 if night else 0, 1200 if night else 1440), min_size=2, max_size=6)))
    pairs = [[clock(start), clock(end)] for start, end in zip(edges[::2], edges[1::2], strict=False)]
    if night:
        pairs.append([clock(draw(st.integers(1200, 1439))), clock(draw(st.integers(0, 540)))])
    return pairs


@st.composite
def calendars(draw) -> WorkingCalendar:
    night = draw(st.booleans())
    week = {day: draw(windows(night)) for day in WEEKDAYS if draw(st.booleans())}
    week.setdefault("wed", [["09:00", "17:00"]])
    dates = draw(
        st.dictionaries(st.dates(date(2024, 1, 1), date(2026, 12, 31)), st.just([]) | windows(night), max_size=8)
    )
    rules = {"timezone": draw(st.sampled_from(ZONES)), "week": week, "dates": {str(k): v for k, v in dates.items()}}
    return WorkingCalendar.from_rules("made-up", 1, rules)


@st.composite
def some_pauses(draw, start: datetime) -> list[tuple[datetime, datetime]]:
    marks = sorted(draw(st.lists(st.integers(0, 20_000), max_size=6)))
    moments = [start + timedelta(minutes=mark) for mark in marks]
    return list(zip(moments[::2], moments[1::2], strict=False))


@given(calendars(), MOMENTS, st.integers(1, 2_000))
@settings(max_examples=150, deadline=None)
def test_adding_then_measuring_working_time_gives_the_amount_back(calendar, start, minutes):
    amount = timedelta(minutes=minutes)
    end = calendar.add(start, amount)
    assert calendar.measure(start, end) == amount
    assert calendar.measure(start, end - timedelta(minutes=1)) < amount
    assert calendar.subtract(end, amount) >= start
    assert calendar.measure(calendar.subtract(end, amount), end) == amount


def open_minutes(calendar: WorkingCalendar, start: datetime, length: int) -> list[int]:
    """Brute force: how many of the first n minutes are open, for each n up to `length`.

    It looks at the wall clock of every single minute and knows nothing of intervals.
    """
    days = {}
    counted = [0]
    for minute in range(length):
        local = (start + timedelta(minutes=minute)).astimezone(calendar.timezone)
        day = local.date()
        if day not in days:
            days[day] = [(window.start, window.end) for window in calendar.windows(day)]
            yesterday = calendar.windows(day - timedelta(days=1))
            days[day] += [(0, window.end - 1440) for window in yesterday if window.end > 1440]
        of_day = local.hour * 60 + local.minute
        counted.append(counted[-1] + any(opens <= of_day < closes for opens, closes in days[day]))
    return counted


def has_a_doubtful_edge(calendar: WorkingCalendar, start: datetime, length: int) -> bool:
    """Whether a window opens or closes at a time that the wall clock shows twice or never; golden.csv says what then holds."""
    first = start.astimezone(calendar.timezone).date() - timedelta(days=1)
    for number in range(length // 1440 + 3):
        day = first + timedelta(days=number)
        for window in calendar.windows(day):
            for edge in (window.start, window.end):
                local = datetime.combine(day, time()) + timedelta(minutes=edge)
                offsets = {local.replace(tzinfo=calendar.timezone, fold=fold).utcoffset() for fold in (0, 1)}
                if len(offsets) > 1:
                    return True
    return False


TURNED = st.sampled_from(
    ["2024-03-31", "2024-10-27", "2025-03-30", "2025-10-26", "2024-03-10", "2024-11-03", "2025-04-06"]
)
"""Days on which clocks are turned in one of the zones, which are met too seldom by chance."""


@given(calendars(), MOMENTS | TURNED.map(lambda day: datetime.fromisoformat(f"{day}T00:00+00:00")), st.data())
@settings(max_examples=2500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_working_time_agrees_with_counting_every_minute(calendar, start, data):
    """2,500 made-up calendars, six spans each: measured, and added up to the very minute."""
    length = 3 * 1440
    assume(not has_a_doubtful_edge(calendar, start, length))
    counted = open_minutes(calendar, start, length)
    for _ in range(5):
        a, b = sorted(data.draw(st.tuples(st.integers(0, length), st.integers(0, length))))
        since, until = start + timedelta(minutes=a), start + timedelta(minutes=b)
        assert calendar.measure(since, until) == timedelta(minutes=counted[b] - counted[a])
    assert calendar.measure(start, start + timedelta(minutes=length)) == timedelta(minutes=counted[-1])
    if counted[-1]:
        amount = data.draw(st.integers(1, counted[-1]))
        end = next(minute for minute, count in enumerate(counted) if count == amount)
        assert calendar.add(start, timedelta(minutes=amount)) == start + timedelta(minutes=end)


@given(SHIPPED, LIMITS, MOMENTS, st.data())
@settings(max_examples=200, deadline=None)
def test_a_pause_never_makes_a_deadline_earlier(calendar, limit, start, data):
    pauses = data.draw(some_pauses(start))
    assert due_at(limit, calendar, start, pauses) >= due_at(limit, calendar, start)


@given(SHIPPED, LIMITS, MOMENTS, st.data())
@settings(max_examples=200, deadline=None)
def test_a_pause_of_no_length_changes_nothing(calendar, limit, start, data):
    pauses = data.draw(some_pauses(start))
    at = start + timedelta(minutes=data.draw(st.integers(0, 20_000)))
    assume(not any(a <= at <= b for a, b in pauses))
    assert due_at(limit, calendar, start, [*pauses, (at, at)]) == due_at(limit, calendar, start, pauses)


@given(SHIPPED, LIMITS, MOMENTS, st.data())
@settings(max_examples=200, deadline=None)
def test_at_the_deadline_the_limit_is_used_and_just_before_it_is_not(calendar, limit, start, data):
    pauses = data.draw(some_pauses(start))
    due = due_at(limit, calendar, start, pauses)
    assert used(limit, calendar, start, due, pauses) >= limit.duration
    if not limit.in_days:
        assert used(limit, calendar, start, due - timedelta(seconds=1), pauses) < limit.duration


def last_day_counted_by_hand(limit, calendar, start, pauses) -> datetime | None:
    """Brute force: cross the days off one by one, as on a wall calendar."""
    day, crossed_off = start.astimezone(calendar.timezone).date(), 0
    while True:
        day += timedelta(days=1)
        works = bool(calendar.windows(day))
        midnight = datetime.combine(day + timedelta(days=1), time(), calendar.timezone).astimezone(UTC)
        end = calendar.closing(day) if works and limit.close_of_business else midnight
        if any(since < end for since, until in pauses if until is None):
            return None
        if any(since < end < until for since, until in pauses if until is not None):
            continue
        crossed_off += works or limit.unit == Unit.CALENDAR_DAY
        if works and crossed_off >= limit.amount:
            return end


@given(SHIPPED | calendars(), DAYS, MOMENTS, st.booleans(), st.data())
@settings(max_examples=200, deadline=None)
def test_a_deadline_in_days_agrees_with_crossing_off_days(calendar, limit, start, still_paused, data):
    pauses = data.draw(some_pauses(start))
    if pauses and still_paused:
        pauses[-1] = (pauses[-1][0], None)
    assert due_at(limit, calendar, start, pauses) == last_day_counted_by_hand(limit, calendar, start, pauses)


@given(SHIPPED, LIMITS, MOMENTS, st.integers(0, 3_000))
@settings(max_examples=200, deadline=None)
def test_a_pause_after_the_deadline_does_not_move_it(calendar, limit, start, minutes):
    due = due_at(limit, calendar, start)
    late = due + timedelta(minutes=minutes)
    assert due_at(limit, calendar, start, [(late, None)]) == due
    assert due_at(limit, calendar, start, [(late, late + timedelta(days=3))]) == due


@given(SHIPPED, MOMENTS, st.integers(1, 10))
@settings(max_examples=100, deadline=None)
def test_a_warning_some_working_days_before_is_so_many_working_days_before(calendar, start, days):
    due = due_at(Limit(days + 3, Unit.WORKING_DAY), calendar, start)
    warned = moment_before(Limit(days, Unit.WORKING_DAY), calendar, due)
    between = [calendar.local_date(warned) + timedelta(days=n) for n in range((due - warned).days + 1)]
    assert warned < due
    assert sum(calendar.is_working_day(day) for day in between if calendar.day_end(day) <= due) == days


# the ledger


@st.composite
def courses(draw) -> list[Entry]:
    """A start and any course of things after it, some at the same moment."""
    start = draw(MOMENTS)
    calendar = draw(SHIPPED)
    entries = [Entry(1, Action.START, start, limit=draw(LIMITS), calendar=calendar)]
    at = start
    actions = [Action.PAUSE, Action.RESUME, Action.RETARGET, Action.STOP, Action.CANCEL, Action.CONTINUE, Action.EXCUSE]
    for number in range(2, draw(st.integers(2, 10))):
        at += timedelta(minutes=draw(st.integers(0, 4_000)))
        action = draw(st.sampled_from(actions))
        target = {"limit": draw(LIMITS), "calendar": calendar} if action == Action.RETARGET else {}
        entries.append(Entry(number, action, at, **target))
    return entries


@given(courses(), st.randoms())
@settings(max_examples=200, deadline=None)
def test_replay_does_not_depend_on_the_order_it_is_given_in(entries, random):
    shuffled = list(entries)
    random.shuffle(shuffled)
    assert replay(shuffled) == replay(entries)


AT_ONCE = [
    Entry(0, Action.PAUSE, MONDAY, reason="a"),
    Entry(0, Action.RESUME, MONDAY, reason="b"),
    Entry(0, Action.RETARGET, MONDAY, limit=Limit.parse("3wd"), calendar=CALENDARS["office"]),
    Entry(0, Action.EXTEND, MONDAY, limit=Limit.parse("2wd"), calendar=CALENDARS["office"]),
    Entry(0, Action.EXCUSE, MONDAY),
]
"""Things that do not contradict each other and may fall into the same moment."""


@given(SHIPPED, LIMITS, MOMENTS, st.integers(0, 9_000), st.booleans(), st.sets(st.sampled_from(range(5))), st.data())
@settings(max_examples=500, deadline=None)
def test_what_happens_in_the_same_moment_may_be_written_in_any_order(
    calendar, limit, start, minutes, is_waiting, which, data
):
    first = [Entry(1, Action.START, start, limit=limit, calendar=calendar)]
    if is_waiting:
        first.append(Entry(2, Action.PAUSE, start, reason="b"))
    at = start + timedelta(minutes=minutes)
    order = data.draw(st.permutations(sorted(which)))
    later = [Entry(9, Action.RESUME, at + timedelta(days=1))] if data.draw(st.booleans()) else []
    if data.draw(st.booleans()):
        later.append(Entry(10, Action.STOP, at + timedelta(days=2)))

    def ledger(order):
        return [*first, *(replace(AT_ONCE[one], number=3 + n, at=at) for n, one in enumerate(order)), *later]

    assert replay(ledger(order)) == replay(ledger(sorted(which)))


@given(courses())
@settings(max_examples=200, deadline=None)
def test_a_retarget_keeps_the_start_and_every_pause(entries):
    without = replay([entry for entry in entries if entry.action != Action.RETARGET])
    given_ = replay(entries)
    assert (given_.started_at, given_.pauses, given_.paused_for) == (
        without.started_at,
        without.pauses,
        without.paused_for,
    )


@given(courses(), LIMITS)
@settings(max_examples=200, deadline=None)
def test_retargeting_away_and_back_changes_nothing(entries, other):
    last = entries[-1]
    now = replay(entries)
    away = Entry(last.number + 1, Action.RETARGET, last.at, limit=other, calendar=now.terms.calendar)
    back = Entry(last.number + 2, Action.RETARGET, last.at, limit=now.terms.limit, calendar=now.terms.calendar)
    assert replay([*entries, away, back]) == now


@given(courses())
@settings(max_examples=200, deadline=None)
def test_stopping_and_continuing_is_as_if_it_had_never_stopped(entries):
    assume(replay(entries).stopped_at is None)
    last = entries[-1]
    stopped = Entry(last.number + 1, Action.CANCEL, last.at)
    going_on = Entry(last.number + 2, Action.CONTINUE, last.at + timedelta(days=2))
    before, after = replay(entries), replay([*entries, stopped, going_on])
    assert (after.state, after.due_at, after.pauses) == (before.state, before.due_at, before.pauses)


@given(courses())
@settings(max_examples=200, deadline=None)
def test_a_state_says_what_happened(entries):
    now = replay(entries)
    assert (now.state in (State.MET, State.LATE, State.CANCELLED)) == (now.stopped_at is not None)
    if now.state == State.LATE:
        assert now.stopped_at > now.due_at
    if now.state == State.RUNNING:
        assert now.due_at is not None
    if now.state == State.PAUSED:
        assert now.paused_at is not None


def added_up(entries: list[Entry]) -> tuple[timedelta, timedelta]:
    """The time used and the time waited, kept as running totals from one entry to the next."""
    now, going = replay(entries), entries[0].action == Action.START
    running, waiting, paused, reached = timedelta(), timedelta(), False, entries[0].at
    for entry in entries[1:]:
        passed = entry.at - reached
        if going and paused:
            waiting += passed
        elif going:
            running += passed if now.terms.limit.is_elapsed else now.terms.calendar.measure(reached, entry.at)
        if going and entry.action in (Action.PAUSE, Action.RESUME):
            paused = entry.action == Action.PAUSE
        going = going and entry.action not in (Action.STOP, Action.CANCEL)
        reached = entry.at
    return running, waiting


@given(courses())
@settings(max_examples=300, deadline=None)
def test_replay_gives_what_running_totals_give(entries):
    entries = [entry for entry in entries if entry.action != Action.CONTINUE]
    now = replay(entries)
    running, waiting = added_up(entries)
    if not now.terms.limit.in_days:
        assert now.used == running
    if now.state != State.PAUSED:
        assert now.paused_for == waiting


def test_a_ledger_without_a_start_is_refused():
    with pytest.raises(BrokenLedger):
        replay([Entry(1, Action.PAUSE, datetime(2026, 1, 1, tzinfo=UTC))])


# what is refused


@given(LIMITS)
def test_a_limit_is_read_as_it_is_written(limit):
    assert Limit.parse(str(limit)) == limit


@pytest.mark.parametrize("text", ["", "4", "wd", "4 days", "-1wd", "4wd@open", "24h@close", "1.5h"])
def test_what_is_no_limit_is_refused_with_an_example(text):
    with pytest.raises(BadLimit, match="such as 24h"):
        Limit.parse(text)


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ({"week": {"mon": [["09:00", "17:00"]]}}, "time zone"),
        ({"timezone": "Mars/Olympus", "week": {"mon": [["09:00", "17:00"]]}}, "time zone"),
        ({"timezone": "UTC", "week": {}}, "never opens"),
        ({"timezone": "UTC", "week": {"someday": []}}, "no weekday"),
        ({"timezone": "UTC", "week": {"mon": [["09:00", "12:00"], ["11:00", "13:00"]]}}, "overlap"),
        ({"timezone": "UTC", "week": {"mon": [["22:00", "06:00"]], "tue": [["05:00", "09:00"]]}}, "overlaps"),
        ({"timezone": "UTC", "week": {"mon": [["09:00", "09:00"]]}}, "empty"),
        ({"timezone": "UTC", "week": {"mon": [["9 o'clock", "17:00"]]}}, "no time"),
        ({"timezone": "UTC", "week": {"mon": [["09:00", "25:00"]]}}, "24:00"),
        ({"timezone": "UTC", "week": {"mon": [["09:00"]]}}, "a start and an end"),
        ({"timezone": "UTC", "week": ["mon"]}, "names days"),
        ({"timezone": "UTC", "week": {"mon": "09:00-17:00"}}, "a list of windows"),
        ({"timezone": "UTC", "week": {"mon": [None]}}, "a start and an end"),
        (
            {"timezone": "UTC", "week": {"mon": [["09:00", "17:00"]]}, "dates": {"2026-02-03": None}},
            "a list of windows",
        ),
        ({"timezone": "UTC", "week": {"mon": [["09:00", "17:00"]]}, "covers_until": 2026}, "no date"),
        ({"timezone": "UTC", "week": {"mon": [["09:00", "17:00"]]}, "dates": {"2026-02-30": []}}, "no date"),
        ({"timezone": "UTC", "week": {"mon": [["09:00", "17:00"]]}, "dates": {"2026-02-03": "monday"}}, "week:mon"),
    ],
)
def test_an_impossible_calendar_is_refused_with_a_sentence(rules, says):
    with pytest.raises(ImpossibleCalendar, match=says):
        WorkingCalendar.from_rules("x", 1, rules)


def test_a_night_may_follow_a_morning_of_the_same_day():
    monday = {"mon": [["05:00", "09:00"], ["22:00", "06:00"]]}
    calendar = WorkingCalendar.from_rules("x", 1, {"timezone": "UTC", "week": monday})
    week = datetime(2026, 3, 2, tzinfo=UTC)
    assert calendar.measure(week, week + timedelta(days=7)) == timedelta(hours=12)


def test_a_coming_year_that_was_not_arranged_yet_is_known_to_be_unknown():
    calendar = CALENDARS["cn-national"]
    assert calendar.is_known(date(2026, 12, 31))
    assert not calendar.is_known(date(2027, 1, 1))
    assert calendar.timezone == ZoneInfo("Asia/Shanghai")


def test_what_is_wrong_is_said_in_the_language_of_the_reader():
    with translation.override("zh-hans"):
        with pytest.raises(ImpossibleCalendar, match="此日历从不上班"):
            WorkingCalendar.from_rules("x", 1, {"timezone": "UTC", "week": {}})
        with pytest.raises(BadLimit, match="不是时限"):
            Limit.parse("soon")
