"""Look-up as somebody types: who is meant by a name, phone, account or meter number, or address."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from customers.models import Account, Customer
from staff.http import StaffRequest
from staff.models import User

MOST_FOUND = 8
SHORTEST = 2
"""Characters below which nothing is looked for; two Chinese characters are a name."""


def look_up(text: str, user: User) -> list[Account]:
    """The accounts of the people whom this may mean, each with `open_complaints` of its customer; at most eight."""
    text = text.strip()
    if len(text) < SHORTEST:
        return []
    people = Customer.objects.visible_to(user).matching(text).order_by("number")[:MOST_FOUND]
    return list(accounts_of(list(people))[:MOST_FOUND])


def accounts_of(people: list[Customer]) -> QuerySet[Account]:
    is_open = ~Q(customer__complaints__status="closed")
    return (
        Account.objects.filter(customer__in=people, closed_on__isnull=True)
        .select_related("customer", "premise")
        .annotate(open_complaints=Count("customer__complaints", filter=is_open, distinct=True))
        .order_by("customer__number", "number")
    )


@login_required
@require_safe
def lookup(request: StaffRequest) -> HttpResponse:
    """The list below the look-up field; each row fills the form that it stands in."""
    q = request.GET.get("q", "")
    return render(request, "customers/_lookup.html", {"q": q.strip(), "found": look_up(q, request.user)})
