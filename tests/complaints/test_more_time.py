"""Pauses that have a reason and an end, extensions that are asked, granted and told, and clocks that nothing stops."""

from datetime import timedelta

import pytest

from complaints import workflow
from complaints.clocks.ledger import replay
from complaints.clocks.running import as_entry
from complaints.models import Alarm, Complaint, PauseReason, Policy, PolicyLimit, Subcategory
from complaints.refusals import MoveRefused, Refusal
from complaints.states import Status
from complaints.tasks import ring_alarms
from staff.actors import THE_CUSTOMER, Role
from tests.complaints.test_moves import bring, details_for, everything_about
from tests.complaints.test_on_site import clock, make
from tests.factories import MONDAY, SHANGHAI, a_complaint

pytestmark = pytest.mark.usefixtures("profile")

DAY = timedelta(days=1)


def reason(code: str) -> PauseReason:
    return PauseReason.objects.get(code=code)


def investigated(code: str = "SVC-01", **fields) -> Complaint:
    return bring(a_complaint(code, **fields), Status.INVESTIGATING)


def check_replay(complaint: Complaint) -> None:
    for one in complaint.clocks.all():
        now = replay([as_entry(entry) for entry in one.ledger.select_related("calendar")])
        assert (one.state, one.due_at, one.paused_at, one.pause_ends_at, one.paused_for, one.extended_at) == (
            now.state, now.due_at, now.paused_at, now.pause_ends_at, now.paused_for, now.extended_at
        )  # fmt: skip


# pauses


def test_a_pause_moves_our_own_deadlines_and_not_the_laws():
    complaint = investigated()
    before = {c.tier: c.due_at for c in complaint.clocks.filter(kind="resolve")}
    make("hold", complaint, after=3 * timedelta(hours=1), pause_reason=reason("no-access"))
    states = {c.tier: c.state for c in complaint.clocks.filter(kind="resolve")}
    assert states == {"internal": "paused", "commitment": "paused", "statutory": "running"}
    make("release", complaint, after=2 * DAY)
    after = {c.tier: c.due_at for c in complaint.clocks.filter(kind="resolve")}
    assert after["statutory"] == before["statutory"]
    assert after["internal"] == before["internal"] + 3 * DAY, "one working day later, and a weekend"
    check_replay(complaint)


def test_a_pause_ends_by_itself_when_it_has_lasted_as_long_as_it_may():
    complaint = investigated()
    make("hold", complaint, after=timedelta(hours=1), pause_reason=reason("no-access"))
    internal = clock(complaint, "resolve", "internal")
    cap = MONDAY.replace(hour=0) + 8 * DAY  # five working days after Monday: the end of the Monday after
    assert internal.pause_ends_at == cap
    assert complaint.alarms.pending().filter(level="cap", fire_at=cap).count() == 2
    assert ring_alarms() > 0
    events = complaint.events.filter(move="release")
    assert [event.at for event in events] == [cap], "one event ends the pause of all its clocks, at its own time"
    internal = clock(complaint, "resolve", "internal")
    assert (internal.paused_for, internal.state) == (cap - MONDAY - timedelta(hours=1), "running")
    assert internal.due_at == MONDAY.replace(hour=0) + 11 * DAY, "the pause ended with its last day, which counts"
    breach = complaint.events.get(move="breach", details__clock="resolve internal")
    assert breach.at == internal.due_at
    check_replay(complaint)


def test_a_move_made_after_the_end_of_a_pause_finds_the_clock_running_from_that_end_on():
    complaint = investigated()
    make("hold", complaint, after=timedelta(hours=1), pause_reason=reason("no-access"))
    make("note", complaint, after=20 * DAY)
    order = [(event.move, event.at) for event in complaint.events.filter(move__in=["release", "breach", "note"])]
    assert [at for _move, at in order] == sorted(at for _move, at in order)
    assert order[0][0] == "release" or order[0][1] < MONDAY + 8 * DAY
    assert {"release", "breach", "note"} == {move for move, _at in order}
    check_replay(complaint)


def test_two_reasons_hold_until_both_are_over():
    complaint = investigated()
    make("hold", complaint, after=timedelta(hours=1), pause_reason=reason("no-access"))
    make("ask", complaint, after=timedelta(hours=2))
    workflow.perform("supplement", complaint, by=THE_CUSTOMER, at=MONDAY + DAY, message="照片已上传")
    assert complaint.status == Status.INVESTIGATING
    assert clock(complaint, "resolve", "internal").pause_reason == "no-access"
    make("release", complaint, after=2 * DAY)
    assert clock(complaint, "resolve", "internal").state == "running"
    check_replay(complaint)


def test_ending_a_pause_by_hand_leaves_the_wait_for_the_customer():
    complaint = investigated()
    make("hold", complaint, after=timedelta(hours=1), pause_reason=reason("no-access"))
    make("ask", complaint, after=timedelta(hours=2))
    make("release", complaint, after=timedelta(hours=3))
    assert clock(complaint, "resolve", "internal").pause_reason == "customer"
    assert "release" not in dict(complaint.moves_for(Role.SUPERVISOR))


def test_only_a_supervisor_grants_the_long_wait_for_an_appraisal():
    complaint = investigated()
    before = everything_about(complaint)
    with pytest.raises(MoveRefused) as refused:
        make("hold", complaint, after=DAY, role=Role.INVESTIGATOR, pause_reason=reason("appraisal"))
    assert refused.value.fields == ("pause_reason",)
    assert everything_about(complaint) == before
    make("hold", complaint, after=DAY, pause_reason=reason("appraisal"))
    assert clock(complaint, "resolve", "internal").state == "paused"


UNSTOPPABLE = {
    "safety": ("SAF-08", {}),
    "regulator": ("SVC-01", {"channel": "regulator", "source": "12398", "source_reference": "R1"}),
    "life safety in another category": ("OUT-03", {}),
}


@pytest.mark.parametrize("what", UNSTOPPABLE)
def test_nothing_pauses_safety_or_the_regulator_whatever_a_policy_says(what):
    Policy.objects.get(code="any", is_current=True).limits.update(is_pausable=True)
    code, fields = UNSTOPPABLE[what]
    complaint = investigated(code, **fields)
    if what.startswith("life safety"):
        make("prioritise", complaint, after=timedelta(hours=1), priority=1)
    assert not complaint.clocks.ticking().filter(is_pausable=True).exists()
    before = everything_about(complaint)
    with pytest.raises(MoveRefused):
        make("hold", complaint, after=DAY, pause_reason=reason("no-access"))
    assert everything_about(complaint) == before
    make("ask", complaint, after=DAY)
    assert not complaint.clocks.filter(state="paused").exists()


def test_danger_found_during_a_pause_starts_the_clocks_again():
    complaint = investigated()
    make("hold", complaint, after=timedelta(hours=1), pause_reason=reason("no-access"))
    make("prioritise", complaint, after=timedelta(hours=5), priority=1)
    assert not complaint.clocks.filter(state="paused").exists()
    assert clock(complaint, "resolve", "internal").paused_for == timedelta(hours=4)
    check_replay(complaint)


def test_a_pause_outlives_a_merge_that_is_undone():
    complaint = investigated()
    make("hold", complaint, after=timedelta(hours=1), pause_reason=reason("no-access"))
    before = list(complaint.clocks.order_by("pk").values_list("kind", "tier", "state", "due_at", "pause_ends_at"))
    make("merge", complaint, after=timedelta(hours=2))
    make("unmerge", complaint, after=timedelta(hours=9))
    assert (
        list(complaint.clocks.order_by("pk").values_list("kind", "tier", "state", "due_at", "pause_ends_at")) == before
    )
    assert complaint.alarms.pending().filter(level="cap").count() == 2
    check_replay(complaint)


# extensions


def test_an_extension_is_asked_granted_and_told_once():
    complaint = investigated()
    due = clock(complaint, "resolve", "commitment").due_at
    make("ask_extension", complaint, after=DAY, role=Role.INVESTIGATOR, reason="等待配件")
    assert complaint.notices.filter(code="extension_asked", is_to_customer=False).exists()
    make("extend", complaint, after=DAY + timedelta(hours=1), reason="配件下周到货")
    promised = clock(complaint, "resolve", "commitment")
    assert promised.due_at == due + 7 * DAY, "five working days more"
    assert clock(complaint, "resolve", "statutory").extended_at is None
    told = complaint.notices.get(code="extended")
    assert told.is_to_customer
    assert "3月16日" in told.body
    assert "配件下周到货" in told.body
    assert "extend" not in dict(complaint.moves_for(Role.SUPERVISOR))
    before = everything_about(complaint)
    with pytest.raises(Refusal):
        make("extend", complaint, after=2 * DAY)
    assert everything_about(complaint) == before
    check_replay(complaint)


def test_what_is_past_is_not_extended():
    complaint = investigated()
    ring_alarms()
    before = everything_about(complaint)
    with pytest.raises(MoveRefused):
        make("extend", complaint, after=40 * DAY)
    assert everything_about(complaint) == before


def test_an_extension_outlives_a_change_of_category_and_a_pause():
    complaint = investigated("BIL-01")
    make("extend", complaint, after=timedelta(hours=1))
    make("hold", complaint, after=DAY, pause_reason=reason("no-access"))
    make("recategorise", complaint, after=DAY + timedelta(hours=1), **kind("SVC-01"))
    make("release", complaint, after=3 * DAY)
    promised = clock(complaint, "resolve", "commitment")
    plain = clock(bring(a_complaint("SVC-01"), Status.INVESTIGATING), "resolve", "commitment")
    assert promised.extended_at == MONDAY + timedelta(hours=1)
    assert promised.due_at > plain.due_at + 7 * DAY
    check_replay(complaint)


def kind(code: str) -> dict:
    subcategory = Subcategory.objects.get(code=code)
    return {"category": subcategory.category, "subcategory": subcategory}


def test_declining_tells_the_handler_and_moves_nothing():
    complaint = investigated()
    due = clock(complaint, "resolve", "commitment").due_at
    make("decline_extension", complaint, after=DAY, reason="请按期答复")
    assert clock(complaint, "resolve", "commitment").due_at == due
    assert complaint.notices.filter(code="extension_declined").exists()


def test_a_petition_can_be_extended_by_thirty_days_and_no_other_statute_can():
    complaint = bring(a_complaint(channel="letter", source="petition"), Status.INVESTIGATING)
    by_law = clock(complaint, "resolve", "statutory")
    make("extend", complaint, after=50 * DAY)
    assert (
        clock(complaint, "resolve", "statutory").due_at.astimezone(SHANGHAI).date() >= (by_law.due_at + 29 * DAY).date()
    )
    others = PolicyLimit.objects.filter(policy__is_current=True, tier="statutory").exclude(
        policy__code__startswith="petition"
    )
    assert others.exists()
    assert not others.exclude(extension="").exists()


def test_alarms_follow_an_extension():
    complaint = investigated()
    make("extend", complaint, after=DAY)
    promised = clock(complaint, "resolve", "commitment")
    pending = Alarm.objects.pending().filter(clock=promised)
    assert pending.get(level="breach").fire_at == promised.due_at
    assert all(alarm.revision == promised.revision for alarm in pending)


def test_the_customer_cannot_pause_or_extend_anything():
    complaint = investigated()
    before = everything_about(complaint)
    for name in ("hold", "release", "extend", "ask_extension"):
        with pytest.raises(MoveRefused):
            workflow.perform(name, complaint, by=THE_CUSTOMER, at=MONDAY + DAY, **details_for(name, complaint))
    assert everything_about(complaint) == before
