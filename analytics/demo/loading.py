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

from django.db import connection, transaction
from django.utils import timezone

from analytics.demo import asking, inspections, network, people, rows, service, staffing
from analytics.demo.issues import Issue, issues_of
from analytics.demo.lives import Bases, Generator, Task
from analytics.demo.moments import moment_of, written
from analytics.demo.seasons import counts, days_between
from analytics.demo.world import World
from complaints.models import Complaint, ComplaintWords, ServiceIssue
from customers.models import Account, Customer, Feeder, Meter, Premise, SearchEntry, Substation, TransformerArea
from customers.models.search import entries_written_once
from staff.models import Branch, User

PART = 500
"""Complaints that are lived and copied together."""
MANY = 5000
"""From here on several processes are worth starting, and foreign keys are not checked row by row (see docs/decisions)."""
FIRST_PIECE, PIECE = 500, 20_000
"""Lines of the network and of customers that are copied together."""
TOKEN = "demo-"
"""Every made-up complaint's token begins with this, which is how they are told from real ones."""
NUMBER = "D"
"""Every made-up customer's number begins with this."""

Say = Callable[[int], None]


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
    processes = min(os.cpu_count() or 1, 4) if complaints >= MANY else 0
    with transaction.atomic():
        _lock()
        generator = founded(days=days, seed=seed, ending=ending, customers=customers)
        loaded = Loaded(customers=generator.shape.customers, issues=len(generator.all_issues))
        with _unchecked(complaints >= MANY), _bare(complaints >= MANY and not Complaint.objects.exists()):
            for batches in _gathered(_lived(generator, tasks(counts(generator.days, complaints)), processes)):
                for table, columns in rows.COLUMNS.items():
                    _copy(table, columns, b"".join(batch.rows[table] for batch in batches))
                loaded.add(batches)
                say(loaded.complaints)
            _analyze()  # or words are planned as if there were nothing, and take minutes
            _write_words(generator.bases.ids[Complaint._meta.db_table])
        _set_sequences(generator.bases.number + complaints)
        service.teach(seed=seed, ending=ending)
        asking.ask(Branch.objects.filter(parent__isnull=True).earliest("pk"), seed=seed, ending=ending)
        inspections.load(ending)
        staffing.send_away(ending)  # only now: deputies hear of what happens while somebody is away, not of the past
    _analyze()
    loaded.seconds = time.monotonic() - began
    return loaded


def founded(*, days: int, seed: int, ending: datetime, customers: int) -> Generator:
    """The utility itself, written where it is not there yet, ready to live complaints on the days before `ending`."""
    root = Branch.objects.filter(parent__isnull=True).order_by("pk").first()
    if root is None:
        raise NotADemo("no branch at all; load a profile first")
    last = timezone.localtime(ending).date()
    first = last - timedelta(days=days - 1)
    until = moment_of(ending.replace(microsecond=0))
    staffing.hire(root)
    shape = _network_and_customers(root, customers, seed)
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
        world, seed=seed, days=seasons, ending=until, shape=shape, bases=_bases(), issues=issues, stations=stations
    )


def tasks(per_day: list[int]) -> Iterator[Task]:
    number = 1
    for day, count in enumerate(per_day):
        for start in range(0, count, PART):
            stop = min(count, start + PART)
            yield Task(day, count, start, stop, number)
            number += stop - start


_GENERATOR: Generator | None = None
"""What forked processes inherit."""


def _collect_seldom() -> None:
    """A life is many small objects that go together; looking for garbage every 700 of them costs a quarter of the time."""
    gc.freeze()
    gc.set_threshold(200_000, 10, 10)


def _live(task: Task) -> rows.Batch:
    assert _GENERATOR is not None
    return _GENERATOR.live(task)


def _lived(generator: Generator, tasks: Iterable[Task], processes: int) -> Iterator[rows.Batch]:
    """Batches in order of time; never more than a few wait in memory."""
    if not processes:
        yield from map(generator.live, tasks)
        return
    global _GENERATOR
    _GENERATOR = generator
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_collect_seldom) as pool:
        waiting: deque[Future[rows.Batch]] = deque()
        for task in tasks:
            waiting.append(pool.submit(_live, task))
            if len(waiting) > 4 * processes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    _GENERATOR = None


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
            with connection.cursor() as cursor:
                cursor.execute(f'ANALYZE "{table}", "{SearchEntry._meta.db_table}"; DISCARD PLANS')


def _lock() -> None:
    """Nobody else writes these tables while ids are given out here; everybody may read."""
    tables = [*rows.COLUMNS, *(m._meta.db_table for m in (ServiceIssue, Customer, Premise, Account, Meter, User))]
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {', '.join(tables)} IN SHARE ROW EXCLUSIVE MODE")


@contextmanager
def _unchecked(wanted: bool) -> Iterator[None]:
    """Without the row-by-row check of foreign keys, where the database user may turn it off; every reference is made here."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        wanted = wanted and bool(cursor.fetchone()[0])
        if wanted:
            cursor.execute("SET LOCAL session_replication_role = replica")
        else:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = origin" if wanted else "SET CONSTRAINTS ALL DEFERRED")


@contextmanager
def _bare(wanted: bool) -> Iterator[None]:
    """Without secondary indexes, which are quicker made at once over all that was loaded. Readers wait as well meanwhile."""
    if not wanted:
        yield
        return
    tables = [*rows.COLUMNS, ComplaintWords._meta.db_table]
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
               WHERE NOT indisprimary AND indrelid = ANY(%s::regclass[]) ORDER BY indexrelid""",
            [tables],
        )
        indexes = cursor.fetchall()
        for name, _definition in indexes:
            cursor.execute(f"DROP INDEX {name}")
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
        for _name, definition in indexes:
            cursor.execute(definition)
        for table, name, definition in constraints:
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")


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


def _network_and_customers(root: Branch, customers: int, seed: int) -> network.Shape:
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
    with entries_written_once():
        _copy_people(shape, seed, stations, areas)
    return shape


def _place(station: int) -> tuple[str, str]:
    county_zh, county_en = network.COUNTY_NAMES[network.county_of(station)]
    name_zh, name_en = network.STATION_NAMES[station // network.COUNTIES]
    return f"{county_zh[:2]}{name_zh}", f"{county_en} {name_en}"


def _copy_people(shape: network.Shape, seed: int, stations: list[int], areas: int) -> None:
    first = {model: highest(model._meta.db_table) + 1 for model in (Customer, Premise, Account, Meter)}
    managers = list(staffing.account_managers().values_list("pk", flat=True))
    extra = [i for i in range(shape.customers) if people.has_second_account(i)]
    total = shape.customers + len(extra)

    def everyone() -> Iterator[people.Customer]:
        for i in range(shape.customers):
            station = i % network.STATIONS
            county = network.COUNTY_NAMES[network.county_of(station)][0]
            yield people.customer(i, seed, county=county, is_rural=network.area_class(station) != "urban")

    _copy_lines(
        Customer._meta.db_table,
        "id number kind name phone phone_digits email address language contact_method branch_id account_manager_id is_key"
        " is_vulnerable vulnerability do_not_contact",
        (
            rows.line(
                (
                    first[Customer] + c.position, f"{NUMBER}{c.position:09d}", c.kind, c.name, c.phone, c.phone, c.email,
                    c.address, c.language, c.contact_method, stations[c.position % network.STATIONS],
                    managers[c.position % len(managers)] if c.is_key and managers else None, c.is_key, bool(c.vulnerability),
                    c.vulnerability, c.do_not_contact,
                )
            )
            for c in everyone()
        ),
    )  # fmt: skip
    _copy_lines(
        Premise._meta.db_table,
        "id address transformer_area_id branch_id area_class",
        (
            f"{first[Premise] + n}\t{address}\t{areas + i % shape.areas}\t{stations[i % network.STATIONS]}"
            f"\t{network.area_class(i % network.STATIONS)}"
            for n, i, address in _premises(everyone(), extra, shape)
        ),
    )
    _copy_lines(
        Account._meta.db_table,
        "id number customer_id premise_id tariff opened_on",
        (
            f"{first[Account] + n}\t{7_000_000_000 + n}\t{first[Customer] + i}\t{first[Premise] + n}\t{_tariff(i)}"
            f"\t{2005 + people.mixed(i, 7) % 19}-{people.mixed(i, 8) % 12 + 1:02d}-15"
            for n, i in _accounts(extra, shape)
        ),
    )
    _copy_lines(
        Meter._meta.db_table,
        "id number account_id installed_on",
        (
            f"{first[Meter] + n}\tM{n:011d}\t{first[Account] + n}\t{2015 + people.mixed(n, 9) % 10}-06-01"
            for n in range(total)
        ),
    )


def _premises(
    everyone: Iterator[people.Customer], extra: list[int], shape: network.Shape
) -> Iterator[tuple[int, int, str]]:
    for who in everyone:
        yield who.position, who.position, who.address
    for number, index in enumerate(extra, start=shape.customers):
        county = network.COUNTY_NAMES[network.county_of(index % network.STATIONS)][0]
        yield number, index, f"{county}{people.STREETS[index % 24]}{index % 97 + 1}号商铺"


def _accounts(extra: list[int], shape: network.Shape) -> Iterator[tuple[int, int]]:
    yield from ((i, i) for i in range(shape.customers))
    yield from enumerate(extra, start=shape.customers)


def _tariff(index: int) -> str:
    return ["居民生活用电", "居民生活用电", "居民生活用电", "居民峰谷电价", "一般工商业用电"][
        people.mixed(index, 6) % 5
    ]


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
