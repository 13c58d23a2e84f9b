"""Requests as the views know them, and from where they come."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from staff.models import User


class PageRequest(HttpRequest):
    """Any request; `htmx` says whether a fragment is asked for."""

    htmx: HtmxDetails


class StaffRequest(PageRequest):
    """A request of somebody who is signed in."""

    user: User


def address_of(request: HttpRequest) -> str:
    """Who is calling; behind our own proxy the address that the proxy added last."""
    direct = str(request.META.get("REMOTE_ADDR", ""))
    if settings.SECURE_PROXY_SSL_HEADER:
        return str(request.META.get("HTTP_X_FORWARDED_FOR", "")).rpartition(",")[2].strip() or direct
    return direct


def known_address(request: HttpRequest) -> str | None:
    """The same as the database keeps it: an address, or nothing."""
    try:
        return str(ipaddress.ip_address(address_of(request)))
    except ValueError:
        return None


def device_of(request: HttpRequest) -> str:
    """What the browser says it is."""
    return str(request.META.get("HTTP_USER_AGENT", "")).replace("\x00", "")[:200]
