"""Coaching: given on the page of a complaint's findings, listed for whoever sees to it or gets it, done, and looked at again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from complaints import coaching as rules
from complaints.field_types import CHOOSE, PersonField, text
from complaints.models import SERVICE, CoachingAction, CoachingKind, Complaint, Effect
from complaints.refusals import Refusal
from complaints.views.detail import find
from staff.http import StaffRequest
from staff.models import Team, User
from staff.scope import within_branches

MOST = 200
VIEWS = {
    "mine": gettext_lazy("Mine"),
    "team": gettext_lazy("All that I see"),
    "overdue": gettext_lazy("Overdue"),
    "check": gettext_lazy("Effect to be looked at"),
    "done": gettext_lazy("Done"),
}


class CoachingForm(forms.ModelForm):
    use_required_attribute = False

    class Meta:
        model = CoachingAction
        fields = ("kind", "what", "person", "team", "owner", "due_on", "check_on")
        widgets = {name: forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d") for name in ("due_on", "check_on")}
        help_texts = {"what": gettext_lazy("The person coached reads this. Say nothing of the customer.")}

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.filter(within_branches(user), is_active=True).order_by("full_name", "username")
        self.fields["person"] = PersonField(
            label=gettext_lazy("for whom"), queryset=people, required=False, empty_label=gettext_lazy("a whole team")
        )
        team, kind = self.fields["team"], self.fields["kind"]
        assert isinstance(team, forms.ModelChoiceField)
        assert isinstance(kind, forms.ChoiceField)
        team.queryset = Team.objects.filter(within_branches(user))
        team.empty_label = gettext_lazy("that of the person")
        kind.choices = [("", CHOOSE), *CoachingKind.choices]
        self.fields["owner"] = PersonField(label=gettext_lazy("who sees to it"), queryset=people, empty_label=CHOOSE)
        self.order_fields(self.Meta.fields)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        person, due, check = said.get("person"), said.get("due_on"), said.get("check_on")
        if person is None and said.get("team") is None and "person" not in self.errors:
            self.add_error("person", _("Choose a person, or a team."))
        if person is not None and person == said.get("owner"):
            self.add_error("owner", _("Somebody else sees to it than the person coached."))
        if due and due < timezone.localdate():
            self.add_error("due_on", _("That is in the past."))
        if due and check and check < due:
            self.add_error("check_on", _("That is before it is due."))
        return said


class DoneForm(forms.Form):
    use_required_attribute = False

    result = text(gettext_lazy("What came of it"), rows=2, most=1000)


class EffectForm(forms.Form):
    use_required_attribute = False

    effect = forms.ChoiceField(label=gettext_lazy("Does it work?"), choices=[("", CHOOSE), *Effect.choices])
    effect_note = text(gettext_lazy("What shows it"), rows=2, most=500, required=False)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: StaffRequest, reference: str) -> HttpResponse:
    """Give a coaching action because of this complaint."""
    complaint = find(request, reference)
    if complaint.category.code != SERVICE or not complaint.permits("investigate", request.user.role):
        raise PermissionDenied(_("Coaching is given by whoever investigates, while the complaint is not closed."))
    form = CoachingForm(request.POST or None, instance=CoachingAction(complaint=complaint), user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            rules.give(form.instance, by=request.user)
        except Refusal as refused:
            form.add_error(None, refused.message)
        else:
            messages.success(request, _("Written down. Whoever sees to it finds it in their list."))
            return redirect("complaints:investigation", complaint.reference)
    context = {"form": form, "complaint": complaint}
    return render(request, "complaints/coaching_new.html", context, status=422 if form.errors else 200)


@login_required
@require_safe
def actions(request: StaffRequest) -> HttpResponse:
    """Who learns what by when: what I see to or get, all that I may read, what is overdue, what is to be looked at again."""
    view = request.GET.get("view", "mine")
    view = view if view in VIEWS else "mine"
    seen, today = CoachingAction.objects.visible_to(request.user), timezone.localdate()
    rows = {
        "mine": seen.open().of(request.user),
        "team": seen.open(),
        "overdue": seen.overdue(today),
        "check": seen.unchecked().order_by("check_on", "pk"),
        "done": seen.filter(done_at__isnull=False).order_by("-done_at"),
    }
    found = rows[view].select_related("person", "team", "owner", "done_by")[:MOST]
    context = {
        "actions": [(action, rules.knows_whom(action, request.user)) for action in found],
        "view": view,
        "views": [(name, label, rows[name].count()) for name, label in VIEWS.items()],
        "today": today,
    }
    return render(request, "complaints/coaching.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def action(request: StaffRequest, pk: int) -> HttpResponse:
    """One coaching action; a POST says that it is done, and once it is, whether it works."""
    rows = CoachingAction.objects.visible_to(request.user).select_related(
        "person", "team", "owner", "done_by", "checked_by"
    )
    found = get_object_or_404(rows, pk=pk)
    if request.method == "POST" and not rules.may_finish(found, request.user):
        raise PermissionDenied(_("Whoever sees to it says that it is done, or a supervisor."))
    form = (DoneForm if found.done_at is None else EffectForm)(request.POST or None)
    if request.method == "POST" and form.is_valid():
        _said(found, form.cleaned_data, request)
        return redirect("complaints:coaching-action", pk)
    visible = Complaint.objects.visible_to(request.user).filter(pk=found.complaint_id)
    context = {
        "action": found,
        "form": form,
        "knows_whom": rules.knows_whom(found, request.user),
        "complaint": None if found.person_id == request.user.pk else visible.first(),
        "may_finish": rules.may_finish(found, request.user),
        "today": timezone.localdate(),
    }
    return render(request, "complaints/coaching_action.html", context, status=422 if form.errors else 200)


def _said(found: CoachingAction, said: dict[str, str], request: StaffRequest) -> None:
    """Keep what was said of it: that it is done, or whether it works."""
    try:
        if "result" in said:
            rules.finish(found, said["result"], by=request.user, at=timezone.now())
        else:
            rules.check_effect(found, said["effect"], said["effect_note"], by=request.user, at=timezone.now())
    except Refusal as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, _("Done. Thank you."))
