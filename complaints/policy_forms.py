"""The forms in which a supervisor writes a policy: whom it is for, and one row for each promise."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from complaints import policy_editing
from complaints.clocks.limits import BadLimit, Limit
from complaints.clocks.policies import NO_PROMISE
from complaints.clocks.promised import never_paused
from complaints.models import (
    Calendar,
    Category,
    Channel,
    Clock,
    ClockKind,
    Policy,
    Priority,
    RequestType,
    Severity,
    Source,
    Subcategory,
    Tier,
)
from complaints.policy_editing import LIMIT_FIELDS, Draft
from customers.models import AreaClass
from customers.models.people import CustomerKind

KEY_CUSTOMER = ("key", _("Key customer"))
STARTS = [
    ("received", _("when received")),
    ("registered", _("when registered")),
    ("arrived", _("when somebody is on site")),
    ("restored", _("when restored")),
    ("resolved", _("when answered")),
    ("urged", _("when the customer urges")),
    ("asked", _("when another team is asked")),
]
STATISTICS = [("each", _("each complaint")), ("mean", _("the average"))]
FACTS = {
    "request_type": _("Request type"),
    "category": _("Category"),
    "subcategory": _("Subcategory"),
    "channel": _("Channel"),
    "source": pgettext_lazy("of a complaint", "Source"),
    "severity": _("Severity"),
    "priority": _("Priority"),
    "segment": _("Kind of customer"),
    "area": _("Area"),
}
SHARE = re.compile(r"[1-9]\d?%")
MARKS = re.compile(r"[,，;；\s]+")


def choices_of_facts() -> dict[str, list[tuple[str, Any]]]:
    """What a policy may look at, each with the values it can have and what they are called."""
    return {
        "request_type": list(RequestType.choices),
        "category": [(row.code, row.name) for row in Category.objects.all()],
        "subcategory": [(row.code, f"{row.code} {row.name}") for row in Subcategory.objects.order_by("code")],
        "channel": list(Channel.choices),
        "source": list(Source.choices),
        "severity": list(Severity.choices),
        "priority": [(str(value), label) for value, label in Priority.choices],
        "segment": [*CustomerKind.choices, KEY_CUSTOMER],
        "area": list(AreaClass.choices),
    }


if TYPE_CHECKING:
    _FormSet = forms.BaseFormSet["LimitForm"]
else:
    _FormSet = forms.BaseFormSet  # Django's own class takes no type at run time


class PolicyForm(forms.Form):
    """Names, source, and for which complaints; nothing ticked means any."""

    code = forms.SlugField(label=_("Code"), max_length=60, help_text=_("Short and in Latin letters; it never changes."))
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=120)
    name_en = forms.CharField(label=_("Name in English"), max_length=120)
    source = forms.CharField(
        label=_("Where it comes from"), max_length=400, help_text=_("The law, the promise or the decision behind it.")
    )
    confidence = forms.CharField(label=_("How sure the source is"), max_length=20, required=False)
    reason = forms.CharField(label=_("Why you change it"), max_length=300)

    def __init__(self, *args: Any, policy: Policy | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.policy = policy
        if policy is None:
            self.fields["reason"].label = _("Why")
        else:
            del self.fields["code"]
        for name, choices in choices_of_facts().items():
            self.fields[f"match_{name}"] = forms.MultipleChoiceField(
                label=FACTS[name], choices=choices, required=False, widget=forms.CheckboxSelectMultiple
            )

    @classmethod
    def initial_of(cls, policy: Policy) -> dict[str, Any]:
        said = {name: getattr(policy, name) for name in ("name_zh", "name_en", "source", "confidence")}
        return said | {f"match_{name}": values for name, values in policy.match.items()}

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        if Policy.objects.filter(code=code).exists():
            raise forms.ValidationError(_("There is a policy with this code already. Change that one."))
        return code

    @property
    def facts(self) -> list[forms.BoundField]:
        return [self[f"match_{name}"] for name in FACTS]

    @property
    def match(self) -> dict[str, list[str]]:
        said = self.cleaned_data
        return {name: said[f"match_{name}"] for name in FACTS if said.get(f"match_{name}")}


class LimitForm(forms.Form):
    """One promise. Moments are written as people say them: "75%, 1wd"."""

    kind = forms.ChoiceField(label=pgettext_lazy("promise", "Clock"), choices=[("", "–"), *ClockKind.choices])
    tier = forms.ChoiceField(
        label=_("Tier"),
        required=False,
        choices=[("", "–"), *[one for one in Tier.choices if one[0] not in ("", "external")]],
    )
    limit = forms.CharField(label=_("Limit"), max_length=20)
    calendar = forms.ChoiceField(label=_("Calendar"), required=False)
    starts = forms.ChoiceField(label=_("Starts"), choices=STARTS, initial="received")
    statistic = forms.ChoiceField(label=_("Speaks of"), choices=STATISTICS, initial="each")
    extension = forms.CharField(label=_("Can be extended by"), max_length=20, required=False)
    warn = forms.CharField(label=_("Warns before"), max_length=80, required=False)
    escalate = forms.CharField(label=_("Reminds after"), max_length=80, required=False)
    is_pausable = forms.BooleanField(label=_("Can be paused"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        calendar = self.fields["calendar"]
        assert isinstance(calendar, forms.ChoiceField)
        newest = {row.code: row.name for row in Calendar.objects.order_by("code", "version")}
        calendar.choices = [("", _("around the clock")), *newest.items()]

    @classmethod
    def initial_of(cls, row: dict[str, Any]) -> dict[str, Any]:
        return row | {name: ", ".join(row[name]) for name in ("warn", "escalate")}

    def clean_limit(self) -> str:
        text: str = self.cleaned_data["limit"].strip()
        return text if text == NO_PROMISE else str(_limit(text))

    def clean_extension(self) -> str:
        text: str = self.cleaned_data["extension"].strip()
        return str(_limit(text)) if text else ""

    def clean_warn(self) -> list[str]:
        return [mark if SHARE.fullmatch(mark) else str(_limit(mark)) for mark in _marks(self.cleaned_data["warn"])]

    def clean_escalate(self) -> list[str]:
        return [str(_limit(mark)) for mark in _marks(self.cleaned_data["escalate"])]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("limit", NO_PROMISE) != NO_PROMISE:
            self._check_calendar(said)
        for name in ("extension", "warn", "escalate"):
            texts = [said[name]] if isinstance(said.get(name), str) else said.get(name) or []
            days = any(text and not SHARE.fullmatch(text) and not Limit.parse(text).is_elapsed for text in texts)
            if days and not said.get("calendar"):
                self.add_error(name, _("Working time and days need a calendar. Choose one, or write min or h."))
        if said.get("is_pausable") and {"kind", "tier"} <= said.keys() and never_paused(said["kind"], said["tier"]):
            self.add_error("is_pausable", _("The law's limits and the way to the customer's door are never paused."))
        return said

    def _check_calendar(self, said: dict[str, Any]) -> None:
        if Limit.parse(said["limit"]).is_elapsed:
            return
        if "calendar" in said and not said["calendar"]:
            self.add_error("calendar", _("Working time and days need a calendar."))

    def row(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in LIMIT_FIELDS}

    @property
    def title(self) -> str:
        """What the promise is called while the form is open."""
        kind, tier = self["kind"].value() or "", self["tier"].value() or ""
        return Clock(kind=kind, tier=tier).label if kind in ClockKind.values and tier in Tier.values else ""


def _limit(text: str) -> Limit:
    try:
        return Limit.parse(text)
    except BadLimit as error:
        raise forms.ValidationError(str(error)) from error


def _marks(text: str) -> list[str]:
    return [mark for mark in MARKS.split(text.replace("％", "%")) if mark]


class BaseLimitFormSet(_FormSet):
    def clean(self) -> None:
        seen: set[tuple[str, str]] = set()
        for form in self.kept():
            key = form.cleaned_data.get("kind", ""), form.cleaned_data.get("tier", "")
            if key in seen:
                form.add_error("kind", _("This policy promises that already, in another row."))
            seen.add(key)
        if not seen:
            raise forms.ValidationError(_("Promise at least one thing, or take the policy out of force."))

    def kept(self) -> list[LimitForm]:
        """The rows that were filled and not struck out."""
        filled = [form for n, form in enumerate(self.forms) if n < self.initial_form_count() or form.has_changed()]
        return [form for form in filled if form not in self.deleted_forms]


LimitFormSet = forms.formset_factory(LimitForm, formset=BaseLimitFormSet, extra=0, can_delete=True)


class Editing:
    """A policy on the desk: the form for whom it is, the rows of promises, and the draft they make."""

    def __init__(self, policy: Policy | None, data: Any = None) -> None:
        self.policy = policy
        rows = list(policy.limits.values(*LIMIT_FIELDS)) if policy else []
        self.form = PolicyForm(data, policy=policy, initial=PolicyForm.initial_of(policy) if policy else {})
        initial = [LimitForm.initial_of(row) for row in rows]
        self.limits = cast(BaseLimitFormSet, LimitFormSet(data, prefix="limits", initial=initial))
        if policy is None:
            self.limits.extra = 1  # a new policy begins with a promise to fill in

    def add_row(self, data: Any) -> Editing:
        """The same, as typed, with one more empty row."""
        more = data.copy()
        more["limits-TOTAL_FORMS"] = str(int(more.get("limits-TOTAL_FORMS") or 0) + 1)
        return Editing(self.policy, more)

    def draft(self) -> Draft | None:
        """What was typed, or None with the errors beside it."""
        if not self.form.is_valid() or not self.limits.is_valid():
            return None
        said = self.form.cleaned_data
        draft = Draft(
            code=self.policy.code if self.policy else said["code"],
            names={name: said[name] for name in ("name_zh", "name_en")},
            match=self.form.match,
            source=said["source"],
            confidence=said["confidence"],
            limits=tuple(form.row() for form in self.limits.kept()),
        )
        found = policy_editing.clash(draft)
        if found is None:
            return draft
        other, kind, tier = found
        self.form.add_error(
            None,
            _("“%(other)s” promises the same for exactly the same complaints: %(clock)s. Change that one instead.")
            % {"other": other.name, "clock": Clock(kind=kind, tier=tier).label},
        )
        return None
