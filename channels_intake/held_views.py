"""The desk's page for what the portal held back: a person says whether a person or a machine wrote it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from channels_intake import held
from channels_intake.drafts import Draft
from channels_intake.mail_views import for_readers
from channels_intake.models import UnsentForm
from channels_intake.steps import Answers
from channels_intake.summary import summary
from complaints.refusals import BadInput
from staff.http import StaffRequest

ON_A_PAGE = 50


@never_cache
@require_safe
@for_readers
def held_forms(request: StaffRequest) -> HttpResponse:
    """What waits, the oldest first; and what was taken for a machine's lately."""
    page = Paginator(UnsentForm.objects.held(), ON_A_PAGE).get_page(request.GET.get("page"))
    away = UnsentForm.objects.filter(held_at__isnull=False, discarded_at__isnull=False).select_related("judged_by")
    context = {
        "page": page,
        "rows": [_line(row) for row in page],
        "away": [_line(row) for row in away.order_by("-discarded_at")[:ON_A_PAGE]],
    }
    return render(request, "intake/held.html", context)


def _line(row: UnsentForm) -> dict[str, Any]:
    answers = Answers(Draft.held(row))
    return {
        "row": row,
        "story": answers.cleaned("story").get("story", ""),
        "answers": [one | {"change_url": ""} for one in summary(answers)],
    }


@require_POST
@for_readers
def register(request: StaffRequest, form_id: UUID) -> HttpResponse:
    """A person wrote it: it becomes a complaint, received when it was sent."""
    row = get_object_or_404(UnsentForm.objects.held(), pk=form_id)
    try:
        complaint = held.register(row)
    except BadInput as refused:
        messages.error(request, refused.message)
        return redirect("channels_intake:held-forms")
    if complaint is not None:
        messages.success(request, _("Registered as %(reference)s.") % {"reference": complaint.reference})
    return redirect("channels_intake:held-forms")


@require_POST
@for_readers
def judge(request: StaffRequest) -> HttpResponse:
    """Machines wrote these."""
    try:
        count = held.judge(request.POST.getlist("form"), by=request.user)
    except ValidationError:
        count = 0
    if count:
        said = ngettext("%(n)d form put away.", "%(n)d forms put away.", count) % {"n": count}
        messages.success(request, said + " " + _("They can be brought back for 30 days."))
    else:
        messages.error(request, _("Choose at least one."))
    return redirect("channels_intake:held-forms")


@require_POST
@for_readers
def bring_back(request: StaffRequest, form_id: UUID) -> HttpResponse:
    """No machine after all."""
    if held.bring_back(str(form_id)):
        messages.success(request, _("Brought back."))
    return redirect("channels_intake:held-forms")
