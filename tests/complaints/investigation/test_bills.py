"""What a bill comes to: a table worked by hand that a supervisor can read, and what holds of every bill."""

import csv
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from complaints import profiles
from complaints.models import Tariff
from complaints.tariffs import rules, versions
from complaints.tariffs.rules import (
    ANNUAL,
    MONTHLY,
    SEASONAL,
    BadBill,
    Band,
    Charge,
    Household,
    Line,
    Rates,
    Reading,
    recalculate,
)

TABLE = Path(__file__).with_name("bills.csv")
MAY, JUNE = date(2026, 5, 31), date(2026, 6, 30)
CENT = Decimal("0.01")


def D(text):
    return Decimal(str(text))


@pytest.fixture(scope="module")
def tariffs():
    """Those of both profiles, read from their files."""
    found = {}
    for name in ("cn-95598", "generic"):
        for row in profiles.read(profiles.FOLDER / name).tariffs:
            found[name, row["code"]] = versions.rates_of(Tariff(**row))
    return found


def spoken(line):
    if line.kind == rules.CHARGE:
        return f"{line.name} {line.price} = {line.amount}"
    return f"{line.kwh.normalize():f} x {line.price} = {line.amount}"


@pytest.mark.parametrize("row", csv.DictReader(TABLE.open(encoding="utf-8")), ids=lambda row: row["case"])
def test_the_table_worked_by_hand(tariffs, row):
    words = row["readings"].split()
    readings = {name: Reading(D(a), D(b)) for name, a, b in zip(words[::3], words[1::3], words[2::3], strict=True)}
    bill = recalculate(
        [tariffs[row["profile"], row["tariff"]]],
        rules.consumption(readings, D(row["multiplier"])),
        since=date.fromisoformat(row["from"]),
        until=date.fromisoformat(row["until"]),
        household=Household(int(row["people"]), row["low income"] == "yes"),
        before=D(row["used before"]),
    )
    assert "; ".join(map(spoken, bill.lines)) == row["lines"]
    assert bill.total == D(row["total"])


def bands(*pairs):
    return tuple(Band(None if upto is None else D(upto), D(price)) for upto, price in pairs)


STEPS = bands((2760, "0.538"), (4800, "0.588"), (None, "0.838"))


def rates(basis=ANNUAL, *, version=1, since=date(2020, 1, 1), **more):
    return Rates("t", version, since, basis, more.pop("bands", STEPS), **more)


def test_a_new_version_within_a_bill_divides_it_by_days():
    """30 days, the price doubles on the 21st: 20 days at the old and 10 at the new."""
    old = rates(MONTHLY, bands=bands((None, "0.5")))
    new = rates(MONTHLY, version=2, since=date(2026, 6, 21), bands=bands((None, 1)))
    bill = recalculate([old, new], {"total": D(300)}, since=MAY, until=JUNE)
    assert [(line.kwh, line.amount, line.version) for line in bill.lines] == [(200, 100, 1), (100, 100, 2)]
    assert (bill.lines[0].until, bill.lines[1].since) == (date(2026, 6, 20), date(2026, 6, 21))


def test_of_two_versions_that_begin_the_same_day_the_newer_holds():
    wrong, mended = rates(MONTHLY, bands=bands((None, 9))), rates(MONTHLY, version=2, bands=bands((None, 1)))
    assert recalculate([wrong, mended], {"total": D(10)}, since=MAY, until=JUNE).total == 10


def test_what_is_free_takes_no_part_in_peak_and_valley():
    overlay = rates(free=D(15), adds={"peak": D("0.03"), "valley": D("-0.25")})
    used = {"peak": D(60), "valley": D(40)}
    bill = recalculate([overlay], used, since=MAY, until=JUNE, household=Household(1, True))
    assert [(line.kind, line.kwh) for line in bill.lines][2:] == [("period", D("51.00")), ("period", D("34.00"))]


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"versions": []}, "no_version"),
        ({"versions": [rates(since=date(2026, 6, 10))]}, "no_version"),
        ({"until": MAY}, "no_days"),
        ({"versions": [rates(adds={"peak": D(0)})]}, "no_register"),
    ],
)
def test_what_cannot_be_a_bill_is_refused(said, fault):
    with pytest.raises(BadBill) as refused:
        recalculate(said.get("versions", [rates()]), {"total": D(1)}, since=MAY, until=said.get("until", JUNE))
    assert refused.value.fault == fault


def test_a_register_does_not_run_backwards():
    with pytest.raises(BadBill) as refused:
        rules.consumption({"peak": Reading(D(10), D(9))})
    assert (refused.value.fault, refused.value.where) == ("backwards", "peak")


def test_a_later_reading_is_brought_back_in_proportion_to_days():
    """300 kWh in 60 days are 150 in the first 30."""
    assert rules.at_end_of(date(2026, 3, 31), date(2026, 3, 1), Reading(D(1000), D(1300)), date(2026, 4, 30)) == 1150
    with pytest.raises(BadBill):
        rules.at_end_of(JUNE, MAY, Reading(D(0), D(1)), MAY)


def test_a_meter_that_shows_too_much_is_corrected():
    assert rules.corrected(D(105), D(5)) == 100
    assert rules.corrected(D(95), D(-5)) == 100


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ([], "open_end"),
        ([(100, 1)], "open_end"),
        ([(None, 1), (None, 2)], "early_end"),
        ([(0, 1), (None, 2)], "early_end"),
        ([(200, 1), (100, 1), (None, 2)], "not_rising"),
        ([(200, 1), (200, 1), (None, 2)], "not_rising"),
        ([(200, -1), (None, 2)], "negative"),
    ],
)
def test_bands_that_overlap_or_go_down_are_refused(said, fault):
    with pytest.raises(BadBill) as refused:
        rules.check(bands(*said))
    assert refused.value.fault == fault


def test_no_period_of_the_day_makes_a_kwh_cheaper_than_nothing():
    with pytest.raises(BadBill):
        rules.check_adds(rates(adds={"valley": D("-0.54")}))


def test_a_late_fee_is_so_many_per_cent_a_day():
    assert rules.late_fee(D("364.50"), 12, D("0.1")) == D("4.37")
    assert rules.late_fee(D(-3), 12, D("0.1")) == 0


@st.composite
def any_bands(draw):
    limits = sorted(draw(st.sets(st.integers(1, 6000), max_size=4)))
    prices = [D(draw(st.integers(0, 20000))) / 10000 for _ in range(len(limits) + 1)]
    return bands(*zip([*limits, None], prices, strict=True))


@st.composite
def any_rates(draw):
    basis = draw(st.sampled_from([ANNUAL, MONTHLY, SEASONAL]))
    months = frozenset(draw(st.sets(st.integers(1, 12), min_size=1))) if basis == SEASONAL else frozenset()
    found = rates(
        basis,
        bands=draw(any_bands()),
        months=months,
        season=draw(any_bands()) if months else (),
        people_from=draw(st.sampled_from([None, 5])),
        extra=D(draw(st.integers(0, 200))),
        free=D(draw(st.integers(0, 20))),
    )
    if draw(st.booleans()):
        lowest = min(band.price for band in (*found.bands, *found.season))
        adds = {"peak": D(draw(st.integers(0, 9000))) / 10000, "valley": -lowest * draw(st.integers(0, 10)) / 10}
        return Rates(**{name: getattr(found, name) for name in found.__slots__} | {"adds": adds})
    return found


unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
kilowatt_hours = st.integers(0, 900_000).map(lambda hundredths: D(hundredths) / 100)
periods = st.tuples(st.dates(date(2024, 1, 1), date(2027, 1, 1)), st.integers(1, 120))
households = st.builds(Household, st.integers(1, 9), st.booleans())


def used_of(tariff, kwh, share=3):
    if not tariff.adds:
        return {"total": kwh}
    peak = rules.cents(kwh / share)
    return {"peak": peak, "valley": kwh - peak}


@unhurried
@given(any_rates(), kilowatt_hours, periods, households, kilowatt_hours)
def test_every_kwh_is_billed_once_nothing_is_below_zero_and_lines_make_the_total(tariff, kwh, period, home, before):
    since, days = period
    bill = recalculate(
        [tariff], used_of(tariff, kwh), since=since, until=since + timedelta(days=days), household=home, before=before
    )
    assert bill.kwh == kwh
    assert bill.total >= 0
    assert bill.total == sum((line.amount for line in bill.lines), D(0))
    assert all(line.amount == line.amount.quantize(CENT) for line in bill.lines)
    assert [Line.again(line.plain()) for line in bill.lines] == list(bill.lines)


@unhurried
@given(any_bands(), kilowatt_hours, kilowatt_hours, kilowatt_hours)
def test_who_uses_more_never_pays_less(steps, kwh, more, before):
    def total(used):
        tariff = rates(bands=steps)
        return recalculate([tariff], {"total": used}, since=MAY, until=JUNE, before=before).total

    assert total(kwh) <= total(kwh + more)


@unhurried
@given(any_bands(), kilowatt_hours, st.integers(1, 29), st.integers(0, 100), kilowatt_hours)
def test_a_reading_within_the_month_changes_nothing_but_the_rounding(steps, kwh, day, per_cent, before):
    """Two bills one after the other come to what one bill would: each line is rounded by half a cent at most."""
    tariff, middle = rates(bands=steps), MAY + timedelta(days=day)
    first = rules.cents(kwh * per_cent / 100)
    whole = recalculate([tariff], {"total": kwh}, since=MAY, until=JUNE, before=before)
    one = recalculate([tariff], {"total": first}, since=MAY, until=middle, before=before)
    two = recalculate([tariff], {"total": kwh - first}, since=middle, until=JUNE, before=before + first)
    rounded = len(whole.lines) + len(one.lines) + len(two.lines)
    assert abs(one.total + two.total - whole.total) <= rounded * CENT / 2


@unhurried
@given(any_rates(), st.integers(1, 400))
def test_a_year_worked_out_before_saving_is_never_below_zero(tariff, kwh):
    assert versions.year_of(tariff, kwh, 3) >= 0


def test_charges_come_on_top_in_their_order():
    on_top = (Charge("费", "fee", "kwh", D("0.01")), Charge("税", "tax", "percent", D(10)))
    tariff = rates(MONTHLY, bands=bands((None, 1)), charges=on_top)
    bill = recalculate([tariff], {"total": D(100)}, since=MAY, until=JUNE)
    assert [line.amount for line in bill.lines] == [100, 1, D("10.10")]
