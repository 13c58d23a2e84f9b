"""The rules of service changed on screen, and who changed what.

What was judged stays: a finding keeps the rule as it was, and a rule is never deleted, only taken out of use.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from complaints.models import ConductRule, ConductRuleChange
from staff.models import User

FIELDS = (
    *("name_zh", "name_en", "text_zh", "text_en", "source"),
    *("subcategories", "measure", "limit", "position", "is_active"),
)


@transaction.atomic
def save(rule: ConductRule, *, by: User, at: datetime) -> bool:
    """Keep a changed or new rule, with what changed in it and by whom; false when nothing is different."""
    before = ConductRule.objects.select_for_update().filter(pk=rule.pk).first() if rule.pk else None
    was = _said(before) if before is not None else {}
    now = _said(rule)
    different = [name for name in FIELDS if was.get(name) != now[name]]
    if before is not None and not different:
        return False
    rule.code = rule.code or _free_code(rule.name_en)
    rule.save()
    old = {name: was[name] for name in different if name in was}
    ConductRuleChange.objects.create(rule=rule, at=at, by=by, before=old, after={name: now[name] for name in different})
    return True


def _said(rule: ConductRule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in FIELDS}


def _free_code(name: str) -> str:
    base = slugify(name)[:40] or "rule"
    taken = set(ConductRule.objects.filter(code__startswith=base).values_list("code", flat=True))
    names = (f"{base}-{number}" if number > 1 else base for number in range(1, len(taken) + 2))
    return next(code for code in names if code not in taken)
