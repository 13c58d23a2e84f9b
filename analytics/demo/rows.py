"""Rows as the text that PostgreSQL's COPY reads."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from analytics.demo import found_by
from analytics.demo.moments import SECOND, Moment, written
from analytics.demo.people import mixed

if TYPE_CHECKING:
    from analytics.demo.lives import Life, Member
    from analytics.demo.record import EventLine

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

WORDS = {"complaints_complaintwords": ["complaint_id", "received_at", "text", "words"]}
"""What complaints are found by; only where no trigger writes it."""

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
    """Turns lived complaints into rows; ids are counted up from each complaint's own share of numbers.

    What the members of a life have in common is written out once, and filled in for each of them.
    """

    def __init__(self, bases: dict[str, int], *, with_words: bool = False) -> None:
        self._bases, self._with_words = bases, with_words
        self._lines: dict[str, list[str]] = {table: [] for table in COLUMNS | WORDS}
        self._complaints = self._overdue = 0
        self._by_status: Counter[str] = Counter()

    def write(self, life: Life, ending: Moment) -> None:
        record, members = life.record, life.members
        self._complaints += len(members)
        self._by_status[record.status] += len(members)
        if record.status != "closed" and record.next_due is not None and record.next_due < ending:
            self._overdue += len(members)
        self._complaint(life)
        self._events(life)
        self._clocks(life)
        self._alarms(life)
        self._notices(life, ending)
        self._feedback(life)
        self._inbound(life)
        if self._with_words:
            self._words(life)

    def batch(self) -> Batch:
        return Batch(
            complaints=self._complaints,
            rows={table: "".join([f"{one}\n" for one in lines]).encode() for table, lines in self._lines.items()},
            by_status=self._by_status,
            overdue=self._overdue,
        )

    def _first(self, table: str, member: Member) -> int:
        """The first number of the member's share."""
        return self._bases[table] + member.index * MOST_PER_COMPLAINT[table]

    def _shift(self, table: str, life: Life, member: Member) -> int:
        """How far the member's numbers are from those in the record."""
        return (member.index - life.members[0].index) * MOST_PER_COMPLAINT[table]

    def _complaint(self, life: Life) -> None:
        r, add = life.record, self._lines["complaints_complaint"].append
        fields = life.members[0].fields
        facts = line(
            (
                r.version, r.request_type, r.kind.category_id, r.kind.id, r.severity, r.priority,
                "{" + ",".join(fields["flags"]) + "}", r.channel, r.source,
            )
        )  # fmt: skip
        people = line(
            (
                "{}", when(r.external_due), r.branch, r.team.id if r.team else None, r.assignee.id if r.assignee else None,
                fields["entered_by"].id,
            )
        )  # fmt: skip
        course = line(
            (
                "{}", written(r.received), written(r.entered), r.status, when(r.dispatched), when(r.contacted), when(r.arrived),
                when(r.restored), when(r.cause_removed), when(r.resolved), when(r.closed), r.outcome, r.responsibility,
                r.root_cause.id if r.root_cause else None, plain(r.resolution), r.referred_to,
            )
        )  # fmt: skip
        counted = line(
            (
                r.service_issue.id if r.service_issue else None, r.urged, r.reopened, r.transferred, r.returned, r.escalated,
                when(r.next_due), r.next_due_clock, when(r.breached),
            )
        )  # fmt: skip
        for number, m in enumerate(life.members):
            f = m.fields
            merged_into = self._first("complaints_complaint", life.originals[number]) if life.originals else NULL
            add(
                f"{self._first('complaints_complaint', m)}\t{m.reference}\t{m.token}\t{facts}\t{f['source_reference']}\t{people}"
                f"\t{f['customer']}\t{f['account']}\t{f['premise']}\t{f['area_id']}\t{r.area}\t{f['contact_name']}\t{f['phone']}"
                f"\t{f['email']}\t{f['address']}\t{f['contact_method']}\t{r.language}\tf\tf\t{plain(f['story'])}\t{f['remedy']}"
                f"\t{f['place']}\t{when(f['occurred'])}\t{course}\t{merged_into}\t{counted}"
            )

    def _events(self, life: Life) -> None:
        """With their chain as the database would make it (docs/decisions/0026-history-chain.md), only sooner."""
        add = self._lines["complaints_event"].append
        told = [_event(e) for e in life.record.events]
        merged = next((e for e in life.record.events if "into" in e.details), None) if life.originals else None
        for number, m in enumerate(life.members):
            complaint, chained = self._first("complaints_complaint", m), b""
            shift, who = self._shift("complaints_event", life, m), str(complaint).encode()
            for e, header, row, salted, details in told:
                id, salt = e.id + shift, _uuid(e.id + shift)
                if e is merged:
                    original = life.originals[number]
                    into = {"id": self._first("complaints_complaint", original), "text": original.reference}
                    said = as_jsonb({**e.details, "into": into})
                    salted, details = f"{e.by.text}\x1f{said}".encode(), plain(said)
                said_hash = sha256(bytes.fromhex(salt.replace("-", "")) + salted).digest()
                chained = sha256(chained + who + header + said_hash).digest()
                add(f"{id}\t{complaint}{row}\t{details}\t{salt}\t\\\\x{chained.hex()}")

    def _clocks(self, life: Life) -> None:
        add, enter = self._lines["complaints_clock"].append, self._lines["complaints_ledgerentry"].append
        clocks, entries = [], []
        for c in life.record.clocks:
            t = c.terms
            policy = NULL if t.policy_id is None else t.policy_id
            calendar = NULL if t.calendar_id is None else t.calendar_id
            clocks.append(
                f"\t{t.kind}\t{t.tier}\t{c.round}\t{c.revision}\t{policy}\t{calendar}\t{t.limit_text}"
                f"\t{t.statistic}\t{'t' if t.is_pausable else 'f'}\t{t.extension}\t{t.warn_json}\t{t.escalate_json}\t{c.state}"
                f"\t{written(c.started)}\t{when(c.due)}\t{when(c.paused)}\t{c.pause_reason}\t{when(c.pause_ends)}"
                f"\t{when(c.extended_at)}\t{when(c.stopped)}"
                f"\t{when(c.breached)}\t{c.paused_for / SECOND} seconds\tf"
            )
            for e in c.ledger:
                limit, calendar = ("", NULL) if e.span is None else (e.span.limit_text, e.span.calendar_id or NULL)
                entries.append(
                    (
                        c.order,
                        f"\t{e.number}\t{e.action}\t{written(e.at)}\t",
                        e.event,
                        f"\t{limit}\t{calendar}\t{when(e.due)}\t{when(e.until)}\t{e.reason}",
                    )
                )
        orders = [c.order for c in life.record.clocks]
        for m in life.members:
            complaint, first = self._first("complaints_complaint", m), self._first("complaints_clock", m)
            for order, row in zip(orders, clocks, strict=True):
                add(f"{first + order}\t{complaint}{row}")
            shift = self._shift("complaints_event", life, m)
            for id, (order, row, event, rest) in enumerate(entries, start=self._first("complaints_ledgerentry", m)):
                enter(f"{id}\t{first + order}{row}{event + shift}{rest}")

    def _alarms(self, life: Life) -> None:
        add = self._lines["complaints_alarm"].append
        alarms = [
            (a.order, a.clock.order, f"\t{a.revision}\t{a.level}\t{written(a.fires)}\t{when(a.settled)}\t", a.event)
            for a in life.record.alarms
        ]
        for m in life.members:
            first, clocks = self._first("complaints_alarm", m), self._first("complaints_clock", m)
            complaint, shift = self._first("complaints_complaint", m), self._shift("complaints_event", life, m)
            for order, clock, row, event in alarms:
                rung = NULL if event is None else event + shift
                add(f"{first + order}\t{clocks + clock}\t{complaint}{row}{rung}")

    def _notices(self, life: Life, ending: Moment) -> None:
        r, add = life.record, self._lines["complaints_notice"].append
        notices = []
        for n in r.notices:
            queued = written(n.queued)
            notices.append(
                (
                    n,
                    f"\t{'t' if n.is_to_customer else 'f'}\t{n.language}\t",
                    f"\tsent\t1\t{queued}\t{written(min(n.sent, ending))}\t\t{queued}",
                )
            )
        for number, m in enumerate(life.members):
            complaint, shift = self._first("complaints_complaint", m), self._shift("complaints_event", life, m)
            own = {"email": m.fields["email"], "sms": m.fields["phone"], "letter": m.fields["address"]}
            names = [(r.reference, m.reference), (r.token, m.token), (r.contact_name, m.fields["contact_name"])]
            if r.merged_into is not None:
                names.append((r.merged_into.reference, life.originals[number].reference))
            names = [(common, ours) for common, ours in names if common != ours]
            for id, (n, before, after) in enumerate(notices, start=self._first("complaints_notice", m)):
                text = f"{n.subject}\t{n.body}"
                for common, ours in names:
                    text = text.replace(common, ours)
                add(
                    f"{id}\t{_uuid(id)}\t{complaint}\t{n.event + shift}\t{n.code}\t{n.medium}"
                    f"\t{own[n.medium] if n.is_to_customer else n.address}{before}{text}{after}"
                )

    def _feedback(self, life: Life) -> None:
        add = self._lines["complaints_feedback"].append
        answers = [
            line(
                (
                    written(q.asked_at), when(q.answered_at), q.answered_by, q.solved, q.score, q.attitude, plain(q.comment),
                    q.recorded_by, VERDICTS[q.solved], q.score, q.attitude,
                )
            )
            for q in life.record.feedback
        ]  # fmt: skip
        rounds = [q.round for q in life.record.feedback]
        for m in life.members:
            complaint, first = self._first("complaints_complaint", m), self._first("complaints_feedback", m)
            for id, (round, answer) in enumerate(zip(rounds, answers, strict=True), start=first):
                add(f"{id}\t{complaint}\t{round}\t{m.token}{round}\t{answer}")

    def _inbound(self, life: Life) -> None:
        r, add = life.record, self._lines["channels_intake_inboundrecord"].append
        for m in life.members:
            add(
                f"{self._first('channels_intake_inboundrecord', m)}\t{r.channel}\t{r.source}\t{m.token}\t"
                f"{written(r.received)}\t{written(r.entered)}\t{{}}\t{self._first('complaints_complaint', m)}"
            )

    def _words(self, life: Life) -> None:
        add, r = self._lines["complaints_complaintwords"].append, life.record
        later = found_by.said_later(r.events)
        for m in life.members:
            text, words = found_by.row(m, r.branch, later)
            add(f"{self._first('complaints_complaint', m)}\t{written(r.received)}\t{plain(text)}\t{words}")


def _event(e: EventLine) -> tuple[EventLine, bytes, str, bytes, str]:
    """An event, and of its header, its row, what is salted and its details what is the same for every member."""
    by, user, details = e.by, "" if e.by.id is None else e.by.id, as_jsonb(e.details)
    moments = f"{e.at * MICROSECONDS}|{e.recorded * MICROSECONDS}"
    header = f"|{e.number}|{e.move}|{e.from_status}|{e.to_status}|{moments}|{by.role}|{user}"
    row = (
        f"\t{e.number}\t{e.move}\t{e.from_status}\t{e.to_status}\t{written(e.at)}\t{written(e.recorded)}"
        f"\t{by.role}\t{user or NULL}\t{by.text}"
    )
    return e, header.encode(), row, f"{by.text}\x1f{details}".encode(), plain(details)


def _uuid(number: int) -> str:
    """A well-mixed UUID of version 8 (RFC 9562: made by a rule of one's own)."""
    high, low = mixed(number, 1), mixed(number, 2)
    text = f"{high:016x}{low:016x}"
    return f"{text[:8]}-{text[8:12]}-8{text[13:16]}-a{text[17:20]}-{text[20:]}"
