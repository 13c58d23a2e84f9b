"""The queues of the desk and the filters that narrow them: one place that understands the parameters of /desk/."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from complaints.clocks.ledger import State
from complaints.models import (
    Attachment,
    Category,
    Channel,
    Clock,
    ClockKind,
    Complaint,
    Event,
    Feedback,
    FileKind,
    Notice,
    NoticeState,
    RequestType,
    Severity,
    Subcategory,
)
from complaints.models.complaint import ComplaintQuerySet
from complaints.references import parse_reference
from complaints.states import Status
from customers.models.people import digits
from staff.actors import Role
from staff.models import Branch, Team, User

SOON = timedelta(hours=4)
SATISFIED = 4
"""Scores from here on count as satisfied (top two of five, domain 7.4)."""

Narrow = Callable[[ComplaintQuerySet, User, datetime], ComplaintQuerySet]


@dataclass(frozen=True, slots=True)
class Queue:
    """A named list of complaints that somebody works from."""

    name: str
    label: LazyText | str
    icon: str
    narrow: Narrow


def _with_clock(rows: ComplaintQuerySet, **what: Any) -> ComplaintQuerySet:
    return rows.filter(Exists(Clock.objects.filter(complaint=OuterRef("pk"), **what)))


def _reply_due(rows: ComplaintQuerySet) -> ComplaintQuerySet:
    """Of the regulator's, those that have no formal reply since they were last reopened."""
    return rows.filter(_REPLY_DUE)


_REOPENED = Event.objects.filter(complaint=OuterRef("complaint"), move="reopen", at__gt=OuterRef("added_at"))
_REPLIES = Attachment.objects.filter(~Exists(_REOPENED), complaint=OuterRef("pk"), kind=FileKind.REPLY)
_REPLY_DUE = Q(channel=Channel.REGULATOR) & ~Q(Exists(_REPLIES))

QUEUES = [
    Queue("mine", _("Mine"), "user", lambda rows, user, at: rows.unfinished().filter(assignee=user)),
    Queue("team", _("My team"), "users", lambda rows, user, at: rows.unfinished().filter(team=user.team_id or 0)),
    Queue(
        "customers",
        _("My customers"),
        "users",
        lambda rows, user, at: rows.unfinished().filter(customer__account_manager=user),
    ),
    Queue("unassigned", _("Nobody is on it"), "user-x", lambda rows, user, at: rows.unassigned()),
    Queue(
        "due-soon",
        _("Due soon"),
        "clock",
        lambda rows, user, at: rows.unfinished().filter(next_due_at__gte=at, next_due_at__lt=at + SOON),
    ),
    Queue("breached", _("Deadline missed"), "alarm", lambda rows, user, at: rows.overdue(at)),
    Queue("waiting", _("Waiting for the customer"), "pause", lambda rows, user, at: rows.filter(status=Status.WAITING)),
    Queue(
        "held",
        _("Clocks paused"),
        "hourglass",
        lambda rows, user, at: _with_clock(rows.unfinished(), state=State.PAUSED),
    ),
    Queue("review", _("In review"), "check", lambda rows, user, at: rows.filter(status=Status.REVIEW)),
    Queue(
        "replies",
        _("Regulator: reply due"),
        "landmark",
        lambda rows, user, at: _reply_due(rows.unfinished()),
    ),
    Queue("feedback", _("Call back"), "phone", lambda rows, user, at: rows.filter(status=Status.RESOLVED)),
    Queue(
        "causes",
        _("Cause to remove"),
        "clipboard-list",
        lambda rows, user, at: _with_clock(rows, kind=ClockKind.REMEDIATE, state__in=[State.RUNNING, State.PAUSED]),
    ),
    Queue("unfinished", pgettext_lazy("queue", "Open"), "inbox", lambda rows, user, at: rows.unfinished()),
    Queue("all", pgettext_lazy("queue", "All"), "list", lambda rows, user, at: rows.all()),
]
BY_NAME = {queue.name: queue for queue in QUEUES}


def usual_queue(user: User) -> str:
    """Where a person starts: handlers with their team's work, everyone else with all that is open."""
    return "team" if user.role == Role.INVESTIGATOR and user.team_id else "unfinished"


class NotUnderstood(ValueError):
    """A value of a filter that means nothing; the filter is left out and the person is told."""


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise NotUnderstood from error


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


def _since(field: str) -> Callable[[str], Q]:
    return lambda text: Q(**{f"{field}__gte": _midnight(_day(text))})


def _until(field: str) -> Callable[[str], Q]:
    return lambda text: Q(**{f"{field}__lt": _midnight(_day(text) + timedelta(days=1))})


def _one_of(field: str, known: Iterable[Any]) -> Callable[[str], Q]:
    """Several values are joined by commas."""
    choices = {str(value) for value in known}

    def condition(text: str) -> Q:
        wanted = text.split(",")
        if not choices.issuperset(wanted):
            raise NotUnderstood
        return Q(**{f"{field}__in": wanted})

    return condition


def _coded(field: str, model: type[Category] | type[Subcategory]) -> Callable[[str], Q]:
    def condition(text: str) -> Q:
        codes = text.split(",")
        if model.objects.filter(code__in=codes).count() != len(set(codes)):
            raise NotUnderstood
        return Q(**{f"{field}__code__in": codes})

    return condition


def _team(text: str) -> Q:
    if text == "none":
        return Q(team__isnull=True)
    if not Team.objects.filter(code=text).exists():
        raise NotUnderstood
    return Q(team__code=text)


def _branch(text: str) -> Q:
    branch = Branch.objects.filter(code=text).first()
    if branch is None:
        raise NotUnderstood
    return Q(branch__path__startswith=branch.path)


def _assignee(text: str) -> Q:
    return Q(assignee__username=text) if text != "none" else Q(assignee__isnull=True)


def _feedback(text: str) -> Q:
    answers = Feedback.objects.filter(complaint=OuterRef("pk"))
    conditions = {
        "answered": answers.filter(answered_at__isnull=False),
        "unanswered": answers.filter(answered_at__isnull=True),
        "satisfied": answers.filter(score__gte=SATISFIED),
        "dissatisfied": answers.filter(score__lt=SATISFIED),
    }
    if text not in conditions:
        raise NotUnderstood
    return Q(Exists(conditions[text]))


def _at_least(field: str) -> Callable[[str], Q]:
    def condition(text: str) -> Q:
        if not text.isdecimal() or len(text) > 4:
            raise NotUnderstood
        return Q(**{f"{field}__gte": int(text)})

    return condition


def _overdue(text: str) -> Q:
    return Q(next_due_at__lt=timezone.now()) & ~Q(status=Status.CLOSED)


def _merged(text: str) -> Q:
    return Q(merged_into__isnull=text == "no")


def _undelivered(text: str) -> Q:
    return Q(Exists(Notice.objects.filter(complaint=OuterRef("pk"), state=NoticeState.DEAD)))


def _search(text: str) -> Q:
    """A reference however it is written, a phone number, or words of the name, the story and the place.

    One phone number in ten reads as a reference as well, so a reference never shuts out the rest.
    """
    text = text.strip()
    words = Q(contact_name__icontains=text) | Q(story__icontains=text) | Q(place__icontains=text)
    number = digits(text)
    if len(number) >= 4:
        words |= Q(contact_phone__contains=number) | Q(account__number=number) | Q(source_reference=text)
    reference = parse_reference(text)
    return words if reference is None else words | Q(reference=reference)


FILTERS: dict[str, Callable[[str], Q]] = {
    "status": _one_of("status", Status.values),
    "request_type": _one_of("request_type", RequestType.values),
    "category": _coded("category", Category),
    "subcategory": _coded("subcategory", Subcategory),
    "channel": _one_of("channel", Channel.values),
    "severity": _one_of("severity", Severity.values),
    "priority": _one_of("priority", (1, 2, 3, 4)),
    "team": _team,
    "assignee": _assignee,
    "branch": _branch,
    "overdue": _overdue,
    "merged": _merged,
    "urged": _at_least("urged_count"),
    "undelivered": _undelivered,
    "feedback": _feedback,
    "reference": _search,
    "received_from": _since("received_at"),
    "received_to": _until("received_at"),
    "resolved_from": _since("resolved_at"),
    "resolved_to": _until("resolved_at"),
    "due_from": _since("next_due_at"),
    "due_to": _until("next_due_at"),
    "q": _search,
}


def narrow(
    rows: ComplaintQuerySet,
    params: Mapping[str, Any],
    user: User,
    *,
    at: datetime | None = None,
    ignored: list[str] | None = None,
) -> ComplaintQuerySet:
    """The rows that the parameters of an address name. What they do not understand is left out and added to `ignored`."""
    at = at or timezone.now()
    ignored = [] if ignored is None else ignored
    view = params.get("view") or ""
    if view in BY_NAME:
        rows = BY_NAME[view].narrow(rows, user, at)
    elif view:
        ignored.append("view")
    for name, condition in FILTERS.items():
        text = str(params.get(name) or "")[:200]
        if not text.strip():
            continue
        try:
            rows = rows.filter(condition(text))
        except NotUnderstood:
            ignored.append(name)
    return rows


ARRIVALS = ("register", "dispatch", "transfer", "assign", "return", "reopen", "supplement", "resume")
"""Moves that put a complaint before people who did not have it, or not like this."""


def arrived_since(rows: ComplaintQuerySet, since: datetime) -> ComplaintQuerySet:
    """Those that came into anybody's hands after this moment."""
    arrivals = Event.objects.filter(complaint=OuterRef("pk"), move__in=ARRIVALS, recorded_at__gt=since)
    return rows.filter(Exists(arrivals))


def counts(user: User, *, at: datetime | None = None, names: Iterable[str] = BY_NAME) -> dict[str, int]:
    """How many complaints each queue holds for this person, in one query over what is not closed."""
    at = at or timezone.now()
    visible = Complaint.objects.visible_to(user).unfinished()
    conditions = {
        "mine": Q(assignee=user),
        "team": Q(team=user.team_id or 0),
        "customers": Q(customer__account_manager=user),
        "unassigned": Q(assignee__isnull=True) & ~Q(status=Status.RESOLVED),
        "due-soon": Q(next_due_at__gte=at, next_due_at__lt=at + SOON),
        "breached": Q(next_due_at__lt=at),
        "waiting": Q(status=Status.WAITING),
        "held": Q(Exists(Clock.objects.filter(complaint=OuterRef("pk"), state=State.PAUSED))),
        "review": Q(status=Status.REVIEW),
        "replies": _REPLY_DUE,
        "feedback": Q(status=Status.RESOLVED),
        "unfinished": Q(),
    }
    wanted = {name: Count("pk", filter=conditions[name]) for name in names if name in conditions}
    found = visible.order_by().aggregate(**{name.replace("-", "_"): count for name, count in wanted.items()})
    return {name.replace("_", "-"): count for name, count in found.items()}
