"""The accounts of others, kept by administrators: who may sign in, as what, and with which keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_otp.plugins.otp_totp.models import TOTPDevice

from staff import company, lockout, people, second_factor, sessions, tokens
from staff.actors import Role
from staff.devices import described
from staff.entry_models import SecondFactorRule
from staff.forms import NewPersonForm, PeopleFilter, PersonForm, RulesForm
from staff.http import StaffRequest
from staff.models import User
from staff.second_factor import Factors

PAGE = 50


def _administrator(request: StaffRequest) -> User:
    if request.user.role != Role.ADMINISTRATOR:
        raise PermissionDenied(_("Accounts are kept by administrators."))
    return request.user


def _person(request: StaffRequest, username: str) -> User:
    return get_object_or_404(people.administered_by(_administrator(request)), username=username)


@require_safe
@login_required
def everybody(request: StaffRequest) -> HttpResponse:
    """The accounts that this administrator keeps."""
    asked = PeopleFilter(request.GET)
    rows = people.administered_by(_administrator(request)).filter(asked.condition()).order_by("full_name", "username")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    shown = [user.pk for user in page]
    with_factor = set(TOTPDevice.objects.filter(user__in=shown, confirmed=True).values_list("user", flat=True))
    with_factor |= set(User.objects.filter(pk__in=shown, passkeys__isnull=False).values_list("pk", flat=True))
    query = request.GET.copy()
    query.pop("page", None)
    strangers = company.strangers() if people.administers_everywhere(request.user) else []
    context = {
        "asked": asked,
        "page": page,
        "with_factor": with_factor,
        "query": query.urlencode(),
        "strangers": strangers,
    }
    return render(request, "staff/people.html", context)


@login_required
@never_cache
def new(request: StaffRequest) -> HttpResponse:
    """Make an account; the link with which the person chooses a password is shown once."""
    by = _administrator(request)
    form = NewPersonForm(request.POST or None, by=by)
    if request.method == "POST" and form.is_valid():
        user = people.make(form.save(commit=False), by=by, request=request)
        return _show_link(request, user, people.password_link(user))
    return render(request, "staff/person_new.html", {"form": form}, status=422 if form.errors else 200)


def _show_link(request: StaffRequest, user: User, link: str) -> HttpResponse:
    return render(request, "staff/person_link.html", {"person": user, "link": link})


@login_required
def person(request: StaffRequest, username: str) -> HttpResponse:
    """One account; posting changes what it is."""
    found = _person(request, username)
    form = PersonForm(request.POST or None, instance=found, by=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            people.change(form.save(commit=False), by=request.user, request=request, what=form.changed_data)
        except people.LastAdministrator as refusal:
            form.add_error("role", str(refusal))
        else:
            messages.success(request, _("Saved."))
            return redirect("staff:person", found.username)
    stored = User.objects.select_related("branch", "team").get(pk=found.pk)
    return render(request, "staff/person.html", _about(stored, form), status=422 if form.errors else 200)


def _about(user: User, form: PersonForm) -> dict[str, Any]:
    now = timezone.now()
    return {
        "person": user,
        "form": form,
        "locked_until": lockout.locked_until(user, now),
        "factors": Factors.of(user),
        "sessions": [{"row": row, "device": described(row.device)} for row in sessions.open_sessions(user, now)],
        "tokens": user.api_tokens.open(now),
        "events": user.entry_events.select_related("by")[:30],
    }


@login_required
@never_cache
@require_POST
def reset_password(request: StaffRequest, username: str) -> HttpResponse:
    found = _person(request, username)
    return _show_link(request, found, people.reset_password(found, by=request.user, request=request))


def _unlock(request: StaffRequest, user: User) -> str:
    lockout.unlock(user, by=request.user, request=request)
    return _("%(name)s may try again at once.")


def _reset_factors(request: StaffRequest, user: User) -> str:
    second_factor.reset(user, by=request.user, request=request)
    return _("%(name)s has no second factor any more.")


def _end_sessions(request: StaffRequest, user: User) -> str:
    count = people.end_sessions(user, by=request.user, request=request)
    return ngettext(
        "%(count)d session of %(name)s has ended.", "%(count)d sessions of %(name)s have ended.", count
    ).replace("%(count)d", str(count))


def _switch_off(request: StaffRequest, user: User) -> str:
    people.switch_off(user, by=request.user, request=request)
    return _("%(name)s can no longer sign in.")


def _switch_on(request: StaffRequest, user: User) -> str:
    people.switch_on(user, by=request.user, request=request)
    return _("%(name)s may sign in again.")


ACTS: dict[str, Callable[[StaffRequest, User], str]] = {
    "unlock": _unlock,
    "reset-second-factor": _reset_factors,
    "end-sessions": _end_sessions,
    "switch-off": _switch_off,
    "switch-on": _switch_on,
}


@login_required
@require_POST
def act(request: StaffRequest, username: str, what: str) -> HttpResponse:
    """One of the things that are done to an account with one press."""
    found = _person(request, username)
    if what not in ACTS:
        raise Http404
    try:
        words = ACTS[what](request, found)
    except people.LastAdministrator as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, words % {"name": found.display_name})
    return redirect("staff:person", found.username)


@login_required
@require_POST
def revoke_token(request: StaffRequest, username: str, pk: int) -> HttpResponse:
    token = get_object_or_404(_person(request, username).api_tokens, pk=pk)
    tokens.revoke(token, at=timezone.now(), by=request.user, request=request)
    messages.success(request, _("The token is revoked."))
    return redirect("staff:person", username)


@login_required
def rules(request: StaffRequest) -> HttpResponse:
    """Which roles need a second factor, and from which day; decided where accounts are kept for the whole company."""
    by = _administrator(request)
    if not people.administers_everywhere(by):
        raise PermissionDenied(_("This is decided by the administrators of the whole company."))
    days = dict(SecondFactorRule.objects.values_list("role", "from_on"))
    form = RulesForm(request.POST or None, days=days)
    if request.method == "POST" and form.is_valid():
        for role in form.changed_data:
            second_factor.set_rule(role, form.cleaned_data[role], by=by)
        messages.success(request, _("Saved."))
        return redirect("staff:rules")
    return render(request, "staff/rules.html", {"form": form}, status=422 if form.errors else 200)
