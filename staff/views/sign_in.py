"""Coming in: the password, then the second factor of those who have one; and saying whether one is on duty."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.contrib.auth import get_user_model, login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView, PasswordResetConfirmView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from staff import entry, gate, oidc, passkeys, second_factor
from staff.entry_models import Entered
from staff.forms import AtTheDoor, CodeForm, NewPassword, PasskeyForm, RecoveryForm
from staff.http import StaffRequest
from staff.models import User
from staff.second_factor import Factors

WAITING = "at_the_door"
COMPANY_TOKEN = "company_token"
"""In the session of whoever came with the company account: it ends their sign-in there, too."""
PATIENCE = 300
"""Seconds between the first step and the second."""
TRIES = 5
"""Wrong second factors before one begins again."""


class SignIn(LoginView):
    """The door of the desk; afterwards the pages speak the person's own language unless they chose another."""

    template_name = "staff/sign_in.html"
    authentication_form = AtTheDoor
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), **oidc.ways_in()}

    def form_invalid(self, form: Any) -> HttpResponse:
        response = super().form_invalid(form)
        response.status_code = 422
        return response

    def form_valid(self, form: Any) -> HttpResponse:
        return after_first_step(self.request, form.get_user(), self.get_success_url())


def after_first_step(request: HttpRequest, user: User, onward: str, *, how: str = "", token: str = "") -> HttpResponse:
    """The password was right, or the company vouches for them: in, or to the second step of those who have one."""
    if not Factors.of(user):
        return let_in(request, user, onward, how=how, token=token)
    request.session.cycle_key()
    request.session[WAITING] = {
        "user": user.pk,
        "password": user.get_session_auth_hash(),
        "at": int(timezone.now().timestamp()),
        "tries": 0,
        "next": onward,
        "how": how,
        "token": token,
    }
    return redirect("staff:second-step")


def let_in(
    request: HttpRequest, user: User, onward: str, *, how: str = "", token: str = "", has_shown_two: bool = False
) -> HttpResponse:
    """They proved who they are: a new session, a line in the record, and on to where they wanted to be.

    `token` is what the company's sign-in gave; `has_shown_two`: it asked for a second factor that counts here.
    """
    request.session.pop(WAITING, None)
    login(request, user, backend="staff.backends.PasswordBackend")
    if token:
        request.session[COMPANY_TOKEN] = token
    is_enough = has_shown_two or bool(Factors.of(user))
    needed_from = None if is_enough else second_factor.required_from(user)
    if needed_from is not None:
        request.session[gate.FACTOR_FROM] = needed_from.isoformat()
    entry.record(Entered.SIGNED_IN, user, request=request, detail=how)
    response = redirect(onward)
    if "language" not in request.COOKIES:
        response.set_cookie("language", user.language, samesite="Lax", secure=request.is_secure())
    return response


def _at_the_door(request: HttpRequest) -> User | None:
    """Who took the first step a moment ago, if their password is still the same."""
    waiting = request.session.get(WAITING)
    if waiting is None or timezone.now().timestamp() - waiting["at"] > PATIENCE or waiting["tries"] >= TRIES:
        return None
    user: User | None = get_user_model().objects.filter(pk=waiting["user"], is_active=True).first()
    return user if user is not None and user.get_session_auth_hash() == waiting["password"] else None


@never_cache
def second_step(request: HttpRequest) -> HttpResponse:
    """The second factor: a code of the app, a passkey, or a recovery code."""
    user = _at_the_door(request)
    if user is None:
        request.session.pop(WAITING, None)
        messages.warning(request, _("That took too long, or there were too many tries. Begin again."))
        return redirect("staff:sign-in")
    ways = {"app": CodeForm, "passkey": PasskeyForm, "recovery": RecoveryForm}
    way = request.POST.get("way", "")
    if request.method == "POST" and way in ways:
        form = ways[way](request.POST)
        if form.is_valid():
            try:
                _check(request, user, way, form)
            except second_factor.WrongCode as wrong:
                _count_wrong(request, user)
                form.add_error("code" if "code" in form.fields else None, str(wrong))
            else:
                waiting = request.session[WAITING]
                how = f"{waiting['how']}, {way}" if waiting["how"] else way
                return let_in(request, user, waiting["next"], how=how, token=waiting["token"])
        return _ask(request, user, way, form)
    return _ask(request, user, request.GET.get("way", ""), None)


def _check(request: HttpRequest, user: User, way: str, form: Any) -> None:
    """Raises WrongCode."""
    if way == "passkey":
        state = request.session.pop("passkey_asked", None)
        passkeys.enter(request, user, state, form.cleaned_data["credential"], timezone.now())
    elif way == "recovery":
        second_factor.use_code(user, form.cleaned_data["code"], timezone.now(), request=request)
    else:
        app = second_factor.app_of(user)
        if app is None:
            raise second_factor.WrongCode(_("You have no app set up. Take another way."))
        second_factor.check_app(app, form.cleaned_data["code"])


def _count_wrong(request: HttpRequest, user: User) -> None:
    request.session[WAITING] = {**request.session[WAITING], "tries": request.session[WAITING]["tries"] + 1}
    entry.record(Entered.SECOND_REFUSED, user, request=request)


def _ask(request: HttpRequest, user: User, way: str, form: Any) -> HttpResponse:
    factors = Factors.of(user)
    with_passkey = factors.passkeys > 0 and passkeys.are_possible(request)
    if way not in ("app", "passkey", "recovery"):
        way = "passkey" if with_passkey else "app" if factors.app else "recovery"
    options: dict[str, Any] = {}
    if with_passkey:
        options, request.session["passkey_asked"] = passkeys.begin_entering(request, user)
    forms = {"app": CodeForm(), "recovery": RecoveryForm(), "passkey": PasskeyForm()}
    context = {
        "way": way,
        "form": form or forms[way],
        "factors": factors,
        "with_passkey": with_passkey,
        "options": json.dumps(options),
    }
    return render(request, "staff/second_step.html", context, status=422 if form is not None else 200)


@method_decorator(never_cache, name="dispatch")
class ChoosePassword(PasswordResetConfirmView):
    """Where a link for the password leads; it works once. Signing in comes after, with whatever else that takes."""

    template_name = "staff/choose_password.html"
    form_class = NewPassword

    def form_invalid(self, form: Any) -> HttpResponse:
        response = super().form_invalid(form)
        response.status_code = 422
        return response

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        entry.record(Entered.PASSWORD_CHANGED, form.user, request=self.request, detail="link")
        messages.success(self.request, _("Your password is set. Sign in with it."))
        return response

    def get_success_url(self) -> str:
        return resolve_url("staff:sign-in")


@login_required
@require_POST
def duty(request: StaffRequest) -> HttpResponse:
    """Go on or off duty; alarms look for people who are on."""
    request.user.is_on_duty = request.POST.get("on") == "1"
    request.user.save(update_fields=["is_on_duty"])
    back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return redirect(back if is_ours else "/desk/")
