"""The search that is also the command palette: complaints, customers, views, pages and moves by a few letters."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from complaints import context, paging, queues
from complaints.models import Complaint, SavedView
from complaints.references import parse_reference
from complaints.states import MOVES
from customers import lookup, reading
from customers.models import Customer, Reading
from staff.actors import Role
from staff.http import StaffRequest
from staff.models import User

MOST = 6
"""How many of a kind are offered; who wants more sends the search."""
SHORTEST = 2
"""Letters below which nobody and nothing that is stored is looked for. One Chinese character is a word, but fits too much."""

Page = tuple[str, tuple[str, ...], str, LazyText | str, frozenset[Role]]
MORE_PAGES: list[Page] = [
    ("complaints:saved-views", (), "star", gettext_lazy("Saved views"), context.EVERYONE),
    ("complaints:columns", (), "menu", gettext_lazy("Columns"), context.EVERYONE),
    ("complaints:filters", (), "list-filter", gettext_lazy("Filters"), context.EVERYONE),
    ("channels_intake:new", ("letter",), "mail", gettext_lazy("New complaint by letter"), context.ENTERING),
    ("channels_intake:new", ("visit",), "store", gettext_lazy("New complaint at the counter"), context.ENTERING),
    ("channels_intake:new", ("regulator",), "landmark", gettext_lazy("New from the regulator"), context.ENTERING),
    ("channels_intake:unsent", (), "clipboard-list", gettext_lazy("Not sent yet"), context.ENTERING),
    ("channels_intake:counter", (), "store", gettext_lazy("Counter"), context.ENTERING),
    ("complaints:letters", (), "mail", gettext_lazy("Letters to post"), context.ENTERING),
    ("complaints:tariffs", (), "receipt-text", gettext_lazy("Tariffs"), context.EVERYONE),
    ("complaints:policies", (), "scale", gettext_lazy("Policies"), context.READING_DEADLINES),
    ("complaints:calendars", (), "calendar-clock", gettext_lazy("Calendars"), context.READING_DEADLINES),
    ("complaints:roster", (), "users", gettext_lazy("Roster"), context.READING_DEADLINES),
    ("complaints:ladder", (), "bell-ring", gettext_lazy("Ladder"), context.READING_DEADLINES),
    ("complaints:storms", (), "zap", gettext_lazy("Storms"), context.READING_DEADLINES),
    ("channels_intake:guides", (), "circle-question-mark", gettext_lazy("Guides"), context.RENEWING),
    ("channels_intake:words", (), "message-square", gettext_lazy("Prompts and fees"), context.RENEWING),
    ("complaints:access-log", (), "scan-eye", gettext_lazy("Who read what"), frozenset({Role.ADMINISTRATOR})),
    ("complaints:retention", (), "hourglass", gettext_lazy("How long it is kept"), frozenset({Role.ADMINISTRATOR})),
    (
        "complaints:erasures",
        (),
        "shield-check",
        gettext_lazy("Erasure on request"),
        frozenset({Role.ADMINISTRATOR, Role.LIAISON}),
    ),
    ("customers:imports", (), "upload", gettext_lazy("Import customers"), frozenset({Role.ADMINISTRATOR})),
]


class Hit(NamedTuple):
    """One thing that can be opened."""

    label: str
    detail: str
    url: str
    icon: str


@login_required
@require_safe
def palette(request: StaffRequest) -> HttpResponse:
    """What fits these letters, in groups; `at` is the reference of the complaint that is open."""
    text = request.GET.get("q", "").strip()[: lookup.LONGEST]
    user, is_long = request.user, len(text) >= SHORTEST
    complaints = _complaints(text, user) if is_long else []
    customers = _customers(text, user) if is_long else []
    if len(text) > SHORTEST and (complaints or customers):
        reading.note(request, Reading.Kind.SEARCH, query=text)
    groups = [
        (_("This complaint"), _moves(text, user, request.GET.get("at", ""))),
        (_("Complaints"), complaints),
        (_("Customers"), customers),
        (_("Saved views"), _views(text, user)),
        (_("Queues and pages"), _pages(text, user)),
    ]
    search = f"{reverse('complaints:queue')}?{urlencode({'view': 'all', 'q': text})}" if text else ""
    context_ = {"groups": [group for group in groups if group[1]], "text": text, "search_url": search}
    return render(request, "desk/_palette.html", context_)


def _moves(text: str, user: User, at: str) -> list[Hit]:
    """What can be done with the open complaint now. Its row is read only when a move fits the letters."""
    named = [name for name, move in MOVES.items() if move.by_hand and _fits(text, f"{move.label} {name}")]
    reference = parse_reference(at)
    if not named or reference is None:
        return []
    found = Complaint.objects.visible_to(user).filter(reference=reference).first()
    if found is None:
        return []
    allowed = [(name, move) for name, move in found.moves_for(user.role) if name in named][:MOST]
    url = found.get_absolute_url()
    return [Hit(f"{move.label}…", found.reference, f"{url}?move={name}", "arrow-right") for name, move in allowed]


def _complaints(text: str, user: User) -> list[Hit]:
    found = queues.narrow(Complaint.objects.visible_to(user), {"q": text}, user)
    page, _older = paging.by_relevance(found, text, "", MOST, shown=lambda rows: rows.select_related("category"))
    return [Hit(row.reference, _about(row), row.get_absolute_url(), "inbox") for row in page]


def _about(row: Complaint) -> str:
    said = (row.contact_name, row.category.name, row.get_status_display(), row.story[:60])
    return " · ".join(str(one) for one in said if one)


def _customers(text: str, user: User) -> list[Hit]:
    meant = list(dict.fromkeys(hit.customer for hit in lookup.find(text, user, most=MOST)))
    people = Customer.objects.visible_to(user).in_bulk(meant)
    known = [people[pk] for pk in meant if pk in people]
    return [Hit(one.name, one.number, reverse("customers:customer", args=[one.number]), "user") for one in known]


def _views(text: str, user: User) -> list[Hit]:
    found = SavedView.objects.usable_by(user).filter(name__icontains=text).select_related("owner")[:MOST]
    url = reverse("complaints:queue")
    return [Hit(one.name, one.owner.display_name, f"{url}?saved={one.pk}", "star") for one in found]


def _pages(text: str, user: User) -> list[Hit]:
    url = reverse("complaints:queue")
    lists = [Hit(str(one.label), "", f"{url}?view={one.name}", one.icon) for one in queues.QUEUES]
    pages = [
        Hit(str(label), "", reverse(name, args=args), icon)
        for name, args, icon, label, roles in [*context.ENTRIES, *MORE_PAGES]
        if user.role in roles
    ]
    return [hit for hit in [*pages, *lists] if _fits(text, hit.label)][: MOST + 2]


def _fits(text: str, label: str) -> bool:
    """Every word is somewhere in it."""
    return all(word in label.casefold() for word in text.casefold().split())
