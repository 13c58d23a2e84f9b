"""The second factor: an app, recovery codes, who must have one, and what happens when it is lost."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from staff import second_factor
from staff.actors import Role
from staff.entry_models import AccountMail, Entered, EntryEvent, SecondFactorRule
from tests.at_once import at_once
from tests.factories import a_user
from tests.staff.doors import an_app, code_of, enter, is_inside, kinds, wrong

pytestmark = pytest.mark.usefixtures("profile")
STEP = "/sign-in/second/"


@pytest.fixture(autouse=True)
def english(client):
    client.cookies["language"] = "en"


@pytest.fixture
def user():
    return a_user(Role.AGENT)


@pytest.fixture
def app(user):
    return an_app(user)


def show(client, code, way="app"):
    return client.post(STEP, {"way": way, "code": code})


def codes_of(client, user):
    client.force_login(user)
    return client.post(reverse("staff:recovery-codes")).context["codes"]


def test_the_password_alone_lets_nobody_in_who_has_an_app(client, user, app):
    assert enter(client, user).url == STEP
    assert not is_inside(client)
    assert client.get("/desk/").status_code == 302
    assert show(client, code_of(app)).url == "/desk/"
    assert is_inside(client)
    assert kinds(user) == ["signed_in"]


def test_one_lands_where_one_wanted_to_be(client, user, app):
    client.post(
        reverse("staff:sign-in"), {"username": user.username, "password": "a long pass phrase", "next": "/issues/"}
    )
    assert show(client, code_of(app)).url == "/issues/"


def test_a_wrong_code_is_said_beside_its_field_and_on_record(client, user, app):
    enter(client, user)
    answer = show(client, wrong(code_of(app)))
    assert answer.status_code == 422
    assert "That code is wrong" in answer.content.decode()
    assert not is_inside(client)
    assert kinds(user) == ["second_refused"]


def test_a_code_opens_the_door_once(client, user, app):
    code = code_of(app)
    enter(client, user)
    show(client, code)
    other = Client()
    enter(other, user)
    assert show(other, code).status_code == 422
    assert not is_inside(other)


def test_after_wrong_codes_the_app_makes_one_wait(client, user, app):
    enter(client, user)
    show(client, wrong(code_of(app)))
    answer = show(client, code_of(app))
    assert "Wait 1 second" in answer.content.decode()
    assert not is_inside(client)


def test_after_five_wrong_ones_one_begins_again_with_the_password(client, user, app):
    enter(client, user)
    for _ in range(5):
        show(client, "AAAA-BBBB-CCCC-DDDD", way="recovery")
    assert show(client, code_of(app)).url == reverse("staff:sign-in")
    assert not is_inside(client)


def test_the_door_does_not_wait_for_ever_nor_for_an_old_password(client, user, app):
    enter(client, user)
    session = client.session
    session["at_the_door"] = {**session["at_the_door"], "at": session["at_the_door"]["at"] - 301}
    session.save()
    assert show(client, code_of(app)).url == reverse("staff:sign-in")
    enter(client, user)
    user.set_password("another pass phrase")
    user.save()
    assert show(client, code_of(app)).url == reverse("staff:sign-in")
    assert not is_inside(client)


def test_the_key_of_the_session_is_another_one_inside(client, user, app):
    client.get("/complain/")
    enter(client, user)
    outside = client.session.session_key
    show(client, code_of(app))
    assert client.session.session_key != outside


def test_an_app_counts_only_after_it_showed_a_right_code(client, user):
    client.force_login(user)
    page = client.get(reverse("staff:second-factor-app"))
    assert "<svg" in page.content.decode()
    assert "viewBox=" in page.content.decode(), "or the page would cut it off"
    assert "style=" not in page.content.decode()
    device = TOTPDevice.objects.get(user=user)
    assert not device.confirmed
    refused = client.post(reverse("staff:second-factor-app"), {"code": wrong(code_of(device))})
    assert refused.status_code == 422
    assert not TOTPDevice.objects.filter(confirmed=True).exists()
    TOTPDevice.objects.update(throttling_failure_timestamp=None, throttling_failure_count=0)
    made = client.post(reverse("staff:second-factor-app"), {"code": code_of(device)})
    assert len(made.context["codes"]) == 10
    assert made["Cache-Control"].startswith("max-age=0, no-cache, no-store")
    assert TOTPDevice.objects.get(user=user).confirmed
    assert kinds(user) == ["codes_made", "factor_added"]


def test_setting_one_up_ends_the_other_sessions(client, user):
    thief = Client()
    thief.force_login(user)
    client.force_login(user)
    client.get(reverse("staff:second-factor-app"))
    client.post(reverse("staff:second-factor-app"), {"code": code_of(TOTPDevice.objects.get())})
    assert client.get("/account/sessions/").status_code == 200
    assert thief.get("/account/sessions/").status_code == 302


def test_a_recovery_code_opens_the_door_once_and_is_kept_as_a_hash(client, user, app):
    code = codes_of(client, user)[0]
    assert not user.recovery_codes.filter(digest__icontains=code.replace("-", "")).exists()
    visitor = Client()
    enter(visitor, user)
    assert show(visitor, code.lower().replace("-", " "), way="recovery").url == "/desk/"
    other = Client()
    enter(other, user)
    assert show(other, code, way="recovery").status_code == 422
    assert not is_inside(other)
    assert user.recovery_codes.filter(used_at__isnull=True).count() == 9


def test_new_codes_make_the_old_ones_worthless_and_others_codes_open_nothing(client, user, app):
    old = codes_of(client, user)[0]
    of_other = codes_of(Client(), _with_app(a_user(Role.AGENT)))[0]
    codes_of(client, user)
    visitor = Client()
    enter(visitor, user)
    for code in (old, of_other):
        assert show(visitor, code, way="recovery").status_code == 422
    assert not is_inside(visitor)


def _with_app(user):
    an_app(user)
    return user


@pytest.mark.django_db(transaction=True)
def test_two_who_use_one_recovery_code_at_once_are_one_inside(client):
    user = _with_app(a_user(Role.AGENT))
    code = codes_of(client, user)[0]
    visitors = [Client(), Client()]
    for visitor in visitors:
        enter(visitor, user)
    at_once(lambda number: show(visitors[number], code, way="recovery"), times=2)
    assert sorted(is_inside(visitor) for visitor in visitors) == [False, True]


def test_a_role_that_needs_one_is_led_to_set_it_up_and_reaches_nothing_else(client, user):
    second_factor.set_rule(Role.AGENT, timezone.localdate(), by=a_user(Role.ADMINISTRATOR))
    enter(client, user)
    for path in ("/desk/", "/account/tokens/", "/complaints/26-0000001-1/"):
        assert client.get(path).url == "/account/second-factor/"
    assert client.get("/api/v1/complaints/").status_code == 403
    assert client.get("/desk/for-me/unread/", headers={"HX-Request": "true"}).status_code in (204, 404)
    page = client.get("/account/second-factor/").content.decode()
    assert "Your role needs a second factor" in page
    assert '<nav class="rail' not in page
    client.get(reverse("staff:second-factor-app"))
    client.post(reverse("staff:second-factor-app"), {"code": code_of(TOTPDevice.objects.get())})
    assert client.get("/desk/").status_code == 200


def test_who_is_inside_without_one_when_the_rule_begins_signs_in_again(client, user):
    admin = a_user(Role.ADMINISTRATOR)
    client.force_login(user)
    desk = Client()
    desk.force_login(admin)
    day = timezone.localdate()
    assert desk.post(reverse("staff:rules"), {"agent": day.isoformat()}).status_code == 302
    assert client.get("/desk/").url.startswith("/sign-in/")
    assert desk.get("/desk/people/").status_code == 200


def test_a_rule_of_tomorrow_asks_for_nothing_today(client, user):
    second_factor.set_rule(Role.AGENT, timezone.localdate() + timedelta(days=1), by=user)
    enter(client, user)
    assert client.get("/desk/").status_code == 200


def test_who_needs_one_keeps_at_least_one(client, user, app):
    SecondFactorRule.objects.create(role=Role.AGENT, from_on=timezone.localdate())
    client.force_login(user)
    client.post(reverse("staff:remove-factor", args=["app"]))
    assert TOTPDevice.objects.filter(user=user, confirmed=True).exists()


def test_without_a_factor_no_recovery_code_is_left(client, user, app):
    codes_of(client, user)
    client.post(reverse("staff:remove-factor", args=["app"]))
    assert not user.recovery_codes.exists()
    visitor = Client()
    assert enter(visitor, user).url == "/desk/"


def test_an_administrator_resets_it_and_the_person_is_told(client, user, app):
    codes_of(client, user)
    admin, desk = a_user(Role.ADMINISTRATOR), Client()
    desk.force_login(admin)
    desk.post(reverse("staff:person-act", args=[user.username, "reset-second-factor"]))
    assert not second_factor.Factors.of(user)
    assert not user.recovery_codes.exists()
    assert client.get("/desk/").status_code == 302, "their sessions have ended"
    assert EntryEvent.objects.get(kind=Entered.FACTORS_RESET).by == admin
    assert AccountMail.objects.get().user == user


def test_a_supervisor_resets_nobodys(client, user, app):
    client.force_login(a_user(Role.SUPERVISOR))
    assert client.post(reverse("staff:person-act", args=[user.username, "reset-second-factor"])).status_code == 403
    assert second_factor.Factors.of(user).app


def test_passkeys_are_not_offered_where_browsers_refuse_them(client, user):
    client.force_login(user)
    assert client.get(reverse("staff:second-factor-passkey"), headers={"Host": "127.0.0.1:8000"}).status_code == 404
    assert client.get(reverse("staff:second-factor-passkey"), headers={"Host": "localhost:8000"}).status_code == 200


@pytest.mark.parametrize("answer", ["", "{}", "[]", "not json", '{"id": 5}', '{"response": {"clientDataJSON": "%%"}}'])
def test_what_no_browser_answers_adds_no_passkey_and_opens_no_door(client, user, app, answer):
    client.force_login(user)
    local = {"headers": {"Host": "localhost:8000"}}
    client.get(reverse("staff:second-factor-passkey"), **local)
    refused = client.post(reverse("staff:second-factor-passkey"), {"name": "phone", "credential": answer}, **local)
    assert refused.status_code == 422
    visitor = Client()
    enter(visitor, user)
    assert visitor.post(STEP, {"way": "passkey", "credential": answer}).status_code == 422
    assert not user.passkeys.exists()
    assert not is_inside(visitor)
