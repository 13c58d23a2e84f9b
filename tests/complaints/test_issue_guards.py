"""What the database itself refuses about issues, announcements and actions, whatever the code does."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from complaints.models import (
    Announcement,
    IssueAction,
    IssueJob,
    IssueProposal,
    Notice,
    Saying,
    ServiceIssue,
)
from tests.complaints.test_issue_actions import an_action
from tests.complaints.test_proposals import a_feeder
from tests.factories import MONDAY, a_branch, a_cause, a_complaint, a_user, an_announcement, an_issue

pytestmark = pytest.mark.usefixtures("profile")


def a_job(issue=None, complaint=None):
    return IssueJob.objects.create(
        issue=issue or an_issue(), complaint=complaint or a_complaint(), act="link", asked_at=MONDAY
    )


def a_proposal():
    times = dict.fromkeys(("first_at", "last_at", "proposed_at"), MONDAY)
    return IssueProposal.objects.create(kind="fault", branch=a_branch(), feeder=a_feeder(), number=9, **times)


def a_saying():
    return Saying.objects.create(announcement=an_announcement(), kind="ahead", revision=0, days=7, say_at=MONDAY)


def a_reminder():
    action = an_action()
    return Notice.objects.create(action=action, code="x", medium="email", address="a@b.c", body="x", next_try_at=MONDAY)


BROKEN = [
    ("issue_finding_is_complete", ServiceIssue, an_issue, {"outcome": "upheld"}),
    ("issue_finding_is_complete", ServiceIssue, an_issue, {"answer_zh": "好"}),
    ("issue_job_act_is_known", IssueJob, a_job, {"act": "burn"}),
    ("issue_job_left_says_why", IssueJob, a_job, {"state": "left"}),
    ("issue_job_left_says_why", IssueJob, a_job, {"state": "done", "why": "review"}),
    ("proposal_is_decided_by_somebody", IssueProposal, a_proposal, {"decided_at": MONDAY}),
    ("announcement_kind_is_known", Announcement, an_announcement, {"kind": "party"}),
    ("announced_outage_ends_after_it_starts", Announcement, an_announcement, {"ends_at": None}),
    ("announced_outage_ends_after_it_starts", Announcement, an_announcement, {"ends_at": MONDAY - timedelta(1)}),
    ("announcement_says_something", Announcement, an_announcement, {"text_zh": "", "text_en": ""}),
    ("cancelled_announcement_was_released", Announcement, an_announcement, {"cancelled_at": MONDAY}),
    ("saying_kind_is_known", Saying, a_saying, {"kind": "sung"}),
    ("issue_action_kind_is_known", IssueAction, an_action, {"kind": "magic"}),
    ("issue_action_is_done_by_somebody", IssueAction, an_action, {"done_at": MONDAY}),
    ("notice_has_one_cause", Notice, a_reminder, {"action": None}),
]


@pytest.mark.parametrize(("name", "model", "make", "values"), BROKEN)
def test_what_cannot_be_is_refused(name, model, make, values):
    row = make()
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        model.objects.filter(pk=row.pk).update(**values)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("issue_job_is_asked_once", a_job),
        ("said_once_on_each_occasion", a_saying),
        ("owner_is_reminded_once", a_reminder),
    ],
)
def test_the_same_twice_is_refused(name, make):
    twin = make()
    twin.pk = None
    if isinstance(twin, Notice):
        twin = Notice(action=twin.action, code="y", medium="sms", address="1", body="y", next_try_at=MONDAY)
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        twin.save(force_insert=True)


def test_a_whole_finding_of_a_restored_issue_is_kept():
    issue = an_issue(
        restored_at=timezone.now(), outcome="upheld", root_cause=a_cause(), answer_zh="好", created_by=a_user()
    )
    assert (issue.answer_in("en"), issue.answer_in("zh-hans")) == ("好", "好")
