"""What customers are asked about an answer: the version in force, its words in one language, and publishing a new one."""

from __future__ import annotations

from datetime import datetime
from string import Formatter
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from complaints import turn
from complaints.models import QuestionSet, Scale
from complaints.refusals import BadInput, Refusal
from staff.models import User

LANGUAGES = ("zh", "en")
WORDS = frozenset({"utility", "reference", "regulator"})
"""What the greeting and the closing words may say in {braces}."""


def current() -> QuestionSet | None:
    """The newest version; None before a profile was loaded, and then the pages ask in their own words."""
    return turn.once("questions", lambda: QuestionSet.objects.order_by("-number").first())


def language() -> str:
    return "zh" if (get_language() or "").startswith("zh") else "en"


def wording(asked: QuestionSet | None, key: str, otherwise: str) -> str:
    """How this version asks `key`, in the language in use."""
    for question in asked.content["questions"] if asked else []:
        if question["key"] == key:
            return str(question[language()])
    return otherwise


def scale_of(asked: QuestionSet | None) -> Scale:
    return Scale(asked.scale) if asked else Scale.FIVE


def steps(asked: QuestionSet | None, otherwise: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
    """The steps of the scale, the best first, each with its number before its words."""
    if asked is None:
        return otherwise
    said = asked.content["scale"]
    return [(int(step), f"{step} {said[step][language()]}") for step in sorted(said, key=int, reverse=True)]


@transaction.atomic
def publish(
    content: dict[str, Any], *, by: User | None, seen: int | None = None, at: datetime | None = None
) -> QuestionSet:
    """Ask in these words from now on; `seen` is the number the editor looked at. Raises BadInput or Refusal.

    Words as they stand make no new version.
    """
    newest = QuestionSet.objects.select_for_update().order_by("-number").first()
    if seen is not None and seen != (newest.number if newest else 0):
        raise Refusal(_("Somebody else has changed the questions meanwhile. Look at them, then change them again."))
    check(content)
    if newest is not None and newest.content == content:
        return newest
    return QuestionSet.objects.create(
        number=newest.number + 1 if newest else 1,
        content=content,
        scale=Scale.THREE if len(content["scale"]) == Scale.THREE.top else Scale.FIVE,
        by=by,
        at=at or timezone.now(),
    )


def take_from_profile(content: dict[str, Any]) -> bool:
    """The profile's words, unless somebody here has written their own; whether that made a new version."""
    newest = QuestionSet.objects.order_by("-number").first()
    if newest is not None and (newest.by_id is not None or newest.content == content):
        return False
    publish(content, by=None)
    return True


def check(content: dict[str, Any]) -> None:
    """Raises BadInput when words stand in braces that nothing is known to put in place of."""
    spoken = {"greeting": content["greeting"], **{f"closing_{key}": words for key, words in content["closing"].items()}}
    for field, words in spoken.items():
        for tongue in LANGUAGES:
            try:
                names = {name for _text, name, _form, _how in Formatter().parse(words[tongue]) if name is not None}
            except ValueError:
                raise BadInput(
                    _("A brace is open or closed alone. Write {{ or }} for a brace itself."),
                    fields=[f"{field}_{tongue}"],
                ) from None
            if unknown := sorted(names - WORDS):
                raise BadInput(
                    _("Nothing is known to put in place of %(name)s.") % {"name": "{" + unknown[0] + "}"},
                    fields=[f"{field}_{tongue}"],
                )
