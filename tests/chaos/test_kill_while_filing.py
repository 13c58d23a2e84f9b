"""kill -9 of web, worker and beat in turn while complaints are filed: afterwards nothing is lost and nothing is doubled."""

import json
import shutil
import tempfile
import threading
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.runtime.product import Product

pytestmark = pytest.mark.xdist_group("product")

FILERS = 3
PER_FILER = 25

MAKE_AGENT = """
from datetime import timedelta
from django.utils import timezone
from staff import tokens
from complaints.models import DeskSettings
from staff.models import Branch, User
DeskSettings.objects.update_or_create(pk=1, defaults={"quiet_from": None, "quiet_until": None})  # also by night
root = Branch.objects.get(parent=None)
User.objects.create_user("boss", role="supervisor", branch=root, email="boss@example.org")
agent = User.objects.create_user("filer", role="agent", branch=root, email="filer@example.org")
now = timezone.now()
print(tokens.make(agent, "filing", ["complaints:read", "complaints:write"], at=now, until=now + timedelta(days=1), by=agent, request=None)[1])
"""
TAKE_STOCK = """
import json
from django.db.models import Count, F, Q
from django.utils import timezone
from complaints.clocks.ledger import replay
from complaints.clocks.running import as_entry
from complaints.models import Alarm, Clock, Complaint, Event, Notice
numbers = Complaint.objects.annotate(said=Count("events")).exclude(version=F("said"))
clocks = Clock.objects.prefetch_related("ledger__calendar")
print(json.dumps({
    "references": list(Complaint.objects.values_list("reference", flat=True)),
    "keys": list(Complaint.objects.values_list("inbound_records__external_id", flat=True)),
    "events_missing": numbers.count(),
    "registered": Event.objects.filter(move="register").count(),
    "due_unrung": Alarm.objects.pending().filter(fire_at__lte=timezone.now()).count(),
    "rung": Alarm.objects.filter(event__isnull=False).count(),
    "alarm_events": Event.objects.filter(move__in=["warn", "breach", "escalate"]).count(),
    "wrong_time": Alarm.objects.filter(event__isnull=False).exclude(event__at=F("fire_at")).count(),
    "clocks_off": sum(
        1 for clock in clocks
        if (given := replay([as_entry(e) for e in clock.ledger.all()])).due_at != clock.due_at or given.state != clock.state
    ),
    "notices": {str(uuid): medium for uuid, medium in Notice.objects.values_list("uuid", "medium")},
    "unsent": Notice.objects.exclude(state="sent").count(),
}))
"""


@pytest.fixture
def product():
    folder = Path(tempfile.mkdtemp(prefix="redress-chaos-"))
    folder.chmod(0o755)
    product = Product(folder / "data", "--no-demo").start()
    yield product
    product.stop()
    shutil.rmtree(folder)


class Filer(threading.Thread):
    """Somebody's program that hands in complaints and, when the answer does not come, hands in the same one again."""

    def __init__(self, product, token, name):
        super().__init__()
        self.product, self.token, self.name = product, token, name
        self.acknowledged: dict[str, str] = {}

    def run(self):
        for number in range(PER_FILER):
            key = f"{self.name}-{number}"
            self.acknowledged[key] = self.file(key, days_ago=number % 3)

    def file(self, key: str, *, days_ago: int) -> str:
        said = {
            "category": "OUT",
            "subcategory": "OUT-03",
            "story": f"计划停电没有收到通知（{key}）。",
            "contact_phone": "13800001234",
            "received_at": (datetime.now(UTC) - timedelta(days=days_ago)).isoformat(),
        }
        request = urllib.request.Request(
            f"{self.product.address}/api/v1/complaints/",
            json.dumps(said).encode(),
            {"Authorization": f"Token {self.token}", "Idempotency-Key": key, "Content-Type": "application/json"},
        )
        deadline = time.monotonic() + 120
        while True:
            try:
                with urllib.request.urlopen(request, timeout=15) as answer:
                    return json.load(answer)["reference"]
            except urllib.error.HTTPError as error:
                assert error.code >= 500, error.read()
            except OSError:
                pass  # nobody listens just now, or the connection was cut: the same key again
            assert time.monotonic() < deadline, key
            time.sleep(0.2)


def test_nothing_is_lost_or_doubled_whoever_dies(product):
    token = product.manage("shell", "-v0", "-c", MAKE_AGENT).strip()
    filers = [Filer(product, token, f"filer{number}") for number in range(FILERS)]
    for filer in filers:
        filer.start()
    kills = 0
    while any(filer.is_alive() for filer in filers) or kills < 6:
        product.kill(("web", "worker", "beat")[kills % 3])
        kills += 1
        time.sleep(1)
    for filer in filers:
        filer.join()
    acknowledged = {key: reference for filer in filers for key, reference in filer.acknowledged.items()}
    assert len(acknowledged) == FILERS * PER_FILER

    def stock():
        return json.loads(product.manage("shell", "-v0", "-c", TAKE_STOCK))

    found = stock()
    deadline = time.monotonic() + 90
    while (found["due_unrung"] or found["unsent"]) and time.monotonic() < deadline:
        time.sleep(1)
        found = stock()

    assert sorted(found["references"]) == sorted(acknowledged.values())
    assert len(set(found["keys"])) == len(found["keys"]) == len(acknowledged)
    assert found["registered"] == len(acknowledged)
    assert found["events_missing"] == 0
    assert found["due_unrung"] == 0
    assert found["rung"] == found["alarm_events"] > 0
    assert found["wrong_time"] == 0
    assert found["clocks_off"] == 0
    assert found["unsent"] == 0
    outbox = product.data / "outbox"
    texts = [json.loads(line)["uuid"] for line in (outbox / "sms.log").read_text().splitlines()]
    mails = [file.stem for file in (outbox / "email").glob("*.eml")]
    assert sorted(texts) == sorted(uuid for uuid, medium in found["notices"].items() if medium == "sms")
    assert sorted(mails) == sorted(uuid for uuid, medium in found["notices"].items() if medium == "email")
