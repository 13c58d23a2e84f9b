"""Rollups and facts give the same figures, whatever they are cut by, and to nobody more than they may see."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from analytics.board import whole_of
from analytics.filters import Chosen
from analytics.grains.refresh import refresh
from analytics.grains.series import SERIES
from analytics.models import DayRollup
from analytics.periods import Period
from analytics.reading import OF_FACTS, read, whole
from analytics.reports.sla_compliance import counts
from complaints.models import Complaint, RequestType
from staff.actors import Role
from staff.models import User
from tests.analytics.test_reports import rated, resolved
from tests.factories import MONDAY, a_branch, a_complaint, a_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("profile")]

SPRING = whole_of(Period(MONDAY.date() - timedelta(days=30), MONDAY.date() + timedelta(days=60)))


@pytest.fixture
def spring():
    north = a_branch("north", a_branch())
    rated(5)
    rated(2, solved=False, channel="web", source="website")
    resolved("BIL-02", branch=north)
    a_complaint("SAF-01", branch=north, at=MONDAY + timedelta(days=9))
    a_complaint(request_type=RequestType.ENQUIRY)
    a_complaint(request_type=RequestType.REPORT)
    refresh()
    return a_user(Role.SUPERVISOR)


def test_the_facts_give_what_the_rollups_give(spring):
    by = ["week", "category", "channel", "branch", "request_type", "key"]
    how = {"by": by, "request_types": None, "distribution": True}
    for series in SERIES:
        kept = read(series, SPRING, spring, **how)
        assert kept == read(series, SPRING, spring, where=Q(), **how)
        assert kept or series in {"duplicates", "repeats", "arrivals"}


def test_every_grouping_adds_up_to_the_whole(spring):
    for name in OF_FACTS:
        parts = read("received", SPRING, spring, by=[name])
        assert sum(amount.n for amount in parts.values()) == whole("received", SPRING, spring).n == 4


@pytest.mark.parametrize("where", [None, Q()])
def test_a_whole_is_summed_by_the_database_and_not_row_by_row(spring, where):
    with CaptureQueriesContext(connection) as caught:
        assert whole("received", SPRING, spring, where=where).n == 4
    assert "GROUP BY" not in caught.captured_queries[-1]["sql"]
    nothing = whole_of(Period(MONDAY.date() - timedelta(days=900), MONDAY.date() - timedelta(days=800)))
    assert read("received", nothing, spring, where=where) == {}


def test_figures_are_of_what_one_may_see(spring):
    for where in (None, Q()):
        _scope_holds(spring, where)


@pytest.fixture
def three_levels():
    """The company with one complaint of its own, two cities with two each, and in one of them two stations with four and three."""
    company, numbers = a_branch(), {"company": 1, "east": 2, "west": 2, "station": 4, "other": 3}
    east, west = a_branch("east", company), a_branch("west", company)
    places = {
        "company": company,
        "east": east,
        "west": west,
        "station": a_branch("station", east),
        "other": a_branch("other", east),
    }
    for code, number in numbers.items():
        for _one in range(number):
            a_complaint(branch=places[code])
    refresh()
    return places


@pytest.mark.parametrize(
    ("whose", "asked", "received"),
    [
        ("company", None, 12),
        ("company", "company", 12),
        ("company", "east", 9),
        ("company", "station", 4),
        ("east", None, 9),
        ("east", "company", 9),
        ("east", "other", 3),
        ("east", "west", 0),
        ("station", None, 4),
        ("station", "east", 4),
        ("station", "other", 0),
    ],
)
def test_a_branch_counts_with_all_below_it_as_far_as_one_may_see(three_levels, whose, asked, received):
    user = a_user(Role.SUPERVISOR, branch=three_levels[whose])
    chosen = Chosen(SPRING.period, "week", "category", None, "", three_levels[asked] if asked else None)
    assert whole("received", chosen, user).n == whole("received", chosen, user, where=Q()).n == received
    alone = read("received", chosen, user, by=["branch", "day"])
    assert alone == read("received", chosen, user, by=["branch", "day"], where=Q())
    assert sum(amount.n for amount in alone.values()) == received


def test_how_long_it_takes_to_read_does_not_depend_on_how_many_stations_there_are(three_levels):
    user = a_user(Role.SUPERVISOR)
    rows = DayRollup.objects.in_use().filter(series="received")
    assert rows.filter(branch=three_levels["company"]).count() == 1
    with CaptureQueriesContext(connection) as caught:
        assert whole("received", SPRING, user).n == 12
    assert '"staff_branch"."parent_id" IS NULL' in caught.captured_queries[-1]["sql"]


@pytest.mark.parametrize("series", ["received", "resolved", "moves", "deadlines"])
def test_figures_count_no_complaint_about_whoever_reads_them(spring, series):
    named = a_user(Role.SUPERVISOR)
    how = {"request_types": None, "by": ["key"]}
    before = read(series, SPRING, named, **how)
    one = rated(5)
    refresh()
    assert read(series, SPRING, named, **how) != before
    Complaint.objects.filter(pk=one.pk).update(about=named)
    assert not Complaint.objects.visible_to(named).filter(pk=one.pk).exists()
    named = User.objects.get(pk=named.pk)  # as the next request brings them
    assert read(series, SPRING, named, **how) == before
    assert read(series, SPRING, spring, **how) != before, "others count it"


def test_the_number_and_its_list_agree_for_who_is_named_in_a_complaint(spring, client):
    named = a_user(Role.SUPERVISOR)
    Complaint.objects.filter(pk=Complaint.objects.filter(category__code="OUT").first().pk).update(about=named)
    listed = Complaint.objects.visible_to(named).filter(merged_into=None).count()
    assert whole("received", SPRING, named, request_types=None).n == listed == 5
    assert sum(counts(SPRING, named, timezone.now())["resolve", "statutory"].values()) < sum(
        counts(SPRING, spring, timezone.now())["resolve", "statutory"].values()
    )


def _scope_holds(spring, where):
    def received(user, chosen=SPRING):
        return whole("received", chosen, user, where=where, request_types=None).n

    assert received(spring) == 6
    assert received(a_user(Role.ANALYST)) == 5
    assert received(a_user(Role.SUPERVISOR, branch=a_branch("north"))) == 2
    assert received(a_user(Role.SUPERVISOR, branch=None)) == 0
    elsewhere = Chosen(SPRING.period, "week", "category", None, "", a_branch("north"))
    assert received(spring, elsewhere) == 2
    assert received(a_user(Role.SUPERVISOR, branch=a_branch("south", a_branch())), elsewhere) == 0
