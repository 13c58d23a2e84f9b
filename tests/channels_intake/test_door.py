"""Whatever comes in, by whatever channel and however often, is one complaint with its clocks, history and notice."""

import io
import threading
from datetime import timedelta

import pytest
from django.db import connection
from PIL import Image

from channels_intake.base import Intake
from channels_intake.door import receive
from channels_intake.models import InboundRecord
from complaints.attachments import prepare
from complaints.models import Category, Complaint, Flag, Notice, Priority, Severity, Subcategory
from complaints.refusals import BadInput
from staff.actors import THE_CUSTOMER, Actor, Role
from tests.factories import MONDAY, a_branch, a_team, a_user, an_account

pytestmark = pytest.mark.django_db


def an_intake(code="OUT-03", **fields):
    subcategory = Subcategory.objects.get(code=code)
    usual = {"channel": "web", "source": "website", "external_id": "one", "story": "停电没有通知。"}
    usual |= {"category": subcategory.category, "subcategory": subcategory, "contact_phone": "13900001111"}
    return Intake(**(usual | fields))


@pytest.fixture(autouse=True)
def desk(profile):
    a_branch()
    a_team("dispatch")


def a_photo():
    content = io.BytesIO()
    Image.new("RGB", (20, 20), "red").save(content, "JPEG")
    content.seek(0)
    return prepare(content, name="wire.jpg")


def test_an_intake_becomes_a_complaint_with_clocks_history_and_notice():
    complaint = receive(an_intake(), by=THE_CUSTOMER, at=MONDAY)
    assert complaint.received_at == complaint.entered_at == MONDAY
    assert {clock.kind for clock in complaint.clocks.all()} >= {"dispatch", "first_contact", "resolve"}
    assert [event.move for event in complaint.events.all()] == ["register"]
    assert complaint.notices.get().address == "13900001111"


def test_the_same_thing_received_twice_is_one_complaint():
    first = receive(an_intake(), by=THE_CUSTOMER)
    again = receive(an_intake(story="Quite another story"), by=THE_CUSTOMER)
    assert again == first
    assert (Complaint.objects.count(), InboundRecord.objects.count(), Notice.objects.count()) == (1, 1, 1)


def test_two_channels_may_use_the_same_number_for_different_things():
    first = receive(an_intake(), by=THE_CUSTOMER)
    other = receive(an_intake(channel="letter", source="post"), by=Actor.staff(a_user()))
    assert other != first


@pytest.mark.django_db(transaction=True)
def test_two_threads_with_the_same_form_make_one_complaint():
    together, got = threading.Barrier(2), []

    def send():
        try:
            together.wait()
            got.append(receive(an_intake(), by=THE_CUSTOMER))
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 2
    assert got[0] == got[1] == Complaint.objects.get()
    assert Notice.objects.count() == 1


def test_the_clocks_run_from_receipt_not_from_entry():
    letter = an_intake(channel="letter", source="post", received_at=MONDAY - timedelta(days=3))
    complaint = receive(letter, by=Actor.staff(a_user()), at=MONDAY)
    assert (complaint.received_at, complaint.entered_at) == (MONDAY - timedelta(days=3), MONDAY)
    assert complaint.clocks.filter(kind="resolve").earliest("due_at").started_at == MONDAY - timedelta(days=3)


def test_an_account_number_says_who_and_where():
    account = an_account(branch=a_branch("east", a_branch()))
    number = f"{account.number[:4]} {account.number[4:]}"
    complaint = receive(an_intake(account_number=number, contact_phone=""), by=Actor.staff(a_user()))
    assert (complaint.account, complaint.customer, complaint.premise) == (account, account.customer, account.premise)
    assert complaint.branch == account.premise.branch
    assert complaint.transformer_area == account.premise.transformer_area
    assert complaint.area_class == "urban"
    assert complaint.contact_phone == account.customer.phone


def test_nobody_outside_learns_a_phone_number_by_typing_an_account_number():
    complaint = receive(an_intake(account_number=an_account().number, contact_phone=""), by=THE_CUSTOMER)
    assert complaint.contact_phone == ""
    assert not complaint.notices.exists()


def test_a_phone_that_two_customers_share_recognises_only_who_also_gives_the_name():
    one, two = an_account(phone="13700000000", name="张一"), an_account(phone="137 0000 0000", name="张二")
    stranger = receive(an_intake(contact_phone="137-0000-0000", external_id="a"), by=THE_CUSTOMER)
    named = receive(an_intake(contact_phone="+86 13700000000", contact_name="张二", external_id="b"), by=THE_CUSTOMER)
    assert stranger.customer is None
    assert (named.customer, named.account) == (two.customer, two)
    assert one.customer != two.customer


def test_an_unknown_caller_goes_to_the_branch_that_was_chosen_else_to_the_root():
    east = a_branch("east", a_branch())
    chosen = receive(an_intake(branch=east), by=Actor.staff(a_user()))
    from_outside = receive(an_intake(external_id="two"), by=THE_CUSTOMER)
    assert chosen.branch == east
    assert from_outside.branch.parent is None


def test_an_account_number_that_nobody_knows_is_kept_as_it_was_given():
    assert receive(an_intake(account_number="999"), by=THE_CUSTOMER).channel_details == {"account_number": "999"}


@pytest.mark.parametrize("question", ["immediate_danger", "injured"])
def test_danger_makes_it_life_safety_and_sends_people_at_once(question):
    complaint = receive(an_intake("SAF-08", answers={question: "yes"}), by=THE_CUSTOMER)
    assert complaint.priority == Priority.P1
    assert complaint.status == "dispatched"
    assert (Flag.INJURY in complaint.flags) == (question == "injured")


def test_somebody_who_lives_by_a_machine_goes_before_others():
    complaint = receive(an_intake(answers={"life_support": "yes", "supply_on": "no"}), by=THE_CUSTOMER)
    assert (complaint.priority, complaint.severity, complaint.flags) == (
        Priority.P2,
        Severity.IMPORTANT,
        [Flag.VULNERABLE],
    )


@pytest.mark.parametrize(
    ("customer", "fields", "severity"),
    [
        ({}, {}, Severity.ORDINARY),
        ({"is_vulnerable": True}, {}, Severity.IMPORTANT),
        ({"is_key": True}, {}, Severity.IMPORTANT),
        ({}, {"channel": "regulator", "source": "12398"}, Severity.IMPORTANT),
        ({}, {"flags": frozenset({Flag.GROUP})}, Severity.MAJOR),
    ],
)
def test_severity_says_who_must_be_told(customer, fields, severity):
    account = an_account(**customer)
    assert receive(an_intake(account_number=account.number, **fields), by=THE_CUSTOMER).severity == severity


def test_an_anonymous_complaint_keeps_the_place_and_no_person():
    account = an_account()
    intake = an_intake(
        is_anonymous=True, account_number=account.number, contact_name="张三", contact_phone="13900001111"
    )
    complaint = receive(intake, by=THE_CUSTOMER)
    assert complaint.premise == account.premise
    assert (complaint.customer, complaint.account, complaint.contact_name, complaint.contact_phone) == (
        None,
        None,
        "",
        "",
    )


def test_files_are_kept_with_the_complaint_and_named_in_its_history():
    complaint = receive(an_intake(files=(a_photo(), a_photo())), by=THE_CUSTOMER)
    attachment = complaint.attachments.get()
    assert attachment.is_from_customer
    assert attachment.file.size == attachment.size
    assert complaint.events.get().details == {"files": ["wire.jpg", "wire.jpg"]}


def test_a_complaint_that_nobody_could_answer_is_refused_and_leaves_nothing():
    with pytest.raises(BadInput, match="how we can answer"):
        receive(an_intake(contact_phone=""), by=THE_CUSTOMER)
    assert not Complaint.objects.exists()
    assert not InboundRecord.objects.exists()


def test_a_complaint_without_a_subcategory_is_taken_too():
    complaint = receive(
        an_intake(subcategory=None, category=Category.objects.get(code="BIL")), by=Actor.staff(a_user(Role.AGENT))
    )
    assert complaint.priority == Priority.P3
    assert complaint.team is not None
