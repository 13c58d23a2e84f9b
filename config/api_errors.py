"""The description of the machine interface says which refusals every operation may answer with: all in one shape."""

from __future__ import annotations

from typing import Any

ALWAYS = {
    "401": "Nobody is signed in: send a token.",
    "403": "Not for your role, or a page's own token is missing.",
    "406": "The answer is JSON and nothing else.",
}
NAMED = {"404": "There is no such thing, or not for you."}
CHOSEN = {"422": "Something is wrong or missing; `fields` says where."}
SENT = {
    "400": "This cannot be read.",
    "413": "That is too much for one request.",
    "415": "Send JSON, or a form with files.",
    "507": "Files cannot be kept just now: send it without them, or again later.",
    **CHOSEN,
}
PROBLEM = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def add_refusals(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Called by drf-spectacular once the rest is described. What an operation says of itself stays."""
    for operations in result["paths"].values():
        for operation in operations.values():
            _describe(operation)
    return result


def _describe(operation: dict[str, Any]) -> None:
    places = {parameter["in"] for parameter in operation.get("parameters", [])}
    refusals = {
        **ALWAYS,
        **({"400": SENT["400"], **NAMED} if places else {}),
        **(CHOSEN if "query" in places else {}),
        **(SENT if "requestBody" in operation else {}),
    }
    for status, description in refusals.items():
        answer = operation["responses"].setdefault(status, {"content": PROBLEM})
        answer["description"] = answer.get("description") or description
