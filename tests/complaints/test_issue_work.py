"""A restored issue answers the complaints that hang on it: each on its own, once, also when a worker dies half way."""

import html
from datetime import timedelta

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from complaints import issue_work, issues, turn, workflow
from complaints.clocks.ledger import State
from complaints.models import Clock, Complaint, Feedback, IssueAct, IssueJob, JobState, Notice, Priority
from complaints.states import Status
from complaints.tasks import carry_on_issues, ring_alarms, tell_updates
from staff.actors import THE_CUSTOMER, Role
from tests.at_once import at_once
from tests.complaints.test_moves import WAY_TO, bring, details_for
from tests.factories import MONDAY, a_cause, a_complaint, a_user, an_actor, an_issue

pytestmark = pytest.mark.usefixtures("profile")
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def english(client):
    client.cookies["language"] = "en"


def an_outage(**fields):
    return an_issue(started_at=timezone.now() - 3 * HOUR, **fields)


def linked(issue, code="OUT-02", status=Status.REGISTERED, **fields) -> Complaint:
    """A complaint about it, two hours old."""
    complaint = a_complaint(code, at=timezone.now() - 2 * HOUR, service_issue=issue, **fields)
    if status != Status.REGISTERED:
        bring_now(complaint, status)
    return complaint


def bring_now(complaint, status):
    for name in WAY_TO[status]:
        workflow.perform(name, complaint, by=an_actor(Role.SUPERVISOR), **details_for(name, complaint))


def a_finding(**more):
    return {
        "outcome": "upheld",
        "root_cause": a_cause(),
        "answer_zh": "已更换电缆，供电恢复。",
        "answer_en": "We replaced the cable.",
        **more,
    }


def restore(issue, *, role=Role.SUPERVISOR, **finding):
    issue_work.restored(issue, timezone.now() - HOUR, by=a_user(role), finding=a_finding(**finding))


def works():
    carry_on_issues()
    tell_updates()


def post(client, issue, role=Role.SUPERVISOR, **typed):
    client.force_login(a_user(role))
    said = {"restored_at": local(timezone.now() - HOUR), "settles": "on", "outcome": "upheld"}
    said |= {"root_cause": a_cause().code, "answer_zh": "已修复。", "answer_en": "Mended.", **typed}
    return client.post(reverse("complaints:issue-restored", args=[issue.pk]), said)


def local(moment):
    return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M")


@pytest.mark.parametrize("status", [Status.REGISTERED, Status.DISPATCHED, Status.INVESTIGATING])
@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.INVESTIGATOR, Role.ADMINISTRATOR])
def test_each_is_answered_in_its_language_with_its_own_question(client, status, role):
    issue = an_outage()
    chinese = linked(issue, status=status)
    english = linked(issue, status=status, language="en", contact_phone="13800005678")
    assert post(client, issue, role).status_code == 302
    works()
    for complaint, answer in ((chinese, "已修复。"), (english, "Mended.")):
        complaint.refresh_from_db()
        assert (complaint.status, complaint.resolution, complaint.service_issue) == (Status.RESOLVED, answer, issue)
        assert complaint.restored_at == issue_again(issue).restored_at
        asked = Feedback.objects.get(complaint=complaint)
        notice = complaint.notices.filter(is_to_customer=True).exclude(code="acknowledged").get()
        assert notice.code == "settled_feedback"
        assert asked.token in notice.body
        assert issue.branch.name_zh in notice.body or issue.branch.name_en in notice.body
        assert list(complaint.events.order_by("-number").values_list("move", flat=True)[:2]) == ["settle", "restore"]
    assert Feedback.objects.values("token").distinct().count() == 2


def issue_again(issue):
    return type(issue).objects.get(pk=issue.pk)


def test_the_clocks_stop_when_the_supply_was_back_and_nobody_counts_as_called():
    issue = an_outage()
    complaint = linked(issue)
    restore(issue)
    works()
    clocks = {(c.kind, c.tier): c for c in Clock.objects.filter(complaint=complaint)}
    restored_at = issue_again(issue).restored_at
    arrivals = [clock for (kind, _tier), clock in clocks.items() if kind in ("arrive", "restore")]
    assert arrivals
    assert {clock.stopped_at for clock in arrivals} == {restored_at}
    states = {kind: clock.state for (kind, _tier), clock in clocks.items()}
    assert states["first_contact"] == State.CANCELLED
    assert all(c.state in (State.MET, State.LATE) for (kind, _tier), c in clocks.items() if kind == "resolve")
    assert states["feedback"] == State.RUNNING
    assert "dispatch" not in {c.kind for c in Clock.objects.filter(complaint=complaint).ticking()}


def test_who_says_it_is_not_solved_is_owed_a_call_again():
    issue = an_outage()
    complaint = linked(issue)
    restore(issue)
    works()
    workflow.perform("feedback", complaint, by=THE_CUSTOMER, solved=False, comment="还是没电")
    assert (complaint.status, complaint.service_issue) == (Status.INVESTIGATING, issue)
    assert complaint.clocks.ticking().filter(kind="first_contact", round=2).exists()
    assert Notice.objects.filter(complaint=complaint, code="reopened_staff").exists()


LEFT = [
    ("OUT-02", {"status": Status.REVIEW}, "review"),
    ("OUT-02", {"status": Status.WAITING}, "waiting"),
    ("SAF-04", {}, "safety"),
    ("OUT-02", {"priority": Priority.P1}, "severe"),
    ("OUT-02", {"severity": "major"}, "severe"),
    ("OUT-02", {"channel": "regulator", "source": "12398"}, "regulator"),
    ("OUT-03", {}, "unrelated"),
]


@pytest.mark.parametrize(("code", "fields", "why"), LEFT)
def test_what_it_does_not_answer_is_left_open_with_a_reason_and_told_that_it_is_over(client, code, fields, why):
    issue = an_outage()
    complaint = linked(issue, code, contact_phone="13800009999", **fields)
    follower = linked(issue)
    before = complaint.status
    assert post(client, issue).status_code == 302
    works()
    complaint.refresh_from_db()
    assert complaint.status == before
    job = IssueJob.objects.get(complaint=complaint)
    assert (job.state, job.why) == (JobState.LEFT, why)
    assert complaint.notices.filter(code="issue_restored").count() == 1
    assert not follower.notices.filter(code="issue_restored").exists()
    page = client.get(reverse("complaints:issue", args=[issue.pk])).content.decode()
    assert complaint.reference in page
    assert "1 of 1 answered" in page
    assert str(job.get_why_display()) in html.unescape(page)


def test_what_came_in_after_it_was_over_is_not_answered_by_it():
    issue = an_outage()
    late = a_complaint("OUT-02", at=timezone.now(), service_issue=issue)
    restore(issue)
    works()
    late.refresh_from_db()
    assert late.status == Status.REGISTERED
    assert IssueJob.objects.get().why == "later"


def test_what_came_in_within_the_minute_that_was_typed_is_answered_by_it(client):
    """The page proposes this minute, and who complained half a minute ago must not be told that it was over before."""
    issue = an_outage()
    received_at = timezone.now().replace(second=32) - HOUR
    complaint = a_complaint("OUT-02", at=received_at, service_issue=issue)
    post(client, issue, restored_at=local(received_at))
    works()
    complaint.refresh_from_db()
    assert (complaint.status, complaint.restored_at) == (Status.RESOLVED, received_at)
    assert issue_again(issue).restored_at == received_at.replace(second=0, microsecond=0)


def test_what_began_and_was_over_within_a_minute_may_be_said_so(client):
    issue = an_issue(started_at=timezone.now().replace(second=32) - HOUR)
    assert post(client, issue, restored_at=local(issue.started_at)).status_code == 302
    assert issue_again(issue).restored_at == issue.started_at


def test_answering_one_more_costs_no_more_than_its_own_rows(django_assert_max_num_queries):
    issue = an_outage()
    linked(issue), linked(issue, contact_phone="13800005678")
    ring_alarms()
    restore(issue)
    with turn.begun():
        first, second = IssueJob.objects.due()
        assert issue_work.do(first.pk)
        with django_assert_max_num_queries(46):
            assert issue_work.do(second.pk)


def test_moved_by_somebody_meanwhile_it_is_left_and_still_hears_that_it_is_over():
    issue = an_outage()
    complaint, other = linked(issue), linked(issue, contact_phone="13800005678")
    restore(issue)
    tell_updates()
    workflow.perform("prioritise", complaint, by=an_actor(Role.SUPERVISOR), priority=1)
    works()
    assert IssueJob.objects.get(complaint=complaint).why == "severe"
    assert complaint.notices.filter(code="issue_restored").count() == 1
    assert not other.notices.filter(code="issue_restored").exists()


def test_a_follower_who_also_complained_hears_it_once():
    issue = an_outage()
    linked(issue, contact_email="w@example.org", contact_method="email")
    for address in ("w@example.org", "v@example.org"):
        issues.follow(issue, "email", address, language="en")
    restore(issue)
    works()
    told = Notice.objects.filter(code="issue_restored").values_list("address", flat=True)
    assert list(told) == ["v@example.org"]
    assert Notice.objects.filter(code="settled_feedback", address="w@example.org").count() == 1


@pytest.mark.parametrize(
    "missing", [{"outcome": ""}, {"root_cause": ""}, {"answer_zh": "", "answer_en": ""}, {"restored_at": ""}]
)
def test_without_a_finding_nothing_is_said_and_what_was_typed_stays(client, missing):
    issue = an_outage()
    linked(issue)
    answer = post(client, issue, **{"text_zh": "来电了。", **missing})
    assert answer.status_code == 422
    assert "来电了。" in answer.content.decode()
    assert issue_again(issue).restored_at is None
    assert not IssueJob.objects.exists()


def test_left_open_on_purpose_they_stay_open(client):
    issue = an_outage()
    complaint = linked(issue)
    assert post(client, issue, settles="").status_code == 302
    works()
    complaint.refresh_from_db()
    assert complaint.status == Status.REGISTERED
    assert not IssueJob.objects.exists()
    assert complaint.notices.filter(code="issue_restored").count() == 1


@pytest.mark.parametrize("role", [Role.AGENT, Role.LIAISON, Role.ANALYST])
def test_who_may_not_speak_to_all_answers_nobody(client, role):
    issue = an_outage()
    linked(issue)
    assert post(client, issue, role).status_code == 403
    assert issue_again(issue).restored_at is None


def test_the_page_says_what_would_follow(client):
    issue = an_outage()
    linked(issue)
    linked(issue, "OUT-03")
    client.force_login(a_user(Role.SUPERVISOR))
    page = client.get(reverse("complaints:issue-restored", args=[issue.pk])).content.decode()
    assert "Answered with it" in page
    assert "about something that this does not explain" in page
    assert "您反映的" in page
    assert 'name="settles"' in page


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies_half_way_leaves_none_out_and_answers_none_twice(profile, monkeypatch):
    issue = an_outage()
    for _number in range(5):
        linked(issue)
    restore(issue)

    class Killed(BaseException):
        pass

    real, done = issue_work.do, []

    def dies(key):
        if len(done) == 2:
            with transaction.atomic():
                assert issue_work._settle(IssueJob.objects.get(pk=key), IssueJob.objects.get(pk=key).complaint) == ""
                raise Killed
        done.append(key)
        return real(key)

    monkeypatch.setattr(issue_work, "do", dies)
    with pytest.raises(Killed):
        carry_on_issues()
    monkeypatch.undo()
    assert Feedback.objects.count() == 2
    works()
    works()
    assert Feedback.objects.count() == 5
    assert Notice.objects.filter(code="settled_feedback").count() == 5
    assert not Notice.objects.filter(code="issue_restored").exists()


@pytest.mark.django_db(transaction=True)
def test_four_workers_at_once_answer_each_once(profile):
    issue = an_outage()
    for _number in range(8):
        linked(issue)
    restore(issue)
    at_once(lambda _number: issue_work.carry_on(), times=4)
    assert Complaint.objects.filter(status=Status.RESOLVED).count() == 8
    assert Notice.objects.filter(code="settled_feedback").count() == 8
    assert set(IssueJob.objects.values_list("act", "state")) == {(IssueAct.SETTLE, JobState.DONE)}


def test_the_word_for_it_is_in_the_history(client):
    issue = an_outage(title="512 开关跳闸")
    complaint = linked(issue)
    restore(issue)
    works()
    client.force_login(a_user(Role.SUPERVISOR))
    page = client.get(complaint.get_absolute_url()).content.decode()
    assert "Resolved with “512 开关跳闸”: Upheld" in page
    assert "We answered you." in client.get(reverse("complaints:track", args=[complaint.token])).content.decode()


def test_brought_to_review_first_it_stays_there():
    complaint = bring(a_complaint(service_issue=an_issue()), Status.REVIEW)
    assert not complaint.permits("settle", Role.SUPERVISOR)
    assert complaint.received_at == MONDAY
