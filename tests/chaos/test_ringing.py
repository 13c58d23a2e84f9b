"""Whatever dies, stops or tells the wrong time while alarms come due: each rings once, with its own time, and tells once."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from textwrap import dedent

import psycopg2
import pytest
import redis
from celery import Celery

from config.env import broker
from tests.runtime.product import ROOT, Product

pytestmark = pytest.mark.xdist_group("product")

COMPLAINTS = 60
PATIENCE = 30
FAR = "1000 days"
"""How far the alarms are put off until a test wants them."""

PREPARE = f"""
from datetime import timedelta
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from complaints import workflow
from complaints.models import Alarm, Complaint, DeskSettings, LadderStep, Subcategory
from staff.actors import Actor
from staff.models import Branch, User
DeskSettings.objects.update_or_create(pk=1, defaults={{"quiet_from": None, "quiet_until": None}})  # also by night
LadderStep.objects.update(reassigns=False, raises_priority=False)  # an alarm that moves clocks would void the next
root = Branch.objects.get(parent=None)
boss = User.objects.create_user("boss", role="supervisor", branch=root, email="boss@example.org")
reason = Subcategory.objects.get(code="OUT-03")
with transaction.atomic():
    for number in range({COMPLAINTS}):
        complaint = Complaint(
            category=reason.category, subcategory=reason, priority=reason.default_priority, branch=root,
            channel="phone", source="hotline", contact_phone="13800001234", story="计划停电没有收到通知。",
        )
        workflow.register(complaint, by=Actor.staff(boss), at=timezone.now() - timedelta(hours=3))
    Alarm.objects.update(fire_at=F("fire_at") + timedelta(days=1000))
"""
BRING_DUE = """
WITH chosen AS (
    SELECT id, row_number() OVER (ORDER BY level, complaint_id, id) - 1 AS place FROM complaints_alarm
    WHERE settled_at IS NULL AND fire_at > now() + interval '100 days' ORDER BY level, complaint_id, id LIMIT %(count)s
)
UPDATE complaints_alarm a SET fire_at = now() + %(until)s::interval - %(spread)s::interval * place / %(count)s
FROM chosen WHERE chosen.id = a.id RETURNING a.id
"""
IN_THE_MIDDLE = """
SELECT count(*) FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT INTO "complaints_notice"%%' AND datname = current_database()
"""
TAKE_STOCK = """
SELECT count(*), count(a.settled_at), count(e.id), count(*) FILTER (WHERE e.at = a.fire_at),
       count(*) FILTER (WHERE a.settled_at <= clock_timestamp()),
       sum((SELECT count(*) FROM complaints_notice n WHERE n.event_id = e.id)),
       sum((SELECT count(*) FROM complaints_notice n WHERE n.event_id = e.id AND n.state = 'sent'))
FROM complaints_alarm a LEFT JOIN complaints_event e ON e.id = a.event_id WHERE a.id = ANY(%s)
"""


class Desk(Product):
    """The product, its database and its broker, and the alarms of complaints that wait for a test to bring them due."""

    def prepare(self):
        self.given = json.loads((self.data / "run" / "environment.json").read_text())
        self.broker = redis.Redis.from_url(self.given["REDIS_URL"])
        self.manage("shell", "-v0", "-c", PREPARE)
        return self

    def sql(self, query, *given, **named):
        with (
            closing(psycopg2.connect(self.given["DATABASE_URL"])) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(query, given or named)
            return cursor.fetchall()

    def bring_due(self, count, *, spread="1 minute", until="0 minutes"):
        """Alarms that fall due within `spread` before now + `until`; answers with their ids."""
        found = [row[0] for row in self.sql(BRING_DUE, count=count, spread=spread, until=until)]
        assert len(found) == count
        return found

    def rung(self, alarms):
        return self.sql("SELECT count(event_id) FROM complaints_alarm WHERE id = ANY(%s)", alarms)[0][0]

    def turn(self, times=1):
        """Ask for turns beside those of beat."""
        with Celery(broker=broker(self.given["REDIS_URL"]), set_as_current=False) as celery:
            for _ in range(times):
                celery.send_task("complaints.tasks.ring_alarms", queue="alarms")

    def signal(self, name, how):
        """To the process and all its children."""
        os.killpg(self.pid(name), how)

    @contextmanager
    def standing_in_the_middle(self, count):
        """So many due alarms, whose batch has written its events and waits to write its notices for as long as this lasts."""
        with closing(psycopg2.connect(self.given["DATABASE_URL"])) as connection:
            cursor = connection.cursor()
            cursor.execute("LOCK TABLE complaints_notice IN SHARE MODE")
            alarms = self.bring_due(count)
            self.turn()
            self.soon(lambda: self.sql(IN_THE_MIDDLE)[0][0] > 0)
            assert self.rung(alarms) == 0
            yield alarms
            with suppress(psycopg2.Error):  # the database may have gone meanwhile
                connection.rollback()

    @contextmanager
    def standing_still(self, name):
        self.signal(name, signal.SIGSTOP)
        try:
            yield
        finally:
            self.signal(name, signal.SIGCONT)

    @contextmanager
    def another_worker(self, **more):
        """A worker of another machine, as it were."""
        log = self.data / "log" / "another.log"
        command = [sys.executable, "-m", "celery", "-A", "config", "worker", "-Q", "alarms,notices", "-c", "2"]
        with log.open("w") as output:
            process = subprocess.Popen(
                [*command, "-n", "another@%h", "--without-gossip", "--without-mingle", "-l", "INFO"],
                stdout=output, stderr=output, cwd=ROOT, env={**self.environment, **self.given, **more},
                start_new_session=True,
            )  # fmt: skip
        try:
            self.until(lambda: "ready." in log.read_text() or process.poll() is not None)
            assert process.poll() is None, log.read_text()
            yield log
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    @contextmanager
    def another_beat(self):
        """A second one, started by mistake."""
        log, schedule = self.data / "log" / "another-beat.log", self.data / "run" / "another-schedule"
        command = [sys.executable, "-m", "celery", "-A", "config", "beat", "--pidfile", "", "--schedule", str(schedule)]
        with log.open("w") as output:
            process = subprocess.Popen(
                command, stdout=output, stderr=output, cwd=ROOT, env={**self.environment, **self.given}
            )  # fmt: skip
        try:
            self.until(lambda: any(schedule.parent.glob("another-schedule*")) or process.poll() is not None)
            yield
            assert process.poll() is None, log.read_text()
        finally:
            process.kill()
            process.wait()

    def soon(self, true):
        deadline = time.monotonic() + PATIENCE
        while not true():
            if time.monotonic() > deadline:
                raise TimeoutError
            time.sleep(0.05)

    def each_rings_once(self, alarms):
        """Every alarm has its one event, at its own time; the supervisor got one notice of each; nothing went out twice."""
        total = len(alarms)
        with suppress(TimeoutError):
            self.soon(lambda: self.sql(TAKE_STOCK, alarms)[0] == (total,) * 7)
        assert self.sql(TAKE_STOCK, alarms)[0] == (total,) * 7
        events, stray, numbers = self.sql(
            """SELECT count(*) FILTER (WHERE e.role = 'clock'), count(*) FILTER (WHERE e.role = 'clock' AND a.id IS NULL),
                      (SELECT count(*) FROM complaints_complaint c
                       WHERE version <> (SELECT count(*) FROM complaints_event e WHERE e.complaint_id = c.id))
               FROM complaints_event e LEFT JOIN complaints_alarm a ON a.event_id = e.id"""
        )[0]
        assert (events, stray, numbers) == (self.sql("SELECT count(event_id) FROM complaints_alarm")[0][0], 0, 0)
        outbox = self.data / "outbox"
        sent = sorted(row[0] for row in self.sql("SELECT uuid::text FROM complaints_notice WHERE state = 'sent'"))
        texts = [json.loads(line)["uuid"] for line in (outbox / "sms.log").read_text().splitlines()]
        assert sorted([*texts, *(file.stem for file in (outbox / "email").glob("*.eml"))]) == sent


@pytest.fixture(scope="module")
def desk():
    folder = Path(tempfile.mkdtemp(prefix="redress-ringing-"))
    folder.chmod(0o755)
    desk = Desk(folder / "data", "--no-demo").start()
    try:
        yield desk.prepare()
    finally:
        desk.stop()
        shutil.rmtree(folder)


def test_a_worker_killed_in_the_middle_of_a_batch(desk):
    with desk.standing_still("beat"), desk.standing_in_the_middle(150) as alarms:
        worker = desk.pid("worker")
        desk.signal("worker", signal.SIGKILL)
        assert desk.rung(alarms) == 0, "all or nothing"
    desk.until(lambda: desk.pid("worker") != worker)
    desk.each_rings_once(alarms)


def test_workers_that_race_for_the_same_alarms(desk):
    with desk.another_worker():
        with desk.standing_still("beat"):
            alarms = desk.bring_due(150)
            desk.turn(times=8)
            desk.soon(lambda: desk.rung(alarms) == len(alarms))
        desk.each_rings_once(alarms)


def test_two_beats_by_mistake(desk):
    with desk.another_beat():
        alarms = desk.bring_due(60)
        desk.each_rings_once(alarms)


def test_a_worker_asked_to_end_finishes_its_turn(desk):
    log = desk.data / "log" / "worker.log"
    before = len(log.read_text())
    with desk.standing_in_the_middle(150) as alarms:
        worker = desk.pid("worker")
        os.kill(worker, signal.SIGTERM)
    desk.until(lambda: desk.pid("worker") != worker)
    desk.each_rings_once(alarms)
    assert "Traceback" not in log.read_text()[before:]


def test_alarms_that_came_due_while_beat_was_down(desk):
    with desk.standing_still("beat"):
        desk.soon(lambda: desk.broker.llen("alarms") == 0)
        alarms = desk.bring_due(60, spread="1 hour")
        time.sleep(1)
        assert desk.rung(alarms) == 0
        desk.kill("beat")
    desk.each_rings_once(alarms)
    rung = desk.sql(
        "SELECT a.fire_at FROM complaints_alarm a JOIN complaints_event e ON e.id = a.event_id WHERE a.id = ANY(%s) ORDER BY e.id",
        alarms,
    )
    assert rung == sorted(rung)


def test_a_broker_that_forgot_every_queued_task(desk):
    with desk.standing_still("worker"):
        alarms = desk.bring_due(40)
        desk.turn(times=6)
        assert desk.broker.llen("alarms") > 0
        desk.broker.flushall()
    desk.each_rings_once(alarms)


def test_a_database_that_restarts_while_alarms_ring(desk):
    with desk.standing_in_the_middle(150) as alarms:
        workers = desk.pid("worker"), desk.pid("web")
        database = desk.pid("postgres")
        os.kill(database, signal.SIGINT)
        desk.until(lambda: desk.pid("postgres") != database)
        desk.until(lambda: desk.ready().get("database") == "ok")
    desk.each_rings_once(alarms)
    assert (desk.pid("worker"), desk.pid("web")) == workers


def test_a_worker_whose_clock_is_ahead(desk, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        dedent("""
            from datetime import datetime, timedelta
            import time_machine
            time_machine.travel(datetime.now().astimezone() + timedelta(minutes=10), tick=True).start()
        """)
    )
    with desk.standing_still("worker"), desk.another_worker(PYTHONPATH=f"{tmp_path}:{ROOT}") as log:
        early = desk.bring_due(20, spread="4 minutes", until="9 minutes")
        alarms = desk.bring_due(20)
        desk.each_rings_once(alarms)
        desk.turn(times=2)
        time.sleep(1)
        assert desk.rung(early) == 0
        assert "Traceback" not in log.read_text()
    desk.sql("UPDATE complaints_alarm SET fire_at = now() WHERE id = ANY(%s) RETURNING id", early)
    desk.each_rings_once(early)
