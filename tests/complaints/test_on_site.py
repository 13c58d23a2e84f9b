"""Clocks of the way to the customer's door, of the acknowledgement and of the cause: what starts and what stops them."""

from datetime import UTC, timedelta

import pytest
from django.utils import timezone

from complaints import workflow
from complaints.clocks.ledger import replay
from complaints.clocks.running import as_entry
from complaints.models import Clock, Complaint, Subcategory
from complaints.refusals import MoveRefused
from complaints.states import Status
from complaints.tasks import ring_alarms
from staff.actors import THE_CUSTOMER, Role
from tests.complaints.test_moves import bring, details_for, everything_about
from tests.factories import MONDAY, a_complaint, a_user, an_actor, an_answer

pytestmark = pytest.mark.usefixtures("profile")

MINUTE = timedelta(minutes=1)


def clock(complaint: Complaint, kind: str, tier: str = "", round: int = 1) -> Clock:
    return complaint.clocks.get(kind=kind, tier=tier, round=round)


def make(name: str, complaint: Complaint, *, after: timedelta, role: str = Role.SUPERVISOR, **more):
    details = details_for(name, complaint) | more
    return workflow.perform(name, complaint, by=an_actor(role), at=MONDAY + after, **details)


def test_the_way_to_a_dark_house_is_short_in_town_and_longer_in_the_country():
    for area, promised, by_law in (("urban", 45, 60), ("rural", 90, 120), ("remote", 120, 240), ("", 45, 60)):
        complaint = a_complaint("OUT-01", area_class=area)
        assert clock(complaint, "arrive", "commitment").due_at == MONDAY + promised * MINUTE
        assert clock(complaint, "arrive", "statutory").due_at == MONDAY + by_law * MINUTE
        assert not complaint.clocks.filter(kind="restore").exists()


def test_arriving_stops_the_way_and_starts_the_repair():
    complaint = bring(a_complaint("OUT-01"), Status.DISPATCHED)
    make("arrive", complaint, after=50 * MINUTE, role=Role.AGENT, arrived_at=MONDAY + 40 * MINUTE)
    assert complaint.arrived_at == MONDAY + 40 * MINUTE
    assert {c.state for c in complaint.clocks.filter(kind="arrive")} == {"met"}
    restore = clock(complaint, "restore", "commitment")
    assert (restore.started_at, restore.due_at) == (MONDAY + 40 * MINUTE, MONDAY + 220 * MINUTE)
    make("restore", complaint, after=240 * MINUTE)
    assert clock(complaint, "restore", "commitment").state == "late"
    feedback = clock(complaint, "feedback")
    assert (feedback.started_at, feedback.due_at) == (MONDAY + 240 * MINUTE, MONDAY + timedelta(days=1, hours=4))


def test_an_arrival_that_is_written_down_late_is_judged_by_when_it_was():
    complaint = bring(a_complaint("OUT-01"), Status.DISPATCHED)
    make("arrive", complaint, after=5 * 60 * MINUTE, arrived_at=MONDAY + 70 * MINUTE)
    by_law = clock(complaint, "arrive", "statutory")
    assert (by_law.state, by_law.stopped_at) == ("late", MONDAY + 70 * MINUTE)
    assert complaint.events.filter(move="breach", details__clock="arrive statutory").get().at == MONDAY + 60 * MINUTE


@pytest.mark.parametrize("name", ["arrive", "restore"])
@pytest.mark.parametrize("when", [-timedelta(hours=1), timedelta(hours=3)])
def test_nobody_arrives_before_the_call_or_in_the_future(name, when):
    complaint = bring(a_complaint("OUT-01"), Status.DISPATCHED)
    before = everything_about(complaint)
    with pytest.raises(MoveRefused) as refused:
        make(name, complaint, after=10 * MINUTE, **{f"{name}d_at": MONDAY + when})
    assert refused.value.fields == (f"{name}d_at",)
    assert everything_about(complaint) == before


def test_a_minute_that_is_typed_stands_for_all_of_it(client):
    """Received at 10:15:20, somebody there at 10:15:40, restored "10:15": a field of a form knows no seconds."""
    received, there = MONDAY + timedelta(seconds=20), MONDAY + timedelta(seconds=40)
    complaint = bring(a_complaint("OUT-01", received_at=received, at=received), Status.DISPATCHED)
    client.force_login(a_user(Role.AGENT))
    typed = timezone.localtime(MONDAY).strftime("%Y-%m-%dT%H:%M")
    url = f"{complaint.get_absolute_url()}moves/"
    for name, field in (("contact", "contacted_at"), ("arrive", "arrived_at")):
        said = {"seen": complaint.version, "reached": "yes", "method": "phone", field: typed}
        assert client.post(f"{url}{name}/", said).status_code == 302
    complaint.refresh_from_db()
    assert (complaint.contacted_at, complaint.arrived_at) == (received, received)
    assert complaint.events.get(move="arrive").details["arrived_at"] == received.astimezone(UTC).isoformat()
    Complaint.objects.filter(pk=complaint.pk).update(arrived_at=there)
    assert client.post(f"{url}restore/", {"seen": complaint.version, "restored_at": typed}).status_code == 302
    complaint.refresh_from_db()
    assert complaint.restored_at == there
    feedback = clock(complaint, "feedback")
    assert feedback.started_at == there


def test_the_minute_before_is_before():
    complaint = bring(a_complaint("OUT-01", received_at=MONDAY, at=MONDAY), Status.DISPATCHED)
    with pytest.raises(MoveRefused, match="before we received"):
        make("arrive", complaint, after=10 * MINUTE, arrived_at=MONDAY - MINUTE)


def test_power_switched_back_from_afar_needs_nobody_on_site():
    complaint = bring(a_complaint("OUT-01"), Status.DISPATCHED)
    make("restore", complaint, after=20 * MINUTE)
    assert {c.state for c in complaint.clocks.filter(kind="arrive")} == {"met"}
    assert complaint.arrived_at is None
    assert not complaint.clocks.filter(kind="restore").exists()


def test_what_is_repaired_is_said_also_where_nothing_was_promised_about_the_repair():
    complaint = a_complaint("SAF-01")
    make("arrive", complaint, after=20 * MINUTE)
    assert not complaint.clocks.ticking().filter(kind__in=["arrive", "restore"]).exists()
    make("restore", complaint, after=50 * MINUTE)
    assert complaint.restored_at == MONDAY + 50 * MINUTE
    assert not complaint.permits("restore", Role.AGENT)


def test_an_answer_ends_the_way_and_one_promised_call_back_is_enough():
    complaint = bring(a_complaint("OUT-01"), Status.INVESTIGATING)
    make("restore", complaint, after=30 * MINUTE)
    make("resolve", complaint, after=40 * MINUTE)
    feedback = complaint.clocks.filter(kind="feedback")
    assert [c.started_at for c in feedback] == [MONDAY + 30 * MINUTE]
    assert not complaint.clocks.ticking().filter(kind__in=["arrive", "restore", "resolve"]).exists()


def test_a_new_category_opens_the_clocks_it_promises_and_closes_those_it_does_not():
    complaint = bring(a_complaint("OUT-03"), Status.INVESTIGATING)
    assert not complaint.clocks.filter(kind="arrive").exists()
    lost, notice = details_of("OUT-01"), details_of("OUT-03")
    make("recategorise", complaint, after=10 * MINUTE, **lost)
    assert clock(complaint, "arrive", "statutory").due_at == MONDAY + 60 * MINUTE, "time used is not given back"
    assert clock(complaint, "first_contact", "internal").state == "met", "the customer was reached before"
    make("recategorise", complaint, after=20 * MINUTE, **notice)
    assert clock(complaint, "arrive", "statutory").state == "cancelled"
    make("recategorise", complaint, after=30 * MINUTE, **lost)
    again = clock(complaint, "arrive", "statutory")
    assert (again.state, again.due_at) == ("running", MONDAY + 60 * MINUTE)
    assert again.alarms.pending().filter(level="breach", fire_at=again.due_at).count() == 1
    for one in complaint.clocks.all():
        assert one.state == replay([as_entry(entry) for entry in one.ledger.all()]).state


def details_of(code: str) -> dict:
    subcategory = Subcategory.objects.get(code=code)
    return {"category": subcategory.category, "subcategory": subcategory}


# acknowledgement


@pytest.mark.parametrize(("channel", "source"), [("phone", "hotline"), ("visit", "counter"), ("web", "website")])
def test_who_hears_or_sees_the_reference_at_once_has_been_answered(channel, source):
    complaint = a_complaint(channel=channel, source=source)
    assert clock(complaint, "acknowledge").state == "met"
    assert not complaint.alarms.pending().filter(clock__kind="acknowledge", clock__tier="").exists()


def test_a_letter_is_acknowledged_by_the_message_that_was_sent_or_by_a_person():
    by_text = a_complaint(channel="letter", source="post", contact_phone="13800001234")
    assert clock(by_text, "acknowledge").state == "met"
    by_post = a_complaint(channel="letter", source="post", contact_phone="", contact_address="和平路 1 号")
    assert clock(by_post, "acknowledge").state == "running"
    make("acknowledge", by_post, after=60 * MINUTE, role=Role.AGENT)
    assert clock(by_post, "acknowledge").state == "met"


def test_what_came_by_web_is_looked_at_by_a_person_within_a_working_day():
    complaint = a_complaint(channel="web", source="website", by=THE_CUSTOMER)
    promised = clock(complaint, "acknowledge", "commitment")
    assert promised.state == "running"
    make("dispatch", complaint, after=15 * MINUTE)
    assert clock(complaint, "acknowledge", "commitment").state == "met"


def test_the_clock_looks_at_nothing():
    complaint = a_complaint("SAF-01", channel="web", source="website", by=THE_CUSTOMER, team=None)
    assert clock(complaint, "acknowledge", "commitment").state == "running"


def test_a_petition_is_accepted_in_writing_and_not_by_a_message():
    complaint = a_complaint(channel="letter", source="petition", contact_phone="13800001234")
    make("message", complaint, after=5 * MINUTE)
    assert clock(complaint, "acknowledge", "statutory").state == "running"
    make("acknowledge", complaint, after=6 * MINUTE)
    assert clock(complaint, "acknowledge", "statutory").state == "met"


# the cause


def test_the_cause_of_low_voltage_is_owed_after_the_complaint_is_closed():
    complaint = bring(a_complaint("VOL-01"), Status.CLOSED)
    owed = complaint.clocks.ticking()
    assert {(c.kind, c.tier) for c in owed} == {("remediate", "internal"), ("remediate", "commitment")}
    assert ring_alarms() > 0
    assert complaint.events.filter(move="breach", details__clock="remediate internal").exists()
    make("strike_off", complaint, after=timedelta(days=300), role=Role.INVESTIGATOR)
    assert {c.state for c in complaint.clocks.filter(kind="remediate")} == {"met", "late"}
    assert complaint.cause_removed_at == MONDAY + timedelta(days=300)
    assert "strike_off" not in dict(complaint.moves_for(Role.SUPERVISOR))


def test_where_nothing_was_wrong_there_is_no_cause_to_remove():
    complaint = bring(a_complaint("VOL-01"), Status.INVESTIGATING)
    make("resolve", complaint, after=60 * MINUTE, **an_answer(outcome="not_upheld"))
    assert not complaint.clocks.filter(kind="remediate").exists()


# urging


def test_who_urges_is_called_back_within_two_hours_and_no_deadline_moves():
    complaint = bring(a_complaint("SVC-01"), Status.INVESTIGATING)
    before = list(complaint.clocks.order_by("pk").values_list("kind", "tier", "due_at"))
    workflow.perform("urge", complaint, by=THE_CUSTOMER, at=MONDAY + 60 * MINUTE)
    workflow.perform("urge", complaint, by=THE_CUSTOMER, at=MONDAY + 90 * MINUTE)
    owed = complaint.clocks.filter(kind="call_back")
    assert [(c.started_at, c.due_at) for c in owed] == [(MONDAY + 60 * MINUTE, MONDAY + 180 * MINUTE)]
    assert (
        list(complaint.clocks.exclude(kind="call_back").order_by("pk").values_list("kind", "tier", "due_at")) == before
    )
    make("contact", complaint, after=100 * MINUTE, reached=False)
    assert owed.get().state == "running"
    make("contact", complaint, after=110 * MINUTE)
    assert owed.get().state == "met"
    workflow.perform("urge", complaint, by=THE_CUSTOMER, at=MONDAY + 300 * MINUTE)
    assert complaint.clocks.filter(kind="call_back").count() == 2
