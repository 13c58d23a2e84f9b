"""Whom an @ means: pure parsing first, then who is told and who is refused."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints import mentions, workflow
from complaints.models import Concern, Follow, Notice
from complaints.refusals import MoveRefused
from staff.actors import Actor, Role
from staff.models import User
from tests.factories import MONDAY, a_branch, a_complaint, a_user

NAMES = {"王伟", "王伟明", "zhang", "zhang.wei", "agent-12"}


def meant(text):
    return [mentions.longest(tail, NAMES.__contains__) for tail in mentions.tails(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("请@王伟看一下", ["王伟"]),
        ("请@王伟明看一下", ["王伟明"]),
        ("＠王伟，谢谢", ["王伟"]),
        ("@zhang.wei: look", ["zhang.wei"]),
        ("@Zhang. Look", ["Zhang"]),
        ("ask @zhang", ["zhang"]),
        ("@zhangsan", [""]),
        ("@agent-12 and @王伟", ["agent-12", "王伟"]),
        ("@agent-123", [""]),
        ("write to a@zhang.cn", []),
        ("10 kV @ 50 Hz", []),
        ("no one", []),
    ],
)
def test_a_name_is_read_as_far_as_it_goes(text, expected):
    assert meant(text) == expected


@given(st.text(max_size=60), st.sampled_from(sorted(NAMES)), st.sampled_from(["", " ", "，", "。"]))
def test_whatever_stands_before_a_name_it_is_found(before, name, after):
    text = f"{before} @{name}{after}\n"
    assert meant(text)[-1] == name


@given(st.text(max_size=200))
def test_any_text_can_be_read(text):
    for tail in mentions.tails(text):
        found = mentions.longest(tail, NAMES.__contains__)
        assert tail.startswith(found)


@pytest.fixture
def complaint(profile):
    return a_complaint()


def note(complaint, words, by=None, minutes=5):
    by = by or a_user(Role.AGENT)
    return workflow.perform("note", complaint, by=Actor.staff(by), at=MONDAY + timedelta(minutes=minutes), note=words)


def test_who_is_mentioned_is_told_follows_and_gets_no_word_about_the_customer(complaint):
    wang = a_user(Role.INVESTIGATOR)
    wang.full_name = "王伟"
    wang.save()
    event = note(complaint, "请@王伟联系李四13800001234。")
    assert event.details["mentions"] == [{"id": wang.pk, "text": "王伟", "as": "@王伟"}]
    assert list(Concern.objects.values_list("user", "why")) == [(wang.pk, "mention")]
    assert Follow.objects.filter(user=wang, complaint=complaint).exists()
    mail = Notice.objects.get(code="mentioned")
    assert mail.address == wang.email
    assert complaint.reference in mail.body
    for private in (complaint.contact_name, complaint.contact_phone, complaint.story[:6]):
        assert private not in mail.subject + mail.body


def test_one_does_not_tell_oneself(complaint):
    me = a_user(Role.AGENT)
    note(complaint, f"@{me.username} think again", by=me)
    assert not Concern.objects.exists()


@pytest.mark.parametrize("kind", ["out of reach", "unknown", "two of one name"])
def test_a_name_that_means_nobody_here_is_refused_and_nothing_changed(complaint, kind):
    if kind == "out of reach":
        far = a_user(Role.AGENT, branch=a_branch("far", parent=a_branch("elsewhere")))
        words, says = f"@{far.username} please", "may not see"
    elif kind == "unknown":
        words, says = "@nobody please", "nobody"
    else:
        keys = [a_user(Role.AGENT).pk, a_user(Role.AGENT).pk]
        User.objects.filter(pk__in=keys).update(full_name="李雷")
        words, says = "@李雷 看", "@agent-"
    version = complaint.version
    with pytest.raises(MoveRefused, match=says) as refused:
        note(complaint, words)
    assert refused.value.fields == ("note",)
    complaint.refresh_from_db()
    assert complaint.version == version
    assert not Concern.objects.exists()


def test_a_message_to_the_customer_mentions_nobody(complaint):
    wang = a_user(Role.INVESTIGATOR)
    workflow.perform("message", complaint, by=Actor.staff(a_user()), at=MONDAY, message=f"@{wang.username} and @nobody")
    assert not Concern.objects.exists()


def test_a_report_of_wrongdoing_mentions_only_who_may_see_it(profile):
    complaint = a_complaint(request_type="report")
    complaint.request_type = "report"
    complaint.save()
    agent, supervisor = a_user(Role.AGENT), a_user(Role.SUPERVISOR)
    with pytest.raises(MoveRefused, match="may not see"):
        note(complaint, f"@{agent.username}", by=supervisor)
    note(complaint, f"@{supervisor.username}", by=a_user(Role.SUPERVISOR))
    assert mentions.offered(complaint, "agent") == []
