"""The kinds of fields that forms of the desk ask with: people, complaints, causes, files, answers, moments."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from complaints.attachments import MAX_FILES, prepare
from complaints.clocks.shown import limit_words
from complaints.models import (
    Attachment,
    Complaint,
    PauseReason,
    RootCause,
)
from complaints.references import parse_reference
from complaints.refusals import BadInput
from customers import lookup
from customers.matching import account_numbered
from customers.models import Account, Customer
from staff.models import Team, User

MOST_MEANT = 5
CHOOSE = _("choose")
YES_NO = [("yes", _("Yes")), ("no", _("No"))]
SOLVED = [("yes", _("Yes")), ("partly", pgettext_lazy("solved", "Partly")), ("no", _("No"))]
SCORES = [
    (5, _("5 very satisfied")),
    (4, _("4 satisfied")),
    (3, _("3 neither")),
    (2, _("2 dissatisfied")),
    (1, _("1 very dissatisfied")),
]


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of photos and PDFs; cleans to prepared, unsaved attachments."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[Attachment]:
        uploads: list[UploadedFile] = [one for one in (data if isinstance(data, list | tuple) else [data]) if one]
        if not uploads and self.required:
            raise forms.ValidationError(_("Choose a file."), code="required")
        if len(uploads) > MAX_FILES:
            raise forms.ValidationError(_("At most %(most)d files at a time.") % {"most": MAX_FILES})
        try:
            return [prepare(upload, name=upload.name or "") for upload in uploads]
        except BadInput as refused:
            raise forms.ValidationError(refused.message) from refused


class YesNoField(forms.TypedChoiceField):
    """Two radio buttons that clean to True or False; nothing chosen is not an answer."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=YES_NO, coerce=lambda value: value == "yes", empty_value=None, **kwargs)
        self.widget = forms.RadioSelect(choices=YES_NO)

    def clean(self, value: Any) -> Any:
        words = {True: "yes", False: "no", "true": "yes", "false": "no"}
        return super().clean(words.get(value, value))


class SolvedField(forms.TypedChoiceField):
    """Yes, partly or no; cleans to True, "partly" or False, and takes those too, as programs send them."""

    MEANING: ClassVar[dict[str, bool | str]] = {"yes": True, "partly": "partly", "no": False}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=SOLVED, coerce=self.MEANING.__getitem__, empty_value=None, **kwargs)
        self.widget = forms.RadioSelect(choices=SOLVED)

    def clean(self, value: Any) -> Any:
        words = {True: "yes", False: "no", "true": "yes", "false": "no"}
        return super().clean(words.get(value, value))


class ReferenceField(forms.CharField):
    """A complaint by its reference, among those that the person may see."""

    def __init__(self, *, user: User, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.user = user
        self.widget.attrs |= {"inputmode": "numeric", "placeholder": "26-0000000-0"}

    def clean(self, value: Any) -> Complaint | None:
        text = super().clean(value)
        if not text:
            return None
        found = Complaint.objects.visible_to(self.user).filter(reference=parse_reference(text) or "").first()
        if found is None:
            raise forms.ValidationError(_("There is no complaint with this reference. Check the digits."))
        return found


class CustomerField(forms.CharField):
    """Whoever is meant by an account or customer number, a phone or a name, if that is one person and visible."""

    def __init__(self, *, user: User, **kwargs: Any) -> None:
        super().__init__(max_length=lookup.LONGEST, **kwargs)
        self.user = user
        self.hits: list[lookup.Hit] = []

    def clean(self, value: Any) -> Customer | None:
        text = super().clean(value)
        if not text:
            return None
        self.hits = lookup.find(text, self.user, most=MOST_MEANT + 1, exact_first=True)
        meant = list(dict.fromkeys(hit.customer for hit in self.hits))
        people = Customer.objects.visible_to(self.user).in_bulk(meant)
        if not people:
            raise forms.ValidationError(_("Nobody is found by this. Try the account number or the phone."))
        if len(meant) > 1:
            named = "; ".join(f"{people[pk].name} {people[pk].number}" for pk in meant if pk in people)
            raise forms.ValidationError(_("Several are meant: %(people)s. Write one's number.") % {"people": named})
        return people[meant[0]]


class AccountField(forms.CharField):
    """An account by its number, of a customer that the person may see."""

    def __init__(self, *, user: User, **kwargs: Any) -> None:
        super().__init__(max_length=30, **kwargs)
        self.user = user

    def clean(self, value: Any) -> Account | None:
        text = super().clean(value)
        if not text:
            return None
        account = account_numbered(text)
        if account is None or not Customer.objects.visible_to(self.user).filter(pk=account.customer_id).exists():
            raise forms.ValidationError(_("There is no account with this number. Check the digits."))
        return account


class PersonField(forms.ModelChoiceField):
    def label_from_instance(self, obj: User) -> str:
        return obj.display_name


class TeamField(forms.ModelChoiceField):
    """A team of any branch, so the branch is part of its name."""

    def label_from_instance(self, obj: Team) -> str:
        return f"{obj.name} · {obj.branch.name}"


class PauseReasonField(forms.ModelChoiceField):
    def label_from_instance(self, obj: PauseReason) -> str:
        return _("%(reason)s (at most %(cap)s)") % {"reason": obj.name, "cap": limit_words(obj.cap)}


class CauseField(forms.ModelChoiceField):
    """The leaves of the tree of causes, grouped by the branch they hang on."""

    def __init__(self, **kwargs: Any) -> None:
        leaves = RootCause.objects.filter(is_active=True, children__isnull=True).select_related("parent")
        super().__init__(queryset=leaves, to_field_name="code", **kwargs)
        groups: dict[str, list[tuple[str, str]]] = {}
        for leaf in leaves.order_by("parent__position", "position"):
            groups.setdefault(leaf.parent.name if leaf.parent else leaf.name, []).append((leaf.code, leaf.name))
        self.choices = [("", self.empty_label), *groups.items()]


def text(label: Any, rows: int = 3, most: int = 4000, **more: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=most, widget=forms.Textarea(attrs={"rows": rows}), **more)


def moment(label: Any) -> forms.DateTimeField:
    picker = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, widget=picker)
