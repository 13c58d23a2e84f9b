"""The filters that every report understands, read from the address; a wrong value gets a sentence and the usual value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from analytics.periods import Granularity, Period, year_of
from complaints.models import Category, Channel, Complaint, RequestType
from complaints.models.complaint import ComplaintQuerySet
from staff.models import Branch, User

USUAL_DAYS = 90
UNTIL_REVIEWED = 90
"""So far into a new year the usual year is still the last one, because that is what is reviewed then."""
YEARS = 4
MOST_DAYS = 3660
MOST_SINGLE_DAYS = 366


COMPARE = [
    ("", _("nothing")),
    ("before", _("the period before")),
    ("year", _("the same period last year")),
    ("both", _("both")),
]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was asked for, complete and valid."""

    period: Period
    granularity: str
    by: str
    category: Category | None
    channel: str
    branch: Branch | None
    compare: str = ""

    def params(self, **changed: str) -> dict[str, str]:
        """The filters as they stand in a report's own address."""
        params = {
            "from": self.period.first.isoformat(),
            "to": self.period.last.isoformat(),
            "granularity": self.granularity,
            "by": self.by,
            "compare": self.compare,
            **self.narrowing,
            **changed,
        }
        return {name: value for name, value in params.items() if value}

    def address(self, **changed: str) -> str:
        return "?" + urlencode(self.params(**changed))

    @property
    def narrowing(self) -> dict[str, str]:
        """Category, channel and branch, in the words that the desk's list understands as well."""
        params = {
            "category": self.category.code if self.category else "",
            "channel": self.channel,
            "branch": self.branch.code if self.branch else "",
        }
        return {name: value for name, value in params.items() if value}

    def complaints(self, user: User) -> ComplaintQuerySet:
        """The complaints asked about that this person may see, whenever received."""
        found = Complaint.objects.visible_to(user).filter(request_type=RequestType.COMPLAINT)
        if self.category:
            found = found.filter(category=self.category)
        if self.channel:
            found = found.filter(channel=self.channel)
        if self.branch:
            found = found.filter(branch__path__startswith=self.branch.path)
        return found


class ReportFilters(forms.Form):
    """A filter bar that reads as a sentence. `grouping` is what this report can be cut by; today is given, never read.

    Only a report that compares has a filter for what with.
    """

    granularity = forms.ChoiceField(label=_("per"), choices=Granularity.choices)
    category = forms.ModelChoiceField(
        label=_("category"),
        queryset=Category.objects.all(),
        to_field_name="code",
        required=False,
        empty_label=_("all categories"),
    )

    def __init__(
        self,
        params: Mapping[str, Any],
        *,
        user: User,
        today: date,
        grouping: Iterable[tuple[str, Any]],
        compares: bool = False,
        of_a_year: bool = False,
    ) -> None:
        grouping = list(grouping)
        self.today, self.is_of_a_year = today, of_a_year
        self.usual_period = Period(today - timedelta(days=USUAL_DAYS - 1), today)
        if of_a_year:
            self.usual_period = year_of(today - timedelta(days=UNTIL_REVIEWED))
        self.usual_by = grouping[0][0]
        usual = {
            "from": self.usual_period.first.isoformat(),
            "to": self.usual_period.last.isoformat(),
            "granularity": Granularity.WEEK.value,
            "by": self.usual_by,
        }
        super().__init__({**usual, **{name: params[name] for name in params if params[name]}})
        self.said = frozenset(params)
        # "from" is a word of Python, so it cannot be declared above.
        for name, label in (("from", _("from")), ("to", _("to"))):
            date_input = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
            self.fields[name] = forms.DateField(label=label, widget=date_input, input_formats=["%Y-%m-%d"])
        self.fields["by"] = forms.ChoiceField(label=_("by"), choices=grouping)
        self.fields["channel"] = forms.ChoiceField(
            label=_("channel"), choices=[("", _("all channels")), *Channel.choices], required=False
        )
        self.fields["branch"] = forms.ModelChoiceField(
            label=_("branch"),
            queryset=branches_of(user),
            to_field_name="code",
            required=False,
            empty_label=_("all that I see"),
        )
        if compares:
            self.fields["compare"] = forms.ChoiceField(label=_("compared with"), choices=COMPARE, required=False)
        self.order_fields(["from", "to", "granularity", "by", "category", "channel", "branch", "compare"])

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        first, last = values.get("from"), values.get("to")
        if first and last:
            if first > last:
                self.add_error("from", _("The first day lies after the last day."))
            elif (last - first).days >= MOST_DAYS:
                self.add_error("from", _("Choose at most ten years."))
            elif values.get("granularity") == Granularity.DAY and (last - first).days >= MOST_SINGLE_DAYS:
                self.add_error("granularity", _("Choose weeks or months for more than a year."))
        return values

    @property
    def unknown(self) -> list[str]:
        """Names in the address that are no filter of this report: pages pass over them, programs are told."""
        return sorted(self.said - self.fields.keys())

    def years(self) -> list[tuple[str, str, bool]]:
        """Single years to choose from, each with its address and whether it is chosen; for a report of a year."""
        if not self.is_of_a_year:
            return []
        chosen, found = self.chosen(), []
        for year in range(self.today.year, self.today.year - YEARS, -1):
            period = year_of(date(year, 1, 1))
            days = {"from": period.first.isoformat(), "to": period.last.isoformat()}
            name = gettext("Year %(year)d") % {"year": year}
            found.append((name, chosen.address(**days), period == chosen.period))
        return found

    def chosen(self) -> Chosen:
        """The valid filters, with the usual value wherever something wrong was asked for."""
        self.is_valid()
        values = self.cleaned_data
        period = self.usual_period
        if values.get("from") and values.get("to"):
            period = Period(values["from"], values["to"])
        return Chosen(
            period=period,
            granularity=values.get("granularity") or Granularity.MONTH.value,
            by=values.get("by") or self.usual_by,
            category=values.get("category"),
            channel=values.get("channel") or "",
            branch=values.get("branch"),
            compare=values.get("compare") or "",
        )


def branches_of(user: User) -> QuerySet[Branch]:
    """The person's own branch and those below it; nothing without a branch."""
    return Branch.objects.filter(path__startswith=user.branch.path) if user.branch else Branch.objects.none()
