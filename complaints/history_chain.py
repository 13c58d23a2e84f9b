"""Whether the history is what was written: chains of hashes per complaint, and seals over all of them.

The database writes the chains (migration 0040). This module seals them and finds the first fault of each. A fault is told by
complaint and number and what is wrong; what the hashes are made of is in docs/decisions/0026-history-chain.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _

from complaints import database_clock, history_told
from complaints.models import Complaint, Event, HistoryCheck, HistorySeal

BATCH = 5_000
"""Complaints looked at in one statement."""
SWEPT = 50_000
"""Old complaints looked at each night beside those that changed, so that all are looked at in turn."""
HOUR = 4
SHOWN = 100
SEAL_EVERY = timedelta(minutes=10)
SEALS_LOOKED_AT = 2_000
"""Seals looked at each night beside the new ones: those of about two weeks."""
WHAT: dict[str, LazyText | str] = {
    "changed": _("an event was changed"),
    "gap": _("an event is missing"),
    "cut": _("the newest events are missing"),
    "emptied": _("words were taken from an event and no erasure says so"),
    "seal": _("events that were sealed are missing or were changed"),
}

CHAINS = """
WITH chained AS (
    SELECT e.complaint_id, e.number, e.move, e.hash, e.content_hash, e.details, e.actor_name,
           complaints_chain(complaints_event_content(e)) OVER one AS right_hash,
           row_number() OVER one AS place
    FROM complaints_event e WHERE e.complaint_id = ANY(%(ids)s)
    WINDOW one AS (PARTITION BY e.complaint_id ORDER BY e.number)
), wrong AS (
    SELECT complaint_id, number, CASE WHEN place <> number THEN 'gap' ELSE 'changed' END AS what
    FROM chained WHERE place <> number OR hash <> right_hash
    UNION ALL
    SELECT c.id, coalesce(max(e.number), 0) + 1, 'cut' FROM complaints_complaint c
    LEFT JOIN chained e ON e.complaint_id = c.id WHERE c.id = ANY(%(ids)s)
    GROUP BY c.id HAVING c.version <> coalesce(max(e.number), 0)
    UNION ALL
    SELECT e.complaint_id, min(e.number), 'emptied' FROM chained e
    WHERE e.content_hash IS NOT NULL GROUP BY e.complaint_id
    HAVING complaints_remains(e.complaint_id) IS DISTINCT FROM (
        SELECT said.details->>'remains' FROM chained said
        WHERE said.complaint_id = e.complaint_id AND said.move = 'erase' ORDER BY said.number DESC LIMIT 1)
), firsts AS (
    SELECT DISTINCT ON (complaint_id) complaint_id, number, what FROM wrong ORDER BY complaint_id, number, what
)
SELECT (SELECT count(*) FROM chained), f.complaint_id, f.number, f.what, c.reference
FROM (VALUES (1)) always LEFT JOIN firsts f ON true LEFT JOIN complaints_complaint c ON c.id = f.complaint_id
ORDER BY f.complaint_id
"""
DIGEST = """
SELECT count(*), sha256(%(before)s::bytea || complaints_chain(hash))
FROM (SELECT hash FROM complaints_event WHERE id > %(after)s AND id <= %(upto)s ORDER BY id) sealed
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """`number` is the first event that is not as it was written; 0 where a seal is meant, which `of` names."""

    of: str
    number: int
    what: str

    def __str__(self) -> str:
        return f"{self.of} {self.number}: {self.what}" if self.number else f"{self.of}: {self.what}"


@dataclass
class Looked:
    """What was gone through, and what was found."""

    chains: int = 0
    events: int = 0
    seals: int = 0
    faults: list[Fault] = field(default_factory=list)


# sealing


def seal() -> HistorySeal | None:
    """Seal what is new, when the last seal is old enough. None where nothing is to be sealed, or writers are still at it.

    A seal that could not be filled in, because a transaction was under way, is filled in by a later turn.
    """
    if not HistorySeal.objects.filter(sealed_at=None).exists():
        _note()
    return _fill_in()


def _note() -> None:
    """Say up to where the next seal reaches: no higher key has been given out, and whoever holds a lower one began before.

    A writer of events has locked or written its complaint before it takes a key, so it has the number of its transaction by
    then, and a lower one than this transaction, which gets its own now. (The `xmax` of a snapshot would not do: it is the
    first number after the newest transaction that has *ended*, and writers under way may have higher ones.)
    """
    newest = HistorySeal.objects.first()
    now = database_clock.now()
    if newest is not None and now - newest.at < SEAL_EVERY:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('complaints_event', 'id')), 0)")
        upto = cursor.fetchone()[0]
        if upto <= (newest.upto if newest else 0):
            return
        cursor.execute(
            """INSERT INTO complaints_historyseal (at, upto, horizon, events, digest)
               SELECT %s, %s, pg_current_xact_id()::text::bigint, 0, '' ON CONFLICT DO NOTHING""",
            [now, upto],
        )


@transaction.atomic
def _fill_in() -> HistorySeal | None:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT id FROM complaints_historyseal WHERE sealed_at IS NULL
               AND (horizon <= pg_snapshot_xmin(pg_current_snapshot())::text::bigint
                    OR horizon > pg_snapshot_xmax(pg_current_snapshot())::text::bigint)  -- noted in another cluster
               FOR UPDATE SKIP LOCKED"""
        )
        found = cursor.fetchone()
    if found is None:
        return None
    made = HistorySeal.objects.get(pk=found[0])
    made.events, made.digest = _digest(made, _before(made))
    made.sealed_at = database_clock.now()
    made.save()
    return made


def _before(seal: HistorySeal) -> HistorySeal | None:
    return HistorySeal.objects.filter(pk__lt=seal.pk).first()


def _digest(seal: HistorySeal, before: HistorySeal | None) -> tuple[int, bytes]:
    """How many events it covers, and the digest over them as they are now."""
    with connection.cursor() as cursor:
        cursor.execute(
            DIGEST,
            {
                "before": bytes(before.digest) if before else b"",
                "after": before.upto if before else 0,
                "upto": seal.upto,
            },
        )
        count, digest = cursor.fetchone()
    return count, bytes(digest)


# looking


def look_at_chains(ids: list[int], found: Looked) -> None:
    """Go through the chains of these complaints; the first fault of each is added."""
    with connection.cursor() as cursor:
        cursor.execute(CHAINS, {"ids": ids})
        rows = cursor.fetchall()
    found.chains += len(ids)
    found.events += rows[0][0]
    found.faults += [Fault(reference or f"#{pk}", number, what) for _n, pk, number, what, reference in rows if pk]


def look_at_seals(seals: Iterator[HistorySeal], found: Looked) -> None:
    for one in seals:
        found.seals += 1
        events, digest = _digest(one, _before(one))
        if (events, digest) != (one.events, bytes(one.digest)):
            found.faults.append(Fault(str(one), 0, "seal"))


def everything(since: datetime | None = None) -> Iterator[Looked]:
    """Look at everything, or at the complaints with events written since; gives what is known so far after each batch."""
    found = Looked()
    last, complaints = 0, Complaint.objects.order_by("pk").values_list("pk", flat=True)
    if since is not None:
        complaints = complaints.filter(pk__in=Event.objects.filter(recorded_at__gte=since).values("complaint"))
    while ids := list(complaints.filter(pk__gt=last)[:BATCH]):
        look_at_chains(ids, found)
        last = ids[-1]
        yield found
    seals = HistorySeal.objects.filter(sealed_at__isnull=False).order_by("pk")
    look_at_seals((seals.filter(at__gte=since) if since else seals).iterator(), found)
    yield found


# every night


def nightly() -> HistoryCheck | None:
    """Look when this night nobody has; after an outage at the next chance. None when it was done."""
    now = timezone.localtime(database_clock.now())
    night = now.replace(hour=HOUR, minute=0, second=0, microsecond=0)
    due = night if now >= night else night - timedelta(days=1)
    return None if HistoryCheck.objects.filter(at__gte=due).exists() else check()


def check() -> HistoryCheck:
    """Look at the chains that grew since the last check, at those it found broken, at the next of the others, and at seals.

    What was broken is looked at again each time, so that nobody is told that all is well because others had their turn.
    """
    at, found, last = database_clock.now(), Looked(), HistoryCheck.objects.first()
    after, swept = (last.upto, last.swept_to) if last else (0, 0)
    upto = newest()
    grown = Event.objects.filter(pk__gt=after, pk__lte=upto).order_by().values_list("complaint", flat=True).distinct()
    others = list(Complaint.objects.filter(pk__gt=swept).order_by("pk").values_list("pk", flat=True)[:SWEPT])
    references = [one["of"] for one in last.findings] if last else []
    broken = Complaint.objects.filter(reference__in=references).values_list("pk", flat=True)
    wanted = sorted({*others, *grown, *broken})
    for start in range(0, len(wanted), BATCH):
        look_at_chains(wanted[start : start + BATCH], found)
    sealed = HistorySeal.objects.filter(sealed_at__isnull=False)
    look_at_seals(iter(sealed[:SEALS_LOOKED_AT]), found)
    return keep(found, at=at, upto=upto, swept_to=others[-1] if len(others) == SWEPT else 0)


@transaction.atomic
def keep(found: Looked, *, at: datetime, upto: int, swept_to: int = 0) -> HistoryCheck:
    """Keep what was found, and tell those who must know what nobody had heard of."""
    before = HistoryCheck.objects.first()
    findings = [asdict(one) for one in found.faults[:SHOWN]]
    if unheard := history_told.unheard_of(findings, before):
        history_told.tell(at, unheard)
    return HistoryCheck.objects.create(
        at=at,
        finished_at=database_clock.now(),
        upto=upto,
        swept_to=swept_to,
        chains=found.chains,
        events=found.events,
        seals=found.seals,
        faults=len(found.faults),
        findings=findings,
    )


def newest() -> int:
    """The key of the newest event; 0 where there is none."""
    return Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def is_broken() -> int:
    """How many faults the last check found."""
    last = HistoryCheck.objects.first()
    return last.faults if last else 0
