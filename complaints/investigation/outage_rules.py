"""The rules of notice of outages changed on screen, and who changed what.

What was judged stays: each finding keeps the rules that it was judged by.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from complaints.investigation.outage_notice import Rules
from complaints.models import DeskSettings, OutageRulesChange
from complaints.refusals import MoveRefused
from staff.models import User


@transaction.atomic
def save(rules: Rules, *, by: User, at: datetime, reason: str, seen: int) -> bool:
    """Keep the rules, and what they were before; false when nothing is different.

    Raises MoveRefused when somebody else changed them after `seen`, the key of the last change its form knew.
    """
    desk = DeskSettings.objects.select_for_update().get(pk=1)
    if last_change() != seen:
        raise MoveRefused(_("Somebody else changed these rules meanwhile. Look at them again, then decide."))
    if desk.outage_notice == rules:
        return False
    OutageRulesChange.objects.create(at=at, by=by, reason=reason, before=desk.outage_notice, after=dict(rules))
    desk.outage_notice = dict(rules)
    desk.save(update_fields=["outage_notice"])
    return True


def last_change() -> int:
    """The key of the last change, 0 before the first."""
    return OutageRulesChange.objects.values_list("pk", flat=True).first() or 0
