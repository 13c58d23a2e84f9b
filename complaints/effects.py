"""What each move does to the complaint itself, and what follows from it.

`workflow` calls these in order: `instead`, `checks.check`, `apply`, `after`, `follow_ups`. Nothing here opens a transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext as _

from complaints import adjusting, answers, assignment, call_backs, deputies, mentions, requests
from complaints.attachments import keep
from complaints.erasing import taking
from complaints.models import (
    SEVERITY_LADDER,
    Attachment,
    Channel,
    Complaint,
    DeskSettings,
    Event,
    FileKind,
    Flag,
    Medium,
    Priority,
    Severity,
)
from complaints.states import Outcome, Status
from staff.actors import CLOCK, Actor, Role

Details = Mapping[str, Any]


def instead(name: str, complaint: Complaint, *, by: Actor, at: datetime) -> str:
    """Reopening has no cut-off: past the configured age it becomes a request to a supervisor, never a refusal.

    The clock reopens only what a follow-up inspection found dangerous again, and that waits for nobody.
    """
    if name != "reopen" or by.role in (Role.SUPERVISOR, CLOCK) or complaint.closed_at is None:
        return name
    oldest = at - timedelta(days=DeskSettings.current().reopen_days)
    return "request_reopening" if complaint.closed_at < oldest else name


# what changes on the complaint

UNSAID = frozenset({"about", "pay_to"})
"""Details that stand where they belong and not in the history, which many read: who is complained about, where money goes."""


def apply(name: str, complaint: Complaint, details: Details, *, by: Actor, at: datetime) -> dict[str, Any]:
    """Change the complaint's own fields for this move; answer with what the event shall remember, ready for JSON."""
    if name in APPLY:
        APPLY[name](complaint, details, by, at)
    if complaint.status == Status.CLOSED and complaint.closed_at is None:
        complaint.closed_at = at
    said = {key: _plain(value) for key, value in details.items() if value not in (None, "", []) and key not in UNSAID}
    said |= adjusting.remembered(name, complaint)
    if name == "erase":
        said["remains"] = taking.from_complaint(complaint, at)
    if name == "urge":
        said["count"] = complaint.urged_count
    if by.is_staff and (mentioned := mentions.found_in(name, complaint, details)):
        said["mentions"] = mentioned
    if name in ("feedback", "change_feedback") and "score" in said:
        said["of"] = answers.scale_of(name, complaint, details).top
    return said | requests.details_of(name, complaint, details)


def _plain(value: Any) -> Any:
    if isinstance(value, Attachment):
        return value.name
    if isinstance(value, Model):
        return {"id": value.pk, "text": getattr(value, "display_name", str(value))}
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _dispatch(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    complaint.team = details["team"]
    complaint.assignee = details.get("assignee")
    complaint.dispatched_at = complaint.dispatched_at or at


def _transfer(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    _dispatch(complaint, details, by, at)
    complaint.transferred_count += 1


def _accept(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    complaint.assignee = by.user


def _return(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    complaint.assignee = None
    complaint.returned_count += 1


def _assign(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    complaint.assignee = details["assignee"]


def _unassign(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    complaint.assignee = None


def _contact(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    if details["reached"] and complaint.contacted_at is None:
        complaint.contacted_at = min(details.get("contacted_at") or at, at)


def _arrive(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    complaint.arrived_at = details.get("arrived_at") or at


def _restore(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    complaint.restored_at = details.get("restored_at") or at


def _strike_off(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    complaint.cause_removed_at = at


def _answer(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    complaint.outcome = details["outcome"]
    complaint.root_cause = details["root_cause"]
    complaint.resolution = details["resolution"]
    complaint.responsibility = details.get("responsibility") or ""
    if complaint.status == Status.RESOLVED:
        complaint.resolved_at = at


def _approve(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    complaint.resolved_at = at


def _reopen(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    complaint.outcome, complaint.resolved_at, complaint.closed_at = "", None, None
    complaint.reopened_count += 1


def _unmerge(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    complaint.outcome, complaint.merged_into, complaint.closed_at = "", None, None


def _merge(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    complaint.outcome, complaint.merged_into = Outcome.DUPLICATE, details["into"]


def _urge(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    complaint.urged_count += 1
    if complaint.urged_count == DeskSettings.current().urgings_raise_severity:
        rung = SEVERITY_LADDER.index(Severity(complaint.severity))
        complaint.severity = SEVERITY_LADDER[min(rung + 1, len(SEVERITY_LADDER) - 1)]


def _escalate(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    complaint.escalated_count += 1


def _recategorise(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    complaint.category = details["category"]
    complaint.subcategory = details.get("subcategory")
    if complaint.subcategory is not None:
        complaint.priority = min(complaint.priority, complaint.subcategory.default_priority)
        complaint.request_type = complaint.subcategory.request_type or complaint.request_type


def _prioritise(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    complaint.priority = int(details["priority"])
    complaint.severity = details.get("severity") or complaint.severity


def _investigate(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    """Whom it is about, where that was found, or found to be somebody else."""
    if "about" in details:
        complaint.about = details["about"]


def _link(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    complaint.service_issue = details["service_issue"]


def _match(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    """Whose it is, and with an account also where; team, branch and promises stay what they are."""
    customer, account = details["customer"], details.get("account")
    complaint.customer, complaint.account = customer, account
    if account is not None:
        premise = account.premise
        complaint.premise, complaint.transformer_area = premise, premise.transformer_area
        complaint.area_class = premise.area_class
        complaint.place = complaint.place or premise.address
    known = {Flag.VULNERABLE: customer.is_vulnerable, Flag.IMPORTANT_USER: customer.is_key}
    complaint.flags = sorted({*complaint.flags, *(flag for flag, holds in known.items() if holds)})


def _detach(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    complaint.service_issue = None


def _resend(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    """A corrected address is the customer's from now on, if the wrong one was."""
    field = {Medium.EMAIL: "contact_email", Medium.SMS: "contact_phone"}.get(details["medium"])
    if field and details.get("was") and getattr(complaint, field) == details["was"]:
        setattr(complaint, field, details["address"])


def _withdraw(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    complaint.outcome = Outcome.WITHDRAWN


def _reject(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    complaint.outcome = Outcome.REJECTED


def _refer(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    complaint.outcome, complaint.referred_to = Outcome.REFERRED, details["referred_to"]


APPLY: dict[str, Callable[[Complaint, Details, Actor, datetime], None]] = {
    "accept": _accept,
    "approve": _approve,
    "arrive": _arrive,
    "assign": _assign,
    "contact": _contact,
    "detach": _detach,
    "dispatch": _dispatch,
    "escalate": _escalate,
    "investigate": _investigate,
    "link": _link,
    "match": _match,
    "merge": _merge,
    "prioritise": _prioritise,
    "propose": _answer,
    "recategorise": _recategorise,
    "refer": _refer,
    "reject": _reject,
    "reopen": _reopen,
    "resend": _resend,
    "resolve": _answer,
    "restore": _restore,
    "return": _return,
    "settle": _answer,
    "strike_off": _strike_off,
    "transfer": _transfer,
    "unassign": _unassign,
    "unmerge": _unmerge,
    "urge": _urge,
    "withdraw": _withdraw,
}


# rows that hang on the event, and moves that follow


def after(name: str, complaint: Complaint, event: Event, details: Details) -> None:
    """Write the rows that belong to the move: files, the question to the customer, the answer."""
    for attachment in details.get("files", []):
        attachment.is_from_customer = event.is_by_customer
        attachment.added_by, attachment.added_at = event.user, event.at
        keep(attachment, complaint)
    requests.keep(name, complaint, event, details)
    if event.to_status == Status.RESOLVED and event.from_status != Status.RESOLVED:
        answers.ask(complaint, event)
    if name in adjusting.WRITE:
        adjusting.WRITE[name](complaint, event, details)
    if name == "feedback":
        call_backs.end_answered(answers.keep(complaint, event, details), event.at)
    elif name == "change_feedback":
        answers.change(complaint, event, details)
    else:
        answers.settle(name, complaint, event)
    if event.from_status == Status.RESOLVED != event.to_status:
        call_backs.end_all(complaint, event.at)


BY_THE_CLOCK = frozenset({"assign"})
"""Moves that follow by rule and not by the will of whoever made the first, though they might have made them too."""


def follow_ups(
    name: str, complaint: Complaint, details: Details, *, before: str, by: Actor, at: datetime
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The moves that come with this one, in the same transaction; `before` is the status it was made in."""
    yield from requests.ended_with(complaint, before)
    if name in ("feedback", "change_feedback"):
        yield from answers.consequences(name, complaint, details)
    elif name == "attach" and _waited_only_for_reply(complaint, details):
        yield "close", {}
    elif name == "supplement" and complaint.status == Status.WAITING:
        yield "resume", {}
    elif name == "return" and complaint.returned_count >= 2:
        yield (
            "escalate",
            {"reason": _("Returned %(count)d times: decide who handles it.") % {"count": complaint.returned_count}},
        )
    elif name in ("recategorise", "prioritise") and _must_go_at_once(complaint):
        yield "dispatch", {"team": complaint.team}
    elif name == "investigate" and complaint.about_id is not None and complaint.about_id == complaint.assignee_id:
        if complaint.is_open:
            yield "unassign", {}
    elif name in ("dispatch", "transfer") and (proposal := assignment.assigned_by_itself(complaint, at)) is not None:
        yield "assign", {"assignee": proposal.person, "note": proposal.why}
    elif name == "reopen" and (away := deputies.in_place_of(complaint, at)) is not None:
        yield "assign", {"assignee": away.to, "absence": away.person}


def _waited_only_for_reply(complaint: Complaint, details: Details) -> bool:
    """The customer has said that it is solved, and with this file the regulator has its reply."""
    if complaint.status != Status.RESOLVED or not any(file.kind == FileKind.REPLY for file in details["files"]):
        return False
    answers = complaint.feedback.filter(round=complaint.reopened_count + 1, solved=True)
    return complaint.channel == Channel.REGULATOR and answers.exists()


def _must_go_at_once(complaint: Complaint) -> bool:
    """Life-safety waits for nobody's decision, also when it becomes known only later."""
    return complaint.priority == Priority.P1 and complaint.status == Status.REGISTERED and complaint.team is not None
