"""Channels and entry: the mix over time, and what waits in letter boxes, each number with its list."""

from datetime import timedelta

import pytest
import time_machine

from complaints.models import Complaint
from staff.actors import Role
from tests.analytics.reading_reports import nearest_rank, row, total, wrong_lists
from tests.analytics.test_reports import MARCH, read
from tests.factories import MONDAY, a_branch, a_complaint, a_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("profile")]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def april():
    with time_machine.travel(MONDAY + 40 * DAY, tick=False):
        yield


@pytest.fixture
def supervisor():
    return a_user(Role.SUPERVISOR)


@pytest.fixture
def desk(client, supervisor):
    client.force_login(supervisor)
    client.cookies["language"] = "en"
    return client


@pytest.fixture
def march():
    letter = {"channel": "letter", "source": "post", "contact_address": "和平路 1 号"}
    for wait in (DAY, DAY + HOUR, 3 * DAY):
        a_complaint("BIL-02", at=MONDAY + 10 * DAY + wait, received_at=MONDAY + 10 * DAY, **letter)
    for source in ("website", "app", "website"):
        a_complaint(channel="web", source=source, at=MONDAY)
    a_complaint(at=MONDAY + 11 * DAY)


def test_the_lag_is_that_of_the_raw_rows(desk, march):
    lag = read(desk, "channels").tables[1]
    waits = [one.entered_at - one.received_at for one in Complaint.objects.filter(channel="letter")]
    n, median, most, late, share = row(lag, "Letter")
    assert (n, late, share) == (3, 2, None)
    assert median == pytest.approx(nearest_rank(waits, 0.5) / HOUR, rel=0.02)
    assert most == pytest.approx(nearest_rank(waits, 0.9) / HOUR, rel=0.02)
    assert total(lag)[0:2] == [7, 0.0]


def test_the_mix_says_the_share_of_each_part(desk, march):
    mix = read(desk, "channels", granularity="month").tables[0]
    assert [str(column.label) for column in mix.columns] == ["Received", "Phone", "Web", "Letter", "All"]
    assert [(cell.raw, cell.hint) for cell in mix.rows[0][1:]] == [(1, "14%"), (3, "43%"), (3, "43%"), (7, "")]
    by_source = read(desk, "channels", granularity="month", by="source").tables[0]
    assert total(by_source) == [1, 2, 1, 3, 7]


@pytest.mark.parametrize("by", ["channel", "source"])
@pytest.mark.parametrize("filters", [{}, {"channel": "letter"}, {"granularity": "month", "category": "BIL"}])
def test_every_number_opens_its_list(desk, supervisor, march, by, filters):
    assert wrong_lists(desk, supervisor, "channels", by=by, **filters) == {}


def test_another_branch_reads_nothing_of_ours(client, march):
    client.force_login(a_user(Role.SUPERVISOR, branch=a_branch("west", a_branch())))
    client.cookies["language"] = "en"
    assert read(client, "channels").is_empty


def test_it_costs_the_same_for_few_and_for_many(desk, django_assert_max_num_queries, march):
    desk.get("/reports/channels/")
    desk.catches_up = False
    with django_assert_max_num_queries(18):
        desk.get("/reports/channels/", {**MARCH, "by": "source"})
