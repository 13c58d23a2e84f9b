"""The desk's entry pages: one form per channel, what we know of the customer, and the announcement of the reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from channels_intake import scans_kept
from channels_intake.announcing import announced
from channels_intake.channels import desk_forms, desk_forms_for
from channels_intake.channels.letter import Form as LetterForm
from channels_intake.door import receive
from channels_intake.forms import StaffForm
from channels_intake.models import Scan
from complaints import scans
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
    if request.method != "POST" or any(button in request.POST for button in STAY):
        typed = typed_so_far(request.POST or request.GET, request.user)
        return page(request, form_class(user=request.user, typed=typed), q=request.POST.get("q", ""))
    form = form_class(request.POST, request.FILES, user=request.user)
    is_looking = "look_scan" in request.POST
    if not form.is_valid() or is_looking:
        return again(request, form, only="scan_file" if is_looking else "")
    complaint = receive(form.intake(), by=Actor.staff(request.user))
    form.received(complaint)
    return redirect("channels_intake:registered", complaint.reference)


def again(request: StaffRequest, form: StaffForm, *, only: str = "") -> HttpResponse:
    """The form with what was typed; with `only`, nothing but this field has been judged so far."""
    form.put_aside()
    if only:
        for name in set(form.errors) - {only}:
            del form.errors[name]
    return page(request, form, status=422 if form.errors else 200)


@login_required
@require_safe
def scan_page(request: StaffRequest, uuid: UUID, number: int) -> HttpResponse:
    """A page of a scan that this person put aside, as a picture."""
    found = get_object_or_404(Scan, uuid=uuid, uploaded_by=request.user)
    picture = scans.drawn(scans_kept.content(found), found.content_type, number)
    if picture is None:
        raise Http404
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, max-age=3600"}
    return HttpResponse(picture, content_type="image/jpeg", headers=headers)


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


def page(request: StaffRequest, form: StaffForm, *, q: str = "", status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "tabs": [{"channel": tab.channel, "icon": tab.icon} for tab in desk_forms_for(request.user).values()],
        "q": q,
        "found": look_up(q, request.user),
        "scan": form.kept_scan() if isinstance(form, LetterForm) else None,
        **known_of(form["account_number"].value() or "", request.user),
    }
    return render(request, "intake/desk.html", context, status=status)


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
