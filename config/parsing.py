"""How the machine interface reads what it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework.parsers import JSONParser

from complaints import strict_json
from complaints.legible import legible
from complaints.refusals import BadInput


class StrictJSONParser(JSONParser):
    """JSON in which nothing is said twice and every text can be kept and repeated."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            return _legible(strict_json.read(stream.read()))
        except RecursionError as error:
            raise BadInput(_("This is nested too deeply.")) from error


def _legible(said: Any) -> Any:
    """The same without what nobody sees, halves of signs among it: no answer could be written that repeats them."""
    if isinstance(said, dict):
        return {legible(name): _legible(value) for name, value in said.items()}
    if isinstance(said, list):
        return [_legible(value) for value in said]
    return legible(said) if isinstance(said, str) else said
