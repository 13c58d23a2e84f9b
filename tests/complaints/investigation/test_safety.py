"""A hazard: graded, made safe, mended and inspected again; and no such complaint is upheld while it still endangers."""

from datetime import date, timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.urls import reverse
from django.utils import timezone

from complaints import safety_rules, workflow
from complaints.investigation import safety
from complaints.models import SafetyFinding
from complaints.refusals import MoveRefused
from complaints.states import Status
from staff.actors import Role
from tests.complaints.test_moves import a_file, bring, details_for, everything_about
from tests.factories import MONDAY, a_complaint, a_user, an_actor, an_answer

pytestmark = [pytest.mark.usefixtures("profile"), pytest.mark.django_db]


@pytest.fixture
def complaint():
    return bring(a_complaint("SAF-05"), Status.INVESTIGATING)


@pytest.fixture
def desk(client):
    client.force_login(a_user(Role.INVESTIGATOR))
    client.cookies["language"] = "en"
    return client


def address(complaint):
    return reverse("complaints:investigation", args=[complaint.reference])


def say(desk, complaint, **said):
    newest = complaint.safety_findings.first()
    return desk.post(address(complaint), {"standing": newest.pk if newest else "", **said})


@pytest.mark.parametrize(
    ("kilovolts", "metres"),
    [("0.4", None), ("1", 4), ("10", 4), ("20", None), ("35", 6), ("110", 6), ("220", 8), ("500", 10), ("1000", None)],
)
def test_the_protection_zone_is_what_the_source_says_and_nothing_between(kilovolts, metres):
    assert safety_rules.protective_zone(Decimal(kilovolts)) == metres


def test_what_is_found_stands_on_the_page_and_in_the_history(desk, complaint):
    response = say(desk, complaint, grade="II", owner="utility", voltage_kv="10", protection="已设围栏")
    assert response.status_code == 302
    finding = complaint.safety_findings.get()
    assert (finding.grade, finding.owner, finding.protection) == ("II", "utility", "已设围栏")
    event = complaint.events.latest("number")
    assert (event.move, event.details["part"]) == ("investigate", "the hazard")
    assert "protection zone 4 m" in event.details["summary"]
    page = unescape(desk.get(complaint.get_absolute_url()).content.decode())
    assert "II – serious" in page
    assert "Nobody has said yet that it is safe." in page


def test_the_gravest_grade_makes_it_a_matter_of_life(desk, complaint):
    assert complaint.priority == 2
    assert say(desk, complaint, grade="I", public_access="on").status_code == 302
    complaint.refresh_from_db()
    assert complaint.priority == 1
    assert [event.move for event in complaint.events.order_by("-number")[:2]] == ["prioritise", "investigate"]


def test_mending_schedules_the_inspection_by_the_grade(desk, complaint):
    mended = timezone.localdate() - timedelta(days=2)
    assert say(desk, complaint, grade="II", measure="迁移线路", mended_on=mended.isoformat()).status_code == 302
    assert complaint.safety_findings.first().follow_up_on == mended + timedelta(days=30)
    page = unescape(desk.get(address(complaint)).content.decode())
    assert "Follow-up inspection due" in page
    assert safety.follow_up_day("", date(2026, 3, 2)) == date(2026, 3, 9)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"grade": "I", "not_dangerous_because": "无电"}, "not_dangerous_because"),
        ({"mended_on": "2026-03-02"}, "measure"),
        ({"mended_on": "2999-01-01", "measure": "换杆"}, "mended_on"),
        ({"grade": "IV"}, "grade"),
        ({"voltage_kv": "-1"}, "voltage_kv"),
        ({}, None),
    ],
)
def test_what_makes_no_sense_is_refused_and_stays_on_the_page(desk, complaint, said, field):
    before = everything_about(complaint)
    response = say(desk, complaint, **said)
    assert response.status_code in (400, 422)
    assert (field or "__all__") in response.context["form"].errors
    assert not SafetyFinding.objects.exists()
    assert everything_about(complaint) == before


def test_two_who_record_at_once_do_not_overwrite_each_other_unseen(desk, complaint):
    say(desk, complaint, grade="II")
    response = desk.post(address(complaint), {"standing": "", "grade": "III"})
    assert response.status_code == 409
    assert complaint.safety_findings.get().grade == "II"


def test_the_photo_is_kept_with_the_complaint(desk, complaint):
    file = a_file().file
    file.seek(0)
    assert say(desk, complaint, protection="已设围栏", photo=file).status_code == 302
    assert complaint.attachments.count() == 1


def test_who_does_not_investigate_records_nothing(client, complaint):
    client.force_login(a_user(Role.ANALYST))
    before = everything_about(complaint)
    say(client, complaint, grade="II")
    assert not SafetyFinding.objects.exists()
    assert everything_about(complaint) == before


@pytest.mark.parametrize("outcome", ["upheld", "partly_upheld"])
def test_it_is_not_upheld_while_nobody_says_that_it_is_safe(complaint, outcome):
    bring_contact(complaint)
    before = everything_about(complaint)
    with pytest.raises(MoveRefused, match="Nobody has said yet that it is safe"):
        workflow.perform("resolve", complaint, by=an_actor(Role.SUPERVISOR), **an_answer(outcome=outcome))
    assert everything_about(complaint) == before


def test_it_may_be_found_unfounded_without_being_made_safe(complaint):
    bring_contact(complaint)
    workflow.perform("resolve", complaint, by=an_actor(Role.SUPERVISOR), **an_answer(outcome="not_upheld"))
    assert complaint.status == Status.RESOLVED


def test_made_safe_it_is_upheld(complaint):
    bring_contact(complaint)
    workflow.perform("restore", complaint, by=an_actor(Role.SUPERVISOR), at=MONDAY + timedelta(hours=1))
    workflow.perform("resolve", complaint, by=an_actor(Role.SUPERVISOR), **an_answer())
    assert complaint.status == Status.RESOLVED


def test_declared_not_dangerous_with_a_reason_it_is_upheld(desk, complaint):
    bring_contact(complaint)
    assert say(desk, complaint, not_dangerous_because="通信线，不带电").status_code == 302
    workflow.perform("resolve", complaint, by=an_actor(Role.SUPERVISOR), **an_answer())
    assert complaint.status == Status.RESOLVED


def bring_contact(complaint):
    if complaint.contacted_at is None:
        details = details_for("contact", complaint)
        workflow.perform(
            "contact", complaint, by=an_actor(Role.SUPERVISOR), at=MONDAY + timedelta(minutes=30), **details
        )
