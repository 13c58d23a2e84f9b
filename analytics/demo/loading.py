"""Loads the made-up utility through COPY, in one transaction: either all of it is there, or nothing is."""

from __future__ import annotations

import gc
import io
import multiprocessing
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain, islice, repeat
from typing import Any, TypeVar

from django.db import connection, transaction
from django.utils import timezone

from analytics.demo import asking, inspections, network, people, rows, service, staffing
from analytics.demo.issues import Issue, issues_of
from analytics.demo.lives import Bases, Generator, Task
from analytics.demo.moments import moment_of, written
from analytics.demo.seasons import counts, days_between
from analytics.demo.supplied import COLUMNS, NUMBER, Supplied
from analytics.demo.world import World
from complaints.models import Complaint, ServiceIssue
from customers.models import Account, Customer, Feeder, Meter, Premise, Substation, TransformerArea
from customers.models.search import entries_written_once
from staff.models import Branch, User

PART = 500
"""Complaints that are lived and copied together."""
MANY = 5000
"""From here on several processes are worth starting, and foreign keys are not checked row by row (see docs/decisions)."""
VERY_MANY, SIBLINGS, PART_OF_VERY_MANY = 50_000, 8, 2_000
"""From here on so many complaints share the course of a life, and are lived in such parts (docs/decisions/0042)."""
FIRST_PIECE, PIECE = 500, 20_000
"""Lines of the network and of customers that are copied together."""
TOKEN = "demo-"
"""Every made-up complaint's token begins with this, which is how they are told from real ones."""

Say = Callable[[int], None]
T = TypeVar("T")
Done = TypeVar("Done")


class NotADemo(Exception):
    """The database holds what was not made up."""


@dataclass(slots=True)
class Loaded:
    """What there is now."""

    complaints: int = 0
    customers: int = 0
    issues: int = 0
    overdue: int = 0
    by_status: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    parts: dict[str, float] = field(default_factory=dict)
    """Seconds of each part of the work, in the order in which they were begun."""

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.parts[name] = self.parts.get(name, 0.0) + time.monotonic() - began

    def add(self, batches: list[rows.Batch]) -> None:
        for batch in batches:
            self.complaints += batch.complaints
            self.by_status += batch.by_status
            self.overdue += batch.overdue


def check_is_ours() -> None:
    """Raises NotADemo when a complaint or a customer was not made up here."""
    real = Complaint.objects.exclude(token__startswith=TOKEN).order_by("pk").first()
    if real is not None:
        raise NotADemo(f"complaint {real.reference}")
    customer = Customer.objects.exclude(number__startswith=NUMBER).order_by("pk").first()
    if customer is not None:
        raise NotADemo(f"customer {customer.number}")


def load(*, complaints: int, days: int, seed: int, ending: datetime, customers: int, say: Say) -> Loaded:
    """Make the staff, the network, the customers and so many complaints of the days before `ending`."""
    began = time.monotonic()
    loaded, is_many = Loaded(), complaints >= MANY
    siblings, part = (SIBLINGS, PART_OF_VERY_MANY) if complaints >= VERY_MANY else (1, PART)
    processes = min(os.cpu_count() or 1, 4) if is_many else 0
    with transaction.atomic():
        _lock()
        is_new, is_bare = not Customer.objects.exists(), is_many and not Complaint.objects.exists()
        with loaded.part("customers"):
            generator = founded(
                days=days, seed=seed, ending=ending, customers=customers, siblings=siblings, processes=processes
            )
        loaded.customers, loaded.issues = generator.shape.customers, len(generator.all_issues)
        with _unchecked(is_many) as is_unchecked:
            generator.with_words = is_unchecked and is_new  # else people may have been renamed since they were made
            indexes = _taken_off([*rows.COLUMNS, *rows.WORDS]) if is_bare else []
            per_day = tasks(counts(generator.days, complaints), part)
            with loaded.part("lives"):
                for batches in _gathered(_shared_out(generator.live, per_day, processes)):
                    _copy_all(rows.COLUMNS | rows.WORDS, [batch.rows for batch in batches])
                    loaded.add(batches)
                    say(loaded.complaints)
            if not generator.with_words:
                with loaded.part("words"):
                    _analyze()  # or words are planned as if there were nothing, and take minutes
                    _write_words(generator.bases.ids[Complaint._meta.db_table])
            with loaded.part("indexes"):
                _put_back(indexes)
        with loaded.part("statistics"):
            _analyze()  # or who is asked for a survey is planned as if there were nobody, which takes two minutes of a million
        with loaded.part("rest"):
            _set_sequences(generator.bases.number + complaints)
            service.teach(seed=seed, ending=ending)
            asking.ask(Branch.objects.filter(parent__isnull=True).earliest("pk"), seed=seed, ending=ending)
            inspections.load(ending)
            # only now: deputies hear of what happens while somebody is away, not of the past
            staffing.send_away(ending)
    with loaded.part("statistics"):
        _analyze()
    loaded.seconds = time.monotonic() - began
    return loaded


def founded(
    *, days: int, seed: int, ending: datetime, customers: int, siblings: int = 1, processes: int = 0
) -> Generator:
    """The utility itself, written where it is not there yet, ready to live complaints on the days before `ending`."""
    root = Branch.objects.filter(parent__isnull=True).order_by("pk").first()
    if root is None:
        raise NotADemo("no branch at all; load a profile first")
    last = timezone.localtime(ending).date()
    first = last - timedelta(days=days - 1)
    until = moment_of(ending.replace(microsecond=0))
    staffing.hire(root)
    shape = _network_and_customers(root, customers, seed, processes)
    branches = dict(Branch.objects.values_list("code", "pk"))
    stations = [branches[network.station_code(root.code, station)] for station in range(network.STATIONS)]
    world = World(first=first, last=last)
    seasons = days_between(first, last, seed=seed, local=world.local, known=world.categories)
    issues = issues_of(
        seasons,
        seed=seed,
        ending=until,
        local=world.local,
        shape=shape,
        stations=stations,
        first_id=highest(ServiceIssue._meta.db_table) + 1,
    )
    _copy_issues(issues)
    return Generator(
        world, seed=seed, days=seasons, ending=until, shape=shape, bases=_bases(), issues=issues, stations=stations,
        siblings=siblings,
    )  # fmt: skip


def tasks(per_day: list[int], part: int = PART) -> Iterator[Task]:
    number = 1
    for day, count in enumerate(per_day):
        for start in range(0, count, part):
            stop = min(count, start + part)
            yield Task(day, count, start, stop, number)
            number += stop - start


_WORK: Callable[[Any], Any] | None = None
"""What forked processes inherit."""


def _collect_seldom() -> None:
    """A life is many small objects that go together; looking for garbage every 700 of them costs a quarter of the time."""
    gc.freeze()
    gc.set_threshold(200_000, 10, 10)


def _work(task: Any) -> Any:
    assert _WORK is not None
    return _WORK(task)


def _shared_out(work: Callable[[T], Done], tasks: Iterable[T], processes: int) -> Iterator[Done]:
    """What comes of each task, in their order; never more than a few wait in memory."""
    if not processes:
        yield from map(work, tasks)
        return
    global _WORK
    _WORK = work
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_collect_seldom) as pool:
        waiting: deque[Future[Done]] = deque()
        for task in tasks:
            waiting.append(pool.submit(_work, task))
            if len(waiting) > 4 * processes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    _WORK = None


def _gathered(batches: Iterable[rows.Batch]) -> Iterator[list[rows.Batch]]:
    """Enough of them together that a COPY is worth its round trip."""
    together: list[rows.Batch] = []
    for batch in batches:
        together.append(batch)
        if sum(one.complaints for one in together) >= PART:
            yield together
            together = []
    if together:
        yield together


# tables


def _copy_all(columns: dict[str, list[str]], made: list[dict[str, bytes]]) -> None:
    for table, names in columns.items():
        _copy(table, names, b"".join([rows[table] for rows in made]))


def _copy(table: str, columns: Iterable[str], text: bytes) -> None:
    if text:
        names = ", ".join(f'"{column}"' for column in columns)
        with connection.cursor() as cursor:
            cursor.copy_expert(f'COPY "{table}" ({names}) FROM STDIN', io.BytesIO(text))


def _copy_lines(table: str, columns: str, lines: Iterable[str]) -> None:
    """COPY in pieces, so that a million customers need little memory.

    After a small first piece the table is counted: a table that was emptied and not vacuumed since counts as empty however much
    is written to it, and the checks of foreign keys would read all of it for each row.
    """
    lines = iter(lines)
    for size in chain([FIRST_PIECE], repeat(PIECE)):
        piece = list(islice(lines, size))
        if not piece:
            return
        _copy(table, columns.split(), ("\n".join(piece) + "\n").encode())
        if size == FIRST_PIECE:
            _count(table)


def _count(*tables: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(tables)}; DISCARD PLANS")


def _lock() -> None:
    """Nobody else writes these tables while ids are given out here; everybody may read."""
    tables = [*rows.COLUMNS, *(m._meta.db_table for m in (ServiceIssue, Customer, Premise, Account, Meter, User))]
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {', '.join(tables)} IN SHARE ROW EXCLUSIVE MODE")


@contextmanager
def _unchecked(wanted: bool) -> Iterator[bool]:
    """Without triggers and the row-by-row check of foreign keys, where the database user may turn them off: says whether.

    Every reference is made here.
    """
    wanted = wanted and _may_turn_off_triggers()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica" if wanted else "SET CONSTRAINTS ALL IMMEDIATE")
    yield wanted
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = origin" if wanted else "SET CONSTRAINTS ALL DEFERRED")


def _may_turn_off_triggers() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        return bool(cursor.fetchone()[0])


def _taken_off(tables: list[str]) -> list[str]:
    """Take secondary indexes and unique constraints off these tables, as they are quicker made at once over all that was loaded.

    Answers with the statements that put them back. Readers wait as well meanwhile.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
               WHERE contype = 'u' AND conrelid = ANY(%s::regclass[]) ORDER BY oid""",
            [tables],
        )
        constraints = cursor.fetchall()
        for table, name, _definition in constraints:
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        cursor.execute(
            """SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
               WHERE NOT indisprimary AND indrelid = ANY(%s::regclass[]) ORDER BY indrelid, indexrelid""",
            [tables],
        )
        indexes = cursor.fetchall()
        for name, _definition in indexes:
            cursor.execute(f"DROP INDEX {name}")
    return [
        *(definition for _name, definition in indexes),
        *(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}" for table, name, definition in constraints),
    ]


def _put_back(indexes: list[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL maintenance_work_mem = '1GB'")
        for statement in indexes:
            cursor.execute(statement)


def _write_words(before: int) -> None:
    """What complaints are found by, in pieces, with an index for it: triggers write that, but not while the checks are off."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE INDEX demo_events_of_complaint ON complaints_event (complaint_id)")
    for start in range(before + 1, highest(Complaint._meta.db_table) + 1, PART):
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT complaints_refresh_words(ARRAY(SELECT c.id FROM complaints_complaint c WHERE c.id BETWEEN %s AND %s
                   AND NOT EXISTS (SELECT 1 FROM complaints_complaintwords w WHERE w.complaint_id = c.id)))""",
                [start, start + PART - 1],
            )
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX demo_events_of_complaint")


def _analyze() -> None:
    """Only what is ours: the catalogues that all databases of a server share would make their loads wait for each other."""
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(connection.introspection.django_table_names(only_existing=True))}")


def highest(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT coalesce(max(id), 0) FROM "{table}"')
        return int(cursor.fetchone()[0])


def _bases() -> Bases:
    with connection.cursor() as cursor:
        cursor.execute("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM complaint_reference")
        number = int(cursor.fetchone()[0])
    first = Customer.objects.filter(number__startswith=NUMBER).order_by("number").first()
    assert first is not None
    account = first.accounts.order_by("number").first()
    area = TransformerArea.objects.filter(code__startswith=NUMBER).order_by("code").first()
    assert account is not None
    assert area is not None
    return Bases(
        ids={table: highest(table) for table in rows.COLUMNS},
        number=number,
        customers=first.pk,
        premises=account.premise_id,
        accounts=account.pk,
        areas=area.pk,
    )


def _set_sequences(number: int) -> None:
    """Whoever writes next gets the next number."""
    models = (ServiceIssue, Customer, Premise, Account, Meter, Substation, Feeder, TransformerArea)
    with connection.cursor() as cursor:
        for table in [*rows.COLUMNS, *(model._meta.db_table for model in models)]:
            cursor.execute(
                f"""SELECT setval(pg_get_serial_sequence('"{table}"', 'id'), greatest(max(id), 1)) FROM "{table}" """
            )
        cursor.execute("SELECT setval('complaint_reference', %s)", [number])


# network, customers, service issues


def _network_and_customers(root: Branch, customers: int, seed: int, processes: int) -> network.Shape:
    there = Customer.objects.filter(number__startswith=NUMBER).count()
    shape = network.Shape.for_customers(there or customers)
    if there:
        return shape
    codes = [network.station_code(root.code, station) for station in range(network.STATIONS)]
    branches = dict(Branch.objects.filter(code__in=codes).values_list("code", "pk"))
    stations = [branches[code] for code in codes]
    substations, feeders, areas = (highest(m._meta.db_table) + 1 for m in (Substation, Feeder, TransformerArea))
    _copy_lines(
        Substation._meta.db_table,
        "id code name_zh name_en branch_id",
        (
            f"{substations + s}\t{NUMBER}{codes[s]}\t{_place(s)[0]}变\t{_place(s)[1]}\t{stations[s]}"
            for s in range(network.STATIONS)
        ),
    )
    _copy_lines(
        Feeder._meta.db_table,
        "id code name_zh name_en substation_id",
        (
            f"{feeders + f}\t{NUMBER}F{f:04d}\t{_place(f % network.STATIONS)[0]}{f // network.STATIONS + 1}线"
            f"\t{_place(f % network.STATIONS)[1]} {f // network.STATIONS + 1}\t{substations + f % network.STATIONS}"
            for f in range(shape.feeders)
        ),
    )
    _copy_lines(
        TransformerArea._meta.db_table,
        "id code name_zh name_en feeder_id branch_id area_class",
        (
            f"{areas + a}\t{NUMBER}T{a:06d}\t{people.STREETS[a % 24]}{a // shape.feeders + 1}号台区"
            f"\tArea {a + 1}\t{feeders + a % shape.feeders}\t{stations[a % network.STATIONS]}"
            f"\t{network.area_class(a % network.STATIONS)}"
            for a in range(shape.areas)
        ),
    )
    _copy_customers(shape, seed, stations, areas, processes)
    return shape


def _place(station: int) -> tuple[str, str]:
    county_zh, county_en = network.COUNTY_NAMES[network.county_of(station)]
    name_zh, name_en = network.STATION_NAMES[station // network.COUNTIES]
    return f"{county_zh[:2]}{name_zh}", f"{county_en} {name_en}"


def _copy_customers(shape: network.Shape, seed: int, stations: list[int], areas: int, processes: int) -> None:
    """With several processes also what they are found by is made there, as far as triggers may be turned off."""
    is_unchecked = bool(processes) and _may_turn_off_triggers()
    supplied = Supplied(
        shape=shape,
        seed=seed,
        stations=stations,
        areas=areas,
        managers=list(staffing.account_managers().values_list("pk", flat=True)),
        first={
            model._meta.db_table: highest(model._meta.db_table) + 1 for model in (Customer, Premise, Account, Meter)
        },
        with_entries=is_unchecked,
    )
    stretches = _stretches(shape.customers)
    if is_unchecked:
        with _unchecked(True):
            indexes = [] if Customer.objects.exists() else _taken_off(list(COLUMNS))
            for made in _shared_out(supplied.rows, stretches, processes):
                _copy_all(COLUMNS, [made])
            _put_back(indexes)
        return
    with entries_written_once():
        for stretch in stretches:
            _copy_all(COLUMNS, [supplied.rows(stretch)])
            if stretch.start == 0:
                _count(*COLUMNS)


def _stretches(customers: int) -> Iterator[range]:
    start = 0
    for size in chain([FIRST_PIECE], repeat(PIECE)):
        if start >= customers:
            return
        yield range(start, min(customers, start + size))
        start += size


def _copy_issues(issues: list[Issue]) -> None:
    first = Feeder.objects.filter(code=f"{NUMBER}F0000").values_list("pk", flat=True).get()
    _copy_lines(
        ServiceIssue._meta.db_table,
        "id kind title branch_id feeder_id started_at expected_at restored_at cause created_at is_public",
        (
            rows.line(
                (
                    issue.id, issue.kind, issue.title, issue.branch, first + issue.feeder, written(issue.started),
                    written(issue.expected), rows.when(issue.ended), issue.cause, written(issue.started), "t",
                )
            )
            for issue in issues
        ),
    )  # fmt: skip
