"""One HTTP call to a server that is not ours: bounded in time and size, never redirected, and told in plain words."""

from __future__ import annotations

import base64
import contextlib
import http.client
import socket
import ssl
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import SplitResult, unquote, urlsplit

from complaints.delivery.errors import DeliveryError

CONNECT_SECONDS = 5
WHOLE_SECONDS = 20
"""For the whole call: a server that drips one byte a second must not hold a worker."""
MOST_BYTES = 4096
LONGEST_WAIT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    text: str
    """The beginning of the body, in one line."""
    wait: timedelta | None
    """What Retry-After asks for, at most a day."""


def call(
    method: str,
    url: str,
    *,
    headers: dict[str, str],
    body: bytes = b"",
    address: str = "",
    whole_seconds: float = WHOLE_SECONDS,
) -> Answer:
    """Make the call; a user and password in the address go as Basic authorisation.

    `address` is the IP address to connect to when the name was resolved and judged before. Raises DeliveryError when no
    answer comes; any answer, also a refusal or a redirection, is returned for the caller to judge. A body that does not
    come to an end in time is cut off, and the status counts: it was taken, and trying again could double it.
    """
    parts = urlsplit(url)
    connection = _connection(parts, address, min(CONNECT_SECONDS, whole_seconds))
    cut = None
    try:
        connection.connect()
        connection.sock.settimeout(whole_seconds)
        cut = threading.Timer(whole_seconds, _cut, [connection.sock])
        cut.daemon = True
        cut.start()
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, body=body or None, headers=_basic(parts) | headers)
        response = connection.getresponse()
        text = response.read(MOST_BYTES).decode(errors="replace")
        wait = retry_after(response.headers.get("Retry-After", ""), now=datetime.now(UTC))
        return Answer(response.status, plain(text), wait)
    except (http.client.HTTPException, OSError, ValueError) as error:
        raise DeliveryError(plain(f"{parts.hostname}: {_words(error)}"), is_silence=True) from error
    finally:
        if cut is not None:
            cut.cancel()
        connection.close()


def retry_after(value: str, *, now: datetime) -> timedelta | None:
    """How long to wait, from seconds or an HTTP date; None when neither or already past, a day at most."""
    value = value.strip()
    if value.isascii() and value.isdecimal():
        wait = timedelta(seconds=min(int(value[:9]), LONGEST_WAIT.total_seconds()))
    else:
        try:
            wait = parsedate_to_datetime(value) - now
        except (ValueError, TypeError):
            return None
    return min(wait, LONGEST_WAIT) if wait > timedelta(0) else None


def plain(text: str) -> str:
    """In one line, without signs that neither a page nor PostgreSQL can hold."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


class _AtAddress(http.client.HTTPSConnection):
    """TLS to an address that was judged before; the certificate is still the name's."""

    def __init__(self, host: str, port: int | None, address: str, timeout: float) -> None:
        self._context_of_name = ssl.create_default_context()
        super().__init__(host, port, timeout=timeout, context=self._context_of_name)
        self._address = address

    def connect(self) -> None:
        plain_socket = socket.create_connection((self._address, self.port), self.timeout)
        try:
            self.sock = self._context_of_name.wrap_socket(plain_socket, server_hostname=self.host)
        except BaseException:
            plain_socket.close()
            raise


class _PlainAtAddress(http.client.HTTPConnection):
    def __init__(self, host: str, port: int | None, address: str, timeout: float) -> None:
        super().__init__(host, port, timeout=timeout)
        self._address = address

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), self.timeout)


def _connection(parts: SplitResult, address: str, timeout: float) -> http.client.HTTPConnection:
    try:
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise DeliveryError(str(error), is_permanent=True) from error
    kind = _AtAddress if parts.scheme == "https" else _PlainAtAddress
    return kind(host, port, address or host, timeout)


def _cut(connected: socket.socket) -> None:
    """End the call from outside, whatever it waits for. The connection itself may have let go of its socket already."""
    with contextlib.suppress(OSError):  # it may just have ended by itself
        connected.shutdown(socket.SHUT_RDWR)


def _basic(parts: SplitResult) -> dict[str, str]:
    if not parts.username:
        return {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def _words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(error) or type(error).__name__
