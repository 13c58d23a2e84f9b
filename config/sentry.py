"""Errors are reported to Sentry, where a DSN is given; nothing that says who somebody is or what they wrote goes along."""

from __future__ import annotations

from typing import Any

import sentry_sdk
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.celery import CeleryIntegration
from sentry_sdk.integrations.dedupe import DedupeIntegration
from sentry_sdk.integrations.django import DjangoIntegration
from sentry_sdk.integrations.excepthook import ExcepthookIntegration
from sentry_sdk.types import Event, Hint

from config.tracing import known

KEPT = frozenset({"event_id", "timestamp", "platform", "level", "release", "environment", "sdk", "transaction"})
"""Parts of a report that leave as they are; all others are left out, those that a later version adds, too."""
OF_FRAME = frozenset(
    {"filename", "module", "function", "lineno", "in_app", "context_line", "pre_context", "post_context"}
)
LEFT_OUT = "(left out)"


def start(dsn: str, environment: str) -> None:
    """Report from now on what nobody caught. Without a DSN nothing is patched and nothing is sent."""
    if not dsn:
        return
    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        auto_session_tracking=False,
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[
            DjangoIntegration(transaction_style="function_name"),
            CeleryIntegration(),
            ExcepthookIntegration(),
            DedupeIntegration(),
            AtexitIntegration(),
        ],
        before_send=without_people,
    )


def without_people(event: Event, hint: Hint) -> Event | None:
    """What may leave: where it broke, in which view or task, and the ids by which the log is found."""
    given: dict[str, Any] = dict(event)
    kept: dict[str, Any] = {name: given[name] for name in KEPT & given.keys()}
    kept["tags"] = {name: str(value) for name, value in known().items()}
    kept["exception"] = {"values": [_bare(one) for one in (given.get("exception") or {}).get("values", [])]}
    return kept  # type: ignore[return-value]


def _bare(one: dict[str, Any]) -> dict[str, Any]:
    """An exception without its words, which may quote a row or a form, and with the lines of its frames only."""
    frames = (one.get("stacktrace") or {}).get("frames", [])
    bare: dict[str, Any] = {name: one[name] for name in ("type", "module", "mechanism") if name in one}
    bare["value"] = LEFT_OUT
    bare["stacktrace"] = {"frames": [{name: frame[name] for name in OF_FRAME & frame.keys()} for frame in frames]}
    return bare
