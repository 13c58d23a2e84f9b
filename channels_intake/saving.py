"""The desk's pages for what is not sent yet: saving while somebody types, and the list to go on from."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from channels_intake import unsent
from channels_intake.models import UnsentForm
from channels_intake.views import form_for, typed_so_far
from complaints.models import Category, Channel
from complaints.refusals import Refusal
from staff.http import StaffRequest


@login_required
@require_POST
def keep(request: StaffRequest, channel: str, form_id: UUID) -> HttpResponse:
    """Keep what stands in the form now; the answer says when, or why not."""
    form_for(channel, request.user)
    try:
        row = unsent.keep(form_id, channel, typed_so_far(request.POST, request.user), by=request.user)
    except Refusal as refusal:
        return JsonResponse({"said": refusal.message}, status=refusal.status)
    if row is None:
        return HttpResponse(status=204)
    return JsonResponse({"said": _("Saved %(time)s") % {"time": spoken_time(row)}})


def spoken_time(row: UnsentForm) -> str:
    return date_format(timezone.localtime(row.saved_at), "H:i:s")


@never_cache
@login_required
@require_safe
def unsent_forms(request: StaffRequest) -> HttpResponse:
    """What this person has begun and not sent, and what colleagues handed them."""
    mine = list(unsent.of(request.user))
    categories = {category.code: category for category in Category.objects.all()}
    context = {
        "rows": [_line(row, categories) for row in mine if row.discarded_at is None],
        "discarded": [_line(row, categories) for row in mine if row.discarded_at is not None],
        "colleagues": unsent.colleagues(request.user)[:200],
    }
    return render(request, "intake/unsent.html", context)


def _line(row: UnsentForm, categories: dict[str, Category]) -> dict[str, Any]:
    said = row.content
    category = categories.get(said.get("category", ""))
    return {
        "row": row,
        "channel": Channel(row.channel).label,
        "who": said.get("contact_name") or said.get("contact_phone") or said.get("account_number") or "",
        "what": category.name if category else "",
        "story": said.get("story", ""),
    }


@login_required
@require_POST
def hand_over(request: StaffRequest, form_id: UUID) -> HttpResponse:
    people = {str(person.pk): person for person in unsent.colleagues(request.user)}
    to = people.get(request.POST.get("to", ""))
    if to is None:
        raise Http404
    unsent.hand_over(form_id, to, by=request.user)
    messages.success(request, _("Handed over. %(name)s goes on with it.") % {"name": to.display_name})
    return redirect("channels_intake:unsent")


@login_required
@require_POST
def discard(request: StaffRequest, form_id: UUID) -> HttpResponse:
    is_back = "bring_back" in request.POST
    unsent.discard(form_id, by=request.user, bring_back=is_back)
    messages.success(request, _("It is back.") if is_back else _("Thrown away. It can be brought back for a day."))
    return redirect("channels_intake:unsent")
