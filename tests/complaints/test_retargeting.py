"""Running clocks move to new policies only by a decision, each complaint once, whatever dies or races on the way."""

import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from complaints import policy_editing, retargeting, workflow
from complaints.clocks.ledger import replay
from complaints.clocks.running import as_entry
from complaints.models import Complaint, LedgerEntry, PauseReason, Policy, Retargeting
from complaints.policy_editing import LIMIT_FIELDS, Draft
from complaints.refusals import MoveRefused
from complaints.states import Status
from complaints.tasks import retarget_clocks
from staff.actors import Role
from tests.complaints.test_moves import bring
from tests.factories import a_complaint, a_user, an_actor

pytestmark = pytest.mark.usefixtures("profile")


def draft_of(code: str, **changes) -> Draft:
    """A policy in force as a draft, with other limits for some clocks: `resolve_internal="2wd"`."""
    policy = Policy.objects.get(code=code, is_current=True)
    limits = list(policy.limits.values(*LIMIT_FIELDS))
    for row in limits:
        row["limit"] = changes.get(f"{row['kind']}_{row['tier']}", row["limit"])
    names = {"name_zh": policy.name_zh, "name_en": policy.name_en}
    return Draft(code, names, policy.match, policy.source, policy.confidence, tuple(limits))


def shorten() -> Policy:
    return policy_editing.save(draft_of("any", resolve_internal="2wd"), by=a_user(Role.SUPERVISOR), reason="更快")


def started(policies=("any",)) -> Retargeting:
    return retargeting.start(policies, reason="新政策", by=a_user(Role.SUPERVISOR))


def some(count: int) -> list[Complaint]:
    return [a_complaint("SVC-01", at=timezone.now() - timedelta(minutes=5)) for _ in range(count)]


def limits_of(complaint: Complaint) -> dict:
    return dict(complaint.clocks.filter(kind="resolve").values_list("tier", "limit"))


def test_a_new_version_holds_for_new_clocks_and_leaves_those_that_run():
    (old,) = some(1)
    before = limits_of(old)
    policy = shorten()
    (new,) = some(1)
    assert limits_of(old) == before
    assert limits_of(new) == before | {"internal": "2wd"}
    assert (policy.version, policy.made_by.role, policy.reason) == (2, Role.SUPERVISOR, "更快")
    assert old.clocks.get(kind="resolve", tier="internal").policy.version == 1


def test_what_a_change_would_do_is_said_before_it_is_saved():
    complaints = some(3)
    effect = policy_editing.effect("any", draft_of("any", resolve_internal="2wd"))
    shift = next(one for one in effect.shifts if one.kind == "resolve")
    assert (shift.tier, shift.before, shift.after) == ("internal", "4wd", "2wd")
    assert shift.count >= len(complaints)
    assert effect.running.earlier >= len(complaints)
    assert (effect.running.later, effect.running.ends) == (0, 0)
    assert not Policy.objects.filter(code="any", version=2).exists()
    assert limits_of(complaints[0])["internal"] == "4wd"


def test_retargeting_moves_what_runs_once_and_writes_down_from_where_to_where():
    (complaint,) = some(1)
    clock = complaint.clocks.get(kind="resolve", tier="internal")
    shorten()
    run = started()
    retarget_clocks()
    moved = complaint.clocks.get(kind="resolve", tier="internal")
    assert (moved.limit, moved.policy.version) == ("2wd", 2)
    assert moved.started_at == clock.started_at
    assert moved.due_at < clock.due_at
    event = complaint.events.get(move="retarget")
    assert event.details["moved"] == [
        {"clock": "resolve internal", "from": clock.due_at.isoformat(), "to": moved.due_at.isoformat()}
    ]
    assert event.user == run.asked_by
    run.refresh_from_db()
    assert run.finished_at is not None
    assert run.moved >= 1
    assert (complaint.reference, "resolve internal", clock.due_at.isoformat(), moved.due_at.isoformat()) in list(
        retargeting.outcome(run)
    )
    started()
    retarget_clocks()
    assert complaint.events.filter(move="retarget").count() == 1, "there was nothing left to move"


def test_only_the_clocks_that_the_chosen_policies_speak_of_move():
    (complaint,) = some(1)
    shorten()
    policy_editing.save(draft_of("urging", call_back_internal="1h"), by=a_user(Role.SUPERVISOR), reason="x")
    started(["urging"])
    retarget_clocks()
    assert limits_of(complaint)["internal"] == "4wd"


def test_without_a_choice_everything_moves_that_is_promised_otherwise_today():
    (complaint,) = some(1)
    shorten()
    started([])
    retarget_clocks()
    assert limits_of(complaint)["internal"] == "2wd"


def test_a_pause_and_an_extension_outlive_the_move():
    complaint = bring(a_complaint("SVC-01"), Status.INVESTIGATING)
    boss = an_actor(Role.SUPERVISOR)
    workflow.perform("extend", complaint, by=boss, at=complaint.received_at + timedelta(hours=1), reason="x")
    workflow.perform(
        "hold",
        complaint,
        by=boss,
        at=complaint.received_at + timedelta(hours=2),
        pause_reason=PauseReason.objects.get(code="no-access"),
        note="x",
    )
    before = complaint.clocks.get(kind="resolve", tier="internal")
    shorten()
    in_force = retargeting.InForce()
    changes = retargeting.moved(complaint, in_force, ["any"], complaint.received_at + timedelta(hours=3))
    assert {str(change.clock) for change in changes} == {"resolve internal"}
    workflow.perform(
        "retarget", complaint, by=boss, at=complaint.received_at + timedelta(hours=3), reason="x", policies=["any"]
    )
    after = complaint.clocks.get(kind="resolve", tier="internal")
    assert (after.limit, after.state, after.paused_at, after.extended_at, after.started_at) == (
        "2wd", "paused", before.paused_at, before.extended_at, before.started_at,
    )  # fmt: skip
    assert replay([as_entry(entry) for entry in after.ledger.all()]).state == after.state


def test_one_at_a_time():
    started()
    with pytest.raises(MoveRefused):
        started()
    assert Retargeting.objects.count() == 1


def test_it_can_be_stopped_and_what_moved_stays_moved():
    first, second = some(2)
    shorten()
    run = started()
    assert retargeting._move_one(run.pk, first.pk)
    retargeting.stop(run, by=a_user(Role.SUPERVISOR))
    retarget_clocks()
    assert limits_of(first)["internal"] == "2wd"
    assert limits_of(second)["internal"] == "4wd"


def test_killed_half_way_it_goes_on_where_it_stopped():
    complaints = some(3)
    shorten()
    run = started()
    retargeting.carry_on(run, for_seconds=-1)
    run.refresh_from_db()
    assert (run.looked_at, run.finished_at) == (0, None)
    assert retargeting._move_one(run.pk, complaints[0].pk)
    entries = LedgerEntry.objects.filter(action="retarget").count()
    assert retargeting._move_one(run.pk, complaints[0].pk), "the same again is nothing new"
    assert LedgerEntry.objects.filter(action="retarget").count() == entries
    retarget_clocks()
    assert [limits_of(one)["internal"] for one in complaints] == ["2wd"] * 3


@pytest.mark.django_db(transaction=True)
def test_two_workers_move_each_complaint_once():
    complaints = some(6)
    shorten()
    started()
    start, failures = threading.Barrier(3), []

    def work():
        try:
            start.wait()
            retarget_clocks()
        except BaseException as error:
            failures.append(error)
            raise
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []
    for complaint in complaints:
        assert complaint.events.filter(move="retarget").count() == 1
        assert limits_of(complaint)["internal"] == "2wd"
    assert Retargeting.objects.get().finished_at is not None


def test_a_policy_out_of_force_promises_nothing_new():
    policy_editing.retire(Policy.objects.get(code="urging"), by=a_user(Role.SUPERVISOR), reason="x")
    (complaint,) = some(1)
    workflow.perform("urge", complaint, by=an_actor(Role.AGENT))
    assert not complaint.clocks.filter(kind="call_back").exists()


def test_two_policies_for_the_same_complaints_may_not_promise_the_same_clock():
    draft = draft_of("any")
    other = Draft("twin", draft.names, {}, "P", "P", draft.limits[:1])
    policy, kind, tier = policy_editing.clash(other)
    assert (policy.code, kind, tier) == ("any", draft.limits[0]["kind"], draft.limits[0]["tier"])
    assert policy_editing.clash(draft) is None
