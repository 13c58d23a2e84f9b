"""Alarms: each has its effect once, at its own time, whoever sleeps, dies or races."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections

from complaints import workflow
from complaints.models import Alarm, Event, MessageTemplate
from complaints.states import Status
from complaints.tasks import ring_alarms
from staff.actors import Role
from tests.complaints.test_moves import bring
from tests.factories import MONDAY, a_branch, a_complaint, a_user, an_actor

pytestmark = pytest.mark.usefixtures("profile")


def test_a_breach_is_recorded_at_its_own_time_and_the_supervisor_is_told():
    supervisor = an_actor(Role.SUPERVISOR)
    complaint = a_complaint()
    breach = complaint.alarms.get(clock__kind="dispatch", level="breach")
    assert workflow.ring(breach, now=MONDAY + timedelta(hours=3))
    event = complaint.events.get(move="breach")
    assert event.at == MONDAY + timedelta(minutes=20)
    complaint.refresh_from_db()
    assert complaint.breached_at == MONDAY + timedelta(minutes=20)
    assert complaint.notices.filter(code="breach", address=supervisor.user.email).count() == 1
    assert not workflow.ring(breach, now=MONDAY + timedelta(hours=4))
    assert complaint.events.filter(move="breach").count() == 1


def test_an_alarm_does_not_ring_before_its_time():
    complaint = a_complaint()
    breach = complaint.alarms.get(clock__kind="dispatch", level="breach")
    assert not workflow.ring(breach, now=MONDAY + timedelta(minutes=19))
    assert complaint.events.count() == 1


def test_an_alarm_of_a_kept_promise_is_settled_without_an_event():
    complaint = bring(a_complaint(), Status.DISPATCHED)
    assert not complaint.alarms.pending().filter(clock__kind="dispatch").exists()
    assert not complaint.events.filter(move__in=["warn", "breach"]).exists()


def test_alarms_that_everybody_slept_through_ring_before_the_next_move_in_the_order_of_time():
    complaint = a_complaint()
    workflow.perform(
        "dispatch", complaint, by=an_actor(Role.SUPERVISOR), at=MONDAY + timedelta(hours=2), team=complaint.team
    )
    history = list(complaint.events.values_list("move", "at"))
    assert "breach" in [move for move, _at in history]
    assert history[-1][0] == "dispatch"
    assert [at for _move, at in history] == sorted(at for _move, at in history)
    assert complaint.clocks.get(kind="dispatch").state == "late"


def test_the_sweep_rings_everything_that_is_due_though_nobody_is_assigned():
    complaints = [a_complaint(at=MONDAY - timedelta(days=300)) for _ in range(5)]
    assert ring_alarms() > 0
    for complaint in complaints:
        running = complaint.clocks.filter(statistic="each", stopped_at__isnull=True)
        assert complaint.events.filter(move="breach").count() == running.count() > 0
    assert not Alarm.objects.pending().filter(complaint__in=complaints).exists()
    assert ring_alarms() == 0


def test_an_alarm_that_fails_holds_up_no_other_and_is_seen_to_fail():
    """One text was broken in the database: who reads it in that language cannot be told, everybody else is."""
    an_actor(Role.SUPERVISOR)
    county = a_branch("county")
    a_user(Role.SUPERVISOR, branch=county, language="zh-hans")
    texts = MessageTemplate.objects.filter(code__in=["breach", "escalated"], language="zh-hans")
    sound = dict(texts.values_list("pk", "body"))
    texts.update(body="{nonsense}")
    broken = a_complaint(at=MONDAY - timedelta(days=2), branch=county)
    others = [a_complaint(at=MONDAY - timedelta(days=1, minutes=-n)) for n in range(3)]
    with pytest.raises(ExceptionGroup):
        ring_alarms()
    assert not broken.events.filter(move="breach").exists()
    assert broken.alarms.due(MONDAY).exists()
    assert not Alarm.objects.due(MONDAY).filter(complaint__in=others).exists()
    assert all(one.events.filter(move="breach").exists() for one in others)
    for pk, body in sound.items():
        MessageTemplate.objects.filter(pk=pk).update(body=body)
    assert ring_alarms() > 0
    breach = broken.events.filter(move="breach").first()
    assert breach.at < MONDAY, "stamped with its own time"
    assert not Alarm.objects.due(MONDAY).exists()


@pytest.mark.django_db(transaction=True)
def test_workers_racing_for_the_same_alarms_ring_each_once():
    complaints = [a_complaint(at=MONDAY - timedelta(days=30)) for _ in range(6)]
    due = Alarm.objects.pending().count()
    start, failures = threading.Barrier(4), []

    def work():
        try:
            start.wait()
            ring_alarms()
        except BaseException as error:
            failures.append(error)
            raise
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not failures
    ring_alarms()
    assert Event.objects.filter(move__in=["warn", "breach", "escalate"]).count() == due
    for complaint in complaints:
        numbers = list(complaint.events.values_list("number", flat=True))
        assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.django_db(transaction=True)
def test_a_move_and_an_alarm_at_the_same_moment_do_not_deadlock():
    complaint = a_complaint(at=MONDAY - timedelta(days=30))
    supervisor, start = an_actor(Role.SUPERVISOR), threading.Barrier(2)

    def ring():
        start.wait()
        ring_alarms()
        connections.close_all()

    other = threading.Thread(target=ring)
    other.start()
    start.wait()
    workflow.perform("dispatch", complaint, by=supervisor, team=complaint.team)
    other.join()
    assert complaint.events.filter(move="breach", details__clock="dispatch").count() == 1


def test_an_idle_sweep_reads_the_index_of_due_alarms_only():
    a_complaint()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = Alarm.objects.due(MONDAY)[:200].explain()
    assert "alarm_due_next" in plan


def test_the_laws_clock_rings_again_after_a_reopening_though_its_deadline_never_moved():
    complaint = bring(a_complaint(), Status.RESOLVED)
    law = complaint.clocks.get(kind="resolve", tier="statutory")
    assert not law.alarms.pending().exists()
    complaint.refresh_from_db()
    supervisor = an_actor(Role.SUPERVISOR)
    workflow.perform("reopen", complaint, by=supervisor, at=law.due_at + timedelta(hours=1), reason="还是没有解决")
    law.refresh_from_db()
    assert law.state == "running"
    breach = law.alarms.pending().get(level="breach")
    assert workflow.ring(breach, now=law.due_at + timedelta(hours=2))
    assert complaint.events.get(move="breach", details__clock="resolve statutory").at == law.due_at + timedelta(hours=1)


def test_what_is_entered_long_after_it_came_has_its_breaches_but_no_warnings_of_the_past():
    letter = a_complaint(channel="letter", source="post", received_at=MONDAY - timedelta(days=30), at=MONDAY)
    past = letter.alarms.filter(fire_at__lte=MONDAY)
    assert past.filter(level="breach").count() == letter.clocks.filter(due_at__lte=MONDAY, statistic="each").count() > 0
    assert not past.filter(level__startswith="warn").exists()
