"""Calls to systems of others: signed, to public addresses only, never redirected."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import socket
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from complaints.delivery import http
from complaints.delivery.errors import DeliveryError
from complaints.models import Notice, Webhook

SECONDS = 10
GONE = 410
NAT64 = ipaddress.ip_network("64:ff9b::/96")


def deliver(notice: Notice) -> None:
    """POST the notice's body to its webhook; any 2xx means taken. Raises DeliveryError."""
    hook = notice.webhook
    assert hook is not None, "the database has it so"
    if not hook.is_active:
        raise DeliveryError("The webhook is switched off.", is_permanent=True)
    address = judged(hook.url)
    body = notice.body.encode()
    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "Redress", "Redress-Event": notice.code}
    headers |= {"Redress-Id": str(notice.uuid)} | signed(hook, body, timezone.now())
    answer = http.call("POST", hook.url, headers=headers, body=body, address=address, whole_seconds=SECONDS)
    notice.answer = answer.status
    if not 200 <= answer.status < 300:
        raise DeliveryError(
            f"The receiver answered {answer.status}: {answer.text}",
            is_permanent=answer.status == GONE,
            wait=answer.wait,
            answer=answer.status,
        )


def signed(hook: Webhook, body: bytes, now: datetime) -> dict[str, str]:
    """The headers that prove who sent this body when; two signatures on the day after a rotation."""
    moment = str(int(now.timestamp()))
    return {
        "Redress-Timestamp": moment,
        "Redress-Signature": ",".join(f"v1={signature(secret, moment, body)}" for secret in hook.secrets_at(now)),
    }


def signature(secret: str, moment: str, body: bytes) -> str:
    """HMAC-SHA256 over `timestamp.body`, in hexadecimal digits."""
    return hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()


def judged(url: str) -> str:
    """An IP address of the host that may be called; the call goes to it and not to what the name means a moment later.

    Raises DeliveryError when the name is unknown, and permanently when any of its addresses is ours or nobody's.
    """
    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, ValueError) as error:
        raise DeliveryError(http.plain(f"{parts.hostname}: {error}")) from error
    addresses = [str(entry[4][0]) for entry in found]
    if not settings.WEBHOOK_ALLOW_PRIVATE:
        for address in addresses:
            if not is_public(address):
                raise DeliveryError(f"{parts.hostname} leads to {address}, which is not public.", is_permanent=True)
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether this is somewhere out in the Internet, also when it wraps another address."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and not ip.is_unspecified
