"""Who is meant: finds the customer and account behind a number somebody gave us."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet

from customers.models import Account, Customer
from customers.models.people import digits


@dataclass(frozen=True, slots=True)
class Match:
    """The customer and account that were recognised; either may be unknown."""

    customer: Customer | None = None
    account: Account | None = None


def identify(*, account_number: str = "", phone: str = "", name: str = "") -> Match:
    """The account number decides; else a phone that belongs to one customer only, or to one of that name.

    A name alone recognises nobody. Of a customer with several accounts none is guessed.
    """
    account = account_numbered(account_number)
    if account is not None:
        return Match(account.customer, account)
    customer = _only(Customer.objects.filter(phone_digits=digits(phone))[:20], name) if digits(phone) else None
    if customer is None:
        return Match()
    accounts = _accounts().filter(customer=customer, closed_on__isnull=True)[:2]
    return Match(customer, accounts[0] if len(accounts) == 1 else None)


def account_numbered(number: str) -> Account | None:
    """The account with this number, however it was spaced."""
    number = digits(number)
    return _accounts().filter(number=number).first() if number else None


def _accounts() -> QuerySet[Account]:
    return Account.objects.select_related("customer", "premise__branch", "premise__transformer_area")


def _only(found: Iterable[Customer], name: str) -> Customer | None:
    people = list(found)
    if len(people) > 1:
        people = [person for person in people if person.name == name.strip()]
    return people[0] if len(people) == 1 else None
