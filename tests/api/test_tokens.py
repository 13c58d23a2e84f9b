"""Tokens of programs: shown once, kept as a hash, for some things and some time; and how often anybody may ask."""

from datetime import UTC, datetime, time, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from rest_framework.test import APIClient

from complaints.models import Complaint
from staff.actors import Role
from staff.api import OfAddress, OfToken
from staff.entry_models import ApiToken
from tests.factories import a_key, a_user
from tests.staff.doors import kinds

pytestmark = pytest.mark.usefixtures("profile")
URL = "/api/v1/complaints/"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def user():
    return a_user(Role.SUPERVISOR)


def program(key, **more):
    client = APIClient(**more)
    client.credentials(HTTP_AUTHORIZATION=f"Token {key}")
    return client


def test_a_token_is_made_on_the_page_and_its_key_shown_once(client, user):
    client.force_login(user)
    day = timezone.localdate() + timedelta(days=30)
    said = {"name": "nightly load", "scopes": ["complaints:read"], "until": day.isoformat()}
    made = client.post(reverse("staff:tokens"), said)
    key = made.context["made"][1]
    assert key in made.content.decode()
    listed = client.get(reverse("staff:tokens")).content.decode()
    assert key not in listed
    assert listed.count(date_format(day, "SHORT_DATE_FORMAT")) == 1
    token = ApiToken.objects.get()
    assert token.expires_at == timezone.make_aware(datetime.combine(day + timedelta(days=1), time()))
    assert key not in str(ApiToken.objects.values().get())
    assert program(key).get(URL).status_code == 200
    token.refresh_from_db()
    assert token.used_at is not None
    assert kinds(user) == ["token_made"]


@pytest.mark.parametrize("days", [-1, 400])
def test_a_token_ends_within_a_year_and_not_in_the_past(client, user, days):
    client.force_login(user)
    day = timezone.localdate() + timedelta(days=days)
    said = {"name": "load", "scopes": ["complaints:read"], "until": day.isoformat()}
    answer = client.post(reverse("staff:tokens"), said)
    assert "until" in answer.context["form"].errors
    assert not ApiToken.objects.exists()


def test_a_token_is_good_for_what_it_was_made_for(user):
    reader = program(a_key(user, scopes=["complaints:read"]))
    assert reader.get(URL).status_code == 200
    refused = reader.post(URL, {})
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    assert reader.get("/api/v1/reports/").status_code == 403
    assert not Complaint.objects.exists()
    assert program(a_key(user, scopes=["reports:read"])).get(URL).status_code == 403
    assert program(a_key(user, scopes=["reports:read"])).get("/api/v1/reports/").status_code == 200
    assert program(a_key(user, scopes=["complaints:write"])).post(URL, {}).status_code == 422


def test_a_token_ends_by_time_by_hand_and_with_its_person(client, user):
    with time_machine.travel(NOW, tick=False):
        key = a_key(user)
        assert program(key).get(URL).status_code == 200
    with time_machine.travel(NOW + timedelta(days=30), tick=False):
        expired = program(key).get(URL)
        assert (expired.status_code, expired.json()["code"]) == (401, "authentication_failed")
    revoked = a_key(user)
    client.force_login(user)
    client.post(reverse("staff:revoke-token", args=[ApiToken.objects.latest("pk").pk]))
    assert program(revoked).get(URL).status_code == 401
    left = a_key(user)
    user.is_active = False
    user.save()
    assert program(left).get(URL).status_code == 401


def test_an_administrator_revokes_the_token_of_somebody_and_nobody_else_does(user):
    key = a_key(user)
    token = ApiToken.objects.get()
    for role, status in [(Role.SUPERVISOR, 403), (Role.ADMINISTRATOR, 302)]:
        desk = Client()
        desk.force_login(a_user(role))
        assert program(key).get(URL).status_code == 200
        assert desk.post(reverse("staff:revoke-token", args=[token.pk])).status_code == 404
        assert desk.post(reverse("staff:revoke-token-of", args=[user.username, token.pk])).status_code == status
    assert program(key).get(URL).status_code == 401


@pytest.mark.parametrize("header", ["Token", "Token a b", "Token " + "x" * 5000, "Token ÿ", "Bearer rd_unknown"])
def test_what_is_no_token_is_refused_in_the_one_shape(header):
    answer = APIClient().get(URL, HTTP_AUTHORIZATION=header)
    assert answer.status_code == 401
    assert set(answer.json()) == {"code", "message"}


def test_a_token_that_asks_too_often_waits_and_others_do_not(user, monkeypatch):
    monkeypatch.setattr(OfToken, "THROTTLE_RATES", {"token": "2/min", "address": "100/min"})
    key, other = a_key(user), a_key(user)
    answers = [program(key).get(URL).status_code for _ in range(3)]
    assert answers == [200, 200, 429]
    refused = program(key).get(URL)
    assert 0 < int(refused["Retry-After"]) <= 60
    assert set(refused.json()) == {"code", "message"}
    assert refused.json()["code"] == "throttled"
    assert program(other).get(URL).status_code == 200


def test_an_address_that_guesses_tokens_waits(user, monkeypatch):
    monkeypatch.setattr(OfAddress, "THROTTLE_RATES", {"token": "100/min", "address": "2/min"})
    key = a_key(user)
    assert program(key).get(URL).status_code == 200
    assert program(key).get(URL).status_code == 200
    assert program(key).get(URL).status_code == 429
    assert program(key, REMOTE_ADDR="10.1.1.1").get(URL).status_code == 200


def test_without_a_cache_everybody_gets_through(user, settings):
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}}
    assert program(a_key(user)).get(URL).status_code == 200
