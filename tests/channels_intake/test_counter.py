"""The counter: who waits, who is called and leaves, and the receipt they take home."""

import io

import pypdfium2
import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from channels_intake.models import Visitor
from complaints.models import Complaint
from staff.actors import Role
from tests.channels_intake.test_desk_forms import filled
from tests.factories import a_branch, a_team, a_user

pytestmark = pytest.mark.django_db
LIST = "/desk/counter/"


@pytest.fixture
def agent(client, profile):
    a_branch()
    a_team("dispatch")
    user = a_user(Role.AGENT)
    client.force_login(user)
    client.cookies["language"] = "en"
    return user


def page(response):
    return response.content.decode()


def somebody(client, name="王女士"):
    client.post(LIST, {"called_as": name, "about": "电表"})
    return Visitor.objects.get(called_as=name)


def press(client, visitor, name):
    return client.post(f"{LIST}{visitor.pk}/{name}/")


def test_visitors_stand_in_the_order_in_which_they_came_until_they_leave(client, agent):
    assert "Nobody waits" in page(client.get(LIST))
    first, second = somebody(client, "王女士"), somebody(client, "A12")
    assert [one.called_as for one in client.get(LIST).context["present"]] == ["王女士", "A12"]
    press(client, first, "call")
    first.refresh_from_db()
    assert (first.called_by, first.called_at is not None) == (agent, True)
    press(client, second, "leave")
    shown = client.get(LIST)
    assert [one.called_as for one in shown.context["present"]] == ["王女士"]
    assert "left without being called" in page(shown)


def test_two_clerks_calling_the_same_visitor_the_second_is_told(client, agent):
    visitor = somebody(client)
    press(client, visitor, "call")
    called_at = Visitor.objects.get().called_at
    assert press(client, visitor, "call").status_code == 302, "the same clerk twice is once"
    client.force_login(a_user(Role.AGENT))
    assert press(client, visitor, "call").status_code == 409
    assert (Visitor.objects.get().called_by, Visitor.objects.get().called_at) == (agent, called_at)


def test_what_a_visitor_says_is_written_down_with_when_they_came_and_linked(client, agent):
    visitor = somebody(client)
    form = client.get(press(client, visitor, "hear").url)
    assert f'name="visitor" value="{visitor.pk}"' in page(form)
    assert timezone.localtime(visitor.came_at).strftime("%Y-%m-%dT%H:%M") in page(form)
    client.post("/desk/new/visit/", filled("visit", visitor=str(visitor.pk)))
    visitor.refresh_from_db()
    assert visitor.complaint == Complaint.objects.get()


def test_how_somebody_is_called_is_needed_and_never_the_number_of_a_paper(client, agent):
    assert "Write how to call them." in page(client.post(LIST, {"called_as": ""}))
    refused = client.post(LIST, {"called_as": "130203199001011234"})
    assert refused.status_code == 422
    assert "Write a name instead." in page(refused)
    assert not Visitor.objects.exists()


def test_another_branch_neither_sees_nor_calls_them_and_investigators_have_no_counter(client, agent):
    visitor = somebody(client)
    client.force_login(a_user(Role.AGENT, branch=a_branch("county", parent=a_branch())))
    assert "王女士" not in page(client.get(LIST))
    assert press(client, visitor, "call").status_code == 404
    client.force_login(a_user(Role.INVESTIGATOR))
    assert client.get(LIST).status_code == 403
    assert Visitor.objects.get().called_at is None


def test_nobody_is_called_by_nobody(agent):
    with pytest.raises(IntegrityError, match="called_visitor"), transaction.atomic():
        Visitor.objects.create(branch=agent.branch, called_as="A1", came_at=timezone.now(), called_at=timezone.now())


@pytest.mark.parametrize(("paper", "width"), [("80mm", 227), ("a4", 595)])
def test_the_receipt_prints_on_a_roll_and_on_a_sheet_with_reference_link_and_code(client, agent, paper, width):
    registered = client.post("/desk/new/visit/", filled("visit"), follow=True)
    complaint = Complaint.objects.get()
    assert f"/desk/registered/{complaint.reference}/receipt/{paper}/" in page(registered)
    shown = page(client.get(f"/desk/registered/{complaint.reference}/receipt/{paper}/"))
    for words in (complaint.reference, complaint.token, "<svg", "Identity card seen"):
        assert words in shown
    sheet = client.get(f"/desk/registered/{complaint.reference}/receipt/{paper}.pdf")
    document = pypdfium2.PdfDocument(io.BytesIO(sheet.content))
    assert len(document) == 1
    assert round(document.get_page_size(0)[0]) == width
    text = document[0].get_textpage().get_text_bounded()
    assert complaint.reference in text
    # a hyphen at the end of a line is told as U+0002
    assert complaint.token in text.replace("\r", "").replace("\n", "").replace("\x02", "-")
    assert client.get(f"/desk/registered/{complaint.reference}/receipt/a5/").status_code == 404
    client.force_login(a_user(Role.AGENT, branch=a_branch("county", parent=a_branch())))
    assert client.get(f"/desk/registered/{complaint.reference}/receipt/{paper}.pdf").status_code == 404


def test_the_list_costs_the_same_queries_for_few_visitors_and_many(client, agent, django_assert_max_num_queries):
    for number in range(8):
        press(client, somebody(client, f"A{number}"), "call")
    with django_assert_max_num_queries(15):
        client.get(LIST)
