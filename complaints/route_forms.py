"""The forms of the routing page: a rule, and a complaint that is no complaint."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints.models import Category, Channel, RequestType, RoutingRule, Subcategory
from complaints.route_words import segments
from complaints.routing import Facts
from customers.models import AreaClass, Feeder
from staff.models import Branch, Team, TeamKind

ANY = gettext_lazy("any")
FACTS = ("request_type", "category", "subcategory", "channel", "area_class", "segment", "branch", "feeder")


class _FactFields(forms.Form):
    """What rules look at, as fields; each may stay open."""

    def _make_fact_fields(self, branches: QuerySet[Branch]) -> None:
        self.fields["request_type"] = _choice(_("Request type"), RequestType.choices)
        self.fields["category"] = forms.ModelChoiceField(
            label=_("Category"), queryset=Category.objects.all(), to_field_name="code", required=False, empty_label=ANY
        )
        self.fields["subcategory"] = _subcategories()
        self.fields["channel"] = _choice(_("Channel"), Channel.choices)
        self.fields["area_class"] = _choice(_("Area"), AreaClass.choices)
        self.fields["segment"] = _choice(_("Customer segment"), segments())
        self.fields["branch"] = forms.ModelChoiceField(
            label=_("Branch"), queryset=branches, to_field_name="code", required=False, empty_label=ANY
        )
        self.fields["feeder"] = forms.ModelChoiceField(
            label=_("Feeder"),
            queryset=Feeder.objects.all(),
            to_field_name="code",
            required=False,
            widget=forms.TextInput(attrs={"autocomplete": "off"}),
            help_text=_("its code; empty: any"),
            error_messages={"invalid_choice": _("There is no feeder with this code.")},
        )

    def _fit_category(self, said: dict[str, Any]) -> None:
        """A subcategory says its category; another one beside it is a slip."""
        category, subcategory = said.get("category"), said.get("subcategory")
        if subcategory is not None and category is not None and subcategory.category_id != category.pk:
            self.add_error("subcategory", _("That subcategory belongs to another category."))


def _choice(label: str, choices: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=[("", ANY), *choices], required=False)


def _subcategories() -> forms.Field:
    rows = Subcategory.objects.select_related("category")
    field = forms.ModelChoiceField(label=_("Subcategory"), queryset=rows, to_field_name="code", required=False)
    groups: dict[str, list[tuple[str, str]]] = {}
    for row in rows.order_by("category__position", "code"):
        groups.setdefault(row.category.name, []).append((row.code, f"{row.code} {row.name}"))
    field.choices = [("", ANY), *groups.items()]
    return field


class RuleForm(_FactFields):
    """One rule. `seen` is the last change that the person saw, so that nobody's change is lost unseen."""

    use_required_attribute = False

    def __init__(self, data: Any = None, *, rule: RoutingRule) -> None:
        super().__init__(data, initial=_initial(rule))
        self.rule = rule
        self._make_fact_fields(Branch.objects.all())
        self.fields["team_kind"] = forms.ChoiceField(
            label=_("Goes to this kind of team"),
            choices=[("", "—"), *TeamKind.choices],
            required=False,
            help_text=_("the one of the complaint's branch, or of the nearest above it"),
        )
        self.fields["team"] = forms.ModelChoiceField(
            label=_("or to this one team"),
            queryset=Team.objects.filter(Q(is_active=True) | Q(pk=rule.team_id or 0)),
            to_field_name="code",
            required=False,
            empty_label="—",
        )
        self.fields["rank"] = forms.IntegerField(
            label=_("Rank"), min_value=0, max_value=32_000, help_text=_("The highest is tried first.")
        )

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        self._fit_category(said)
        if "team" in said and "team_kind" in said:
            if said["team"] is None and not said["team_kind"]:
                self.add_error("team_kind", _("Say where it goes: to a kind of team, or to one team."))
            elif said["team"] is not None and said["team_kind"]:
                self.add_error("team", _("Choose either a kind of team or one team, not both."))
        return said

    def filled(self) -> RoutingRule:
        """The rule as it was filled in, not saved."""
        for name, value in self.cleaned_data.items():
            setattr(self.rule, name, value)
        return self.rule


def _initial(rule: RoutingRule) -> dict[str, Any]:
    plain = {name: getattr(rule, name) for name in ("request_type", "channel", "area_class", "segment", "team_kind")}
    rows = {name: getattr(rule, name) for name in ("category", "subcategory", "branch", "feeder", "team")}
    return plain | {name: row.code if row else "" for name, row in rows.items()} | {"rank": rule.rank}


class WhatIfForm(_FactFields):
    """A complaint that could come in."""

    use_required_attribute = False

    def __init__(self, *args: Any, branches: QuerySet[Branch], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._make_fact_fields(branches)
        branch = self.fields["branch"]
        assert isinstance(branch, forms.ModelChoiceField)
        branch.required, branch.empty_label = True, None
        channel = self.fields["channel"]
        assert isinstance(channel, forms.ChoiceField)
        for name in ("area_class", "segment"):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [("", _("not known")), *list(field.choices)[1:]]  # type: ignore[arg-type]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        self._fit_category(said)
        return said

    def facts(self) -> Facts:
        """As the door would find them: a subcategory says its category, and some their request type."""
        said = self.cleaned_data
        category, subcategory, feeder = said["category"], said["subcategory"], said["feeder"]
        request_type = (subcategory.request_type if subcategory else "") or said["request_type"]
        return Facts(
            request_type=request_type or RequestType.COMPLAINT,
            channel=said["channel"],
            category=subcategory.category_id if subcategory else category.pk if category else None,
            subcategory=subcategory.pk if subcategory else None,
            area_class=said["area_class"],
            segment=said["segment"],
            branch=said["branch"].path,
            feeder=feeder.pk if feeder else None,
        )
