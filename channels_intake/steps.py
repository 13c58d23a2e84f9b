"""The steps of the public form: one question, or one group of questions, each."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from channels_intake import questions
from channels_intake.drafts import Draft
from channels_intake.forms import LANGUAGES, LONGEST_STORY, FilesField, WholeTexts, phone_field
from channels_intake.questions import PUBLIC, Question, moment, public_name
from channels_intake.unsent import LONGEST
from channels_intake.validators import not_in_future
from complaints import rulebook
from complaints.models import Category, Priority, Subcategory

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

NOT_SURE = "-"


class StepForm(WholeTexts):
    """A step's form; `topic` and `narrowed` are the category and kind chosen before it."""

    use_required_attribute = False
    name: ClassVar[str]
    title: ClassVar[str | _StrPromise]

    def __init__(self, *args: Any, category: Category | None, kind: Subcategory | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.topic, self.narrowed = category, kind
        self.prepare()

    def prepare(self) -> None:
        """Add what depends on the category."""

    def typed(self) -> dict[str, str]:
        """What was posted for this step's fields, as it was typed."""
        return {name: self.data[name][:LONGEST] for name in self.fields if name in self.data}


class CategoryField(forms.Field):
    """The code of a category in use."""

    default_error_messages = {"invalid_choice": forms.ModelChoiceField.default_error_messages["invalid_choice"]}

    def to_python(self, value: Any) -> Category | None:
        if value in self.empty_values:
            return None
        found = rulebook.current().categories.get(str(value))
        if found is None:
            raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice", params={"value": value})
        return found


class CategoryForm(StepForm):
    name, title = "category", _("What is wrong?")

    category = CategoryField(label=title, error_messages={"required": _("Choose one of the five.")})


class KindForm(StepForm):
    name, title = "kind", _("Which of these is closest?")

    kind = forms.ChoiceField(
        label=title, widget=forms.RadioSelect, error_messages={"required": _("Choose the closest, or “I am not sure”.")}
    )

    def prepare(self) -> None:
        offered = [kind for kind in rulebook.current().offered(self.topic) if kind.is_public] if self.topic else []
        self.fields["kind"].choices = [  # type: ignore[attr-defined]
            *[(kind.code, public_name(kind)) for kind in offered],
            (NOT_SURE, _("I am not sure")),
        ]


class StoryForm(StepForm):
    name, title = "story", _("What happened?")

    story = forms.CharField(
        label=_("Tell us in your own words"),
        max_length=LONGEST_STORY,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": _("Write what happened. One sentence is enough.")},
    )
    place = forms.CharField(
        label=_("Where is it?"),
        max_length=240,
        help_text=_("Street and number, village, or something near it."),
        error_messages={"required": _("Write where it is, so that we can find it.")},
    )
    occurred_at = moment(label=_("When did it happen?"), required=False, validators=[not_in_future])

    def prepare(self) -> None:
        """The category's questions come after the story; one that asks where or when takes the place of our own."""
        asked = [q for q in questions.questions_of(self.topic) if q.fits(self.narrowed)] if self.topic else []
        for question in asked:
            self.fields[question.name] = question.field()
            if PUBLIC in question.required_for:
                self.fields[question.name].required = True
                self.fields[question.name].error_messages["required"] = questions.MISSING[question.kind]
        if any(question.key == "place" for question in asked):
            del self.fields["place"]
        if any(question.kind == "datetime" for question in asked):
            del self.fields["occurred_at"]


class WhoForm(StepForm):
    name, title = "who", _("Who are you?")

    is_anonymous = forms.ChoiceField(
        label=_("May we know your name?"),
        choices=[("no", _("Yes, so that you can answer me")), ("yes", _("No, I want to stay anonymous"))],
        initial="no",
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one.")},
        help_text=_(
            "Without a name we cannot ask you anything or tell you the answer, and may not be able to put it right."
        ),
    )
    contact_name = forms.CharField(
        label=_("Your name"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": _("Write your name, or choose to stay anonymous.")},
    )
    contact_phone = phone_field(
        label=_("Your phone"), help_text=_("We call or text this number about your complaint only.")
    )
    contact_email = forms.EmailField(
        label=_("Your e-mail"), required=False, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    account_number = forms.CharField(
        label=_("Your account number"),
        max_length=20,
        required=False,
        help_text=_("It is on your bill. Leave it empty if you do not have it at hand."),
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    language = forms.ChoiceField(
        label=_("In which language shall we answer?"), choices=LANGUAGES, widget=forms.RadioSelect
    )
    is_confidential = forms.BooleanField(label=_("Do not tell my name to the people I complain about"), required=False)

    def prepare(self) -> None:
        self.fields["contact_name"].required = (self.data or self.initial or {}).get("is_anonymous") != "yes"
        self.fields["language"].initial = get_language()
        self.fields["contact_phone"].widget.attrs["autocomplete"] = "tel"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("is_anonymous") == "yes":
            return cleaned
        ways = ("contact_phone", "contact_email")
        if not any(cleaned.get(way) or way in self.errors for way in ways):
            self.add_error("contact_phone", _("Write a phone number or an e-mail address, so that we can answer."))
        return cleaned


class PhotosForm(StepForm):
    name, title = "photos", _("Do you have photos or papers?")

    files = FilesField(  # type: ignore[assignment]  # a field and the uploads share a name by Django\'s design
        label=_("Photos or PDF"),
        required=False,
        help_text=_(
            "A photo of the place, the meter or the bill helps. At most 6, 12 MB each. Go nowhere dangerous for a photo."
        ),
    )


STEPS: dict[str, type[StepForm]] = {
    form.name: form for form in (CategoryForm, KindForm, StoryForm, WhoForm, PhotosForm)
}
CHECK = "check"
LABELS: dict[str, str | _StrPromise] = {
    "category": _("Topic"),
    "kind": _("Exactly"),
    "story": _("What happened"),
    "who": _("About you"),
    "photos": _("Photos"),
    CHECK: _("Check and send"),
}


class Answers:
    """A draft read as forms: what was chosen, which step comes next, what it adds up to."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self._checked: dict[str, tuple[Any, StepForm]] = {}
        book = rulebook.current()
        self.category = book.categories.get((draft.answers("category") or {}).get("category", ""))
        self.kind = self._kind(book.subcategories)

    def _kind(self, known: Mapping[str, Subcategory]) -> Subcategory | None:
        kind = known.get((self.draft.answers("kind") or {}).get("kind", ""))
        return kind if kind is not None and kind.category == self.category else None

    def form(self, step: str, data: Mapping[str, Any] | None = None, **kwargs: Any) -> StepForm:
        """The step's form: checked against `data`, or showing what was typed before."""
        typed = self.draft.answers(step)
        return STEPS[step](data, initial=typed, category=self.category, kind=self.kind, **kwargs)

    def filled(self, step: str) -> StepForm:
        """The step's form over what was typed before, to be asked whether it is valid; made once for what stands there."""
        typed = self.draft.answers(step)
        if step not in self._checked or self._checked[step][0] is not typed:
            self._checked[step] = (typed, self.form(step, typed or {}))
        return self._checked[step][1]

    def is_done(self, step: str) -> bool:
        return self.draft.answers(step) is not None and (step == "photos" or self.filled(step).is_valid())

    def next_step(self) -> str:
        """The first step that still wants an answer; the check when none does."""
        return next((step for step in STEPS if not self.is_done(step)), CHECK)

    def must_warn(self) -> bool:
        """Whether advice comes before anything else: something says danger for which it was not yet given."""
        given = self.draft.answers("safety") or {}
        return any(given.get(cause) != said for cause, said in self.warnings().items())

    def warnings(self) -> dict[str, str]:
        """What says danger so far: a topic or kind that is dangerous by itself, an answer that says so."""
        causes = {}
        if self.category is not None and (self.category.advice or self._kind_is_dangerous()):
            causes["topic"] = self.category.code
        if self._answers_say_danger():
            causes["answer"] = "yes"
        return causes

    def is_dangerous(self) -> bool:
        """Whether somebody may be hurt, by the kind chosen or by an answer."""
        return self._kind_is_dangerous() or self._answers_say_danger()

    def _kind_is_dangerous(self) -> bool:
        return self.kind is not None and self.kind.default_priority == Priority.P1

    def _answers_say_danger(self) -> bool:
        answers = self.answers()
        return "yes" in (answers.get("immediate_danger"), answers.get("injured"))

    def cleaned(self, step: str) -> dict[str, Any]:
        """What was typed on a step, checked; what is wrong is left out."""
        form = self.filled(step)
        form.is_valid()
        return form.cleaned_data

    def answers(self) -> dict[str, str]:
        """The category's questions, answered so far."""
        return questions.answers(self._asked, self.cleaned("story"))

    @cached_property
    def _asked(self) -> list[Question]:
        asked = questions.questions_of(self.category) if self.category else []
        return [question for question in asked if question.fits(self.kind)]
