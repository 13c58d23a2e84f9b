"""What is out of order now: the service issues in progress, whom they leave without light, and what was said of each last."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache
from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from redis.exceptions import RedisError

from analytics.open_work import Figure, desk
from complaints.models import Complaint, IssueKind, IssueUpdate, ServiceIssue
from customers.models import Account
from staff.models import User

MOST = 6
"""So many are shown, the newest first; the others are in the list."""
DARK = frozenset({IssueKind.FAULT, IssueKind.PLANNED_OUTAGE})
"""Issues that leave customers without light."""
KEPT = 15 * 60
"""Seconds for which the number of accounts behind an asset is kept: it is large, and changes by a few in a month."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trouble:
    """`supplied` is how many accounts hang on the asset that is out; None where no supply is off or no asset is named."""

    issue: ServiceIssue
    url: str
    complaints: Figure
    supplied: int | None
    update: IssueUpdate | None
    is_late: bool


@dataclass(frozen=True, slots=True)
class Troubles:
    number: Figure
    shown: Sequence[Trouble]


def read(user: User, at: datetime) -> Troubles:
    """The issues of this person's branches that have begun and are not over."""
    rows = ServiceIssue.objects.visible_to(user).open()
    number = rows.count()
    label = _("Service issues in progress")
    total = Figure("issues", label, number, reverse("complaints:issues"), "due" if number else "calm")
    begun = rows.filter(started_at__lte=at).select_related("branch", "feeder", "transformer_area")
    issues = list(begun.order_by("-started_at", "-pk")[:MOST])
    keys = [issue.pk for issue in issues]
    updates = IssueUpdate.objects.filter(issue__in=keys).order_by("issue_id", "-at", "-pk").distinct("issue_id")
    newest = {update.issue_id: update for update in updates}
    linked = Complaint.objects.visible_to(user).filter(service_issue__in=keys).order_by()
    counted = dict(linked.values_list("service_issue").annotate(number=Count("pk")))
    return Troubles(total, [_trouble(issue, counted.get(issue.pk, 0), newest.get(issue.pk), at) for issue in issues])


def _trouble(issue: ServiceIssue, complaints: int, update: IssueUpdate | None, at: datetime) -> Trouble:
    label = pgettext_lazy("of an issue", "complaints")
    address = desk({"view": "all", "service_issue": str(issue.pk)})
    return Trouble(
        issue=issue,
        url=reverse("complaints:issue", args=[issue.pk]),
        complaints=Figure(f"issue-{issue.pk}", label, complaints, address),
        supplied=supplied(issue) if issue.kind in DARK else None,
        update=update,
        is_late=issue.expected_at is not None and issue.expected_at < at,
    )


def supplied(issue: ServiceIssue) -> int | None:
    """How many accounts the asset supplies, as of some minutes ago; None where the issue names none."""
    if issue.transformer_area_id is not None:
        asset = Q(premise__transformer_area=issue.transformer_area_id)
    elif issue.feeder_id is not None:
        asset = Q(premise__transformer_area__feeder=issue.feeder_id)
    else:
        return None
    key = f"supplied:{issue.transformer_area_id or ''}:{issue.feeder_id or ''}"
    try:
        known = cache.get(key)
        if known is None:
            known = Account.objects.filter(asset, closed_on__isnull=True).count()
            cache.set(key, known, timeout=KEPT)
    except (RedisError, OSError) as error:
        logger.warning("cannot keep how many an asset supplies: %s", error)
        known = Account.objects.filter(asset, closed_on__isnull=True).count()
    return int(known)
