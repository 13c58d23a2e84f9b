"""The questions a category asks when a complaint comes in: rows in the database, fields on a form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from django import forms
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from channels_intake.validators import believable, not_in_future
from complaints.models import Category, Subcategory

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

STAFF, PUBLIC = "staff", "public"
UNKNOWN = "unknown"
LONGEST_ANSWER = 300
MISSING: dict[str, str | _StrPromise] = {
    "text": _("Write an answer."),
    "datetime": _("Say when, as well as you can."),
    "choice": _("Choose an answer."),
    "yes_no": _("Choose an answer."),
}


class TwoNames(Protocol):
    """A category or subcategory: its own name, and maybe plainer words for customers."""

    public_zh: str
    public_en: str

    @property
    def name(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Question:
    """`kind` is yes_no, choice, text or datetime; without `subcategories` it is asked for the whole category."""

    category: str
    key: str
    kind: str
    label: str
    choices: tuple[tuple[str, str], ...]
    required_for: frozenset[str]
    subcategories: frozenset[str]

    @property
    def name(self) -> str:
        """The name of its field; two categories may ask under the same key."""
        return f"{self.category}-{self.key}"

    def fits(self, subcategory: Subcategory | None) -> bool:
        return not self.subcategories or (subcategory is not None and subcategory.code in self.subcategories)

    def field(self) -> forms.Field:
        """Never required as a field: whether an answer is needed depends on the category that is chosen."""
        if self.kind == "datetime":
            return moment(label=self.label, required=False, validators=[not_in_future])
        if self.kind == "text":
            return forms.CharField(label=self.label, max_length=LONGEST_ANSWER, required=False)
        return forms.ChoiceField(label=self.label, choices=self.choices, widget=forms.RadioSelect, required=False)


def questions_of(category: Category) -> list[Question]:
    """The category's questions in the language in use, in the order of the profile."""
    return [
        Question(
            category=category.code,
            key=row["key"],
            kind=row["type"],
            label=in_language(row),
            choices=_choices(row),
            required_for=frozenset(row.get("required_for", [])),
            subcategories=frozenset(row.get("subcategories", [])),
        )
        for row in category.questions
    ]


def _choices(row: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    if row["type"] == "yes_no":
        known = [("yes", str(_("Yes"))), ("no", str(_("No")))]
    else:
        known = [(choice["value"], in_language(choice)) for choice in row.get("choices", [])]
    return (*known, (UNKNOWN, str(_("I don't know"))))


def answers(questions: Iterable[Question], cleaned: Mapping[str, Any]) -> dict[str, str]:
    """What was answered, by key, as words a person can read later; not knowing is no answer."""
    given = {question.key: _plain(cleaned.get(question.name)) for question in questions}
    return {key: answer for key, answer in given.items() if answer not in ("", UNKNOWN)}


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return timezone.localtime(value).strftime("%Y-%m-%d %H:%M")
    return str(value or "").strip()


def moment(
    *,
    label: str | _StrPromise,
    required: bool = True,
    validators: Iterable[Callable[[datetime], None]] = (),
    **more: Any,
) -> forms.DateTimeField:
    """A field for a moment in the utility's time zone."""
    more["validators"] = [believable, *validators]
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, required=required, widget=widget, **more)


def in_language(texts: Mapping[str, Any]) -> str:
    """The text of a profile's row in the language in use."""
    return str(texts.get("zh" if (get_language() or "").startswith("zh") else "en", ""))


def public_name(row: TwoNames) -> str:
    """What customers read; the desk's name where nobody wrote plainer words."""
    plain = row.public_zh if (get_language() or "").startswith("zh") else row.public_en
    return plain or row.name
