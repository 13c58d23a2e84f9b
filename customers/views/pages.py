"""Find customers, take them along as a file, and everything about one."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Prefetch, Q
from django.http import FileResponse, Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from customers import editing, exporting, finding, lookup, reading
from customers.forms import CustomerForm
from customers.models import Account, Customer, CustomerKind, CustomerMerge, Reading
from staff.actors import Role
from staff.http import StaffRequest
from staff.spreadsheets import lines

MOST_FOUND = 50
NOTED_FROM = 3
"""Letters from which looking somebody up while typing is written down, when somebody was found."""
ERASING = frozenset({Role.ADMINISTRATOR, Role.LIAISON})
"""Who writes down that somebody wants to be erased, or wants to know everything."""
SPOKE = ("contact", "ask", "message", "supplement", "urge", "acknowledge")
"""Moves that are a contact with the customer."""


@require_safe
@login_required
def customers(request: StaffRequest) -> HttpResponse:
    """Find customers by name, phone, account, meter or address, or list a segment."""
    q = request.GET.get("q", "").strip()
    found, ranked = finding.found_by(request.GET, request.user)
    if q:
        reading.note(request, Reading.Kind.SEARCH, query=q)
    else:
        reading.note(request, Reading.Kind.LIST, subject="customers", query=urlencode(finding.asked(request.GET)))
    accounts = Prefetch("accounts", Account.objects.select_related("premise"))
    if q:
        best = {pk: at for at, pk in enumerate(ranked)}
        keys = sorted(found.values_list("pk", flat=True), key=best.__getitem__)[: MOST_FOUND + 1]
        rows = sorted(found.filter(pk__in=keys).prefetch_related(accounts), key=lambda row: best[row.pk])
    else:
        rows = list(found.prefetch_related(accounts).order_by("number")[: MOST_FOUND + 1])
    shown = rows[:MOST_FOUND]
    # Counted for the rows on the page only; counting in the search would count for every customer there is.
    counts = dict(Customer.objects.filter(pk__in=[row.pk for row in shown]).values_list("pk", Count("complaints")))
    context = {
        "q": q,
        "kind": request.GET.get("kind", ""),
        "only": request.GET.get("only", ""),
        "kinds": CustomerKind.choices,
        "onlys": [(name, label) for name, (label, _condition) in finding.ONLY.items()],
        "found": [(row, counts[row.pk]) for row in shown],
        "more": len(rows) > MOST_FOUND,
        "most": MOST_FOUND,
        "may_import": request.user.role == Role.ADMINISTRATOR,
        "may_export": request.user.role in exporting.EXPORTING,
        "query": urlencode(finding.asked(request.GET)),
    }
    return render(request, "customers/customers.html", context)


@login_required
@require_safe
def export(request: StaffRequest, format: str) -> HttpResponseBase:
    """The customers of a list with their accounts as a file; that it was taken is written down first."""
    if format not in exporting.FORMATS:
        raise Http404
    if request.user.role not in exporting.EXPORTING:
        raise PermissionDenied(_("Customers are exported by supervisors, analysts and administrators."))
    found, _ranked = finding.found_by(request.GET, request.user)
    if format == "xlsx" and Account.objects.filter(customer__in=found).count() > exporting.MOST_XLSX:
        messages.error(request, _("A spreadsheet cannot hold that many rows. Take the CSV file."))
        return redirect("customers:customers")
    query = urlencode(finding.asked(request.GET))
    if request.method == "GET":
        reading.note(request, Reading.Kind.EXPORT, subject=f"customers.{format}", query=query)
        exporting.record(found, by=request.user, at=timezone.now(), format=format, query=query)
    if format == "xlsx":
        return FileResponse(exporting.workbook(exporting.rows(found)), as_attachment=True, filename="customers.xlsx")
    answer = StreamingHttpResponse(lines(exporting.rows(found)), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="customers.csv"'
    return answer


def find(request: StaffRequest, number: str) -> Customer:
    rows = Customer.objects.visible_to(request.user).select_related("branch", "account_manager", "merged_into")
    return get_object_or_404(rows, number=number)


@require_safe
@login_required
def customer(request: StaffRequest, number: str) -> HttpResponse:
    """Everything we know of one customer: how to reach them, where they are supplied, what they complained of, what was said."""
    customer = find(request, number)
    reading.note(request, Reading.Kind.CUSTOMER, subject=f"#{customer.pk}", customer=customer.pk)
    return render(request, "customers/customer.html", _everything(request, customer))


@login_required
@require_POST
def reveal(request: StaffRequest, number: str) -> HttpResponse:
    """The customer's data in full, once it is written down who wants it and why."""
    customer = find(request, number)
    reading.revealed(request, request.POST.get("reason", ""), subject=f"#{customer.pk}", customer=customer.pk)
    if request.htmx:
        context = {"customer": customer, "accounts": _accounts(customer), "is_shown": True}
        return render(request, "customers/_reach.html", context)
    return render(request, "customers/customer.html", _everything(request, customer) | {"is_shown": True})


def _accounts(customer: Customer) -> list[Account]:
    with_plan = customer.accounts.select_related("premise__transformer_area__feeder", "inspection_plan__kind")
    return list(with_plan.prefetch_related("meters"))


def _everything(request: StaffRequest, customer: Customer) -> dict[str, Any]:
    complaints = customer.complaints.visible_to(request.user)
    accounts = _accounts(customer)
    merges = CustomerMerge.objects.filter(Q(merged=customer) | Q(survivor=customer))
    return {
        "customer": customer,
        "reasons": Reading.Reason.choices,
        "accounts": accounts,
        "complaints": complaints.select_related("category", "subcategory", "assignee", "team").order_by("-received_at")[
            :100
        ],
        "contacts": _contacts(complaints),
        "issues": _issues(accounts, request),
        "inspections": _inspections(accounts, request),
        "changes": customer.events.select_related("user")[:20],
        "merges": merges.select_related("merged", "survivor", "made_by", "undone_by")[:20],
        "may_edit": bool(editing.fields_for(request.user))
        and customer.merged_into is None
        and customer.erased_at is None,
        "may_merge": request.user.role in editing.DECIDING and customer.merged_into is None,
        "may_undo": request.user.role in editing.DECIDING,
        "may_see_readings": request.user.role == Role.ADMINISTRATOR,
        "may_erase": request.user.role in ERASING and customer.erased_at is None and customer.merged_into is None,
        "holds": customer.holds.filter(lifted_at=None).select_related("placed_by"),
    }


def _contacts(complaints: Any) -> list[Any]:
    events = complaints.model._meta.get_field("events").related_model.objects
    spoke = events.filter(complaint__in=complaints, move__in=SPOKE)
    return list(spoke.select_related("complaint", "user").order_by("-at")[:20])


def _issues(accounts: list[Account], request: StaffRequest) -> list[Any]:
    """Known service issues at this customer's premises, open ones first."""
    areas = [account.premise.transformer_area for account in accounts if account.premise.transformer_area]
    if not areas:
        return []
    issues: Any = areas[0].service_issues.model.objects.visible_to(request.user)
    here = Q(transformer_area__in=areas) | Q(feeder__in=[area.feeder_id for area in areas], transformer_area=None)
    return list(issues.filter(here).order_by("-started_at")[:5])


def _inspections(accounts: list[Account], request: StaffRequest) -> list[Any]:
    """What was inspected at this customer's, and what is due, the newest first."""
    if not accounts:
        return []
    rows: Any = accounts[0].inspections.model.objects.visible_to(request.user)
    return list(rows.filter(account__in=accounts).select_related("kind", "assignee").order_by("-due_on", "-pk")[:10])


@login_required
def customer_edit(request: StaffRequest, number: str) -> HttpResponse:
    """Change the record; what somebody else changed meanwhile is shown instead of being overwritten."""
    customer = find(request, number)
    if not editing.fields_for(request.user) or customer.merged_into is not None:
        raise PermissionDenied(_("You cannot change this customer."))
    form = CustomerForm(request.POST or None, instance=find(request, number), user=request.user)
    seen, status = customer.version, 200
    if request.method == "POST":
        said = request.POST.get("seen", "")
        seen, status = int(said) if said.isdecimal() else 0, 422
        if form.is_valid():
            try:
                editing.edit(customer, form.cleaned_data, by=request.user, seen=seen, at=timezone.now())
            except editing.ChangedMeanwhile as changed:
                seen, status = changed.customer.version, 409
                form.add_error(
                    None,
                    _(
                        "Somebody changed this customer since you opened the page. Look at what is new, then save again."
                    ),
                )
            else:
                messages.success(request, _("Saved."))
                return redirect("customers:customer", number)
    unseen = customer.events.select_related("user")[:3] if status == 409 else []
    context = {"customer": customer, "form": form, "seen": seen, "unseen": unseen}
    return render(request, "customers/customer_edit.html", context, status=status)


@login_required
@require_safe
def look_up(request: StaffRequest) -> HttpResponse:
    """The list below a look-up field; each row fills the form that it stands in."""
    q = request.GET.get("q", "")
    found = lookup.look_up(q, request.user)
    if found and len(q.strip()) >= NOTED_FROM:
        reading.note(request, Reading.Kind.SEARCH, query=q.strip())
    return render(request, "customers/_lookup.html", {"q": q.strip(), "found": found})
