"""The living page of components, for the people who build pages."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def style(request: HttpRequest) -> HttpResponse:
    return render(request, "style.html")
