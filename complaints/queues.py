"""The queues of the desk and the filters that narrow them: one place that understands the parameters of /desk/."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from complaints import search
from complaints.clocks.ledger import State
from complaints.models import (
    SAFETY,
    Attachment,
    Category,
    Channel,
    Clock,
    ClockKind,
    Complaint,
    Event,
    Feedback,
    FileKind,
    Follow,
    Notice,
    NoticeState,
    Priority,
    RequestType,
    Severity,
    Subcategory,
)
from complaints.models.complaint import UNASSIGNED, ComplaintQuerySet
from complaints.states import ARRIVALS, Status
from customers.models import AreaClass, CustomerKind
from customers.models.people import KEY
from staff.actors import Role
from staff.models import Branch, Team, User
from staff.scope import all_of
from staff.written_out import Statement

SOON = timedelta(hours=4)
SATISFIED = 4
"""Scores from here on count as satisfied (top two of five, domain 7.4)."""

MOST_COUNTED = 1_000
"""Lists are counted up to here."""

MOST_AT_ONCE = 10_000
"""Of what is open, so many are gone through once for all queues together; of more each queue is counted by its own index."""

GONE_THROUGH = "gone through"
"""Among the counts: how many open complaints were looked at for the queues that are counted together."""

MOST_KEPT = 1_000
"""People whose counts are kept written out."""
SOMETIME = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for the moment in what is kept."""

Narrow = Callable[[ComplaintQuerySet, User, datetime], ComplaintQuerySet]
Condition = Callable[[User, datetime], Q]
Part = tuple[tuple[str, ...], str, tuple[Any, ...]]
"""What is counted: the names of its numbers, and the SQL that gives them with its values."""
Standing = Callable[[User], Mapping[str, QuerySet[Any]]]
_kept: dict[tuple[Any, ...], tuple[list[str], list[Part]]] = {}


@dataclass(frozen=True, slots=True)
class Queue:
    """A named list of complaints that somebody works from. Of most it is said which of the open ones (`of_open`) are in it."""

    name: str
    label: LazyText | str
    icon: str
    of_open: Condition | None = None
    narrowed: Narrow | None = None
    is_counted: bool = True

    def narrow(self, rows: ComplaintQuerySet, user: User, at: datetime) -> ComplaintQuerySet:
        if self.narrowed is not None:
            return self.narrowed(rows, user, at)
        assert self.of_open is not None
        return rows.unfinished().filter(self.of_open(user, at))


def _with_clock(rows: ComplaintQuerySet, **what: Any) -> ComplaintQuerySet:
    return rows.filter(Exists(Clock.objects.filter(complaint=OuterRef("pk"), **what)))


_REOPENED = Event.objects.filter(complaint=OuterRef("complaint"), move="reopen", at__gt=OuterRef("added_at"))
_REPLIES = Attachment.objects.filter(~Exists(_REOPENED), complaint=OuterRef("pk"), kind=FileKind.REPLY)
_REPLY_DUE = Q(channel=Channel.REGULATOR) & ~Q(Exists(_REPLIES))
"""Of the regulator's, those that have no formal reply since they were last reopened."""


def _safety_keys() -> tuple[int, ...]:
    return tuple(_OF_SAFETY(SAFETY))


_OF_SAFETY = Statement(lambda code: Category.objects.filter(code=code).order_by().values_list("pk", flat=True))


def _followed(rows: ComplaintQuerySet, user: User, at: datetime) -> ComplaintQuerySet:
    return rows.unfinished().filter(Exists(Follow.objects.filter(complaint=OuterRef("pk"), user=user)))


QUEUES = [
    Queue("mine", _("Mine"), "user", lambda user, at: Q(assignee=user)),
    Queue("team", _("My team"), "users", lambda user, at: Q(team=user.team_id or 0)),
    Queue(
        "customers",
        _("My customers"),
        "users",
        narrowed=lambda rows, user, at: rows.unfinished().filter(customer__account_manager=user),
    ),
    Queue("followed", _("I follow"), "eye", narrowed=_followed),
    Queue("unassigned", _("Nobody is on it"), "user-x", lambda user, at: UNASSIGNED),
    Queue(
        "due-soon",
        _("Due soon"),
        "clock",
        lambda user, at: Q(next_due_at__gte=at, next_due_at__lt=at + SOON),
    ),
    Queue("breached", _("Deadline missed"), "alarm", lambda user, at: Q(next_due_at__lt=at)),
    Queue("waiting", _("Waiting for the customer"), "pause", lambda user, at: Q(status=Status.WAITING)),
    Queue(
        "held",
        _("Clocks paused"),
        "hourglass",
        narrowed=lambda rows, user, at: _with_clock(rows.unfinished(), state=State.PAUSED),
    ),
    Queue("review", _("In review"), "check", lambda user, at: Q(status=Status.REVIEW)),
    Queue(
        "replies",
        _("Regulator: reply due"),
        "landmark",
        narrowed=lambda rows, user, at: rows.unfinished().filter(_REPLY_DUE),
    ),
    Queue(
        "regulator",
        _("From the regulator"),
        "scale",
        lambda user, at: Q(channel=Channel.REGULATOR),
        is_counted=False,
    ),
    Queue(
        "safety",
        _("Safety"),
        "shield-alert",
        # keys and not a join, because only of a value that it knows the planner knows how rare it is
        lambda user, at: Q(priority=Priority.P1) | Q(category__in=_safety_keys()),
    ),
    Queue("feedback", _("Call back"), "phone", lambda user, at: Q(status=Status.RESOLVED)),
    Queue(
        "causes",
        _("Cause to remove"),
        "clipboard-list",
        narrowed=lambda rows, user, at: _with_clock(
            rows, kind=ClockKind.REMEDIATE, state__in=[State.RUNNING, State.PAUSED]
        ),
        is_counted=False,
    ),
    Queue("unfinished", pgettext_lazy("queue", "Open"), "inbox", lambda user, at: Q()),
    Queue("all", pgettext_lazy("queue", "All"), "list", narrowed=lambda rows, user, at: rows.all(), is_counted=False),
]
BY_NAME = {queue.name: queue for queue in QUEUES}
COUNTED = frozenset(queue.name for queue in QUEUES if queue.is_counted)


def usual_queue(user: User) -> str:
    """Where a person starts: handlers with their team's work, everyone else with all that is open."""
    return "team" if user.role == Role.INVESTIGATOR and user.team_id else "unfinished"


class NotUnderstood(ValueError):
    """A value of a filter that means nothing; the filter is left out and the person is told."""


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise NotUnderstood from error
    if not 1900 <= day.year <= 2200:  # moments at the ends of the calendar cannot be reckoned with
        raise NotUnderstood
    return day


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


def _moment(text: str, days: int = 0) -> datetime:
    """A day, which begins at midnight, or a local time such as 2026-03-02T15:00; `days` are added to a day only."""
    if "T" not in text:
        return _midnight(_day(text) + timedelta(days=days))
    try:
        return timezone.make_aware(datetime.fromisoformat(text))
    except ValueError as error:
        raise NotUnderstood from error


def _since(field: str) -> Callable[[str], Q]:
    return lambda text: Q(**{f"{field}__gte": _moment(text)})


def _until(field: str) -> Callable[[str], Q]:
    return lambda text: Q(**{f"{field}__lt": _moment(text, days=1)})


def _unfinished(condition: Callable[[str], Q]) -> Callable[[str], Q]:
    """What is closed has no next deadline; said, so that the indexes of what is open can be used."""
    return lambda text: condition(text) & ~Q(status=Status.CLOSED)


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


def due_moments(at: datetime) -> tuple[datetime, datetime, datetime]:
    """Between which moments the next deadlines are told apart: now, soon, and when today is over."""
    soon, tonight = at + SOON, _midnight(timezone.localdate(at) + timedelta(days=1))
    return at, soon, max(soon, tonight)


def due_parts(at: datetime, soon: datetime, after: datetime) -> dict[str, Q]:
    """What is open in four parts by the next deadline (`due_moments`); each complaint is in exactly one."""
    return {
        "missed": Q(next_due_at__lt=at),
        "soon": Q(next_due_at__gte=at, next_due_at__lt=soon),
        "today": Q(next_due_at__gte=soon, next_due_at__lt=after),
        "later": Q(next_due_at__gte=after) | Q(next_due_at__isnull=True),
    }


def _due(text: str) -> Q:
    found = due_parts(*due_moments(timezone.now())).get(text)
    if found is None:
        raise NotUnderstood
    return found & ~Q(status=Status.CLOSED)


def _merged(text: str) -> Q:
    return Q(merged_into__isnull=text == "no")


def _issue(text: str) -> Q:
    if text == "none":
        return Q(service_issue__isnull=True)
    if not text.isdecimal() or len(text) > 9:
        raise NotUnderstood
    return Q(service_issue=int(text))


def _segment(text: str) -> Q:
    """What policies know the customer as: a key customer, or one of the kinds."""
    if text not in {KEY, *CustomerKind.values}:
        raise NotUnderstood
    return Q(customer__is_key=True) if text == KEY else Q(customer__is_key=False, customer__kind=text)


def _is_safety(text: str) -> Q:
    is_safety = Q(priority=Priority.P1) | Q(category__code=SAFETY)
    return is_safety if text == "yes" else ~is_safety


def _undelivered(text: str) -> Q:
    return Q(Exists(Notice.objects.filter(complaint=OuterRef("pk"), state=NoticeState.DEAD)))


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
    "due": _due,
    "merged": _merged,
    "urged": _at_least("urged_count"),
    "undelivered": _undelivered,
    "service_issue": _issue,
    "segment": _segment,
    "area_class": _one_of("area_class", AreaClass.values),
    "safety": _is_safety,
    "feedback": _feedback,
    "reference": search.fits,
    "received_from": _since("received_at"),
    "received_to": _until("received_at"),
    "resolved_from": _since("resolved_at"),
    "resolved_to": _until("resolved_at"),
    "due_from": _unfinished(_since("next_due_at")),
    "due_to": _unfinished(_until("next_due_at")),
    "q": search.fits,
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
            rows = rows.filter(search.fits(text, user) if condition is search.fits else condition(text))
        except NotUnderstood:
            ignored.append(name)
    return rows


def arrived_since(rows: ComplaintQuerySet, since: datetime) -> ComplaintQuerySet:
    """Those that came into anybody's hands after this moment."""
    arrivals = Event.objects.filter(complaint=OuterRef("pk"), move__in=ARRIVALS, recorded_at__gt=since)
    return rows.filter(Exists(arrivals))


def counts(
    user: User,
    *,
    at: datetime | None = None,
    names: Iterable[str] = BY_NAME,
    beside: Mapping[str, QuerySet[Any]] | None = None,
    standing: Standing | None = None,
) -> dict[str, int]:
    """How many complaints each queue holds for this person, MOST_COUNTED standing for more, and what else is counted
    `beside` them, in one query. `standing` gives further lists, which may ask for nothing that `_written_out` does not know.
    """
    at = at or timezone.now()
    wanted = tuple(name for name in names if name in COUNTED)
    of_open = tuple(name for name in wanted if BY_NAME[name].of_open is not None)
    together = of_open if len(of_open) > 1 else ()
    listed, parts = _written_out(wanted, together, standing, user, at)
    found = _asked([*parts, *_parts(beside or {})], [*listed, *(beside or {})])
    if found.pop(GONE_THROUGH, 0) < MOST_AT_ONCE:
        return found
    listed, parts = _written_out(together, (), None, user, at)
    return found | _asked(parts, listed)


def _written_out(
    names: tuple[str, ...], together: tuple[str, ...], standing: Standing | None, user: User, at: datetime
) -> tuple[list[str], list[Part]]:
    """The counts of queues in SQL, some of them `together`. Writing fifteen of them out takes longer than asking, so what was
    written is kept: for this person with every column, the branches they see, and the categories of safety. Only the moment
    is put in anew each time.

    A list by itself is counted in the order of deadlines, which the indexes of queues have: without an order the planner reads
    the table from its oldest row on until it has found enough, and what is open stands at the end.
    """
    safety = _safety_keys() if "safety" in names else ()
    known = (names, together, standing, all_of(user), safety)
    kept = _kept.get(known)
    if kept is None:
        visible = Complaint.objects.visible_to(user)
        alone = [name for name in names if name not in together]
        lists: dict[str, QuerySet[Any]] = {
            name: BY_NAME[name].narrow(visible, user, SOMETIME).by_due_next() for name in alone
        }
        lists |= standing(user) if standing else {}
        parts = list(_parts(lists))
        at_once = _at_once(visible, together, user) if together else None
        parts += [at_once] if at_once else []
        kept = [*names, *(name for name in lists if name not in names)], parts
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        _kept[known] = kept
    listed, parts = kept
    return listed, [
        (name, sql, tuple(at + (p - SOMETIME) if isinstance(p, datetime) else p for p in params))
        for name, sql, params in parts
    ]


def _at_once(visible: ComplaintQuerySet, names: tuple[str, ...], user: User) -> Part | None:
    """The counts of several queues of what is open, which is gone through once: the planner needs as long for each list of its
    own as the database to count it. None where nothing can be seen.

    In the order of deadlines, for the reason that holds for each list: without it the table is read until MOST_AT_ONCE are found.
    """
    marks = {f"in_{place}": BY_NAME[name].of_open for place, name in enumerate(names)}
    open_ones = visible.unfinished().by_due_next()
    marked = open_ones.annotate(
        **{
            mark: ExpressionWrapper(condition(user, SOMETIME), BooleanField())
            for mark, condition in marks.items()
            if condition is not None
        }
    )
    try:
        sql, params = marked.values_list(*marks)[:MOST_AT_ONCE].query.sql_with_params()
    except EmptyResultSet:
        return None
    numbers = ", ".join(f"least(count(*) FILTER (WHERE {mark}), {MOST_COUNTED})" for mark in marks)
    return (*names, GONE_THROUGH), f"SELECT {numbers}, count(*) FROM ({sql}) AS open_ones", tuple(params)


def in_order(found: ComplaintQuerySet, params: Mapping[str, Any]) -> ComplaintQuerySet:
    """What `narrow` found, in the order in which it is counted: that of the index which finds it."""
    if (params.get("view") or "all") != "all":
        return found.by_due_next()
    by_words = any(
        str(params.get(name) or "").strip() for name, condition in FILTERS.items() if condition is search.fits
    )
    return found.order_by("-words__received_at" if by_words else "-received_at")


def spoken(count: int) -> str:
    """A number that was counted no further than MOST_COUNTED, as it is shown."""
    return str(count) if count < MOST_COUNTED else f"{MOST_COUNTED - 1}+"


def counted(lists: Mapping[str, QuerySet[Any]]) -> dict[str, int]:
    """How long each list is, in one query that gives up at MOST_COUNTED: nobody reads further, and counting all reads all.

    A list with an order is counted in that order, which is the way to find what many have among what is new.
    """
    return _asked(_parts(lists), lists)


def _parts(lists: Mapping[str, QuerySet[Any]]) -> Iterator[Part]:
    """Those of the lists that can hold anything, as SQL that counts them."""
    for name, rows in lists.items():
        try:
            sql, params = rows.values("pk")[:MOST_COUNTED].query.sql_with_params()
        except EmptyResultSet:
            continue
        yield (name,), f"SELECT count(*) FROM ({sql}) AS counted", tuple(params)


def _asked(parts: Iterable[Part], names: Iterable[str]) -> dict[str, int]:
    """A part with one number is asked for as a number, one with several as a row: as tables the planner would try all orders
    of joining them.
    """
    found, parts = dict.fromkeys(names, 0), sorted(parts, key=lambda part: len(part[0]))
    if parts:
        numbers = [f"({sql})" for counted, sql, _params in parts if len(counted) == 1]
        rows = [f"({sql}) AS row_{place}" for place, (counted, sql, _params) in enumerate(parts) if len(counted) > 1]
        asked = ", ".join([*numbers, *(["*"] if rows else [])]) + (f" FROM {', '.join(rows)}" if rows else "")
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {asked}", [param for _counted, _sql, given in parts for param in given])
            told = [name for counted, _sql, _params in parts for name in counted]
            found |= zip(told, cursor.fetchone(), strict=True)
    return found
