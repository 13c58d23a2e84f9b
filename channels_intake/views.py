"""The desk's entry pages: one form per channel, what we know of the customer, and the announcement of the reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from channels_intake import unsent
from channels_intake.announcing import announced
from channels_intake.channels import desk_forms, desk_forms_for
from channels_intake.door import first_received, receive
from channels_intake.forms import StaffForm
from channels_intake.models import UnsentForm
from channels_intake.unsent import as_uuid
from complaints.models import Complaint, ServiceIssue
from complaints.refusals import Refusal
from customers.lookup import look_up
from customers.models import Account, Customer
from staff.actors import Actor
from staff.http import StaffRequest
from staff.models import User

LISTS = ("flags",)
STAY = ("switch", "look", "pick")
"""Buttons that only show the form again: another channel, a look-up, a person picked from it."""


class MayNotEnter(Refusal):
    """This person's role does not enter complaints here."""

    code = "may_not_enter"
    status = 403


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: StaffRequest, channel: str) -> HttpResponse:
    """The entry form of a channel; saving it leads to the reference, in large type."""
    form_class = form_for(channel, request.user)
    if "draft" in request.GET and request.method != "POST":
        return take_up(request, form_class, request.GET["draft"])
    if request.method != "POST" or any(button in request.POST for button in STAY):
        typed = typed_so_far(request.POST or request.GET, request.user)
        kept = keep(request, channel, typed)
        return page(request, form_class(user=request.user, typed=typed), q=request.POST.get("q", ""), kept=kept)
    form = form_class(request.POST, request.FILES, user=request.user)
    if not form.is_valid():
        kept = keep(request, channel, typed_so_far(request.POST, request.user))
        return page(request, form, status=422, kept=kept)
    with transaction.atomic():
        complaint = receive(form.intake(), by=Actor.staff(request.user))
        unsent.forget(form.cleaned_data["form_id"])
    return redirect("channels_intake:registered", complaint.reference)


def take_up(request: StaffRequest, form_class: type[StaffForm], form_id: str) -> HttpResponse:
    """The form as it was left; what was sent meanwhile leads to its reference."""
    row = unsent.taken_up(as_uuid(form_id), request.user)
    if row is not None:
        typed = row.content | {"form_id": str(row.form_id)}
        return page(request, form_class(user=request.user, typed=typed), kept=row)
    sent = first_received(form_class.channel, form_id)
    if sent is not None:
        return redirect("channels_intake:registered", sent.reference)
    messages.error(request, _("This form is no longer with you: it was sent, or a colleague goes on with it."))
    return redirect("channels_intake:unsent")


def keep(request: StaffRequest, channel: str, typed: Mapping[str, Any]) -> UnsentForm | None:
    """Keep what was posted and not sent, for a browser without scripts; what a colleague took over is left alone."""
    if request.method != "POST" or not typed.get("form_id"):
        return None
    try:
        return unsent.keep(as_uuid(typed["form_id"]), channel, typed, by=request.user)
    except Refusal as refusal:
        messages.error(request, refusal.message)
        return None


def form_for(channel: str, user: User) -> type[StaffForm]:
    form_class = desk_forms().get(channel)
    if form_class is None:
        raise Http404
    if channel not in desk_forms_for(user):
        raise MayNotEnter(
            _("As %(role)s you do not enter complaints here. Ask an agent or a supervisor.")
            % {"role": user.get_role_display()}
        )
    return form_class


def page(
    request: StaffRequest, form: StaffForm, *, q: str = "", status: int = 200, kept: UnsentForm | None = None
) -> HttpResponse:
    context = {
        "kept": kept,
        "keep_url": reverse("channels_intake:keep_unsent", args=[form.channel.value, form_id_of(form)]),
        "unsent": unsent.of(request.user).filter(discarded_at=None).count(),
        "form": form,
        "tabs": [{"channel": tab.channel, "icon": tab.icon} for tab in desk_forms_for(request.user).values()],
        "q": q,
        "found": look_up(q, request.user),
        **known_of(form["account_number"].value() or "", request.user),
    }
    return render(request, "intake/desk.html", context, status=status)


def form_id_of(form: StaffForm) -> UUID:
    return as_uuid(str(form["form_id"].value() or ""))


def typed_so_far(values: QueryDict, user: User) -> dict[str, Any]:
    """What another form had in it, with the person who was picked; unchecked, only to be shown again."""
    typed: dict[str, Any] = {name: values.getlist(name) if name in LISTS else values[name] for name in values}
    return typed | picked(values.get("pick") or values.get("account_number", ""), user, typed)


def picked(number: str, user: User, typed: Mapping[str, Any]) -> dict[str, Any]:
    """The contact details of the account's customer, where nothing else was typed."""
    account = account_visible(number, user)
    if account is None:
        return {}
    person = account.customer
    known = {"contact_name": person.name, "contact_phone": person.phone, "contact_email": person.email}
    known |= {"contact_address": person.address, "language": person.language, "contact_method": person.contact_method}
    choices = ("language", "contact_method")
    return {"account_number": account.number} | {
        name: value for name, value in known.items() if name in choices or not typed.get(name)
    }


def account_visible(number: str, user: User) -> Account | None:
    """The account with this number, if this person may see its customer."""
    visible = Customer.objects.visible_to(user)
    accounts = Account.objects.select_related("customer__account_manager", "premise__transformer_area__feeder")
    return accounts.filter(number=number, customer__in=visible).first() if number else None


@login_required
@require_safe
def known(request: StaffRequest) -> HttpResponse:
    """The right column of the form: what we know of the account that is in it."""
    return render(request, "intake/_known.html", known_of(request.GET.get("account_number", "").strip(), request.user))


def known_of(number: str, user: User) -> dict[str, Any]:
    account = account_visible(number, user)
    if account is None:
        return {"account": None, "account_number": number}
    complaints = Complaint.objects.visible_to(user).filter(customer=account.customer).select_related("category")
    area = account.premise.transformer_area
    near = Q(transformer_area=area) | Q(feeder=area.feeder, transformer_area=None) if area else Q(pk__in=[])
    return {
        "account": account,
        "complaints": complaints.order_by("-received_at")[:5],
        "issues": ServiceIssue.objects.visible_to(user).open().filter(near)[:3],
    }


@login_required
@require_safe
def registered(request: StaffRequest, reference: str) -> HttpResponse:
    """The reference to say aloud, what was promised, and the receipt to print. Also for who entered it and may not see it."""
    mine = Q(pk__in=Complaint.objects.visible_to(request.user)) | Q(entered_by=request.user)
    complaint = get_object_or_404(Complaint.objects.filter(mine).select_related("category"), reference=reference)
    is_visible = Complaint.objects.visible_to(request.user).filter(pk=complaint.pk).exists()
    return render(request, "intake/registered.html", announced(complaint) | {"is_visible": is_visible})
