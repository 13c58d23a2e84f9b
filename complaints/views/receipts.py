"""Where the SMS gateway says what became of a message: `POST /api/hooks/sms-receipts/`."""

from __future__ import annotations

import hmac

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from complaints import receipts, strict_json
from complaints.refusals import BadInput, MoveRefused

LONGEST_BODY = 200_000


@csrf_exempt
@require_POST
def hook(request: HttpRequest) -> HttpResponse:
    """200 with how many were new and which are unknown; 404 without a configured token, 401 with a wrong one, 422 unreadable."""
    if not settings.SMS_RECEIPT_TOKEN:
        raise Http404
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not hmac.compare_digest(given.encode(), settings.SMS_RECEIPT_TOKEN.encode()):
        return JsonResponse({"code": "unauthorized", "message": _("The token is wrong.")}, status=401)
    try:
        said = receipts.read(_body(request))
    except BadInput as refusal:
        problem = {"code": refusal.code, "message": refusal.message, "fields": list(refusal.fields)}
        return JsonResponse(problem, status=refusal.status)
    return _noted(said)


def _body(request: HttpRequest) -> object:
    if int(request.headers.get("Content-Length") or 0) > LONGEST_BODY:
        raise BadInput(_("That is too long for receipts."))
    return strict_json.read(request.body) if request.content_type == "application/json" else request.POST.dict()


def _noted(said: list[receipts.Said]) -> HttpResponse:
    """Each by itself, so that an unknown one holds up no other; 404 when none of them is known."""
    at, noted, unknown = timezone.now(), 0, []
    for one in said:
        try:
            noted += receipts.note(one, at=at)
        except MoveRefused:
            unknown.append(str(one.uuid))
    return JsonResponse({"noted": noted, "unknown": unknown}, status=404 if len(unknown) == len(said) else 200)
