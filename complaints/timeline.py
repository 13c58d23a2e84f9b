"""The history of a complaint as a page shows it: each event in one sentence, with the words that were said."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.template.loader import render_to_string
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy

from complaints.models import DeskSettings, Event, GivenBack, Medium, Notice, NoticeState, Responsibility
from complaints.money import money
from complaints.states import Outcome
from staff.words import Words

KINDS = {
    "note": "note",
    "message": "message",
    "ask": "message",
    "resolve": "message",
    "settle": "message",
    "hand_over": "note",
    "request": "note",
    "answer_request": "note",
    "decline_request": "note",
    "supplement": "customer",
    "contact": "call",
    "feedback": "customer",
    "change_feedback": "customer",
}
WORDS = ("question", "answer", "note", "message", "reason", "comment")
"""The details that are somebody's own words; `resolution` is shown with the answer that was given."""
MEDIA, NOTICE_STATES = Words(Medium.choices), Words(NoticeState.choices)
"""What `get_…_display` of a notice says; that goes through all choices each time, and a page asks it forty times."""
MOMENTS = ("answer_by", "arrived_at", "contacted_at", "due_at", "restored_at")
CHOICES = {
    "medium": MEDIA,
    "outcome": Words(Outcome.choices),
    "way": Words(GivenBack.choices),
    "responsibility": Words(Responsibility.choices),
}


CLOCKS = frozenset(
    {
        "ask", "ask_extension", "breach", "decline_extension", "escalate", "excuse", "extend", "hold", "release", "resume",
        "remind_request", "retarget", "warn",
    }
)  # fmt: skip
"""Moves that are about the deadlines: they stop, start or move a clock, or a clock speaks."""
WITH_CUSTOMER = frozenset({"message", "customer", "call"})
SIGNS = {
    "adjustment_paid": "receipt-text", "approve_adjustment": "check", "decline_adjustment": "x",
    "propose_adjustment": "receipt-text",
    "ask_extension": "hourglass", "breach": "clock-alert", "decline_extension": "hourglass", "escalate": "chevrons-up",
    "excuse": "calendar-clock", "extend": "hourglass", "hold": "circle-pause", "release": "clock", "resume": "clock",
    "retarget": "calendar-clock", "warn": "clock-alert", "hand_over": "handshake", "read_hand_over": "check",
    "request": "circle-question-mark", "answer_request": "message-square", "decline_request": "message-square",
    "remind_request": "clock-alert",
}  # fmt: skip
HAND_OVER_LABELS = {
    "stands": gettext_lazy("Where it stands"),
    "promised": gettext_lazy("Promised to the customer"),
    "next_step": gettext_lazy("What comes next"),
    "watch_for": gettext_lazy("Watch out for"),
}
FOLDED_FROM = 600
"""Characters from which a text is folded behind its beginning."""
BEGINNING = 160
GROUPS = {
    "words": gettext_lazy("People's words"),
    "customer": gettext_lazy("With the customer"),
    "clocks": gettext_lazy("Deadlines"),
    "files": gettext_lazy("Files"),
}
"""What of a history can be looked at alone."""


def entries(events: Iterable[Event], notices: Iterable[Notice]) -> list[dict[str, Any]]:
    """What `timeline_entries` (templatetags) draws, newest first."""
    sent: dict[int, list[Notice]] = {}
    for notice in notices:
        if notice.event_id is not None:
            sent.setdefault(notice.event_id, []).append(notice)
    return [entry(event, sent.get(event.pk, [])) for event in reversed(list(events))]


def hand_over_to_read(events: Iterable[Event]) -> Event | None:
    """As `Complaint.hand_over_to_read`, for a history that was read anyway, oldest first."""
    said = [event for event in events if "stands" in event.details or event.move in ("accept", "read_hand_over")]
    return said[-1] if said and "stands" in said[-1].details else None


def entry(event: Event, notices: list[Notice]) -> dict[str, Any]:
    said = event.details
    text = "\n\n".join(str(said[name]) for name in (*WORDS, "resolution") if said.get(name))
    by_customer = event.is_by_customer and event.move in ("supplement", "urge", "withdraw", "reopen", "feedback")
    return {
        "kind": "customer" if by_customer else KINDS.get(event.move, "system"),
        "at": event.at,
        "who": event.actor,
        "title": sentence(event),
        "text": text,
        "beginning": f"{text[:BEGINNING].rstrip()} …" if len(text) > FOLDED_FROM else "",
        "icon": SIGNS.get(event.move, ""),
        "mentions": [one["as"] for one in said.get("mentions", [])],
        "details": [(label, said[name]) for name, label in HAND_OVER_LABELS.items() if said.get(name)],
        "groups": _groups(event, "customer" if by_customer else KINDS.get(event.move, "system"), text),
        "state": _states(notices) if notices else "",
        "anchor": f"event-{event.number}",
    }


def _states(notices: list[Notice]) -> str:
    media, states = MEDIA.now(), NOTICE_STATES.now()
    return ", ".join(f"{media[notice.medium]}: {states[notice.state]}" for notice in notices)


def _groups(event: Event, kind: str, text: str) -> set[str]:
    found = {
        "words": bool(text or event.details.get("stands")) and not event.is_by_clock,
        "customer": kind in WITH_CUSTOMER or event.is_by_customer,
        "clocks": event.move in CLOCKS,
        "files": bool(event.details.get("files")),
    }
    return {name for name, belongs in found.items() if belongs}


def only(shown: list[dict[str, Any]], group: str, *, oldest_first: bool = False) -> list[dict[str, Any]]:
    """Those of one group, or all when the group is none of ours, in the order asked for; `shown` has the newest first."""
    kept = [one for one in shown if group not in GROUPS or group in one["groups"]]
    return kept[::-1] if oldest_first else kept


def sentence(event: Event) -> str:
    said = {name: _spoken(name, value) for name, value in event.details.items()}
    return " ".join(render_to_string(event.template, {"event": event, "said": said}).split())


def _spoken(name: str, value: Any) -> Any:
    """A detail as its sentence says it."""
    if isinstance(value, dict):
        return value.get("text", "")
    if name in CHOICES:
        return CHOICES[name].now().get(value, value)
    if name == "amount":
        return money(Decimal(value), DeskSettings.current())
    if name == "paid_on":
        return date.fromisoformat(value)
    if name in MOMENTS:
        moment: datetime | None = parse_datetime(str(value))
        return moment or value
    return value
