"""Typed getters for environment variables; a wrong value stops the process with a sentence naming the variable."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}


def text(name: str, default: str | None = None) -> str:
    """The variable as given, or what stands in the file that NAME_FILE names; without a default it must not be empty."""
    value = os.environ.get(name, "").strip()
    named = os.environ.get(f"{name}_FILE", "").strip()
    if value and named:
        raise ImproperlyConfigured(f"Set either {name} or {name}_FILE, not both.")
    if named:
        value = _content(f"{name}_FILE", named)
    if value:
        return value
    if default is None:
        raise ImproperlyConfigured(f"Set the environment variable {name}; it has no default.")
    return default


def flag(name: str, default: bool) -> bool:
    value = text(name, str(default)).lower()
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}.")


def whole(name: str, default: int, *, least: int = 0) -> int:
    """A whole number of at least `least`."""
    value = text(name, str(default))
    try:
        number = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from None
    if number < least:
        raise ImproperlyConfigured(f"{name} must be at least {least}, not {number}.")
    return number


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list, blanks dropped."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def statuses(name: str, default: str) -> frozenset[int]:
    """HTTP statuses, comma-separated."""
    given = words(name, default)
    wrong = [word for word in given if not (word.isascii() and word.isdecimal() and 100 <= int(word) <= 599)]
    if wrong:
        raise ImproperlyConfigured(f"{name} must be HTTP statuses like 200,202, not {', '.join(wrong)!r}.")
    return frozenset(int(word) for word in given)


def words_of_status(name: str, default: str, *, not_in: frozenset[str] = frozenset()) -> frozenset[str]:
    """Words in small letters, comma-separated; none of them may stand in the other list too."""
    found = frozenset(word.lower() for word in words(name, default))
    if found & not_in:
        raise ImproperlyConfigured(f"{name} holds {', '.join(sorted(found & not_in))!r}, which means the opposite.")
    return found


def template(name: str, default: str) -> str:
    """A text, or `@/path` of the file that holds it."""
    value = text(name, default)
    if not value.startswith("@"):
        return value
    return _content(name, value[1:])


def _content(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{name} names a file which cannot be read: {error}.") from None


def path(name: str, default: Path) -> Path:
    return Path(text(name, str(default))).expanduser().resolve()


def choice(name: str, default: str, allowed: set[str]) -> str:
    value = text(name, default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(sorted(allowed))}, not {value!r}.")
    return value


def url(name: str, default: str | None, *, schemes: set[str]) -> str:
    """An address whose scheme is one of `schemes`."""
    value = text(name, default)
    scheme = urlsplit(value).scheme
    if scheme not in schemes:
        raise ImproperlyConfigured(f"{name} must begin with one of {', '.join(sorted(schemes))}, not {scheme!r}.")
    return value


def safe_url(name: str) -> str:
    """An address that is encrypted or on this very machine; empty when none is given."""
    value = text(name, "")
    parts = urlsplit(value)
    is_here = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
    if value and not (parts.scheme == "https" and parts.hostname) and not is_here:
        raise ImproperlyConfigured(f"{name} must begin with https://, not {value!r}.")
    return value


def pairs(name: str, *, values: set[str]) -> dict[str, str]:
    """`word=value` after `word=value`, comma-separated, in this order; each value one of `values`."""
    found: dict[str, str] = {}
    for word in words(name, ""):
        key, value = (part.strip() for part in word.rpartition("=")[::2])
        if not key or value not in values:
            raise ImproperlyConfigured(f"{name}: {word!r} must be NAME=VALUE with one of {', '.join(sorted(values))}.")
        found[key] = value
    return found


def database(name: str) -> dict[str, Any]:
    """
    Django's settings for the PostgreSQL at the address in `name`.

    A socket folder is given as `?host=/folder`; other query parameters go to the driver as they are. The password may be
    kept out of the address, in DATABASE_PASSWORD.
    """
    address = urlsplit(url(name, None, schemes={"postgres", "postgresql"}))
    options: dict[str, Any] = dict(parse_qsl(address.query, keep_blank_values=True))
    database_name = unquote(address.path.removeprefix("/"))
    if not database_name:
        raise ImproperlyConfigured(f"{name} must end with the name of a database, as in postgres://user@host/redress.")
    try:
        port = address.port
    except ValueError:
        raise ImproperlyConfigured(f"{name} has a port which is not a number.") from None
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": database_name,
        "USER": unquote(address.username or ""),
        "PASSWORD": unquote(address.password or "") or text("DATABASE_PASSWORD", ""),
        "HOST": options.pop("host", address.hostname or ""),
        "PORT": str(port or ""),
        "OPTIONS": options,
    }


def broker(address: str) -> str:
    """The same Redis as Celery wants to read it: sockets have a scheme of their own there."""
    parts = urlsplit(address)
    if parts.scheme != "unix":
        return address
    number = dict(parse_qsl(parts.query)).get("db", "0")
    return f"redis+socket://{parts.path}?virtual_host={number}"


def next_redis_database(address: str) -> str:
    """The same Redis, one database number further: clearing the cache there cannot drop queued tasks."""
    parts = urlsplit(address)
    if parts.scheme == "unix":
        number = int(dict(parse_qsl(parts.query)).get("db", "0"))
        return f"unix://{parts.path}?db={number + 1}"
    number = int(parts.path.strip("/") or "0")
    return parts._replace(path=f"/{number + 1}").geturl()
