"""Moves of many complaints, through the queue's own forms."""

import csv
import io
import re
import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from complaints import tasks, workflow
from complaints.models import BulkRun, Complaint, Event
from staff.actors import Actor, Role
from staff.models import TeamKind
from tests.at_once import at_once
from tests.factories import a_branch, a_complaint, a_team, a_user, an_issue

pytestmark = pytest.mark.usefixtures("profile")


@pytest.fixture(autouse=True)
def in_english(client):
    client.cookies["language"] = "en"


def new(code="OUT-03", **fields):
    return a_complaint(code, at=timezone.now(), **fields)


def chosen(*complaints):
    return [f"{one.reference}@{one.version}" for one in complaints]


def ask(client, move, complaints, *, key=None, **said):
    data = {"chosen": chosen(*complaints), "key": key or uuid.uuid4(), "back": "/desk/?view=all", **said}
    return client.post(f"/desk/bulk/{move}/", data)


def moves_of(complaint):
    return list(complaint.events.values_list("move", flat=True))


@pytest.fixture
def supervisor(client):
    user = a_user(Role.SUPERVISOR)
    client.force_login(user)
    return user


def test_the_queue_offers_what_the_role_may_ask_of_many(client):
    complaint = new()
    for role, is_offered in ((Role.SUPERVISOR, True), (Role.AGENT, False)):
        client.force_login(a_user(role))
        page = client.get("/desk/?view=all").content.decode()
        assert f'value="{complaint.reference}@{complaint.version}"' in page
        assert ("/desk/bulk/assign/" in page) is is_offered
    client.force_login(a_user(Role.ANALYST))
    assert 'name="chosen"' not in client.get("/desk/?view=all").content.decode()


def test_each_complaint_is_moved_or_refused_with_its_reason(client, supervisor):
    good, gone_on, closed = new(), new(), new()
    handler = a_user(Role.INVESTIGATOR)
    form = client.post("/desk/bulk/assign/", {"chosen": chosen(good, gone_on, closed), "back": "/desk/?view=all"})
    assert form.status_code == 200
    page = form.content.decode()
    assert "3 complaints" in page
    key = re.search(r'name="key" value="([^"]+)"', page)[1]
    asked = {
        "chosen": chosen(good, gone_on, closed),
        "key": key,
        "back": "/desk/?view=all",
        "assignee": handler.username,
    }
    workflow.perform("note", gone_on, by=Actor.staff(a_user(Role.SUPERVISOR)), note="I was first.")
    workflow.perform("reject", closed, by=Actor.staff(a_user(Role.SUPERVISOR)), reason="Not ours")
    response = client.post("/desk/bulk/assign/", asked)
    assert response.status_code == 302
    answer = client.get(response["Location"])
    assert [line.complaint for line in answer.context["done"]] == [good]
    refused = {line.complaint: line.reason for line in answer.context["refused"]}
    assert set(refused) == {gone_on, closed}
    assert "was changed since" in refused[gone_on]
    page = answer.content.decode()
    assert gone_on.get_absolute_url() in page
    assert "/desk/?view=all" in page
    good.refresh_from_db()
    gone_on.refresh_from_db()
    assert (good.assignee, gone_on.assignee) == (handler, None)


def test_what_was_refused_is_tried_again_with_what_was_typed(client, supervisor):
    complaint = new()
    handler = a_user(Role.INVESTIGATOR)
    asked = chosen(complaint)
    workflow.perform("note", complaint, by=Actor.staff(a_user(Role.SUPERVISOR)), note="This comes first.")
    data = {"chosen": asked, "key": uuid.uuid4(), "assignee": handler.username, "note": "By Friday, please"}
    run = client.post("/desk/bulk/assign/", data)["Location"]
    form = client.post(f"{run}again/").content.decode()
    assert f'value="{complaint.reference}@{complaint.version}"' in form
    assert "By Friday, please" in form
    assert re.search(rf'value="{handler.username}" selected', form)


def test_what_is_missing_is_said_beside_what_was_typed(client, supervisor):
    complaint = new()
    response = ask(client, "assign", [complaint], note="By Friday, please")
    assert response.status_code == 422
    assert "By Friday, please" in response.content.decode()
    assert (BulkRun.objects.count(), moves_of(complaint)) == (0, ["register"])


def test_only_what_fits_all_of_them_can_be_chosen(client):
    company, north, south = a_branch(), a_branch("north", a_branch()), a_branch("south", a_branch())
    client.force_login(a_user(Role.SUPERVISOR, branch=company))
    above = a_user(Role.INVESTIGATOR, branch=company)
    a_user(Role.INVESTIGATOR, branch=north)
    both = [new(branch=north), new(branch=south)]
    form = client.post("/desk/bulk/assign/", {"chosen": chosen(*both)}).context["form"]
    names = set(form.fields["assignee"].queryset.values_list("branch__code", flat=True))
    assert names == {"company"}
    assert above in form.fields["assignee"].queryset


def test_many_are_dispatched_each_to_its_own_team(client, supervisor):
    outage, power = a_team(TeamKind.OUTAGE), a_team(TeamKind.POWER_QUALITY)
    first, second = new(team=outage), new(team=power)
    run = ask(client, "dispatch", [first, second])
    assert run.status_code == 302
    for complaint, team in ((first, outage), (second, power)):
        complaint.refresh_from_db()
        assert (complaint.status, complaint.team) == ("dispatched", team)


def test_the_same_form_sent_twice_moves_each_once(client, supervisor):
    complaint, key = new(), uuid.uuid4()
    first = ask(client, "note", [complaint], key=key, note="once")
    second = ask(client, "note", [complaint], key=key, note="once")
    assert first["Location"] == second["Location"]
    assert moves_of(complaint) == ["register", "note"]


@pytest.mark.django_db(transaction=True)
def test_ten_presses_at_once_move_each_complaint_once():
    user, handler = a_user(Role.SUPERVISOR), a_user(Role.INVESTIGATOR)
    complaints, key = [new() for _ in range(5)], uuid.uuid4()

    def press(number):
        client = Client()
        client.force_login(user)
        return ask(client, "assign", complaints, key=key, assignee=handler.username).status_code

    assert at_once(press) == [302] * 10
    assert BulkRun.objects.count() == 1
    assert all(moves_of(complaint) == ["register", "assign"] for complaint in complaints)
    run = BulkRun.objects.get()
    assert run.finished_at is not None
    assert run.lines.filter(state="done").count() == 5


def test_a_key_of_somebody_else_gives_nothing(client, supervisor):
    complaint, key = new(), uuid.uuid4()
    ask(client, "note", [complaint], key=key, note="mine")
    client.force_login(a_user(Role.SUPERVISOR))
    assert ask(client, "note", [complaint], key=key, note="mine too").status_code == 409
    assert client.get(reverse("complaints:bulk-run", args=[key])).status_code == 404
    assert client.post(reverse("complaints:bulk-undo", args=[key])).status_code == 404
    assert moves_of(complaint) == ["register", "note"]


def test_who_may_not_or_does_not_see_moves_nothing(client):
    county = a_branch("county-a", parent=a_branch())
    hidden, shown = new(), new(branch=county)
    client.force_login(a_user(Role.AGENT, branch=county))
    handler = a_user(Role.INVESTIGATOR)
    assert ask(client, "assign", [shown], assignee=handler.username).status_code == 403
    client.force_login(a_user(Role.ANALYST, branch=county))
    assert ask(client, "note", [shown], note="x").status_code == 403
    client.force_login(a_user(Role.AGENT, branch=county))
    response = ask(client, "note", [hidden, shown], note="seen")
    assert response.status_code == 302
    assert moves_of(hidden) == ["register"]
    assert moves_of(shown) == ["register", "note"]
    assert client.get("/desk/bulk/note/").status_code == 405
    assert client.post("/desk/bulk/merge/").status_code == 404


def test_nothing_chosen_or_too_much_is_said(client, supervisor):
    response = client.post("/desk/bulk/note/", {"back": "https://elsewhere.example/"}, follow=True)
    assert response.redirect_chain[0][0] == "/desk/"
    assert "Choose complaints first" in response.content.decode()
    many = [f"26-{n:07d}-0@1" for n in range(201)]
    assert client.post("/desk/bulk/note/", {"chosen": many}).status_code == 422


def test_assigning_is_taken_back_to_whoever_had_it(client, supervisor):
    earlier, later = a_user(Role.INVESTIGATOR), a_user(Role.INVESTIGATOR)
    had, free, moved_on = new(assignee=earlier), new(), new()
    run = ask(client, "assign", [had, free, moved_on], assignee=later.username)["Location"]
    assert "Take it back" in client.get(run).content.decode()
    moved_on.refresh_from_db()
    workflow.perform("prioritise", moved_on, by=Actor.staff(a_user(Role.SUPERVISOR)), priority=2)
    undone = client.post(f"{run}undo/")["Location"]
    assert client.post(f"{run}undo/")["Location"] == undone
    for complaint, person in ((had, earlier), (free, None), (moved_on, later)):
        complaint.refresh_from_db()
        assert complaint.assignee == person
    page = client.get(undone)
    assert [line.complaint for line in page.context["refused"]] == [moved_on]
    assert moves_of(free) == ["register", "assign", "unassign"]
    assert "Take it back" not in client.get(run).content.decode()


def test_priority_and_link_are_taken_back(client, supervisor):
    complaint, issue = new(), an_issue(started_at=timezone.now())
    before = (complaint.priority, complaint.severity)
    weighed = ask(client, "prioritise", [complaint], priority=2, severity="major")["Location"]
    client.post(f"{weighed}undo/")
    complaint.refresh_from_db()
    assert (complaint.priority, complaint.severity) == before
    linked = ask(client, "link", [complaint], service_issue=issue.pk)["Location"]
    complaint.refresh_from_db()
    assert complaint.service_issue == issue
    client.post(f"{linked}undo/")
    complaint.refresh_from_db()
    assert complaint.service_issue is None


def test_everything_that_fits_is_moved_by_the_worker_and_can_be_stopped(client, supervisor):
    ours = [new("VOL-01") for _ in range(4)]
    other = new()
    data = {"everything": "1", "params": "view=unfinished&category=VOL", "key": uuid.uuid4(), "note": "=2+2"}
    url = client.post("/desk/bulk/note/", data)["Location"]
    later = new("VOL-01")
    run = BulkRun.objects.get()
    assert (run.total, run.finished_at) == (4, None)
    assert "0 of 4" in client.get(url).content.decode()
    tasks.move_many()
    tasks.move_many()
    assert all(moves_of(complaint) == ["register", "note"] for complaint in ours)
    assert moves_of(other) == moves_of(later) == ["register"]
    table = b"".join(client.get(f"{url}?format=csv").streaming_content).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(table)))
    assert [row[0] for row in rows[1:]] == [complaint.reference for complaint in ours]
    stopped = client.post("/desk/bulk/note/", data | {"key": uuid.uuid4()})["Location"]
    client.post(f"{stopped}stop/")
    tasks.move_many()
    assert Event.objects.filter(move="note").count() == 4
    assert "5 not touched" in client.get(stopped).content.decode()


def test_a_filter_that_means_nothing_moves_nothing(client, supervisor):
    new()
    data = {"everything": "1", "params": "view=unfinished&category=NO", "key": uuid.uuid4(), "note": "x"}
    assert client.post("/desk/bulk/note/", data).status_code == 409
    assert (BulkRun.objects.count(), Event.objects.filter(move="note").count()) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_a_run_that_several_workers_carry_on_moves_each_once(client):
    client.force_login(a_user(Role.SUPERVISOR))
    complaints = [new() for _ in range(8)]
    client.post("/desk/bulk/note/", {"everything": "1", "params": "view=all", "key": uuid.uuid4(), "note": "x"})
    at_once(lambda number: tasks.move_many(), times=4)
    assert all(moves_of(complaint) == ["register", "note"] for complaint in complaints)
    assert BulkRun.objects.get().finished_at is not None


def test_a_worker_that_died_gives_its_run_up(client, supervisor):
    complaint = new()
    client.post("/desk/bulk/note/", {"everything": "1", "params": "view=all", "key": uuid.uuid4(), "note": "x"})
    BulkRun.objects.update(taken_until=timezone.now() + timedelta(seconds=30))
    tasks.move_many()
    assert moves_of(complaint) == ["register"]
    BulkRun.objects.update(taken_until=timezone.now() - timedelta(seconds=1))
    tasks.move_many()
    assert moves_of(complaint) == ["register", "note"]


def test_who_has_left_moves_nothing_more(client, supervisor):
    complaint = new()
    client.post("/desk/bulk/note/", {"everything": "1", "params": "view=all", "key": uuid.uuid4(), "note": "x"})
    supervisor.is_active = False
    supervisor.save()
    tasks.move_many()
    assert moves_of(complaint) == ["register"]
    assert BulkRun.objects.get().lines.get().state == "refused"
    assert Complaint.objects.get(pk=complaint.pk).version == 1
