"""Reports read the replica while it follows; moves, writes and everything else never do."""

import pytest
from django.db import connections
from django.urls import reverse

from complaints.models import Complaint
from config import replica
from staff.actors import Role
from tests.factories import a_user


@pytest.fixture
def second(transactional_db, monkeypatch):
    """Another connection to the same database, called the replica."""
    monkeypatch.setitem(connections.settings, replica.REPLICA, dict(connections["default"].settings_dict))
    connections[replica.REPLICA] = connections["default"].copy()
    replica._judged.clear()
    yield connections[replica.REPLICA]
    connections[replica.REPLICA].close()
    del connections[replica.REPLICA]
    replica._judged.clear()


@pytest.mark.parametrize(
    ("lag", "good"), [(0, True), (29.9, True), (30, True), (30.1, False), (86_400, False), (None, False)]
)
def test_a_replica_is_good_while_it_follows_closely(lag, good):
    assert replica.follows(lag, 30) is good


def test_only_what_reads_in_there_goes_to_the_replica(second):
    assert Complaint.objects.all().db == "default"
    with replica.reading():
        assert Complaint.objects.all().db == replica.REPLICA
        assert Complaint.objects.select_for_update().db == "default"
        assert replica.Router().db_for_write(Complaint) == "default"
    assert Complaint.objects.all().db == "default"


def test_one_that_is_behind_or_away_is_not_asked(second, settings, monkeypatch):
    settings.REPLICA_LAG = -1
    with replica.reading():
        assert Complaint.objects.all().db == "default"
    replica._judged.clear()
    settings.REPLICA_LAG = 30
    second.close()
    monkeypatch.setitem(second.settings_dict, "HOST", "/nowhere")
    with replica.reading():
        assert Complaint.objects.all().db == "default"


@pytest.mark.usefixtures("profile")
def test_a_report_is_read_from_the_replica_and_a_list_of_work_is_not(second, client):
    client.force_login(a_user(Role.SUPERVISOR))
    asked = []
    second.execute_wrappers.append(lambda execute, *given: asked.append(given[0]) or execute(*given))
    assert client.get(reverse("complaints:queue")).status_code == 200
    assert asked == []
    assert client.get(reverse("analytics:report", args=["trend"])).status_code == 200
    assert any("analytics_dayrollup" in statement for statement in asked)
