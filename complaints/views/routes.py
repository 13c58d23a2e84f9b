"""The routing rules: which team gets a complaint, what a change would do, and a what-if that writes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from complaints import route_editing, route_words
from complaints.models import RoutingChange, RoutingRule
from complaints.refusals import MoveRefused
from complaints.route_forms import RuleForm, WhatIfForm
from complaints.routing import Facts, Routes
from staff import roster as rosters
from staff import utility
from staff.http import StaffRequest

ON_THE_LIST = 20
"""Changes that the list shows; a rule's own page shows all of its own."""
FIRST_RANK = 30


@require_safe
@login_required
def routes(request: StaffRequest) -> HttpResponse:
    """The rules in the order in which they are tried; with facts in the address also which one answers, and why."""
    tried = Routes(RoutingRule.objects.in_use().named())
    hits = route_editing.hits(tried, route_editing.groups(timezone.now() - route_editing.HITS))
    form = _what_if(request)
    answer = _answer(tried, form.facts()) if form.is_bound and form.is_valid() else None
    lines = [{"rule": rule, "sentence": route_words.sentence(rule), "hits": hits[rule.pk]} for rule in tried.rules]
    context = {
        "lines": lines,
        "by_none": hits[None],
        "retired": [(rule, route_words.sentence(rule)) for rule in RoutingRule.objects.filter(is_active=False).named()],
        "form": form,
        "answer": answer,
        "changes": _told(RoutingChange.objects.select_related("rule", "by")[:ON_THE_LIST]),
        "may_steer": utility.may_change(request.user),
    }
    return render(request, "complaints/routes.html", context, status=422 if form.errors else 200)


def _what_if(request: StaffRequest) -> WhatIfForm:
    branches = rosters.branches_shown_to(request.user)
    if "branch" in request.GET:
        return WhatIfForm(request.GET, branches=branches)
    own = request.user.branch
    return WhatIfForm(branches=branches, initial={"branch": own.code if own else "", "channel": "phone"})


def _answer(tried: Routes, facts: Facts) -> dict[str, Any]:
    """The rule that answers, its team, and of each other rule why it did not."""
    rule, team = tried.answer(facts)
    others, is_past = [], False
    for trial in tried.trials(facts):
        if rule is not None and trial.rule.pk == rule.pk:
            is_past = True
            continue
        why = route_words.why_not(trial) or (_("It fits too, but an earlier rule answers.") if is_past else "")
        others.append((route_words.sentence(trial.rule), why))
    return {"rule": rule, "sentence": route_words.sentence(rule) if rule else "", "team": team, "others": others}


@login_required
def route(request: StaffRequest, code: str = "") -> HttpResponse:
    """Add a rule or change one: the first press shows what it would have changed, the second saves it."""
    _check(request)
    rule = get_object_or_404(RoutingRule.objects.named(), code=code) if code else RoutingRule(rank=FIRST_RANK)
    title = route_words.sentence(rule) if code else _("New rule")
    changes = _told(rule.changes.select_related("rule", "by")) if code else []
    form = RuleForm(request.POST or None, rule=rule)
    seen, effect, status = route_editing.last_change(rule) if code else 0, None, 200
    if request.method == "POST":
        seen = _number(request.POST.get("seen", ""))
        if not form.is_valid():
            status = 422
        elif "save" in request.POST:
            try:
                saved = route_editing.change(form.filled(), by=request.user, at=timezone.now(), seen=seen)
            except MoveRefused as refused:
                form.add_error(None, refused.message)
                seen, status = route_editing.last_change(rule), refused.status
            else:
                words = _("Saved. It holds for every complaint from now on: %(rule)s")
                messages.success(request, words % {"rule": route_words.sentence(saved)})
                return redirect("complaints:routes")
        else:
            effect = route_editing.effect(form.filled(), at=timezone.now())
    context = {"rule": rule if code else None, "title": title, "form": form, "seen": seen, "effect": effect}
    if effect:
        context["wanted"] = route_words.sentence(rule)
    return render(request, "complaints/route.html", context | {"changes": changes}, status=status)


@login_required
@require_POST
def route_act(request: StaffRequest, code: str, act: str) -> HttpResponse:
    """Earlier, later, out of use, into use again: one press each."""
    _check(request)
    rule = get_object_or_404(RoutingRule.objects.named(), code=code)
    at, words = timezone.now(), {"rule": route_words.sentence(rule)}
    if act in ("up", "down"):
        if route_editing.move(rule, -1 if act == "up" else 1, by=request.user, at=at):
            said = _("Tried earlier now: %(rule)s") if act == "up" else _("Tried later now: %(rule)s")
            messages.success(request, said % words)
        else:
            messages.warning(request, _("It cannot go further: %(rule)s") % words)
    elif act == "retire":
        if route_editing.retire(rule, by=request.user, at=at):
            messages.success(request, _("Out of use: %(rule)s") % words)
    elif route_editing.restore(rule, by=request.user, at=at):
        messages.success(request, _("In use again: %(rule)s") % words)
    return redirect("complaints:routes")


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 18 else 0


def _check(request: StaffRequest) -> None:
    utility.require_change(request.user)


def _told(changes: Iterable[RoutingChange]) -> list[dict[str, Any]]:
    """Each change with the sentence before and after, where the sentence changed, and the rank where only that did."""
    rows = list(changes)
    said = route_words.sentences(
        [facts for row in rows for facts in (row.before or row.after, row.after or row.before)]
    )
    told = []
    for number, row in enumerate(rows):
        before, after = said[2 * number], said[2 * number + 1]
        if set(row.after) == {"rank"}:
            before = after = route_words.sentence(row.rule)
        told.append(
            {
                "change": row,
                "after": after,
                "before": before if before != after else "",
                "ranks": (row.before.get("rank"), row.after.get("rank"))
                if row.before and row.before.get("rank") != row.after.get("rank")
                else None,
            }
        )
    return told
