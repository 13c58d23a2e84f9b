"""Saved views, columns, orders and filters, through the pages that people use."""

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from complaints import columns, filter_forms, queues, sorting, workflow
from complaints.models import Complaint, DeskHabit, SavedView
from staff.actors import Actor, Role
from tests.factories import a_branch, a_complaint, a_team, a_user, an_account, an_issue

pytestmark = pytest.mark.usefixtures("profile")


@pytest.fixture(autouse=True)
def in_english(client):
    client.cookies["language"] = "en"


def new(code="OUT-03", **fields):
    return a_complaint(code, at=timezone.now(), **fields)


def a_view(owner, name="Voltage", *, shared="nobody", **query):
    return SavedView.objects.create(owner=owner, name=name, shared=shared, query=query or {"category": "VOL"})


def shown(client, url):
    return [row["complaint"] for row in client.get(url).context["rows"]]


def test_filters_are_saved_under_a_name_and_opened_again(client):
    ours, _other = new("VOL-01"), new()
    user = a_user(Role.SUPERVISOR)
    client.force_login(user)
    page = client.get("/desk/?view=unfinished&category=VOL").content.decode()
    assert "/desk/views/new/?view=unfinished&amp;category=VOL" in page
    url = "/desk/views/new/?view=unfinished&category=VOL&mad=1&sort=newest"
    opened = client.post(url, {"name": "Voltage", "shared": "nobody", "is_pinned": "on"}, follow=True)
    assert [row["complaint"] for row in opened.context["rows"]] == [ours]
    view = SavedView.objects.get()
    assert (view.query, view.sort) == ({"view": "unfinished", "category": "VOL"}, "newest")
    assert "<h1>Voltage</h1>" in opened.content.decode()
    again = client.post(url, {"name": "Voltage", "shared": "nobody"})
    assert again.status_code == 422
    assert "You have a view of this name already." in again.content.decode()
    assert SavedView.objects.count() == 1


def test_filters_take_the_place_of_those_of_an_old_view(client):
    user, other = a_user(Role.SUPERVISOR), a_user(Role.SUPERVISOR)
    mine, theirs = a_view(user), a_view(other, shared="everybody")
    client.force_login(user)
    url = "/desk/views/new/?view=unfinished&category=OUT&sort=oldest"
    assert client.post(url, {"replace": theirs.pk, "shared": "nobody"}).status_code == 422
    response = client.post(url, {"replace": mine.pk, "name": "", "shared": "nobody"})
    assert response["Location"] == f"/desk/?saved={mine.pk}"
    mine.refresh_from_db()
    theirs.refresh_from_db()
    assert (mine.name, mine.query, mine.sort) == ("Voltage", {"view": "unfinished", "category": "OUT"}, "oldest")
    assert theirs.query == {"category": "VOL"}
    assert client.post(url, {"name": "", "shared": "nobody"}).status_code == 422
    assert SavedView.objects.count() == 2


def test_a_view_of_somebody_else_shows_what_i_may_see(client):
    county = a_branch("county-a", parent=a_branch())
    mine, theirs = new(branch=county), new()
    owner = a_user(Role.SUPERVISOR)
    view = a_view(owner, "All of us", shared="everybody", view="unfinished")
    mine_of_owner = a_view(owner, "Mine", shared="everybody", view="mine")
    reader = a_user(Role.SUPERVISOR, branch=county)
    Complaint.objects.filter(pk=mine.pk).update(assignee=reader)
    client.force_login(reader)
    assert shown(client, f"/desk/?saved={view.pk}") == [mine]
    assert shown(client, f"/desk/?saved={mine_of_owner.pk}") == [mine]
    assert "Shared by" in client.get(f"/desk/?saved={view.pk}").content.decode()
    assert theirs not in shown(client, f"/desk/?saved={view.pk}")


def test_who_may_use_a_view_depends_on_with_whom_it_is_shared(client):
    county = a_branch("county-a", parent=a_branch())
    team = a_team()
    owner = a_user(Role.SUPERVISOR, team=team)
    people = {
        "owner": owner,
        "colleague": a_user(Role.INVESTIGATOR, team=team),
        "below": a_user(Role.AGENT, branch=county),
        "elsewhere": a_user(Role.AGENT, branch=a_branch("other")),
    }
    allowed = {
        "nobody": {"owner"},
        "team": {"owner", "colleague"},
        "branch": {"owner", "colleague", "below"},
        "everybody": set(people),
    }
    for shared, who in allowed.items():
        view = a_view(owner, shared, shared=shared)
        for name, person in people.items():
            client.force_login(person)
            response = client.get(f"/desk/?saved={view.pk}")
            assert (response.context["saved"] == view) is (name in who), (shared, name)
            assert (response.context["ignored"] == []) is (name in who)
            assert client.get(f"/desk/views/{view.pk}/").status_code == (200 if name in who else 404)


def test_only_the_owner_changes_a_view(client):
    owner, other = a_user(Role.SUPERVISOR), a_user(Role.SUPERVISOR)
    view = a_view(owner, shared="everybody")
    client.force_login(other)
    client.post(f"/desk/views/{view.pk}/", {"part": "view", "name": "Stolen", "shared": "nobody"})
    for what in ("delete", "up", "down", "restore"):
        assert client.post(f"/desk/views/{view.pk}/{what}/").status_code == 404
    view.refresh_from_db()
    assert (view.name, view.deleted_at) == ("Voltage", None)
    client.force_login(owner)
    client.post(f"/desk/views/{view.pk}/", {"part": "view", "name": "Tension", "shared": "team"})
    view.refresh_from_db()
    assert view.name == "Voltage"  # the owner has no team to share it with
    client.post(f"/desk/views/{view.pk}/", {"part": "view", "name": "Tension", "shared": "branch"})
    view.refresh_from_db()
    assert (view.name, view.shared) == ("Tension", "branch")


def test_a_view_is_put_away_and_brought_back(client):
    owner = a_user(Role.SUPERVISOR)
    client.force_login(owner)
    view = a_view(owner)
    page = client.post(f"/desk/views/{view.pk}/delete/", follow=True)
    assert f"/desk/views/{view.pk}/restore/" in page.content.decode()
    assert client.get(f"/desk/?saved={view.pk}").context["ignored"] == ["saved"]
    a_view(owner)
    client.post(f"/desk/views/{view.pk}/restore/")
    assert set(SavedView.objects.kept().values_list("name", flat=True)) == {"Voltage", "Voltage 2"}


def test_views_are_put_in_order_and_one_opens_first(client):
    owner = a_user(Role.SUPERVISOR)
    client.force_login(owner)
    for number, name in enumerate("abc"):
        SavedView.objects.create(owner=owner, name=name, position=number, query={"category": "VOL"})
    last = SavedView.objects.get(name="c")
    client.post(f"/desk/views/{last.pk}/up/")
    client.post(f"/desk/views/{last.pk}/up/")
    client.post(f"/desk/views/{last.pk}/up/")
    assert [view.name for view, _count in client.get("/desk/views/").context["mine"]] == ["c", "a", "b"]
    client.post(f"/desk/views/{last.pk}/first/")
    assert client.get("/desk/").context["saved"] == last
    assert client.get("/desk/?view=all").context["saved"] is None
    client.post(f"/desk/views/{last.pk}/usual/")
    assert client.get("/desk/").context["saved"] is None


def test_the_list_of_views_counts_them_in_one_query_however_many(client, django_assert_num_queries):
    owner = a_user(Role.SUPERVISOR)
    client.force_login(owner)
    new("VOL-01")
    for number in range(3):
        a_view(owner, f"one {number}", view="unfinished")
    with django_assert_num_queries(9):
        assert [count for _view, count in client.get("/desk/views/").context["mine"]] == ["1"] * 3
    for number in range(20):
        a_view(owner, f"more {number}", view="unfinished", status="registered")
    with django_assert_num_queries(9):
        client.get("/desk/views/")


def test_every_person_chooses_columns_and_their_order(client):
    user = a_user(Role.SUPERVISOR)
    client.force_login(user)
    complaint = new(account=an_account(), service_issue=an_issue())
    form = {"column": ["what", "reference"], "what": "add:age", "back": "/desk/?view=all"}
    assert [one[0] for one in client.post("/desk/columns/", form).context["chosen"]] == ["what", "reference", "age"]
    assert not DeskHabit.objects.exists()
    everything = list(columns.COLUMNS)[::-1]
    response = client.post("/desk/columns/", {"column": everything, "what": "save", "back": "/desk/?view=all"})
    assert response["Location"] == "/desk/?view=all"
    page = client.get("/desk/?view=all")
    assert [name for name, _label in page.context["columns"]] == everything
    assert complaint.service_issue.title in page.content.decode()
    assert "Registered" in page.content.decode()
    view = a_view(user, view="all")
    client.post("/desk/columns/", {"column": ["reference", "age"], "what": "save", "saved": view.pk})
    assert [name for name, _label in client.get(f"/desk/?saved={view.pk}").context["columns"]] == ["reference", "age"]
    assert len(client.get("/desk/?view=all").context["columns"]) == len(everything)
    client.force_login(a_user(Role.SUPERVISOR))
    assert client.post("/desk/columns/", {"column": ["age"], "what": "save", "saved": view.pk}).status_code == 404


@given(st.lists(st.sampled_from([*columns.COLUMNS, "mad", ""])))
def test_columns_are_always_known_each_once_and_the_reference_among_them(names):
    sound = columns.sound(names)
    assert "reference" in sound
    assert len(set(sound)) == len(sound)
    assert set(sound) <= set(columns.COLUMNS)


def test_all_columns_cost_the_same_for_few_and_many_rows(client, django_assert_num_queries):
    user = a_user(Role.SUPERVISOR)
    DeskHabit.objects.create(user=user, columns=list(columns.COLUMNS))
    client.force_login(user)
    for _ in range(3):
        new()
    client.get("/desk/?view=unfinished")
    with django_assert_num_queries(13):
        client.get("/desk/?view=unfinished")
    for _ in range(20):
        new()
    with django_assert_num_queries(13):
        client.get("/desk/?view=unfinished")


ORDERS = {
    "due": lambda row: (row.next_due_at is None, row.next_due_at, row.pk),
    "newest": lambda row: (-row.received_at.timestamp(), -row.pk),
    "oldest": lambda row: (row.received_at, row.pk),
    "urged": lambda row: (-row.urged_count, row.pk),
    "priority": lambda row: (row.priority, row.pk),
}


@pytest.fixture
def some(db):
    start = timezone.now() - timedelta(hours=3)
    made = [a_complaint(at=start + timedelta(seconds=60 * (number % 4))) for number in range(12)]
    for number, complaint in enumerate(made):
        Complaint.objects.filter(pk=complaint.pk).update(urged_count=number % 3, priority=2 + number % 3)
    return Complaint.objects.filter(pk__in=[complaint.pk for complaint in made])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sort=st.sampled_from(sorted(sorting.SORTS)), size=st.integers(1, 13))
def test_every_order_is_walked_page_by_page_without_gap_or_repeat(some, sort, size):
    seen, after = [], ""
    while True:
        page, after = sorting.page(some, sort, after, size)
        seen += page
        if not after:
            break
    assert seen == sorted(some, key=ORDERS[sort])


@pytest.mark.parametrize("after", ["x", "_", "1_x", "99999999999999999999_1", "-1_2"])
def test_a_mangled_mark_shows_the_first_page(some, after):
    for sort in sorting.SORTS:
        assert sorting.page(some, sort, after, 3) == sorting.page(some, sort, "", 3)


def test_every_filter_can_be_set_on_the_page_and_taken_away(client):
    assert set(filter_forms.LABELS) == set(queues.FILTERS)
    user = a_user(Role.SUPERVISOR)
    client.force_login(user)
    page = client.get("/desk/filters/?view=all&status=registered,closed&team=none").content.decode()
    for name in queues.FILTERS:
        assert f'name="{name}"' in page, name
    assert page.count("checked") == 2
    ours = new("VOL-01")
    new("VOL-01", channel="web", source="website")
    new()
    url = "/desk/?view=all&status=registered&status=dispatched&category=VOL&channel=phone&received_from=2026-01-01"
    response = client.get(url)
    assert [row["complaint"] for row in response.context["rows"]] == [ours]
    chips = {chip.name: (chip.value, address) for chip, address in response.context["chips"]}
    assert chips["status"][0] == "Registered, Dispatched"
    assert set(chips) == {"status", "category", "channel", "received_from"}
    assert len(shown(client, chips["channel"][1])) == 2
    assert "channel" not in chips["channel"][1]


def test_the_new_filters_find_what_they_say(client):
    user = a_user(Role.SUPERVISOR)
    client.force_login(user)
    issue = an_issue(started_at=timezone.now())
    key = an_account(is_key=True)
    linked = new(service_issue=issue)
    important = new(account=key, customer=key.customer)
    danger = new("SAF-01")
    cases = {f"service_issue={issue.pk}": [linked], "segment=key": [important], "safety=yes": [danger]}
    for said, expected in cases.items():
        assert shown(client, f"/desk/?view=all&{said}") == expected, said
    assert set(shown(client, "/desk/?view=all&safety=no")) == {linked, important}
    for said in ("service_issue=x", "segment=mad", "area_class=moon"):
        assert client.get(f"/desk/?view=all&{said}").context["ignored"] == [said.partition("=")[0]]


def test_a_saved_order_is_kept_and_what_is_changed_is_no_longer_the_view(client):
    user = a_user(Role.SUPERVISOR)
    client.force_login(user)
    quiet, loud = new(), new()
    workflow.perform("urge", loud, by=Actor.staff(a_user(Role.AGENT)))
    view = SavedView.objects.create(owner=user, name="Loud", query={"view": "unfinished"}, sort="urged")
    page = client.get(f"/desk/?saved={view.pk}")
    assert [row["complaint"] for row in page.context["rows"]] == [loud, quiet]
    assert page.context["here"] == f"/desk/?saved={view.pk}"
    assert client.get("/desk/?view=all&sort=urged").context["sort"] == ""
