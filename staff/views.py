"""Signing in and out, and saying whether one is on duty."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from staff.http import StaffRequest
from staff.models import User


class SignIn(LoginView):
    """The door of the desk; afterwards the pages speak the person's own language unless they chose another."""

    template_name = "staff/sign_in.html"
    redirect_authenticated_user = True

    def form_invalid(self, form: Any) -> HttpResponse:
        response = super().form_invalid(form)
        response.status_code = 422
        return response

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        user: User = form.get_user()
        if "language" not in self.request.COOKIES:
            response.set_cookie("language", user.language, samesite="Lax", secure=self.request.is_secure())
        return response


@login_required
@require_POST
def duty(request: StaffRequest) -> HttpResponse:
    """Go on or off duty; alarms look for people who are on."""
    request.user.is_on_duty = request.POST.get("on") == "1"
    request.user.save(update_fields=["is_on_duty"])
    back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return redirect(back if is_ours else "/desk/")
