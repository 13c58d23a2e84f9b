"""Making one customer of two records, and two again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from complaints import customer_merging
from complaints.field_types import CustomerField
from complaints.models import Complaint
from complaints.refusals import MoveRefused
from customers.models import Customer, CustomerMerge
from staff.http import StaffRequest
from staff.models import User


class MergeForm(forms.Form):
    use_required_attribute = False

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["into"] = CustomerField(
            user=user,
            label=_("Which record goes on?"),
            help_text=_("Account, meter or customer number, phone, or the name if only one has it."),
        )
        self.fields["reason"] = forms.CharField(label=gettext_lazy("Why are they the same?"), max_length=300)


@login_required
def merge(request: StaffRequest, number: str) -> HttpResponse:
    """Make this record part of another: what will move is shown, then somebody decides."""
    _check(request)
    customer = get_object_or_404(Customer.objects.visible_to(request.user).current(), number=number)
    form = MergeForm(request.POST or None, user=request.user, initial={"into": request.GET.get("into", "")})
    if request.method == "POST" and form.is_valid():
        into = form.cleaned_data["into"]
        try:
            customer_merging.merge(customer, into, by=request.user, reason=form.cleaned_data["reason"])
        except MoveRefused as refused:
            form.add_error("into" if "into" in refused.fields else None, refused.message)
        else:
            messages.success(request, _("Merged. It can be undone on this page."))
            return redirect("customers:customer", into.number)
    context = {
        "customer": customer,
        "form": form,
        "accounts": customer.accounts.count(),
        "complaints": Complaint.objects.filter(customer=customer).count(),
        "alike": Customer.objects.visible_to(request.user)
        .current()
        .filter(_alike(customer))
        .exclude(pk=customer.pk)[:5],
    }
    return render(request, "customers/customer_merge.html", context, status=422 if form.errors else 200)


def _alike(customer: Customer) -> Q:
    """Others with the same phone, or failing that the same name."""
    if customer.phone_digits:
        return Q(phone_digits=customer.phone_digits)
    return Q(name=customer.name)


@login_required
@require_POST
def unmerge(request: StaffRequest, pk: int) -> HttpResponse:
    """Undo a merge: what moved goes back, what came later stays."""
    _check(request)
    mine = Customer.objects.visible_to(request.user)
    run = get_object_or_404(CustomerMerge.objects.filter(merged__in=mine, survivor__in=mine), pk=pk)
    try:
        customer_merging.undo(run, by=request.user)
    except MoveRefused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, _("Undone. There are two records again."))
    return redirect("customers:customer", run.merged.number)


def _check(request: StaffRequest) -> None:
    if request.user.role not in customer_merging.ALLOWED:
        raise PermissionDenied(_("Customers are merged by supervisors and administrators."))
