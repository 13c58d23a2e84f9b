"""Coming in with the company account, and leaving again."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import LogoutView
from django.core.signing import BadSignature
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from staff import company, oidc, people
from staff.views.sign_in import COMPANY_TOKEN, after_first_step, let_in

logger = logging.getLogger(__name__)

ASKED = "company_asked"
"""A signed cookie, so that whoever only begins leaves no row behind."""
PATIENCE = 600
"""Seconds for signing in there."""


@never_cache
@require_GET
def begin(request: HttpRequest) -> HttpResponse:
    """To the company's sign-in; afterwards on to `next`, if that is ours."""
    _must_be_on()
    onward = request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(onward, {request.get_host()}, require_https=request.is_secure())
    asked = oidc.Asked.anew(onward if is_ours else resolve_url(settings.LOGIN_REDIRECT_URL))
    try:
        response = redirect(oidc.address_to_ask(asked))
    except oidc.Away as away:
        return _not_answering(request, away)
    response.set_signed_cookie(
        ASKED,
        json.dumps(asdict(asked)),
        max_age=PATIENCE,
        path=reverse("staff:company"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


@never_cache
@require_GET
def come_back(request: HttpRequest) -> HttpResponse:
    """From the company's sign-in, with a code; what we asked counts once, whatever comes of it."""
    _must_be_on()
    response = _answered(request)
    response.delete_cookie(ASKED, path=reverse("staff:company"), samesite="Lax")
    return response


def _answered(request: HttpRequest) -> HttpResponse:
    try:
        asked = oidc.Asked(**json.loads(str(request.get_signed_cookie(ASKED, max_age=PATIENCE))))
        proven = oidc.prove(asked, request.GET.dict())
        user = company.account_of(proven.claims, request)
    except (KeyError, BadSignature):
        return _back(request, _("That took too long, or began in another window. Begin again."))
    except oidc.Away as away:
        return _not_answering(request, away)
    except oidc.NotProven as why:
        logger.warning("the company sign-in was refused: %s", why)
        return _back(
            request, _("The company sign-in did not let you in. Begin again, or ask whoever keeps your account.")
        )
    except company.NotLetIn as why:
        return _back(request, str(why))
    if company.shows_second_factor(proven.claims):
        return let_in(request, user, asked.onward, how=people.COMPANY, token=proven.token, has_shown_two=True)
    return after_first_step(request, user, asked.onward, how=people.COMPANY, token=proven.token)


class SignOut(LogoutView):
    """Ends the session here; whoever came with the company account is led on to end it there, too."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        elsewhere = oidc.leaving(request.session.get(COMPANY_TOKEN))
        response = super().post(request, *args, **kwargs)
        if elsewhere is None:
            return response
        # Not a redirect: the policy for forms (form-action) lets none lead to another site.
        page = render(request, "staff/signed_out.html", {"elsewhere": elsewhere})
        page["Refresh"] = f"0; url={elsewhere}"
        return page


def _must_be_on() -> None:
    if not oidc.is_on():
        raise Http404


def _not_answering(request: HttpRequest, away: oidc.Away) -> HttpResponse:
    logger.warning("the company sign-in does not answer: %s", away)
    if settings.PASSWORDS_FOR_ALL:
        return _back(request, _("The company sign-in does not answer just now. Use your password, or try again later."))
    return _back(request, _("The company sign-in does not answer just now. Try again in a few minutes."))


def _back(request: HttpRequest, words: str) -> HttpResponse:
    messages.error(request, words)
    return redirect("staff:sign-in")
