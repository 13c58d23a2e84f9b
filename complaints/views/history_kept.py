"""Whether the history is what was written: the seals, the nightly checks and what they found. For administrators."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from complaints.history_chain import WHAT
from complaints.models import HistoryCheck, HistorySeal
from staff.actors import Role
from staff.http import StaffRequest

CHECKS, SEALS = 14, 10


def for_administrators(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    @login_required
    @wraps(view)
    def guarded(request: StaffRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.role != Role.ADMINISTRATOR:
            raise PermissionDenied(_("This is for administrators."))
        return view(request, *args, **kwargs)

    return guarded


@require_safe
@for_administrators
def history(request: StaffRequest) -> HttpResponse:
    checks = list(HistoryCheck.objects.all()[:CHECKS])
    findings = [{**found, "said": WHAT[found["what"]]} for found in (checks[0].findings if checks else [])]
    context = {
        "checks": checks,
        "findings": findings,
        "seals": HistorySeal.objects.filter(sealed_at__isnull=False)[:SEALS],
    }
    return render(request, "complaints/history_kept.html", context)
