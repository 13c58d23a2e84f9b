"""The pages of working calendars: which there are, one year of one, and a new version with its preview."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from complaints import outbox
from complaints.clocks import arrangements, calendar_shown, calendar_versions, shown, whatif
from complaints.clocks.calendar_versions import Draft
from complaints.clocks.calendars import ImpossibleCalendar, WorkingCalendar
from complaints.clocks.limits import Limit, Unit
from complaints.models import Calendar, PolicyLimit
from complaints.refusals import BadInput, ChangedMeanwhile
from complaints.views.calendar_forms import (
    MOMENT,
    CalendarForm,
    ExceptionForms,
    ImportForm,
    ProposalForm,
    QuestionForm,
)
from staff import utility
from staff.http import StaffRequest

SAMPLES = ("1wd", "5wd", "10wd", "8wh")
"""Limits to try a calendar with that no policy uses yet."""
MOST_SAMPLES = 8


@dataclass(frozen=True, slots=True)
class Compared:
    """One limit by the version in force and by the one proposed, in words."""

    limit: str
    before: str
    after: str
    is_different: bool


def may_steer(request: StaffRequest) -> bool:
    return utility.may_change(request.user)


def for_steering(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Everybody of the desk sees the calendars; who keeps the settings of the utility changes them."""

    @login_required
    @wraps(view)
    def guarded(request: StaffRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        utility.require_change(request.user)
        return view(request, *args, **kwargs)

    return guarded


@require_safe
@login_required
def calendars(request: StaffRequest) -> HttpResponse:
    """Which there are, until when each is certain, and how much hangs on it."""
    uses, ticking = calendar_versions.uses(), calendar_versions.ticking()
    running_out = calendar_versions.calendars_running_out(timezone.localdate())
    short = {one.calendar.code for one in running_out}
    rows = [
        {
            "calendar": one,
            "working": one.working_calendar(),
            "policies": uses.get(one.code, 0),
            "clocks": ticking.get(one.code, 0),
            "is_short": one.code in short,
        }
        for one in calendar_versions.newest()
    ]
    context = {
        "rows": rows,
        "running_out": running_out,
        # the tab's count, which otherwise would be asked for a second time
        "calendars_to_renew": str(len(running_out) or "") if may_steer(request) else "",
        "may_steer": may_steer(request),
    }
    return render(request, "complaints/calendars.html", context)


@require_safe
@login_required
def calendar(request: StaffRequest, code: str) -> HttpResponse:
    """One version of a calendar, a year at a time; the what-if beside it speaks of the version shown."""
    versions = list(Calendar.objects.filter(code=code).order_by("-version").select_related("made_by"))
    chosen = request.GET.get("version") or (versions[0].version if versions else "")
    current = next((one for one in versions if str(one.version) == str(chosen)), None)
    if current is None:
        raise Http404
    working, today = current.working_calendar(), timezone.localdate()
    first, last = calendar_versions.years_of(working, today)
    asked = request.GET.get("year", "")
    number = int(asked) if asked in map(str, range(first, last + 1)) else today.year
    form, answers = _asked(request, current)
    running_out = calendar_versions.calendars_running_out(today) if current == versions[0] else []
    context = {
        "calendar": current,
        "working": working,
        "is_newest": current == versions[0],
        "versions": versions,
        "week": calendar_shown.week_of(working),
        "months": calendar_shown.year(working, current.rules, number),
        "heads": calendar_shown.weekday_heads(),
        "legend": [(kind, calendar_shown.MARKS.get(kind, ""), words) for kind, words in calendar_shown.KINDS.items()],
        "exceptions": calendar_shown.exceptions(working, current.rules, number),
        "year": number,
        "years": range(first, last + 1),
        "is_year_known": working.covers_until is None or working.covers_until.year >= number,
        "running_out": [one for one in running_out if one.calendar == current],
        "form": form,
        "answers": answers,
        "may_steer": may_steer(request),
    }
    return render(request, "complaints/calendar.html", context, status=422 if form.errors else 200)


def _asked(request: StaffRequest, current: Calendar) -> tuple[QuestionForm, list[Any]]:
    """The question beside the calendar, and its answer once there is one."""
    usual = {"limit": "5wd", "start": timezone.localtime().strftime(MOMENT)}
    form = QuestionForm(request.GET) if "limit" in request.GET else QuestionForm(initial=usual)
    if not form.is_bound or not form.is_valid():
        return form, []
    said = form.cleaned_data
    question = whatif.Question(start=said["start"], limit=said["limit"], calendar=f"{current.code}@{current.version}")
    try:
        found = whatif.answer(question)
    except BadInput as refused:
        form.add_error("limit", refused.message)
        return form, []
    return form, [
        (one, shown.due_sentence(one), one.guessed_after and calendar_shown.guess_sentence(one.guessed_after))
        for one in found
    ]


@for_steering
def calendar_new(request: StaffRequest) -> HttpResponse:
    if request.method == "POST" and "rules" in request.POST:
        said = _proposal(request).cleaned_data
        return _edit(request, None, said["rules"], {**said, "code": request.POST.get("code", "")}, again=True)
    return _edit(request, None, {"timezone": timezone.get_current_timezone_name(), "week": {}}, {})


@for_steering
def calendar_edit(request: StaffRequest, code: str) -> HttpResponse:
    """The version in force as a form; coming back from the preview, what was proposed there."""
    current = _newest(code)
    names = {"name_zh": current.name_zh, "name_en": current.name_en}
    if request.method == "POST" and "rules" in request.POST:
        said = _proposal(request).cleaned_data
        return _edit(request, current, said["rules"], said, again=True)
    return _edit(request, current, current.rules, names)


def _edit(
    request: StaffRequest, current: Calendar | None, rules: Any, names: dict[str, Any], *, again: bool = False
) -> HttpResponse:
    """The form, or the preview of what was typed. `again` shows a proposal in the form; the base is still `current`."""
    base = current.rules if current and not again else rules
    typed = None if again or request.method != "POST" else request.POST
    if typed is not None and "base" in typed:
        base = _base(typed["base"], base)
    initial: dict[str, Any] = {
        **calendar_shown.week_typed(rules),
        "timezone": rules.get("timezone", ""),
        "covers_until": rules.get("covers_until", ""),
        "seen": current.version if current else 0,
        **{name: names[name] for name in ("seen", "code", "name_zh", "name_en") if name in names},
    }
    form = CalendarForm(typed, current=current, rules=base, initial=initial)
    added = ExceptionForms(typed, prefix="added")
    if typed is not None and form.is_valid() and added.is_valid():
        try:
            return _preview(request, form.draft([one for one in added if one.has_changed()]))
        except ImpossibleCalendar as error:
            form.add_error(None, str(error))
    context = {"calendar": current, "form": form, "added": added, "base": json.dumps(base, ensure_ascii=False)}
    has_errors = bool(form.errors) or (added.is_bound and not added.is_valid())
    return render(request, "complaints/calendar_edit.html", context, status=422 if has_errors else 200)


@for_steering
def calendar_import(request: StaffRequest, code: str) -> HttpResponse:
    """A year's arrangement into the newest version, shown before it is saved."""
    current = _newest(code)
    until = current.working_calendar().covers_until
    initial = {"year": until.year + 1 if until else timezone.localdate().year}
    form = ImportForm(request.POST or None, request.FILES or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        merged = arrangements.merge(current.rules, form.cleaned_data["arrangement"])
        draft = Draft(code, current.name_zh, current.name_en, merged.rules, current.version)
        return _preview(request, draft, notes=merged.warnings)
    context = {"calendar": current, "form": form}
    return render(request, "complaints/calendar_import.html", context, status=422 if form.errors else 200)


@require_POST
@for_steering
def calendar_preview(request: StaffRequest, code: str) -> HttpResponse:
    """The same proposal again, tried with another limit or start."""
    form = _proposal(request)
    return _preview(request, form.draft(code), form=form)


@require_POST
@for_steering
def calendar_save(request: StaffRequest, code: str) -> HttpResponse:
    form = _proposal(request)
    draft = form.draft(code)
    try:
        saved = calendar_versions.save_version(draft, by=request.user, reason=form.cleaned_data.get("reason", ""))
    except (BadInput, ChangedMeanwhile) as refused:
        form.add_error(refused.fields[0] if refused.fields else None, refused.message)
        return _preview(request, draft, form=form, status=refused.status)
    words = {"name": saved.name, "version": saved.version}
    messages.success(request, _("%(name)s is saved as version %(version)d; new clocks count by it.") % words)
    return redirect("complaints:calendar", saved.code)


def _newest(code: str) -> Calendar:
    return get_object_or_404(calendar_versions.newest(), code=code)


def _proposal(request: StaffRequest) -> ProposalForm:
    """What the preview carries. Nobody types it, so a broken one is refused as a whole; the reason is asked on saving."""
    form = ProposalForm(request.POST)
    if set(form.errors) & {"seen", "name_zh", "name_en", "rules"}:
        raise BadInput(_("The proposal cannot be read. Open the calendar and change it again."))
    form.errors.pop("reason", None)
    return form


def _base(text: str, otherwise: Any) -> Any:
    """The rules that a form was filled from, when it came back from a preview."""
    carried = ProposalForm({"rules": text})
    return otherwise if "rules" in carried.errors else carried.cleaned_data["rules"]


def _preview(
    request: StaffRequest,
    draft: Draft,
    *,
    notes: Iterable[str] = (),
    form: ProposalForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """What would be different, and when things would be due by it. Nothing is saved here."""
    proposed = draft.working_calendar()
    current = Calendar.objects.filter(code=draft.code).order_by("-version").first()
    in_force = current.working_calendar() if current else None
    if form is None:
        values = {"seen": draft.seen, "name_zh": draft.name_zh, "name_en": draft.name_en, "rules": draft.rules}
        start = timezone.localtime().strftime(MOMENT)
        form = ProposalForm(initial={**values, "notes": list(notes), "start": start})
    else:
        notes = form.cleaned_data.get("notes") or ()
    is_new_name = current is not None and (current.name_zh, current.name_en) != (draft.name_zh, draft.name_en)
    context = {
        "code": draft.code,
        "name": draft.name_zh if request.LANGUAGE_CODE.startswith("zh") else draft.name_en,
        "calendar": current,
        "version": draft.seen + 1,
        "differences": calendar_shown.differences(in_force, proposed),
        "is_new_name": is_new_name,
        "moved": calendar_versions.would_move(proposed) if current else None,
        "compared": _compared(form, draft.code, in_force, proposed),
        "notes": notes,
        "form": form,
        "again_url": reverse("complaints:calendar-edit", args=[draft.code])
        if current
        else reverse("complaints:calendar-new"),
    }
    return render(request, "complaints/calendar_preview.html", context, status=status if status != 200 else _ok(form))


def _ok(form: ProposalForm) -> int:
    return 422 if form.is_bound and form.errors else 200


def _compared(
    form: ProposalForm, code: str, in_force: WorkingCalendar | None, proposed: WorkingCalendar
) -> list[Compared]:
    """The limits that policies count by this calendar, and the one asked about, before and after."""
    said = form.cleaned_data if form.is_bound else {}
    start = said.get("start") or timezone.localtime().replace(second=0, microsecond=0)
    used = PolicyLimit.objects.filter(policy__is_current=True, calendar=code).exclude(limit="-")
    limits = sorted(set(used.values_list("limit", flat=True)), key=_length)[:MOST_SAMPLES] or list(SAMPLES)
    if asked := said.get("limit"):
        limits = [asked, *[limit for limit in limits if limit != asked]]
    rows = []
    for limit in limits:
        try:
            due = [
                whatif.answer(whatif.Question(start=start, limit=limit, using=one))[0] if one else None
                for one in (in_force, proposed)
            ]
        except BadInput as refused:
            form.add_error("limit", refused.message)
            continue
        before, after = (outbox.spoken(one.due_at) if one else "" for one in due)
        rows.append(Compared(shown.limit_words(limit), before, after, before != after))
    return rows


def _length(limit: str) -> tuple[bool, timedelta, str]:
    """Working time first, then calendar days; the short before the long."""
    parsed = Limit.parse(limit)
    return parsed.unit == Unit.CALENDAR_DAY, parsed.duration, limit
