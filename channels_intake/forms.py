"""What the desk's five entry forms have in common: who, what, the category's questions, files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import uuid4

from django import forms
from django.conf import settings
from django.db.models import Model, QuerySet
from django.utils.translation import get_language, get_language_info
from django.utils.translation import gettext_lazy as _

from channels_intake import questions
from channels_intake.base import Intake
from channels_intake.questions import STAFF, Question, moment
from channels_intake.validators import dialable, not_in_future
from complaints import attachments, rulebook
from complaints.legible import BROKEN, says_something
from complaints.models import Attachment, Category, Channel, Complaint, Flag, RequestType, Source, Subcategory
from complaints.refusals import BadInput
from customers.matching import account_numbered
from customers.models.people import ContactMethod
from staff.actors import Role
from staff.models import Branch, User

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

ENTERING = frozenset({Role.AGENT, Role.SUPERVISOR, Role.LIAISON})
NEEDS_PLACE = frozenset({"OUT", "VOL", "SAF"})
"""Categories whose complaint is about a place (domain 3.1)."""
LONGEST_STORY = 5000
LANGUAGES = [(code, get_language_info(code)["name_local"]) for code, _name in settings.LANGUAGES]
"""Each language by its own name, as a person who reads only that one would look for it."""
SHARED = (
    *("category", "subcategory", "request_type", "story", "remedy_sought", "place", "occurred_at"),
    *("account_number", "contact_name", "contact_phone", "contact_email", "contact_address", "contact_method"),
    *("language", "is_anonymous", "is_confidential", "branch"),
)
"""The fields that go into the intake under their own name."""


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files, each made ready to be kept; a file that cannot be taken says so by its name."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[Attachment]:
        uploads = [upload for upload in (data or []) if upload]
        if len(uploads) > attachments.MAX_FILES:
            raise forms.ValidationError(_("Choose at most %(limit)d files."), params={"limit": attachments.MAX_FILES})
        try:
            return [attachments.prepare(upload, name=upload.name) for upload in uploads]
        except BadInput as refusal:
            raise forms.ValidationError(refusal.message) from refusal


class SubcategorySelect(forms.Select):
    """Options that name their category, so that the page can offer only those that fit."""

    categories: Mapping[str, str] = {}

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        if str(value) in self.categories:
            option["attrs"]["data-category"] = self.categories[str(value)]
        return option


def phone_field(*, label: str | _StrPromise, required: bool = False, **more: Any) -> forms.CharField:
    attrs = {"inputmode": "tel", "autocomplete": "off"}
    return forms.CharField(
        label=label,
        required=required,
        max_length=30,
        widget=forms.TextInput(attrs=attrs),
        validators=[dialable],
        **more,
    )


class WholeTexts(forms.Form):
    """Says so beside the field when bytes were not UTF-8, or when nothing of a needed text can be seen."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name, said in [(name, said) for name, said in cleaned.items() if isinstance(said, str)]:
            if BROKEN in said:
                self.add_error(name, _("Some characters arrived broken (�). Write them again."))
            elif self.fields[name].required and not says_something(said):
                self.add_error(name, self.fields[name].error_messages["required"])
        return cleaned


class KnownChoice(forms.ModelChoiceField):
    """A choice by code among rows that the form has read already."""

    known: Mapping[str, Model] = {}

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return None
        found = self.known.get(str(value))
        if found is None:
            raise forms.ValidationError(self.error_messages["invalid_choice"], "invalid_choice", {"value": value})
        return found


class StaffForm(WholeTexts):
    """A complaint as staff write it down. A channel's form adds fields, says who may use it, and what it adds to the intake.

    `user` is who writes; `typed` is what was already typed on another form, shown again without being checked.
    """

    use_required_attribute = False
    channel: ClassVar[Channel]
    source: ClassVar[Source]
    icon: ClassVar[str]
    position: ClassVar[int]
    allowed: ClassVar[frozenset[str]] = ENTERING
    extra_fields: ClassVar[tuple[str, ...]] = ()

    form_id = forms.UUIDField(
        widget=forms.HiddenInput, error_messages={"required": _("Load the page again, then send once more.")}
    )
    account_number = forms.CharField(label=_("account number"), max_length=20, required=False)
    contact_name = forms.CharField(label=_("name"), max_length=120, required=False)
    contact_phone = phone_field(label=_("phone"))
    contact_email = forms.EmailField(label=_("e-mail"), required=False)
    contact_address = forms.CharField(label=_("reply address"), max_length=240, required=False)
    contact_method = forms.ChoiceField(label=_("preferred contact"), choices=ContactMethod.choices)
    language = forms.ChoiceField(label=_("language"), choices=LANGUAGES)
    is_anonymous = forms.BooleanField(label=_("wants to stay anonymous"), required=False)
    is_confidential = forms.BooleanField(label=_("keep the name from those complained about"), required=False)
    category = KnownChoice(
        label=_("what it is about"),
        queryset=Category.objects.filter(is_active=True),
        to_field_name="code",
        empty_label=None,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one of the five.")},
    )
    subcategory = KnownChoice(
        label=_("more exactly"),
        queryset=Subcategory.objects.filter(is_active=True),
        to_field_name="code",
        required=False,
        widget=SubcategorySelect,
    )
    service_issue = forms.CharField(max_length=12, required=False, widget=forms.HiddenInput)
    """The key of the known trouble that this is part of; drawn beside the form, and ignored when it is over by now."""
    request_type = forms.ChoiceField(label=_("request type"), choices=RequestType.choices)
    story = forms.CharField(
        label=_("what happened, in the customer's words"),
        max_length=LONGEST_STORY,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": _("Write down what happened.")},
    )
    remedy_sought = forms.CharField(label=_("what the customer asks for"), max_length=500, required=False)
    place = forms.CharField(label=_("where"), max_length=240, required=False)
    occurred_at = moment(label=_("when it happened"), required=False, validators=[not_in_future])
    flags = forms.MultipleChoiceField(
        label=_("bear in mind"),
        choices=[(f.value, f.label) for f in (Flag.MEDIA, Flag.GROUP, Flag.THREAT, Flag.LEGAL)],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    branch = forms.ModelChoiceField(
        label=_("branch, if no account is known"), queryset=Branch.objects.none(), to_field_name="code", required=False
    )
    files = FilesField(  # type: ignore[assignment]  # the field and the uploads share a name, by Django's design
        label=_("files"), required=False, help_text=_("Photos or PDF, at most 6, 12 MB each.")
    )

    def __init__(self, *args: Any, user: User, typed: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        kwargs["initial"] = self.usual(user) | dict(typed or {})
        super().__init__(*args, **kwargs)
        self.user = user
        self.book = rulebook.current()
        self.categories = list(self.book.categories.values())
        self.questions = {category.code: questions.questions_of(category) for category in self.categories}
        for question in self.all_questions():
            self.fields[question.name] = question.field()
        self._offer(user)

    @classmethod
    def usual(cls, user: User) -> dict[str, Any]:
        """What stands in the form before anybody types."""
        return {
            "form_id": uuid4(),
            "language": get_language(),
            "contact_method": ContactMethod.PHONE,
            "request_type": RequestType.COMPLAINT,
            "branch": user.branch and user.branch.code,
        }

    def _offer(self, user: User) -> None:
        self.fields["branch"].queryset = _own_branches(user)  # type: ignore[attr-defined]
        category, subcategory = self.fields["category"], self.fields["subcategory"]
        category.choices = [(c.code, c.name) for c in self.categories]  # type: ignore[attr-defined]
        category.known, subcategory.known = self.book.categories, self.book.subcategories  # type: ignore[attr-defined]
        active = {c: self.book.offered(c) for c in self.categories}
        subcategory.choices = [("", _("Not yet known"))] + [  # type: ignore[attr-defined]
            (c.name, [(s.code, s.name) for s in kinds]) for c, kinds in active.items()
        ]
        subcategory.widget.categories = {s.code: c.code for c, kinds in active.items() for s in kinds}

    def all_questions(self) -> Iterable[Question]:
        return (question for asked in self.questions.values() for question in asked)

    def question_groups(self) -> list[dict[str, Any]]:
        """For the page: each category with its questions' fields, and whether it is the one chosen."""
        chosen = self["category"].value()
        return [
            {
                "category": category,
                "is_chosen": category.code == chosen,
                "asked": [(question, self[question.name]) for question in self.questions[category.code]],
            }
            for category in self.categories
        ]

    def extras(self) -> list[forms.BoundField]:
        """The fields that only this channel has."""
        return [self[name] for name in self.extra_fields]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        self._check_who(cleaned)
        self._check_what(cleaned)
        has_files = "files" in self.files  # type: ignore[operator]  # the uploads, not the field
        if self.errors and has_files and "files" not in self.errors:
            self.add_error("files", _("Choose the files again: a browser does not send them twice by itself."))
        return cleaned

    def _check_who(self, cleaned: Mapping[str, Any]) -> None:
        number = cleaned.get("account_number")
        account = account_numbered(number) if number else None
        if number and account is None:
            self.add_error("account_number", _("There is no such account. Look it up, or leave this empty."))
        if cleaned.get("is_anonymous"):
            return
        if not cleaned.get("contact_name") and account is None and "contact_name" not in self.errors:
            self.add_error("contact_name", _("Write who complains, or mark it as anonymous."))
        ways = ("account_number", "contact_phone", "contact_email", "contact_address")
        if not any(cleaned.get(way) or way in self.errors for way in ways):
            self.add_error("contact_phone", _("Write how we can answer: a phone, an e-mail or an address."))

    def _check_what(self, cleaned: Mapping[str, Any]) -> None:
        category, subcategory = cleaned.get("category"), cleaned.get("subcategory")
        if category is None:
            return
        if subcategory is not None and subcategory.category_id != category.pk:
            self.add_error("subcategory", _("That belongs to another category. Choose again."))
            subcategory = None
        answered = questions.answers(self.questions[category.code], cleaned)
        has_place = cleaned.get("place") or cleaned.get("account_number") or answered.get("place")
        if category.code in NEEDS_PLACE and not has_place:
            self.add_error("place", _("Write where it is; without an account we cannot know."))
        for question in self.questions[category.code]:
            if STAFF in question.required_for and question.fits(subcategory) and not cleaned.get(question.name):
                self.add_error(question.name, questions.MISSING[question.kind])

    def answers(self) -> dict[str, str]:
        cleaned = self.cleaned_data
        asked = self.questions[cleaned["category"].code]
        return questions.answers([q for q in asked if q.fits(cleaned["subcategory"])], cleaned)

    def intake(self) -> Intake:
        """The form boiled down. Only for a valid form."""
        cleaned = self.cleaned_data
        common = {name: cleaned[name] for name in SHARED} | {
            "channel": self.channel.value,
            "external_id": str(cleaned["form_id"]),
            "answers": self.answers(),
            "flags": frozenset(cleaned["flags"]),
            "files": tuple(cleaned["files"]),
        }
        return Intake(**(common | self.extra()))

    def extra(self) -> dict[str, Any]:
        """What this channel adds to the intake, or says otherwise than the common fields; `source` at least."""
        return {"source": self.source}

    def put_aside(self) -> None:
        """Keep on the server what a browser would not send a second time, where the channel has such a thing."""

    def received(self, complaint: Complaint) -> None:
        """Note what else this complaint settles, once it is registered."""


def _own_branches(user: User) -> QuerySet[Branch]:
    """Those a person may name: their own and what lies below it."""
    return Branch.objects.filter(path__startswith=user.branch.path) if user.branch else Branch.objects.none()


class ReceivedMixin(forms.Form):
    """For what reached us before it was typed in: clocks run from here."""

    received_at = moment(
        label=_("when we received it"),
        validators=[not_in_future],
        error_messages={"required": _("Write when it reached us: the deadlines run from then.")},
    )
