"""What a deadline would be: for any start, limit and calendar, or for everything that a policy promises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
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
    """`limit` with `calendar`, or `facts` (and `policy`) to ask for everything promised. Moments are aware."""

    start: datetime
    limit: str = ""
    calendar: str = ""
    pauses: Sequence[Pause] = ()
    facts: Facts = field(default_factory=Facts)
    policy: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """One deadline with the way to it."""

    label: str
    limit: str
    calendar: str
    policy: str
    explanation: Explanation
    statistic: str = "each"

    @property
    def due_at(self) -> datetime | None:
        return self.explanation.due_at


def answer(question: Question) -> list[Answer]:
    """Each deadline that the question is about, the earliest first. Raises BadInput with a sentence."""
    if question.limit:
        limit, calendar = _limit(question.limit), _calendar(question.calendar)
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
    return Answer(label, str(limit), calendar.code if calendar else "", policy, explained, statistic)


def _limit(text: str) -> Limit:
    try:
        return Limit.parse(text)
    except BadLimit as error:
        raise BadInput(str(error), fields=["limit"]) from error


def _calendar(code: str) -> WorkingCalendar | None:
    if not code:
        return None
    newest = Calendar.objects.filter(code=code).order_by("-version").first()
    if newest is None:
        known = ", ".join(sorted(set(Calendar.objects.values_list("code", flat=True))))
        raise BadInput(
            _("There is no calendar “%(code)s”; there are %(known)s.") % {"code": code, "known": known},
            fields=["calendar"],
        )
    return newest.working_calendar()


def as_json(one: Answer, zone: Any) -> dict[str, Any]:
    """For programs: moments as ISO 8601 with the utility's offset."""
    due = one.due_at
    return {
        "due_at": due.astimezone(zone).isoformat() if due else None,
        "clock": one.label or None,
        "limit": one.limit,
        "calendar": one.calendar or None,
        "policy": one.policy or None,
        "segments": [
            {
                "start": segment.start.astimezone(zone).isoformat(),
                "end": segment.end.astimezone(zone).isoformat(),
                "kind": segment.kind,
            }
            for segment in one.explanation.segments
        ],
    }
