"""An Open311 GeoReport v2 server (wiki.open311.org/GeoReport_v2): clients made for cities hand complaints in here, unchanged.

A service is a subcategory, an attribute one of its category's questions. Handing in needs an `api_key`; reading needs none, and
shows only what came in here, without names, words or addresses. Times are ISO 8601 with an offset.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import wraps
from typing import Any
from xml.etree import ElementTree

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, ValidationError
from django.core.validators import validate_email
from django.db.models import Max, OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from channels_intake import questions, throttle
from channels_intake.base import Intake
from channels_intake.door import first_received, receive
from channels_intake.mail_reading import clean
from channels_intake.models import Open311Key
from channels_intake.questions import PUBLIC, Question, public_name
from channels_intake.validators import FIRST_YEAR, LAST_YEAR
from complaints.legible import BROKEN, legible
from complaints.models import Channel, Clock, ClockKind, Complaint, RequestType, Source, Subcategory, Tier
from complaints.models.complaint import ComplaintQuerySet
from complaints.refusals import Refusal
from complaints.states import Status
from customers.models.people import ContactMethod
from staff.actors import THE_CUSTOMER

LONGEST_SPAN, MOST = timedelta(days=90), 1000
"""A list covers at most so many days and so many requests (GeoReport v2, GET Service Requests)."""
SAME_AGAIN = timedelta(minutes=10)
"""The same words of the same client within so long are the same request."""
PER_HOUR = 600
"""Requests of one key: a city sends many from one address."""
DATATYPES = {"text": "text", "datetime": "datetime", "choice": "singlevaluelist", "yes_no": "singlevaluelist"}
LENGTHS = {
    "description": 4000, "address_string": 240, "first_name": 60, "last_name": 60, "phone": 30, "email": 254,
    "account_id": 20, "media_url": 500, "device_id": 200, "lat": 30, "long": 30,
}  # fmt: skip
NAMES = {
    "services": "service", "service_requests": "request", "errors": "error", "endpoints": "endpoint",
    "formats": "format", "attributes": "attribute", "values": "value",
}  # fmt: skip
"""What one thing of a list is called in XML."""


class Problem(Exception):
    """What is answered instead, with its HTTP status."""

    def __init__(self, status: int, *descriptions: str) -> None:
        super().__init__(*descriptions)
        self.status, self.descriptions = status, descriptions


def speaks(root: str) -> Callable[[Callable[..., Any]], Callable[..., HttpResponse]]:
    """A view that gives plain data; written as JSON or XML under `root`, problems in the standard's shape."""

    def decorate(view: Callable[..., Any]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, fmt: str, **kwargs: Any) -> HttpResponse:
            try:
                data, status = view(request, *args, **kwargs), 201 if request.method == "POST" else 200
            except Problem as problem:
                return written("errors", _errors(problem.status, problem.descriptions), fmt, problem.status)
            except (RequestDataTooBig, TooManyFieldsSent):
                return written("errors", _errors(400, [_("That is too much for one request.")]), fmt, 400)
            except Refusal as refusal:
                status = 429 if isinstance(refusal, throttle.TooMany) else 400
                return written("errors", _errors(status, [refusal.message]), fmt, status)
            return written(root, data, fmt, status)

        return csrf_exempt(answer)

    return decorate


def _errors(status: int, descriptions: Iterable[str]) -> list[dict[str, Any]]:
    return [{"code": status, "description": str(text)} for text in descriptions]


def written(root: str, data: Any, fmt: str, status: int) -> HttpResponse:
    if fmt == "json":
        text = json.dumps(data, ensure_ascii=False)
        return HttpResponse(text, status=status, content_type="application/json; charset=utf-8")
    body = ElementTree.tostring(_element(root, data), encoding="utf-8", xml_declaration=True)
    return HttpResponse(body, status=status, content_type="text/xml; charset=utf-8")


def _element(name: str, data: Any) -> ElementTree.Element:
    element = ElementTree.Element(name)
    if isinstance(data, Mapping):
        element.extend(_element(key, value) for key, value in data.items())
    elif isinstance(data, list):
        element.extend(_element(NAMES[name], value) for value in data)
    elif data is not None:
        element.text = (
            {True: "true", False: "false"}.get(data, str(data)) if isinstance(data, bool) else legible(str(data))
        )
    return element


# what is offered


@require_safe
@speaks("discovery")
def discovery(request: HttpRequest) -> dict[str, Any]:
    """Where the server is and what it speaks."""
    here = {
        "specification": "http://wiki.open311.org/GeoReport_v2",
        "url": settings.BASE_URL + reverse("channels_intake:open311-root"),
        "changeset": "2026-11-23T00:00:00+00:00",
        "type": "production",
        "formats": ["application/json", "text/xml"],
    }
    return {
        "changeset": here["changeset"],
        "contact": settings.BASE_URL,
        "key_service": _("Keys are given out by the utility."),
        "endpoints": [here],
    }


def offered() -> list[Subcategory]:
    rows = Subcategory.objects.filter(is_active=True, is_public=True, category__is_active=True)
    return list(rows.select_related("category").order_by("category__pk", "pk"))


@require_safe
@speaks("services")
def services(request: HttpRequest) -> list[dict[str, Any]]:
    """What can be complained about, in the language asked for."""
    return [
        {
            "service_code": kind.code,
            "service_name": public_name(kind),
            "description": f"{public_name(kind.category)}: {kind.name}",
            "metadata": bool(asked_of(kind)),
            "type": "realtime",
            "keywords": kind.category.slug,
            "group": public_name(kind.category),
        }
        for kind in offered()
    ]


@require_safe
@speaks("service_definition")
def definition(request: HttpRequest, code: str) -> dict[str, Any]:
    """The questions of one service."""
    kind = _kind(code, 404)
    return {
        "service_code": kind.code,
        "attributes": [_attribute(question, order) for order, question in enumerate(asked_of(kind), start=1)],
    }


def asked_of(kind: Subcategory) -> list[Question]:
    return [question for question in questions.questions_of(kind.category) if question.fits(kind)]


def _attribute(question: Question, order: int) -> dict[str, Any]:
    values = (
        [{"key": key, "name": name} for key, name in question.choices] if question.kind in ("choice", "yes_no") else []
    )
    return {
        "variable": True,
        "code": question.key,
        "datatype": DATATYPES[question.kind],
        "required": PUBLIC in question.required_for,
        "datatype_description": None,
        "order": order,
        "description": question.label,
        "values": values,
    }


def _kind(code: str, status: int) -> Subcategory:
    kind = next((kind for kind in offered() if kind.code == code), None)
    if kind is None:
        raise Problem(status, _("There is no service %(code)s.") % {"code": code[:60]})
    return kind


# handing in and looking


@require_http_methods(["GET", "HEAD", "POST"])
@speaks("service_requests")
def requests(request: HttpRequest) -> list[dict[str, Any]]:
    """POST registers one; GET lists what came in here."""
    return hand_in(request) if request.method == "POST" else listed(request)


def hand_in(request: HttpRequest) -> list[dict[str, Any]]:
    """Register one request; the same again is the first one. 400 what is wrong, 403 an unknown key, 404 an unknown service."""
    said = {name: clean(str(value)) for name, value in request.POST.items()}
    if any(BROKEN in text for text in (*said, *said.values())):
        raise Problem(400, _("This is not UTF-8. Send it encoded as UTF-8."))
    key = _key(said.get("api_key", ""))
    if not said.get("service_code"):
        raise Problem(400, _("Send service_code."))
    kind = _kind(said["service_code"], 404)
    answered, wrong = _answers(kind, said)
    wrong += _wrong(said)
    if wrong:
        raise Problem(400, *wrong)
    now = timezone.now()
    complaint, external_id = _known(request, key, said, now)
    if complaint is None:
        throttle.check(f"open311:{key.pk}", most=PER_HOUR)
        complaint = receive(_intake(kind, said, answered, external_id), by=THE_CUSTOMER)
    track = settings.BASE_URL + reverse("complaints:track", args=[complaint.token])
    notice = _("Follow it here: %(link)s") % {"link": track}
    return [
        {
            "service_request_id": complaint.reference,
            "token": complaint.token,
            "service_notice": notice,
            "account_id": None,
        }
    ]


def _key(given: str) -> Open311Key:
    if not given:
        raise Problem(400, _("Send api_key."))
    key = Open311Key.objects.filter(digest=digest_of(given), revoked_at=None).first()
    if key is None:
        raise Problem(403, _("This api_key is not known."))
    return key


def digest_of(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def new_key(name: str) -> tuple[Open311Key, str]:
    """A key and its words, which are stored nowhere."""
    given = secrets.token_urlsafe(24)
    return Open311Key.objects.create(name=name, digest=digest_of(given)), given


def _answers(kind: Subcategory, said: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The attributes that were answered, checked as the public form checks them, and what is wrong with them."""
    given = {
        found[1]: value for name, value in said.items() if (found := re.match(r"^attribute\[([^\]]+)\](\[\])?$", name))
    }
    asked = asked_of(kind)
    wrong = [
        _("There is no attribute %(code)s.") % {"code": code[:60]}
        for code in sorted(given.keys() - {question.key for question in asked})
    ]
    cleaned: dict[str, Any] = {}
    for question in asked:
        if PUBLIC in question.required_for and not given.get(question.key) and not _is_said_otherwise(question, said):
            wrong.append(_("Send attribute[%(code)s]: %(label)s") % {"code": question.key, "label": question.label})
        try:
            cleaned[question.name] = question.field().clean(given.get(question.key, ""))
        except ValidationError as error:
            wrong.append(f"attribute[{question.key}]: {' '.join(error.messages)}")
    return questions.answers(asked, cleaned), wrong


def _is_said_otherwise(question: Question, said: Mapping[str, str]) -> bool:
    return question.key == "place" and bool(said.get("address_string"))


def _wrong(said: Mapping[str, str]) -> list[str]:
    wrong = [
        _("%(name)s is longer than %(limit)d characters.") % {"name": name, "limit": limit}
        for name, limit in LENGTHS.items()
        if len(said.get(name, "")) > limit
    ]
    if not said.get("description"):
        wrong.append(_("Send description: what happened."))
    if not said.get("address_string") and not (said.get("lat") and said.get("long")):
        wrong.append(_("Send where it is: address_string, or lat and long."))
    for name, limit in (("lat", 90), ("long", 180)):
        if said.get(name) and not _is_degree(said[name], limit):
            wrong.append(_("%(name)s is not a number of degrees.") % {"name": name})
    if said.get("email"):
        try:
            validate_email(said["email"])
        except ValidationError as error:
            wrong.append(f"email: {' '.join(error.messages)}")
    return wrong


def _is_degree(text: str, limit: int) -> bool:
    try:
        return abs(float(text)) <= limit
    except ValueError:
        return False


def _known(
    request: HttpRequest, key: Open311Key, said: Mapping[str, str], now: datetime
) -> tuple[Complaint | None, str]:
    """What this was received as before, and the number under which it is received now."""
    own = request.headers.get("Idempotency-Key", "").strip()
    if own:
        external_id = f"open311:{key.pk}:{digest_of(own)[:40]}"
        return first_received(Channel.WEB, external_id), external_id
    words = json.dumps(sorted((name, value) for name, value in said.items() if name != "api_key"))
    digest = digest_of(words)[:40]
    number = int(now.timestamp() // SAME_AGAIN.total_seconds())
    earlier = first_received(Channel.WEB, f"open311:{key.pk}:{digest}:{number - 1}")
    external_id = f"open311:{key.pk}:{digest}:{number}"
    if earlier is not None and earlier.received_at > now - SAME_AGAIN:
        return earlier, external_id
    return first_received(Channel.WEB, external_id), external_id


def _intake(kind: Subcategory, said: Mapping[str, str], answered: Mapping[str, str], external_id: str) -> Intake:
    name = f"{said.get('first_name', '')} {said.get('last_name', '')}".strip()
    is_known = any(said.get(way) for way in ("phone", "email", "account_id"))
    where = said.get("address_string") or f"{said.get('lat')}, {said.get('long')}"
    details = {name: said[name] for name in ("lat", "long", "media_url", "device_id") if said.get(name)}
    return Intake(
        channel=Channel.WEB,
        source=Source.OPEN311,
        external_id=external_id,
        category=kind.category,
        subcategory=kind,
        story=said["description"],
        place=where,
        answers=answered,
        account_number=said.get("account_id", ""),
        contact_name=name[:120] or said.get("email", "")[:120] or said.get("phone", ""),
        contact_phone=said.get("phone", ""),
        contact_email=said.get("email", ""),
        contact_method=ContactMethod.PHONE if said.get("phone") else ContactMethod.EMAIL,
        is_anonymous=not is_known,
        language="zh-hans" if re.search(r"[\u4e00-\u9fff]", said["description"]) else "en",
        details=details,
    )


def public() -> ComplaintQuerySet:
    """What may be shown to anybody: complaints that came in here and that nobody asked to keep quiet about."""
    expected = Clock.objects.filter(complaint=OuterRef("pk"), kind=ClockKind.RESOLVE, tier=Tier.COMMITMENT)
    rows = Complaint.objects.filter(source=Source.OPEN311, is_confidential=False).exclude(
        request_type=RequestType.REPORT
    )
    return rows.select_related("subcategory", "category").annotate(
        updated_at=Max("events__at"), expected_at=Subquery(expected.order_by("-round").values("due_at")[:1])
    )


def listed(request: HttpRequest) -> list[dict[str, Any]]:
    """The newest first. 400 for filters that cannot be understood."""
    asked = request.GET
    rows = public()
    if asked.get("service_request_id"):
        wanted = [one.strip() for one in asked["service_request_id"].split(",")][:MOST]
        rows = rows.filter(reference__in=wanted)
    else:
        start, end = _span(asked)
        rows = rows.filter(received_at__gte=start, received_at__lte=end)
    if asked.get("service_code"):
        rows = rows.filter(subcategory__code__in=[one.strip() for one in asked["service_code"].split(",")])
    if asked.get("status"):
        states = {one.strip().lower() for one in asked["status"].split(",")}
        if states - {"open", "closed"}:
            raise Problem(400, _("status is open, closed, or both with a comma."))
        if len(states) == 1:
            rows = rows.filter(status=Status.CLOSED) if "closed" in states else rows.exclude(status=Status.CLOSED)
    page, size = _whole(asked, "page", 1, 10_000), _whole(asked, "page_size", MOST, MOST)
    return [_shown(row) for row in rows.order_by("-received_at", "-pk")[(page - 1) * size : page * size]]


def _span(asked: Mapping[str, str]) -> tuple[datetime, datetime]:
    end = _moment(asked, "end_date") or timezone.now()
    start = _moment(asked, "start_date") or end - LONGEST_SPAN
    if end - start > LONGEST_SPAN:
        raise Problem(400, _("A list covers at most 90 days."))
    return start, end


def _moment(asked: Mapping[str, str], name: str) -> datetime | None:
    text = asked.get(name, "").replace(" ", "+")
    if not text:
        return None
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None or not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise Problem(400, _("%(name)s is a moment like 2026-03-02T09:00:00+08:00.") % {"name": name})
    return found if timezone.is_aware(found) else timezone.make_aware(found)


def _whole(asked: Mapping[str, str], name: str, usual: int, most: int) -> int:
    text = asked.get(name, "")
    if not text:
        return usual
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= most:
        raise Problem(400, _("%(name)s is a number from 1 to %(most)d.") % {"name": name, "most": most})
    return int(text)


def _shown(row: Complaint) -> dict[str, Any]:
    """One request as the standard names its parts; what would tell who or where is left empty."""
    kind = row.subcategory
    moments = {"requested_datetime": row.received_at, "updated_datetime": row.updated_at, "expected_datetime": row.expected_at}  # type: ignore[attr-defined]  # fmt: skip
    return {
        "service_request_id": row.reference,
        "status": "closed" if row.status == Status.CLOSED else "open",
        "status_notes": str(row.get_status_display()),
        "service_name": public_name(kind or row.category),
        "service_code": kind.code if kind else row.category.code,
        "description": None,
        "agency_responsible": None,
        "service_notice": None,
        **{
            name: timezone.localtime(moment).isoformat(timespec="seconds") if moment else None
            for name, moment in moments.items()
        },
        "address": None,
        "address_id": None,
        "zipcode": None,
        "lat": None,
        "long": None,
        "media_url": None,
    }


@require_safe
@speaks("service_requests")
def one_request(request: HttpRequest, reference: str) -> list[dict[str, Any]]:
    row = public().filter(reference=reference).first()
    if row is None:
        raise Problem(404, _("There is no such request."))
    return [_shown(row)]


@require_safe
@speaks("service_requests")
def token(request: HttpRequest, token: str) -> list[dict[str, Any]]:
    """Requests are registered at once, so a token has its number from the beginning."""
    row = Complaint.objects.filter(source=Source.OPEN311, token=token).first()
    if row is None:
        raise Problem(404, _("There is no such token."))
    return [{"service_request_id": row.reference, "token": token}]
