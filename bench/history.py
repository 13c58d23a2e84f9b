"""What the chain of the history costs: for each event when it is written, when all are chained at once, when all are looked at.

Run it beside a filled database, as `./dev manage shell < bench/history.py`; everything is rolled back.
"""

import time
from typing import Any

from django.db import connection, transaction

from complaints import history_chain
from complaints.models import Complaint, Event

MANY = 20_000
INSERT = """
INSERT INTO complaints_event (complaint_id, number, move, from_status, to_status, at, recorded_at, role, actor_name, details)
SELECT c.id, c.version + n, 'warn', c.status, c.status, now(), now(), 'clock', '', '{"clock": "resolve internal"}'
FROM complaints_complaint c, generate_series(1, %s) n WHERE c.id = %s ORDER BY n
"""


def seconds(cursor: Any, statement: str, *values: Any) -> float:
    began = time.perf_counter()
    cursor.execute(statement, values)
    return time.perf_counter() - began


with transaction.atomic(), connection.cursor() as cursor:
    complaint, events = Complaint.objects.latest("pk"), Event.objects.count()
    with_chain = seconds(cursor, INSERT, MANY, complaint.pk)
    transaction.set_rollback(True)
with transaction.atomic(), connection.cursor() as cursor:
    cursor.execute("ALTER TABLE complaints_event DISABLE TRIGGER complaints_event_is_chained")
    without = seconds(cursor, INSERT, MANY, complaint.pk)
    transaction.set_rollback(True)
with transaction.atomic(), connection.cursor() as cursor:
    cursor.execute("ALTER TABLE complaints_event DISABLE TRIGGER USER")
    cursor.execute("UPDATE complaints_event SET hash = ''")
    at_once = seconds(cursor, "SELECT complaints_chain_unchained()")
    transaction.set_rollback(True)
began = time.perf_counter()
*_before, found = history_chain.everything()
looked = time.perf_counter() - began
print(f"{events} events in the database")
print(
    f"written: {(with_chain - without) / MANY * 1e6:.0f} µs more for each event ({without / MANY * 1e6:.0f} µs without)"
)
print(f"all chained at once, as the migration does: {at_once:.1f} s, {at_once / events * 1e6:.0f} µs each")
print(f"all looked at: {looked:.1f} s, {looked / events * 1e6:.0f} µs each, {len(found.faults)} faults")
