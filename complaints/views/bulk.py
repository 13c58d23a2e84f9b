"""Moves of many complaints from the queue: ask once what is said, then show what became of each."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from complaints import bulk, queues
from complaints.bulk_forms import BULK, BulkForm
from complaints.models import BulkRun, Complaint, LineState
from complaints.models.complaint import ComplaintQuerySet
from complaints.refusals import BadInput, Refusal
from complaints.states import MOVES
from customers import reading
from staff.http import StaffRequest
from staff.spreadsheets import lines

SHOWN = 200
AT_ONCE = 20.0
"""Seconds that a request gives to what was chosen one by one; a worker does what is left."""


class Chosen:
    """What was chosen in the queue: complaints one by one, or everything that fits its filters."""

    def __init__(self, request: StaffRequest) -> None:
        self.params: dict[str, str] | None = None
        self.seen: dict[str, int] = {}
        if request.POST.get("everything"):
            known = {"view", *queues.FILTERS}
            self.params = {k: v for k, v in parse_qsl(request.POST.get("params", "")) if k in known}
            self.rows = bulk.fitting(request.user, self.params)
        else:
            for one in request.POST.getlist("chosen"):
                reference, _at, version = one.partition("@")
                self.seen[reference] = int(version) if version.isdecimal() and len(version) < 9 else 0
            if len(self.seen) > bulk.MOST_CHOSEN:
                raise BadInput(_("At most %(most)d complaints at a time.") % {"most": bulk.MOST_CHOSEN})
            self.rows = _of(request, self.seen)
        self.count = self.rows.order_by()[: bulk.MOST_FITTING + 1].count()

    def repeated(self) -> list[tuple[str, str]]:
        """The hidden fields with which a form says the same once more."""
        if self.params is not None:
            return [("everything", "1"), ("params", urlencode(self.params))]
        return [("chosen", f"{reference}@{version}") for reference, version in self.seen.items()]

    def start(self, key: uuid.UUID, form: BulkForm, back: str) -> BulkRun:
        said = {name: form.data.get(name, "") for name in form.fields}
        if self.params is not None:
            return bulk.start_all(key, move=form.name, said=said, by=form.user, params=self.params, back=back)
        return bulk.start(key, move=form.name, said=said, by=form.user, chosen=self.seen, back=back)


def _of(request: StaffRequest, references: Any) -> ComplaintQuerySet:
    return Complaint.objects.visible_to(request.user).filter(reference__in=list(references))


@login_required
@require_POST
def move(request: StaffRequest, name: str) -> HttpResponse:
    """Ask what is said with this move of many, or make it; the key of the form tells a second press from a second wish."""
    if name not in BULK:
        raise Http404
    if request.user.role not in MOVES[name].allowed:
        raise PermissionDenied(_("Your role may not do this: %(move)s.") % {"move": MOVES[name].label})
    back = back_to(request)
    chosen = Chosen(request)
    if not chosen.count:
        messages.warning(request, _("Choose complaints first, then what is to be done with them."))
        return to(request, back)
    key = _uuid(request.POST.get("key", ""))
    form = BulkForm(request.POST if key else None, name=name, chosen=chosen.rows, user=request.user)
    if key is None or not form.is_valid():
        return _asked(request, form, chosen, back, key)
    try:
        run = chosen.start(key, form, back)
    except Refusal as refused:
        form.add_error(None, refused.message)
        return _asked(request, form, chosen, back, key, status=refused.status)
    if chosen.params is None:
        bulk.carry_on(run, for_seconds=AT_ONCE)
    return to(request, reverse("complaints:bulk-run", args=[run.uuid]))


def _asked(
    request: StaffRequest,
    form: BulkForm,
    chosen: Chosen,
    back: str,
    key: uuid.UUID | None,
    *,
    status: int = 200,
) -> HttpResponse:
    context = {
        "form": form,
        "key": key or uuid.uuid4(),
        "count": chosen.count,
        "is_everything": chosen.params is not None,
        "repeated": chosen.repeated(),
        "references": [] if chosen.params is not None else list(chosen.seen),
        "back": back,
    }
    template = "desk/_bulk_form.html" if request.htmx else "desk/bulk_form.html"
    return render(request, template, context, status=422 if form.is_bound and status == 200 else status)


@login_required
@require_POST
def again(request: StaffRequest, key: uuid.UUID) -> HttpResponse:
    """The form of a run once more, for those that were refused, with what was typed."""
    run = find(request, key)
    refused = run.lines.filter(state=LineState.REFUSED).values("complaint")[: bulk.MOST_CHOSEN]
    rows = Complaint.objects.visible_to(request.user).filter(pk__in=refused)
    posted = request.POST.copy()
    posted.setlist("chosen", [f"{ref}@{version}" for ref, version in rows.values_list("reference", "version")])
    request.POST = posted  # type: ignore[assignment]  # an answer to our own button, in the words of the queue's
    chosen = Chosen(request)
    if not chosen.count or run.undo_of_id is not None:
        return redirect("complaints:bulk-run", run.uuid)
    form = BulkForm(None, name=run.move, chosen=chosen.rows, user=request.user, initial=run.said)
    return _asked(request, form, chosen, run.back, None)


@login_required
@require_safe
@reading.lists_people("bulk")
def run(request: StaffRequest, key: uuid.UUID) -> HttpResponse | StreamingHttpResponse:
    """What became of each complaint of a move of many; while it goes on, how far it is."""
    found = find(request, key)
    if request.GET.get("format") == "csv":
        head = (_("Reference"), _("Result"), _("Why"))
        answer = StreamingHttpResponse(lines([head, *bulk.outcome(found)]), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="{found.move}-{found.asked_at:%Y%m%d-%H%M}.csv"'
        return answer
    rows = found.lines.select_related("complaint")
    tally = bulk.tally(found)
    context = {
        "run": found,
        "label": MOVES[found.move].label,
        "tally": tally,
        "looked_at": found.total - tally["pending"],
        "refused": rows.filter(state=LineState.REFUSED)[:SHOWN],
        "done": rows.filter(state=LineState.DONE)[:SHOWN],
        "more": max(tally["done"], tally["refused"]) > SHOWN,
        "may_undo": bulk.may_undo(found),
        "back": found.back or reverse("complaints:queue"),
    }
    return render(request, "desk/_bulk_run.html" if request.htmx else "desk/bulk_run.html", context)


@login_required
@require_POST
def stop(request: StaffRequest, key: uuid.UUID) -> HttpResponse:
    bulk.stop(find(request, key))
    return redirect("complaints:bulk-run", key)


@login_required
@require_POST
def undo(request: StaffRequest, key: uuid.UUID) -> HttpResponse:
    """Put back what a run did, where nobody has moved the complaint since."""
    undoing = bulk.undo(find(request, key))
    bulk.carry_on(undoing, for_seconds=AT_ONCE)
    return redirect("complaints:bulk-run", undoing.uuid)


def find(request: StaffRequest, key: uuid.UUID) -> BulkRun:
    """A run of this person's own; for everyone else it does not exist."""
    return get_object_or_404(BulkRun.objects.select_related("asked_by", "undo_of"), uuid=key, asked_by=request.user)


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def back_to(request: StaffRequest) -> str:
    """The queue that the choice was made in; never an address elsewhere."""
    back = request.POST.get("back", "")[:2000]
    is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return back if is_ours and back.startswith("/desk/") else reverse("complaints:queue")


def to(request: StaffRequest, url: str) -> HttpResponse:
    return HttpResponse(headers={"HX-Redirect": url}) if request.htmx else redirect(url)
