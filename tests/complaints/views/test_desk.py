"""The queue, through the page that people use."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from complaints import columns, workflow
from complaints.models import Complaint, DeskHabit
from staff.actors import Actor, Role
from tests.factories import a_branch, a_complaint, a_user, an_account

pytestmark = pytest.mark.usefixtures("profile")


QUEUE_QUERIES = 12


def walked(client, view: str) -> list[str]:
    """All references of a queue, page after page."""
    seen, url = [], f"/desk/?view={view}"
    while url:
        response = client.get(url)
        seen += [row["complaint"].reference for row in response.context["rows"]]
        after = response.context["older"]
        url = f"/desk/?view={view}&after={after}" if after else ""
    return seen


def test_the_queue_lists_the_next_deadline_first_page_by_page(client):
    start = timezone.now() - timedelta(hours=2)
    made = [a_complaint(at=start + timedelta(seconds=7 * (n % 40))) for n in range(120)]
    Complaint.objects.filter(pk__in=[complaint.pk for complaint in made[:60]]).update(next_due_at=None)
    client.force_login(a_user(Role.SUPERVISOR))
    seen = walked(client, "unfinished")
    assert seen == [complaint.reference for complaint in Complaint.objects.unfinished().by_due_next()]
    assert len(seen) == len(made)


def test_everything_there_ever_was_is_listed_the_newest_first_page_by_page(client):
    start = timezone.now() - timedelta(hours=2)
    for n in range(70):
        a_complaint(at=start + timedelta(seconds=7 * (n % 20)))
    client.force_login(a_user(Role.SUPERVISOR))
    ordered = Complaint.objects.order_by("-received_at", "-pk")
    assert walked(client, "all") == [complaint.reference for complaint in ordered]


@pytest.mark.parametrize("after", ["x", "_", "1_x", "99999999999999999999_1", "1_99999999999999999999", "never_"])
def test_a_mangled_address_shows_the_first_page(client, after):
    complaint = a_complaint()
    client.force_login(a_user(Role.SUPERVISOR))
    for view in ("all", "unfinished"):
        rows = client.get("/desk/", {"view": view, "after": after}).context["rows"]
        assert [row["complaint"] for row in rows] == [complaint]


def test_a_queue_can_be_narrowed_and_a_reference_opens_its_complaint(client):
    ours = a_complaint("VOL-01", channel="letter", source="post", story="晚上电压太低")
    a_complaint()
    client.force_login(a_user(Role.SUPERVISOR))
    for params in ({"category": "VOL"}, {"channel": "letter"}, {"q": "电压太低"}, {"subcategory": "VOL-01"}):
        rows = client.get("/desk/", params).context["rows"]
        assert [row["complaint"] for row in rows] == [ours], params
    response = client.get("/desk/", {"q": ours.reference.replace("-", " ")})
    assert response["Location"] == reverse("complaints:complaint", args=[ours.reference])
    response = client.get("/desk/", {"category": "NO", "received_from": "yesterday", "view": "mad"})
    assert response.status_code == 200
    assert response.context["ignored"] == ["view", "category", "received_from"]


def test_a_phone_number_that_reads_as_a_reference_is_found(client):
    ours = a_complaint(contact_phone="13700004711")
    client.force_login(a_user(Role.SUPERVISOR))
    rows = client.get("/desk/", {"q": "137 0000 4711"}).context["rows"]
    assert [row["complaint"] for row in rows] == [ours]


def test_the_queue_costs_the_same_for_20_and_200_complaints(client, django_assert_num_queries):
    client.force_login(a_user(Role.SUPERVISOR))
    account, at = an_account(), timezone.now()
    for _ in range(20):
        a_complaint(at=at, account=account, customer=account.customer)
    client.get("/desk/?view=unfinished")
    with django_assert_num_queries(QUEUE_QUERIES):
        client.get("/desk/?view=unfinished")
    with django_assert_num_queries(QUEUE_QUERIES + 2):  # the last writes down who looked for what
        client.get("/desk/?q=停电")
    for _ in range(180):
        a_complaint(at=at, account=account, customer=account.customer)
    with django_assert_num_queries(QUEUE_QUERIES):
        client.get("/desk/?view=unfinished")


def test_what_is_new_is_counted_without_moving_a_row(client):
    county = a_branch("county-a", parent=a_branch())
    client.force_login(a_user(Role.SUPERVISOR, branch=county))
    a_complaint(branch=county)
    news = client.get("/desk/").context["news_url"]
    nothing = client.get(news)
    assert nothing.status_code == 200
    assert "<a" not in nothing.content.decode()
    a_complaint(branch=county)
    a_complaint(branch=county)
    a_complaint(branch=a_branch())
    response = client.get(news)
    assert response.context["count"] == 2
    assert 'href="/desk/?view=unfinished"' in response.content.decode()
    for since in ("", "yesterday", "2026-03-02T09:00:00"):
        assert client.get("/desk/news/", {"since": since}).status_code == 204


def test_news_say_which_rows_changed_and_how_much_every_queue_holds_now(client):
    client.force_login(a_user(Role.SUPERVISOR))
    changed, _same = a_complaint(at=timezone.now()), a_complaint(at=timezone.now())
    url = client.get("/desk/?view=unfinished").context["news_url"]
    assert client.get(url).context["changed"] == []
    workflow.perform("note", changed, by=Actor.staff(a_user(Role.AGENT)), note="New")
    a_complaint(at=timezone.now())
    answer = client.get(url)
    assert answer.context["changed"] == [changed.reference]
    assert f'data-changed-row="{changed.reference}"' in answer.content.decode()
    assert ("?view=unfinished", "3") in answer.context["counted"]


def test_news_of_rows_that_one_may_not_see_say_nothing(client):
    hidden = a_complaint(at=timezone.now())
    client.force_login(a_user(Role.SUPERVISOR, branch=a_branch("county-a", parent=a_branch())))
    asked = {"since": timezone.now().isoformat(), "view": "all", "shown": f"{hidden.pk}.0-x.y-9999999999999999999.1"}
    assert client.get("/desk/news/", asked).context["changed"] == []


def test_counts_follow_a_person_who_changes_branch_or_is_complained_about(client):
    """What was written out to count with is kept from one page to the next, and must not outlive what it was written for."""
    north, south = a_branch("north", parent=a_branch()), a_branch("south", parent=a_branch())
    user = a_user(Role.SUPERVISOR, branch=north)
    a_complaint(branch=south)
    client.force_login(user)

    def open_ones() -> str:
        tabs = client.get("/desk/?view=unfinished").context["queues"]
        return next(tab["count"] for tab in tabs if tab["url"] == "?view=unfinished")

    assert open_ones() == "0"
    user.branch = south
    user.save()
    assert open_ones() == "1"
    Complaint.objects.update(about=user)
    assert open_ones() == "0"


def test_what_people_typed_is_escaped_in_every_column(client):
    user = a_user(Role.SUPERVISOR)
    DeskHabit.objects.create(user=user, columns=list(columns.COLUMNS))
    typed = "<b>&\"'"
    a_complaint(story=typed * 80, contact_name=typed, place=typed)
    client.force_login(user)
    page = client.get("/desk/?view=unfinished").content.decode()
    assert "<b>" not in page
    assert page.count("&lt;b&gt;&amp;&quot;&#x27;") > 20
