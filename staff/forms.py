"""What is asked at the door, about one's own account, and about the accounts of others."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, SetPasswordForm
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from staff import people, tokens
from staff.actors import Role
from staff.entry_models import Scope
from staff.models import Branch, Team, User


class AtTheDoor(AuthenticationForm):
    """Name and password, and one sentence where they do not go together."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": gettext_lazy("Username and password do not go together. Check both; capital letters count."),
    }


class NewPassword(SetPasswordForm):
    """Choosing a password with a link."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _one_sentence(self.fields["new_password1"])


class OwnPassword(PasswordChangeForm):
    """Choosing another password; who knows only the open browser cannot."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _one_sentence(self.fields["new_password1"])

    def clean_new_password1(self) -> str:
        chosen: str = self.cleaned_data["new_password1"]
        if self.user.check_password(chosen):
            raise forms.ValidationError(_("That is the password you have. Choose another."))
        return chosen


def _one_sentence(field: forms.Field) -> None:
    """Django's list of rules is markup; a hint here is a sentence."""
    field.help_text = gettext_lazy(
        "At least 12 characters, best a few words that do not belong together. Not your name, no password that many use."
    )


class CodeForm(forms.Form):
    """Six digits of an app."""

    code = forms.CharField(
        label=gettext_lazy("Code from your app"),
        max_length=12,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "class": "short-code"}),
    )


class RecoveryForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("Recovery code"), max_length=40, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


class PasskeyForm(forms.Form):
    """What the browser answers; the name only when a passkey is added."""

    credential = forms.CharField(widget=forms.HiddenInput, max_length=20_000)


class NewPasskeyForm(PasskeyForm):
    name = forms.CharField(
        label=gettext_lazy("Name of the passkey"),
        max_length=60,
        help_text=gettext_lazy("so that you know it again, as in “work phone”"),
    )


class ByName(forms.ModelChoiceField):
    """Rows by their names."""

    def label_from_instance(self, row: Any) -> str:
        return f"{row.name} · {row.branch.name}" if isinstance(row, Team) else str(row.name)


class PersonForm(forms.ModelForm):
    """An account as an administrator keeps it; offers only branches and teams that they administer."""

    branch = ByName(label=gettext_lazy("Branch"), queryset=Branch.objects.none(), required=False)
    team = ByName(label=gettext_lazy("Team"), queryset=Team.objects.none(), required=False)
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=settings.LANGUAGES)

    class Meta:
        model = User
        fields = ["full_name", "email", "phone", "role", "branch", "team", "language"]
        help_texts = {"email": gettext_lazy("where links for the password are sent")}

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        branches = people.branches_given_by(by)
        self.fields["full_name"].required = True
        self._offer("branch", branches.order_by("path"))
        self._offer("team", Team.objects.filter(branch__in=branches, is_active=True).select_related("branch"))
        if not people.administers_everywhere(by):
            self.fields["branch"].required = True
        else:
            self.fields["branch"].help_text = gettext_lazy("empty: sees no complaints, and keeps accounts everywhere")

    def _offer(self, name: str, rows: Any) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = rows

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        team, branch = cleaned.get("team"), cleaned.get("branch")
        if team and (branch is None or not branch.path.startswith(team.branch.path)):
            self.add_error("team", _("This team works for another branch."))
        return cleaned


class NewPersonForm(PersonForm):
    class Meta(PersonForm.Meta):
        fields = ["username", *PersonForm.Meta.fields]
        help_texts = {
            **PersonForm.Meta.help_texts,
            "username": gettext_lazy("for signing in: letters, digits and @ . + - _; it stays for ever"),
        }


class PeopleFilter(forms.Form):
    q = forms.CharField(label=gettext_lazy("Name or sign-in"), required=False, max_length=80)
    role = forms.ChoiceField(
        label=gettext_lazy("Role"), required=False, choices=[("", gettext_lazy("every role")), *Role.choices]
    )
    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        required=False,
        choices=[
            ("", gettext_lazy("may sign in")),
            ("off", gettext_lazy("switched off")),
            ("all", gettext_lazy("everybody")),
        ],
    )

    def condition(self) -> Q:
        """What was asked for, as a condition on people; a filter that cannot be read asks for nothing."""
        asked = self.cleaned_data if self.is_valid() else {}
        words, role, state = asked.get("q", ""), asked.get("role", ""), asked.get("state", "")
        found = Q(full_name__icontains=words) | Q(username__icontains=words) if words else Q()
        found &= Q(role=role) if role else Q()
        return found & (Q() if state == "all" else Q(is_active=state != "off"))


class RulesForm(forms.Form):
    """From which day each role needs a second factor; an empty day: not at all."""

    def __init__(self, *args: Any, days: dict[str, date], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for role in Role:
            self.fields[role.value] = forms.DateField(
                label=role.label,
                required=False,
                initial=days.get(role.value),
                widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            )


class TokenForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("What it is for"),
        max_length=80,
        help_text=gettext_lazy("as in “nightly load of the hotline”"),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("It may"), choices=Scope.choices, widget=forms.CheckboxSelectMultiple
    )
    until = forms.DateField(
        label=gettext_lazy("Until"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("a year at most"),
    )

    def clean_until(self) -> datetime:
        day, today = self.cleaned_data["until"], timezone.localdate()
        if day < today:
            raise forms.ValidationError(_("That day is over."))
        if day > today + tokens.LONGEST:
            raise forms.ValidationError(_("A year at most."))
        return timezone.make_aware(datetime.combine(day + timedelta(days=1), time()))
