"""Reports that come by themselves. What is due becomes a row (Posting), and each row becomes one mail in the outbox.

    due -> (come_due) a posting, and the next moment -> (make) the PDF and its notice, in one transaction -> the outbox sends it

A worker that dies at any moment leaves either what was there before or what was to be there after; two of them take one row after
the other. After an outage only the newest moment is sent, and the mail says how many were left out.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics import schedule
from analytics.export_subjects import MAY_TAKE
from analytics.filters import Chosen
from analytics.models import Posting, Subject, Subscription
from analytics.paper import Page, pdf
from analytics.periods import Granularity, Period
from analytics.reports import all_reports
from analytics.reports.base import Report, filters_for
from analytics.trust import trust
from complaints import database_clock, reports_told
from complaints.refusals import BadInput, Refusal
from staff.models import User

READING = MAY_TAKE[Subject.BEHIND]
"""Those who read the reports at the desk."""
FILTERS = ("granularity", "by", "category", "channel", "branch", "compare")


def chosen_of(report: Report, subscription: Subscription, user: User, period: Period, at: datetime) -> Chosen:
    """The filters as this person understands them. Raises BadInput when one of them means nothing to the person.

    What another report can be cut by or compared with, this one may not know; then it takes its own usual way.
    """
    said = {name: text for name, text in subscription.filters.items() if name in FILTERS}
    if said.get("by") not in dict(report.grouping):
        said.pop("by", None)
    if not report.compares:
        said.pop("compare", None)
    if said.get("granularity") == Granularity.DAY and period.days > 90:
        said["granularity"] = Granularity.WEEK.value
    days = {"from": period.first.isoformat(), "to": period.last.isoformat()}
    form = filters_for(report, {**said, **days}, user, at)
    if not form.is_valid():
        names = [str(form.fields[name].label) for name in form.errors if name in form.fields]
        raise BadInput(
            _("%(name)s does not see what the filters name: %(filters)s.")
            % {"name": user.display_name, "filters": ", ".join(names)},
            fields=["subscriber"],
        )
    return form.chosen()


def check(subscription: Subscription) -> None:
    """Raise Refusal when its person may not, or cannot, get these reports with these filters."""
    user, now = subscription.subscriber, timezone.now()
    if not user.is_active:
        raise BadInput(_("%(name)s does not work here any more.") % {"name": user.display_name}, fields=["subscriber"])
    if user.role not in READING:
        raise BadInput(_("%(name)s does not read reports.") % {"name": user.display_name}, fields=["subscriber"])
    if not user.email:
        raise BadInput(_("%(name)s has no e-mail address.") % {"name": user.display_name}, fields=["subscriber"])
    period = schedule.period_of(subscription.span, timezone.localdate(now))
    for name in subscription.reports:
        if name not in all_reports():
            raise BadInput(_("There is no such report."), fields=["reports"])
        chosen_of(all_reports()[name], subscription, user, period, now)


def keep(subscription: Subscription) -> None:
    """Save what somebody has made or changed; what was due under the old day and hour is not sent any more. Raises Refusal."""
    check(subscription)
    now = database_clock.now()
    is_new = subscription._state.adding
    if is_new:
        subscription.made_at = now
    with transaction.atomic():
        if not is_new:
            row = Subscription.objects.select_for_update().get(pk=subscription.pk)
            subscription.paused_at, subscription.deleted_at = row.paused_at, row.deleted_at
        set_next(subscription, now)
        if subscription.next_at is None and subscription.paused_at is None:
            raise BadInput(_("Between these days it never comes."), fields=["stops_on"])
        subscription.save()


def set_next(subscription: Subscription, after: datetime) -> None:
    """Its next moment, unless it rests."""
    rests = subscription.paused_at is not None or subscription.deleted_at is not None
    zone = timezone.get_default_timezone()
    subscription.next_at = None if rests else schedule.next_moment(subscription, after, zone)


def come_due(subscription: Subscription, *, now: datetime) -> int:
    """Write down that it is due, and when it is next; 0 when another worker was first."""
    with transaction.atomic():
        rows = Subscription.objects.due(now).select_for_update(skip_locked=True)
        row = rows.filter(pk=subscription.pk).first()
        if row is None:
            return 0
        moment, missed, following = schedule.due_and_next(row, now, timezone.get_default_timezone())
        Posting.objects.create(subscription=row, due_at=moment, missed=missed)
        row.next_at = following
        row.save(update_fields=["next_at"])
    return 1


def send_now(subscription: Subscription, *, by: User) -> None:
    """Let a worker send one to whoever asks, with what that person may see. Asked twice it is sent once."""
    asked = Posting(subscription=subscription, due_at=database_clock.now(), asked_by=by)
    Posting.objects.bulk_create([asked], ignore_conflicts=True)


def make(posting: Posting) -> int:
    """The PDF of a posting and its mail, in one transaction; 1 when there is one. Who may not get it gets nothing, and the
    subscription rests with the reason.
    """
    with transaction.atomic():
        rows = Posting.objects.select_for_update(of=("self",), skip_locked=True)
        row = (
            rows.select_related("subscription__subscriber__branch", "asked_by__branch")
            .filter(pk=posting.pk, done_at__isnull=True)
            .first()
        )
        if row is None:
            return 0
        with translation.override(row.subscription.language):
            try:
                with transaction.atomic():
                    row.notice = _mailed(row)
            except Refusal as refused:
                row.refused = refused.message[:200]
                if row.asked_by is None:
                    pause(row.subscription, reason=row.refused)
        row.done_at = database_clock.now()
        row.save(update_fields=["notice", "refused", "done_at"])
        return int(row.notice is not None)


def _mailed(row: Posting) -> Any:
    subscription, to = row.subscription, row.asked_by or row.subscription.subscriber
    for_them = Subscription(
        subscriber=to, reports=subscription.reports, span=subscription.span, filters=subscription.filters
    )
    check(for_them)
    local = timezone.localtime(row.due_at)
    period = schedule.period_of(subscription.span, local.date())
    counted = trust(row.due_at).as_of
    pages = []
    for name in subscription.reports:
        report = all_reports()[name]
        chosen = chosen_of(report, subscription, to, period, row.due_at)
        pages.append(Page(report, chosen, report.read(chosen, to, row.due_at), counted))
    words = {
        "report": titles(subscription),
        "period": str(period),
        "note": _left_out(row.missed),
        "desk_url": settings.BASE_URL + reverse("analytics:subscription", args=[subscription.pk]),
    }
    name = f"{'-'.join(subscription.reports)[:60]}-{local:%Y-%m-%d}.pdf"
    now = database_clock.now()
    notice = reports_told.post(row.uuid, to, subscription.language, words, pdf(pages), file_name=name, at=now)
    if notice is None:
        raise Refusal(_("There is no text for the mail. Load the profile again."))
    return notice


def titles(subscription: Subscription) -> str:
    between = "、" if (translation.get_language() or "").startswith("zh") else ", "
    known = all_reports()
    return between.join(str(known[name].title) for name in subscription.reports if name in known)


def _left_out(missed: int) -> str:
    if not missed:
        return ""
    return ngettext(
        "%(count)d earlier one was not sent in time and is left out; this is the newest.",
        "%(count)d earlier ones were not sent in time and are left out; this is the newest.",
        missed,
    ) % {"count": missed}


def pause(subscription: Subscription, *, reason: str = "") -> None:
    """Let it rest until somebody lets it go on."""
    rows = Subscription.objects.filter(pk=subscription.pk, paused_at__isnull=True)
    rows.update(paused_at=database_clock.now(), next_at=None, pause_reason=reason)


def resume(subscription: Subscription) -> None:
    """Let it go on with the next moment from now; what would have come meanwhile does not come. Raises Refusal."""
    check(subscription)
    with transaction.atomic():
        row = Subscription.objects.select_for_update().get(pk=subscription.pk)
        row.paused_at, row.pause_reason = None, ""
        set_next(row, database_clock.now())
        row.save(update_fields=["paused_at", "pause_reason", "next_at"])


def delete(subscription: Subscription) -> None:
    """Put it away; nothing is thrown out, so that this can be taken back."""
    rows = Subscription.objects.kept().filter(pk=subscription.pk)
    rows.update(deleted_at=database_clock.now(), next_at=None)


def bring_back(subscription: Subscription) -> None:
    with transaction.atomic():
        row = Subscription.objects.select_for_update().get(pk=subscription.pk)
        row.deleted_at = None
        set_next(row, database_clock.now())
        row.save(update_fields=["deleted_at", "next_at"])
