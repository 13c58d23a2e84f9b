"""Alarms rung many at a time: the same as one by one, whatever is among them, all or nothing, and in few statements."""

import random
import re
import threading
from datetime import timedelta
from functools import partial

import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from complaints import database_clock, history_chain, ringing, tasks, turn, workflow
from complaints.models import (
    Alarm,
    Clock,
    Complaint,
    Concern,
    DeskSettings,
    Event,
    Follow,
    LadderStep,
    LedgerEntry,
    Notice,
    PauseReason,
    TellingHabit,
    Webhook,
)
from complaints.states import Status
from complaints.tasks import ring_alarms
from staff.actors import Role
from staff.models import Absence, Duty, TeamKind
from tests.complaints.test_moves import bring
from tests.factories import MONDAY, SHANGHAI, a_branch, a_complaint, a_team, a_user, an_actor

pytestmark = pytest.mark.usefixtures("profile")


# the same as one by one


def a_desk(chance):
    """People on duty, marked, away and with deputies, in a company, a county and a station; a webhook; perhaps by night."""
    company = a_branch()
    county = a_branch("county", parent=company)
    station = a_branch("station", parent=county)
    now = timezone.now()
    people = [a_user(role, branch=branch) for role in Role.values for branch in (company, county, station)]
    teams = [a_team(kind, branch) for kind in (TeamKind.OUTAGE, TeamKind.SERVICE) for branch in (company, county)]
    for team in teams:
        people += [a_user(Role.INVESTIGATOR, branch=team.branch, team=team, is_on_duty=n == 0) for n in range(2)]
    for person in chance.sample(people, 5):
        Duty.objects.create(
            user=person, branch=person.branch, role=person.role, starts_at=now - timedelta(hours=1),
            ends_at=now + timedelta(hours=2),
        )  # fmt: skip
    for person, deputy in zip(*[iter(chance.sample(people, 6))] * 2, strict=True):
        Absence.objects.create(
            user=person, starts_at=now - timedelta(days=1), entered_at=now, deputy=chance.choice([deputy, None])
        )
    Webhook.objects.create(name="GIS", branch=county, moves=["breach", "escalate"], url="https://receiver.example/")
    is_night = chance.random() < 0.5
    local = now.astimezone(SHANGHAI)
    night = (local - timedelta(hours=1)).time(), (local + timedelta(hours=3)).time().replace(microsecond=0)
    DeskSettings.objects.update_or_create(
        pk=1, defaults=dict(zip(("quiet_from", "quiet_until"), night if is_night else (None, None), strict=True))
    )
    LadderStep.objects.filter(level="escalate", kind="").update(reassigns=True)
    LadderStep.objects.filter(level="breach", kind="arrive").update(raises_priority=True)
    return [company, county, station], people, teams


def a_mixture(chance, count=12):
    """Complaints of all kinds whose alarms are due: open and answered, paused, asked of others, followed, restricted."""
    branches, people, teams = a_desk(chance)
    handlers = [person for person in people if person.role in (Role.INVESTIGATOR, Role.SUPERVISOR)]
    for number in range(count):
        code = chance.choice(["OUT-03", "OUT-01", "SAF-04", "BIL-01", "VOL-01", "SVC-01", None])
        fields = {"branch": chance.choice(branches), "team": chance.choice([None, *teams])}
        fields |= {"assignee": chance.choice([None, *handlers]), "priority": chance.choice([2, 3, 4])}
        if chance.random() < 0.2:
            fields |= {"channel": "regulator", "source": "12398", "external_due_at": MONDAY + timedelta(days=3)}
        if code is None or chance.random() < 0.15:
            fields |= {"request_type": "report", "about": chance.choice([None, *handlers])}
        complaint = a_complaint(code, at=MONDAY - timedelta(minutes=chance.randrange(3000)), **fields)
        reached = chance.choice([Status.REGISTERED, Status.DISPATCHED, Status.INVESTIGATING, Status.RESOLVED])
        if complaint.status == Status.REGISTERED and complaint.channel == "phone" and (code or "").startswith("OUT"):
            bring(complaint, reached)
            complaint.refresh_from_db()
            soon = MONDAY + timedelta(minutes=30)
            if complaint.status == Status.INVESTIGATING and chance.random() < 0.6:
                reason = PauseReason.objects.filter(needs_supervisor=False).first()
                workflow.perform(
                    "hold", complaint, by=an_actor(Role.SUPERVISOR), at=soon, pause_reason=reason, note="等备件"
                )
            elif complaint.is_open and complaint.request_type != "report" and number % 2:
                asked = next(team for team in teams if team.pk != complaint.team_id)
                until = soon + timedelta(days=1)
                workflow.perform(
                    "request", complaint, by=an_actor(Role.AGENT), at=soon, asked_team=asked, question="?",
                    answer_by=until,
                )  # fmt: skip
        for follower in chance.sample(people, 2):
            Follow.objects.create(user=follower, complaint=complaint, since=MONDAY)
            TellingHabit.objects.get_or_create(user=follower, defaults={"how": chance.choice(["each", "at_desk"])})
    ticking = list(Clock.objects.ticking().filter(state="running", alarms__settled_at=None).distinct())
    # as if it had moved, been paused or ended and the alarm had been read before
    for clock in chance.sample(ticking, 3):
        Clock.objects.filter(pk=clock.pk).update(
            **chance.choice(
                [
                    {"revision": F("revision") + 1},
                    {"state": "paused", "paused_at": MONDAY, "pause_reason": "spare_parts"},
                    {"state": "met", "stopped_at": MONDAY},
                ]
            )
        )


def one_by_one():
    """The rounds of `ring_alarms`, each alarm by itself."""
    rung = 1
    while rung:
        rung, last = 0, None
        with turn.Sweep() as sweep:
            while True:
                with turn.begun() as now:
                    due = list(Alarm.objects.due(now, after=last)[: tasks.RUNG_TOGETHER])
                    if not due:
                        break
                    rung += sweep.through(due, partial(workflow.ring, now=now))
                    last = due[-1]


def everything(began, ended):
    """All that ringing writes, by what stays the same from run to run; the moment of the run itself is "now"."""

    def rows(found, *names):
        plain = found.values_list(*names) if names else found.values()
        values = (row.values() if isinstance(row, dict) else row for row in plain)
        moment = [("now" if hasattr(v, "tzinfo") and began <= v <= ended else v for v in row) for row in values]
        return [tuple(row) for row in moment]

    def columns(model, *but):
        return [field.attname for field in model._meta.concrete_fields if field.attname not in but]

    notices = rows(
        Notice.objects.order_by("complaint", "event__number", "pk"), "event__number",
        *columns(Notice, "id", "uuid", "event_id"),
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SELECT complaint_id, text FROM complaints_complaintwords ORDER BY complaint_id")
        words = cursor.fetchall()
        cursor.execute("SELECT DISTINCT complaint_id FROM analytics_change ORDER BY complaint_id")
        noted = cursor.fetchall()
    return {
        "complaints": rows(Complaint.objects.order_by("pk")),
        "events": rows(
            Event.objects.order_by("complaint", "number"), *columns(Event, "id", "salt", "content_hash", "hash")
        ),
        "alarms": rows(
            Alarm.objects.order_by("clock__complaint", "clock__kind", "clock__tier", "clock__round", "revision", "level"),
            "complaint", "clock__kind", "clock__tier", "revision", "level", "fire_at", "settled_at", "event__number",
        ),
        "clocks": rows(Clock.objects.order_by("complaint", "kind", "tier", "round"), *columns(Clock, "id")),
        "ledger": rows(
            LedgerEntry.objects.order_by("clock__complaint", "clock__kind", "clock__tier", "clock__round", "number"),
            "clock__complaint", "clock__kind", "number", "action", "at", "limit", "due_at", "until", "event__number",
        ),
        "notices": [tuple(re.sub(r'"id": "[0-9a-f-]+"', "", v) if isinstance(v, str) else v for v in n) for n in notices],
        "concerns": rows(
            Concern.objects.order_by("complaint", "event__number", "pk"), "complaint", "event__number", "user", "why",
            "at", "request",
        ),
        "words": words,
        "noted for the figures": noted,
    }  # fmt: skip


def outcome_of(way):
    """What this way of ringing leaves, and nothing of it stays."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM analytics_change")
        began = database_clock.now()
        way()
        assert history_chain_is_whole()
        found = everything(began, database_clock.now())
        transaction.set_rollback(True)
    return found


def history_chain_is_whole():
    *_before, found = history_chain.everything()
    return not found.faults


@pytest.mark.parametrize(("seed", "size"), [(1, 200), (2, 9), (3, 40)])
def test_many_at_a_time_leave_what_one_by_one_leaves(seed, size, monkeypatch):
    monkeypatch.setattr(tasks, "RUNG_TOGETHER", size)
    a_mixture(random.Random(seed))
    due = Alarm.objects.due(database_clock.now()).count()
    assert due > 40
    slow = outcome_of(one_by_one)
    quick = outcome_of(ring_alarms)
    for what, rows in slow.items():
        assert quick[what] == rows, what
    moves = {row[2] for row in slow["events"]}
    assert {"warn", "breach", "escalate"} <= moves
    assert len(slow["noted for the figures"]) > 5


def test_the_mixtures_hold_what_is_rung_one_by_one_and_what_is_void():
    """So that the comparison above compares something."""
    seen, void = set(), 0
    for seed in (1, 2, 3):
        with transaction.atomic():
            a_mixture(random.Random(seed))
            ring_alarms()
            seen |= set(Event.objects.filter(role="clock").values_list("move", flat=True))
            void += Alarm.objects.filter(settled_at__gt=MONDAY + timedelta(days=30), event=None).count()
            transaction.set_rollback(True)
    assert {"warn", "breach", "escalate", "assign", "prioritise", "release", "remind_request"} <= seen
    assert void > 0


# in few statements


def statements(count):
    """How many it takes to ring what is due of so many complaints, each with its own branch, team, handler and follower."""
    for number in range(count):
        station = a_branch(f"station-{number}", parent=a_branch())
        team = a_team(branch=station)
        a_user(Role.SUPERVISOR, branch=station)
        complaint = a_complaint(
            at=MONDAY - timedelta(days=30), branch=station, team=team,
            assignee=a_user(Role.INVESTIGATOR, branch=station, team=team, is_on_duty=True), language="en",
        )  # fmt: skip
        Follow.objects.create(user=a_user(Role.AGENT), complaint=complaint, since=MONDAY)
    with turn.begun() as now:
        due = list(Alarm.objects.due(now))
        with CaptureQueriesContext(connection) as asked:
            rung, left = ringing.ring_together(due, now=now)
    assert (rung, left) == (len(due), [])
    return len(due), len(asked)


def test_ringing_more_alarms_takes_no_more_statements():
    LadderStep.objects.update(reassigns=False, raises_priority=False)
    a_user(Role.SUPERVISOR)
    few, asked_for_few = statements(1)
    many, asked_for_many = statements(8)
    assert many > 5 * few
    # by day 32; by night, when others are told, two more
    assert asked_for_many == asked_for_few <= 34


# all or nothing


def test_what_cannot_be_written_leaves_nothing_of_the_batch():
    """The database refuses the last row of a batch: nothing of the others stays either, and they ring one by one."""
    supervisor = a_user(Role.SUPERVISOR)
    complaints = [a_complaint(at=MONDAY - timedelta(days=1)) for _ in range(3)]
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no' USING ERRCODE = '23514'; END $$;"
            "CREATE TRIGGER refuse BEFORE INSERT ON complaints_notice FOR EACH ROW "
            f"WHEN (NEW.complaint_id = {complaints[1].pk}) EXECUTE FUNCTION refuse()"
        )
    with turn.begun() as now:
        due = list(Alarm.objects.due(now))
        with pytest.raises(DatabaseError):
            ringing.ring_together(due, now=now)
        assert list(Alarm.objects.due(now)) == due
    assert not Event.objects.filter(role="clock").exists()
    with pytest.raises(ExceptionGroup):
        ring_alarms()
    assert not complaints[1].events.filter(role="clock").exists()
    assert Alarm.objects.due(MONDAY).filter(complaint=complaints[1]).exists()
    for one in (complaints[0], complaints[2]):
        assert not Alarm.objects.due(MONDAY).filter(complaint=one).exists()
        assert one.notices.filter(code="breach", address=supervisor.email).exists()
    assert history_chain_is_whole()


@pytest.mark.django_db(transaction=True)
def test_a_complaint_that_somebody_has_in_hand_is_passed_over_and_nobody_waits_for_it():
    held, free = (a_complaint(at=MONDAY - timedelta(days=1)) for _ in range(2))
    is_held, may_go = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            Complaint.objects.locked(held.pk)
            is_held.set()
            may_go.wait(60)
        connections.close_all()

    other = threading.Thread(target=hold)
    other.start()
    is_held.wait(60)
    ring_alarms()
    assert not Alarm.objects.due(MONDAY).filter(complaint=free).exists()
    assert not held.events.filter(role="clock").exists()
    may_go.set()
    other.join()
    ring_alarms()
    assert not Alarm.objects.due(MONDAY).filter(complaint=held).exists()
    assert free.events.filter(role="clock").exists()


def test_events_are_written_in_the_order_in_which_alarms_fell_due():
    LadderStep.objects.update(reassigns=False, raises_priority=False)
    for hours in (30, 10, 20):
        a_complaint(at=MONDAY - timedelta(hours=hours))
    ring_alarms()
    moments = list(Event.objects.filter(role="clock").order_by("pk").values_list("at", flat=True))
    assert moments == sorted(moments)
    assert len(moments) > 10
