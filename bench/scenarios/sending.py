"""What is sent: the public form, a complaint by the API, a call written down after a look-up, a move; and the least form."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from uuid import uuid4

from django.utils import timezone

from bench.asking import CSRF, JSON, Journey, Request, Scenario, looks, post
from complaints.models import Complaint
from customers.models import Account

PLACE = "和平路 1 号"
ANSWERS = {"OUT-supply_on": "no", "OUT-notice_received": "no"}
LOOKED_UP = 100
_number = itertools.count(1)


def least(count: int) -> Scenario:
    def said() -> dict[str, str]:
        return {
            "reference": uuid4().hex,
            "name": "王五",
            "phone": _phone(),
            "place": PLACE,
            "story": _story(),
        }

    journeys = [Journey(post("/least/new/", said(), leads_to="/least/")) for _ in range(count)]
    return Scenario("least: two rows", journeys, loops=False)


def all_sending(cookies: Mapping[str, str], count: int) -> Iterator[Scenario]:
    yield Scenario("public form: send", [_public_form() for _ in range(count)], loops=False)
    yield Scenario("API: register", [_by_api(cookies) for _ in range(count)], loops=False)
    yield looks("look-up", [f"/customers/look-up/?q={number}" for number in _accounts()], cookies)
    yield Scenario("agent: register", [_call(cookies) for _ in range(count)], loops=False)
    yield Scenario("move: note", [_note(reference, cookies) for reference in _open(count)], loops=False)
    yield looks("tracking page", [f"/track/{token}/" for token in _tokens()], {})


def _public_form() -> Journey:
    """Five steps of the form, which are not timed, and what sends it: checked, registered, promised, and noted for the outbox."""
    form = f"/complain/{uuid4()}"
    steps = {
        "kind": {"kind": "OUT-03"},
        "story": {"story": _story(), "place": PLACE, **ANSWERS},
        "who": {"is_anonymous": "no", "contact_name": "王五", "contact_phone": _phone(), "language": "zh-hans"},
        "photos": {},
    }
    before = [post("/complain/", {"form_id": form.removeprefix("/complain/"), "category": "OUT"})]
    before += [post(f"{form}/{name}/", said) for name, said in steps.items()]
    return Journey(post(f"{form}/check/", {}, leads_to="/received/"), before)


def _by_api(cookies: Mapping[str, str]) -> Journey:
    said = {
        "category": "OUT", "subcategory": "OUT-03", "story": _story(), "place": PLACE, "contact_name": "李四",
        "contact_phone": _phone(),
    }  # fmt: skip
    return Journey(_json("/api/v1/complaints/", said, {"Idempotency-Key": uuid4().hex}, 201), cookies=cookies)


def _call(cookies: Mapping[str, str]) -> Journey:
    """A caller's form as it is sent, after the caller was looked up."""
    phone = _phone()
    said = {
        "form_id": str(uuid4()), "call_id": uuid4().hex[:12], "language": "zh-hans", "contact_name": "李四",
        "contact_phone": phone, "contact_method": "phone", "caller_number": phone, "category": "OUT",
        "subcategory": "OUT-03", "request_type": "complaint", "story": _story(), "place": PLACE, **ANSWERS,
        "OUT-outage_since": timezone.localtime().strftime("%Y-%m-%dT00:00"), "OUT-life_support": "no",
    }  # fmt: skip
    before = [Request(f"/customers/look-up/?q={phone}")]
    return Journey(post("/desk/new/phone/", said, leads_to="/registered/"), before, cookies)


def _note(reference: str, cookies: Mapping[str, str]) -> Journey:
    return Journey(post(f"/complaints/{reference}/moves/note/", {"note": "抢修队已出发。"}), cookies=cookies)


def _json(path: str, said: Mapping[str, object], headers: Mapping[str, str], expected: int) -> Request:
    sent = {"Content-Type": JSON, "X-CSRFToken": CSRF, **headers}
    return Request(path, "POST", json.dumps(said), sent, expected)


def _story() -> str:
    return f"大风后停电，全楼都没有电，问了几次都没有人说什么时候来电。编号 {uuid4().hex}"


def _phone() -> str:
    return f"139{next(_number) * 7919 % 100_000_000:08d}"


def _accounts() -> list[str]:
    return list(Account.objects.order_by("pk").values_list("number", flat=True)[:LOOKED_UP])


def _open(count: int) -> list[str]:
    rows = Complaint.objects.filter(status__in=["dispatched", "investigating"]).order_by("-pk")
    return list(rows.values_list("reference", flat=True)[:count])


def _tokens() -> list[str]:
    return list(Complaint.objects.order_by("-pk").values_list("token", flat=True)[:LOOKED_UP])
