"""The history on the page of a complaint: all of it or one kind, in the order that the person likes, with its files."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from complaints import timeline
from complaints.models import Attachment, Complaint, Event, Notice
from staff.http import StaffRequest
from staff.written_out import Statement

YEAR = 365 * 24 * 3600
LONG_STORY = 1500
"""Characters from which the customer's own story is folded."""


_FILES = Statement(lambda complaint: Attachment.objects.filter(complaint=complaint))
_EVENTS = Statement(lambda complaint: Event.objects.filter(complaint=complaint))


def context_of(request: StaffRequest, complaint: Complaint, notices: list[Notice]) -> dict[str, Any]:
    attachments = list(_FILES(complaint.pk))
    show = request.GET.get("show", "")
    show = show if show in timeline.GROUPS else ""
    oldest_first = _order(request) == "oldest" or "print" in request.GET
    events = list(_EVENTS(complaint.pk))
    for event in events:
        event.complaint = complaint
    everything = timeline.entries(events, notices)
    files = {entry["anchor"]: _added_at(entry, complaint, attachments) for entry in everything}
    for entry in everything:
        entry["files"] = files[entry["anchor"]]
        if "print" in request.GET:
            entry["beginning"] = ""
    return {
        "events": events,
        "entries": timeline.only(everything, show, oldest_first=oldest_first),
        "entries_in_all": len(everything),
        "show": show,
        "oldest_first": oldest_first,
        "sides": [_side(request, "", _("All"), len(everything), show)]
        + [
            _side(request, name, str(label), sum(name in one["groups"] for one in everything), show)
            for name, label in timeline.GROUPS.items()
        ],
        "other_order": _address(show=show, order="newest" if oldest_first else "oldest"),
        "files": [shown(file, complaint) for file in attachments],
        "story_is_long": len(complaint.story) > LONG_STORY,
    }


def shown(file: Attachment, complaint: Complaint) -> dict[str, Any]:
    """A file as components/file_list.html draws it."""
    return as_listed(file, reverse("complaints:attachment", args=[complaint.reference, file.uuid]))


def as_listed(file: Attachment, url: str) -> dict[str, Any]:
    """A file with its address; what is locked away has none and says why."""
    return {
        "name": file.name,
        "url": "" if file.is_held else url,
        "size": file.size,
        "kind": "image" if file.is_image else "file",
        "thumbnail_url": url if file.is_image and not file.is_held else "",
        "scan": file.scan,
        "found": file.found,
    }


def remember_order(request: StaffRequest, answer: HttpResponse) -> None:
    """The order that this person chose stays theirs in this browser."""
    if request.GET.get("order") in ("oldest", "newest"):
        answer.set_cookie(
            _cookie(request),
            request.GET["order"],
            max_age=YEAR,
            httponly=True,
            samesite="Lax",
            secure=request.is_secure(),
        )


def _order(request: StaffRequest) -> str:
    return request.GET.get("order") or request.COOKIES.get(_cookie(request), "newest")


def _cookie(request: StaffRequest) -> str:
    """One a person, because desks are shared."""
    return f"history-order-{request.user.pk}"


def _added_at(entry: dict[str, Any], complaint: Complaint, attachments: list[Attachment]) -> list[dict[str, Any]]:
    """The files that came with an entry: they were added at its moment; those of the registration stand with the story."""
    if entry["anchor"] == "event-1":
        return []
    return [shown(file, complaint) for file in attachments if file.added_at == entry["at"]]


def _side(request: StaffRequest, name: str, label: str, count: int, current: str) -> dict[str, Any]:
    return {"url": _address(show=name), "label": label, "count": count, "current": name == current}


def _address(**params: str) -> str:
    given = {name: value for name, value in params.items() if value}
    return f"?{urlencode(given)}#history"
