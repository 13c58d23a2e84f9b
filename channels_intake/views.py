"""The desk's entry pages: one form per channel, what we know of the customer, and the announcement of the reference."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from channels_intake import mail, scans_kept, telephony, unsent, words
from channels_intake.announcing import announced
from channels_intake.channels import desk_forms, desk_forms_for
from channels_intake.channels.letter import Form as LetterForm
from channels_intake.door import add_to, first_received, receive_on
from channels_intake.forms import StaffForm
from channels_intake.mail_views import reads_mail
from channels_intake.models import Scan, UnsentForm
from channels_intake.unsent import as_uuid
from complaints import duplicates, scans, workflow
from complaints.models import Category, Channel, Complaint, DeskSettings, ServiceIssue
from complaints.models.complaint import read_by
from complaints.refusals import BadInput, MoveRefused, Refusal
from complaints.store import NotKept
from customers.lookup import look_up
from customers.models import Account, Customer
from staff import utility
from staff.actors import Actor
from staff.http import StaffRequest
from staff.models import User

LISTS = ("flags",)
KNOWN_BY = ("account_number", "category", "contact_phone", "caller_number", "story", "service_issue")
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
    if "call" in request.GET and request.method != "POST":
        return answer(request, form_class, request.GET["call"])
    if request.method != "POST" or any(button in request.POST for button in STAY):
        typed = typed_so_far(request.POST or request.GET, request.user)
        kept = keep(request, channel, typed)
        return page(request, form_class(user=request.user, typed=typed), q=request.POST.get("q", ""), kept=kept)
    if "further" in request.POST:
        return further(request, form_class)
    form = form_class(request.POST, request.FILES, user=request.user)
    is_looking = "look_scan" in request.POST
    if not form.is_valid() or is_looking:
        kept = keep(request, channel, typed_so_far(request.POST, request.user))
        return again(request, form, only="scan_file" if is_looking else "", kept=kept)
    try:
        return redirect("channels_intake:registered", taken(request, form).reference)
    except NotKept as refusal:
        form.add_error("files", refusal.message)
        kept = keep(request, channel, typed_so_far(request.POST, request.user))
        return again(request, form, kept=kept, status=refusal.status)


@transaction.atomic
def taken(request: StaffRequest, form: StaffForm) -> Complaint:
    """The complaint that a right form makes, with all that hangs on it. Raises NotKept, and then there is none."""
    complaint, _is_new = receive_on(form.intake(), by=Actor.staff(request.user))
    form.received(complaint)
    put_to_issue(complaint, form.cleaned_data["service_issue"], request.user)
    unsent.forget(form.cleaned_data["form_id"])
    return complaint


def put_to_issue(complaint: Complaint, key: str, user: User) -> None:
    """Link it to the known trouble that was ticked. The same form sent twice finds it linked; a trouble that is over is left."""
    issue = ServiceIssue.objects.visible_to(user).open().filter(pk=key).first() if key.isdecimal() else None
    if issue is None:
        return
    with suppress(MoveRefused):
        workflow.perform("link", complaint, by=Actor.staff(user), service_issue=issue)


def again(
    request: StaffRequest, form: StaffForm, *, only: str = "", kept: UnsentForm | None = None, status: int = 422
) -> HttpResponse:
    """The form with what was typed; with `only`, nothing but this field has been judged so far."""
    form.put_aside()
    if only:
        for name in set(form.errors) - {only}:
            del form.errors[name]
    return page(request, form, status=status if form.errors else 200, kept=kept)


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


def further(request: StaffRequest, form_class: type[StaffForm]) -> HttpResponse:
    """What was typed is said to a complaint that exists, instead of making another one."""
    reference, story = request.POST["further"], request.POST.get("story", "").strip()
    complaint = get_object_or_404(Complaint.objects.visible_to(request.user), reference=reference)
    typed = typed_so_far(request.POST, request.user)
    form_id = as_uuid(str(typed.get("form_id", "")))
    try:
        if not story:
            raise BadInput(_("Write down what they say, then add it to %(reference)s.") % {"reference": reference})
        add_to(complaint, story, form_id, channel=form_class.channel, source=form_class.source, by=request.user)
    except Refusal as refusal:
        messages.error(request, refusal.message)
        kept = keep(request, form_class.channel, typed)
        return page(request, form_class(user=request.user, typed=typed), kept=kept, status=422)
    messages.success(request, _("Added to %(reference)s.") % {"reference": reference})
    return redirect(complaint)


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


def answer(request: StaffRequest, form_class: type[StaffForm], call_id: str) -> HttpResponse:
    """The form of a call that is put through: its number, and the caller, where the number belongs to one account."""
    call = telephony.take(call_id, request.user, timezone.now())
    if call is None:
        messages.info(request, _("That call was put through to somebody else."))
        return redirect("channels_intake:new", form_class.channel)
    typed: dict[str, Any] = {"caller_number": call.caller_number, "call_id": call.call_id}
    accounts = telephony.accounts_calling(call.caller_number, request.user)
    if len(accounts) == 1:
        typed |= picked(accounts[0].number, request.user, typed)
    return page(request, form_class(user=request.user, typed=typed), q=call.caller_number if len(accounts) > 1 else "")


@never_cache
@login_required
@require_safe
def calls(request: StaffRequest) -> HttpResponse:
    """The call that waits for this person, asked for every two seconds while the switch is connected."""
    call = telephony.ringing(request.user, timezone.now())
    if call is None:
        return HttpResponse("")
    accounts = telephony.accounts_calling(call.caller_number, request.user)
    return render(request, "intake/_call.html", {"call": call, "accounts": accounts})


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
        "mails": len(mail.for_a_person()) if reads_mail(request.user) else 0,
        "keep_url": reverse("channels_intake:keep_unsent", args=[form.channel.value, form_id_of(form)]),
        "unsent": unsent.of(request.user).filter(discarded_at=None).count(),
        "form": form,
        "tabs": [{"channel": tab.channel, "icon": tab.icon} for tab in desk_forms_for(request.user).values()],
        "q": q,
        "found": look_up(q, request.user),
        **known_of({name: form[name].value() for name in KNOWN_BY if name in form.fields}, request.user),
        "scan": form.kept_scan() if isinstance(form, LetterForm) else None,
        "chosen": form["category"].value() or "",
        "may_write": utility.may_change(request.user),
    }
    if form.channel == Channel.PHONE:
        codes = set(Category.objects.values_list("code", flat=True))
        context["prompts"] = words.prompts(DeskSettings.current(), codes)
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
    accounts = Account.objects.select_related(
        "customer__account_manager", "premise__transformer_area__feeder", "inspection_plan"
    )
    return accounts.filter(number=number, customer__in=visible).first() if number else None


@never_cache
@login_required
@require_POST
def known(request: StaffRequest) -> HttpResponse:
    """The right column of the form: what we know of the account in it, and what this may repeat. Changes nothing."""
    return render(request, "intake/_known.html", known_of(request.POST, request.user))


def known_of(said: Mapping[str, Any], user: User) -> dict[str, Any]:
    """What is known of what was typed so far, by the fields of KNOWN_BY."""
    number = str(said.get("account_number") or "").strip()
    account, now = account_visible(number, user), timezone.now()
    category = Category.objects.filter(code=said.get("category") or "", is_active=True).first()
    phone = str(said.get("contact_phone") or said.get("caller_number") or "")
    found = duplicates.likely(
        user, category=category, account=account, phone=phone, story=str(said.get("story") or ""), at=now
    )
    part_of = str(said.get("service_issue") or "")
    context = {"account": account, "account_number": number, "likely": found, "part_of": part_of}
    if account is None:
        return context
    complaints = Complaint.objects.visible_to(user).filter(customer=account.customer).select_related("category")
    shown = [one.complaint.pk for one in found]
    area = account.premise.transformer_area
    near = Q(transformer_area=area) | Q(feeder=area.feeder, transformer_area=None) if area else Q(pk__in=[])
    in_a_year = duplicates.in_the_last_year(account, now)
    return context | {
        "complaints": complaints.exclude(pk__in=shown).order_by("-received_at")[:5],
        "issues": ServiceIssue.objects.visible_to(user).open().filter(near)[:3],
        "in_a_year": in_a_year if in_a_year >= duplicates.SERIAL_FROM else 0,
    }


@login_required
@require_safe
def registered(request: StaffRequest, reference: str) -> HttpResponse:
    """The reference to say aloud, what was promised, and the receipt to print. Also for who entered it and may not see it."""
    mine = read_by(request.user) | Q(entered_by=request.user)
    complaint = get_object_or_404(Complaint.objects.filter(mine).select_related("category"), reference=reference)
    is_visible = Complaint.objects.visible_to(request.user).filter(pk=complaint.pk).exists()
    return render(request, "intake/registered.html", announced(complaint) | {"is_visible": is_visible})
