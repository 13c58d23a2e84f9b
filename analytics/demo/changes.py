"""What each move changes on a lived complaint itself, as `complaints.effects` does on a stored one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from analytics.demo.moments import Moment
from analytics.demo.world import Person
from complaints.models import SEVERITY_LADDER, Severity
from complaints.states import Status

if TYPE_CHECKING:
    from analytics.demo.record import Record

Details = dict[str, Any]


def _dispatch(record: Record, details: Details, by: Person, at: Moment) -> None:
    record.team, record.assignee = details["team"], details.get("assignee")
    record.dispatched = record.dispatched or at


def _transfer(record: Record, details: Details, by: Person, at: Moment) -> None:
    _dispatch(record, details, by, at)
    record.transferred += 1


def _accept(record: Record, details: Details, by: Person, at: Moment) -> None:
    record.assignee = by


def _return(record: Record, details: Details, by: Person, at: Moment) -> None:
    record.assignee = None
    record.returned += 1


def _assign(record: Record, details: Details, by: Person, at: Moment) -> None:
    record.assignee = details["assignee"]


def _contact(record: Record, details: Details, by: Person, at: Moment) -> None:
    if details["reached"] and record.contacted is None:
        record.contacted = min(details.get("contacted_at") or at, at)


def _arrive(record: Record, details: Details, by: Person, at: Moment) -> None:
    record.arrived = details.get("arrived_at") or at


def _restore(record: Record, details: Details, by: Person, at: Moment) -> None:
    record.restored = details.get("restored_at") or at


def _strike_off(record: Record, details: Details, by: Person, at: Moment) -> None:
    record.cause_removed = at


def _answer(record: Record, details: Details, by: Person, at: Moment) -> None:
    record.outcome, record.root_cause = details["outcome"], details["root_cause"]
    record.resolution, record.responsibility = details["resolution"], details.get("responsibility") or ""
    if record.status == Status.RESOLVED:
        record.resolved = at


def _approve(record: Record, details: Details, by: Person, at: Moment) -> None:
    record.resolved = at


def _reopen(record: Record, details: Details, by: Person, at: Moment) -> None:
    record.outcome, record.resolved, record.closed = "", None, None
    record.reopened += 1


def _merge(record: Record, details: Details, by: Person, at: Moment) -> None:
    record.outcome, record.merged_into = "duplicate", details["into"]


def _urge(record: Record, details: Details, by: Person, at: Moment) -> None:
    record.urged += 1
    if record.urged == record.world.desk.urgings_raise_severity:
        rung = SEVERITY_LADDER.index(Severity(record.severity))
        record.severity = SEVERITY_LADDER[min(rung + 1, len(SEVERITY_LADDER) - 1)].value


def _escalate(record: Record, details: Details, by: Person, at: Moment) -> None:
    record.escalated += 1


def _recategorise(record: Record, details: Details, by: Person, at: Moment) -> None:
    record.kind = details["subcategory"]
    record.priority = min(record.priority, record.kind.priority)
    record.request_type = record.kind.request_type or record.request_type


def _prioritise(record: Record, details: Details, by: Person, at: Moment) -> None:
    record.priority = details["priority"]
    record.severity = details.get("severity") or record.severity


def _link(record: Record, details: Details, by: Person, at: Moment) -> None:
    record.service_issue = details["service_issue"]


def _withdraw(record: Record, details: Details, by: Person, at: Moment) -> None:
    record.outcome = "withdrawn"


def _reject(record: Record, details: Details, by: Person, at: Moment) -> None:
    record.outcome = "rejected"


def _refer(record: Record, details: Details, by: Person, at: Moment) -> None:
    record.outcome, record.referred_to = "referred", details["referred_to"]


APPLY: dict[str, Callable[[Record, Details, Person, Moment], None]] = {
    "accept": _accept,
    "approve": _approve,
    "arrive": _arrive,
    "assign": _assign,
    "contact": _contact,
    "dispatch": _dispatch,
    "escalate": _escalate,
    "link": _link,
    "merge": _merge,
    "prioritise": _prioritise,
    "propose": _answer,
    "recategorise": _recategorise,
    "refer": _refer,
    "reject": _reject,
    "reopen": _reopen,
    "resolve": _answer,
    "restore": _restore,
    "return": _return,
    "strike_off": _strike_off,
    "transfer": _transfer,
    "urge": _urge,
    "withdraw": _withdraw,
}
