"""The rules of notice of outages on screen: what is due before which outage, changing it, and who changed what."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from complaints.investigation import outage_rules
from complaints.investigation.outage_notice import Rules, rules_now, span_words
from complaints.models import OutageKind, OutageRulesChange
from complaints.refusals import MoveRefused
from staff import utility
from staff.http import StaffRequest

HISTORY = 50
MOST_HOURS = 24 * 60
ALL = "all"
TO_WHOM = [(ALL, gettext_lazy("everybody it puts in the dark")), ("important", gettext_lazy("important users only"))]


class RulesForm(forms.Form):
    """A row for each kind of outage, and how soon a change of what was announced is passed on."""

    use_required_attribute = False

    minutes = forms.IntegerField(
        label=gettext_lazy("Minutes in which a change is passed on"),
        min_value=1,
        max_value=24 * 60,
        help_text=gettext_lazy(
            "After the announced end, when the work lasts longer. That it begins earlier is said before."
        ),
    )
    change_source = forms.CharField(label=gettext_lazy("Where that stands"), max_length=200, required=False)
    reason = forms.CharField(label=gettext_lazy("Why it is changed"), max_length=300)
    seen = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, rules: Rules, seen: int) -> None:
        super().__init__(data, initial=_initial(rules) | {"seen": seen})
        for kind, label in OutageKind.choices:
            named = {"kind": label}
            self.fields[f"hours_{kind}"] = forms.IntegerField(
                label=_("%(kind)s: hours before") % named, min_value=1, max_value=MOST_HOURS, required=False
            )
            self.fields[f"for_{kind}"] = forms.ChoiceField(label=_("%(kind)s: to whom") % named, choices=TO_WHOM)
            self.fields[f"source_{kind}"] = forms.CharField(
                label=_("%(kind)s: where it stands") % named, max_length=200, required=False
            )

    def rows(self) -> Iterator[list[forms.BoundField]]:
        """The fields of each kind of outage."""
        for kind in OutageKind.values:
            yield [self[f"{name}_{kind}"] for name in ("hours", "for", "source")]

    def rest(self) -> list[forms.BoundField]:
        return [self[name] for name in ("minutes", "change_source", "reason")]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        hours = [f"hours_{kind}" for kind in OutageKind.values]
        if not any(name in self.errors or said.get(name) for name in hours):
            self.add_error(hours[0], _("Write the hours for at least one kind; else no notice could be judged."))
        return said

    def said(self) -> Rules:
        """The rules as they are kept."""
        said = self.cleaned_data
        return {
            "rules": [
                {
                    "kind": kind,
                    "hours": said[f"hours_{kind}"],
                    "for": said[f"for_{kind}"],
                    "source": said[f"source_{kind}"],
                }
                for kind in OutageKind.values
                if said[f"hours_{kind}"]
            ],
            "change": {"minutes": said["minutes"], "source": said["change_source"]},
        }


def _initial(rules: Rules) -> dict[str, Any]:
    change = rules.get("change", {})
    initial = {"minutes": change.get("minutes"), "change_source": change.get("source", "")}
    initial |= {f"for_{kind}": ALL for kind in OutageKind.values}
    for rule in rules.get("rules", []):
        for name, value in (("hours", rule["hours"]), ("for", rule["for"]), ("source", rule.get("source", ""))):
            initial[f"{name}_{rule['kind']}"] = value
    return initial


@login_required
@require_safe
def rules(request: StaffRequest) -> HttpResponse:
    """What is due before which kind of outage, and who changed what."""
    now = rules_now()
    context = {
        "rules": [
            (label, _due(now, kind), _to_whom(now, kind), _source(now, kind)) for kind, label in OutageKind.choices
        ],
        "is_known": bool(now.get("rules")),
        "change": now.get("change"),
        "changes": [(one, list(_words(one))) for one in OutageRulesChange.objects.select_related("by")[:HISTORY]],
        "may_edit": utility.may_change(request.user),
    }
    return render(request, "complaints/outage_rules.html", context)


@login_required
def change(request: StaffRequest) -> HttpResponse:
    """Change them; what was judged already keeps the rules it was judged by."""
    utility.require_change(request.user)
    form = RulesForm(request.POST or None, rules=rules_now(), seen=outage_rules.last_change())
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            is_new = outage_rules.save(
                form.said(), by=request.user, at=timezone.now(), reason=said["reason"], seen=said["seen"]
            )
        except MoveRefused as refused:
            form.add_error(None, refused.message)
            return render(request, "complaints/outage_rules_change.html", {"form": form}, status=refused.status)
        messages.success(
            request, _("Saved. It holds for what is judged from now on.") if is_new else _("Nothing was different.")
        )
        return redirect("complaints:outage-rules")
    status = 422 if request.method == "POST" else 200
    return render(request, "complaints/outage_rules_change.html", {"form": form}, status=status)


def _rule(of: Rules, kind: str) -> dict[str, Any]:
    return next((rule for rule in of.get("rules", []) if rule["kind"] == kind), {})


def _due(of: Rules, kind: str) -> str:
    rule = _rule(of, kind)
    return span_words(timedelta(hours=rule["hours"])) if rule else _("no notice due")


def _to_whom(of: Rules, kind: str) -> str:
    rule = _rule(of, kind)
    return str(dict(TO_WHOM)[rule["for"]]) if rule else ""


def _source(of: Rules, kind: str) -> str:
    return str(_rule(of, kind).get("source", ""))


def _words(done: OutageRulesChange) -> Iterator[tuple[str, str, str]]:
    """What changed: of what, what it was and what it is."""
    was, now = done.before, done.after
    for kind, label in OutageKind.choices:
        old, new = (
            ", ".join(filter(None, (_due(of, kind), _to_whom(of, kind), _source(of, kind)))) for of in (was, now)
        )
        if old != new:
            yield str(label), old, new
    old, new = (_passed_on(of) for of in (was, now))
    if old != new:
        yield _("Passing on a change"), old, new


def _passed_on(of: Rules) -> str:
    change = of.get("change", {})
    if "minutes" not in change:
        return "–"
    words = (_("within %(minutes)d minutes") % {"minutes": change["minutes"]}, change.get("source", ""))
    return ", ".join(filter(None, words))
