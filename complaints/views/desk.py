"""The queue: what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_safe

from complaints import (
    bulk_forms,
    columns,
    context,
    filter_forms,
    paging,
    proposals,
    queues,
    saved_views,
    search,
    sorting,
    taking,
)
from complaints.clocks import shown
from complaints.models import Category, Complaint, DeskHabit, SavedView
from complaints.models.complaint import ComplaintQuerySet
from complaints.references import parse_reference
from complaints.states import HANDLERS
from customers import reading
from customers.models import Reading
from staff.http import StaffRequest
from staff.models import Branch, User
from staff.naming import name_field
from staff.written_out import Statement

PAGE = 50
MOST_NEW = 99
BAR = ("category", "channel", "status", "priority", "branch", "q")
"""Filters that the bar shows; the others came with the address and are carried along."""
IN_ROWS = (
    *("reference", "version", "status", "category", "priority", "severity", "channel", "branch", "story", "place"),
    *("contact_name", "contact_phone", "is_anonymous", "customer", "service_issue", "urged_count"),
    *("received_at", "next_due_at", "next_due_clock"),
    *("team__name_zh", "team__name_en", "assignee__username", "assignee__full_name"),
)
"""What the columns of a queue show: fifty complaints whole, each with its team and a whole account of a person, take longer
to be made of the answer than to be found."""
EVERYTHING_SORTS = ("newest", "oldest")
"""The orders in which everything there ever was can be read without reading all of it first."""


class Asked:
    """What an address of the queue asks for: which complaints (`params`), in which order, through which saved view."""

    def __init__(self, request: StaffRequest) -> None:
        self.user: User = request.user
        self.habit: DeskHabit = saved_views.habit_of(self.user)
        self.views: list[SavedView] = saved_views.at_hand(self.user)
        given = filter_forms.joined(request.GET)
        self.after, self.saved = given.get("after", ""), self._view(given)
        if self.saved is not None:
            given = {**self.saved.query, "sort": given.get("sort") or self.saved.sort}
        elif not any(given.get(name) for name in ("view", *queues.FILTERS)):
            given["view"] = queues.usual_queue(self.user)
        self.params: dict[str, str] = {"view": "all"} | {
            name: str(given[name]) for name in ("view", *queues.FILTERS) if given.get(name)
        }
        self.given = given
        offered = EVERYTHING_SORTS if self.params["view"] == "all" else tuple(sorting.SORTS)
        self.sorts = {name: sorting.SORTS[name] for name in offered}
        asked = given.get("sort", "")
        self.sort = asked if asked in self.sorts else ""
        self.columns = columns.sound((self.saved.columns if self.saved else []) or self.habit.columns)

    def _view(self, given: Mapping[str, str]) -> SavedView | None:
        """The saved view that is named, or the one this person's queue opens with."""
        wanted = given.get("saved", "")
        if not any(given.get(name) for name in ("saved", "view", "sort", *queues.FILTERS)):
            wanted = str(self.habit.first_view_id or "")
        return next((view for view in self.views if str(view.pk) == wanted), None)

    def url(self, **other: str | None) -> str:
        """The address of this list, with some of its parameters otherwise; what is changed of a saved view is no longer it."""
        changed = {name for name in other if name not in ("after", "sort")}
        if self.saved is not None and not changed:
            said: dict[str, str | None] = {"saved": str(self.saved.pk)}
            own_sort = self.saved.sort
        else:
            said, own_sort = dict(self.params), ""
        if self.sort != own_sort:
            said["sort"] = self.sort
        said |= other
        return f"{reverse('complaints:queue')}?{urlencode({name: text for name, text in said.items() if text})}"

    @property
    def is_by_relevance(self) -> bool:
        return not self.sort and self.params["view"] == "all" and bool(self.params.get("q", "").strip())

    def page(self, found: ComplaintQuerySet, keys: list[int] | None) -> tuple[list[Complaint], str]:
        """What is open by the next deadline; of everything the likeliest of `keys`, or without words the newest."""
        if keys is not None:
            return paging.by_relevance(found, self.params["q"], self.after, PAGE, shown=_shown, keys=keys)
        usual = "newest" if self.params["view"] == "all" else "due"
        return sorting.page(_shown(found), self.sort or usual, self.after, PAGE)


def _shown(rows: ComplaintQuerySet) -> ComplaintQuerySet:
    return rows.select_related("team", "assignee").only(*IN_ROWS)


@require_safe
@login_required
def queue(request: StaffRequest) -> HttpResponse:
    """A list of complaints, narrowed by the address; a whole reference opens its complaint."""
    now = timezone.now()
    visible = Complaint.objects.visible_to(request.user)
    reference = parse_reference(request.GET.get("q", ""))
    if reference and visible.filter(reference=reference).exists():
        return redirect("complaints:complaint", reference)
    asked = Asked(request)
    if words := asked.params.get("q", "").strip():
        reading.note(request, Reading.Kind.SEARCH, query=words)
    ignored = ["saved"] if request.GET.get("saved") and asked.saved is None else []
    found = queues.narrow(visible, asked.params, request.user, at=now, ignored=ignored)
    # what is looked for by words is found once: to be counted, and the newest to be put in order
    keys = search.newest(found, max(search.WINDOW, queues.MOST_COUNTED)) if asked.is_by_relevance else None
    rows, older = asked.page(found, keys)
    categories, branches = list(_CATEGORIES()), _own_branches(request.user)
    _categorise(rows, categories)
    extras = columns.extras(rows, asked.columns)
    beside: dict[str, QuerySet[Any]] = {"proposed": proposals.waiting_for(request.user)}
    is_narrowed = any(asked.params.get(name) for name in queues.FILTERS)
    # a queue as it is has been counted for its tab
    length = asked.params["view"] if not is_narrowed and asked.params["view"] in queues.COUNTED else "found"
    if keys is None and length == "found":
        beside[length] = queues.in_order(found, asked.params)
    counted = queues.counts(request.user, at=now, beside=beside, standing=context.waiting_for)
    context.counted_beside(request, counted)
    answer = {
        "branch_names": {pk: name for pk, _code, name in branches},
        "rows": [{"complaint": row, "deadline": shown.next_due(row, now), "more": extras[row.pk]} for row in rows],
        "columns": [(name, columns.COLUMNS[name]) for name in asked.columns],
        "narrowed": is_narrowed,
        "kept": [(name, asked.params[name]) for name in queues.FILTERS if asked.params.get(name) and name not in BAR],
        "chips": [(chip, asked.url(**{chip.name: None})) for chip in filter_forms.chips(asked.params)],
        "older": older,
        "after": asked.after,
        "newest_url": asked.url(),
        "older_url": asked.url(after=older),
        "length": queues.spoken(counted[length] if keys is None else len(keys)),
        "params": asked.params,
        "sort": asked.sort,
        "sorts": list(asked.sorts.items()),
        "ignored": list(dict.fromkeys(ignored)),
        "view": asked.params["view"],
        "saved": asked.saved,
        "queues": _tabs(request, asked, counted),
        "views": [
            {"url": f"?saved={view.pk}", "label": view.name, "count": None, "current": view == asked.saved}
            for view in asked.views
            if view == asked.saved or (view.is_pinned and view.owner_id == request.user.pk)
        ],
        "news_url": f"{reverse('complaints:queue-news')}?{urlencode(_news_of(asked, rows, now))}",
        "now": now,
        "proposed": counted["proposed"],
        "moves": bulk_forms.offered(request.user.role),
        "bulk_url": reverse("complaints:bulk", args=["-"]).removesuffix("-/"),
        "here": asked.url(after=asked.after),
        "everything": urlencode(asked.params),
        "takes_next": HANDLERS,
        "may_take": request.user.role in taking.TAKING,
        "taken": urlencode({**asked.params, "sort": asked.sort}),
        **_choices(categories, branches),
    }
    template = "desk/_queue.html" if request.htmx else "desk/queue.html"
    return render(request, template, answer)


@require_safe
@login_required
def news(request: StaffRequest) -> HttpResponse:
    """What happened to the queue since it was drawn: how many came, which of its rows changed. Moves no row."""
    since = parse_datetime(request.GET.get("since", ""))
    if since is None or timezone.is_naive(since):
        return HttpResponse(status=204)
    params = {name: text for name, text in request.GET.items() if name not in ("since", "after", "shown")}
    visible = Complaint.objects.visible_to(request.user)
    found = queues.narrow(visible, params, request.user)
    counted = queues.counts(request.user)
    answer = {
        "count": queues.arrived_since(found, since)[:MOST_NEW].count(),
        "url": f"{reverse('complaints:queue')}?{urlencode(params)}",
        "counted": [(f"?view={name}", queues.spoken(count)) for name, count in counted.items()],
        "changed": _changed(visible, request.GET.get("shown", "")),
    }
    return render(request, "desk/_news.html", answer)


def _news_of(asked: Asked, rows: Iterable[Complaint], now: datetime) -> dict[str, str]:
    return {**asked.params, "since": now.isoformat(), "shown": _as_shown(rows)}


def _as_shown(rows: Iterable[Complaint]) -> str:
    """The rows of a page and their versions, as `news` is asked about them."""
    return "-".join(f"{row.pk}.{row.version}" for row in rows)


def _changed(visible: ComplaintQuerySet, shown_rows: str) -> list[str]:
    """The references of those rows that are not what they were when the page was drawn."""
    seen: dict[int, int] = {}
    for one in shown_rows.split("-")[:PAGE]:
        pk, _dot, version = one.partition(".")
        if pk.isdecimal() and version.isdecimal() and len(pk) < 18 and len(version) < 9:
            seen[int(pk)] = int(version)
    if not seen:
        return []
    rows = visible.filter(pk__in=seen).values_list("pk", "reference", "version")
    return [reference for pk, reference, version in rows if version != seen[pk]]


def _tabs(request: StaffRequest, asked: Asked, counted: Mapping[str, int]) -> list[dict[str, Any]]:
    # who manages no customer has none here, and who does finds the tab when one of theirs complains
    is_offered = {
        "team": request.user.team_id,
        "customers": counted["customers"] or asked.params["view"] == "customers",
    }
    offered = [q for q in queues.QUEUES if is_offered.get(q.name, True)]
    return [
        {
            "url": f"?view={q.name}",
            "label": q.label,
            "count": queues.spoken(counted[q.name]) if q.is_counted else None,
            "current": asked.saved is None and q.name == asked.params["view"],
        }
        for q in offered
    ]


def _own_branches(user: User) -> list[tuple[int, str, str]]:
    """Key, code and name of the branches that this person sees: their own and those below it."""
    if user.branch is None:
        return []
    name = name_field()
    return list(_BRANCHES(shape=(user.branch.path, name), path=user.branch.path, name=name))


_BRANCHES = Statement(
    lambda *, path, name: Branch.objects.filter(path__startswith=path).values_list("pk", "code", name)
)
_CATEGORIES = Statement(lambda: Category.objects.all())


def _categorise(rows: Iterable[Complaint], categories: Iterable[Category]) -> None:
    """Give each row its category: few in all, read for the filter bar anyhow, and dear to join to every row."""
    category_of = {one.pk: one for one in categories}
    for row in rows:
        row.category = category_of[row.category_id]


def _choices(categories: Iterable[Category], branches: Iterable[tuple[int, str, str]]) -> dict[str, Any]:
    """What the filter bar offers."""
    return {
        "categories": [(one.code, one.name) for one in categories if one.is_active],
        "branches": [(code, name) for _pk, code, name in branches],
        **{name: list(words.now().items()) for name, words in _FIXED.items()},
    }


_FIXED = {
    "channels": columns.CHOICES["channel"],
    "statuses": columns.CHOICES["status"],
    "priorities": columns.CHOICES["priority"],
}


@login_required
@require_safe
def filters(request: StaffRequest) -> HttpResponse:
    """Every filter there is, with what is set; sending it opens the queue."""
    asked = Asked(request)
    form = filter_forms.FilterForm(asked.params, user=request.user)
    answer = {"form": form, "view": asked.params["view"], "sort": asked.sort, "back": asked.url()}
    return render(request, "desk/_filters.html" if request.htmx else "desk/filters.html", answer)
