"""What goes out, for those who look after it: what waits, what failed and why, and sending it again."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from complaints import notice_lists, resending
from complaints.models import Medium, Notice, NoticeState
from complaints.occasions import OCCASIONS
from complaints.refusals import BadInput, Refusal
from complaints.states import MOVES, REGISTER
from customers import reading
from staff.http import StaffRequest

PAGE = 50
MOST = 100


class AddressForm(forms.Form):
    use_required_attribute = False
    address = forms.CharField(
        label=gettext_lazy("address"),
        max_length=254,
        error_messages={"required": gettext_lazy("Write where it should go.")},
    )


class ReasonForm(forms.Form):
    use_required_attribute = False
    reason = forms.CharField(
        label=gettext_lazy("the reason"),
        max_length=200,
        error_messages={"required": gettext_lazy("Say why it is given up.")},
    )


def occasion(notice: Notice) -> str:
    """What a notice is about, in words."""
    if notice.code in OCCASIONS:
        return str(OCCASIONS[notice.code].label)
    if notice.code in MOVES:
        return str(MOVES[notice.code].label)
    return str(_("Register") if notice.code == REGISTER else _("Test call"))


def _for_steering(request: StaffRequest) -> None:
    if request.user.role not in resending.STEERING:
        raise PermissionDenied(_("What goes out is looked after by supervisors and administrators."))


def _found(request: StaffRequest, pk: int) -> Notice:
    _for_steering(request)
    rows = Notice.objects.visible_to(request.user).select_related("complaint", "webhook", "update__issue")
    return get_object_or_404(rows, pk=pk)


@login_required
@require_safe
@reading.lists_people("notices")
def notices(request: StaffRequest) -> HttpResponse:
    """What failed, unless the address asks for something else."""
    _for_steering(request)
    return _listed(request)


def _listed(request: StaffRequest, *, problem: str = "", status: int = 200) -> HttpResponse:
    """The list that the address names; with a problem, what was ticked and typed stays."""
    params = {"state": NoticeState.DEAD.value} | {
        name: text for name, text in request.GET.dict().items() if name in notice_lists.FILTERS
    }
    visible = Notice.objects.visible_to(request.user)
    found, ignored = notice_lists.narrow(visible, params)
    rows, older = notice_lists.page_of(found.select_related("complaint"), request.GET.get("after", ""), PAGE)
    here = reverse("complaints:notices")
    context = {
        "rows": [_line(notice) for notice in rows],
        "params": params,
        "ignored": ignored,
        "older_url": f"{here}?{urlencode(params | {'after': older})}" if older else "",
        "newer_url": f"{here}?{urlencode(params)}" if request.GET.get("after") else "",
        "query": urlencode(params | {"after": request.GET.get("after", "")}),
        "problem": problem,
        "ticked": set(request.POST.getlist("notice")),
        "reason": request.POST.get("reason", ""),
        "states": [*NoticeState.choices, (notice_lists.ALL, _("all"))],
        "media": Medium.choices,
        "occasions": [(code, one.label) for code, one in OCCASIONS.items()],
        "narrowed": any(text for name, text in params.items() if name != "state"),
        "now": timezone.now(),
    }
    return render(request, "complaints/notices.html", context, status=status)


def _line(notice: Notice) -> dict[str, Any]:
    return {"notice": notice, "occasion": occasion(notice), "may_resend": resending.may_resend(notice)}


@login_required
@require_safe
@reading.lists_people("notice")
def notice(request: StaffRequest, pk: int) -> HttpResponse:
    return _shown(request, _found(request, pk))


def _shown(
    request: StaffRequest,
    found: Notice,
    *,
    address: AddressForm | None = None,
    reason: ReasonForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context = _line(found) | {
        "may_correct": found.is_to_customer and found.complaint is not None and found.state in resending.FAILED,
        "may_give_up": resending.may_give_up(found),
        "address_form": address or AddressForm(initial={"address": found.address}),
        "reason_form": reason or ReasonForm(),
        "now": timezone.now(),
    }
    return render(request, "complaints/notice.html", context, status=status)


@login_required
@require_POST
def resend(request: StaffRequest, pk: int) -> HttpResponse:
    """Send one again, as it is or to a corrected address."""
    found = _found(request, pk)
    form = AddressForm(request.POST) if "address" in request.POST else None
    if form is not None and not form.is_valid():
        return _shown(request, found, address=form, status=422)
    try:
        resending.resend(found, by=request.user, address=form.cleaned_data["address"] if form else "")
    except BadInput as refused:
        if form is None:
            raise
        form.add_error("address", refused.message)
        return _shown(request, found, address=form, status=422)
    messages.success(request, _("It is on its way again."))
    if "back" in request.POST and found.complaint is not None:
        return redirect(found.complaint)
    return redirect("complaints:notice", pk)


@login_required
@require_POST
def give_up(request: StaffRequest, pk: int) -> HttpResponse:
    found = _found(request, pk)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _shown(request, found, reason=form, status=422)
    resending.give_up(found, by=request.user, reason=form.cleaned_data["reason"])
    messages.success(request, _("Given up. The history says why."))
    return redirect("complaints:notice", pk)


@login_required
@require_POST
def chosen(request: StaffRequest) -> HttpResponse:
    """Send many again or give them up, each on its own; what became of each is shown."""
    _for_steering(request)
    keys = [int(text) for text in request.POST.getlist("notice") if text.isascii() and text.isdecimal()][:MOST]
    reason = request.POST.get("reason", "").strip()[:200]
    gives_up = "give_up" in request.POST
    if not keys:
        return _listed(request, problem=_("Choose at least one notice."), status=422)
    if gives_up and not reason:
        return _listed(request, problem=_("Say why it is given up."), status=422)
    results = []
    for one in Notice.objects.visible_to(request.user).filter(pk__in=keys).select_related("complaint").order_by("-pk"):
        try:
            if gives_up:
                resending.give_up(one, by=request.user, reason=reason)
            else:
                resending.resend(one, by=request.user)
        except Refusal as refused:
            results.append((_line(one), refused.message))
        else:
            results.append((_line(one), ""))
    done = sum(not refused for _one, refused in results)
    context = {"results": results, "done": done, "refused": len(results) - done, "gives_up": gives_up}
    return render(request, "complaints/notices_done.html", context)
