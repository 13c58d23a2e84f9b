"""The report of root causes: what held, by cause, heaviest first; each number opens the complaints that it counts."""

from collections import Counter
from datetime import timedelta

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from analytics.statistics import MOST_BARS, MOST_OTHER, ranked
from complaints import workflow
from complaints.models import Complaint, OutageFinding, RootCause
from staff.actors import THE_CUSTOMER, Actor, Role
from staff.models import TeamKind
from tests.analytics.test_reports import LATER, MARCH, how_many, linked_numbers, numbers, read
from tests.factories import MONDAY, a_branch, a_complaint, a_team, a_user, an_answer, an_issue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("profile")]


@pytest.fixture(autouse=True)
def in_april():
    with time_machine.travel(LATER, tick=False):
        yield


@pytest.fixture
def supervisor():
    return a_user(Role.SUPERVISOR)


@pytest.fixture
def desk(client, supervisor):
    client.force_login(supervisor)
    client.cookies["language"] = "en"
    return client


def closed(cause="equipment-meter", code="OUT-03", *, outcome="upheld", at=MONDAY, **fields):
    """A complaint that was answered and closed with this cause, through the workflow."""
    investigator, supervisor = Actor.staff(a_user(Role.INVESTIGATOR)), Actor.staff(a_user(Role.SUPERVISOR))
    complaint, hour = a_complaint(code, at=at, **fields), timedelta(hours=1)
    if complaint.status == "registered":
        workflow.perform("dispatch", complaint, by=supervisor, at=at + hour, team=a_team(TeamKind.OUTAGE))
    workflow.perform("accept", complaint, by=investigator, at=at + 2 * hour)
    workflow.perform("contact", complaint, by=investigator, at=at + 3 * hour, reached=True, method="phone")
    why = {"root_cause": RootCause.objects.get(code=cause), "outcome": outcome}
    workflow.perform("resolve", complaint, by=supervisor, at=at + 4 * hour, **an_answer(**why))
    workflow.perform("feedback", complaint, by=THE_CUSTOMER, at=at + 5 * hour, solved=True, score=5)
    complaint.refresh_from_db()
    assert complaint.status == "closed"
    return complaint


def dark(complaint, customers, minutes):
    return OutageFinding.objects.create(
        complaint=complaint,
        kind="fault",
        started_at=MONDAY,
        restored_at=MONDAY + timedelta(minutes=minutes),
        customers=customers,
        entered_by=a_user(Role.INVESTIGATOR),
    )


def test_only_what_held_counts_the_most_frequent_first_with_the_sum_of_shares(desk):
    for cause, outcome in [
        ("external-excavation", "upheld"),
        ("equipment-meter", "upheld"),
        ("equipment-meter", "partly_upheld"),
        ("equipment-meter", "not_upheld"),
    ]:
        closed(cause, outcome=outcome)
    table = read(desk, "causes").tables[0]
    raw = Counter(
        Complaint.objects.filter(outcome__in=["upheld", "partly_upheld"]).values_list("root_cause__code", flat=True)
    )
    assert raw == {"equipment-meter": 2, "external-excavation": 1}
    assert numbers(table) == [["Meter fault", 2, 0.6667, 0.6667], ["Excavation", 1, 0.3333, 1.0]]
    assert [cell.raw for cell in table.total] == ["All", 3, 1.0, 1.0]


def test_groups_add_up_their_causes_and_the_second_table_keeps_categories_apart(desk):
    closed("equipment-meter", "BIL-02")
    closed("equipment-ageing", "OUT-03")
    closed("external-excavation", "OUT-03")
    first, second = read(desk, "causes", by="group").tables
    assert [line[:2] for line in numbers(first)] == [["Equipment", 2], ["Outside interference", 1]]
    assert [str(column.label) for column in second.columns][1:] == ["Outage", "Billing and metering", "All"]
    assert numbers(second) == [["Equipment", 1, 1, 2], ["Outside interference", 1, 0, 1]]


def test_an_outage_that_many_complain_of_weighs_its_customer_minutes_once(desk):
    issue = an_issue()
    for customers in (10, 100):
        complaint = closed("weather-wind")
        Complaint.objects.filter(pk=complaint.pk).update(service_issue=issue)
        dark(complaint, customers, 60)
    dark(closed("equipment-ageing"), 200, 45)
    closed("equipment-ageing")
    findings = read(desk, "causes", by="minutes")
    assert [line[:4] for line in numbers(findings.tables[0])] == [["Ageing", 2, 9000, 1], ["Wind", 2, 6000, 2]]
    assert "Customer-minutes are known of 3 of 4 complaints" in " ".join(findings.notes)


@pytest.mark.parametrize("by", ["cause", "group", "minutes"])
def test_every_number_opens_the_list_that_makes_it(desk, supervisor, by):
    dark(closed("equipment-meter", "BIL-02"), 5, 10)
    closed("weather-wind")
    closed("weather-heat", channel="web", source="website")
    closed("external-excavation", branch=a_branch("north", a_branch()))
    for filters in ({}, {"channel": "phone"}, {"category": "OUT"}, {"branch": "north"}):
        response = desk.get("/reports/causes/", {**MARCH, "by": by, **filters})
        opened = [(address, number) for address, number in linked_numbers(response) if "/list/" in address]
        assert opened or by == "minutes"
        assert [(one, n) for one, n in opened if how_many(desk, supervisor, one) != n] == []


def test_nobody_counts_what_they_may_not_see_and_an_unknown_list_is_not_there(client):
    closed()
    client.force_login(a_user(Role.SUPERVISOR, branch=a_branch("west", parent=a_branch())))
    assert read(client, "causes").is_empty
    assert client.get("/reports/causes/list/", {**MARCH, "pick": "nonsense"}).status_code == 404


@given(st.lists(st.integers(0, 9), max_size=16), st.integers(0, 9))
def test_other_is_last_holds_what_has_no_name_and_is_small_unless_that_is_large(named_weights, unnamed):
    weights = {**{f"cause {number}": n for number, n in enumerate(named_weights)}, "": unnamed}
    shown, others = ranked(weights)
    assert sorted([*shown, *others]) == sorted(weights)
    assert [weights[name] for name in shown] == sorted((weights[name] for name in shown), reverse=True)
    assert all(weights[one] >= weights[other] for one in shown for other in others if other)
    named = [name for name in others if name]
    assert len(named) != 1
    if named:
        assert len(shown) >= MOST_BARS
        assert sum(weights[name] for name in others) <= MOST_OTHER * sum(weights.values())
