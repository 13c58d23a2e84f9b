"""Webhooks, for administrators: which systems of others are told of which moves, and what became of the last calls."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from complaints import webhooks as rules
from complaints.delivery.webhook import is_public
from complaints.models import Webhook
from complaints.states import MOVES, REGISTER
from complaints.views.storms import BranchField
from staff import utility
from staff.actors import Role
from staff.http import StaffRequest
from staff.models import Branch

SHOWN_ONCE = "webhook_secret"
"""Where a new secret waits in the session for the one page that shows it."""
LAST = 30


class WebhookForm(forms.ModelForm):
    use_required_attribute = False
    url = forms.URLField(
        label=gettext_lazy("address"),
        max_length=500,
        assume_scheme="https",
        error_messages={"required": gettext_lazy("Write where the calls go.")},
    )
    branch = BranchField(
        label=gettext_lazy("branch"),
        queryset=Branch.objects.all(),
        empty_label=None,
        help_text=gettext_lazy("Told are the complaints of this branch and of those below it."),
    )
    moves = forms.MultipleChoiceField(
        label=gettext_lazy("events"),
        choices=lambda: [(REGISTER, _("Register")), *[(name, move.label) for name, move in MOVES.items()]],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one event.")},
    )

    class Meta:
        model = Webhook
        fields = ["name", "url", "branch", "moves", "is_active"]
        error_messages = {
            "name": {"required": gettext_lazy("Give it a name."), "unique": gettext_lazy("There is one of this name.")},
        }

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        parts = urlsplit(url)
        if parts.scheme != "https" and not settings.WEBHOOK_ALLOW_PRIVATE:
            raise forms.ValidationError(_("The address must begin with https://."))
        if parts.username or parts.fragment:
            raise forms.ValidationError(_("Leave out user name, password and “#”: the signature proves who calls."))
        host = parts.hostname or ""
        is_number = host.replace(".", "").isdecimal() or ":" in host
        is_ours = host == "localhost" or (is_number and not is_public(host))
        if is_ours and not settings.WEBHOOK_ALLOW_PRIVATE:
            raise forms.ValidationError(_("This address is not public. Calls go to systems outside only."))
        return url


def _for_administrators(request: StaffRequest) -> None:
    if request.user.role != Role.ADMINISTRATOR:
        raise PermissionDenied(_("Webhooks are set up by administrators."))
    utility.require_change(request.user)


@login_required
def webhooks(request: StaffRequest) -> HttpResponse:
    """All webhooks; a POST adds one and leads to it, where its secret is shown once."""
    _for_administrators(request)
    form = WebhookForm(request.POST or None, initial={"is_active": True, "branch": Branch.objects.first()})
    if form.is_bound and form.is_valid():
        made = form.save(commit=False)
        made.created_by = request.user
        made.save()
        request.session[SHOWN_ONCE] = [made.pk, made.secret]
        messages.success(request, _("The webhook is set up."))
        return redirect("complaints:webhook", made.pk)
    context = {"hooks": Webhook.objects.select_related("branch"), "form": form}
    return render(request, "complaints/webhooks.html", context, status=422 if form.errors else 200)


@login_required
def webhook(request: StaffRequest, pk: int) -> HttpResponse:
    """One webhook: change it, and see what its last calls came to."""
    _for_administrators(request)
    hook = get_object_or_404(Webhook.objects.select_related("branch", "created_by"), pk=pk)
    form = WebhookForm(request.POST or None, instance=hook)
    if form.is_bound and form.is_valid():
        rules.keep(form.save(commit=False))
        messages.success(request, _("Saved."))
        return redirect("complaints:webhook", pk)
    context: dict[str, Any] = {
        "hook": Webhook.objects.select_related("branch", "created_by").get(pk=pk) if form.errors else hook,
        "form": form,
        "secret": _shown_once(request, pk),
        "calls": hook.notices.calls().select_related("complaint").order_by("-pk")[:LAST],
    }
    return render(request, "complaints/webhook.html", context, status=422 if form.errors else 200)


def _shown_once(request: StaffRequest, pk: int) -> str:
    waiting = request.session.get(SHOWN_ONCE)
    if not waiting or waiting[0] != pk:
        return ""
    del request.session[SHOWN_ONCE]
    return str(waiting[1])


@login_required
@require_POST
def rotate(request: StaffRequest, pk: int) -> HttpResponse:
    _for_administrators(request)
    hook = get_object_or_404(Webhook, pk=pk)
    request.session[SHOWN_ONCE] = [hook.pk, rules.rotate(hook)]
    messages.success(request, _("There is a new secret. The one before is good for another 24 hours."))
    return redirect("complaints:webhook", pk)


@login_required
@require_POST
def ping(request: StaffRequest, pk: int) -> HttpResponse:
    _for_administrators(request)
    hook = get_object_or_404(Webhook, pk=pk)
    if hook.is_active:
        rules.ping(hook)
        messages.success(request, _("A test call is on its way. Look at this page again in some seconds."))
    else:
        messages.error(request, _("Switch it on first."))
    return redirect("complaints:webhook", pk)
