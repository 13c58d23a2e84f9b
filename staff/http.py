"""Requests as the views know them."""

from __future__ import annotations

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from staff.models import User


class PageRequest(HttpRequest):
    """Any request; `htmx` says whether a fragment is asked for."""

    htmx: HtmxDetails


class StaffRequest(PageRequest):
    """A request of somebody who is signed in."""

    user: User
