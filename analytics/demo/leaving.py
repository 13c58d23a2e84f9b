"""What leaves the reports of the made-up utility: a subscription that runs, one that rests, and some lists taken along."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone, translation

from analytics import exports, subscriptions
from analytics.demo.staffing import demo_users
from analytics.export_subjects import Question, listing
from analytics.models import Rhythm, Span, Subject, Subscription


def work(at: datetime) -> int:
    """Let the supervisor subscribe and take lists along; answers with how many subscriptions. Nothing where nobody is there."""
    boss = demo_users().filter(username="supervisor").select_related("branch").first()
    if boss is None or Subscription.objects.exists():
        return 0
    plans: tuple[tuple[list[str], Span, Rhythm, dict[str, str]], ...] = (
        (["trend", "sla-compliance"], Span.LAST_WEEK, Rhythm.WEEKLY, {"category": "OUT"}),
        (["satisfaction"], Span.LAST_MONTH, Rhythm.MONTHLY, {}),
    )
    first_day = timezone.localdate(at) - timedelta(days=30)
    for reports, span, rhythm, filters in plans:
        row = Subscription(
            subscriber=boss,
            made_by=boss,
            reports=reports,
            span=span,
            rhythm=rhythm,
            filters=filters,
            language=boss.language,
            starts_on=first_day,
        )
        subscriptions.keep(row)
    subscriptions.pause(row)
    with translation.override(boss.language):
        for format, query in (("xlsx", {"view": "all"}), ("csv", {"view": "breached"})):
            asked = Question(Subject.COMPLAINTS, query, format=format)
            found = listing(asked, boss, at)
            exports.ask(asked, found, by=boss)
    return len(plans)
