"""Hand over my shift: everything open that I have on one page, a note for each, one receiver; done as a run of single moves."""

from __future__ import annotations

from uuid import UUID, uuid4

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints import bulk
from complaints.assignee_field import AssigneeField
from complaints.clocks import shown
from complaints.models import Complaint
from complaints.refusals import Refusal
from complaints.states import HAND_OVER, MOVES
from complaints.views.bulk import AT_ONCE
from staff.http import StaffRequest
from staff.models import User
from staff.scope import within_branches

TO_TEAM = "team"


class ReceiverForm(forms.Form):
    """Who takes it all over: a person, or whoever of the teams comes next."""

    use_required_attribute = False

    def __init__(self, data: object, *, user: User) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        field = AssigneeField(within_branches(user), empty_label=_("choose"), required=False)
        assert field.queryset is not None
        field.queryset = field.queryset.exclude(pk=user.pk)
        field.label = gettext_lazy("Who takes over?")
        self.fields["assignee"] = field
        self.fields["to_team"] = forms.BooleanField(
            label=gettext_lazy("Nobody yet: leave each to its team"), required=False
        )

    def clean(self) -> dict[str, object]:
        said = super().clean() or {}
        if not said.get("assignee") and not said.get("to_team") and "assignee" not in self.errors:
            self.add_error("assignee", _("Choose who takes over, or leave it to the teams."))
        return said


@login_required
def hand_over(request: StaffRequest) -> HttpResponse:
    """My open complaints with room for a note each; posting gives all that are ticked to one receiver."""
    if request.user.role not in MOVES["unassign"].allowed:
        raise PermissionDenied(_("Only those who have complaints hand them over."))
    mine = Complaint.objects.visible_to(request.user).open().filter(assignee=request.user)
    rows = list(mine.by_due_next().select_related("category", "subcategory")[: bulk.MOST_CHOSEN])
    form = ReceiverForm(request.POST if request.method == "POST" else None, user=request.user)
    if form.is_bound:
        chosen = _chosen(request)
        if not chosen:
            form.add_error(None, _("Tick what you hand over."))
        if form.is_valid():
            try:
                run = bulk.start(
                    _key(request), move=_move(form), said=_said(request, form), by=request.user, chosen=chosen
                )
            except Refusal as refused:
                form.add_error(None, refused.message)
            else:
                bulk.carry_on(run, for_seconds=AT_ONCE)
                return redirect("complaints:bulk-run", run.uuid)
    context = {"form": form, "key": request.POST.get("key") or uuid4(), "rows": _rows(request, rows)}
    return render(request, "desk/shift.html", context, status=422 if form.errors else 200)


def _move(form: ReceiverForm) -> str:
    return "assign" if form.cleaned_data.get("assignee") else "unassign"


def _said(request: StaffRequest, form: ReceiverForm) -> dict[str, str]:
    """What the run remembers: the receiver, and each complaint's own note under its reference."""
    typed = ((name, str(text)) for name, text in request.POST.items() if name.partition("@")[0] in HAND_OVER)
    notes = {name: text for name, text in typed if text.strip()}
    return notes | ({"assignee": request.POST["assignee"]} if _move(form) == "assign" else {})


def _chosen(request: StaffRequest) -> dict[str, int]:
    chosen = {}
    for one in request.POST.getlist("chosen"):
        reference, _at, version = one.partition("@")
        chosen[reference] = int(version) if version.isdecimal() and len(version) < 9 else 0
    return chosen


def _key(request: StaffRequest) -> UUID:
    try:
        return UUID(request.POST.get("key", ""))
    except ValueError:
        return uuid4()


def _rows(request: StaffRequest, complaints: list[Complaint]) -> list[dict[str, object]]:
    now = timezone.now()
    asks = [
        ("stands", _("Where does it stand?")),
        ("promised", _("What was the customer promised?")),
        ("next_step", _("What comes next?")),
        ("watch_for", _("What to watch out for?")),
    ]
    chosen = request.POST.getlist("chosen")
    return [
        {
            "complaint": one,
            "deadline": shown.next_due(one, now),
            "is_chosen": not request.POST or any(text.startswith(f"{one.reference}@") for text in chosen),
            "asks": [
                (f"{name}@{one.reference}", label, request.POST.get(f"{name}@{one.reference}", ""))
                for name, label in asks
            ],
        }
        for one in complaints
    ]
