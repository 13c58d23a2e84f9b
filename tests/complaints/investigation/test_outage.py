"""What was found of an outage: customer-minutes, whether notice was in time, how often it happened, and who may say so."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from complaints.investigation import panel
from complaints.investigation.outage import customer_minutes, offered_issues, repeats
from complaints.investigation.outage_notice import BEFORE_ROWS, notice_verdict
from complaints.models import OutageFinding, RootCause
from complaints.states import Status
from staff.actors import Role
from tests.complaints.test_moves import bring, everything_about
from tests.factories import MONDAY, a_complaint, a_user, an_account, an_issue

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def test_customer_minutes_worked_by_hand():
    """100 customers: 60 back after 30 minutes, 40 after two hours: 1,800 + 4,800."""
    steps = [(MONDAY + HOUR / 2, 60), (MONDAY + 2 * HOUR, 40)]
    assert customer_minutes(MONDAY, steps) == 6600


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 30)), max_size=8))
def test_customer_minutes_agree_with_a_walk_through_every_minute(parts):
    steps = [(MONDAY + minutes * timedelta(minutes=1), customers) for minutes, customers in parts]
    walked = sum(customers for minute in range(301) for minutes, customers in parts if minute < minutes)
    assert customer_minutes(MONDAY, steps) == walked


@pytest.mark.parametrize(
    ("kind", "before", "is_important", "verdict"),
    [
        ("planned", 7 * DAY, False, "on_time"),
        ("planned", 7 * DAY - timedelta(seconds=1), False, "late"),
        ("planned", None, False, "none"),
        ("planned", -HOUR, False, "late"),
        ("temporary", 24 * HOUR, True, "on_time"),
        ("temporary", 23 * HOUR, True, "late"),
        ("temporary", None, False, "not_due"),
        ("arrears", 6 * DAY, False, "late"),
        ("fault", None, True, "not_due"),
    ],
)
def test_was_notice_given_in_time(kind, before, is_important, verdict):
    noticed = None if before is None else MONDAY - before
    assert notice_verdict(BEFORE_ROWS, kind, noticed, MONDAY, is_important=is_important) == verdict


@pytest.fixture
def complaint(db, profile):
    account = an_account()
    return bring(a_complaint("OUT-03", account=account, premise=account.premise), Status.INVESTIGATING)


@pytest.fixture
def desk(client, profile):
    client.force_login(a_user(Role.INVESTIGATOR))
    client.cookies["language"] = "en"
    return client


def panel_of(complaint):
    """In English, whatever language the last request was answered in."""
    with translation.override("en"):
        return panel(complaint)


def address(complaint):
    return reverse("complaints:investigation", args=[complaint.reference])


def said(**more):
    return {
        "kind": "planned",
        "started_at": "2026-03-01T18:00",
        "restored_at": "2026-03-01T20:00",
        "customers": "100",
        "back": "18:30 60",
        "equipment": "城东一线 03 开关",
        "cause": RootCause.objects.get(code="planning-late-notice").pk,
        "noticed_at": "2026-02-27T18:00",
        "notice_evidence": "公告 12 号",
        **more,
    }


def test_findings_are_recorded_with_what_follows_from_them(desk, complaint):
    assert desk.get(address(complaint)).context["form"]["customers"].value() == 1
    assert desk.post(address(complaint), said()).status_code == 302
    finding = OutageFinding.objects.get()
    assert finding.steps == [["2026-03-01T18:30:00+08:00", 60]]
    event = complaint.events.latest("number")
    assert (event.move, event.details["part"]) == ("investigate", "the outage")
    shown = panel_of(complaint)
    facts = {str(label): str(value) for label, value in shown.facts}
    assert facts["Customer-minutes"] == "6,600"
    assert facts["Mean per customer without supply (CAIDI)"] == "66.0 min"
    assert (shown.missing, shown.meaning, shown.cause) == ([], "danger", "planning-late-notice")
    assert shown.verdict == "Notice was late: 2 days before the outage, 7 days were due."
    assert "6,600" in desk.get(complaint.get_absolute_url()).content.decode()
    again = desk.get(address(complaint)).context["form"]
    assert again["back"].value() == "2026-03-01 18:30  60"
    assert desk.post(address(complaint), said()).status_code == 422
    assert OutageFinding.objects.count() == 1


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"restored_at": "2026-03-01T17:00"}, "restored_at"),
        ({"back": "18:30 101"}, "back"),
        ({"back": "17:30 1"}, "back"),
        ({"back": "soon"}, "back"),
        ({"started_at": "2999-01-01T00:00"}, "started_at"),
        ({"started_at": ""}, "started_at"),
        ({"customers": "-1"}, "customers"),
        ({"kind": "dark"}, "kind"),
    ],
)
def test_what_cannot_have_been_is_refused_beside_the_field(desk, complaint, more, field):
    before = everything_about(complaint)
    response = desk.post(address(complaint), said(**more))
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert everything_about(complaint) == before
    assert not OutageFinding.objects.exists()


@pytest.mark.parametrize("role", [Role.AGENT, Role.ANALYST])
def test_who_does_not_investigate_reads_only(client, complaint, role):
    client.force_login(a_user(role))
    assert client.post(address(complaint), said()).status_code == 302
    assert not OutageFinding.objects.exists()
    assert client.get(address(complaint)).status_code == 200


def test_repeats_are_counted_once_whichever_way_we_know_them(complaint):
    area = complaint.premise.transformer_area
    an_issue(transformer_area=area, started_at=MONDAY - 10 * DAY)
    an_issue(feeder=area.feeder, started_at=MONDAY - 20 * DAY)
    an_issue(transformer_area=area, started_at=MONDAY - 61 * DAY)
    an_issue(started_at=MONDAY - DAY)
    for days in (10, 30):
        a_complaint("OUT-01", at=MONDAY - days * DAY, premise=complaint.premise)
    found = repeats(complaint, MONDAY)
    assert [one.at for one in found] == [MONDAY - days * DAY for days in (10, 20, 30)]
    facts = {str(label): str(value) for label, value in panel_of(complaint).facts}
    assert facts["Interruptions here in 60 days"] == "3, which is frequent"


def test_a_service_issue_of_that_time_and_place_is_offered(complaint):
    area = complaint.premise.transformer_area
    near = an_issue(transformer_area=area, started_at=MONDAY - HOUR)
    an_issue(transformer_area=area, started_at=MONDAY - 2 * DAY)
    an_issue(kind="billing_run", transformer_area=area, started_at=MONDAY)
    assert offered_issues(complaint, MONDAY) == [near]


def test_a_finding_is_never_changed(desk, complaint):
    desk.post(address(complaint), said())
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE complaints_outagefinding SET customers = 1")
    assert OutageFinding.objects.get().customers == 100
