"""Following a complaint, naming a colleague, and what concerns me."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from complaints import attention, mentions, queues, timeline, workflow
from complaints.models import Complaint, Concern, Event, Follow, InternalRequest, Telling, Why
from complaints.states import MOVES
from complaints.views.alongside import signed_in
from complaints.views.bulk import Chosen, back_to, to
from staff.actors import Actor, Role
from staff.http import StaffRequest
from staff.models import User
from staff.written_out import Statement

PAGE = 30
MOST_OPEN = 99
SIDES = {"": pgettext_lazy("queue", "All"), "unread": gettext_lazy("Not read yet"), **dict(Why.choices)}
"""What can be looked at alone."""
HOURS = [(hour, f"{hour}:00") for hour in range(24)]


HEARING_SIGNALS = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})
"""Who may be told of early warnings: administrators where a branch has no supervisor."""


class TellingForm(forms.Form):
    """How I am told of what I follow, and of early warnings."""

    how = forms.ChoiceField(label=gettext_lazy("Of what I follow"), choices=Telling.choices, widget=forms.RadioSelect)
    hour = forms.TypedChoiceField(label=gettext_lazy("The daily e-mail comes at"), choices=HOURS, coerce=int)
    of_signals = forms.BooleanField(label=gettext_lazy("Early warnings by e-mail while I am on duty"), required=False)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if user.role not in HEARING_SIGNALS:
            del self.fields["of_signals"]


def _find(request: StaffRequest, reference: str) -> Complaint:
    return get_object_or_404(Complaint.objects.visible_to(request.user).select_related("branch"), reference=reference)


@signed_in
@require_POST
def follow(request: StaffRequest, reference: str, what: str) -> HttpResponse:
    """Follow the complaint, or no longer."""
    found = _find(request, reference)
    rows = Complaint.objects.filter(pk=found.pk)
    if what == "follow":
        attention.follow(rows, request.user, at=timezone.now())
    else:
        attention.unfollow(rows, request.user)
    if request.htmx:
        return render(request, "complaints/_followers.html", followers_of(request, found) | {"complaint": found})
    return redirect(found)


_FOLLOWS = Statement(lambda complaint: Follow.objects.filter(complaint=complaint).select_related("user"))


def followers_of(request: StaffRequest, complaint: Complaint) -> dict[str, Any]:
    """Who follows it, in the order in which they began."""
    people = [follow.user for follow in _FOLLOWS(complaint.pk)]
    return {"followers": people, "is_followed": request.user in people}


def context_of(request: StaffRequest, complaint: Complaint, events: list[Event]) -> dict[str, Any]:
    """What colleagues have to do with each other, as the page of the complaint shows it; `events` are its history."""
    note = timeline.hand_over_to_read(events)
    is_mine = note is not None and note.user_id == request.user.pk
    return {
        "hand_over": timeline.entry(note, []) if note is not None and complaint.is_unfinished else None,
        "may_read_hand_over": not is_mine and request.user.role in MOVES["read_hand_over"].allowed,
        "requests": list(complaint.requests.by_due()) if any(one.move == "request" for one in events) else [],
        **followers_of(request, complaint),
    }


@login_required
@require_safe
def people(request: StaffRequest, reference: str) -> JsonResponse:
    """Whom one can mention here, for the picker: those who may see this complaint."""
    found = mentions.offered(_find(request, reference), request.GET.get("q", ""))
    answer = [
        {"username": one.username, "name": one.display_name, "team": one.team.name if one.team else ""} for one in found
    ]
    return JsonResponse({"people": answer})


@login_required
@require_POST
def read_hand_over(request: StaffRequest, reference: str) -> HttpResponse:
    """The hand-over note is read; it stays in the history."""
    found = _find(request, reference)
    workflow.perform("read_hand_over", found, by=Actor.staff(request.user))
    messages.success(request, _("The note stays in the history."))
    return redirect(found)


@login_required
@require_POST
def follow_many(request: StaffRequest, what: str) -> HttpResponse:
    """Follow what is chosen in the queue, or no longer."""
    if what not in ("follow", "unfollow"):
        raise Http404
    chosen = Chosen(request)
    if what == "follow":
        count = attention.follow(chosen.rows, request.user, at=timezone.now())
        said = ngettext("You follow %(count)d complaint.", "You follow %(count)d complaints.", count)
    else:
        count = attention.unfollow(chosen.rows, request.user)
        said = ngettext(
            "You no longer follow %(count)d complaint.", "You no longer follow %(count)d complaints.", count
        )
    messages.success(request, said % {"count": count})
    return to(request, back_to(request))


# what concerns me


@login_required
def for_me(request: StaffRequest) -> HttpResponse:
    """What concerns this person, the newest first; posting changes how they are told."""
    habit = attention.habit_of(request.user)
    said = {"how": habit.how, "hour": habit.hour, "of_signals": habit.of_signals}
    form = TellingForm(request.POST or None, initial=said, user=request.user)
    if request.method == "POST" and form.is_valid():
        attention.choose(request.user, **form.cleaned_data, at=timezone.now())
        messages.success(request, _("Saved. It holds from now on."))
        return redirect("complaints:for-me")
    show = request.GET.get("show", "") if request.GET.get("show", "") in SIDES else ""
    concerns, older = _page(_side(request, show), request.GET.get("before", ""))
    context = {
        "rows": list(_rows(request, concerns)),
        "show": show,
        "sides": [{"url": _address(show=key), "label": label, "current": key == show} for key, label in SIDES.items()],
        "older_url": _address(show=show, before=str(older)) if older else "",
        "newest_url": _address(show=show) if request.GET.get("before") else "",
        "form": form,
        "open_requests": _open_requests(request),
        "has_unread": any(one.read_at is None for one in concerns),
    }
    return render(request, "desk/for_me.html", context, status=422 if form.errors else 200)


def _address(**params: str) -> str:
    given = {name: text for name, text in params.items() if text}
    return reverse("complaints:for-me") + (f"?{urlencode(given)}" if given else "")


def _side(request: StaffRequest, show: str) -> Any:
    mine = Concern.objects.visible_to(request.user)
    if show == "unread":
        return mine.unread()
    return mine.filter(why=show) if show else mine


def _page(rows: Any, before: str) -> tuple[list[Concern], int | None]:
    if before.isdecimal() and len(before) < 18:
        rows = rows.filter(pk__lt=int(before))
    related = ("event__user", "complaint__category", "complaint__subcategory", "request__team")
    found = list(rows.select_related(*related)[: PAGE + 1])
    return found[:PAGE], found[PAGE - 1].pk if len(found) > PAGE else None


def _rows(request: StaffRequest, concerns: Iterable[Concern]) -> Iterable[Mapping[str, Any]]:
    """Each with what happened in words and where it is read; where only the request is theirs to see, it leads there."""
    concerns = list(concerns)
    seen = Complaint.objects.visible_to(request.user).filter(pk__in=[one.complaint_id for one in concerns])
    visible = set(seen.values_list("pk", flat=True))
    for one in concerns:
        entry = timeline.entry(one.event, [])
        request_url = (
            reverse("complaints:request", args=[one.complaint.reference, one.request.number]) if one.request else ""
        )
        page = f"{one.complaint.get_absolute_url()}#event-{one.event.number}"
        is_told = one.why == Why.REQUEST or one.complaint_id in visible
        yield {"concern": one, "entry": entry if is_told else None, "url": request_url or page}


def _open_requests(request: StaffRequest) -> int:
    if request.user.team_id is None:
        return 0
    mine = InternalRequest.objects.open().filter(team=request.user.team_id)
    return mine[:MOST_OPEN].count()


@login_required
@require_POST
def mark(request: StaffRequest) -> HttpResponse:
    """Mark one as read or not read, or all as read."""
    mine, key, what = (
        Concern.objects.filter(user=request.user),
        request.POST.get("concern", ""),
        request.POST.get("what"),
    )
    if what == "all":
        mine.unread().update(read_at=timezone.now())
    elif key.isdecimal() and len(key) < 18:
        mine.filter(pk=int(key)).update(read_at=None if what == "unread" else timezone.now())
    show = request.POST.get("show", "")
    return redirect(_address(show=show if show in SIDES else ""))


@login_required
@require_safe
def unread(request: StaffRequest) -> HttpResponse:
    """How much is not read, for the rail of a page that stays open."""
    return render(request, "desk/_unread.html", {"count": queues.spoken(attention.unread_of(request.user))})
