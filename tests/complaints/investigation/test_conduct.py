"""How people were served: found, apologised for and learned from; and what concerns the employee is read by few."""

from datetime import date, timedelta
from html import unescape

import pytest
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from complaints import workflow
from complaints.clocks.calendars import WorkingCalendar
from complaints.investigation import conduct
from complaints.models import ConductFinding, ConductRule, Notice, StaffPart
from complaints.refusals import MoveRefused
from complaints.states import Status
from staff.actors import Actor, Role
from staff.models import TeamKind
from tests.complaints.test_moves import bring, details_for, everything_about
from tests.factories import MONDAY, a_branch, a_complaint, a_team, a_user, an_actor, an_answer

pytestmark = [pytest.mark.usefixtures("profile"), pytest.mark.django_db]

STATEMENT = "当时排队的人多，我说话急了。"
WRONG = {"verdict": "substantiated", "rule": "no-6", "because": "录音中三次打断客户。"}
SORRY = {
    "apology": "made", "apology_how": "phone", "apology_on": "2026-03-03", "apology_by": "营业班长",
    "no_coaching_because": "已在班会上讲评。",
}  # fmt: skip
WEEKDAYS = WorkingCalendar.from_rules(
    "office", 1, {"timezone": "Asia/Shanghai", "week": {key: [["08:00", "17:00"]] for key in ("mon", "tue", "wed", "thu", "fri")}}
)  # fmt: skip


@pytest.fixture
def complaint():
    return bring(a_complaint("SVC-01", channel_details={"call_id": "CALL-77"}), Status.INVESTIGATING)


@pytest.fixture
def investigator():
    return a_user(Role.INVESTIGATOR)


@pytest.fixture
def desk(client, investigator):
    client.force_login(investigator)
    client.cookies["language"] = "en"
    return client


def seen_by(client, user):
    client.force_login(user)
    client.cookies["language"] = "en"
    return client


def address(complaint, page="investigation"):
    return reverse(f"complaints:{page}", args=[complaint.reference])


def say(desk, complaint, **said):
    newest = complaint.conduct_findings.first()
    return desk.post(address(complaint), {"standing": newest.pk if newest else "", **said})


def tell(desk, complaint, person=None, **said):
    """Record the part about the employee."""
    newest = complaint.staff_parts.first()
    said = {
        "standing": newest.pk if newest else "",
        "person": person.pk if person else "",
        "statement": STATEMENT,
        **said,
    }
    return desk.post(address(complaint, "conduct-employee"), said)


def read(client, complaint, page="investigation"):
    return unescape(client.get(address(complaint, page)).content.decode())


# the finding


def test_what_intake_knows_is_proposed(desk, complaint):
    form = desk.get(address(complaint)).context["form"]
    assert form.initial["call_reference"] == "CALL-77"


def test_what_is_found_stands_on_the_page_on_paper_and_in_the_history(desk, complaint):
    said = {
        "about_told": "3 号窗口",
        "call_reference": "CALL-77",
        "recording": "listened",
        "alleged": "manners",
        **WRONG,
    }
    assert say(desk, complaint, **said).status_code == 302
    finding = complaint.conduct_findings.get()
    assert (finding.rule.code, finding.alleged.code, finding.recording) == ("no-6", "manners", "listened")
    event = complaint.events.latest("number")
    assert (event.move, event.details["part"]) == ("investigate", "the service")
    assert "Substantiated" in event.details["summary"]
    for page in (complaint.get_absolute_url(), complaint.get_absolute_url() + "?print", address(complaint)):
        assert "Substantiated · Ban 6: indifference and evasion" in unescape(desk.get(page).content.decode())


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"verdict": "substantiated"}, "because"),
        ({"recording": "listened"}, "call_reference"),
        ({"happened_at": "2999-01-01T08:00"}, "happened_at"),
        ({"apology": "made", "apology_how": "phone", "apology_by": "班长"}, "apology_on"),
        ({"apology": "made", "apology_on": "2026-03-03", "apology_by": "班长"}, "apology_how"),
        ({"apology": "made", "apology_on": "2026-03-03", "apology_how": "phone"}, "apology_by"),
        ({**SORRY, "apology_how": "message"}, "apology_text"),
        ({**SORRY, "apology_on": "2999-01-01"}, "apology_on"),
        ({"measured": "30"}, "measured"),
        ({"measured": "30", "rule": "no-6"}, "measured"),
        ({"rule": "counter-other", "began_on": "2026-03-02"}, "began_on"),
        ({"rule": "connect-low", "ended_on": "2026-03-02"}, "began_on"),
        ({"rule": "connect-low", "began_on": "2026-03-03", "ended_on": "2026-03-02"}, "ended_on"),
        ({"rule": "no-11"}, "rule"),
        ({"verdict": "maybe"}, "verdict"),
        ({}, None),
    ],
)
def test_what_makes_no_sense_is_refused_and_stays_on_the_page(desk, complaint, said, field):
    before = everything_about(complaint)
    response = say(desk, complaint, **said)
    assert response.status_code in (400, 422)
    assert (field or "__all__") in response.context["form"].errors
    assert not ConductFinding.objects.exists()
    assert everything_about(complaint) == before


def test_two_who_record_at_once_do_not_overwrite_each_other_unseen(desk, complaint):
    say(desk, complaint, **WRONG)
    response = desk.post(address(complaint), {"standing": "", "said": "别的"})
    assert response.status_code == 409
    assert complaint.conduct_findings.get().verdict == "substantiated"


@pytest.mark.parametrize(("minutes", "kept"), [(20, True), (21, False)])
def test_waiting_is_judged_by_the_rule_and_exactly_at_the_limit_keeps_it(desk, complaint, minutes, kept):
    assert say(desk, complaint, rule="counter-other", measured=str(minutes)).status_code == 302
    finding = complaint.conduct_findings.get()
    assert finding.judged["kept"] is kept
    words = f"{minutes} minutes, at most 20 minutes are promised (Counter: other business in 20 minutes): "
    assert words + ("kept" if kept else "not kept") in read(desk, complaint)


def test_a_connection_is_judged_by_working_days_that_are_counted(desk, complaint):
    # Monday to the Tuesday eight days later: six working days
    assert say(desk, complaint, rule="connect-low", began_on="2026-03-02", ended_on="2026-03-10").status_code == 302
    finding = complaint.conduct_findings.get()
    assert (finding.measured, finding.judged["kept"]) == (6, True)
    assert say(desk, complaint, rule="connect-low", began_on="2026-03-02", ended_on="2026-03-11").status_code == 302
    newest = complaint.conduct_findings.first()
    assert (newest.measured, newest.judged["kept"]) == (7, False)


@given(st.dates(date(2026, 1, 1), date(2026, 12, 1)), st.integers(0, 60))
def test_working_days_are_counted_as_deadlines_are(began, days):
    """The day on which so many have passed is the day on which a deadline of so many days ends."""
    ended = WEEKDAYS.working_day_after(began, days)
    assert conduct.working_days(WEEKDAYS, began, ended) == days


def test_an_old_verdict_does_not_change_with_the_rule(desk, complaint):
    say(desk, complaint, rule="counter-other", measured="25")
    ConductRule.objects.filter(code="counter-other").update(limit=30, name_en="Counter: half an hour")
    assert "25 minutes, at most 20 minutes are promised (Counter: other business in 20 minutes): not kept" in read(
        desk, complaint
    )


def test_an_apology_by_message_goes_out_once_in_the_words_that_were_written(desk, complaint):
    words = {**WRONG, **SORRY, "apology_how": "message", "apology_text": "就窗口服务向您致歉。"}
    assert say(desk, complaint, **words).status_code == 302
    sent = Notice.objects.filter(complaint=complaint, code="message")
    assert ["就窗口服务向您致歉。" in notice.body for notice in sent] == [True]
    assert say(desk, complaint, **words, witnesses="后面排队的人").status_code == 302
    assert sent.count() == 1


def test_where_no_message_arrives_the_apology_is_made_another_way(desk):
    complaint = bring(
        a_complaint("SVC-01", contact_phone="", contact_address="和平路 3 号", is_anonymous=True), Status.INVESTIGATING
    )
    complaint.contact_address = ""
    complaint.save(update_fields=["contact_address"])
    before = everything_about(complaint)
    response = say(desk, complaint, **{**WRONG, **SORRY, "apology_how": "message", "apology_text": "抱歉"})
    assert "apology_how" in response.context["form"].errors
    assert not ConductFinding.objects.exists()
    assert everything_about(complaint) == before


def test_who_does_not_investigate_records_nothing(client, complaint):
    before = everything_about(complaint)
    say(seen_by(client, a_user(Role.ANALYST)), complaint, **WRONG)
    assert tell(client, complaint).status_code == 403
    assert not ConductFinding.objects.exists()
    assert not StaffPart.objects.exists()
    assert everything_about(complaint) == before


# the employee's part


def test_only_supervisors_administrators_and_the_recorder_read_the_employees_part(client, desk, complaint):
    clerk = a_user(Role.AGENT)
    assert tell(desk, complaint, clerk, action_on_staff="扣绩效").status_code == 302
    readers = {
        a_user(Role.SUPERVISOR): True,
        a_user(Role.ADMINISTRATOR): True,
        complaint.staff_parts.get().entered_by: True,
    }
    readers |= {a_user(role): False for role in (Role.AGENT, Role.INVESTIGATOR, Role.LIAISON, Role.ANALYST)}
    for reader, reads in readers.items():
        seen_by(client, reader)
        page = read(client, complaint)
        assert [word in page for word in (STATEMENT, "扣绩效", clerk.full_name)] == [reads] * 3, reader.role
        assert "Only supervisors of the branch" in page


def test_no_other_page_nor_the_api_nor_the_search_says_what_the_employee_said(client, desk, complaint):
    clerk = a_user(Role.AGENT)
    tell(desk, complaint, clerk)
    supervisor = seen_by(client, a_user(Role.SUPERVISOR))
    pages = [
        complaint.get_absolute_url(),
        complaint.get_absolute_url() + "?print",
        f"/api/v1/complaints/{complaint.reference}/",
    ]
    for page in pages:
        text = supervisor.get(page).content.decode()
        assert complaint.reference in text
        assert STATEMENT not in text
        assert clerk.full_name not in text
    assert complaint.reference not in supervisor.get("/desk/?view=all&q=我说话急了").content.decode()


def test_another_investigator_neither_reads_nor_overwrites_it(client, desk, complaint):
    tell(desk, complaint, a_user(Role.AGENT))
    other = seen_by(client, a_user(Role.INVESTIGATOR))
    assert tell(other, complaint, statement="不是这样").status_code == 403
    assert complaint.staff_parts.get().statement == STATEMENT


def test_the_person_named_no_longer_sees_nor_has_nor_hears_of_the_complaint(client, desk, complaint):
    named = a_user(Role.SUPERVISOR)
    workflow.perform("assign", complaint, by=an_actor(Role.SUPERVISOR), assignee=named)
    tell(desk, complaint, named)
    complaint.refresh_from_db()
    assert (complaint.about, complaint.assignee) == (named, None)
    client = seen_by(client, named)
    assert client.get(complaint.get_absolute_url()).status_code == 404
    assert client.get(f"/api/v1/complaints/{complaint.reference}/").status_code == 404
    assert complaint.reference not in client.get("/desk/?view=all").content.decode()
    heard = Notice.objects.filter(complaint=complaint, address=named.email)
    before = heard.count()
    workflow.perform("escalate", complaint, by=an_actor(Role.SUPERVISOR), reason="须上级决定")
    assert heard.count() == before
    assert complaint.notices.filter(code="escalation").exists()


def test_nobody_handles_a_complaint_about_themselves(desk, complaint):
    named = a_user(Role.SUPERVISOR)
    tell(desk, complaint, named)
    before = everything_about(complaint)
    with pytest.raises(MoveRefused, match="You are named in this complaint"):
        workflow.perform("note", complaint, by=Actor.staff(named), note="这是误会")
    with pytest.raises(MoveRefused, match="cannot have this complaint"):
        workflow.perform("assign", complaint, by=an_actor(Role.SUPERVISOR), assignee=named)
    assert everything_about(complaint) == before


def test_whoever_is_named_does_not_record_it_either(desk, investigator, complaint):
    before = everything_about(complaint)
    response = tell(desk, complaint, investigator)
    assert response.status_code == 409
    assert "You are named in this complaint" in unescape(response.content.decode())
    assert not StaffPart.objects.exists()
    assert everything_about(complaint) == before


def test_found_to_be_somebody_else_the_first_sees_it_again(client, desk, complaint):
    named, other = a_user(Role.SUPERVISOR), a_user(Role.AGENT)
    tell(desk, complaint, named)
    tell(desk, complaint, other)
    assert seen_by(client, named).get(complaint.get_absolute_url()).status_code == 200
    assert seen_by(client, other).get(complaint.get_absolute_url()).status_code == 404


def test_a_report_of_wrongdoing_stays_with_those_who_may_see_it(client):
    report = a_complaint("SVC-14")
    assert seen_by(client, a_user(Role.INVESTIGATOR)).get(address(report)).status_code == 404
    assert seen_by(client, a_user(Role.LIAISON)).get(address(report)).status_code == 200
    away = a_user(Role.SUPERVISOR, branch=a_branch("west", parent=a_branch()))
    assert seen_by(client, away).get(address(report)).status_code == 404


# answering


def answer(complaint, outcome="upheld"):
    if complaint.contacted_at is None:
        at = MONDAY + timedelta(minutes=30)
        workflow.perform("contact", complaint, by=an_actor(Role.SUPERVISOR), at=at, **details_for("contact", complaint))
    workflow.perform("resolve", complaint, by=an_actor(Role.SUPERVISOR), **an_answer(outcome=outcome))


@pytest.mark.parametrize(
    ("said", "outcome", "why"),
    [
        ({}, "upheld", "Nobody has recorded yet what was found"),
        (WRONG, "upheld", "Nobody has said yet that we apologised"),
        (WRONG | {"apology": "owed"}, "partly_upheld", "Nobody has said yet that we apologised"),
        (WRONG | SORRY | {"no_coaching_because": ""}, "upheld", "Nothing follows from it yet"),
        ({"verdict": "not_substantiated", "because": "录音相反"}, "upheld", "do not say that the complaint is right"),
        (WRONG | SORRY, "not_upheld", "say that the complaint is right"),
    ],
)
def test_the_answer_follows_from_the_finding_or_is_refused(desk, complaint, said, outcome, why):
    if said:
        assert say(desk, complaint, **said).status_code == 302
    before = everything_about(complaint)
    with pytest.raises(MoveRefused, match=why):
        answer(complaint, outcome)
    assert everything_about(complaint) == before


@pytest.mark.parametrize("outcome", ["upheld", "partly_upheld"])
def test_with_apology_and_what_is_learned_it_is_upheld(desk, complaint, outcome):
    say(desk, complaint, **WRONG, **SORRY)
    answer(complaint, outcome)
    assert complaint.status == Status.RESOLVED


def test_unfounded_or_unverifiable_needs_neither(desk, complaint):
    say(desk, complaint, verdict="unverifiable", because="录音已过保存期。")
    answer(complaint, "unverifiable")
    assert complaint.status == Status.RESOLVED


def test_the_page_costs_the_same_for_one_coaching_action_and_for_many(desk, complaint, django_assert_max_num_queries):
    say(desk, complaint, **WRONG)
    for number in range(12):
        due = str(timezone.localdate() + timedelta(days=number))
        said = {"kind": "talk", "what": "谈话", "person": a_user().pk, "owner": a_user().pk, "due_on": due}
        assert desk.post(address(complaint, "coaching-new"), said).status_code == 302
    a_team(TeamKind.OUTAGE)
    with django_assert_max_num_queries(45):
        desk.get(address(complaint))
