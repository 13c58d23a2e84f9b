"""The safety settings as rules read them: when somebody looks again, and how far danger reaches."""

from __future__ import annotations

from decimal import Decimal

from complaints.models import HazardRule, ProtectionZone

SOONEST = 7
"""Days to the follow-up where no row says anything: as for the gravest."""


def grades() -> list[HazardRule]:
    return list(HazardRule.objects.all())


def follow_up_days(grade: str) -> int:
    """After how many days a mended hazard of this grade is looked at again."""
    rule = HazardRule.objects.filter(grade=grade).first()
    return rule.follow_up_days if rule is not None else SOONEST


def protective_zone(kilovolts: Decimal) -> int | None:
    """Metres of the key protection zone around an overhead conductor; None where no row names the voltage."""
    zone = ProtectionZone.objects.filter(low_kv__lte=kilovolts, high_kv__gte=kilovolts).first()
    return zone.metres if zone is not None else None
