"""Announcements: written, looked at with a count and a sample, released, moved, cancelled; and how far each saying is."""

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
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from complaints import announcements as rules
from complaints.field_types import CHOOSE
from complaints.models import SEGMENTS, Announcement, AnnouncementKind
from complaints.refusals import MoveRefused
from customers.models import Feeder, TransformerArea
from staff.http import StaffRequest
from staff.models import Branch
from staff.scope import within_branches

MOST = 100
MOMENT = "%Y-%m-%dT%H:%M"


def moment() -> forms.DateTimeInput:
    return forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT)


class DaysField(forms.CharField):
    """Whole numbers of days, separated by commas; at most five of them."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(super().has_changed(self.prepare_value(initial), data))

    def clean(self, value: Any) -> list[int]:
        parts = str(super().clean(value)).replace("，", ",").replace("、", ",").split(",")
        days = {part.strip() for part in parts if part.strip()}
        if not days or len(days) > 5 or not all(len(day) < 3 and day.isdecimal() and int(day) <= 60 for day in days):
            raise forms.ValidationError(_("Write up to five numbers of days, such as 7, 1."))
        return sorted({int(day) for day in days}, reverse=True)


class AnnouncementForm(forms.ModelForm):
    use_required_attribute = False
    days_before = DaysField(
        label=gettext_lazy("Said how many days before it"),
        help_text=gettext_lazy(
            "A planned outage is said 7 days before by law; a reminder the day before spares complaints."
        ),
    )

    class Meta:
        model = Announcement
        fields = (
            "kind",
            "branch",
            "feeder",
            "transformer_area",
            "segment",
            "starts_at",
            "ends_at",
            "text_zh",
            "text_en",
            "days_before",
        )
        widgets = {"starts_at": moment(), "ends_at": moment()} | {
            name: forms.Textarea(attrs={"rows": 3}) for name in ("text_zh", "text_en")
        }

    def __init__(self, *args: Any, request: StaffRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        user = request.user
        own = {
            "branch": Branch.objects.filter(path__startswith=user.branch.path)
            if user.branch
            else Branch.objects.none(),
            "feeder": Feeder.objects.filter(within_branches(user, "substation__branch")),
            "transformer_area": TransformerArea.objects.filter(within_branches(user)),
        }
        for name, rows in own.items():
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = rows
            field.empty_label = CHOOSE if field.required else _("all of it")
        self.fields["branch"].initial = user.branch
        kind, segment = self.fields["kind"], self.fields["segment"]
        assert isinstance(kind, forms.ChoiceField)
        assert isinstance(segment, forms.ChoiceField)
        kind.choices = AnnouncementKind.choices
        segment.choices = [("", _("all customers")), *SEGMENTS]
        self.fields["days_before"].initial = [7, 1]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        starts_at, ends_at = cleaned.get("starts_at"), cleaned.get("ends_at")
        if cleaned.get("kind") == AnnouncementKind.PLANNED_OUTAGE and "ends_at" not in self.errors:
            if ends_at is None:
                self.add_error("ends_at", _("Say when the power is back."))
            elif starts_at is not None and ends_at <= starts_at:
                self.add_error("ends_at", _("That is before it begins."))
        if starts_at is not None and starts_at <= timezone.now():
            self.add_error("starts_at", _("That is in the past."))
        if not (cleaned.get("text_zh") or cleaned.get("text_en")):
            self.add_error("text_zh", _("Write what customers should know, in one language at least."))
        return cleaned


class MoveForm(forms.Form):
    """When it takes place instead."""

    use_required_attribute = False

    starts_at = forms.DateTimeField(label=gettext_lazy("from"), widget=moment())
    ends_at = forms.DateTimeField(label=gettext_lazy("until"), required=False, widget=moment())


def _find(request: StaffRequest, pk: int) -> Announcement:
    _check(request)
    rows = Announcement.objects.visible_to(request.user).select_related(
        "branch", "feeder", "transformer_area", "issue", "created_by", "released_by", "cancelled_by"
    )
    return get_object_or_404(rows, pk=pk)


def _check(request: StaffRequest) -> None:
    if request.user.role not in rules.ANNOUNCING:
        raise PermissionDenied(_("Investigators, supervisors and administrators announce."))


@login_required
@require_safe
def announcements(request: StaffRequest) -> HttpResponse:
    """What was and will be announced, the latest first. Everybody may read it: customers ask about it."""
    rows = Announcement.objects.visible_to(request.user).select_related("branch", "feeder", "transformer_area")
    context = {"announcements": rows[:MOST], "may_announce": request.user.role in rules.ANNOUNCING}
    return render(request, "complaints/announcements.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def announcement_new(request: StaffRequest) -> HttpResponse:
    return _edit(request, None)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def announcement_edit(request: StaffRequest, pk: int) -> HttpResponse:
    """Only a draft: what is released is moved or cancelled, so that whoever was told hears of it."""
    found = _find(request, pk)
    if found.released_at is not None:
        return redirect("complaints:announcement", pk)
    return _edit(request, found)


def _edit(request: StaffRequest, found: Announcement | None) -> HttpResponse:
    _check(request)
    form = AnnouncementForm(request.POST or None, instance=found, request=request)
    if request.method != "POST" or not form.is_valid():
        context = {"form": form, "announcement": found}
        return render(request, "complaints/announcement_edit.html", context, status=422 if form.errors else 200)
    draft = form.save(commit=False)
    if found is None:
        draft.created_by = request.user
        draft.save()
    elif not rules.save_draft(draft):
        messages.error(request, _("Somebody has released it meanwhile. Move or cancel it instead."))
    return redirect("complaints:announcement", draft.pk)


@login_required
@require_safe
def announcement(request: StaffRequest, pk: int) -> HttpResponse:
    """A draft with whom it would reach and what they would read; a released one with how far each occasion is."""
    found = _find(request, pk)
    if request.htmx:
        return render(request, "complaints/_sayings.html", _sayings(found))
    return _page(request, found)


def _page(request: StaffRequest, found: Announcement, form: MoveForm | None = None, refused: str = "") -> HttpResponse:
    now = timezone.now()
    context = {
        "announcement": found,
        "reach": rules.reach(found) if found.released_at is None else None,
        "samples": rules.samples(found),
        "is_late": found.kind == AnnouncementKind.PLANNED_OUTAGE and found.say_at(7) < now,
        "move_form": form or MoveForm(initial={"starts_at": found.starts_at, "ends_at": found.ends_at}),
        "may_change": found.released_at is not None and found.cancelled_at is None,
        "refused": refused,
        **_sayings(found),
    }
    return render(request, "complaints/announcement.html", context, status=422 if form or refused else 200)


def _sayings(found: Announcement) -> dict[str, Any]:
    sayings = list(found.sayings.all())
    now = timezone.now()
    is_going_on = any(one.finished_at is None and one.say_at <= now for one in sayings)
    return {
        "announcement": found,
        "sayings": sayings,
        "is_going_on": is_going_on,
        "customers": rules.touched(found).count() if is_going_on else 0,
    }


@login_required
@require_POST
def announcement_release(request: StaffRequest, pk: int) -> HttpResponse:
    found = _find(request, pk)
    try:
        rules.release(found, by=request.user, at=timezone.now())
    except MoveRefused as refused:
        return _page(request, found, refused=refused.message)
    messages.success(request, _("Released. It is said at its times; you may leave this page."))
    return redirect("complaints:announcement", pk)


@login_required
@require_POST
def announcement_move(request: StaffRequest, pk: int) -> HttpResponse:
    found = _find(request, pk)
    form = MoveForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form)
    try:
        rules.move(found, **form.cleaned_data, by=request.user, at=timezone.now())
    except MoveRefused as refused:
        form.add_error(next(iter(refused.fields), None), refused.message)
        return _page(request, found, form)
    messages.success(request, _("Moved. Whoever was told is being told."))
    return redirect("complaints:announcement", pk)


@login_required
@require_POST
def announcement_cancel(request: StaffRequest, pk: int) -> HttpResponse:
    found = _find(request, pk)
    try:
        rules.cancel(found, by=request.user, at=timezone.now())
    except MoveRefused as refused:
        return _page(request, found, refused=refused.message)
    messages.success(request, _("Cancelled. Whoever was told is being told."))
    return redirect("complaints:announcement", pk)
