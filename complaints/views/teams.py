"""Teams: who is in one, who is on duty, what each has open, and whether the team assigns by itself."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from complaints import assignment, claiming, deputies, hand_over, leaving
from complaints.models import Category, Complaint
from complaints.refusals import MoveRefused
from complaints.states import HANDLERS
from staff import absences, duty
from staff import roster as rosters
from staff.http import StaffRequest
from staff.models import Team, User
from staff.stand_ins import Away


class AssigningForm(forms.ModelForm):
    """Whether and how a team assigns by itself, and what each member handles."""

    class Meta:
        model = Team
        fields = ["assigns_itself", "cap"]
        labels = {
            "assigns_itself": gettext_lazy("Give each complaint at once to whoever on duty has least to do"),
            "cap": gettext_lazy("At most so many open complaints each"),
        }
        help_texts = {"cap": gettext_lazy("empty: no limit; a complaint of priority P1 goes to somebody all the same")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cap = self.fields["cap"]
        self.fields["cap"] = forms.IntegerField(
            label=cap.label, help_text=cap.help_text, required=False, min_value=1, max_value=1000
        )
        choices = [(row.code, row.name) for row in Category.objects.filter(is_active=True)]
        self.members = {f"skills-{user.pk}": user for user in _handlers(self.instance)}
        for name, user in self.members.items():
            self.fields[name] = forms.MultipleChoiceField(
                label=user.display_name,
                choices=choices,
                required=False,
                initial=user.skills,
                widget=forms.CheckboxSelectMultiple,
            )

    def save(self, commit: bool = True) -> Team:
        team: Team = super().save(commit=False)
        team.save(update_fields=["assigns_itself", "cap"])
        for name, user in self.members.items():
            if user.skills != self.cleaned_data[name]:
                user.skills = self.cleaned_data[name]
                user.save(update_fields=["skills"])
        return team

    def skills(self) -> list[forms.BoundField]:
        return [self[name] for name in self.members]


def _shown(request: StaffRequest) -> QuerySet[Team]:
    shown = rosters.branches_shown_to(request.user)
    return Team.objects.filter(branch__in=shown, is_active=True).select_related("branch")


def _handlers(team: Team) -> list[User]:
    members = User.objects.filter(team=team, is_active=True, role__in=sorted(HANDLERS))
    return list(members.select_related("branch").order_by("full_name", "username"))


@require_safe
@login_required
def teams(request: StaffRequest) -> HttpResponse:
    """The teams of the branches that the person sees, with what each has open and what nobody has."""
    rows = list(_shown(request).order_by("branch__path", "kind", "code"))
    work = (
        Complaint.objects.visible_to(request.user).unfinished().open().filter(team__in=rows).order_by().values("team")
    )
    counted = {
        one["team"]: one for one in work.annotate(open=Count("pk"), unassigned=Count("pk", Q(assignee__isnull=True)))
    }
    members = User.objects.filter(team__in=rows, is_active=True, role__in=sorted(HANDLERS)).order_by()
    people = dict(members.values_list("team").annotate(count=Count("pk")))
    lines = []
    for row in rows:
        work_of = counted.get(row.pk, {"open": 0, "unassigned": 0})
        lines.append({"team": row, "people": people.get(row.pk, 0), **{n: work_of[n] for n in ("open", "unassigned")}})
    return render(request, "complaints/teams.html", {"lines": lines})


@login_required
def team(request: StaffRequest, code: str) -> HttpResponse:
    """One team; posting changes how it assigns."""
    found = get_object_or_404(_shown(request), code=code)
    may_steer = rosters.may_plan(request.user, found.branch)
    if request.method == "POST" and not may_steer:
        raise PermissionDenied(_("How a team assigns is decided by the supervisors of its branch or one above."))
    form = AssigningForm(request.POST or None, instance=found) if may_steer else None
    if request.method == "POST" and form is not None and form.is_valid():
        form.save()
        messages.success(request, _("Saved. It holds for every complaint that comes to the team from now on."))
        return redirect("complaints:team", code=found.code)
    found.refresh_from_db(fields=["assigns_itself", "cap"])
    at, members = timezone.now(), _handlers(found)
    loads = assignment.loads_of(members, at)
    on_duty = {one.pk for one in duty.of_team(found, at, roles=HANDLERS).people}
    away = Away.at(at)
    names = {row.code: row.name for row in Category.objects.all()}
    heaviest = max((loads[one.pk].weight for one in members), default=0)
    context = {
        "team": found,
        "form": form,
        "members": [
            {
                "user": one,
                "load": loads[one.pk],
                "is_on": one.pk in on_duty,
                "away": deputies.mark(absence) if (absence := away.of(one.pk, at)) is not None else "",
                "skills": [names.get(skill, skill) for skill in one.skills],
            }
            for one in members
        ],
        "heaviest": max(heaviest, 1),
        "unassigned": Complaint.objects.visible_to(request.user).unassigned().filter(team=found).count(),
    }
    return render(request, "complaints/team.html", context, status=422 if form is not None and form.errors else 200)


@login_required
def leave(request: StaffRequest, username: str) -> HttpResponse:
    """Somebody leaves for good; refused while complaints are open with them."""
    person = get_object_or_404(absences.entered_by(request.user).exclude(pk=request.user.pk), username=username)
    refused = ""
    if request.method == "POST":
        try:
            leaving.leave(person)
        except MoveRefused as refusal:
            refused = refusal.message
        else:
            messages.success(request, _("%(name)s has left.") % {"name": person.display_name})
            return redirect("complaints:team", person.team.code) if person.team else redirect("complaints:teams")
    context = {"person": person, "count": hand_over.open_work(person).count(), "refused": refused}
    return render(request, "complaints/leave.html", context, status=409 if refused else 200)


@login_required
@require_POST
def next_complaint(request: StaffRequest) -> HttpResponse:
    """Give me the next: the most urgent complaint of my team that nobody has."""
    if request.user.role not in HANDLERS:
        raise PermissionDenied(_("Only those who investigate complaints take the next one."))
    found = claiming.claim_next(request.user, at=timezone.now())
    if found is None:
        messages.warning(request, _("Nothing waits for somebody in your team."))
        return redirect("complaints:queue")
    messages.success(request, _("%(reference)s is yours now.") % {"reference": found.reference})
    return redirect(found)
