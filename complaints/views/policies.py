"""The policies: what is promised to whom, how it came to be so, a change with what it would do, and moving what runs."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.http import require_POST, require_safe

from complaints import policy_editing, retargeting
from complaints.clocks import shown
from complaints.clocks.ledger import State
from complaints.clocks.policies import NO_PROMISE
from complaints.models import Channel, Clock, Policy, PolicyLimit, Retargeting
from complaints.policy_forms import FACTS, STARTS, Editing, choices_of_facts
from complaints.refusals import MoveRefused
from staff import utility
from staff.http import StaffRequest

TICKING = Q(clocks__state__in=[State.RUNNING, State.PAUSED])


@require_safe
@login_required
def policies(request: StaffRequest) -> HttpResponse:
    """Every policy in force, the widest first; `category` and `channel` leave those that could hold for such complaints."""
    facts = choices_of_facts()
    asked = {name: request.GET.get(name, "") for name in ("category", "channel")}
    rows = Policy.objects.filter(is_current=True).prefetch_related("limits").order_by("code")
    lines = [_line(policy, facts) for policy in rows if _could_hold(policy, asked)]
    context = {
        "lines": sorted(lines, key=lambda line: (len(line["policy"].match), line["policy"].code)),
        "categories": facts["category"],
        "channels": Channel.choices,
        "asked": asked,
        "may_steer": utility.may_change(request.user),
        "under_way": Retargeting.objects.filter(finished_at__isnull=True).first(),
    }
    return render(request, "complaints/policies.html", context)


def _could_hold(policy: Policy, asked: dict[str, str]) -> bool:
    return all(not value or value in policy.match.get(name, [value]) for name, value in asked.items())


def _line(policy: Policy, facts: dict[str, list[tuple[str, Any]]]) -> dict[str, Any]:
    return {
        "policy": policy,
        "whom": whom(policy.match, facts),
        "promises": [_promise(one) for one in policy.limits.all()],
    }


def whom(match: dict[str, list[str]], facts: dict[str, list[tuple[str, Any]]]) -> list[tuple[Any, str]]:
    """For which complaints, in words: the fact and the values it may have."""
    return [
        (FACTS[name], _(" or ").join(str(dict(facts[name]).get(value, value)) for value in values))
        for name, values in match.items()
    ]


def _promise(limit: PolicyLimit) -> dict[str, Any]:
    is_made = limit.limit != NO_PROMISE
    return {
        "label": Clock(kind=limit.kind, tier=limit.tier).label,
        "words": _limit_words(limit.limit),
        "is_made": is_made,
        "is_mean": limit.statistic == "mean",
        "starts": dict(STARTS)[limit.starts] if limit.starts != "received" else "",
        "warn": _marks(limit.warn),
        "escalate": _marks(limit.escalate),
        "extension": shown.limit_words(limit.extension) if limit.extension else "",
        "limit": limit,
    }


def _marks(marks: Iterable[str]) -> str:
    """When a clock warns or reminds, in words: a share of the limit stays a share."""
    return pgettext("between names", ", ").join(
        mark if mark.endswith("%") else shown.limit_words(mark) for mark in marks
    )


def _limit_words(limit: str | None) -> str:
    return shown.limit_words(limit) if limit and limit != NO_PROMISE else _("no such promise")


@require_safe
@login_required
def policy(request: StaffRequest, code: str) -> HttpResponse:
    """One policy: what it promises now, and every version there was, with who changed it and why."""
    versions = list(
        Policy.objects.filter(code=code)
        .select_related("made_by")
        .prefetch_related("limits")
        .annotate(ticking=Count("clocks", filter=TICKING))
        .order_by("-version")
    )
    newest = get_object_or_404(Policy, code=code, version=versions[0].version if versions else 0)
    facts = choices_of_facts()
    context = {
        "policy": newest,
        "whom": whom(newest.match, facts),
        "promises": [_promise(one) for one in newest.limits.all()],
        "versions": [
            (one, _difference(before, one)) for one, before in zip(versions, [*versions[1:], None], strict=True)
        ],
        "may_steer": utility.may_change(request.user),
        "behind": sum(one.ticking for one in versions[1:]),
    }
    return render(request, "complaints/policy.html", context)


def _difference(before: Policy | None, after: Policy) -> list[str]:
    """What a version changed, promise by promise."""
    if before is None:
        return []
    old = {(one.kind, one.tier): one.limit for one in before.limits.all()}
    new = {(one.kind, one.tier): one.limit for one in after.limits.all()}
    return [
        _("%(clock)s: %(before)s → %(after)s")
        % {
            "clock": Clock(kind=key[0], tier=key[1]).label,
            "before": _limit_words(old.get(key)),
            "after": _limit_words(new.get(key)),
        }
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    ]


@login_required
def policy_edit(request: StaffRequest, code: str = "") -> HttpResponse:
    """Change a policy or write a new one: first shown what it would do, then saved by a second press."""
    _check(request)
    found = get_object_or_404(Policy, code=code, is_current=True) if code else None
    if request.method != "POST":
        return _edit_page(request, Editing(found))
    editing = Editing(found, request.POST)
    if "add" in request.POST:
        return _edit_page(request, editing.add_row(request.POST))
    draft = editing.draft()
    if draft is None:
        return _edit_page(request, editing, status=422)
    if "save" not in request.POST:
        return _edit_page(request, editing, effect=policy_editing.effect(draft.code, draft))
    saved = policy_editing.save(draft, by=request.user, reason=editing.form.cleaned_data["reason"])
    messages.success(
        request,
        _("Version %(version)d of “%(name)s” holds from now on.") % {"version": saved.version, "name": saved.name},
    )
    return redirect("complaints:policy", saved.code)


def _edit_page(request: StaffRequest, editing: Editing, *, effect: Any = None, status: int = 200) -> HttpResponse:
    context = {"policy": editing.policy, "form": editing.form, "limits": editing.limits, "effect": _spoken(effect)}
    return render(request, "complaints/policy_edit.html", context, status=status)


def _spoken(effect: policy_editing.Effect | None) -> dict[str, Any] | None:
    """What a change would do, in words."""
    if effect is None:
        return None
    return {
        "complaints": effect.complaints,
        "shifts": [
            (
                Clock(kind=one.kind, tier=one.tier).label,
                _limit_words(one.before),
                _limit_words(one.after),
                one.count,
            )
            for one in effect.shifts
        ],
        "running": effect.running,
    }


class ReasonForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=300)


@login_required
def policy_retire(request: StaffRequest, code: str) -> HttpResponse:
    """Take a policy out of force, after seeing what that would do."""
    _check(request)
    found = get_object_or_404(Policy, code=code, is_current=True)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        policy_editing.retire(found, by=request.user, reason=form.cleaned_data["reason"])
        messages.success(request, _("“%(name)s” is out of force. Clocks that run keep it.") % {"name": found.name})
        return redirect("complaints:policies")
    context = {"policy": found, "form": form, "effect": _spoken(policy_editing.effect(found.code, None))}
    return render(request, "complaints/policy_retire.html", context, status=422 if form.errors else 200)


@login_required
def retarget(request: StaffRequest) -> HttpResponse:
    """Move what runs to the policies now in force: `policy` once for each, or none for all. Shown first, then decided."""
    _check(request)
    codes = [code for code in request.GET.getlist("policy") if Policy.objects.filter(code=code).exists()]
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            run = retargeting.start(codes, reason=form.cleaned_data["reason"], by=request.user)
        except MoveRefused as refused:
            form.add_error(None, refused.message)
        else:
            return redirect("complaints:retargeting", run.pk)
    context = {
        "form": form,
        "chosen": Policy.objects.filter(code__in=codes, is_current=True),
        "preview": retargeting.preview(codes),
        "earlier_runs": Retargeting.objects.select_related("asked_by")[:10],
    }
    return render(request, "complaints/retarget.html", context, status=422 if form.errors else 200)


@require_safe
@login_required
def retargeting_run(request: StaffRequest, pk: int) -> HttpResponse:
    """How far a retargeting is; what it moved, as a table to take away (`?format=csv`)."""
    run = get_object_or_404(Retargeting.objects.select_related("asked_by", "stopped_by"), pk=pk)
    if request.GET.get("format") == "csv":
        return _csv(retargeting.outcome(run))
    context = {"run": run, "may_steer": utility.may_change(request.user), "now": timezone.now()}
    name = "_retargeting" if request.htmx else "retargeting"
    return render(request, f"complaints/{name}.html", context)


def _csv(rows: Iterable[tuple[str, str, str, str]]) -> HttpResponse:
    answer = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="moved-clocks.csv"'
    writer = csv.writer(answer)
    writer.writerow([_("Reference"), _("Clock"), _("due before"), _("due now")])
    writer.writerows(rows)
    return answer


@login_required
@require_POST
def retargeting_stop(request: StaffRequest, pk: int) -> HttpResponse:
    _check(request)
    run = get_object_or_404(Retargeting, pk=pk)
    retargeting.stop(run, by=request.user)
    messages.success(request, _("Stopped. What was moved stays moved."))
    return redirect("complaints:retargeting", pk)


def _check(request: StaffRequest) -> None:
    utility.require_change(request.user)
