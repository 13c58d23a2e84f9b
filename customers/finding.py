"""Which customers an address names: by words, kind and segment, of those that a person may see."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Q
from django.utils.translation import gettext_lazy

from customers import lookup
from customers.models import Customer, CustomerKind
from customers.models.people import CustomerQuerySet
from staff.models import User

MOST_RANKED = 500
ONLY = {
    "key": (gettext_lazy("key customers"), lambda user: Q(is_key=True)),
    "vulnerable": (gettext_lazy("vulnerable customers"), lambda user: Q(is_vulnerable=True)),
    "mine": (gettext_lazy("customers I look after"), lambda user: Q(account_manager=user)),
}
PARAMS = ("q", "kind", "only")


def found_by(params: Mapping[str, str], user: User) -> tuple[CustomerQuerySet, list[int]]:
    """The visible customers that the address asks for, and by whom they rank if something was looked for."""
    q = params.get("q", "").strip()
    kind, only = params.get("kind", ""), params.get("only", "")
    found = Customer.objects.visible_to(user).current()
    if kind in CustomerKind.values:
        found = found.filter(kind=kind)
    if only in ONLY:
        found = found.filter(ONLY[only][1](user))
    ranked = lookup.people(q, user, most=MOST_RANKED) if q else []
    return (found.filter(pk__in=ranked) if q else found), ranked


def asked(params: Mapping[str, str]) -> dict[str, str]:
    """Of an address what narrows the list."""
    return {name: params[name] for name in PARAMS if params.get(name)}
