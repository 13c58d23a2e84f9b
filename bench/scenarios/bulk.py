"""What workers do in bulk, each as rows and seconds: alarms, notices to many, customers, a regulator's file, an export.

Each stands beside plain SQL for the same rows. What only shows a limit is rolled back; what the product does stays in the desk.
"""

from __future__ import annotations

import csv
import io
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from analytics import exports, jobs
from analytics.export_subjects import Question, listing
from analytics.models import Export, Subject
from bench import importing
from bench.bulk import rows as took
from bench.inside import answer
from channels_intake import regulator_batch
from complaints import announcements, database_clock, turn
from complaints.models import Alarm, Announcement, Complaint, Saying
from complaints.tasks import ring_alarms
from config.garbage import collect_seldom
from customers.importing import files
from customers.importing import taking as customers_taking
from customers.importing.fields import guessed
from customers.models import CustomerImport
from staff.actors import Role
from staff.models import Branch, User

BRING_DUE = """
WITH one_each AS (
    SELECT DISTINCT ON (complaint_id) id FROM complaints_alarm WHERE settled_at IS NULL AND fire_at > now()
    ORDER BY complaint_id, fire_at
), chosen AS (SELECT id FROM one_each LIMIT %s)
UPDATE complaints_alarm SET fire_at = now() - random() * interval '1 minute' WHERE id IN (SELECT id FROM chosen)
"""
SWEEP = """
WITH due AS (
    SELECT id, complaint_id, fire_at FROM complaints_alarm WHERE settled_at IS NULL AND fire_at <= now()
    ORDER BY fire_at LIMIT 200 FOR UPDATE SKIP LOCKED
), written AS (
    INSERT INTO complaints_event
        (complaint_id, number, move, from_status, to_status, at, recorded_at, role, actor_name, details)
    SELECT c.id, (SELECT max(number) FROM complaints_event e WHERE e.complaint_id = c.id) + d.place, 'warn', c.status,
        c.status, d.fire_at, now(), 'clock', '', '{}'
    FROM (SELECT due.*, row_number() OVER (PARTITION BY complaint_id ORDER BY fire_at) AS place FROM due) d
    JOIN complaints_complaint c ON c.id = d.complaint_id ORDER BY c.id, d.place
    RETURNING id, complaint_id, at
)
UPDATE complaints_alarm a SET settled_at = now(), event_id = w.id FROM due d JOIN written w
    ON w.complaint_id = d.complaint_id AND w.at = d.fire_at WHERE a.id = d.id
"""
NOTICES = """
INSERT INTO complaints_notice (uuid, saying_id, customer_id, code, medium, address, is_to_customer, language, subject, body,
    state, attempts, error, next_try_at, created_at)
SELECT gen_random_uuid(), %s, id, 'outage_ahead', 'sms', phone, true, 'zh-hans', '', repeat('停', 60), 'queued', 0, '',
    now(), now()
FROM customers_customer WHERE phone <> '' ORDER BY id LIMIT %s ON CONFLICT DO NOTHING
"""
Rows = dict[str, Any]


def boss() -> User:
    return User.objects.get_or_create(
        username="bench-supervisor",
        defaults={
            "branch": Branch.objects.get(parent=None), "role": Role.SUPERVISOR, "email": "bench-supervisor@example.org"
        },
    )[0]  # fmt: skip


class Rolled(Exception):
    """Nothing of what was measured stays."""


def rolled_back(work: Any) -> Rows:
    """What plain SQL does in one transaction that is taken back: the write to disk at its end is missing, which favours it."""
    try:
        with transaction.atomic():
            began = time.perf_counter()
            rows = work()
            found = took(rows, time.perf_counter() - began)
            raise Rolled
    except Rolled:
        return found


# alarms


def due(count: int) -> Rows:
    """Brings alarms due, and says how fast plain SQL settles them with an event each."""
    with connection.cursor() as cursor:
        cursor.execute(BRING_DUE, [count])

    def sweep() -> int:
        total = 0
        with connection.cursor() as cursor:
            while True:
                cursor.execute(SWEEP)
                if not cursor.rowcount:
                    return total
                total += cursor.rowcount

    return rolled_back(sweep)


def ring() -> Rows:
    """One worker, once told to begin: it takes turns until nothing is due."""
    ring_alarms()
    reverse("complaints:complaint", args=["x"])  # loads all addresses, which a worker does once in its life
    collect_seldom()  # as Celery's workers do
    answer("ready")
    sys.stdin.readline()
    began, rung = time.perf_counter(), 0
    while Alarm.objects.due(database_clock.now()).exists():
        rung += ring_alarms()
    return took(rung, time.perf_counter() - began)


# notices


def fan_out(count: int) -> dict[str, Rows]:
    """An outage announced to all customers of the company, batch by batch, until so many were looked at."""
    now = timezone.now()
    draft = Announcement.objects.create(
        kind="planned_outage", branch=Branch.objects.get(parent=None), starts_at=now + timedelta(days=10),
        ends_at=now + timedelta(days=10, hours=4), text_zh="线路检修。", text_en="The line is mended.", created_by=boss(),
    )  # fmt: skip
    announcement = announcements.release(draft, by=boss(), at=now)
    saying = announcement.sayings.order_by("say_at")[0]
    Saying.objects.filter(pk=saying.pk).update(say_at=now)

    def plain() -> int:
        with connection.cursor() as cursor:
            cursor.execute(NOTICES, [saying.pk, count])
            return cursor.rowcount

    limit = rolled_back(plain)
    began, written = time.perf_counter(), 0
    while written < count:
        with turn.begun():
            more = announcements.say_batch(saying)
        if more is None:
            break
        written += more
    taken = took(written, time.perf_counter() - began)
    announcements.cancel(announcement, by=boss(), at=timezone.now())
    return {"notice fan-out": taken, "notices, plain SQL": limit}


# customers


def customers(count: int) -> dict[str, Rows]:
    """A file as an administrator brings it, taken over by the product; and COPY into the same tables with all their indexes."""
    root, first = Branch.objects.get(parent=None), CustomerImport.objects.count() * 10_000_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "customers.csv"
        importing.write(path, count, first=first)
        began = time.perf_counter()
        with path.open("rb") as stream:
            run = files.receive(stream, name=path.name, branch=root, by=None)
        header, _rows = files.preview(run)
        customers_taking.confirm(run, guessed(header), root)
        while run.finished_at is None:
            customers_taking.carry_on(run)
            run.refresh_from_db()
        taken = took(count, time.perf_counter() - began)
    return {
        "customer import": taken,
        **{name: rolled_back(lambda copy=copy: copy(count)) for name, copy in COPIES.items()},
    }


COPIED = {
    "customers_customer": (
        "id number kind name phone phone_digits email address language contact_method branch_id is_key is_vulnerable"
        " vulnerability do_not_contact",
        "{key}\tZ{n}\thousehold\t王小明\t137{n:08d}\t137{n:08d}\t\t\tzh-hans\tphone\t{branch}\tf\tf\t\tf\n",
    ),
    "customers_premise": ("id address branch_id area_class", "{key}\t唐山市路南区和平路{n}号\t{branch}\turban\n"),
    "customers_account": ("id number customer_id premise_id tariff", "{key}\tZ{n}\t{key}\t{key}\t\n"),
    "customers_meter": ("id number account_id", "{key}\tZ{n}\t{key}\n"),
}
BEYOND = 2_000_000_000
"""Keys that nobody has."""


def _copied(count: int, tables: list[str], *, is_bare: bool = True) -> int:
    """`is_bare` leaves out the rows of the look-up, which triggers write, and the checks of foreign keys."""
    branch = Branch.objects.get(parent=None).pk
    with connection.cursor() as cursor:
        if is_bare:
            cursor.execute("SET LOCAL session_replication_role = replica")
        for table in tables:
            columns, row = COPIED[table]
            text = "".join(row.format(n=n, key=BEYOND + n, branch=branch) for n in range(count))
            cursor.copy_expert(f"COPY {table} ({', '.join(columns.split())}) FROM STDIN", io.StringIO(text))
    return count


COPIES: dict[str, Callable[[int], int]] = {
    "COPY, customers": lambda count: _copied(count, list(COPIED)[:1]),
    "COPY, customers with premises, accounts and meters": lambda count: _copied(count, list(COPIED)),
    "COPY of all four with what makes them findable": lambda count: _copied(count, list(COPIED), is_bare=False),
}


# a regulator's file


def batch(count: int) -> dict[str, Rows]:
    """A file from 12398, looked at and registered row by row."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([column.zh for column in regulator_batch.COLUMNS])
    now = timezone.localtime()
    for number in range(count):
        row = {
            "regulator": "12398", "reference": f"12398-{uuid4().hex[:12]}", "received_at": f"{now:%Y-%m-%d} 00:00",
            "due_on": f"{now + timedelta(days=9):%Y-%m-%d}", "category": "OUT", "subcategory": "OUT-05",
            "story": f"本月已停电四次，第{number}户。", "place": "和平路3号",
            "contact_name": "李四", "contact_phone": f"137{number:08d}",
        }  # fmt: skip
        writer.writerow([row.get(column.name, "") for column in regulator_batch.COLUMNS])
    began = time.perf_counter()
    found = regulator_batch.take(out.getvalue().encode(), name="batch.csv", by=boss())
    regulator_batch.judged(found)
    regulator_batch.start(found, by=boss())
    regulator_batch.carry_on(found)
    taken = time.perf_counter() - began
    return {"regulator batch": took(found.rows.filter(complaint__isnull=False).count(), taken)}


# an export


def export(count: int) -> dict[str, Rows]:
    """The newest so many complaints as a file, prepared as a worker does; and COPY of such complaints out of the database."""
    newest = Complaint.objects.order_by("-received_at", "-pk").values_list("received_at", flat=True)[:count]
    first = timezone.localdate(min(newest))
    asked = Question(Subject.COMPLAINTS, {"view": "all", "received_from": first.isoformat()})
    waiting = exports.ask(asked, listing(asked, boss(), timezone.now()), by=boss())
    # this one alone: others that the made-up utility waits for may be of all its complaints
    mine = jobs.take(Export.objects.filter(pk=waiting.pk))
    assert mine is not None
    began = time.perf_counter()
    exports.prepare(mine)
    taken = time.perf_counter() - began
    waiting.refresh_from_db()
    return {"export": took(waiting.rows_done, taken), "COPY, complaints": rolled_back(lambda: _copied_out(first))}


def _copied_out(first: date) -> int:
    """Those received from the utility's day on, as the export reads it; the database's own zone is another."""
    out = io.StringIO()
    midnight = timezone.make_aware(datetime.combine(first, time_of_day.min))
    statement = f"SELECT * FROM complaints_complaint WHERE received_at >= '{midnight.isoformat()}'"
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY ({statement}) TO STDOUT WITH (FORMAT csv)", out)
    return out.getvalue().count("\n")


ALONE: dict[str, Callable[[int], dict[str, Rows]]] = {
    "notice fan-out": fan_out,
    "customer import": customers,
    "regulator batch": batch,
    "export": export,
}


def alone(counts: dict[str, int]) -> dict[str, Rows]:
    """One after the other, each with so many rows."""
    found: dict[str, Rows] = {}
    for name, count in counts.items():
        found |= ALONE[name](count)
    return found
