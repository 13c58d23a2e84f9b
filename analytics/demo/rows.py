"""Rows as the text that PostgreSQL's COPY reads."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from analytics.demo.moments import SECOND, Moment, written
from analytics.demo.people import mixed

if TYPE_CHECKING:
    from analytics.demo.record import Record

NULL = "\\N"
MICROSECONDS = 1_000_000 // SECOND
"""In the unit of a Moment."""

_COLUMNS = {
    "complaints_complaint": (
        "id reference token version request_type category_id subcategory_id severity priority flags channel source"
        " source_reference channel_details external_due_at branch_id team_id assignee_id entered_by_id customer_id"
        " account_id premise_id transformer_area_id area_class contact_name contact_phone contact_email"
        " contact_address contact_method language is_anonymous is_confidential story remedy_sought place occurred_at"
        " answers received_at entered_at status dispatched_at contacted_at arrived_at restored_at"
        " cause_removed_at resolved_at closed_at outcome"
        " responsibility root_cause_id resolution referred_to merged_into_id service_issue_id urged_count"
        " reopened_count transferred_count returned_count escalated_count next_due_at next_due_clock breached_at"
    ),
    "complaints_event": (
        "id complaint_id number move from_status to_status at recorded_at role user_id actor_name details salt hash"
    ),
    "complaints_clock": (
        "id complaint_id kind tier round revision policy_id calendar_id limit statistic is_pausable extension warn escalate"
        " state started_at due_at paused_at pause_reason pause_ends_at extended_at stopped_at breached_at paused_for is_excused"
    ),
    "complaints_ledgerentry": "id clock_id number action at event_id limit calendar_id due_at until reason",
    "complaints_alarm": "id clock_id complaint_id revision level fire_at settled_at event_id",
    "complaints_notice": (
        "id uuid complaint_id event_id code medium address is_to_customer language subject body state attempts"
        " next_try_at sent_at error created_at"
    ),
    "complaints_feedback": (
        "id complaint_id round token asked_at answered_at answered_by solved score attitude comment recorded_by_id"
        " verdict rating attitude_rating"
    ),
    "channels_intake_inboundrecord": "id channel source external_id received_at recorded_at payload complaint_id",
}
COLUMNS = {table: columns.split() for table, columns in _COLUMNS.items()}
"""Tables in the order in which they are written, so that what is pointed at is there first."""

MOST_PER_COMPLAINT = {
    "complaints_complaint": 1,
    "complaints_event": 120,
    "complaints_clock": 40,
    "complaints_ledgerentry": 120,
    "complaints_alarm": 250,
    "complaints_notice": 250,
    "complaints_feedback": 10,
    "channels_intake_inboundrecord": 1,
}
"""How many primary keys are set aside for each complaint, so that two processes never give the same one."""

VERDICTS = {None: "", True: "yes", False: "no"}

_to_json = json.JSONEncoder(ensure_ascii=False).encode
_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"})


def plain(text: str) -> str:
    """A text as COPY reads it."""
    return text.translate(_ESCAPES) if "\\" in text or "\n" in text or "\t" in text or "\r" in text else text


def as_jsonb(value: Any) -> str:
    """As PostgreSQL writes a `jsonb`: shorter keys first, those of one length by their bytes. Raises TypeError for floats."""
    if isinstance(value, float):
        raise TypeError(f"{value!r}: PostgreSQL writes it in its own way")
    if isinstance(value, dict):
        keys = sorted((len(raw := key.encode()), raw, key) for key in value)
        return "{" + ", ".join([f"{_to_json(key)}: {as_jsonb(value[key])}" for _length, _raw, key in keys]) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join([as_jsonb(one) for one in value]) + "]"
    return _to_json(value)


def when(moment: Moment | None) -> str:
    return NULL if moment is None else written(moment)


def line(values: Iterable[Any]) -> str:
    """One row; texts must already be `plain`, moments `written`."""
    return "\t".join([_cell(value) for value in values])


def _cell(value: Any) -> str:
    if value is None:
        return NULL
    if value is True:
        return "t"
    if value is False:
        return "f"
    return str(value)


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows for COPY, by table, and what they come to."""

    complaints: int
    rows: dict[str, bytes]
    by_status: Counter[str]
    overdue: int


class Writer:
    """Turns lived complaints into rows; ids are counted up from each complaint's own share of numbers."""

    def __init__(self, bases: dict[str, int]) -> None:
        self._bases = bases
        self._lines: dict[str, list[str]] = {table: [] for table in COLUMNS}
        self._records: list[Record] = []

    def write(self, index: int, record: Record, fields: dict[str, Any], ending: Moment) -> None:
        first = {table: self._bases[table] + index * most for table, most in MOST_PER_COMPLAINT.items()}
        self._records.append(record)
        self._lines["complaints_complaint"].append(self._complaint(record, fields))
        self._events(record)
        self._clocks(record, first)
        self._alarms(record, first)
        self._notices(record, first, ending)
        self._feedback(record, first)
        self._lines["channels_intake_inboundrecord"].append(
            f"{first['channels_intake_inboundrecord']}\t{record.channel}\t{record.source}\t{record.token}\t"
            f"{written(record.received)}\t{written(record.entered)}\t{{}}\t{record.id}"
        )

    def batch(self, ending: Moment) -> Batch:
        unfinished = [record for record in self._records if record.status != "closed"]
        return Batch(
            complaints=len(self._records),
            rows={table: "".join([f"{one}\n" for one in lines]).encode() for table, lines in self._lines.items()},
            by_status=Counter(record.status for record in self._records),
            overdue=sum(1 for record in unfinished if record.next_due is not None and record.next_due < ending),
        )

    def _complaint(self, r: Record, fields: dict[str, Any]) -> str:
        return line(
            (
                r.id, r.reference, r.token, r.version, r.request_type, r.kind.category_id, r.kind.id, r.severity, r.priority,
                "{" + ",".join(fields["flags"]) + "}", r.channel, r.source, fields["source_reference"], "{}",
                when(r.external_due), r.branch, r.team.id if r.team else None, r.assignee.id if r.assignee else None,
                fields["entered_by"].id, fields["customer"], fields["account"], fields["premise"], fields["area_id"], r.area,
                r.contact_name, r.phone, r.email, fields["address"], r.contact_method, r.language, False, False,
                plain(fields["story"]), fields["remedy"], fields["place"], when(fields["occurred"]), "{}", written(r.received),
                written(r.entered), r.status, when(r.dispatched), when(r.contacted), when(r.arrived), when(r.restored),
                when(r.cause_removed), when(r.resolved), when(r.closed), r.outcome, r.responsibility,
                r.root_cause.id if r.root_cause else None, plain(r.resolution), r.referred_to,
                r.merged_into.id if r.merged_into else None, r.service_issue.id if r.service_issue else None, r.urged,
                r.reopened, r.transferred, r.returned, r.escalated, when(r.next_due), r.next_due_clock, when(r.breached),
            )
        )  # fmt: skip

    def _events(self, r: Record) -> None:
        """With their chain as the database would make it (docs/decisions/0026-history-chain.md), only sooner."""
        add, chained = self._lines["complaints_event"].append, b""
        for e in r.events:
            by, details, salt = e.by, as_jsonb(e.details), _uuid(e.id)
            user = "" if by.id is None else by.id
            said = sha256(bytes.fromhex(salt.replace("-", "")) + f"{by.text}\x1f{details}".encode()).digest()
            header = (
                f"{r.id}|{e.number}|{e.move}|{e.from_status}|{e.to_status}|{e.at * MICROSECONDS}|{e.recorded * MICROSECONDS}"
                f"|{by.role}|{user}"
            )
            chained = sha256(chained + header.encode() + said).digest()
            add(
                f"{e.id}\t{r.id}\t{e.number}\t{e.move}\t{e.from_status}\t{e.to_status}\t{written(e.at)}\t{written(e.recorded)}"
                f"\t{by.role}\t{user or NULL}\t{by.text}\t{plain(details)}\t{salt}\t\\\\x{chained.hex()}"
            )

    def _clocks(self, r: Record, first: dict[str, int]) -> None:
        add, enter = self._lines["complaints_clock"].append, self._lines["complaints_ledgerentry"].append
        entry = first["complaints_ledgerentry"]
        for c in r.clocks:
            t, id = c.terms, first["complaints_clock"] + c.order
            policy = NULL if t.policy_id is None else t.policy_id
            calendar = NULL if t.calendar_id is None else t.calendar_id
            add(
                f"{id}\t{r.id}\t{t.kind}\t{t.tier}\t{c.round}\t{c.revision}\t{policy}\t{calendar}\t{t.limit_text}"
                f"\t{t.statistic}\t{'t' if t.is_pausable else 'f'}\t{t.extension}\t{t.warn_json}\t{t.escalate_json}\t{c.state}"
                f"\t{written(c.started)}\t{when(c.due)}\t{when(c.paused)}\t{c.pause_reason}\t{when(c.pause_ends)}"
                f"\t{when(c.extended_at)}\t{when(c.stopped)}"
                f"\t{when(c.breached)}\t{c.paused_for / SECOND} seconds\tf"
            )
            for e in c.ledger:
                limit, calendar = ("", NULL) if e.span is None else (e.span.limit_text, e.span.calendar_id or NULL)
                enter(
                    f"{entry}\t{id}\t{e.number}\t{e.action}\t{written(e.at)}\t{e.event}\t{limit}\t{calendar}\t{when(e.due)}"
                    f"\t{when(e.until)}\t{e.reason}"
                )
                entry += 1

    def _alarms(self, r: Record, first: dict[str, int]) -> None:
        add, base, clocks = self._lines["complaints_alarm"].append, first["complaints_alarm"], first["complaints_clock"]
        for a in r.alarms:
            event = NULL if a.event is None else a.event
            add(
                f"{base + a.order}\t{clocks + a.clock.order}\t{r.id}\t{a.revision}\t{a.level}\t{written(a.fires)}"
                f"\t{when(a.settled)}\t{event}"
            )

    def _notices(self, r: Record, first: dict[str, int], ending: Moment) -> None:
        add = self._lines["complaints_notice"].append
        for id, n in enumerate(r.notices, start=first["complaints_notice"]):
            queued = written(n.queued)
            add(
                f"{id}\t{_uuid(id)}\t{r.id}\t{n.event}\t{n.code}\t{n.medium}\t{n.address}\t{'t' if n.is_to_customer else 'f'}"
                f"\t{n.language}\t{n.subject}\t{n.body}\tsent\t1\t{queued}\t{written(min(n.sent, ending))}\t\t{queued}"
            )

    def _feedback(self, r: Record, first: dict[str, int]) -> None:
        for id, q in enumerate(r.feedback, start=first["complaints_feedback"]):
            self._lines["complaints_feedback"].append(
                line(
                    (
                        id, r.id, q.round, q.token, written(q.asked_at), when(q.answered_at), q.answered_by, q.solved, q.score,
                        q.attitude, plain(q.comment), q.recorded_by, VERDICTS[q.solved], q.score, q.attitude,
                    )
                )
            )  # fmt: skip


def _uuid(number: int) -> str:
    """A well-mixed UUID of version 8 (RFC 9562: made by a rule of one's own)."""
    high, low = mixed(number, 1), mixed(number, 2)
    text = f"{high:016x}{low:016x}"
    return f"{text[:8]}-{text[8:12]}-8{text[13:16]}-a{text[17:20]}-{text[20:]}"
