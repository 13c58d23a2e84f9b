"""Telling people about the views they watch: when a threshold is crossed, and the digests they asked for.

Each watch is one row that is locked while it is looked at, so that two workers tell nothing twice. A threshold is told when it is
crossed and not again before the view has clearly come back below it. A digest that was slept through is sent once.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db import transaction
from django.db.models import Min
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from complaints import outbox, saved_views
from complaints.clocks import shown
from complaints.models import Complaint, DeskSettings, Digest, Medium, MessageTemplate, Notice, ViewWatch
from complaints.models.complaint import ComplaintQuerySet
from staff.models import User

OCCASIONS = {"view_full", "view_old", "view_digest"}
"""The texts that are sent from here."""
WORDS = {"name", "view", "desk_url", "utility", "count", "limit", "hours", "oldest", "rows"}
"""What they may say in {braces}."""
BACK_BELOW = 0.8
"""A threshold counts as crossed until what it measures is down to this share of it."""
MOST_SAID = 500
"""Views are counted up to here, for a digest."""
TOP = 10


def look(watch: ViewWatch, *, at: datetime) -> bool:
    """Compare one watch with its view and tell what was crossed; true when somebody was told."""
    with transaction.atomic():
        locked = _locked(watch, ViewWatch.objects.watching())
        if locked is None:
            return False
        rows = saved_views.rows(locked.view, locked.user)
        with translation.override(locked.user.language):
            told = [*_by_count(locked, rows, at), *_by_age(locked, rows, at)]
        for code, words in told:
            _tell(locked, code, words, at)
        locked.save(update_fields=["count_raised_at", "age_raised_at"])
        return bool(told)


def _locked(watch: ViewWatch, among: Any) -> ViewWatch | None:
    rows = among.select_for_update(of=("self",), skip_locked=True).select_related("user__branch", "view")
    found: ViewWatch | None = rows.filter(pk=watch.pk).first()
    return found


def _by_count(watch: ViewWatch, rows: ComplaintQuerySet, at: datetime) -> Iterator[tuple[str, dict[str, Any]]]:
    limit = watch.at_least
    if not limit:
        watch.count_raised_at = None
        return
    count = rows.order_by()[: max(limit, MOST_SAID)].count()
    if count >= limit and watch.count_raised_at is None:
        watch.count_raised_at = at
        yield "view_full", {"count": count, "limit": limit}
    elif count <= min(limit - 1, int(limit * BACK_BELOW)):
        watch.count_raised_at = None


def _by_age(watch: ViewWatch, rows: ComplaintQuerySet, at: datetime) -> Iterator[tuple[str, dict[str, Any]]]:
    hours = watch.older_than_hours
    if not hours:
        watch.age_raised_at = None
        return
    oldest = rows.unfinished().aggregate(oldest=Min("received_at"))["oldest"]
    age = (at - oldest) / timedelta(hours=1) if oldest else 0.0
    if age > hours and watch.age_raised_at is None:
        watch.age_raised_at = at
        yield "view_old", {"hours": hours, "oldest": outbox.spoken(oldest)}
    elif age <= hours * BACK_BELOW:
        watch.age_raised_at = None


def send_digest(watch: ViewWatch, *, at: datetime) -> bool:
    """Write the digest that is due, and set when the next one is; true when something is sent."""
    with transaction.atomic():
        locked = _locked(watch, ViewWatch.objects.due(at))
        if locked is None:
            return False
        is_on = locked.user.is_active and locked.view.deleted_at is None
        locked.next_at = next_moment(locked, after=at) if is_on else None
        locked.save(update_fields=["next_at"])
        if not is_on:
            return False
        rows = saved_views.rows(locked.view, locked.user)
        count = rows.order_by()[:MOST_SAID].count()
        if not count and locked.skips_empty:
            return False
        with translation.override(locked.user.language):
            words = {"count": _most(count), "rows": "\n".join(_listed(rows, at)) or _("Nothing is waiting here")}
        return _tell(locked, "view_digest", words, at)


def _most(count: int) -> str:
    return str(count) if count < MOST_SAID else f"{MOST_SAID - 1}+"


def _listed(rows: ComplaintQuerySet, at: datetime) -> Iterator[str]:
    for row in rows.by_due_next().select_related("category", "assignee", "team")[:TOP]:
        who = row.assignee.display_name if row.assignee else row.team.name if row.team else _("nobody yet")
        deadline = shown.next_due(row, at).words
        yield " · ".join([row.reference, str(row.category.name), str(row.get_status_display()), who, deadline])


def next_moment(watch: ViewWatch, *, after: datetime) -> datetime | None:
    """When the next digest is due: the first moment after `after` at its hour, in the utility's time zone."""
    if watch.digest == Digest.NEVER:
        return None
    zone = timezone.get_default_timezone()
    day = after.astimezone(zone).date()
    while True:
        moment = datetime.combine(day, time(watch.hour), tzinfo=zone)
        fits = watch.digest == Digest.DAILY or day.isoweekday() == watch.weekday
        if fits and moment > after:
            return moment
        day += timedelta(days=1)


def _tell(watch: ViewWatch, code: str, words: dict[str, Any], at: datetime) -> bool:
    """Write the notice in the person's language, or in the house's own when there is no such text; false without an address."""
    user, view = watch.user, watch.view
    texts = {text.language: text for text in MessageTemplate.objects.filter(code=code, medium=Medium.EMAIL)}
    text = texts.get(user.language) or texts.get(settings.LANGUAGE_CODE)
    if text is None or not user.email:
        return False
    desk = DeskSettings.current()
    address = f"{settings.BASE_URL}{reverse('complaints:queue')}?{urlencode({'saved': view.pk})}"
    said = {
        "name": user.display_name,
        "view": view.name,
        "desk_url": address,
        "utility": desk.utility_zh if text.language.startswith("zh") else desk.utility_en,
        **words,
    }
    notice = Notice(
        watch=watch,
        code=code,
        medium=Medium.EMAIL,
        address=user.email,
        is_to_customer=False,
        language=text.language,
        subject=text.subject.format(**said)[:200],
        body=text.body.format(**said),
    )
    outbox.try_at(at, [notice], desk)
    notice.save()
    return True


def sample(by: User) -> tuple[str, dict[str, Any]]:
    """A name of a view and what the texts could say of it, made up of what this person sees, in the language in force."""
    at, desk = timezone.now(), DeskSettings.current()
    rows = Complaint.objects.visible_to(by).unfinished()
    words = {
        "view": _("Due soon"),
        "count": 20,
        "limit": 20,
        "hours": 48,
        "oldest": outbox.spoken(at - timedelta(hours=49)),
    }
    is_chinese = (translation.get_language() or "").startswith("zh")
    words |= {"utility": desk.utility_zh if is_chinese else desk.utility_en, "rows": "\n".join(_listed(rows, at))}
    return str(words["view"]), words | {"desk_url": settings.BASE_URL + reverse("complaints:queue")}
