"""Complaints that cluster propose a service issue, once; a person accepts or dismisses it; then it collects what comes in."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from complaints import proposals, workflow
from complaints.models import Complaint, DeskSettings, IssueJob, IssueProposal, JobState, Priority, ServiceIssue
from complaints.tasks import carry_on_issues, watch_clusters
from customers.models import Feeder, Substation, TransformerArea
from staff.actors import Role
from tests.at_once import at_once
from tests.complaints.test_issue_work import a_finding
from tests.factories import a_branch, a_complaint, a_user, an_actor, an_issue

pytestmark = pytest.mark.usefixtures("profile")
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def english(client, profile):
    client.cookies["language"] = "en"
    DeskSettings.objects.update_or_create(pk=1, defaults={"cluster_area": 3, "cluster_feeder": 4})


def a_feeder(code="F9") -> Feeder:
    station = Substation.objects.get_or_create(
        code="S9", defaults={"name_zh": "西变", "name_en": "West", "branch": a_branch()}
    )[0]
    return Feeder.objects.get_or_create(
        code=code, defaults={"name_zh": f"{code}线", "name_en": f"{code} line", "substation": station}
    )[0]


def an_area(code="T9", feeder=None) -> TransformerArea:
    more = {"name_zh": f"{code}台区", "name_en": f"Area {code}", "feeder": feeder or a_feeder(), "branch": a_branch()}
    return TransformerArea.objects.get_or_create(code=code, defaults=more)[0]


def reported(area, number=1, code="OUT-02", *, ago=20, **fields) -> list[Complaint]:
    """So many complaints from one area, some minutes ago."""
    at = timezone.now() - ago * MINUTE
    return [a_complaint(code, at=at, transformer_area=area, **fields) for _number in range(number)]


def accepted(client, role=Role.SUPERVISOR) -> ServiceIssue:
    watch_clusters()
    proposal = IssueProposal.objects.live().get()
    client.force_login(a_user(role))
    answer = client.post(reverse("complaints:proposal", args=[proposal.pk]), {"title": "西变跳闸", "is_public": "on"})
    issue = ServiceIssue.objects.get(proposal=proposal)
    assert answer.url == reverse("complaints:issue", args=[issue.pk])
    return issue


def works():
    watch_clusters()
    carry_on_issues()


@pytest.mark.parametrize(
    ("code", "kind"), [("OUT-02", "fault"), ("OUT-01", "fault"), ("VOL-01", "voltage"), ("SAF-04", "hazard")]
)
def test_enough_from_one_area_propose_it_once(code, kind):
    reported(an_area(), 3, code)
    watch_clusters()
    watch_clusters()
    proposal = IssueProposal.objects.get()
    assert (proposal.kind, proposal.transformer_area, proposal.number) == (kind, an_area(), 3)


def test_too_few_or_about_us_propose_nothing():
    reported(an_area(), 2)
    reported(an_area("T8", a_feeder("F8")), 5, "OUT-03")
    reported(an_area("T7", a_feeder("F7")), 5, ago=60 * 25)
    watch_clusters()
    assert not IssueProposal.objects.exists()


def test_an_areas_proposal_grows_and_becomes_its_feeders():
    reported(an_area(), 3)
    watch_clusters()
    first = IssueProposal.objects.get()
    reported(an_area("T8"), 2)
    reported(an_area(), 1)
    watch_clusters()
    grown = IssueProposal.objects.get()
    assert (grown.pk, grown.transformer_area, grown.feeder, grown.number) == (first.pk, None, a_feeder(), 6)


def test_two_areas_and_then_the_feeder_leave_one():
    reported(an_area(), 3, ago=100)
    reported(an_area("T8"), 3, ago=10)
    watch_clusters()
    assert IssueProposal.objects.count() == 2
    reported(an_area("T7"), 2, ago=5)
    watch_clusters()
    assert IssueProposal.objects.get().transformer_area is None


def test_the_database_knows_one_live_proposal_for_each_asset():
    reported(an_area(), 3)
    watch_clusters()
    twin = IssueProposal.objects.get()
    twin.pk = None
    with pytest.raises(IntegrityError, match="one_live_proposal_per_area"), transaction.atomic():
        twin.save(force_insert=True)
    reported(an_area("T8"), 3)
    watch_clusters()
    twin = IssueProposal.objects.get()
    twin.pk = None
    with pytest.raises(IntegrityError, match="one_live_proposal_per_feeder"), transaction.atomic():
        twin.save(force_insert=True)


@pytest.mark.django_db(transaction=True)
def test_from_many_workers_at_once_it_is_one(profile):
    reported(an_area(), 3)
    reported(an_area("T8"), 3)
    at_once(lambda _number: proposals.look(timezone.now()), times=6)
    assert IssueProposal.objects.count() == 1


def test_accepting_links_what_belongs_to_it_and_collects_what_comes_in(client):
    first = reported(an_area(), 3)
    other = reported(an_area("T8", a_feeder("F8")))[0]
    issue = accepted(client)
    assert (issue.title, issue.feeder, issue.transformer_area) == ("西变跳闸", a_feeder(), an_area())
    works()
    later, elsewhere = reported(an_area(), ago=0)[0], reported(an_area("T8", a_feeder("F8")), ago=0)[0]
    ours = reported(an_area(), code="OUT-03", ago=0)[0]
    works()
    hanging = set(Complaint.objects.filter(service_issue=issue))
    assert hanging == {*first, later}
    assert later.events.get(move="link").role == "clock"
    assert not {other, elsewhere, ours} & hanging
    assert not IssueProposal.objects.live().exists()
    page = client.get(reverse("complaints:issue", args=[issue.pk])).content.decode()
    assert "4 of 4 linked" in page


def test_detached_by_a_person_it_is_never_linked_again_by_itself(client):
    complaint = reported(an_area(), 3)[0]
    issue = accepted(client)
    works()
    complaint.refresh_from_db()
    workflow.perform("detach", complaint, by=an_actor(Role.SUPERVISOR))
    works()
    works()
    complaint.refresh_from_db()
    assert complaint.service_issue is None
    assert issue.complaints.count() == 2


def test_restored_it_collects_nothing_more(client):
    reported(an_area(), 3)
    issue = accepted(client)
    works()
    ServiceIssue.objects.filter(pk=issue.pk).update(restored_at=timezone.now())
    late = reported(an_area(), ago=0)[0]
    works()
    late.refresh_from_db()
    assert late.service_issue is None


def test_dismissed_the_same_complaints_do_not_propose_it_again_but_new_ones_do(client):
    reported(an_area(), 3)
    watch_clusters()
    client.force_login(a_user(Role.INVESTIGATOR))
    url = reverse("complaints:proposal-dismiss", args=[IssueProposal.objects.get().pk])
    assert client.post(url).status_code == 302
    watch_clusters()
    assert not IssueProposal.objects.live().exists()
    assert not ServiceIssue.objects.exists()
    reported(an_area(), 3, ago=0)
    watch_clusters()
    assert IssueProposal.objects.live().count() == 1


def test_where_an_issue_is_known_none_is_proposed():
    an_issue(feeder=a_feeder(), started_at=timezone.now() - 60 * MINUTE)
    reported(an_area(), 5)
    watch_clusters()
    assert not IssueProposal.objects.exists()


def test_what_nothing_belongs_to_any_more_is_forgotten():
    rows = reported(an_area(), 3)
    watch_clusters()
    issue = an_issue()
    for complaint in rows:
        workflow.perform("link", complaint, by=an_actor(Role.AGENT), service_issue=issue)
    watch_clusters()
    assert not IssueProposal.objects.exists()


@pytest.mark.parametrize("role", [Role.AGENT, Role.LIAISON, Role.ANALYST])
def test_others_decide_nothing_and_see_no_line(client, role):
    reported(an_area(), 3)
    watch_clusters()
    proposal = IssueProposal.objects.get()
    client.force_login(a_user(role))
    assert client.post(reverse("complaints:proposal", args=[proposal.pk]), {"title": "x"}).status_code == 403
    assert client.post(reverse("complaints:proposal-dismiss", args=[proposal.pk])).status_code == 403
    assert "proposed" not in client.get("/issues/").content.decode()
    assert IssueProposal.objects.live().count() == 1
    assert not ServiceIssue.objects.exists()


def test_another_branchs_proposal_does_not_exist(client):
    reported(an_area(), 3)
    watch_clusters()
    client.force_login(a_user(Role.SUPERVISOR, branch=a_branch("west", parent=a_branch())))
    assert client.get(reverse("complaints:proposal", args=[IssueProposal.objects.get().pk])).status_code == 404


def test_the_line_is_on_the_queue_the_board_and_the_list(client):
    reported(an_area(), 3)
    watch_clusters()
    client.force_login(a_user(Role.SUPERVISOR))
    for url in ("/desk/", "/board/"):
        assert "1 service issue proposed" in client.get(url).content.decode()
    assert "1 proposed" in client.get("/issues/").content.decode()
    page = client.get(reverse("complaints:proposal", args=[IssueProposal.objects.get().pk])).content.decode()
    assert "3 complaints from" in page
    assert "Area T9: Fault" in page


def test_accepted_twice_says_so_and_makes_one(client):
    reported(an_area(), 3)
    accepted(client)
    proposal = IssueProposal.objects.get()
    client.post(reverse("complaints:proposal", args=[proposal.pk]), {"title": "又一次"})
    client.post(reverse("complaints:proposal-dismiss", args=[proposal.pk]))
    assert ServiceIssue.objects.count() == 1
    assert IssueProposal.objects.get().issue is not None


def test_without_a_title_it_is_not_accepted(client):
    reported(an_area(), 3)
    watch_clusters()
    client.force_login(a_user(Role.SUPERVISOR))
    url = reverse("complaints:proposal", args=[IssueProposal.objects.get().pk])
    assert client.post(url, {"title": ""}).status_code == 422
    assert not ServiceIssue.objects.exists()


def test_supervisors_say_what_makes_a_cluster(client):
    url = reverse("complaints:cluster-settings")
    client.force_login(a_user(Role.INVESTIGATOR))
    assert client.get(url).status_code == 403
    client.force_login(a_user(Role.SUPERVISOR))
    typed = {"cluster_minutes": 30, "cluster_area": 2, "cluster_feeder": 8}
    assert client.post(url, typed | {"cluster_area": 1}).status_code == 422
    assert client.post(url, typed).status_code == 302
    reported(an_area(), 2)
    watch_clusters()
    assert IssueProposal.objects.live().count() == 1


# choosing by hand


def choose(client, issue, act, *complaints, role=Role.SUPERVISOR, **more):
    client.force_login(a_user(role))
    ticked = [one.reference for one in complaints]
    return client.post(reverse("complaints:issue-chosen", args=[issue.pk]), {act: "1", "complaint": ticked, **more})


def test_what_may_belong_to_an_issue_is_offered_and_linked_when_ticked(client):
    issue = an_issue(feeder=a_feeder(), started_at=timezone.now() - 60 * MINUTE)
    one, two = reported(an_area(), 2)
    client.force_login(a_user(Role.SUPERVISOR))
    page = client.get(reverse("complaints:issue", args=[issue.pk])).content.decode()
    assert "2 complaints may belong to it" in page
    assert choose(client, issue, "link", one).status_code == 302
    carry_on_issues()
    assert set(issue.complaints.all()) == {one}
    assert choose(client, issue, "detach", one).status_code == 302
    carry_on_issues()
    assert not issue.complaints.exists()
    choose(client, issue, "link", one, two)
    carry_on_issues()
    assert issue.complaints.count() == 2
    assert set(IssueJob.objects.values_list("state", flat=True)) == {JobState.DONE}


def test_what_somebody_took_meanwhile_is_listed_with_the_reason(client):
    issue, other = an_issue(feeder=a_feeder()), an_issue(title="另一件")
    (complaint,) = reported(an_area())
    choose(client, issue, "link", complaint)
    workflow.perform("link", complaint, by=an_actor(Role.AGENT), service_issue=other)
    carry_on_issues()
    complaint.refresh_from_db()
    assert complaint.service_issue == other
    page = client.get(reverse("complaints:issue", args=[issue.pk])).content.decode()
    assert complaint.reference in page
    assert "moved by somebody meanwhile" in page


@pytest.mark.parametrize(("act", "role"), [("detach", Role.AGENT), ("split", Role.AGENT), ("link", Role.ANALYST)])
def test_whoever_may_not_do_it_with_one_may_not_with_many(client, act, role):
    issue = an_issue(feeder=a_feeder())
    (complaint,) = reported(an_area(), service_issue=issue if act != "link" else None)
    assert choose(client, issue, act, complaint, role=role).status_code == 403
    assert not IssueJob.objects.exists()


def test_nothing_ticked_asks_for_a_tick(client):
    issue = an_issue(feeder=a_feeder())
    assert choose(client, issue, "link").status_code == 302
    assert "Tick the complaints" in client.get(reverse("complaints:issue", args=[issue.pk])).content.decode()
    assert choose(client, issue, "burn").status_code == 404


def test_who_is_still_out_is_shown_and_split_off_into_a_new_issue(client):
    issue = an_issue(feeder=a_feeder(), started_at=timezone.now() - 60 * MINUTE)
    out, fine = reported(an_area(), 2, service_issue=issue)
    client.force_login(a_user(Role.SUPERVISOR))
    said = a_finding()
    proposals.issue_work.restored(issue, timezone.now(), by=a_user(Role.SUPERVISOR), finding=said)
    carry_on_issues()
    link = reverse("complaints:feedback", args=[out.feedback.get().token])
    assert client.post(link, {"solved": "no", "comment": "还是没电"}).status_code == 302
    page = client.get(reverse("complaints:issue", args=[issue.pk])).content.decode()
    assert "Still out: 1" in page
    out.refresh_from_db()
    answer = choose(client, issue, "split", out, title="分支线仍停电")
    new = ServiceIssue.objects.get(split_from=issue)
    assert answer.url == reverse("complaints:issue", args=[new.pk])
    carry_on_issues()
    out.refresh_from_db()
    fine.refresh_from_db()
    assert (out.service_issue, fine.service_issue) == (new, issue)
    assert (new.title, new.feeder) == ("分支线仍停电", a_feeder())
    page = client.get(reverse("complaints:issue", args=[issue.pk])).content.decode()
    assert "Still out" not in page
    proposals.issue_work.restored(new, timezone.now(), by=a_user(Role.SUPERVISOR), finding=said)
    carry_on_issues()
    out.refresh_from_db()
    assert (out.status, out.feedback.count()) == ("resolved", 2)
    assert out.priority != Priority.P1
