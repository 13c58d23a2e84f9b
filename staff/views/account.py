"""One's own account: password, second factor, where one is signed in, tokens."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from staff import entry, gate, passkeys, second_factor, sessions, tokens
from staff.devices import described
from staff.entry_models import Entered
from staff.forms import CodeForm, NewPasskeyForm, OwnPassword, TokenForm
from staff.http import StaffRequest
from staff.second_factor import Factors

DESK, PORTAL = "desk/base.html", "portal/base.html"


def _page(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """Whoever is kept at the gate sees the page without the desk around it."""
    assert request.user.is_authenticated
    must_choose = request.user.must_change_password
    must_set_up = not must_choose and gate.lacks_factor(request)
    frame = PORTAL if must_choose or must_set_up else DESK
    more = {"frame": frame, "must_choose": must_choose, "must_set_up": must_set_up}
    return render(request, template, context | more, status=status)


@login_required
@never_cache
def password(request: StaffRequest) -> HttpResponse:
    """Choose another password; every other session ends."""
    form = OwnPassword(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = form.save(commit=False)
        user.must_change_password = False
        user.save(update_fields=["password", "must_change_password"])
        update_session_auth_hash(request, user)
        sessions.end(user, but=request.session.session_key)
        entry.record(Entered.PASSWORD_CHANGED, user, request=request)
        messages.success(request, _("Your password is changed. Every other session of yours has ended."))
        return redirect("staff:password" if not gate.lacks_factor(request) else "staff:second-factor")
    return _page(request, "staff/password.html", {"form": form}, 422 if form.errors else 200)


@require_safe
@login_required
@never_cache
def factors(request: StaffRequest) -> HttpResponse:
    """What one can sign in with beside the password."""
    context = {
        "factors": Factors.of(request.user),
        "passkeys": request.user.passkeys.all(),
        "passkeys_possible": passkeys.are_possible(request),
        "needed_from": second_factor.required_from(request.user),
        "may_remove": second_factor.may_remove_one(request.user, timezone.localdate()),
    }
    return _page(request, "staff/second_factor.html", context)


@login_required
@never_cache
def app(request: StaffRequest) -> HttpResponse:
    """Set up an app that shows codes: scan, then type one to show that it works."""
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            second_factor.confirm_app(request.user, form.cleaned_data["code"], request=request)
        except second_factor.WrongCode as wrong:
            form.add_error("code", str(wrong))
        else:
            return _set_up(request)
    device = second_factor.app_to_confirm(request.user)
    context = {
        "form": form,
        "picture": second_factor.picture(device),
        "secret": second_factor.secret_words(device),
        "address": device.config_url,
    }
    return _page(request, "staff/second_factor_app.html", context, 422 if form.errors else 200)


@login_required
@never_cache
def passkey(request: StaffRequest) -> HttpResponse:
    """Add a passkey: the browser asks the phone, the computer or the security key."""
    if not passkeys.are_possible(request):
        raise Http404
    form = NewPasskeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        state, said = request.session.pop("passkey_asked", None), form.cleaned_data
        try:
            passkeys.add(request, request.user, state, said["credential"], said["name"], timezone.now())
        except second_factor.WrongCode as wrong:
            form.add_error(None, str(wrong))
        else:
            return _set_up(request)
    options, request.session["passkey_asked"] = passkeys.begin_adding(request, request.user)
    context = {"form": form, "options": json.dumps(options)}
    return _page(request, "staff/second_factor_passkey.html", context, 422 if form.errors else 200)


def _set_up(request: StaffRequest) -> HttpResponse:
    """The first factor lets them through the gate and comes with recovery codes; a thief of the old session is out."""
    request.session.pop(gate.FACTOR_FROM, None)
    sessions.end(request.user, but=request.session.session_key)
    if not request.user.recovery_codes.filter(used_at__isnull=True).exists():
        return _show_codes(request)
    messages.success(request, _("From now on you are asked for it when you sign in."))
    return redirect("staff:second-factor")


@login_required
@never_cache
def recovery_codes(request: StaffRequest) -> HttpResponse:
    """Make new recovery codes; all older ones are worth nothing then."""
    if request.method != "POST" or not Factors.of(request.user):
        return redirect("staff:second-factor")
    return _show_codes(request)


def _show_codes(request: StaffRequest) -> HttpResponse:
    codes = second_factor.make_codes(request.user, request=request)
    return _page(request, "staff/recovery_codes.html", {"codes": codes})


@login_required
@require_POST
def remove_factor(request: StaffRequest, what: str) -> HttpResponse:
    """Take away the app or one passkey, unless it is the last and one is needed."""
    if not second_factor.may_remove_one(request.user, timezone.localdate()):
        messages.error(request, _("You need a second factor. Set up another one first."))
    elif what == "app":
        second_factor.remove_app(request.user, request=request)
        messages.success(request, _("Removed."))
    elif what.isdecimal() and second_factor.remove_passkey(request.user, int(what), request=request):
        messages.success(request, _("Removed."))
    else:
        raise Http404
    return redirect("staff:second-factor")


@login_required
def own_sessions(request: StaffRequest) -> HttpResponse:
    """Where one is signed in; a POST ends one of them, or all but this."""
    here = request.session.session_key or ""
    if request.method == "POST":
        mark = request.POST.get("session", "")
        if mark:
            _end_one(request, mark)
        else:
            sessions.end(request.user, but=here)
            entry.record(Entered.SESSIONS_ENDED, request.user, request=request)
            messages.success(request, _("Every other session of yours has ended."))
        return redirect("staff:sessions")
    rows = sessions.open_sessions(request.user, timezone.now())
    lines = [
        {"row": row, "mark": sessions.mark(row), "device": described(row.device), "is_here": row.session_key == here}
        for row in rows
    ]
    events = request.user.entry_events.select_related("by")[:20]
    return _page(request, "staff/sessions.html", {"lines": lines, "events": events})


def _end_one(request: StaffRequest, mark: str) -> None:
    row = sessions.marked(request.user, mark)
    if row is None:
        raise Http404
    row.delete()
    entry.record(Entered.SESSIONS_ENDED, request.user, request=request, detail=described(row.device))
    messages.success(request, _("That session has ended."))


@login_required
@never_cache
def own_tokens(request: StaffRequest) -> HttpResponse:
    """One's own tokens; a POST makes one and shows it, this once."""
    form = TokenForm(request.POST or None)
    made = None
    if request.method == "POST" and form.is_valid():
        said, now = form.cleaned_data, timezone.now()
        made = tokens.make(
            request.user, said["name"], said["scopes"], at=now, until=said["until"], by=request.user, request=request
        )
        form = TokenForm()
    context = {"form": form, "made": made, "tokens": request.user.api_tokens.all(), "now": timezone.now()}
    return _page(request, "staff/tokens.html", context, 422 if form.errors else 200)


@login_required
@require_POST
def revoke_token(request: StaffRequest, pk: int) -> HttpResponse:
    """A token is worth nothing from now on."""
    token = get_object_or_404(request.user.api_tokens, pk=pk)
    tokens.revoke(token, at=timezone.now(), by=request.user, request=request)
    messages.success(request, _("The token is revoked."))
    return redirect("staff:tokens")
