"""Storms: what is excused, what is taken back, and that neither a crash nor a second worker does anything twice."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.db.models.signals import post_save

from complaints import storms, workflow
from complaints.clocks.ledger import replay
from complaints.clocks.running import as_entry
from complaints.models import Alarm, Clock, Complaint, LedgerEntry, Storm
from complaints.refusals import MoveRefused
from complaints.states import Status
from staff.actors import Role
from tests.complaints.test_moves import bring
from tests.factories import MONDAY, a_branch, a_complaint, a_user, an_actor, an_unregistered_complaint

pytestmark = pytest.mark.usefixtures("profile")

HOUR = timedelta(hours=1)
RURAL = {"area_class": "rural"}


def boss():
    return a_user(Role.SUPERVISOR)


def a_storm(began=MONDAY - HOUR, at=MONDAY + HOUR, branch=None, reason="台风“海棠”") -> Storm:
    return storms.declare(branch or a_branch(), reason, began, by=boss(), at=at)


def an_outage(at=MONDAY, **fields) -> Complaint:
    return a_complaint("OUT-01", at=at, **{**RURAL, **fields})


def arrival(complaint, tier="commitment") -> Clock:
    return complaint.clocks.get(kind="arrive", tier=tier)


def actions(clock):
    return list(clock.ledger.values_list("action", flat=True))


def check_replay(complaint):
    for one in complaint.clocks.all():
        now = replay([as_entry(entry) for entry in one.ledger.select_related("calendar")])
        assert (one.state, one.due_at, one.stopped_at, one.is_excused) == (
            now.state, now.due_at, now.stopped_at, now.excused
        )  # fmt: skip


def pending(clock):
    return set(clock.alarms.pending().values_list("level", flat=True))


def as_single(clock: Clock) -> Clock:
    """The same promise made of each arrival, as other utilities do: then it has alarms."""
    clock.statistic, clock.escalate = "each", []
    clock.save()
    Alarm.objects.create(
        clock=clock, complaint=clock.complaint, revision=clock.revision, level="breach", fire_at=clock.due_at
    )
    return clock


# declaring


def test_a_storm_is_not_declared_for_the_future_nor_for_long_ago():
    for began in (MONDAY + timedelta(minutes=1), MONDAY - timedelta(hours=72, minutes=1)):
        with pytest.raises(MoveRefused):
            a_storm(began, at=MONDAY)
    assert not Storm.objects.exists()


def test_one_storm_at_a_time_in_a_branch_and_in_those_below_it():
    county = a_branch("county", parent=a_branch())
    sister = a_branch("sister", parent=a_branch())
    a_storm(branch=county)
    with pytest.raises(MoveRefused):
        a_storm(branch=county)
    a_storm(branch=sister)
    a_storm(branch=a_branch(), reason="全省大风")
    third = a_branch("third", parent=a_branch())
    with pytest.raises(MoveRefused, match="全省大风"):
        a_storm(branch=third)
    assert Storm.objects.count() == 3


# what it excuses


def test_what_ran_already_is_excused_and_keeps_its_state_and_its_due_moment():
    complaint = an_outage()
    before = arrival(complaint)
    storm = a_storm()
    assert storms.settle(storm, at=MONDAY + HOUR) == 1
    after = arrival(complaint)
    assert after.is_excused
    assert (after.state, after.due_at) == (before.state, before.due_at)
    assert actions(after) == ["start", "excuse"]
    assert not complaint.clocks.exclude(pk=after.pk).filter(is_excused=True).exists(), "only the promised arrival"
    event = complaint.events.get(move="excuse")
    assert (event.role, event.details) == ("clock", {"storm": "台风“海棠”"})
    check_replay(complaint)


def test_what_comes_in_during_a_storm_is_excused_from_the_start():
    storm = a_storm()
    complaint = an_outage(at=MONDAY + 2 * HOUR)
    assert actions(arrival(complaint)) == ["start", "excuse"]
    assert arrival(complaint).is_excused
    assert not pending(arrival(complaint))
    assert storms.settle(storm) == 0
    check_replay(complaint)


def test_other_branches_and_other_hours_are_not_excused():
    county = a_branch("county", parent=a_branch())
    storm = a_storm(branch=county)
    elsewhere, here = an_outage(), an_outage(branch=county)
    early = an_outage(at=MONDAY - 2 * HOUR, branch=county)
    storms.settle(storm)
    assert [arrival(one).is_excused for one in (elsewhere, here, early)] == [False, True, False]


def test_a_promise_of_each_arrival_that_was_kept_needs_no_excuse_and_a_late_one_has_one():
    kept, late = an_outage(), an_outage()
    for one in (kept, late):
        as_single(arrival(one))
    workflow.perform("arrive", kept, by=an_actor(Role.INVESTIGATOR), at=MONDAY + HOUR / 4)
    workflow.perform("arrive", late, by=an_actor(Role.INVESTIGATOR), at=MONDAY + 9 * HOUR)
    storms.settle(a_storm(at=MONDAY + 10 * HOUR))
    assert (arrival(kept).state, arrival(kept).is_excused) == ("met", False)
    assert (arrival(late).state, arrival(late).is_excused) == ("late", True)
    late.refresh_from_db()
    assert late.breached_at is None or late.breached_at != arrival(late).breached_at
    check_replay(late)


def test_closed_complaints_are_excused_too():
    complaint = bring(an_outage(), Status.CLOSED)
    storms.settle(a_storm(at=MONDAY + 20 * HOUR))
    assert arrival(complaint).is_excused
    check_replay(complaint)


def test_an_excused_clock_rings_nothing_and_rings_again_when_the_excuse_is_taken_back():
    complaint = an_outage()
    as_single(arrival(complaint))
    storm = a_storm()
    storms.settle(storm, at=MONDAY + timedelta(minutes=10))
    assert not pending(arrival(complaint))
    complaint.refresh_from_db()
    assert not complaint.next_due_clock.startswith("arrive/commitment")
    storms.withdraw(storm, by=boss(), at=MONDAY + HOUR)
    storms.settle(storm, at=MONDAY + timedelta(minutes=20))
    assert "breach" in pending(arrival(complaint))
    check_replay(complaint)


# the end


def test_a_storm_that_ended_earlier_excuses_only_what_began_before():
    first, second = an_outage(), an_outage(at=MONDAY + 3 * HOUR)
    storm = a_storm(at=MONDAY + 4 * HOUR)
    storms.settle(storm)
    storms.end(storm, by=boss(), at=MONDAY + 5 * HOUR, ended_at=MONDAY + 2 * HOUR)
    assert storms.settle(storm) == 1
    assert arrival(first).is_excused
    assert actions(arrival(second)) == ["start", "excuse", "press"]
    assert second.events.latest("number").details == {"storm": storm.reason, "withdrawn": True}
    assert storms.settle(storm) == 0
    for one in (first, second):
        check_replay(one)


def test_what_another_storm_covers_stays_excused():
    county = a_branch("county", parent=a_branch())
    small = a_storm(branch=county)
    wide = a_storm(branch=a_branch())
    complaint = an_outage(branch=county)
    for one in (small, wide):
        storms.settle(one)
    storms.withdraw(small, by=boss(), at=MONDAY + 2 * HOUR)
    assert storms.settle(small) == 0
    assert actions(arrival(complaint)) == ["start", "excuse"]


def test_an_end_in_the_future_before_the_beginning_or_a_second_time_is_refused():
    storm = a_storm()
    for moment in (MONDAY + 9 * HOUR, MONDAY - 2 * HOUR):
        with pytest.raises(MoveRefused):
            storms.end(storm, by=boss(), at=MONDAY + 2 * HOUR, ended_at=moment)
    assert Storm.objects.get().ended_at is None
    storms.end(storm, by=boss(), at=MONDAY + 2 * HOUR)
    for again in (storms.end, storms.withdraw):
        with pytest.raises(MoveRefused):
            again(storm, by=boss(), at=MONDAY + 3 * HOUR)


def test_a_storm_is_settled_some_time_after_its_end_and_looked_at_no_more():
    storm = a_storm()
    storms.settle(storm, at=MONDAY + 9 * HOUR)
    assert storms.unsettled() == [storm], "it still rages"
    storm = storms.end(storm, by=boss(), at=MONDAY + 10 * HOUR)
    storms.settle(storm, at=MONDAY + 10 * HOUR)
    assert storms.unsettled() == [storm]
    storms.settle(storm, at=MONDAY + 11 * HOUR)
    assert storms.unsettled() == []


# crashes and neighbours


def test_a_crash_half_way_is_resumed_and_doubles_nothing():
    found = [an_outage() for _ in range(4)]
    storm, written = a_storm(), []

    def die(instance, **kwargs):
        written.append(instance)
        if len(written) == 3:
            raise KeyboardInterrupt

    post_save.connect(die, sender=LedgerEntry)
    try:
        with pytest.raises(KeyboardInterrupt):
            storms.settle(storm)
    finally:
        post_save.disconnect(die, sender=LedgerEntry)
    assert Clock.objects.filter(is_excused=True).count() == 2, "the third was not half done"
    assert storms.settle(storm) == 2
    assert storms.settle(storm) == 0
    assert all(actions(arrival(one)) == ["start", "excuse"] for one in found)


def together(*jobs):
    ready, errors = Barrier(len(jobs)), []

    def run(job):
        try:
            ready.wait(10)
            job()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return errors


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_excuse_each_complaint_once():
    found = [an_outage() for _ in range(6)]
    storm = a_storm()
    assert not together(lambda: storms.settle(storm), lambda: storms.settle(storm))
    assert all(actions(arrival(one)) == ["start", "excuse"] for one in found)
    assert LedgerEntry.objects.filter(action="excuse").count() == 6


@pytest.mark.django_db(transaction=True)
def test_what_registers_while_a_storm_is_declared_is_excused_once_either_way():
    user, clerk = boss(), an_actor(Role.AGENT)
    an_outage()
    fresh = [an_unregistered_complaint("OUT-01", **RURAL) for _ in range(8)]

    def register():
        for one in fresh:
            workflow.register(one, by=clerk, at=MONDAY + HOUR)

    def declare():
        storms.settle(storms.declare(a_branch(), "台风", MONDAY - HOUR, by=user, at=MONDAY + HOUR))

    assert not together(register, declare)
    storms.settle(Storm.objects.get())
    assert all(actions(arrival(one)) == ["start", "excuse"] for one in Complaint.objects.all())


@pytest.mark.django_db(transaction=True)
def test_two_supervisors_declare_one_storm():
    county = a_branch("county", parent=a_branch())
    users = [boss(), boss()]
    jobs = [lambda user=user: storms.declare(county, "台风", MONDAY, by=user, at=MONDAY) for user in users]
    errors = together(*jobs)
    assert [type(one) for one in errors] == [MoveRefused]
    assert Storm.objects.count() == 1


# suspicion


def test_many_more_outages_than_usual_are_a_suspected_storm():
    for _ in range(19):
        an_outage()
    assert storms.suspicions(boss(), MONDAY + HOUR) == []
    an_outage()
    [found] = storms.suspicions(boss(), MONDAY + HOUR)
    assert (found.branch, found.number, found.usual) == (a_branch(), 20, 0)
    elsewhere = a_user(Role.SUPERVISOR, branch=a_branch("county", parent=a_branch()))
    assert storms.suspicions(elsewhere, MONDAY + HOUR) == []
    a_storm()
    assert storms.suspicions(boss(), MONDAY + HOUR) == [], "it is declared already"
