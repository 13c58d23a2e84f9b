"""What a deadline would be: for any start, limit and calendar, or for everything that a policy promises."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from complaints.clocks.calendars import CalendarExhausted, WorkingCalendar
from complaints.clocks.deadlines import Explanation, Pause, due_at, explain
from complaints.clocks.limits import BadLimit, Limit
from complaints.clocks.policies import NO_PROMISE, Facts, Promise, promises_for
from complaints.clocks.promised import rules_in_force
from complaints.models import Calendar, Clock
from complaints.refusals import BadInput


@dataclass(frozen=True, slots=True)
class Question:
    """`limit` with `calendar`, or `facts` (and `policy`) to ask for everything promised. Moments are aware.

    `calendar` is a code for its newest version, or code@version; `using` is one that is not stored yet and comes first.
    """

    start: datetime
    limit: str = ""
    calendar: str = ""
    using: WorkingCalendar | None = None
    pauses: Sequence[Pause] = ()
    facts: Facts = field(default_factory=Facts)
    policy: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """One deadline with the way to it; `guessed_after` is the last day known when the deadline lies beyond it."""

    label: str
    limit: str
    calendar: str
    policy: str
    explanation: Explanation
    guessed_after: date | None = None
    statistic: str = "each"

    @property
    def due_at(self) -> datetime | None:
        return self.explanation.due_at


def answer(question: Question) -> list[Answer]:
    """Each deadline that the question is about, the earliest first. Raises BadInput with a sentence."""
    if question.limit:
        limit, calendar = _limit(question.limit), question.using or _calendar(question.calendar)
        return [_answer(question, "", limit, calendar, "")]
    answers = [
        _answer(
            question,
            Clock(kind=promise.kind, tier=promise.tier).label,
            _limit(promise.limit),
            _calendar(promise.calendar),
            f"{promise.policy} v{promise.policy_version}",
            promise.statistic,
        )
        for promise in _promises(question)
    ]
    return sorted(answers, key=lambda one: (one.due_at is None, one.due_at, one.label))


def _promises(question: Question) -> Sequence[Promise]:
    rules = rules_in_force()
    if not question.policy:
        return promises_for(
            rules,
            question.facts,
            due=lambda promise: due_at(_limit(promise.limit), _calendar(promise.calendar), question.start),
        )
    chosen = next((rule for rule in rules if rule.code == question.policy), None)
    if chosen is None:
        raise BadInput(_("There is no policy “%(code)s”.") % {"code": question.policy}, fields=["policy"])
    return [promise for promise in chosen.promises if promise.limit != NO_PROMISE]


def _answer(
    question: Question, label: str, limit: Limit, calendar: WorkingCalendar | None, policy: str, statistic: str = "each"
) -> Answer:
    if calendar is None and not limit.is_elapsed:
        raise BadInput(_("A limit of %(limit)s needs a calendar.") % {"limit": limit}, fields=["calendar"])
    try:
        explained = explain(limit, calendar, question.start, question.pauses)
    except CalendarExhausted as error:
        raise BadInput(str(error), fields=["calendar"]) from error
    name = ""
    if calendar is not None:
        name = question.calendar if calendar.code == question.calendar.partition("@")[0] else calendar.code
    guessed = _guessed_after(calendar, limit, explained.due_at)
    return Answer(label, str(limit), name, policy, explained, guessed, statistic)


def _guessed_after(calendar: WorkingCalendar | None, limit: Limit, due: datetime | None) -> date | None:
    """The end of what is known, when the deadline lies beyond it; 00:00 still belongs to the day that ends."""
    if calendar is None or due is None or limit.is_elapsed:
        return None
    last = calendar.local_date(due - timedelta(microseconds=1))
    return None if calendar.is_known(last) else calendar.covers_until


def _limit(text: str) -> Limit:
    try:
        return Limit.parse(text)
    except BadLimit as error:
        raise BadInput(str(error), fields=["limit"]) from error


def _calendar(named: str) -> WorkingCalendar | None:
    """By code, in its newest version; or code@version."""
    if not named:
        return None
    code, at, version = named.partition("@")
    versions = Calendar.objects.filter(code=code).order_by("-version")
    newest = versions.first()
    if newest is None:
        known = ", ".join(sorted(set(Calendar.objects.values_list("code", flat=True))))
        raise BadInput(
            _("There is no calendar “%(code)s”; there are %(known)s.") % {"code": code, "known": known},
            fields=["calendar"],
        )
    if not at:
        return newest.working_calendar()
    found = versions.filter(version=int(version)).first() if re.fullmatch("[0-9]{1,6}", version) else None
    if found is None:
        words = {"code": code, "version": version, "newest": newest.version}
        raise BadInput(
            _("The calendar “%(code)s” has no version “%(version)s”; the newest is %(newest)d.") % words,
            fields=["calendar"],
        )
    return found.working_calendar()


def as_json(one: Answer, zone: Any) -> dict[str, Any]:
    """For programs: moments as ISO 8601 with the utility's offset."""
    due = one.due_at
    return {
        "due_at": due.astimezone(zone).isoformat() if due else None,
        "clock": one.label or None,
        "limit": one.limit,
        "calendar": one.calendar or None,
        "policy": one.policy or None,
        "guessed_after": one.guessed_after.isoformat() if one.guessed_after else None,
        "segments": [
            {
                "start": segment.start.astimezone(zone).isoformat(),
                "end": segment.end.astimezone(zone).isoformat(),
                "kind": segment.kind,
            }
            for segment in one.explanation.segments
        ],
    }
