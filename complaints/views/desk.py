"""The queue: what to do next."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from complaints import paging, queues
from complaints.clocks import shown
from complaints.models import Category, Channel, Complaint, Priority
from complaints.models.complaint import ComplaintQuerySet
from complaints.references import parse_reference
from complaints.states import HANDLERS, Status
from staff.http import StaffRequest
from staff.models import Branch

PAGE = 50
MOST_NEW = 99
BAR = ("category", "channel", "status", "priority", "branch", "q")
"""Filters that the bar shows; the others came with the address and are carried along."""


@login_required
def queue(request: StaffRequest) -> HttpResponse:
    """A list of complaints, narrowed by the address; a whole reference opens its complaint."""
    now = timezone.now()
    visible = Complaint.objects.visible_to(request.user)
    reference = parse_reference(request.GET.get("q", ""))
    if reference and visible.filter(reference=reference).exists():
        return redirect("complaints:complaint", reference)
    params = _params(request)
    ignored: list[str] = []
    found = queues.narrow(visible, params, request.user, at=now, ignored=ignored)
    rows, older = page_of(found, params["view"], params.get("after", ""))
    context = {
        "rows": [{"complaint": row, "deadline": shown.next_due(row, now)} for row in rows],
        "narrowed": any(params.get(name) for name in queues.FILTERS),
        "kept": [(name, params[name]) for name in queues.FILTERS if params.get(name) and name not in BAR],
        "older": older,
        "params": params,
        "ignored": ignored,
        "view": params["view"],
        "queues": _tabs(request, params["view"], now),
        "news_url": f"{reverse('complaints:queue-news')}?{urlencode(params | {'since': now.isoformat()})}",
        "now": now,
        "takes_next": HANDLERS,
        **_choices(request),
    }
    template = "desk/_queue.html" if request.htmx else "desk/queue.html"
    return render(request, template, context)


@login_required
def news(request: StaffRequest) -> HttpResponse:
    """How many complaints came into the queue since it was drawn; asked every few seconds, moves no row."""
    since = parse_datetime(request.GET.get("since", ""))
    if since is None or timezone.is_naive(since):
        return HttpResponse(status=204)
    params = {name: text for name, text in request.GET.items() if name not in ("since", "after")}
    found = queues.narrow(Complaint.objects.visible_to(request.user), params, request.user)
    count = queues.arrived_since(found, since)[:MOST_NEW].count()
    return render(
        request, "desk/_news.html", {"count": count, "url": f"{reverse('complaints:queue')}?{urlencode(params)}"}
    )


def _params(request: StaffRequest) -> dict[str, str]:
    """The parameters of the address, with the queue that is meant when none is named."""
    params: dict[str, str] = request.GET.dict()
    if not any(params.get(name) for name in ("view", *queues.FILTERS)):
        params["view"] = queues.usual_queue(request.user)
    return {"view": "all"} | params


def page_of(found: ComplaintQuerySet, view: str, after: str) -> tuple[list[Complaint], str]:
    """What is open by the next deadline; everything there ever was, the newest first."""
    rows = found.select_related("category", "subcategory", "team", "assignee", "branch", "customer__account_manager")
    return paging.by_receipt(rows, after, PAGE) if view == "all" else paging.by_due(rows, after, PAGE)


def _tabs(request: StaffRequest, current: str, now: datetime) -> list[dict[str, Any]]:
    counted = queues.counts(request.user, at=now)
    # who manages no customer has none here, and who does finds the tab when one of theirs complains
    is_offered = {"team": request.user.team_id, "customers": counted.get("customers") or current == "customers"}
    offered = [q for q in queues.QUEUES if is_offered.get(q.name, True)]
    return [
        {"url": f"?view={q.name}", "label": q.label, "count": counted.get(q.name), "current": q.name == current}
        for q in offered
    ]


def _choices(request: StaffRequest) -> dict[str, Any]:
    """What the filter bar offers."""
    own = Branch.objects.filter(path__startswith=request.user.branch.path) if request.user.branch else []
    return {
        "categories": Category.objects.filter(is_active=True),
        "channels": Channel.choices,
        "statuses": Status.choices,
        "priorities": Priority.choices,
        "branches": own,
    }
