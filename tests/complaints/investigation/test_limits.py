"""The verdict over a log of voltages: golden cases worked by hand, boundaries, and a slow reckoning second by second."""

from fractions import Fraction

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from complaints.investigation.limits import DAY, WEEK, envelope, judge, rules_of, stretches
from complaints.profiles import FOLDER

PACKS = {
    pack["code"]: pack
    for file in FOLDER.glob("*/voltage_limits.yaml")
    for pack in yaml.safe_load(file.read_text(encoding="utf-8"))
}
MINUTE = 60


def a_log(*parts, step=MINUTE, begin=0):
    """Parts of (number of readings, volts) one after the other."""
    volts = [round(v * 100) for count, v in parts for _ in range(count)]
    return [(begin + n * step, v) for n, v in enumerate(volts)]


def a_week(bad, volts, *, good=220.0):
    return a_log((bad, volts), (10080 - bad, good))


@pytest.mark.parametrize(
    ("code", "nominal", "low", "high"),
    [
        ("gb-220", 220, "198", "235.4"),
        ("gb-380", 380, "353.4", "406.6"),
        ("gb-10kv", 10000, "9300", "10700"),
        ("ansi-c84-1", 120, "114", "126"),
        ("en-50160", 230, "207", "253"),
    ],
)
def test_limits_in_volts_are_those_of_the_standard(code, nominal, low, high):
    rule = rules_of(PACKS[code], nominal)[0]
    assert (rule.low, rule.high) == (Fraction(low), Fraction(high))


def test_the_outer_limits_too():
    assert [(r.low, r.high) for r in rules_of(PACKS["en-50160"], 230)][1] == (Fraction("195.5"), 253)
    assert [(r.low, r.high) for r in rules_of(PACKS["ansi-c84-1"], 120)][1] == (110, 127)


@pytest.mark.parametrize(("volts", "within"), [(198.0, True), (197.99, False), (235.4, True), (235.41, False)])
def test_a_reading_exactly_at_the_limit_is_within(volts, within):
    kept = judge(a_week(10080, volts), 220, PACKS["gb-220"]).kept[0]
    assert (kept.share == 100) is within
    assert kept.above + kept.below == (0 if within else WEEK)


def test_five_per_cent_of_the_time_may_be_low_and_no_minute_more():
    """A week has 10,080 minutes; five in a hundred are 504."""
    held, missed = (judge(a_week(bad, 190), 220, PACKS["gb-220"]) for bad in (504, 505))
    assert (held.verdict, held.kept[0].share) == ("within", 95.0)
    assert (missed.verdict, missed.kept[0].share) == ("outside", 94.99)
    assert missed.kept[0].below == 505 * 60


def test_the_numbers_of_a_week_worked_by_hand():
    """A tenth of the week at 190 V, the rest at 220 V: mean 217; the lowest twentieth is 190, 95 % lie at 220 or lower."""
    judged = judge(a_week(1008, 190), 220, PACKS["gb-220"])
    assert (judged.least, judged.most, judged.mean, judged.low_5, judged.high_95) == (190, 220, 217, 190, 220)
    assert (judged.kept[0].share, judged.span, judged.covered) == (90.0, WEEK, WEEK)


def test_ten_minute_means_forgive_a_single_minute_but_not_the_outer_limit():
    pack = PACKS["en-50160"]
    one_minute = a_log((5, 230), (1, 190), (10074, 230))
    assert judge(one_minute, 230, pack).verdict == "within"
    ten = a_log((10, 190), (10070, 230))
    judged = judge(ten, 230, pack)
    assert (judged.verdict, [kept.holds for kept in judged.kept]) == ("outside", [True, False])


def test_every_week_is_judged_for_itself():
    """In two weeks 3 % of the time is low, but all of it in the second, 6 % there: 605 of 10,080 minutes, as 10-minute means 610."""
    log = a_log((10080, 230), (610, 200), (9470, 230))
    judged = judge(log, 230, PACKS["en-50160"])
    assert judged.verdict == "outside"
    assert judged.kept[0].share == 93.94


def test_what_is_left_after_the_last_whole_week_is_judged_with_the_days_before_it():
    log = a_log((10080, 230), (600, 200))
    assert not judge(log, 230, PACKS["en-50160"]).kept[0].holds


@pytest.mark.parametrize(
    ("least", "most", "spread", "verdict"),
    [
        (34.0, 36.0, 5.71, "within"),
        (33.25, 36.75, 10.0, "within"),
        (33.24, 36.75, 10.03, "outside"),
        (35.7, 36.4, 4.0, "within"),
        (35.7, 38.6, 10.29, "outside"),
    ],
)
def test_at_35_kv_the_deviations_up_and_down_are_added_unless_both_are_on_one_side(least, most, spread, verdict):
    judged = judge(a_log((5040, least * 1000), (5040, most * 1000)), 35000, PACKS["gb-35kv"])
    assert (judged.spread, judged.verdict) == (spread, verdict)


def test_range_b_is_wider_than_range_a():
    judged = judge(a_log((10080, 112)), 120, PACKS["ansi-c84-1"])
    assert [kept.holds for kept in judged.kept] == [False, True]
    judged = judge(a_log((10080, 110)), 120, PACKS["ansi-c84-1"])
    assert [kept.holds for kept in judged.kept] == [False, True]


@pytest.mark.parametrize(("minutes", "verdict"), [(9072, "within"), (9071, "too_short"), (1, "too_short")])
def test_nine_tenths_of_seven_days_are_enough(minutes, verdict):
    assert judge(a_log((minutes, 220)), 220, PACKS["gb-220"]).verdict == verdict


def test_a_limit_that_holds_always_is_broken_by_a_short_log_too():
    assert judge(a_log((60, 190)), 230, PACKS["en-50160"]).verdict == "outside"


def test_a_gap_is_not_judged_and_is_told():
    log = a_log((60, 220)) + a_log((60, 220), begin=DAY)
    judged = judge(log, 220, PACKS["gb-220"])
    assert (judged.covered, judged.span) == (120 * MINUTE, DAY + 60 * MINUTE)


def test_no_supply_is_no_low_voltage():
    judged = judge(a_week(1000, 0), 220, PACKS["gb-220"])
    assert (judged.verdict, judged.without, judged.least) == ("within", 1000 * MINUTE, 220)
    assert judge(a_week(10080, 0), 220, PACKS["gb-220"]) is None
    assert judge([], 220, PACKS["gb-220"]) is None


logs = st.lists(
    st.tuples(
        st.integers(1, 400), st.sampled_from([0, 1099, 1100, 19799, 19800, 22000, 23540, 23541]) | st.integers(0, 30000)
    ),
    min_size=1,
    max_size=40,
)


def placed(log):
    at, found = 0, []
    for gap, volts in log:
        found.append((at, volts))
        at += gap
    return found


@settings(deadline=None)
@given(logs)
def test_the_reckoning_agrees_with_one_that_looks_at_every_second(log):
    readings = placed(log)
    judged = judge(readings, 220, PACKS["gb-220"])
    every_second = {s + n: v for s, length, v in stretches(readings) for n in range(length)}
    live = [v for v in every_second.values() if v >= 1100]
    if not live:
        assert judged is None
        return
    kept = judged.kept[0]
    assert judged.covered == len(every_second)
    assert judged.without == len(every_second) - len(live)
    assert kept.above == sum(v > 23540 for v in live)
    assert kept.below == sum(v < 19800 for v in live)
    assert (judged.least, judged.most) == (min(live) / 100, max(live) / 100)
    assert kept.holds == (Fraction(len(live) - kept.above - kept.below, len(live)) >= Fraction(95, 100))
    assert judged.high_95 == next(v for v in sorted(live) if 100 * sum(w <= v for w in live) >= 95 * len(live)) / 100


@settings(deadline=None)
@given(logs)
def test_means_agree_with_the_mean_of_every_second(log):
    readings = placed(log)
    judged = judge(readings, 230, PACKS["en-50160"])
    windows = {}
    for s, length, v in stretches(readings):
        for n in range(length):
            if v >= 1150:
                windows.setdefault((s + n) // 600, []).append(v)
    if judged is None:
        assert not windows
        return
    below = sum(len(w) for w in windows.values() if sum(w) < 20700 * len(w))
    above = sum(len(w) for w in windows.values() if sum(w) > 25300 * len(w))
    assert (judged.kept[0].below, judged.kept[0].above) == (below, above)


@given(logs, st.integers(1, 50))
def test_no_excursion_disappears_from_the_chart(log, buckets):
    readings = placed(log)
    span = readings[-1][0] + 1
    parts = envelope(readings, span, buckets)
    assert len(parts) == buckets
    for number, part in enumerate(parts):
        inside = [v for s, v in readings if s * buckets // span == number]
        assert part == ((min(inside), max(inside)) if inside else None)
