"""Complaints that hang together with one: of the same customer or premise, and those that one repeats (domain 7.5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from complaints.models import Complaint, RequestType
from staff.models import User
from staff.scope import all_of
from staff.written_out import Statement

REPEATED_WITHIN = timedelta(days=30)
ENQUIRED_AGAIN_WITHIN = timedelta(days=7)
"""Days after closing within which the same person with the same matter comes again."""
MOST = 10
LOOKED_AT = 60
SHOWN = (
    "reference", "status", "received_at", "closed_at", "request_type", "contact_phone", "account", "customer", "premise",
    "category__name_zh", "category__name_en", "subcategory__name_zh", "subcategory__name_en",
)  # fmt: skip
"""What is asked and shown of each; a story of sixty complaints is much to read for nothing."""


@dataclass(frozen=True, slots=True)
class Related:
    complaint: Complaint
    why: str
    is_repeat: bool = False


def to(complaint: Complaint, user: User) -> list[Related]:
    """At most ten of those that this person may see: what it repeats or is repeated by first, then the newest."""
    keys: dict[str, Any] = {"customer": complaint.customer_id, "premise": complaint.premise_id}
    if not complaint.is_anonymous:
        keys["contact_phone"] = complaint.contact_phone
    keys = {name: value for name, value in keys.items() if value}
    if not keys:
        return []
    names = tuple(keys)
    rows = _ALIKE(complaint.pk, *keys.values(), shape=(names, all_of(user)), names=names, user=user)
    found = [_related(complaint, other) for other in rows]
    return sorted(found, key=lambda one: not one.is_repeat)[:MOST]


def _alike(complaint: int, *values: Any, names: Iterable[str], user: User) -> QuerySet[Complaint]:
    """Other complaints that have one of these in common with it, the newest first."""
    alike = reduce(or_, (Q(**{name: value}) for name, value in zip(names, values, strict=True)))
    rows = Complaint.objects.visible_to(user).filter(alike).exclude(pk=complaint)
    return rows.select_related("category", "subcategory").only(*SHOWN).order_by("-received_at")[:LOOKED_AT]


_ALIKE = Statement(_alike)


def _related(complaint: Complaint, other: Complaint) -> Related:
    if _repeats(complaint, other):
        return Related(other, _("repeat of this one"), is_repeat=True)
    if _repeats(other, complaint):
        return Related(other, _("repeated by this one"), is_repeat=True)
    if complaint.customer_id and other.customer_id == complaint.customer_id:
        return Related(other, _("same customer"))
    if complaint.premise_id and other.premise_id == complaint.premise_id:
        return Related(other, _("same premise"))
    return Related(other, _("same phone"))


def _repeats(first: Complaint, later: Complaint) -> bool:
    """Whether `later` is the same person's same matter again, soon after the first was closed."""
    if first.closed_at is None or first.subcategory_id is None or first.subcategory_id != later.subcategory_id:
        return False
    same = (first.account_id and first.account_id == later.account_id) or (
        first.contact_phone and first.contact_phone == later.contact_phone
    )
    window = ENQUIRED_AGAIN_WITHIN if first.request_type == RequestType.ENQUIRY else REPEATED_WITHIN
    return bool(same) and first.closed_at <= later.received_at <= first.closed_at + window
