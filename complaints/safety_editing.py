"""The safety settings changed on screen: what makes a hazard one of its grade, what is inspected how often; and their history."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from complaints.inspections import plans
from complaints.models import HazardRule, InspectionKind, ProtectionZone, SafetyRuleChange, SafetyRuleKind
from staff.models import User

MODELS: dict[str, type[models.Model]] = {
    SafetyRuleKind.GRADE: HazardRule,
    SafetyRuleKind.ZONE: ProtectionZone,
    SafetyRuleKind.KIND: InspectionKind,
}


@transaction.atomic
def save(row: models.Model, of: str, fields: Iterable[str], *, by: User, at: datetime) -> bool:
    """Keep a changed or new row, with what changed in it and by whom; false when nothing is different.

    A kind of inspection with another cycle gives its plans another next day.
    """
    before = type(row)._default_manager.filter(pk=row.pk).select_for_update().first() if row.pk else None
    was = {name: _plain(getattr(before, name)) for name in fields} if before is not None else {}
    now = {name: _plain(getattr(row, name)) for name in fields}
    different = [name for name in now if was.get(name) != now[name]]
    if before is not None and not different:
        return False
    row.save()
    _remember(row, of, {k: was[k] for k in different if k in was}, {k: now[k] for k in different}, by=by, at=at)
    if isinstance(row, InspectionKind) and "cycle_months" in different and before is not None:
        plans.replan(row, timezone.localdate(at))
    return True


@transaction.atomic
def remove_zone(zone: ProtectionZone, *, by: User, at: datetime) -> None:
    """The voltages of this zone have none any more."""
    was = {name: _plain(getattr(zone, name)) for name in ("low_kv", "high_kv", "metres")}
    _remember(zone, SafetyRuleKind.ZONE, was, {}, by=by, at=at)
    zone.delete()


def _remember(
    row: models.Model, of: str, before: dict[str, Any], after: dict[str, Any], *, by: User, at: datetime
) -> None:
    SafetyRuleChange.objects.create(of=of, name=str(row)[:160], at=at, by=by, before=before, after=after)


def _plain(value: Any) -> Any:
    """As JSON keeps it and people read it."""
    return f"{value.normalize():f}" if isinstance(value, Decimal) else value
