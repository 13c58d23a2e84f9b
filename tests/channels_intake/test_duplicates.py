"""What a new complaint may repeat is shown with enough to judge, and a further contact is added in two keys."""

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from channels_intake.models import UnsentForm
from complaints import duplicates
from complaints.models import Category, Complaint
from complaints.states import Status
from staff.actors import Role
from tests.channels_intake.test_by_keyboard import signed_in  # noqa: F401  (a fixture)
from tests.complaints.test_moves import bring
from tests.factories import a_branch, a_complaint, a_team, a_user, an_account

pytestmark = pytest.mark.django_db
STORY = "昨晚八点小区突然停电，打电话一直没有人接。"


@pytest.fixture(autouse=True)
def desk(profile):
    a_branch()
    a_team("dispatch")


@pytest.fixture
def agent(client):
    user = a_user(Role.AGENT)
    client.force_login(user)
    client.cookies["language"] = "en"
    return user


def likely(user, code="OUT", **known):
    category = Category.objects.get(code=code)
    found = duplicates.likely(user, category=category, at=timezone.now(), **{"account": None, **known})
    return {one.complaint: one.why for one in found}


def ago(**span):
    return timezone.now() - timedelta(**span)


def of(account, code="OUT-03", **fields):
    where = {"account": account, "customer": account.customer, "transformer_area": account.premise.transformer_area}
    return a_complaint(code, **{"at": ago(hours=2), **where, **fields})


def test_the_same_customers_open_complaint_of_this_category_comes_first(agent):
    account, neighbour = an_account(), an_account()
    mine, near = of(account), of(neighbour)
    of(account, "BIL-01")
    assert list(likely(agent, account=account).items()) == [(mine, "same"), (near, "asset")]
    assert likely(agent, "BIL", account=neighbour) == {}


def test_what_was_closed_lately_may_be_the_same_again(agent):
    account = an_account()
    closed = bring(of(account), Status.CLOSED)
    Complaint.objects.filter(pk=closed.pk).update(closed_at=ago(days=29))
    assert likely(agent, account=account) == {closed: "again"}
    Complaint.objects.filter(pk=closed.pk).update(closed_at=ago(days=31))
    assert likely(agent, account=account) == {}


def test_without_an_account_the_phone_tells(agent):
    complaint = a_complaint(at=ago(hours=1), contact_phone="13800001234")
    assert likely(agent, phone="138-0000-1234") == {complaint: "same"}
    assert likely(agent, phone="139") == {}


def test_similar_words_are_a_weak_signal(agent):
    complaint = a_complaint(at=ago(hours=1), story=STORY, contact_phone="13911112222")
    a_complaint(at=ago(hours=1), story="计划停电的通知贴错了楼。", contact_phone="13911112223")
    assert likely(agent, story="小区昨晚八点突然停电，打电话没有人接") == {complaint: "text"}
    assert likely(agent, story="停电") == {}


def test_what_happened_elsewhere_or_long_ago_is_not_the_same_event(agent):
    account = an_account()
    of(an_account(), at=ago(hours=49))
    assert likely(agent, account=account) == {}


def test_nobody_is_shown_what_they_may_not_see(agent):
    account = an_account()
    county, other = (a_branch(name, parent=a_branch()) for name in ("county", "other"))
    complaint = of(account, branch=county)
    assert likely(a_user(Role.AGENT, branch=other), account=account) == {}
    assert likely(a_user(Role.AGENT, branch=county), account=account) == {complaint: "same"}


def test_before_the_category_is_chosen_nothing_is_guessed(agent):
    assert duplicates.likely(agent, category=None, account=an_account(), at=timezone.now()) == []


def test_suggesting_costs_a_fixed_number_of_queries(agent, django_assert_num_queries):
    account = an_account()
    for _ in range(6):
        of(account)
    with django_assert_num_queries(5):
        likely(agent, account=account, story=STORY)


@given(st.text(max_size=40), st.text(max_size=40))
def test_resemblance_is_a_share_and_the_same_both_ways(one, other):
    a, b = duplicates.grams(one), duplicates.grams(other)
    assert 0 <= duplicates.resemblance(a, b) == duplicates.resemblance(b, a) <= 1
    assert not a or duplicates.resemblance(a, a) == 1


# at the form


def test_the_form_shows_it_beside_what_is_typed_and_somebody_whom_we_failed_again_and_again(client, agent):
    account = an_account()
    complaints = [of(account) for _ in range(3)]
    said = {"account_number": account.number, "category": "OUT", "story": STORY}
    shown = client.post("/desk/new/known/", said).content.decode()
    assert "Is it one of these?" in shown
    assert "3 complaints in 12 months" in shown
    assert all(complaint.reference in shown for complaint in complaints)


def add(client, complaint, form_id, story=STORY):
    return client.post("/desk/new/phone/", {"form_id": form_id, "story": story, "further": complaint.reference})


def test_a_further_contact_is_added_once_and_makes_no_new_complaint(client, agent):
    complaint, form_id = of(an_account()), uuid4()
    client.post(f"/desk/new/phone/keep/{form_id}/", {"form_id": form_id, "story": STORY})
    assert add(client, complaint, form_id).url == complaint.get_absolute_url()
    add(client, complaint, form_id)
    said = complaint.events.filter(move="supplement")
    assert [event.details["message"] for event in said] == [STORY]
    assert Complaint.objects.count() == 1
    assert not UnsentForm.objects.exists()


def test_without_words_or_on_a_closed_complaint_it_is_refused_and_kept(client, agent):
    complaint = of(an_account())
    form_id = uuid4()
    empty = client.post(
        "/desk/new/phone/", {"form_id": form_id, "contact_name": "欧阳", "further": complaint.reference}
    )
    assert empty.status_code == 422
    assert empty.context["form"]["contact_name"].value() == "欧阳"
    closed = bring(complaint, Status.CLOSED)
    before = closed.events.count()
    refused = add(client, closed, form_id)
    assert refused.status_code == 422
    assert refused.context["form"]["story"].value() == STORY
    assert closed.events.count() == before
    assert UnsentForm.objects.get().content["story"] == STORY


@pytest.mark.django_db(transaction=True)
def test_added_from_ten_threads_at_once_it_is_one_contact(profile, client, agent):
    complaint, form_id, together = of(an_account()), uuid4(), threading.Barrier(10)

    def work():
        tab = Client()
        tab.cookies = client.cookies
        try:
            together.wait()
            add(tab, complaint, form_id)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert complaint.events.filter(move="supplement").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_keys_add_the_call_to_the_known_complaint(signed_in, live_server):  # noqa: F811
    account = an_account(name="欧阳锋", phone="13812345678")
    complaint = of(account)
    page = signed_in
    page.goto(f"{live_server.url}/desk/new/phone/")
    page.keyboard.type("欧阳")
    page.wait_for_selector("[data-pick]")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"#known >> text={account.premise.address}")
    page.keyboard.press("1")
    page.locator("[name=story]").fill(STORY)
    page.wait_for_selector("[data-further]")
    page.keyboard.press("Alt+0")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{complaint.get_absolute_url()}")
    assert complaint.events.get(move="supplement").details["message"] == STORY
