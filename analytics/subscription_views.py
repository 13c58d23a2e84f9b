"""Reports that come by themselves: who gets which, made from a report with its filters, changed, paused and tried out."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.db.models import Max, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from analytics import subscriptions
from analytics.models import Rhythm, Span, Subscription
from analytics.periods import Period
from analytics.reports import all_reports
from analytics.schedule import period_of
from analytics.subscription_forms import SubscriptionForm
from analytics.views import for_overseers
from complaints.refusals import Refusal
from staff.http import StaffRequest

SHOWN, LAST = 200, 12


@for_overseers
@require_safe
def mine(request: StaffRequest) -> HttpResponse:
    """What comes to this person, and what this person lets come to others."""
    visible = Subscription.objects.visible_to(request.user)
    sent = Max("postings__due_at", filter=Q(postings__notice__isnull=False, postings__asked_by__isnull=True))
    rows = visible.kept().select_related("subscriber", "made_by").annotate(last_sent=sent)[:SHOWN]
    deleted = request.GET.get("deleted", "")
    context = {
        "subscriptions": [_shown(row) for row in rows],
        "deleted": visible.filter(pk=deleted, deleted_at__isnull=False).first() if _is_key(deleted) else None,
    }
    return render(request, "analytics/subscriptions.html", context)


def _is_key(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 18


def _shown(row: Subscription) -> dict[str, Any]:
    return {"row": row, "titles": subscriptions.titles(row), "when": spoken(row)}


def spoken(row: Subscription) -> str:
    """When it comes, in words."""
    said = {"hour": f"{row.hour:02d}:00", "weekday": WEEKDAYS[row.weekday - 1], "day": row.day}
    if row.rhythm == Rhythm.WEEKLY:
        return _("Every week on %(weekday)s at %(hour)s") % said
    if row.rhythm == Rhythm.MONTHLY:
        return _("Every month on day %(day)s at %(hour)s") % said
    return _("Every day at %(hour)s") % said


@for_overseers
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: StaffRequest) -> HttpResponse:
    """A report's address becomes a subscription to it, for this person unless another is chosen."""
    given = {name: request.GET[name][:40] for name in subscriptions.FILTERS if request.GET.get(name)}
    fresh = Subscription(subscriber=request.user, made_by=request.user, filters=given, language=request.user.language)
    today = timezone.localdate()
    report = request.GET.get("report", "")
    usual = {"reports": [report] if report in all_reports() else [], "starts_on": today, "span": _span(request, today)}
    form = SubscriptionForm(request.POST or None, instance=fresh, user=request.user, initial=usual)
    if request.method == "POST" and form.is_valid() and _kept(form):
        messages.success(request, _("Saved. The first one comes %(when)s.") % {"when": _moment(form.instance)})
        return redirect("analytics:subscription", form.instance.pk)
    status = 422 if request.method == "POST" else 200
    return render(request, "analytics/subscription_new.html", {"form": form}, status=status)


def _span(request: StaffRequest, today: date) -> str:
    """The days of the report's address, seen from today; where they have no name, the last 90."""
    first, last = (parse_date(request.GET.get(name, "")) if request.GET.get(name) else None for name in ("from", "to"))
    if first is None or last is None:
        return Span.LAST_MONTH.value
    asked = Period(first, last)
    return next((span.value for span in Span if period_of(span, today) == asked), Span.DAYS_90.value)


def _moment(row: Subscription) -> str:
    return f"{timezone.localtime(row.next_at):%Y-%m-%d %H:%M}" if row.next_at else "–"


def _kept(form: SubscriptionForm) -> bool:
    """Save it; what cannot be stands beside its field."""
    try:
        subscriptions.keep(form.instance)
    except Refusal as refused:
        form.add_error(next((name for name in refused.fields if name in form.fields), None), refused.message)
        return False
    return True


def _found(request: StaffRequest, pk: int) -> Subscription:
    rows = Subscription.objects.visible_to(request.user).select_related("subscriber__branch", "made_by")
    return get_object_or_404(rows, pk=pk, deleted_at__isnull=True)


@for_overseers
@require_http_methods(["GET", "HEAD", "POST"])
def subscription(request: StaffRequest, pk: int) -> HttpResponse:
    """One subscription: what it is, each time that it came, and the form that changes it."""
    found = _found(request, pk)
    form = SubscriptionForm(request.POST or None, instance=_found(request, pk), user=request.user)
    if request.method == "POST" and form.is_valid() and _kept(form):
        messages.success(request, _("Saved."))
        return redirect("analytics:subscription", pk)
    context = {
        **_shown(found),
        "form": form,
        "postings": found.postings.select_related("notice", "asked_by")[:LAST],
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "analytics/subscription.html", context, status=status)


@for_overseers
@require_POST
def act(request: StaffRequest, pk: int, what: str) -> HttpResponse:
    """Pause it, let it go on, put it away, bring it back, or have one sent to oneself now."""
    if what == "restore":
        rows = Subscription.objects.visible_to(request.user).filter(deleted_at__isnull=False)
        subscriptions.bring_back(get_object_or_404(rows, pk=pk))
        return redirect("analytics:subscription", pk)
    found = _found(request, pk)
    if what == "delete":
        subscriptions.delete(found)
        return redirect(f"{reverse('analytics:subscriptions')}?deleted={pk}")
    if what == "now":
        subscriptions.send_now(found, by=request.user)
        messages.success(request, _("It is being made and comes by e-mail in a minute, with what you may see."))
    elif what == "pause":
        subscriptions.pause(found)
    elif what == "resume":
        subscriptions.resume(found)
    else:
        raise Http404
    return redirect("analytics:subscription", pk)
