"""Two records of one person become one, and two again: accounts and complaints move, everything is written down."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from complaints import workflow
from complaints.models import Complaint
from complaints.refusals import MoveRefused
from customers.models import Account, Customer, CustomerEvent, CustomerMerge
from staff.actors import Actor, Role
from staff.models import User

ALLOWED = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})


@transaction.atomic
def merge(merged: Customer, survivor: Customer, *, by: User, reason: str, at: datetime | None = None) -> CustomerMerge:
    """Give the survivor the accounts and complaints of the other, who stays and points to the survivor.

    Raises MoveRefused, and then nothing has changed. Each complaint gets an event of its own.
    """
    at = at or timezone.now()
    merged, survivor = _both(merged, survivor, by)
    if merged.pk == survivor.pk:
        raise MoveRefused(_("A customer cannot be merged into itself."), fields=["into"])
    for one in (merged, survivor):
        if one.merged_into_id is not None:
            raise MoveRefused(
                _("“%(name)s” was merged into another customer already.") % {"name": one}, fields=["into"]
            )
    accounts = list(Account.objects.select_for_update().filter(customer=merged).order_by("pk"))
    complaints = list(Complaint.objects.filter(customer=merged).order_by("pk"))
    Account.objects.filter(pk__in=[account.pk for account in accounts]).update(customer=survivor)
    _move(complaints, survivor, by=by, at=at, reason=reason)
    Customer.objects.filter(pk=merged.pk).update(merged_into=survivor, version=merged.version + 1)
    moved = {"accounts": [one.pk for one in accounts], "complaints": [one.pk for one in complaints]}
    run = CustomerMerge.objects.create(
        survivor=survivor, merged=merged, reason=reason, moved=moved, made_by=by, made_at=at
    )
    _record(run, CustomerEvent.Kind.MERGE, by=by, at=at)
    return run


@transaction.atomic
def undo(run: CustomerMerge, *, by: User, at: datetime | None = None) -> CustomerMerge:
    """Give back exactly what moved and is still where it was moved to; what came later stays with the survivor."""
    at = at or timezone.now()
    merged, survivor = _both(run.merged, run.survivor, by)
    run = CustomerMerge.objects.select_for_update(of=("self",)).get(pk=run.pk)
    if run.undone_at is not None:
        raise MoveRefused(_("This merge was undone already."))
    if survivor.merged_into_id is not None:
        raise MoveRefused(_("“%(name)s” was merged into another customer since. Undo that first.") % {"name": survivor})
    Customer.objects.filter(pk=merged.pk).update(merged_into=None, version=merged.version + 1)
    merged.merged_into = None
    Account.objects.filter(pk__in=run.moved["accounts"], customer=survivor).update(customer=merged)
    back = Complaint.objects.filter(pk__in=run.moved["complaints"], customer=survivor).order_by("pk")
    _move(list(back), merged, by=by, at=at, reason=run.reason)
    run.undone_by, run.undone_at = by, at
    run.save(update_fields=["undone_by", "undone_at"])
    _record(run, CustomerEvent.Kind.UNMERGE, by=by, at=at)
    return run


def _both(merged: Customer, survivor: Customer, by: User) -> tuple[Customer, Customer]:
    """Both records, locked in the order of their keys, if this person may see and merge them."""
    if by.role not in ALLOWED:
        raise MoveRefused(_("Customers are merged by supervisors and administrators."))
    rows = Customer.objects.visible_to(by).select_for_update(of=("self",)).filter(pk__in=[merged.pk, survivor.pk])
    found = {row.pk: row for row in rows.order_by("pk")}
    if {merged.pk, survivor.pk} - found.keys():
        raise MoveRefused(_("One of these customers is not yours to merge."))
    return found[merged.pk], found[survivor.pk]


def _move(complaints: list[Complaint], customer: Customer, *, by: User, at: datetime, reason: str) -> None:
    """Through the workflow, with the account each already has, if that goes along."""
    for complaint in complaints:
        account = complaint.account
        if account is not None:
            account.refresh_from_db()
            account = account if account.customer_id == customer.pk else None
        workflow.perform(
            "match", complaint, by=Actor.staff(by), at=at, customer=customer, account=account, reason=reason
        )


def _record(run: CustomerMerge, kind: str, *, by: User, at: datetime) -> None:
    for customer, other in ((run.merged, run.survivor), (run.survivor, run.merged)):
        details = {"other": other.number, "was_merged": customer == run.merged, "reason": run.reason, **run.moved}
        CustomerEvent.objects.create(customer=customer, kind=kind, at=at, user=by, details=details)
