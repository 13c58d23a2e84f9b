"""JSON from programs that are not ours: read strictly, refused with a sentence."""

from __future__ import annotations

import json
from typing import Any

from django.utils.translation import gettext as _

from complaints.refusals import BadInput


def read(body: bytes) -> Any:
    """What the body says. Raises BadInput, also where a name stands twice: nobody can know which was meant."""
    try:
        return json.loads(body.decode("utf-8-sig"), object_pairs_hook=_once, parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise BadInput(_("This is not UTF-8. Send it encoded as UTF-8.")) from error
    except RecursionError as error:
        raise BadInput(_("This is nested too deeply.")) from error
    except ValueError as error:
        raise BadInput(_("This is not JSON: %(error)s.") % {"error": error}) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _value in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise BadInput(_("“%(name)s” is there twice. Send it once.") % {"name": twice[:60]})
    return found


def _no_number(word: str) -> Any:
    raise ValueError(word)
