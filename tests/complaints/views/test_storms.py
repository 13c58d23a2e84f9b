"""The storms page, the banner, what a customer reads, and clocks that speak of the average."""

from datetime import timedelta

import pytest

from analytics.grains.refresh import refresh
from complaints import storms
from complaints.models import Storm
from staff.actors import Role
from tests.complaints.test_storms import HOUR, a_storm, an_outage, arrival
from tests.complaints.views.pages import text_of
from tests.factories import MONDAY, a_branch, a_complaint, a_user

PAGE = "/desk/storms/"
BANNER = "Storm in company Power: 台风“海棠”"
pytestmark = pytest.mark.usefixtures("monday_morning")
OTHERS = sorted(set(Role.values) - {Role.SUPERVISOR, Role.ADMINISTRATOR})


def typed(**more):
    return {"branch": a_branch().pk, "reason": "台风", "began_at": "2026-03-02T08:00", **more}


def test_a_visitor_is_sent_to_the_sign_in(reader):
    assert reader.get(PAGE).status_code == 302


def test_how_many_it_would_excuse_is_said_before_anything_is_declared(reader, sign_in):
    an_outage()
    sign_in()
    page = text_of(reader.post(PAGE, typed()))
    assert "It would excuse 1 promised arrival at once" in page
    assert not Storm.objects.exists()
    assert reader.post(PAGE, typed(sure="1")).status_code == 302
    assert Storm.objects.get().reason == "台风"
    assert "Storm in company Power: 台风" in text_of(reader.get(PAGE))


def test_what_is_refused_is_said_at_the_field_and_changes_nothing(reader, sign_in):
    sign_in()
    response = reader.post(PAGE, typed(began_at="2026-03-02T23:00", sure="1"))
    assert response.status_code == 422
    assert "That is in the future" in text_of(response)
    assert reader.post(PAGE, typed(reason="", sure="1")).status_code == 422
    assert not Storm.objects.exists()


def test_a_storm_is_ended_and_another_withdrawn(reader, sign_in):
    sign_in()
    storm = a_storm(at=MONDAY)
    early = reader.post(f"{PAGE}{storm.pk}/end/", {"ended_at": "2026-03-02T07:00"})
    assert early.status_code == 422
    assert "before the storm began" in text_of(early)
    assert reader.post(f"{PAGE}{storm.pk}/end/", {"ended_at": ""}).status_code == 302
    assert Storm.objects.running().count() == 0
    other = a_storm(at=MONDAY)
    assert reader.post(f"{PAGE}{other.pk}/withdraw/").status_code == 302
    assert Storm.objects.get(pk=other.pk).is_withdrawn
    assert "declared by mistake" in text_of(reader.get(PAGE))


@pytest.mark.parametrize("role", OTHERS)
def test_others_look_and_change_nothing(reader, sign_in, role):
    sign_in(role)
    storm = a_storm(at=MONDAY)
    assert "Declare a storm" not in text_of(reader.get(PAGE))
    for url, data in ((PAGE, typed()), (f"{PAGE}{storm.pk}/end/", {}), (f"{PAGE}{storm.pk}/withdraw/", {})):
        assert reader.post(url, data).status_code == 403
    assert Storm.objects.get() == storm
    assert Storm.objects.get().ended_at is None


def test_a_county_neither_declares_for_its_company_nor_ends_its_storm(reader, sign_in):
    storm = a_storm(at=MONDAY)
    sign_in(branch=a_branch("county", parent=a_branch()))
    assert reader.post(PAGE, typed(sure="1")).status_code == 422
    assert reader.post(f"{PAGE}{storm.pk}/end/").status_code == 404
    assert Storm.objects.get().ended_at is None


def test_everybody_of_the_branch_reads_the_banner_and_nobody_else(reader, sign_in):
    county, sister = a_branch("county", parent=a_branch()), a_branch("sister", parent=a_branch())
    storms.declare(county, "台风", MONDAY, by=a_user(Role.SUPERVISOR), at=MONDAY)
    for branch, reads in ((county, True), (a_branch(), True), (sister, False)):
        sign_in(Role.AGENT, branch=branch)
        assert ("Storm in county Power: 台风" in text_of(reader.get("/desk/"))) == reads


def test_a_customer_reads_that_it_takes_longer_until_somebody_is_there(reader):
    a_storm(at=MONDAY)
    complaint = an_outage()
    url = f"/track/{complaint.token}/"
    assert "may take longer than usual" in text_of(reader.get(url))
    complaint.arrived_at = MONDAY
    complaint.save()
    assert "may take longer than usual" not in text_of(reader.get(url))


def test_a_suspected_storm_is_offered_on_the_page_and_on_the_board(reader, sign_in):
    for _number in range(storms.AT_LEAST):
        a_complaint("OUT-01")
    sign_in()
    for url in (PAGE, "/board/"):
        page = text_of(reader.get(url))
        assert "company Power: 20 outage and safety complaints in the last 3 hours" in page
        assert "began=2026-03-02T06:10" in page


def test_a_promise_of_the_average_is_neither_late_nor_pressing(reader, sign_in, monday_morning):
    complaint = an_outage()
    assert arrival(complaint).statistic == "mean"
    monday_morning.shift(9 * HOUR)
    sign_in()
    page = text_of(reader.get(f"/complaints/{complaint.reference}/"))
    assert "on average within 90 minutes" in page
    assert "on average within" not in page.split('class="row pressing"')[1].split("</p>")[0]


def test_the_report_counts_averages_apart_and_leaves_out_what_is_excused(reader, sign_in):
    first, second = an_outage(), an_outage()
    an_outage()
    for one, minutes in ((first, 30), (second, 60)):
        one.arrived_at = MONDAY + timedelta(minutes=minutes)
        one.save()
    storms.declare(a_branch(), "台风", MONDAY + HOUR / 12, by=a_user(Role.SUPERVISOR), at=MONDAY + HOUR / 6)
    an_outage(at=MONDAY + HOUR / 6)
    refresh()
    sign_in()
    table = text_of(reader.get("/reports/sla-compliance/?from=2026-03-01&to=2026-03-31"))
    assert "Promises about the average" in table
    assert "45.0 min" in table
