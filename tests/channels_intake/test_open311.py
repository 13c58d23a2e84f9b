"""An Open311 server that clients made for cities use unchanged, and that says nothing about anybody."""

import itertools
import threading
from datetime import timedelta
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connections
from django.test import Client
from django.utils import timezone

from channels_intake import throttle
from channels_intake.models import InboundRecord, Open311Key
from channels_intake.open311 import new_key
from complaints.models import Complaint
from complaints.states import Status
from tests.complaints.test_moves import bring
from tests.factories import a_branch, a_complaint, a_team, an_account

# `three` was written for Python 2 and takes ifilter from itertools; in Python 3 the built-in filter is the same.
itertools.ifilter = filter
import three  # noqa: E402

pytestmark = pytest.mark.django_db
URL = "/open311/v2/"
SAID = {
    "service_code": "OUT-03", "description": "昨晚停电，没有通知。", "address_string": "和平路 3 号", "first_name": "五", "last_name": "王",
    "phone": "13700001111", "attribute[supply_on]": "no",
}  # fmt: skip


@pytest.fixture(autouse=True)
def desk(profile, client):
    a_branch()
    a_team("dispatch")
    client.cookies["language"] = "en"


@pytest.fixture
def key():
    return new_key("city")[1]


def hand_in(client, key, *, fmt="json", headers=None, **said):
    said = {name: value for name, value in {**SAID, "api_key": key, **said}.items() if value is not None}
    return client.post(f"{URL}requests.{fmt}", said, headers=headers)


def test_a_request_is_a_complaint_with_a_number_and_a_way_to_follow_it(client, key):
    account = an_account()
    answer = hand_in(client, key, account_id=account.number, media_url="http://photos.example/1.jpg")
    complaint = Complaint.objects.get()
    (given,) = answer.json()
    assert answer.status_code == 201
    assert given["service_request_id"] == complaint.reference
    assert f"/track/{complaint.token}/" in given["service_notice"]
    assert (complaint.channel, complaint.source, complaint.subcategory.code) == ("web", "open311", "OUT-03")
    assert (complaint.customer, complaint.place) == (account.customer, "和平路 3 号")
    assert complaint.answers["supply_on"] == "no"
    assert complaint.channel_details["media_url"] == "http://photos.example/1.jpg"
    assert complaint.clocks.exists()


def test_without_a_name_it_is_taken_as_anonymous_and_a_position_is_place_enough(client, key):
    answer = hand_in(
        client, key, first_name=None, last_name=None, phone=None, address_string=None, lat="31.2", long="121.5"
    )
    assert answer.status_code == 201, answer.json()
    complaint = Complaint.objects.get()
    assert (complaint.is_anonymous, complaint.place) == (True, "31.2, 121.5")


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"api_key": None}, 400), ({"api_key": "guess"}, 403), ({"service_code": None}, 400), ({"service_code": "XXX"}, 404),
        ({"description": None}, 400), ({"description": "x" * 4001}, 400), ({"address_string": None}, 400), ({"lat": "north", "long": "1"}, 400),
        ({"email": "nobody"}, 400), ({"attribute[supply_on]": "perhaps"}, 400), ({"attribute[nonsense]": "1"}, 400),
        ({"phone": "1" * 31}, 400), ({"description": "\x00\x07"}, 400), ({"lat": "nan", "long": "500"}, 400),
    ],
)  # fmt: skip
@pytest.mark.parametrize("fmt", ["json", "xml"])
def test_what_is_wrong_is_said_in_the_standards_shape_and_nothing_is_kept(client, key, wrong, status, fmt):
    answer = hand_in(client, key, fmt=fmt, **wrong)
    assert answer.status_code == status
    if fmt == "json":
        error = answer.json()[0]
    else:
        root = ElementTree.fromstring(answer.content)
        error = {part.tag: part.text for part in root[0]}
        assert (root.tag, root[0].tag) == ("errors", "error")
    assert int(error["code"]) == status
    assert error["description"]
    assert not Complaint.objects.exists()
    assert not InboundRecord.objects.exists()


def test_the_same_again_is_the_first_one(client, key):
    first, again = (hand_in(client, key).json()[0]["service_request_id"] for _ in range(2))
    assert first == again
    other = hand_in(client, key, description="又停电了").json()[0]["service_request_id"]
    assert other != first
    with_key = [hand_in(client, key, description=str(n), headers={"Idempotency-Key": "k"}).json() for n in range(2)]
    assert with_key[0] == with_key[1]
    assert Complaint.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_from_ten_threads_at_once_it_is_one_complaint(profile, key):
    together, codes = threading.Barrier(10), []

    def work():
        try:
            together.wait()
            codes.append(hand_in(Client(), key).status_code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [201] * 10
    assert Complaint.objects.count() == 1


def test_a_key_that_sends_too_much_waits(client, key, monkeypatch):
    monkeypatch.setattr("channels_intake.open311.PER_HOUR", 2)
    codes = [hand_in(client, key, description=str(n)).status_code for n in range(3)]
    assert codes == [201, 201, 429]
    assert Complaint.objects.count() == 2
    assert throttle.PER_HOUR > 2


def test_a_revoked_key_opens_nothing(client, capsys):
    call_command("open311_key", "city")
    given = capsys.readouterr().out.strip()
    assert hand_in(client, given).status_code == 201
    assert given not in Open311Key.objects.get().digest
    call_command("open311_key", "city", "--revoke")
    assert hand_in(client, given, description="x").status_code == 403
    with pytest.raises(CommandError):
        call_command("open311_key", "city", "--revoke")


# looking


@pytest.fixture
def some(client, key):
    return [
        Complaint.objects.get(reference=hand_in(client, key, description=f"停电 {n}").json()[0]["service_request_id"])
        for n in range(3)
    ]


def ids(client, **asked):
    return [row["service_request_id"] for row in client.get(f"{URL}requests.json", asked).json()]


def test_the_list_shows_what_came_in_here_newest_first_and_nothing_about_anybody(client, some):
    a_complaint(at=timezone.now())
    assert ids(client) == [one.reference for one in reversed(some)]
    text = (
        client.get(f"{URL}requests.json").content.decode()
        + client.get(f"{URL}requests/{some[0].reference}.xml").content.decode()
    )
    for secret in ("13700001111", "王", "和平路", "停电 0", some[0].token):
        assert secret not in text


def test_confidential_complaints_are_not_shown(client, some):
    Complaint.objects.filter(pk=some[0].pk).update(is_confidential=True)
    assert len(ids(client)) == 2
    assert client.get(f"{URL}requests/{some[0].reference}.json").status_code == 404


def test_filters_narrow_the_list(client, some):
    Complaint.objects.filter(pk=some[1].pk).update(received_at=timezone.now() - timedelta(days=40))
    bring(some[2], Status.CLOSED)
    assert ids(client, status="closed") == [some[2].reference]
    assert len(ids(client, status="open,closed")) == 3
    assert ids(client, service_code="BIL-01") == []
    assert set(ids(client, service_request_id=f"{some[0].reference},{some[1].reference}")) == {
        one.reference for one in some[:2]
    }
    start = (timezone.now() - timedelta(days=41)).isoformat()
    assert ids(client, start_date=start, end_date=(timezone.now() - timedelta(days=39)).isoformat()) == [
        some[1].reference
    ]
    assert len(ids(client, page_size=2)) == 2
    assert len(ids(client, page_size=2, page=2)) == 1


@pytest.mark.parametrize(
    "asked",
    [
        {"status": "lost"}, {"start_date": "yesterday"}, {"start_date": "2026-13-01T00:00:00Z"}, {"page_size": "0"}, {"page": "-1"},
        {"page_size": "1001"}, {"page": "²"}, {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-04-15T00:00:00Z"},
    ],
)  # fmt: skip
def test_filters_that_cannot_be_understood_are_refused(client, asked):
    answer = client.get(f"{URL}requests.json", asked)
    assert answer.status_code == 400
    assert answer.json()[0]["description"]


def test_the_list_costs_the_same_for_many(client, some, django_assert_num_queries):
    with django_assert_num_queries(1):
        client.get(f"{URL}requests.json")


def test_what_does_not_exist_is_not_found(client):
    for path in ("requests/26-0000001-9", "tokens/nonsense", "services/XXX"):
        for fmt in ("json", "xml"):
            assert client.get(f"{URL}{path}.{fmt}").status_code == 404
    assert client.delete(f"{URL}requests.json").status_code == 405
    assert client.get(f"{URL}requests.csv").status_code == 404


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_services_and_their_questions_are_offered_in_the_language_asked_for(client, language):
    client.cookies["language"] = language
    services = {row["service_code"]: row for row in client.get(f"{URL}services.json").json()}
    root = ElementTree.fromstring(client.get(f"{URL}services.xml").content)
    assert [service.findtext("service_code") for service in root] == list(services)
    assert (services["OUT-03"]["group"] == "Power cut") == (language == "en")
    definition = client.get(f"{URL}services/OUT-03.json").json()
    supply = next(one for one in definition["attributes"] if one["code"] == "supply_on")
    assert [value["key"] for value in supply["values"]] == ["yes", "no", "unknown"]
    xml = ElementTree.fromstring(client.get(f"{URL}services/OUT-03.xml").content)
    assert len(xml.findall("attributes/attribute")) == len(definition["attributes"])


@pytest.mark.django_db(transaction=True)
def test_a_client_from_the_package_index_completes_its_calls(profile, live_server, key):
    city = three.Three(f"{live_server.url}/open311/v2/", api_key=key)
    found = city.discovery()
    assert found["endpoints"][0]["specification"].endswith("GeoReport_v2")
    codes = [row["service_code"] for row in city.services()]
    assert "OUT-03" in codes
    assert city.services("OUT-03")["attributes"]
    (made,) = city.post("OUT-03", name="Wang Wu", address="3 Peace Road", phone="13700001111", description="No notice.", **{"attribute[supply_on]": "no"})  # fmt: skip
    reference = made["service_request_id"]
    assert Complaint.objects.get().reference == reference
    assert [row["service_request_id"] for row in city.requests()] == [reference]
    assert [row["status"] for row in city.requests("OUT-03")] == ["open"]
    assert city.request(reference)[0]["service_code"] == "OUT-03"
    assert city.token(made["token"]) == [{"service_request_id": reference, "token": made["token"]}]
    refused = three.Three(f"{live_server.url}/open311/v2/", api_key="guess").post(
        "OUT-03", description="x", address="y"
    )
    assert refused[0]["code"] == 403
    assert quote(reference) == reference
