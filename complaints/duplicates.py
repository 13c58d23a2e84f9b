"""Complaints that a new one may repeat: shown with enough to judge, never decided for anybody.

Windows are those of domain 7.5. The order of the signals is their strength: the same customer about the same thing, the same
piece of network, and only then words that resemble each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from django.db.models import Q

from complaints.models import Category, Complaint
from complaints.models.complaint import ComplaintQuerySet
from customers.models import Account, TransformerArea
from customers.models.people import digits
from staff.models import User

REPEATED_WITHIN = timedelta(days=30)
"""After closing, the same customer with the same category again is a repeat complaint."""
ONE_EVENT = timedelta(hours=48)
"""Within so long, the same category on the same piece of network is likely the same event."""
SERIAL_WITHIN, SERIAL_FROM = timedelta(days=365), 3
"""Complaints of one person in a year from which they count as somebody whom we have failed again and again."""
TEXTS_WITHIN, TEXTS_READ = timedelta(days=7), 200
ALIKE = 0.35
MOST = 4
ON_THE_NETWORK = frozenset({"OUT", "VOL", "SAF"})


class Why(StrEnum):
    SAME = "same"
    """This customer, this category, not finished."""
    AGAIN = "again"
    """This customer, this category, closed not long ago."""
    ASSET = "asset"
    """The same transformer area or feeder, the same category, these days."""
    TEXT = "text"
    """Told in much the same words."""


class Likely(NamedTuple):
    complaint: Complaint
    why: Why


def likely(
    user: User,
    *,
    category: Category | None,
    account: Account | None,
    phone: str = "",
    story: str = "",
    at: datetime,
) -> list[Likely]:
    """At most four that this person may see, the strongest signal first; none before the category is chosen."""
    if category is None:
        return []
    rows = Complaint.objects.visible_to(user).filter(category=category).select_related("category", "subcategory")
    found: dict[int, Likely] = {}
    for why, complaints in (
        (Why.SAME, _of_the_same(rows, account, phone).unfinished()),
        (Why.AGAIN, _of_the_same(rows, account, phone).filter(closed_at__gt=at - REPEATED_WITHIN)),
        (Why.ASSET, _nearby(rows, category, account, at)),
    ):
        for complaint in complaints.order_by("-received_at")[:MOST]:
            found.setdefault(complaint.pk, Likely(complaint, why))
    if len(found) < MOST and len(story) >= 4:
        for complaint in _told_alike(rows, story, user, at):
            found.setdefault(complaint.pk, Likely(complaint, Why.TEXT))
    return list(found.values())[:MOST]


def _of_the_same(rows: ComplaintQuerySet, account: Account | None, phone: str) -> ComplaintQuerySet:
    if account is not None:
        return rows.filter(Q(account=account) | Q(customer=account.customer))
    return rows.filter(contact_phone__in={phone, digits(phone)}) if digits(phone) else rows.none()


def _nearby(rows: ComplaintQuerySet, category: Category, account: Account | None, at: datetime) -> ComplaintQuerySet:
    area = account.premise.transformer_area if account else None
    if area is None or category.code not in ON_THE_NETWORK:
        return rows.none()
    # as a list: told how few they are, the database goes to their index and not through all of the last days
    feeder = list(TransformerArea.objects.filter(feeder=area.feeder_id).values_list("pk", flat=True))
    return rows.unfinished().filter(transformer_area__in=feeder, received_at__gt=at - ONE_EVENT)


def _told_alike(rows: ComplaintQuerySet, story: str, user: User, at: datetime) -> list[Complaint]:
    """Of the newest of this branch the three that resemble it most."""
    recent = rows.unfinished().filter(received_at__gt=at - TEXTS_WITHIN)
    pairs = grams(story)
    alike = ((resemblance(pairs, grams(row.story)), row) for row in recent.order_by("-received_at")[:TEXTS_READ])
    best = sorted(((share, row) for share, row in alike if share >= ALIKE), key=lambda found: -found[0])
    return [row for _share, row in best[:3]]


def grams(text: str) -> frozenset[str]:
    """Neighbouring characters in pairs, which does for Chinese and for English; spaces and signs count for nothing."""
    letters = [letter for letter in text.casefold() if letter.isalnum()]
    return frozenset(a + b for a, b in pairwise(letters))


def resemblance(one: Iterable[str], other: Iterable[str]) -> float:
    """The share of pairs that both have (Jaccard), from 0 to 1."""
    a, b = set(one), set(other)
    return len(a & b) / len(a | b) if a and b else 0.0


def in_the_last_year(account: Account, at: datetime) -> int:
    """How many complaints this customer has made in a year."""
    return Complaint.objects.filter(customer=account.customer, received_at__gt=at - SERIAL_WITHIN).count()
