"""Changing one customer's record: who may, against the version that was seen, with every change written down."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Model

from customers.models import Customer, CustomerEvent
from staff.actors import Role
from staff.models import User

EDITING = frozenset({Role.AGENT, Role.SUPERVISOR, Role.LIAISON, Role.ADMINISTRATOR})
DECIDING = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})
"""Who says which customers are key, and who looks after them."""
DETAILS = (
    "name",
    "kind",
    "phone",
    "email",
    "address",
    "language",
    "contact_method",
    "is_vulnerable",
    "vulnerability",
    "do_not_contact",
)
DECISIONS = ("is_key", "account_manager")


class ChangedMeanwhile(Exception):
    """Somebody changed the record after this person saw it; `customer` is how it is now."""

    def __init__(self, customer: Customer) -> None:
        super().__init__(customer.number)
        self.customer = customer


def fields_for(user: User) -> tuple[str, ...]:
    """What this person may change; nothing for most roles."""
    if user.role not in EDITING:
        return ()
    return (*DETAILS, *DECISIONS) if user.role in DECIDING else DETAILS


@transaction.atomic
def edit(customer: Customer, changes: Mapping[str, Any], *, by: User, seen: int, at: datetime) -> Customer:
    """Take the changes over and write down what each was before; nothing to change writes nothing.

    Raises ChangedMeanwhile when `seen` is not the newest version, and then nothing has changed.
    """
    locked = Customer.objects.select_for_update(of=("self",)).get(pk=customer.pk)
    if locked.version != seen:
        raise ChangedMeanwhile(locked)
    allowed = fields_for(by)
    different = {name: value for name, value in changes.items() if name in allowed and getattr(locked, name) != value}
    if not different:
        return locked
    told = {name: [_plain(getattr(locked, name)), _plain(value)] for name, value in different.items()}
    for name, value in different.items():
        setattr(locked, name, value)
    locked.version += 1
    locked.save(update_fields=[*different, "version"])
    CustomerEvent.objects.create(
        customer=locked, kind=CustomerEvent.Kind.EDIT, at=at, user=by, details={"changed": told}
    )
    return locked


def _plain(value: Any) -> Any:
    return getattr(value, "display_name", str(value)) if isinstance(value, Model) else value
