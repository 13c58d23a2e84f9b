"""One log line per record, as JSON for collectors or as key=value pairs for people; with what is known of its request or task."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime

from django.http import HttpRequest

from config.tracing import known, view_of

_ORDINARY = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "request", "taskName", "server_time"}
_ORDINARY |= {"data"}  # of Celery: the exception a second time, as it came
_DETAIL = re.compile(r"^(DETAIL|CONTEXT):.*(\n(?!\S+Error|Traceback|  File).*)*", re.MULTILINE)

_QUOTED_ROW = re.compile(r"DETAIL:.*", re.DOTALL)


class PairsFormatter(logging.Formatter):
    """Time in UTC, level, logger, message, what is known, then whatever was passed as `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        return " ".join(f"{key}={_quoted(str(value))}" for key, value in self.pairs(record).items())

    def pairs(self, record: logging.LogRecord) -> dict[str, object]:
        pairs: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _QUOTED_ROW.sub("DETAIL: (left out)", _without_address(record)),
        }
        pairs |= known()
        pairs |= {key: value for key, value in vars(record).items() if key not in _ORDINARY}
        if record.exc_info:
            pairs["exception"] = without_rows(self.formatException(record.exc_info))
        return pairs


class JsonFormatter(PairsFormatter):
    """The same as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(self.pairs(record), ensure_ascii=False, default=str)


def without_rows(exception: str) -> str:
    """PostgreSQL quotes the row that it refuses, with name and number of the customer: that part is left out."""
    return _DETAIL.sub(lambda found: f"{found[1]}: (left out)", exception)


def _without_address(record: logging.LogRecord) -> str:
    """Django names the path of a request that fails, and a customer's token may stand in it: the view is named instead."""
    request = getattr(record, "request", None)
    if isinstance(request, HttpRequest) and isinstance(record.args, tuple):
        args = tuple(view_of(request) if one == request.path else one for one in record.args)
        return str(record.msg) % args if args else str(record.msg)
    return record.getMessage()


def _quoted(value: str) -> str:
    """Quoted only where a space, a quote or a line break would make the pair ambiguous."""
    if value and not any(character in value for character in ' "=\n\r\t'):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "\\r").replace("\n", "\\n")
    return f'"{escaped}"'
