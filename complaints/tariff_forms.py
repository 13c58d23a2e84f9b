"""Writing a tariff down: bands and charges as lines that people read aloud, turned into rows and back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints.models import DeskSettings, Tariff, TierBasis
from complaints.tariffs import rules, versions

BAND_EXAMPLE = "2880  0.4883\n4800  0.5383\n0.7883"
CHARGE_EXAMPLE = "基本费 | Standing charge | month | 16.50"
PER = (rules.PER_MONTH, rules.PER_KWH, rules.PER_CENT)
_SPAN = re.compile(r"(\d{1,2})(?:\s*-\s*(\d{1,2}))?")


def bands_read(text: str) -> list[list[str | None]]:
    """One band a line, its end and its price; the last only a price. Raises ValidationError, naming the line."""
    lines = [line.split() for line in text.splitlines() if line.strip()]
    found: list[list[str | None]] = []
    for number, parts in enumerate(lines, start=1):
        is_last = number == len(lines)
        if len(parts) != (1 if is_last else 2):
            words = (
                _("Line %(line)d: the last band is only a price.")
                if is_last
                else _("Line %(line)d: an end and a price.")
            )
            raise forms.ValidationError(words % {"line": number})
        found.append([None, *(_decimal(part, number) for part in parts)][-2:])
    return found


def bands_written(bands: Iterable[Sequence[Any]]) -> str:
    return "\n".join(price if upto is None else f"{upto}  {price}" for upto, price in bands)


def _decimal(text: str, line: int) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) >= 10**8:
        raise forms.ValidationError(_("Line %(line)d: “%(text)s” is no number.") % {"line": line, "text": text[:20]})
    return text


def charges_read(text: str) -> list[dict[str, str]]:
    """One charge a line: Chinese, English, by what it is counted, how much. Raises ValidationError, naming the line."""
    found = []
    for number, line in enumerate((line for line in text.splitlines() if line.strip()), start=1):
        parts = [part.strip() for part in line.split("|")]
        if len(parts) != 4 or parts[2] not in PER or not all(parts):
            raise forms.ValidationError(
                _("Line %(line)d: name in Chinese | in English | month, kwh or percent | how much.") % {"line": number}
            )
        zh, en, per, amount = parts
        found.append({"zh": zh, "en": en, "per": per, "amount": _decimal(amount, number)})
    return found


def charges_written(charges: Iterable[dict[str, str]]) -> str:
    return "\n".join(f"{one['zh']} | {one['en']} | {one['per']} | {one['amount']}" for one in charges)


def months_read(text: str) -> list[int]:
    """Months as people write them: 5-10, or 6, 7, 8. Raises ValidationError."""
    found: set[int] = set()
    for part in filter(None, re.split(r"[\s,，、]+", text.strip())):
        match = _SPAN.fullmatch(part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not (1 <= first <= 12 and 1 <= last <= 12):
            raise forms.ValidationError(_("Write months as numbers: 5-10, or 6, 7, 8."))
        span = range(first, last + 1) if first <= last else [*range(first, 13), *range(1, last + 1)]
        found |= set(span)
    return sorted(found)


def months_written(months: Sequence[int]) -> str:
    """5–10 where they follow one another, else one by one."""
    if len(months) > 2 and months[-1] - months[0] == len(months) - 1:
        return f"{months[0]}-{months[-1]}"
    return ", ".join(map(str, months))


def _lines(label: Any, example: str, **more: Any) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": 3, "placeholder": example})
    return forms.CharField(label=label, max_length=2000, widget=widget, **more)


class TariffForm(forms.ModelForm):
    use_required_attribute = False

    bands = _lines(
        gettext_lazy("Bands"),
        BAND_EXAMPLE,
        help_text=gettext_lazy("One a line: up to how many kWh, and the price of a kWh. The last is only a price."),
    )
    season_months = forms.CharField(
        label=gettext_lazy("Months with bands of their own"),
        max_length=40,
        required=False,
        help_text=gettext_lazy("Numbers: 5-10. Only where the bands differ by season."),
    )
    season_bands = _lines(gettext_lazy("Bands in these months"), BAND_EXAMPLE, required=False)
    charges = _lines(
        gettext_lazy("Charges and taxes"),
        CHARGE_EXAMPLE,
        required=False,
        help_text=gettext_lazy(
            "One a line: name in Chinese | in English | month, kwh or percent | how much. Per cent is of the lines before."
        ),
    )
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=300)

    class Meta:
        model = Tariff
        fields = [
            *("code", "name_zh", "name_en", "valid_from", "basis", "bands", "season_months", "season_bands"),
            *("people_from", "extra_kwh", "free_kwh", "peak_add", "flat_add", "valley_add", "charges"),
            *("source", "reason"),
        ]
        widgets = {"valid_from": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}
        help_texts = {
            "code": gettext_lazy("Letters, digits and hyphens; it stays."),
            "people_from": gettext_lazy("Empty: the size of a household does not matter."),
            "peak_add": gettext_lazy("More or, below zero, less than its band says. Empty: no such period."),
        }

    def __init__(self, *args: Any, before: Tariff | None = None, **kwargs: Any) -> None:
        initial = {} if before is None else _initial(before)
        kwargs["initial"] = initial
        super().__init__(*args, **kwargs)
        self.before = before
        if before is not None:
            del self.fields["code"]

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        if code == "new" or Tariff.objects.filter(code=code).exists():
            raise forms.ValidationError(_("There is a tariff with this code. Change that one, or choose another code."))
        return code

    def clean_bands(self) -> list[list[str | None]]:
        return bands_read(self.cleaned_data["bands"])

    def clean_season_bands(self) -> list[list[str | None]]:
        return bands_read(self.cleaned_data["season_bands"])

    def clean_season_months(self) -> list[int]:
        return months_read(self.cleaned_data["season_months"])

    def clean_charges(self) -> list[dict[str, str]]:
        return charges_read(self.cleaned_data["charges"])

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        is_seasonal = said.get("basis") == TierBasis.SEASONAL
        for name in ("season_months", "season_bands"):
            if name in said and bool(said[name]) != is_seasonal:
                words = (
                    _("Bands by season need the months and their bands.")
                    if is_seasonal
                    else _("Choose bands by season, or leave this empty.")
                )
                self.add_error(name, words)
        for name in ("extra_kwh", "free_kwh"):
            if said.get(name) is not None and said[name] < 0:
                self.add_error(name, _("Not below zero."))
        return said

    def draft(self) -> Tariff:
        """The version that was typed, not saved."""
        tariff = self.instance
        if self.before is not None:
            tariff.code = self.before.code
        for name in ("bands", "season_bands"):
            setattr(tariff, name, versions.plain_bands(versions.bands_of(self.cleaned_data[name])))
        return tariff


def _initial(before: Tariff) -> dict[str, Any]:
    kept = {name: getattr(before, name) for name in TariffForm.Meta.fields if name not in ("code", "reason")}
    return kept | {
        "bands": bands_written(before.bands),
        "season_bands": bands_written(before.season_bands),
        "season_months": months_written(before.season_months),
        "charges": charges_written(before.charges),
    }


class MoneyForm(forms.ModelForm):
    """The desk's own numbers that go with money."""

    class Meta:
        model = DeskSettings
        fields = ("late_fee_rate", "adjustment_limit", "currency_zh", "currency_en")
