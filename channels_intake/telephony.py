"""The telephone switch says who is being called: the caller's record waits on the agent's screen.

The switch sends `POST /api/hooks/telephony/` with `Authorization: Bearer` and REDRESS_TELEPHONY_TOKEN, as JSON or as a form:
`call_id` (its own number for the call), `agent` (user name), `caller_number` (may be empty: withheld). Sent again it changes
nothing; sent for another agent the call has been put through to them. `docs/operations.md` shows an example.
"""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from channels_intake.forms import ENTERING
from channels_intake.models import IncomingCall
from complaints import strict_json
from complaints.legible import BROKEN
from complaints.refusals import BadInput
from customers.models import Account, Customer
from customers.models.people import digits
from staff.models import User

RINGS_FOR = timedelta(minutes=3)
"""An untaken call is offered for so long; then it was answered elsewhere or gave up."""
KEPT = timedelta(days=7)
LONGEST_BODY = 4_000


@csrf_exempt
@require_POST
def hook(request: HttpRequest) -> HttpResponse:
    """201 for a new call, 200 for a known one; 404 without a configured token, 401 with a wrong one, 422 with what is wrong."""
    if not settings.TELEPHONY_TOKEN:
        raise Http404
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not hmac.compare_digest(given.encode(), settings.TELEPHONY_TOKEN.encode()):
        return JsonResponse({"code": "unauthorized", "message": _("The token is wrong.")}, status=401)
    try:
        call, is_new = ring(said_by(request), at=timezone.now())
    except BadInput as refusal:
        problem = {"code": refusal.code, "message": refusal.message, "fields": list(refusal.fields)}
        return JsonResponse(problem, status=refusal.status)
    return JsonResponse({"call_id": call.call_id, "agent": call.agent.username}, status=201 if is_new else 200)


def said_by(request: HttpRequest) -> dict[str, Any]:
    """What the switch sent, as JSON or as a form. Raises BadInput."""
    if int(request.headers.get("Content-Length") or 0) > LONGEST_BODY:
        raise BadInput(_("That is too long for one call."))
    if request.content_type != "application/json":
        return request.POST.dict()
    said = strict_json.read(request.body)
    if not isinstance(said, dict):
        raise BadInput(_("Send one JSON object with call_id, agent and caller_number."))
    return said


def text_of(said: dict[str, Any], name: str) -> str:
    """One part of what was sent, "" where it is not there. Raises BadInput for what cannot be read on a screen."""
    value = said.get(name)
    text = "" if value is None else str(value).strip()
    if not isinstance(value, str | int | None) or not text.isprintable() or BROKEN in text:
        raise BadInput(_("%(name)s is printable text in UTF-8.") % {"name": name}, fields=[name])
    return text


@transaction.atomic
def ring(said: dict[str, Any], *, at: datetime) -> tuple[IncomingCall, bool]:
    """Offer the call to its agent; whether it was not known before. Raises BadInput."""
    call_id, number, name = (text_of(said, part) for part in ("call_id", "caller_number", "agent"))
    if not call_id or len(call_id) > 60:
        raise BadInput(_("Send call_id, at most 60 characters."), fields=["call_id"])
    if len(number) > 30:
        raise BadInput(_("A phone number has at most 30 characters."), fields=["caller_number"])
    agent = User.objects.filter(username__iexact=name, is_active=True, role__in=ENTERING).first()
    if agent is None:
        raise BadInput(_("Nobody of this name answers calls."), fields=["agent"])
    call, is_new = IncomingCall.objects.select_for_update().get_or_create(
        call_id=call_id, defaults={"agent": agent, "caller_number": number, "rang_at": at}
    )
    if call.agent != agent:
        call.agent, call.rang_at, call.taken_at = agent, at, None
        call.save()
    return call, is_new


def ringing(user: User, at: datetime) -> IncomingCall | None:
    """The newest call that waits for this person."""
    calls = IncomingCall.objects.filter(agent=user, taken_at=None, rang_at__gt=at - RINGS_FOR)
    return calls.order_by("-rang_at").first()


def take(call_id: str, user: User, at: datetime) -> IncomingCall | None:
    """The person answers it; None when it was put through to somebody else."""
    IncomingCall.objects.filter(call_id=call_id, agent=user, taken_at=None).update(taken_at=at)
    return IncomingCall.objects.filter(call_id=call_id, agent=user).first()


def accounts_calling(number: str, user: User) -> list[Account]:
    """Whose number it is: the open accounts of those who have it, at most five."""
    if not digits(number):
        return []
    people = Customer.objects.visible_to(user).filter(phone_digits=digits(number))
    accounts = Account.objects.filter(customer__in=people, closed_on__isnull=True)
    return list(accounts.select_related("customer", "premise").order_by("number")[:5])


def sweep(at: datetime) -> int:
    """Forget old calls; what mattered of them stands in the complaints."""
    return IncomingCall.objects.filter(rang_at__lt=at - KEPT).delete()[0]
