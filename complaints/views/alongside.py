"""What a page of a complaint asks every few seconds: who else is here, and whether anything is new."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from complaints import attention, presence
from complaints.models import Complaint
from staff.http import PageRequest, StaffRequest

STOP_ASKING = 286
"""htmx draws what comes with it and asks no more."""


def _is_signed_in(request: PageRequest) -> bool:
    return bool(request.user.is_authenticated)


def _page(reference: str) -> str:
    return reverse("complaints:complaint", args=[reference])


def signed_in(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """As login_required, but a form that htmx sends stays where it is, with its words, and is told beside it."""

    @wraps(view)
    def checked(request: PageRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if _is_signed_in(request):
            return view(request, *args, **kwargs)
        if request.htmx:
            answer = render(request, "complaints/_signed_out.html", {"url": _page(kwargs["reference"])}, status=403)
            answer["HX-Retarget"], answer["HX-Reswap"] = "#signed-out", "innerHTML show:top"
            return answer
        return redirect_to_login(request.get_full_path())

    return checked


@require_POST
def here(request: StaffRequest, reference: str) -> HttpResponse:
    """Tell that this person is here; answers with who else is, and how many entries came since the page was drawn."""
    if not _is_signed_in(request):
        return render(
            request, "complaints/_here.html", {"signed_out": True, "url": _page(reference)}, status=STOP_ASKING
        )
    row = Complaint.objects.visible_to(request.user).filter(reference=reference).values_list("pk", "version").first()
    if row is None:
        raise Http404
    pk, version = row
    known = request.POST.get("known", "")
    until = int(known) if known.isdecimal() and len(known) < 10 else 0
    new = max(version - until, 0) if until else 0
    if until:
        attention.read_on_page(request.user, pk, until=until, at=timezone.now())
    context = {
        "others": presence.tell(pk, request.user, request.POST.get("writing", "")),
        "new": new,
        "url": _page(reference),
    }
    return render(request, "complaints/_here.html", context)
