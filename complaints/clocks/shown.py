"""A clock as people read it: what state it is in, how much is used, when it is due in words, and why."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise as LazyText
from django.utils.translation import get_language, gettext_lazy, ngettext, pgettext
from django.utils.translation import gettext as _

from complaints import outbox
from complaints.clocks.deadlines import Explanation, Pause, explain, explain_extension, share_used
from complaints.clocks.ledger import State, replay
from complaints.clocks.limits import Limit, Unit
from complaints.clocks.running import as_entry
from complaints.clocks.whatif import Answer
from complaints.models import Calendar, Clock, ClockKind, Complaint, LedgerEntry, PauseReason
from complaints.models.promises import clock_label
from staff.written_out import Statement

DAY = 24 * 60
SOON = 0.75
"""From this share of the way on, a deadline counts as due soon."""

STATES = {
    "running": gettext_lazy("running"),
    "due_soon": gettext_lazy("due soon"),
    "breached": gettext_lazy("deadline missed"),
    "paused": gettext_lazy("paused"),
    "met": gettext_lazy("kept"),
    "late": gettext_lazy("kept late"),
    "cancelled": gettext_lazy("no longer runs"),
    "excused": gettext_lazy("excused"),
    "mean": gettext_lazy("on average"),
    "none": gettext_lazy("no deadline"),
}

SEGMENTS = {
    "counting": gettext_lazy("counts"),
    "closed": gettext_lazy("outside working hours"),
    "day_off": gettext_lazy("day off, does not count"),
    "makeup": gettext_lazy("make-up working day, counts"),
    "pause": gettext_lazy("paused, does not count"),
    "receipt_day": gettext_lazy("day of receipt, does not count"),
}


@dataclass(frozen=True, slots=True)
class Stretch:
    start: datetime
    end: datetime
    words: LazyText | str


@dataclass(frozen=True, slots=True)
class ClockView:
    """What the clock badge and its "why" draw."""

    label: str
    state: str
    state_words: LazyText | str
    due_at: datetime | None
    share: float
    words: str
    is_ticking: bool
    clock: Clock | None = None
    limit_words: str = ""
    why: tuple[Stretch, ...] = ()
    paused: str = ""
    waited: str = ""

    @property
    def due_spoken(self) -> str:
        """When it is due as people say it: midnight belongs to the day that ends with it."""
        return outbox.spoken(self.due_at)

    @property
    def presses(self) -> bool:
        """Whether somebody must hurry for it: it ticks, no storm excuses it, and it speaks of this complaint alone."""
        return self.is_ticking and self.state not in ("excused", "mean")


# what a policy is for and what a calendar's days are is much to read once for each clock
_CLOCKS = Statement(
    lambda complaint: Clock.objects.filter(complaint=complaint).select_related("policy").defer("policy__match")
)
# by the clocks' complaint they would be joined, and by their order of clocks, too
_LEDGERS = Statement(lambda *clocks: LedgerEntry.objects.filter(clock__in=clocks).order_by("number"))
_CALENDARS = Statement(lambda *keys: Calendar.objects.filter(pk__in=keys))


def clocks_of(complaint: Complaint) -> list[Clock]:
    """All promises of a complaint to its customer with what is needed to show them; those that press first."""
    clocks = list(_CLOCKS(complaint.pk))
    ledgers: dict[int, list[LedgerEntry]] = {clock.pk: [] for clock in clocks}
    for entry in _LEDGERS(*ledgers) if clocks else ():
        ledgers[entry.clock_id].append(entry)
    for clock in clocks:
        clock.complaint = complaint
        clock.know_entries(ledgers[clock.pk])
    complaint.know_clocks(clocks)
    promised = [clock for clock in clocks if clock.kind != ClockKind.REQUEST]
    _give_calendars(promised)
    return sorted(
        promised,
        key=lambda c: (c.state not in (State.RUNNING, State.PAUSED), c.due_at or timezone.now() + timedelta(days=9999)),
    )


def _give_calendars(clocks: Collection[Clock]) -> None:
    """The calendars of clocks and of what stands in their ledgers, each read once."""
    rows: list[Clock | LedgerEntry] = [*clocks, *(entry for clock in clocks for entry in clock.entries())]
    keys = {row.calendar_id for row in rows if row.calendar_id is not None}
    known = {calendar.pk: calendar for calendar in _CALENDARS(*keys)} if keys else {}
    for row in rows:
        if row.calendar_id is not None:
            row.calendar = known[row.calendar_id]


def views_of(clocks: Iterable[Clock], now: datetime) -> list[ClockView]:
    clocks = list(clocks)
    names = pause_names() if any(clock.pause_reason for clock in clocks) else {}
    return [view_of(clock, now, names) for clock in clocks]


def view_of(clock: Clock, now: datetime, pause_names: Mapping[str, str]) -> ClockView:
    state = state_of(clock, now)
    due_at = None if state == "mean" else clock.due_at
    share = share_used(clock.started_at, due_at, clock.stopped_at or now) if due_at else 0.0
    return ClockView(
        label=clock.label,
        state=state,
        state_words=STATES[state],
        due_at=due_at,
        share=share,
        words=_words(clock, state, now),
        is_ticking=clock.state in (State.RUNNING, State.PAUSED),
        clock=clock,
        limit_words=limit_words(clock.limit) if clock.limit else "",
        why=() if state == "mean" else why(clock),
        paused=paused_words(clock, pause_names) if clock.pause_reason else "",
        waited=span_words(clock.paused_for) if clock.paused_for else "",
    )


def _words(clock: Clock, state: str, now: datetime) -> str:
    if state == "mean":
        return _("on average within %(limit)s") % {"limit": limit_words(clock.limit)}
    return due_words(clock.due_at, now) if state in ("running", "due_soon", "breached") else str(STATES[state])


def next_due(complaint: Complaint, now: datetime) -> ClockView:
    """The deadline of a row in a queue, from what is stored on the complaint itself."""
    due = complaint.next_due_at
    if due is None or not complaint.is_unfinished:
        state = "paused" if complaint.status == "waiting" else "none"
        return ClockView("", state, STATES[state], None, 0.0, str(STATES[state]), False)
    share = share_used(complaint.received_at, due, now)
    state = "breached" if due < now else "due_soon" if share >= SOON else "running"
    return ClockView(kind_label(complaint.next_due_clock), state, STATES[state], due, share, due_words(due, now), True)


def kind_label(stored: str) -> str:
    """The name of a clock as a complaint stores it: "resolve/internal"."""
    kind, _slash, tier = stored.partition("/")
    return clock_label(kind, tier) if kind else ""


def state_of(clock: Clock, now: datetime) -> str:
    """How it stands. A promise of the average is neither kept nor broken by one complaint."""
    if clock.is_excused:
        return "excused"
    if clock.statistic == "mean" and clock.limit and clock.state != State.CANCELLED:
        return "mean"
    if clock.state != State.RUNNING or clock.due_at is None:
        return clock.state
    if clock.due_at < now:
        return "breached"
    return "due_soon" if share_used(clock.started_at, clock.due_at, now) >= SOON else "running"


def due_words(due: datetime | None, now: datetime) -> str:
    """ "due in 3 h 20 min" or "2 days late"."""
    if due is None:
        return ""
    is_late = due < now
    return _due_words(_told(now - due if is_late else due - now), is_late, get_language())


@lru_cache(maxsize=4096)
def _due_words(minutes: int, is_late: bool, language: str | None) -> str:
    words = _("%(span)s late") if is_late else _("due in %(span)s")
    return words % {"span": _span_words(minutes, language)}


def span_words(span: timedelta) -> str:
    """A length of time in its two largest parts."""
    return _span_words(_told(span), get_language())


def _told(span: timedelta) -> int:
    """The minutes of a length of time, of two days and more only whole days: the rest is not said."""
    minutes = int(span.total_seconds() // 60)
    return minutes if minutes < 2 * DAY else minutes // DAY * DAY


# a page says fifty such lengths, and the same ones minute after minute


@lru_cache(maxsize=4096)
def _span_words(minutes: int, _language: str | None) -> str:
    days, hours, rest = minutes // DAY, minutes // 60 % 24, minutes % 60
    if days >= 2:
        return ngettext("%(days)d day", "%(days)d days", days) % {"days": days}
    if days or hours:
        return _("%(hours)d h %(minutes)d min") % {"hours": days * 24 + hours, "minutes": rest}
    return _("%(minutes)d min") % {"minutes": rest}


def limit_words(limit: str) -> str:
    """ "3 working days"."""
    return _limit_words(limit, get_language())


@lru_cache(maxsize=1024)
def _limit_words(limit: str, _language: str | None) -> str:
    parsed = Limit.parse(limit)
    texts = {
        Unit.MINUTE: ngettext("%(count)d minute", "%(count)d minutes", parsed.amount),
        Unit.HOUR: ngettext("%(count)d hour", "%(count)d hours", parsed.amount),
        Unit.WORKING_HOUR: ngettext("%(count)d working hour", "%(count)d working hours", parsed.amount),
        Unit.WORKING_DAY: ngettext("%(count)d working day", "%(count)d working days", parsed.amount),
        Unit.CALENDAR_DAY: ngettext("%(count)d calendar day", "%(count)d calendar days", parsed.amount),
    }
    return texts[parsed.unit] % {"count": parsed.amount}


def why(clock: Clock) -> tuple[Stretch, ...]:
    """The way to the deadline, stretch by stretch."""
    if not clock.limit:
        return ()
    given = replay([as_entry(entry) for entry in clock.entries()])
    terms, pauses = given.terms, _up_to(given.pauses, given.stopped_at)
    if terms.limit is None:
        return ()
    way = explain(terms.limit, terms.calendar, given.started_at, pauses)
    if terms.extension is None or way.due_at is None:
        return stretches(way)
    further = explain_extension(way.due_at, terms.extension, terms.extension_calendar, pauses)
    granted = Stretch(
        way.due_at,
        further.due_at or way.due_at,
        _("granted on top: %(time)s") % {"time": limit_words(str(terms.extension))},
    )
    return (*stretches(way), granted, *stretches(further))


def pause_names() -> dict[str, str]:
    """What each reason for a pause is called."""
    return {reason.code: reason.name for reason in PauseReason.objects.all()}


def paused_words(clock: Clock, names: Mapping[str, str]) -> str:
    """Why a clock is paused now, and until when at most."""
    reasons = pgettext("between names", ", ").join(names.get(code, code) for code in clock.pause_reason.split(","))
    if clock.pause_ends_at is None:
        return reasons
    return _("%(reasons)s, until %(end)s at most") % {"reasons": reasons, "end": outbox.spoken(clock.pause_ends_at)}


def stretches(explained: Explanation) -> tuple[Stretch, ...]:
    """The segments of an explanation in words, like neighbours put together."""
    merged: list[Stretch] = []
    for segment in explained.segments:
        words = SEGMENTS[segment.kind]
        # the very same text: comparing two looks both up in the language in use
        if merged and merged[-1].words is words and merged[-1].end == segment.start:
            merged[-1] = Stretch(merged[-1].start, segment.end, words)
        else:
            merged.append(Stretch(segment.start, segment.end, words))
    return tuple(merged)


def _up_to(pauses: tuple[Pause, ...], stopped_at: datetime | None) -> tuple[Pause, ...]:
    """A pause that the stop cut short ended with it."""
    return tuple((start, end or stopped_at) for start, end in pauses)


def due_sentence(answer: Answer) -> str:
    """One deadline as a person says it on the phone: how long, from when, until when, and what does not count."""
    words = {
        "limit": limit_words(answer.limit),
        "start": date_format(timezone.localtime(answer.explanation.segments[0].start), "DATETIME_FORMAT"),
        "due": outbox.spoken(answer.due_at),
    }
    if answer.due_at is None:
        sentence = _("%(limit)s from %(start)s: not due while it is paused.") % words
    elif timezone.localtime(answer.due_at).time() == time():
        sentence = _("%(limit)s from %(start)s: due by the end of %(due)s.") % words
    else:
        sentence = _("%(limit)s from %(start)s: due %(due)s.") % words
    if answer.statistic == "mean":
        sentence = (
            _("On average within %(limit)s; no deadline of a single complaint. Counted from %(start)s: %(due)s.")
            % words
        )
    days_off = sum(segment.kind == "day_off" for segment in answer.explanation.segments)
    if days_off:
        skipped = ngettext("%(count)d day off does not count.", "%(count)d days off do not count.", days_off)
        sentence = f"{sentence} {skipped % {'count': days_off}}"
    return f"{answer.label}: {sentence}" if answer.label else sentence
