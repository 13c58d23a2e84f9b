"""The history of a complaint as a page shows it: each event in one sentence, with the words that were said."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils.dateparse import parse_datetime

from complaints.models import Event, Medium, Notice, Responsibility
from complaints.states import Outcome

KINDS = {
    "note": "note",
    "message": "message",
    "ask": "message",
    "resolve": "message",
    "settle": "message",
    "supplement": "customer",
    "contact": "call",
    "feedback": "customer",
}
WORDS = ("note", "message", "reason", "comment")
"""The details that are somebody's own words; `resolution` is shown with the answer that was given."""
MOMENTS = ("arrived_at", "contacted_at", "due_at", "restored_at")
CHOICES = {
    "medium": dict(Medium.choices),
    "outcome": dict(Outcome.choices),
    "responsibility": dict(Responsibility.choices),
}


def entries(events: Iterable[Event], notices: Iterable[Notice]) -> list[dict[str, Any]]:
    """What `components/timeline_entry.html` draws, newest first."""
    sent: dict[int, list[Notice]] = {}
    for notice in notices:
        if notice.event_id is not None:
            sent.setdefault(notice.event_id, []).append(notice)
    return [entry(event, sent.get(event.pk, [])) for event in reversed(list(events))]


def entry(event: Event, notices: list[Notice]) -> dict[str, Any]:
    said = event.details
    by_customer = event.is_by_customer and event.move in ("supplement", "urge", "withdraw", "reopen", "feedback")
    return {
        "kind": "customer" if by_customer else KINDS.get(event.move, "system"),
        "at": event.at,
        "who": event.actor,
        "title": sentence(event),
        "text": "\n\n".join(str(said[name]) for name in (*WORDS, "resolution") if said.get(name)),
        "state": ", ".join(f"{notice.get_medium_display()}: {notice.get_state_display()}" for notice in notices),
        "anchor": f"event-{event.number}",
    }


def sentence(event: Event) -> str:
    said = {name: _spoken(name, value) for name, value in event.details.items()}
    return " ".join(render_to_string(event.template, {"event": event, "said": said}).split())


def _spoken(name: str, value: Any) -> Any:
    """A detail as its sentence says it."""
    if isinstance(value, dict):
        return value.get("text", "")
    if name in CHOICES:
        return CHOICES[name].get(value, value)
    if name in MOMENTS:
        moment: datetime | None = parse_datetime(str(value))
        return moment or value
    return value
