"""Inspections on screen: what is due, one of them with its history, and what people do with it short of recording it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from complaints.field_types import PersonField, text
from complaints.inspections import plans, work
from complaints.models import (
    Attachment,
    Complaint,
    Inspection,
    InspectionFinding,
    InspectionKind,
    NotDone,
)
from complaints.models.attachment import ScanState
from complaints.models.inspections import InspectionQuerySet
from complaints.refusals import Refusal
from complaints.views.files import sent
from customers import reading
from customers.models import Reading
from staff.http import StaffRequest
from staff.models import Branch, User
from staff.scope import within_branches
from staff.spreadsheets import lines

SIZE = 50
MOST_COUNTED = 999
WEEK = timedelta(days=7)
VIEWS = {
    "mine": gettext_lazy("Mine"),
    "team": gettext_lazy("My team's"),
    "overdue": gettext_lazy("Overdue"),
    "week": gettext_lazy("Due this week"),
    "open": pgettext_lazy("inspections", "All to be done"),
    "done": gettext_lazy("Done"),
}
COLUMNS = (
    *(gettext_lazy("What"), gettext_lazy("Purpose"), gettext_lazy("Where"), gettext_lazy("Account number")),
    *(gettext_lazy("Branch"), gettext_lazy("Team"), gettext_lazy("Who does it"), gettext_lazy("First due")),
    *(gettext_lazy("Due"), gettext_lazy("State"), gettext_lazy("Attempts"), gettext_lazy("Done on")),
    *(gettext_lazy("Result"), gettext_lazy("Findings")),
)


# what is due


def _rows(view: str, request: StaffRequest, today: date) -> InspectionQuerySet:
    """The visible inspections of a view, as the filters of the address narrow them, in its order."""
    seen = Inspection.objects.visible_to(request.user)
    if branch := request.GET.get("branch", ""):
        path = Branch.objects.filter(code=branch).values_list("path", flat=True).first()
        seen = seen.filter(branch__path__startswith=path) if path else seen.none()
    if kind := request.GET.get("kind", ""):
        seen = seen.filter(kind__code=kind)
    if view == "done":
        return seen.done().order_by("-done_on", "-pk")
    if view == "overdue":
        return seen.overdue(today).by_due()
    seen = seen.open().by_due()
    if view == "mine":
        return seen.filter(assignee=request.user)
    if view == "team":
        return seen.filter(team=request.user.team_id) if request.user.team_id else seen.none()
    return seen.filter(due_on__gte=today, due_on__lte=today + WEEK) if view == "week" else seen


def _page_after(rows: InspectionQuerySet, view: str, after: str) -> tuple[list[Inspection], str]:
    """The rows behind the mark, and the mark of the page that follows; a mangled mark shows the first page."""
    day, _dash, key = after.partition("_")
    field = "done_on" if view == "done" else "due_on"
    try:
        since = date.fromisoformat(day)
    except ValueError:
        since = None
    if since is not None and key.isdecimal() and len(key) < 18:
        way = "lt" if view == "done" else "gt"
        rows = rows.filter(
            Q(**{f"{field}__{way}": since}) | Q(**{field: since, f"pk__{way}": int(key)}), **{f"{field}__{way}e": since}
        )
    page = list(rows.named()[: SIZE + 1])
    if len(page) <= SIZE:
        return page, ""
    last = page[SIZE - 1]
    return page[:SIZE], f"{getattr(last, field):%Y-%m-%d}_{last.pk}"


@login_required
@require_safe
@reading.lists_people("inspections")
def inspections(request: StaffRequest) -> HttpResponse:
    """What is to be inspected: mine first, or my team's, what is overdue, due this week, all of it, or done."""
    view = request.GET.get("view", "")
    view = view if view in VIEWS else "mine" if request.user.role in work.WORKING else "open"
    today = timezone.localdate()
    rows, following = _page_after(_rows(view, request, today), view, request.GET.get("after", ""))
    asked = {name: request.GET[name] for name in ("branch", "kind") if request.GET.get(name)}
    context = {
        "rows": rows,
        "view": view,
        "views": [
            (
                name,
                label,
                _rows(name, request, today).order_by()[: MOST_COUNTED + 1].count() if name != "done" else None,
            )
            for name, label in VIEWS.items()
        ],
        "most": MOST_COUNTED,
        "today": today,
        "older_url": f"?{urlencode(asked | {'view': view, 'after': following})}" if following else "",
        "newer_url": f"?{urlencode(asked | {'view': view})}" if request.GET.get("after") else "",
        "asked": asked,
        "query": urlencode(asked),
        "branches": Branch.objects.filter(_own(request.user)),
        "kinds": InspectionKind.objects.filter(is_active=True),
        "may_plan": request.user.role in plans.STEERING,
    }
    return render(request, "complaints/inspections/list.html", context)


def _own(user: User) -> Q:
    return Q(path__startswith=user.branch.path) if user.branch is not None else Q(pk__in=[])


@login_required
@require_safe
def export(request: StaffRequest) -> StreamingHttpResponse:
    """The view as a file, all of it, in the language in use."""
    view = request.GET.get("view", "open")
    rows = _rows(view if view in VIEWS else "open", request, timezone.localdate())
    reading.note(request, Reading.Kind.EXPORT, subject="inspections.csv", query=view[:200])
    answer = StreamingHttpResponse(lines(_lines(rows)), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="inspections.csv"'
    return answer


def _lines(rows: InspectionQuerySet) -> Iterator[list[object]]:
    yield [str(column) for column in COLUMNS]
    for one in rows.named().prefetch_related("findings").iterator(chunk_size=500):
        yield [
            *(one.title, one.get_purpose_display(), one.where, one.account.number if one.account else ""),
            *(one.branch.name, one.team.name if one.team else "", one.assignee.display_name if one.assignee else ""),
            *(one.scheduled_on, one.due_on, one.get_state_display(), one.attempts, one.done_on),
            one.get_result_display() if one.result else "",
            "; ".join(str(finding) for finding in one.findings.all()),
        ]


# one of them


class ActForm(forms.Form):
    """What somebody says with an act on an inspection."""

    use_required_attribute = False

    def __init__(self, *args: Any, inspection: Inspection, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)


class AssignForm(ActForm):
    def __init__(self, *args: Any, inspection: Inspection, user: User, **kwargs: Any) -> None:
        super().__init__(*args, inspection=inspection, user=user, **kwargs)
        people = User.objects.filter(within_branches(user), is_active=True, role__in=sorted(work.WORKING))
        self.fields["assignee"] = PersonField(
            label=gettext_lazy("who does it"),
            queryset=people.order_by("full_name", "username"),
            to_field_name="username",
            required=False,
            empty_label=gettext_lazy("nobody in particular"),
            initial=user.username if inspection.assignee is None and user.role in work.WORKING else None,
        )


def _day(label: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))


class OnAnotherDayForm(ActForm):
    due_on = _day(gettext_lazy("new day"))
    why = forms.CharField(label=gettext_lazy("why"), max_length=300)

    def clean_due_on(self) -> date:
        day: date = self.cleaned_data["due_on"]
        if day < timezone.localdate():
            raise forms.ValidationError(_("That is in the past."))
        return day


class TriedForm(OnAnotherDayForm):
    because = forms.ChoiceField(label=gettext_lazy("why not"), choices=NotDone.choices, widget=forms.RadioSelect)
    due_on = _day(gettext_lazy("tried again on"))
    why = text(gettext_lazy("note"), rows=2, most=500, required=False)
    field_order = ("because", "due_on", "why")


class CancelForm(ActForm):
    why = forms.CharField(label=gettext_lazy("why"), max_length=300)


ACTS: dict[str, tuple[Any, type[ActForm], frozenset[Any]]] = {
    "assign": (gettext_lazy("Give it to somebody"), AssignForm, work.WORKING),
    "tried": (gettext_lazy("Could not be done"), TriedForm, work.WORKING),
    "move": (gettext_lazy("Move to another day"), OnAnotherDayForm, work.WORKING | work.CANCELLING),
    "cancel": (gettext_lazy("Cancel it"), CancelForm, work.CANCELLING),
}
"""What can be done with an open inspection: the button, its form, and who may."""


def find(request: StaffRequest, pk: int) -> Inspection:
    rows = Inspection.objects.visible_to(request.user).named()
    return get_object_or_404(
        rows.select_related("origin__inspection", "plan__kind", "recorded_by", "account__premise"), pk=pk
    )


@login_required
@require_safe
@reading.lists_people("inspection")
def inspection(request: StaffRequest, pk: int) -> HttpResponse:
    """Everything about one: what, where, by when, whose, what happened so far and what it found."""
    return _show(request, find(request, pk))


def _show(
    request: StaffRequest, found: Inspection, opened: str = "", form: forms.Form | None = None, status: int = 200
) -> HttpResponse:
    acts = [
        (
            name,
            label,
            reverse(f"complaints:inspection-{name}", args=[found.pk]),
            form if name == opened else make(auto_id=f"{name}_%s", inspection=found, user=request.user),
        )
        for name, (label, make, allowed) in ACTS.items()
        if found.is_open and request.user.role in allowed and not (name == "cancel" and found.plan_id is None)
    ]
    findings = list(found.findings.select_related("complaint", "issue").prefetch_related("looks"))
    shown = set(
        Complaint.objects.visible_to(request.user).filter(inspection_findings__in=findings).values_list("pk", flat=True)
    )
    context = {
        "inspection": found,
        "events": found.events.select_related("by"),
        "findings": [(one, one.complaint_id in shown) for one in findings],
        "checked": _checked(found),
        "acts": acts,
        "opened": opened,
        "may_record": found.is_open and request.user.role in work.WORKING,
        "may_plan": request.user.role in plans.STEERING,
        "today": timezone.localdate(),
    }
    return render(request, "complaints/inspections/inspection.html", context, status=status)


def _checked(found: Inspection) -> list[tuple[str, str]]:
    """Each item of the checklist as it was answered, in its order and the language in use; what is no longer on it by its key."""
    language = "zh" if (get_language() or "").startswith("zh") else "en"
    names = {item["key"]: item[language] for item in (found.kind.items if found.kind else [])}
    keys = [key for key in {**names, **found.answers} if key in found.answers]
    return [(names.get(key, key), str(work.TICKS.get(found.answers[key], found.answers[key]))) for key in keys]


@login_required
@require_POST
def act(request: StaffRequest, pk: int, name: str) -> HttpResponse:
    """One of ACTS. What was typed stays on the form when it is refused."""
    found, (_label, make, allowed) = find(request, pk), ACTS[name]
    if request.user.role not in allowed:
        raise PermissionDenied(_("Inspections are worked on by investigators and supervisors."))
    form = make(request.POST, auto_id=f"{name}_%s", inspection=found, user=request.user)
    if not form.is_valid():
        return _show(request, found, name, form, status=422)
    try:
        _do(name, found, form.cleaned_data, by=request.user, seen=_seen(request))
    except Refusal as refused:
        field = next((one for one in refused.fields if one in form.fields), None)
        form.add_error(field, refused.message)
        return _show(request, find(request, pk), name, form, status=refused.status)
    messages.success(request, _("Saved."))
    return redirect("complaints:inspection", pk)


def _do(name: str, found: Inspection, said: dict[str, Any], *, by: User, seen: int | None) -> None:
    who: dict[str, Any] = {"by": by, "at": timezone.now(), "seen": seen}
    if name == "assign":
        work.assign(found, said["assignee"], **who)
    elif name == "move":
        work.move(found, said["due_on"], said["why"], **who)
    elif name == "tried":
        work.tried(found, said["because"], said["due_on"], said["why"], **who)
    else:
        work.cancel(found, said["why"], **who)


def _seen(request: StaffRequest) -> int | None:
    """The version of the inspection that the person looked at."""
    seen = request.POST.get("seen", "")
    return int(seen) if seen.isdecimal() and len(seen) < 10 else None


@login_required
@require_safe
def photo(request: StaffRequest, uuid: UUID) -> FileResponse:
    """The photo of a finding."""
    mine = Inspection.objects.visible_to(request.user)
    finding = get_object_or_404(InspectionFinding.objects.filter(inspection__in=mine).exclude(photo=""), uuid=uuid)
    # drawn anew from its pixels when it came in, so there is nothing for a scanner to find
    drawn = Attachment(file=finding.photo, name=f"{finding.uuid}", content_type=finding.photo_type)
    drawn.scan = ScanState.UNSCANNED
    return sent(drawn)
