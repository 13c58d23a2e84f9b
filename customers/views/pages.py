"""The pages about customers: find one, and everything about one."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.db.models import Count, Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from customers import lookup
from customers.models import Account, Customer
from staff.http import StaffRequest

MOST_FOUND = 50


@login_required
def customers(request: StaffRequest) -> HttpResponse:
    """Find customers by name, phone, account, meter or address."""
    q = request.GET.get("q", "").strip()
    visible = Customer.objects.visible_to(request.user)
    ranked = lookup.people(q, request.user, most=MOST_FOUND + 1) if q else []
    found = visible.filter(pk__in=ranked) if q else visible.order_by("number")[: MOST_FOUND + 1]
    accounts = Prefetch("accounts", Account.objects.select_related("premise"))
    rows = list(found.prefetch_related(accounts))
    if q:
        rows.sort(key=lambda row: ranked.index(row.pk))
    shown = rows[:MOST_FOUND]
    # Counted for the rows on the page only; counting in the search would count for every customer there is.
    counts = dict(Customer.objects.filter(pk__in=[row.pk for row in shown]).values_list("pk", Count("complaints")))
    context = {
        "q": q,
        "found": [(row, counts[row.pk]) for row in shown],
        "more": len(rows) > MOST_FOUND,
        "most": MOST_FOUND,
    }
    return render(request, "customers/customers.html", context)


@login_required
def customer(request: StaffRequest, number: str) -> HttpResponse:
    """Everything we know of one customer: how to reach them, where they are supplied, what they complained of."""
    customer = get_object_or_404(
        Customer.objects.visible_to(request.user).select_related("branch", "account_manager"), number=number
    )
    accounts = customer.accounts.select_related("premise__transformer_area__feeder").prefetch_related("meters")
    complaints = (
        customer.complaints.visible_to(request.user)
        .select_related("category", "subcategory", "assignee", "team")
        .order_by("-received_at")[:100]
    )
    return render(
        request,
        "customers/customer.html",
        {"customer": customer, "accounts": accounts, "complaints": complaints},
    )
