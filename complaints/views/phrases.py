"""The page on which people keep their phrases, and supervisors those of everybody."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from complaints import phrases
from complaints.models import CannedText, Category
from complaints.states import MOVES
from staff import utility
from staff.actors import Role
from staff.http import StaffRequest
from staff.models import User

OWN, TEAM, EVERYBODY = "own", "team", "everybody"


class CannedTextForm(forms.ModelForm):
    """A phrase; `whose` is offered to supervisors only, everybody else keeps their own."""

    use_required_attribute = False

    moves = forms.MultipleChoiceField(
        label=gettext_lazy("Offered for"),
        choices=[(name, MOVES[name].label) for name in phrases.OFFERED_FOR],
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = CannedText
        fields = ["title_zh", "body_zh", "title_en", "body_en", "moves", "category"]
        widgets = {name: forms.Textarea(attrs={"rows": 3}) for name in ("body_zh", "body_en")}

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        category = self.fields["category"]
        assert isinstance(category, forms.ModelChoiceField)
        category.queryset = Category.objects.filter(is_active=True)
        category.empty_label = gettext_lazy("every category")
        if user.role == Role.SUPERVISOR:
            choices = [(OWN, gettext_lazy("mine only"))]
            if utility.may_change(user):
                choices.append((EVERYBODY, gettext_lazy("everybody's")))
            if user.team_id or self.instance.team_id:
                choices.insert(1, (TEAM, gettext_lazy("my team's")))
            shared = TEAM if self.instance.team_id else EVERYBODY
            is_shared = self.instance.pk is not None and self.instance.owner_id is None
            self.fields["whose"] = forms.ChoiceField(
                label=gettext_lazy("Whose"), choices=choices, initial=shared if is_shared else OWN
            )

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if not (said.get("title_zh") or said.get("title_en")) and not self.errors:
            self.add_error("title_zh", _("Give it a title in one language at least."))
        if not (said.get("body_zh") or said.get("body_en")) and not self.errors:
            self.add_error("body_zh", _("Write the text in one language at least."))
        for name in ("body_zh", "body_en"):
            strange = phrases.strange(said.get(name) or "")
            if strange:
                known = ", ".join(f"{{{variable}}}" for variable in sorted(phrases.VARIABLES))
                self.add_error(
                    name,
                    _("Nothing fills %(strange)s. You can use: %(known)s.")
                    % {"strange": ", ".join(strange), "known": known},
                )
        return said

    def save(self, commit: bool = True) -> CannedText:
        row: CannedText = super().save(commit=False)
        whose = self.cleaned_data.get("whose", OWN)
        row.owner = self.user if whose == OWN else None
        row.team = (row.team or self.user.team) if whose == TEAM else None
        row.save()
        return row


@require_safe
@login_required
def canned_texts(request: StaffRequest) -> HttpResponse:
    """All that this person is offered, with how they come out."""
    rows = CannedText.objects.of(request.user).select_related("category", "team")
    mine = set(CannedText.objects.changeable_by(request.user).values_list("pk", flat=True))
    lines = [
        {"row": row, "example": phrases.example(row), "moves": phrases.move_labels(row), "may_change": row.pk in mine}
        for row in rows
    ]
    return render(request, "complaints/phrases.html", {"lines": lines})


@login_required
def canned_text(request: StaffRequest, pk: int | None = None) -> HttpResponse:
    """Write a new one, or change one."""
    row = None if pk is None else get_object_or_404(CannedText.objects.changeable_by(request.user), pk=pk)
    form = CannedTextForm(request.POST or None, instance=row, user=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("The phrase is saved."))
        return redirect("complaints:phrases")
    context = {"form": form, "row": row, "variables": sorted(phrases.VARIABLES)}
    status = 422 if request.method == "POST" else 200
    return render(request, "complaints/phrase_edit.html", context, status=status)


@login_required
@require_POST
def remove(request: StaffRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(CannedText.objects.changeable_by(request.user), pk=pk)
    row.is_active = False
    row.save(update_fields=["is_active"])
    messages.success(request, _("The phrase is removed."))
    return redirect("complaints:phrases")


@login_required
@require_POST
def used(request: StaffRequest, pk: int) -> HttpResponse:
    """Somebody put it into a form."""
    phrases.count_use(request.user, pk)
    return HttpResponse(status=204)
