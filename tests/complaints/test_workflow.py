"""What comes with a move: clocks, notices, counters, and the moves that follow from it."""

from datetime import datetime, timedelta

import pytest

from complaints import workflow
from complaints.clocks.ledger import State, replay
from complaints.clocks.running import as_entry
from complaints.models import Clock, Complaint, Subcategory
from complaints.refusals import ChangedMeanwhile, MoveRefused
from complaints.states import Status
from staff.actors import THE_CUSTOMER, Role
from staff.models import TeamKind
from tests.complaints.test_moves import bring, details_for, everything_about
from tests.factories import MONDAY, SHANGHAI, a_complaint, a_team, an_account, an_actor, an_answer

pytestmark = pytest.mark.usefixtures("profile")


def clock(complaint: Complaint, kind: str, tier: str = "") -> Clock:
    return complaint.clocks.filter(kind=kind, tier=tier).latest("round")


def do(name: str, complaint: Complaint, *, by: str = Role.SUPERVISOR, after: timedelta = timedelta(hours=1), **more):
    details = {**details_for(name, complaint), **more}
    return workflow.perform(name, complaint, by=an_actor(by), at=MONDAY + after, **details)


def test_registering_gives_reference_owner_clocks_history_and_acknowledgement():
    complaint = a_complaint()
    assert complaint.reference.startswith("26-")
    assert complaint.team is not None
    assert [event.move for event in complaint.events.all()] == ["register"]
    due = {(c.kind, c.tier): c.due_at.astimezone(SHANGHAI) for c in complaint.clocks.all()}
    assert due["dispatch", ""] == MONDAY + timedelta(minutes=20)
    assert due["first_contact", "commitment"] == MONDAY + timedelta(hours=24)
    assert due["resolve", "internal"] == datetime(2026, 3, 7, tzinfo=SHANGHAI)
    assert due["resolve", "commitment"] == datetime(2026, 3, 10, tzinfo=SHANGHAI)  # the weekend does not count
    assert due["resolve", "statutory"] == datetime(2026, 3, 17, tzinfo=SHANGHAI)
    assert complaint.next_due_at == due["dispatch", ""]
    notice = complaint.notices.get()
    assert (notice.medium, notice.address, notice.state) == ("sms", "13800001234", "queued")
    assert complaint.reference in notice.body


def test_clocks_run_from_receipt_not_from_entry():
    letter = a_complaint(channel="letter", source="post", received_at=MONDAY - timedelta(days=3), at=MONDAY)
    assert letter.received_at == MONDAY - timedelta(days=3)
    assert letter.entered_at == MONDAY
    assert clock(letter, "resolve", "statutory").started_at == letter.received_at


def test_a_life_safety_complaint_is_dispatched_at_once_whatever_the_hour():
    a_team(TeamKind.SAFETY)
    night = datetime(2026, 10, 1, 3, 0, tzinfo=SHANGHAI)
    complaint = a_complaint("SAF-01", at=night, story="电线断了，掉在院子里。")
    assert complaint.status == Status.DISPATCHED
    assert [event.move for event in complaint.events.all()] == ["register", "dispatch"]
    assert clock(complaint, "dispatch").state == State.MET


def test_a_visit_is_itself_the_first_contact():
    complaint = a_complaint(channel="visit", source="counter")
    assert complaint.contacted_at == complaint.received_at
    assert not complaint.clocks.filter(kind="first_contact", state=State.RUNNING).exists()


def test_the_regulators_date_has_a_clock_that_nothing_pauses():
    due = MONDAY + timedelta(days=3)
    complaint = a_complaint(channel="regulator", source="12398", source_reference="R-1", external_due_at=due)
    bring(complaint, Status.WAITING)
    external = clock(complaint, "resolve", "external")
    assert (external.state, external.due_at) == (State.RUNNING, due)
    assert clock(complaint, "resolve", "statutory").state == State.RUNNING


def test_waiting_for_the_customer_pauses_our_own_limit_and_their_answer_resumes_it():
    complaint = bring(a_complaint(), Status.WAITING)
    internal = clock(complaint, "resolve", "internal")
    assert (internal.state, internal.due_at) == (State.PAUSED, None)
    assert clock(complaint, "resolve", "statutory").state == State.RUNNING
    workflow.perform("supplement", complaint, by=THE_CUSTOMER, at=MONDAY + timedelta(days=2), message="照片已上传。")
    assert complaint.status == Status.INVESTIGATING
    internal.refresh_from_db()
    assert internal.state == State.RUNNING
    assert internal.due_at.astimezone(SHANGHAI) == datetime(2026, 3, 10, tzinfo=SHANGHAI)  # Tuesday's end was waited


def test_first_contact_is_not_met_by_a_status_change():
    complaint = bring(a_complaint(), Status.DISPATCHED)
    do("accept", complaint)
    assert clock(complaint, "first_contact", "commitment").state == State.RUNNING
    do("contact", complaint, reached=False)
    assert clock(complaint, "first_contact", "commitment").state == State.RUNNING
    do("contact", complaint, reached=True)
    assert clock(complaint, "first_contact", "commitment").state == State.MET
    assert complaint.contacted_at == MONDAY + timedelta(hours=1)


def test_three_attempts_at_different_times_and_a_message_stand_for_a_contact():
    complaint = bring(a_complaint(), Status.DISPATCHED)
    for hours in (1, 3, 5):
        do("contact", complaint, after=timedelta(hours=hours), reached=False)
    assert clock(complaint, "first_contact", "commitment").state == State.RUNNING
    do("message", complaint, after=timedelta(hours=6))
    assert clock(complaint, "first_contact", "commitment").state == State.MET
    assert complaint.contacted_at == MONDAY + timedelta(hours=6)


def test_nothing_is_resolved_before_the_customer_was_spoken_to():
    complaint = bring(a_complaint(), Status.DISPATCHED)
    do("accept", complaint)
    before = everything_about(complaint)
    with pytest.raises(MoveRefused, match="Record a contact first"):
        do("resolve", complaint)
    assert everything_about(complaint) == before


def test_a_regulators_case_needs_a_supervisors_approval():
    complaint = a_complaint(channel="regulator", source="12398", source_reference="R-2")
    for step, name in enumerate(["dispatch", "accept", "contact"], start=1):
        do(name, complaint, after=timedelta(minutes=step))
    before = everything_about(complaint)
    with pytest.raises(MoveRefused):
        do("resolve", complaint, by=Role.INVESTIGATOR)
    assert everything_about(complaint) == before
    do("propose", complaint, by=Role.INVESTIGATOR)
    do("approve", complaint, after=timedelta(hours=2))
    assert (complaint.status, complaint.outcome) == (Status.RESOLVED, "upheld")
    assert complaint.resolved_at == MONDAY + timedelta(hours=2)


def test_a_satisfied_answer_closes_and_a_dissatisfied_one_reopens():
    happy = bring(a_complaint(), Status.RESOLVED)
    do("feedback", happy, by="customer", solved=True, score=5)
    assert (happy.status, happy.outcome) == (Status.CLOSED, "upheld")
    unhappy = bring(a_complaint(), Status.RESOLVED)
    do("feedback", unhappy, by="customer", solved=False, score=1, comment="还是没电")
    assert (unhappy.status, unhappy.outcome, unhappy.reopened_count) == (Status.INVESTIGATING, "", 1)
    assert [event.move for event in unhappy.events.all()][-2:] == ["feedback", "reopen"]
    assert unhappy.notices.filter(code="reopened_staff", is_to_customer=False).exists()
    answer = unhappy.feedback.get()
    assert (answer.solved, answer.score, answer.answered_by) == (False, 1, "link")
    with pytest.raises(MoveRefused):
        do("feedback", unhappy, by="customer", solved=True)


def test_after_reopening_the_laws_clock_runs_on_and_ours_starts_a_shorter_one():
    complaint = bring(a_complaint(), Status.RESOLVED)
    statutory = clock(complaint, "resolve", "statutory")
    assert statutory.state == State.MET
    promised = statutory.due_at
    do("reopen", complaint, by="customer", after=timedelta(days=1))
    statutory.refresh_from_db()
    assert (statutory.state, statutory.due_at) == (State.RUNNING, promised)
    internal = clock(complaint, "resolve", "internal")
    assert (internal.round, internal.limit, internal.started_at) == (2, "2wd", MONDAY + timedelta(days=1))
    do("contact", complaint, after=timedelta(days=1, hours=1))
    do("resolve", complaint, after=timedelta(days=1, hours=2))
    assert complaint.feedback.count() == 2


def test_reopening_long_after_closing_becomes_a_request_to_the_supervisor():
    complaint = bring(a_complaint(), Status.CLOSED)
    late = timedelta(days=40)
    do("reopen", complaint, by="customer", after=late, reason="又停电了")
    assert complaint.status == Status.CLOSED
    assert complaint.events.latest("number").move == "request_reopening"
    do("reopen", complaint, by=Role.SUPERVISOR, after=late)
    assert complaint.status == Status.INVESTIGATING


def test_the_second_urging_tells_the_supervisor_and_the_third_raises_the_severity():
    complaint = bring(a_complaint(), Status.DISPATCHED)
    supervisor = an_actor(Role.SUPERVISOR)
    for minutes, severity in ((10, "ordinary"), (20, "ordinary"), (30, "important")):
        do("urge", complaint, by="customer", after=timedelta(minutes=minutes))
        assert complaint.severity == severity
    assert complaint.urged_count == 3
    told = complaint.notices.filter(code="urged", address=supervisor.user.email)
    assert told.count() >= 2


def test_two_people_never_overwrite_each_other_silently():
    complaint = a_complaint()
    seen = complaint.version
    do("dispatch", complaint)
    before = everything_about(complaint)
    with pytest.raises(ChangedMeanwhile) as refused:
        workflow.perform(
            "recategorise",
            complaint,
            by=an_actor(Role.AGENT),
            at=MONDAY + timedelta(hours=2),
            seen=seen,
            category=Subcategory.objects.get(code="VOL-01").category,
        )
    assert [event.move for event in refused.value.events] == ["dispatch"]
    assert everything_about(complaint) == before
    workflow.perform(
        "note", complaint, by=an_actor(Role.AGENT), at=MONDAY + timedelta(hours=2), seen=seen, note="邻居也停电"
    )
    assert complaint.events.latest("number").move == "note"


def test_becoming_a_safety_matter_dispatches_at_once_and_keeps_the_time_used():
    a_team(TeamKind.SAFETY)
    complaint = a_complaint()
    started = clock(complaint, "resolve", "internal").started_at
    wire = Subcategory.objects.get(code="SAF-01")
    do("recategorise", complaint, category=wire.category, subcategory=wire, after=timedelta(minutes=10))
    assert (complaint.priority, complaint.status) == (1, Status.DISPATCHED)
    internal = clock(complaint, "resolve", "internal")
    assert (internal.started_at, internal.limit, internal.round) == (started, "2wd", 1)


def test_the_stored_clock_is_what_its_ledger_gives_after_a_whole_life():
    complaint = bring(a_complaint(account=an_account()), Status.WAITING)
    steps = [
        ("resume", 24),
        ("prioritise", 25),
        ("resolve", 30),
        ("reopen", 50),
        ("contact", 51),
        ("resolve", 60),
        ("close", 90),
    ]
    for name, hours in steps:
        do(name, complaint, after=timedelta(hours=hours))
    for one in complaint.clocks.all():
        given = replay([as_entry(entry) for entry in one.ledger.select_related("calendar")])
        stored = (one.state, one.due_at, one.stopped_at, one.paused_at, one.paused_for)
        assert stored == (given.state, given.due_at, given.stopped_at, given.paused_at, given.paused_for), one


def test_withdrawing_is_the_customers_own_act():
    complaint = bring(a_complaint(), Status.INVESTIGATING)
    before = everything_about(complaint)
    with pytest.raises(MoveRefused, match="how the customer withdrew"):
        workflow.perform(
            "withdraw", complaint, by=an_actor(Role.AGENT), at=MONDAY + timedelta(hours=1), reason="不用了"
        )
    assert everything_about(complaint) == before
    do("withdraw", complaint, by="customer", reason="已经来电了")
    assert (complaint.status, complaint.outcome) == (Status.CLOSED, "withdrawn")
    assert not complaint.clocks.ticking().exists()


def test_resolving_keeps_finding_cause_and_answer():
    complaint = bring(a_complaint(), Status.INVESTIGATING)
    answer = an_answer(responsibility="utility")
    do("resolve", complaint, **answer)
    assert (complaint.outcome, complaint.root_cause, complaint.resolution, complaint.responsibility) == (
        "upheld",
        answer["root_cause"],
        answer["resolution"],
        "utility",
    )
    notice = complaint.notices.get(code="resolved_feedback")
    assert complaint.feedback.get().token in notice.body
