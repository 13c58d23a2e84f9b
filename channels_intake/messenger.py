"""Messages from WeChat and Weibo: signed calls of their servers, each with its effect once.

Both sign alike: `signature` is the SHA-1 of the token, `timestamp` and `nonce`, sorted and joined. A call older than five
minutes is refused, and a message's own number counts once, so a recorded call cannot be played again. Nothing is fetched from
addresses in it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import phonenumbers
from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from channels_intake.base import Intake
from channels_intake.door import first_received, receive
from channels_intake.mail import topic_of
from channels_intake.mail_reading import clean
from channels_intake.models import InboundRecord, MessengerThread
from complaints import strict_json, workflow
from complaints.legible import legible
from complaints.models import Channel, Complaint, Source
from complaints.refusals import BadInput, Refusal
from complaints.states import Status
from staff.actors import THE_CUSTOMER

LARGEST = 64 * 1024
FRESH = timedelta(minutes=5)
SAME_MATTER = timedelta(days=14)
"""What somebody says within so long belongs to their complaint that is not closed."""
CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
"""What XML cannot hold."""


class Said(NamedTuple):
    """One message: whose, its number, what; `to` is our own account. `text` is empty for what is no message."""

    number: str
    sender: str
    to: str
    text: str


class WrongSignature(Refusal):
    """It is not from whom it says it is, or it is old."""

    code = "wrong_signature"
    status = 403


@csrf_exempt
@require_http_methods(["GET", "POST"])
def hook(request: HttpRequest, provider: str) -> HttpResponse:
    """GET proves that the address is ours; POST takes one message and answers in the messenger's own form."""
    token = settings.MESSENGERS.get(provider)
    if not token or provider not in READERS:
        raise Http404
    try:
        check_signature(request, token)
        if request.method == "GET":
            return HttpResponse(request.GET.get("echostr", "")[:200], content_type="text/plain")
        said = READERS[provider](body_of(request))
        complaint = take(provider, said, at=timezone.now()) if said.text else None
    except Refusal as refusal:
        return JsonResponse({"code": refusal.code, "message": refusal.message}, status=refusal.status)
    return ANSWERS[provider](said, words_for(complaint) if complaint else "")


def check_signature(request: HttpRequest, token: str) -> None:
    """Raise WrongSignature unless this call was signed with our token in the last minutes."""
    stamp, nonce, given = (request.GET.get(name, "") for name in ("timestamp", "nonce", "signature"))
    wanted = hashlib.sha1("".join(sorted([token, stamp, nonce])).encode(), usedforsecurity=False).hexdigest()
    if not hmac.compare_digest(wanted.encode(), given.encode()):
        raise WrongSignature(_("The signature is wrong."))
    if not re.fullmatch(r"[0-9]{1,12}", stamp) or abs(timezone.now().timestamp() - int(stamp)) > FRESH.total_seconds():
        raise WrongSignature(_("The call is older than five minutes."))


def body_of(request: HttpRequest) -> bytes:
    if int(request.headers.get("Content-Length") or 0) > LARGEST:
        raise BadInput(_("The message is too large."))
    return request.body


def wechat(body: bytes) -> Said:
    """A message as WeChat sends it, in XML. Raises BadInput."""
    if b"<!" in body.replace(b"<![CDATA[", b""):
        raise BadInput(_("Document types and entities are not taken."))
    try:
        root = ElementTree.fromstring(CONTROL.sub(b"", body))
    except (ElementTree.ParseError, ValueError, LookupError) as error:  # the last two for what it says of its encoding
        raise BadInput(_("This is not XML: %(error)s.") % {"error": error}) from error
    given = {part.tag: (part.text or "").strip() for part in root}
    kind = given.get("MsgType", "")
    text = {
        "text": given.get("Content", ""),
        "image": f"[image] {given.get('PicUrl', '')}",
        "voice": given.get("Recognition", "") or f"[voice] {given.get('MediaId', '')}",
        "location": f"[location] {given.get('Label', '')} {given.get('Location_X', '')},{given.get('Location_Y', '')}",
    }.get(kind, "")
    number = given.get("MsgId") or f"{given.get('FromUserName', '')}{given.get('CreateTime', '')}"
    return _said(number, given.get("FromUserName", ""), given.get("ToUserName", ""), text)


def weibo(body: bytes) -> Said:
    """A message as Weibo sends it, in JSON. It has no number of its own, so one is made of all it says. Raises BadInput."""
    given = strict_json.read(body)
    if not isinstance(given, dict):
        raise BadInput(_("Send one JSON object."))
    kinds = {"text": "", "image": "[image] ", "voice": "[voice] ", "position": "[location] "}
    kind = str(given.get("type"))
    text = f"{kinds[kind]}{given.get('text') or ''}" if kind in kinds else ""
    whole = json.dumps(
        [given.get(name) for name in ("sender_id", "created_at", "type", "text", "data")], sort_keys=True
    )
    number = hashlib.sha256(whole.encode()).hexdigest()
    return _said(number, str(given.get("sender_id") or ""), str(given.get("receiver_id") or ""), text)


def _said(number: str, sender: str, to: str, text: str) -> Said:
    if any(not text or len(text) > 100 or legible(text) != text for text in (sender, number)):
        raise BadInput(_("The message does not say who sent it."))
    return Said(number, sender, legible(to[:100]), clean(text))


READERS: dict[str, Callable[[bytes], Said]] = {Source.WECHAT.value: wechat, Source.WEIBO.value: weibo}


@transaction.atomic
def take(provider: str, said: Said, *, at: datetime) -> Complaint:
    """The complaint that this message began or was added to. Messages of one person are taken one after the other."""
    MessengerThread.objects.get_or_create(provider=provider, sender=said.sender)
    thread = MessengerThread.objects.select_for_update().get(provider=provider, sender=said.sender)
    external_id = f"{provider}:{said.number}"
    known = first_received(Channel.WEB, external_id)
    if known is not None:
        return known
    current = thread.complaint.merged_into or thread.complaint if thread.complaint else None
    is_current = thread.said_at is not None and thread.said_at > at - SAME_MATTER
    if current is not None and is_current and current.status != Status.CLOSED:
        InboundRecord.objects.create(
            channel=Channel.WEB, source=provider, external_id=external_id, received_at=at, complaint=current
        )
        workflow.perform("supplement", current, by=THE_CUSTOMER, at=at, message=said.text)
    else:
        current = receive(_intake(provider, said, external_id), by=THE_CUSTOMER, at=at)
    thread.complaint, thread.said_at = current, at
    thread.save()
    return current


def _intake(provider: str, said: Said, external_id: str) -> Intake:
    """Without a phone number in it nobody can be called: it is taken all the same, and the answer asks for one."""
    phone = next((found.raw_string for found in phonenumbers.PhoneNumberMatcher(said.text, settings.PHONE_REGION)), "")
    return Intake(
        channel=Channel.WEB,
        source=provider,
        external_id=external_id,
        category=topic_of(said.text),
        story=said.text,
        contact_name=str(Source(provider).label) if phone else "",
        contact_phone=phone[:30],
        is_anonymous=not phone,
        language="zh-hans" if re.search(r"[\u4e00-\u9fff]", said.text) else "en",
        details={"sender": said.sender},
    )


def words_for(complaint: Complaint) -> str:
    """What the sender reads at once."""
    with override(complaint.language):
        link = settings.BASE_URL + reverse("complaints:track", args=[complaint.token])
        words = _("Your reference is %(reference)s. Follow it here: %(link)s") % {
            "reference": complaint.reference,
            "link": link,
        }
        if not complaint.can_be_reached:
            words += " " + _("Send us your phone number, so that we can call you.")
        return words


def _wechat_answer(said: Said, words: str) -> HttpResponse:
    if not words:
        return HttpResponse("success", content_type="text/plain")
    parts = {"ToUserName": said.sender, "FromUserName": said.to, "CreateTime": str(int(timezone.now().timestamp()))}
    parts |= {"MsgType": "text", "Content": words}
    inner = "".join(f"<{name}>{escape(legible(text))}</{name}>" for name, text in parts.items())
    return HttpResponse(f"<xml>{inner}</xml>", content_type="application/xml")


def _weibo_answer(said: Said, words: str) -> HttpResponse:
    answer: dict[str, Any] = {"result": bool(words), "receiver_id": said.sender, "sender_id": said.to, "type": "text"}
    return JsonResponse(
        answer | {"data": json.dumps({"text": words}, ensure_ascii=False)} if words else {"result": False}
    )


ANSWERS: dict[str, Callable[[Said, str], HttpResponse]] = {
    Source.WECHAT.value: _wechat_answer,
    Source.WEIBO.value: _weibo_answer,
}
