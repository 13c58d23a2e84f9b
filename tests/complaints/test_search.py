"""Finding complaints by words: what is kept and what is asked fall into the same words, and everything that was said is found."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from complaints import queues, search, workflow
from complaints.models import Complaint, ComplaintWords
from staff.actors import Role
from tests.factories import MONDAY, a_branch, a_complaint, a_team, a_user, an_account, an_actor

pytestmark = pytest.mark.usefixtures("profile")


def found(text, user=None):
    rows = Complaint.objects.filter(search.fits(text, user))
    return set(rows.values_list("pk", flat=True))


def test_stories_places_names_and_numbers_are_found_however_they_are_typed():
    account = an_account()
    ours = a_complaint(
        account=account,
        customer=account.customer,
        contact_name="欧阳建国",
        contact_phone="13700004711",
        story="昨晚八点起停电，变压器有异响。Meter box SMELLS burnt",
        place="光明路 12 号",
        source_reference="GD-2026-77",
    )
    a_complaint(story="电压不稳，停了又来电", contact_name="王五", contact_phone="13800001234", place="西山")
    for text in (
        "停电",
        "压器",
        "变压器有异响",
        "响",
        "smell",
        "ＭＥＴＥＲ　burnt",
        "光明",
        "光明路12",
        "欧阳",
        "建国 停电",
        "4711",
        "137 0000 4711",
        "0000-4711",
        account.number,
        account.number[3:],
        "GD-2026-77",
        ours.reference,
        ours.reference.replace("-", " "),
    ):
        assert found(text) == {ours.pk}, text
    for text in ("停电 西山", "器变", "变压器异响", "burn5", "melt", "，", "47 11 99"):
        assert found(text) == set(), text


def test_what_is_noted_and_answered_is_found_at_once():
    complaint, agent = a_complaint(), an_actor(Role.AGENT)
    assert found("电缆接头") == set()
    workflow.perform("note", complaint, by=agent, note="班组说是电缆接头烧了")
    workflow.perform("message", complaint, by=agent, message="师傅明早八点到")
    assert found("电缆接头") == found("明早") == found("接头 师傅") == {complaint.pk}
    # a pair across two notes is not a word that anybody said
    assert found("了师") == set()


def test_a_new_name_of_the_customer_is_found_and_the_notes_stay():
    account = an_account()
    complaint = a_complaint(account=account, customer=account.customer)
    workflow.perform("note", complaint, by=an_actor(Role.AGENT), note="绝缘子破损")
    account.customer.name = "慕容雪"
    account.customer.save()
    assert found("慕容") == found("绝缘子") == {complaint.pk}


def test_a_changed_story_leaves_no_word_behind():
    complaint = a_complaint(story="红色电表箱冒烟")
    Complaint.objects.filter(pk=complaint.pk).update(story="绿色电表箱没事")
    assert found("红色") == set()
    assert found("绿色") == {complaint.pk}


def test_a_move_that_says_nothing_leaves_the_words_alone():
    complaint, team = a_complaint(), a_team()

    def version():
        with connection.cursor() as cursor:
            cursor.execute("SELECT xmin::text, ctid::text FROM complaints_complaintwords")
            return cursor.fetchall()

    before = version()
    # days later, so that the clock has much to say first
    at = MONDAY + timedelta(days=9)
    workflow.perform("dispatch", complaint, by=an_actor(Role.SUPERVISOR), at=at, team=team)
    assert complaint.events.filter(move="breach").exists()
    assert version() == before
    workflow.perform("note", complaint, by=an_actor(Role.AGENT), at=at, note="已联系")
    assert version() != before


def test_a_search_within_a_branch_finds_its_own_and_what_lies_below():
    city = a_branch()
    county, other = a_branch("county-a", parent=city), a_branch("county-b", parent=city)
    station = a_branch("station-a", parent=county)
    ours = {a_complaint(branch=branch, story="停电了").pk for branch in (county, station)}
    theirs = a_complaint(branch=other, story="停电了")
    user = a_user(Role.AGENT, branch=county)
    assert found("停电", user) == ours
    assert found("停电", a_user(Role.SUPERVISOR, branch=city)) == {*ours, theirs.pk}
    Complaint.objects.filter(pk=theirs.pk).update(branch=station)
    assert found("停电", user) == {*ours, theirs.pk}


@pytest.mark.parametrize("few", [0, 1, 1000])
def test_what_few_hold_and_what_many_hold_is_found_alike(monkeypatch, few):
    monkeypatch.setattr(search, "FEW", few)
    ours = {a_complaint(story=f"An outage in house {number}, 停电了").pk for number in (7770, 7771)}
    a_complaint(story="The voltage is low, 电压低")
    assert found("outage") == found("outa") == found("house 777") == found("停电了 outage") == ours
    assert found("7770") < ours
    assert found("电压低 outage") == found("outages") == set()


@given(
    said=st.text(alphabet="停电了没有水AbZ9０１é한국かなЖ ，-\n𠀀", max_size=30),
    start=st.integers(0, 30),
    length=st.integers(1, 12),
)
@settings(max_examples=60, deadline=None)
@pytest.mark.django_db
def test_any_piece_of_what_was_said_that_begins_with_a_word_is_found(said, start, length):
    """Kept and asked, a text falls into the same words: a run of Chinese fits anywhere, other words from their beginning."""
    what = search.asked(said[start : start + length])
    text = search.normal(said)
    begins = (
        start == 0
        or not _is_spaced(search.normal(said[:start])[-1:])
        or not _is_spaced(search.normal(said[start:])[:1])
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT complaints_normal(%s)", [said])
        assert cursor.fetchone()[0] == text
        if what.terms and begins:
            cursor.execute("SELECT complaints_words(%s) @@ %s::tsquery", [text, what.terms])
            assert cursor.fetchone()[0], (said, what)
            assert all(phrase in text for phrase in what.phrases)


def _is_spaced(character):
    return bool(search.RUNS.match(character)) and not search.asked(character * 2).phrases and character < "\u3040"


def test_the_likeliest_comes_first_and_then_the_newest(client):
    at = timezone.now() - timedelta(hours=5)
    noted = a_complaint(story="电压低", at=at + timedelta(hours=3))
    workflow.perform("note", noted, by=an_actor(Role.AGENT), note="与金桥小区有关")
    told = [a_complaint(story=f"金桥小区停电 {n}", at=at + timedelta(minutes=n)) for n in range(3)]
    named = a_complaint(contact_name="金桥小区", at=at)
    client.force_login(a_user(Role.SUPERVISOR))
    rows = client.get("/desk/", {"q": "金桥小区"}).context["rows"]
    assert [row["complaint"] for row in rows] == [named, *reversed(told), noted]


def test_beyond_what_is_ranked_the_older_follow_by_date_and_none_is_missing(client, monkeypatch):
    monkeypatch.setattr(search, "WINDOW", 60)
    at = timezone.now() - timedelta(hours=5)
    for n in range(130):
        a_complaint(story="金桥停电" if n % 3 else "停电，金桥", at=at + timedelta(seconds=n % 100))
    client.force_login(a_user(Role.SUPERVISOR))
    seen, after = [], ""
    while True:
        page = client.get("/desk/", {"q": "金桥", "after": after})
        seen += [row["complaint"].pk for row in page.context["rows"]]
        after = page.context["older"]
        assert page.context["length"] == "130"
        if not after:
            break
    assert len(seen) == 130
    assert set(seen) == set(Complaint.objects.values_list("pk", flat=True))


@pytest.mark.parametrize(("most", "length"), [(1000, "7"), (5, "4+")])
def test_what_is_looked_for_is_found_once_and_counted_by_that(client, monkeypatch, most, length):
    monkeypatch.setattr(queues, "MOST_COUNTED", most)
    for n in range(7):
        a_complaint(story=f"金桥停电 {n}", at=MONDAY + timedelta(minutes=n))
    a_complaint(story="电压低")
    client.force_login(a_user(Role.SUPERVISOR))
    with CaptureQueriesContext(connection) as caught:
        page = client.get("/desk/", {"q": "金桥"})
    assert page.context["length"] == length
    assert len(page.context["rows"]) == 7
    looked = [query["sql"] for query in caught.captured_queries if "complaints_complaintwords" in query["sql"]]
    assert len(looked) == 1


def test_words_are_kept_once_for_each_complaint():
    for _ in range(3):
        a_complaint(at=MONDAY)
    assert ComplaintWords.objects.count() == Complaint.objects.count()
