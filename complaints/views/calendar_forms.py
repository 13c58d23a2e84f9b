"""The forms of the calendar pages: a calendar with its exceptions, a year from a file, a proposal to be confirmed, a question."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from complaints.clocks import arrangements, calendar_shown
from complaints.clocks.arrangements import Arrangement, BadArrangement
from complaints.clocks.calendar_versions import Draft
from complaints.clocks.calendars import ONE_DAY, WEEKDAYS, ImpossibleCalendar, WorkingCalendar, windows_of
from complaints.models import Calendar

MOMENT = "%Y-%m-%dT%H:%M"
LONGEST = 366
"""Days of one exception."""
RULES = ("timezone", "week", "dates", "names", "covers_until")
LIBRARIES = {"CN": gettext_lazy("China, with make-up working days"), "GB-ENG": gettext_lazy("England")}


def a_date(**kwargs: Any) -> forms.DateField:
    return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **kwargs)


def a_moment(**kwargs: Any) -> forms.DateTimeField:
    return forms.DateTimeField(widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT), **kwargs)


class WindowsField(forms.CharField):
    """A day's windows as typed; cleans to what is stored."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=120, **kwargs)
        self.widget.attrs |= {"autocomplete": "off"}

    def clean(self, value: Any) -> list[list[str]]:
        try:
            read = calendar_shown.windows_read(super().clean(value))
            windows_of(read, str(self.label))
        except ImpossibleCalendar as error:
            raise forms.ValidationError(str(error)) from error
        return read


class CalendarForm(forms.Form):
    """The ordinary week; `code` is asked for a new calendar only, `seen` is the version that it was filled from."""

    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    code = forms.SlugField(
        label=gettext_lazy("Code"), max_length=50, help_text=gettext_lazy("short, stays for ever, such as office")
    )
    name_zh = forms.CharField(label=gettext_lazy("name in Chinese"), max_length=120)
    name_en = forms.CharField(label=gettext_lazy("name in English"), max_length=120)
    timezone = forms.ChoiceField(label=gettext_lazy("Time zone"))
    covers_until = a_date(
        label=gettext_lazy("Holidays are known until"),
        required=False,
        help_text=gettext_lazy("Later deadlines are marked as guesses. Empty: the calendar follows no holidays."),
    )

    def __init__(self, *args: Any, current: Calendar | None, rules: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.current, self.rules = current, rules
        zones = self.fields["timezone"]
        assert isinstance(zones, forms.ChoiceField)
        zones.choices = [(zone, zone) for zone in sorted(available_timezones())]
        for name, label in zip(WEEKDAYS, calendar_shown.weekday_names(), strict=True):
            self.fields[name] = WindowsField(label=label)
        removable = self._removable()
        if removable:
            self.fields["remove"] = forms.MultipleChoiceField(
                label=_("Remove exceptions"), required=False, choices=removable, widget=forms.CheckboxSelectMultiple
            )
        if current:
            del self.fields["code"]

    def _removable(self) -> list[tuple[str, str]]:
        """The exceptions of this year and later, in spans."""
        try:
            calendar = WorkingCalendar.from_rules("draft", 1, self.rules)
        except ImpossibleCalendar:
            return []
        since = timezone.localdate().replace(month=1, day=1)
        return [
            (f"{one.first}..{one.last}", " · ".join(filter(None, [one.label, one.after, one.before])))
            for one in calendar_shown.exceptions(calendar, self.rules)
            if one.last and one.last >= since
        ]

    @property
    def week(self) -> list[forms.BoundField]:
        return [self[name] for name in WEEKDAYS]

    @property
    def others(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name not in (*WEEKDAYS, "remove", "seen")]

    def clean_code(self) -> str:
        code = str(self.cleaned_data["code"]).lower()
        if code == "new" or Calendar.objects.filter(code=code).exists():
            raise forms.ValidationError(_("There is a calendar with this code already."))
        return code

    def draft(self, added: list[ExceptionForm]) -> Draft:
        """What would be saved. Raises ImpossibleCalendar."""
        said = self.cleaned_data
        gone = {day.isoformat() for span in said.get("remove", []) for day in _span(span)}
        dates = {day: spec for day, spec in (self.rules.get("dates") or {}).items() if day not in gone}
        names = {day: name for day, name in (self.rules.get("names") or {}).items() if day not in gone}
        for form in added:
            for day in form.days():
                dates[day.isoformat()] = form.spec()
                names.pop(day.isoformat(), None)
                if form.cleaned_data["name"]:
                    names[day.isoformat()] = form.cleaned_data["name"]
        week = {name: said[name] for name in WEEKDAYS if said[name]}
        rules = {"timezone": said["timezone"], "week": week}
        rules |= {"dates": dict(sorted(dates.items())), "names": dict(sorted(names.items()))}
        if said["covers_until"]:
            rules["covers_until"] = said["covers_until"].isoformat()
        code = self.current.code if self.current else said["code"]
        draft = Draft(code, said["name_zh"], said["name_en"], rules, said["seen"])
        draft.working_calendar()
        return draft


class ExceptionForm(forms.Form):
    """Some days on which the week does not hold."""

    first = a_date(label=gettext_lazy("First day"))
    last = a_date(label=gettext_lazy("Last day"), required=False)
    kind = forms.ChoiceField(label=gettext_lazy("What happens"), initial="closed")
    hours = WindowsField(label=gettext_lazy("Hours"))
    name = forms.CharField(label=pgettext_lazy("of a day", "Name"), required=False, max_length=60)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = self.fields["kind"]
        assert isinstance(kinds, forms.ChoiceField)
        kinds.choices = [
            ("closed", pgettext("of a day", "Closed")),
            ("hours", _("Open at these hours")),
            *[
                (f"week:{name}", _("Works like %(weekday)s") % {"weekday": label})
                for name, label in zip(WEEKDAYS, calendar_shown.weekday_names(), strict=True)
            ],
        ]
        self.fields["hours"].widget.attrs["placeholder"] = "09:00-12:00"

    def has_changed(self) -> bool:
        """A line in which only the kind was touched says nothing yet."""
        return bool(set(self.changed_data) - {"kind"})

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        first, last = said.get("first"), said.get("last")
        if first and last and not 0 <= (last - first).days < LONGEST:
            self.add_error("last", _("The last day comes after the first, within a year."))
        if said.get("kind") == "hours" and not said.get("hours") and "hours" not in self.errors:
            self.add_error("hours", _("Say the hours, such as 09:00-12:00."))
        return said

    def days(self) -> list[date]:
        first, last = self.cleaned_data["first"], self.cleaned_data["last"] or self.cleaned_data["first"]
        return [first + number * ONE_DAY for number in range((last - first).days + 1)]

    def spec(self) -> Any:
        kind = self.cleaned_data["kind"]
        return self.cleaned_data["hours"] if kind == "hours" else [] if kind == "closed" else kind


ExceptionForms = forms.formset_factory(ExceptionForm, extra=3, max_num=20, validate_max=True)


def _span(text: str) -> list[date]:
    first, last = (date.fromisoformat(end) for end in text.split(".."))
    return [first + number * ONE_DAY for number in range((last - first).days + 1)]


class ImportForm(forms.Form):
    """A year, from a file or from what the installed library knows."""

    year = forms.IntegerField(label=gettext_lazy("Year"), min_value=2000, max_value=2100)
    file = forms.FileField(
        label=gettext_lazy("File that was announced"),
        required=False,
        help_text=gettext_lazy("JSON (year, days with name, date, isOffDay) or ICS with whole days"),
    )
    library = forms.ChoiceField(label=gettext_lazy("Or what the library knows"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        library = self.fields["library"]
        assert isinstance(library, forms.ChoiceField)
        library.choices = [("", _("take the file")), *LIBRARIES.items()]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        file, library = said.get("file"), said.get("library")
        if bool(file) == bool(library) and not {"file", "year"} & set(self.errors):
            self.add_error("file", _("Choose a file, or take what the library knows; one of the two."))
        elif "year" in said and (file or library):
            try:
                said["arrangement"] = self._arrangement(said["year"], file, library or "")
            except BadArrangement as error:
                self.add_error("library" if library else "file", str(error))
        return said

    def _arrangement(self, year: int, file: Any, library: str) -> Arrangement:
        if library:
            return arrangements.from_library(library, year)
        return arrangements.read(file.read(arrangements.LARGEST + 1), year)


class ProposalForm(forms.Form):
    """A version as it would be saved, carried through the preview; and a question to try it with."""

    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    name_zh = forms.CharField(widget=forms.HiddenInput, max_length=120)
    name_en = forms.CharField(widget=forms.HiddenInput, max_length=120)
    rules = forms.JSONField(widget=forms.HiddenInput)
    notes = forms.JSONField(widget=forms.HiddenInput, required=False)
    reason = forms.CharField(label=gettext_lazy("Why it is changed"), max_length=300)
    start = a_moment(label=gettext_lazy("Starts"), required=False)
    limit = forms.CharField(label=gettext_lazy("Limit"), max_length=20, required=False)

    def clean_rules(self) -> dict[str, Any]:
        rules = self.cleaned_data["rules"]
        try:
            calendar = WorkingCalendar.from_rules("draft", 1, rules if isinstance(rules, dict) else {})
        except ImpossibleCalendar as error:
            raise forms.ValidationError(str(error)) from error
        if {str(day) for day in calendar.dated} != set(rules.get("dates") or {}):
            raise forms.ValidationError(_("Write each date as 2026-02-14."))
        if not isinstance(rules.get("names") or {}, dict):
            raise forms.ValidationError(_("The names of days belong to dates."))
        return {name: rules[name] for name in RULES if name in rules}

    def clean_notes(self) -> list[str]:
        notes = self.cleaned_data["notes"]
        return [str(note) for note in notes] if isinstance(notes, list) else []

    def draft(self, code: str) -> Draft:
        said = self.cleaned_data
        return Draft(code, said["name_zh"], said["name_en"], said["rules"], said["seen"])


class QuestionForm(forms.Form):
    """When would it be due by this calendar?"""

    limit = forms.CharField(label=gettext_lazy("Limit"), max_length=20, help_text=gettext_lazy("24h, 8wh, 5wd, 10cd"))
    start = a_moment(label=gettext_lazy("Starts"))
