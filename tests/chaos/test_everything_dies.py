"""Everything dies, in turn and together, while people complain: what was acknowledged is there, and each effect comes once.

Servers and processes are real, and so is the load. How long each blow was felt is printed (`-s`) and never judged.
"""

import json
import resource
import shutil
import signal
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.chaos.outside import Gateway, Mail, Texts
from tests.chaos.people import Agent, Customer, Program
from tests.chaos.test_ringing import Desk
from tests.full_disk import noise

pytestmark = pytest.mark.xdist_group("product")

PROCESSES = ("web", "worker", "beat", "valkey", "postgres")
PASSWORD = "a-long-word-for-the-storm"
ROOM = 400_000
"""Bytes that the log may still grow while the disk takes no picture, which has more."""

PEOPLE = f"""
from datetime import timedelta
from django.utils import timezone
from complaints.models import DeskSettings, LadderStep
from staff import tokens
from staff.models import Branch, User
DeskSettings.objects.update_or_create(pk=1, defaults={{"quiet_from": None, "quiet_until": None}})  # also by night
root = Branch.objects.get(parent=None)
User.objects.create_user("boss", role="supervisor", branch=root, email="boss@example.org")
agent = User.objects.create_user("agent", role="agent", branch=root, email="agent@example.org", password={PASSWORD!r})
now = timezone.now()
print(tokens.make(agent, "filing", ["complaints:read", "complaints:write"], at=now, until=now + timedelta(days=1), by=agent, request=None)[1])
"""
WAITING = """
SELECT (SELECT count(*) FROM complaints_alarm WHERE settled_at IS NULL AND fire_at <= now()),
       (SELECT count(*) FROM complaints_notice WHERE state = 'queued' AND medium <> 'letter'),
       (SELECT count(*) FROM analytics_change)
"""
TAKE_STOCK = """
import json
from django.db.models import Count, Exists, F, OuterRef
from analytics.grains.check import check
from channels_intake.models import InboundRecord, UnsentForm
from complaints.clocks.ledger import replay
from complaints.clocks.running import as_entry
from complaints.models import Alarm, Attachment, Clock, Complaint, Event, Notice
from django.core.files.storage import default_storage
rung = Alarm.objects.filter(event__isnull=False)
clocks = Clock.objects.prefetch_related("ledger__calendar")
compared = check()
print(json.dumps({
    "stories": {ref: [story, str(token)] for ref, story, token in Complaint.objects.values_list("reference", "story", "token")},
    "held": UnsentForm.objects.filter(held_at__isnull=False).count(),
    "records": InboundRecord.objects.count(),
    "numbers_off": Complaint.objects.annotate(said=Count("events")).exclude(version=F("said")).count(),
    "registered": Event.objects.filter(move="register").count(),
    "without_clocks": Complaint.objects.filter(~Exists(Clock.objects.filter(complaint=OuterRef("pk")))).count(),
    "clocks_off": sum(
        1 for clock in clocks
        if (given := replay([as_entry(e) for e in clock.ledger.all()])).due_at != clock.due_at or given.state != clock.state
    ),
    "rung": rung.count(),
    "rung_by": rung.values("event").distinct().count(),
    "alarm_events": Event.objects.filter(role="clock", move__in=["warn", "breach", "escalate"]).count(),
    "at_the_wrong_time": rung.exclude(event__at=F("fire_at")).count(),
    "alarms_untold": rung.exclude(event__notices__isnull=False).count(),
    "notices": {medium: [str(one) for one in Notice.objects.filter(medium=medium).values_list("uuid", flat=True)] for medium in ("sms", "email")},
    "unsent": Notice.objects.exclude(state="sent").count(),
    "files": Attachment.objects.count(),
    "files_off": sum(1 for file in Attachment.objects.all() if default_storage.size(file.file.name) != file.size),
    "differences": None if compared is None else [compared.differences, compared.findings],
}))
"""


class Besieged(Desk):
    """The product with people before it and gateways behind it."""

    def __init__(self, data):
        super().__init__(data, "--no-demo")
        self.given_up = threading.Event()
        self.mail, self.texts, self.people = Gateway(Mail), Gateway(Texts), []
        self.environment |= {
            "REDRESS_EMAIL_URL": f"smtp://127.0.0.1:{self.mail.port}",
            "REDRESS_SMS_URL": f"http://127.0.0.1:{self.texts.port}/",
        }

    def prepare(self):
        self.given = json.loads((self.data / "run" / "environment.json").read_text())
        token = self.manage("shell", "-v0", "-c", PEOPLE).strip()
        self.program = Program(self, token)
        self.sender = Customer(self, picture=noise(side=700))
        self.people = [self.program, self.sender, Customer(self), Agent(self, "agent", PASSWORD)]
        for person in self.people:
            person.start()
        return self

    def leave(self):
        """The people finish what they have begun, and go."""
        for person in self.people:
            person.stopping.set()
        for person in self.people:
            person.join()

    def clear_away(self):
        self.given_up.set()
        self.leave()
        self.stop()
        self.mail.cut()
        self.texts.cut()

    def until(self, true):
        def or_somebody_is_cross():
            for person in self.people:
                if person.broken:
                    raise person.broken
            return true()

        super().until(or_somebody_is_cross)

    def everybody_is_answered(self, since):
        return all(person.last_began() >= since for person in self.people)

    def references(self, since):
        return [answer for answer, began in list(self.program.acknowledged.values()) if began >= since]

    def is_texted(self, since):
        """Somebody who complained since then has had a text message."""
        return any(self.texts.took(reference) for reference in self.references(since))

    def is_rung(self, since):
        """An alarm of what came since then has rung."""
        query = """SELECT count(*) FROM complaints_alarm a JOIN complaints_clock k ON k.id = a.clock_id
                   JOIN complaints_complaint c ON c.id = k.complaint_id WHERE a.event_id IS NOT NULL AND c.reference = ANY(%s)"""
        return self.sql(query, self.references(since))[0][0] > 0

    def is_mailed(self, since):
        """The supervisor has had a mail about an alarm of what came since then."""
        return any(self.mail.took(reference) for reference in self.references(since))

    def recovers(self, name, since):
        """Wait until everything works for what came after the blow, and say how long each took."""
        took = {}
        for word, works in (
            ("everybody answered", self.everybody_is_answered), ("text sent", self.is_texted),
            ("alarm rung", self.is_rung), ("mail sent", self.is_mailed),
        ):  # fmt: skip
            self.until(lambda works=works: works(since))
            took[word] = time.monotonic() - since
        print(f"  {name}: " + ", ".join(f"{word} after {seconds:.1f} s" for word, seconds in took.items()))

    def strike(self, *names):
        """kill -9 of these and all their children at once; the product's own keeper starts them again."""
        pids = {name: self.pid(name) for name in names}
        since = time.monotonic()
        for name in names:
            self.signal(name, signal.SIGKILL)
        self.until(lambda: all(self.pid(name) not in (0, pid) for name, pid in pids.items()))
        return since

    def fill_disk(self, limit):
        """The web can write no file longer than this from now on; the kernel sees to it."""
        web = self.pid("web")
        children = Path(f"/proc/{web}/task/{web}/children").read_text().split()
        for pid in [web, *map(int, children)]:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    def is_quiet(self):
        return self.sql(WAITING)[0] == (0, 0, 0)


@pytest.fixture
def desk():
    folder = Path(tempfile.mkdtemp(prefix="redress-siege-"))
    folder.chmod(0o755)
    desk = Besieged(folder / "data")
    try:
        yield desk.start().prepare()
    finally:
        desk.clear_away()
        shutil.rmtree(folder)


def test_nothing_is_lost_or_doubled_whatever_dies(desk):
    desk.recovers("nothing yet", time.monotonic())
    for name in PROCESSES:
        desk.recovers(f"{name} killed", desk.strike(name))
    desk.recovers("all five killed at once", desk.strike(*PROCESSES))

    desk.fill_disk((desk.data / "log" / "web.log").stat().st_size + ROOM)
    since, refused = time.monotonic(), desk.sender.refused
    desk.until(lambda: desk.sender.refused > refused)
    desk.recovers("no room for files", since)
    desk.fill_disk(resource.RLIM_INFINITY)

    since = time.monotonic()
    desk.mail.hang()
    desk.until(lambda: desk.is_texted(since) and desk.is_rung(since))
    assert not desk.is_mailed(since)
    print(f"  the mail server hangs: text sent and alarm rung after {time.monotonic() - since:.1f} s all the same")
    desk.mail.listen()
    desk.recovers("the mail server is back", time.monotonic())

    since = time.monotonic()
    desk.texts.cut()
    desk.until(lambda: desk.is_mailed(since))
    assert not desk.is_texted(since)
    print(f"  the SMS gateway is away: mail sent after {time.monotonic() - since:.1f} s all the same")
    desk.texts.listen()
    desk.recovers("the SMS gateway is back", time.monotonic())

    desk.leave()
    since = time.monotonic()
    desk.until(desk.is_quiet)
    print(f"  everything rung, sent and counted {time.monotonic() - since:.1f} s after the last complaint")
    judge(desk)


def judge(desk):
    told = {story: answer for person in desk.people for story, (answer, _began) in person.acknowledged.items()}
    found = json.loads(desk.manage("shell", "-v0", "-c", TAKE_STOCK))
    there = Counter(story for story, _token in found["stories"].values())
    names = {story: {reference, token} for reference, (story, token) in found["stories"].items()}
    assert there == Counter(list(told)), "each is there once, and nothing else is"
    assert [story for story, answer in told.items() if answer not in names[story]] == []
    assert (found["held"], found["records"], found["registered"]) == (0, len(told), len(told))
    assert (found["numbers_off"], found["without_clocks"], found["clocks_off"]) == (0, 0, 0)
    assert found["rung"] == found["rung_by"] == found["alarm_events"] > 0
    assert (found["at_the_wrong_time"], found["alarms_untold"], found["unsent"]) == (0, 0, 0)
    assert found["files_off"] == 0
    assert found["files"] > 0
    assert found["differences"] == [0, []]
    for medium, gateway in (("sms", desk.texts), ("email", desk.mail)):
        assert sorted(set(gateway.keys)) == sorted(found["notices"][medium])
        again = len(gateway.keys) - len(set(gateway.keys))
        print(f"  {len(set(gateway.keys))} by {medium}, {again} of them handed over twice under the same key")
    assert "The history is what was written." in desk.manage("verify_history")
    print(
        f"  {len(told)} acknowledged, {found['rung']} alarms, {found['files']} files; {desk.sender.refused} photos refused"
    )
