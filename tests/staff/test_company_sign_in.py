"""Coming in with the company account, through a provider that really listens; and everything that lets nobody in."""

import io
import time
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from axes.models import AccessAttempt
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from joserfc import jwt

from staff.actors import Role
from staff.entry_models import DeskSession, EntryEvent, SecondFactorRule
from staff.models import User
from tests.factories import a_branch, a_user
from tests.staff.doors import again, an_app, code_of, enter, is_inside, kinds
from tests.staff.provider import CLIENT, KEY, OTHER_KEY, SECRET, Provider, unsigned, with_a_shared

pytestmark = pytest.mark.usefixtures("profile")

BEGIN = "/sign-in/company/"
RETURN = "/sign-in/company/return/"


@pytest.fixture
def provider(settings):
    provider = Provider()
    settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = provider.issuer, CLIENT, SECRET
    yield provider
    provider.stop()


@pytest.fixture
def desk(client):
    client.cookies["language"] = "en"
    return client


@pytest.fixture
def li(provider):
    """Somebody with an account here and there."""
    user = a_user(Role.AGENT)
    provider.person["email"] = user.email.upper()
    return user


def asked_of(response):
    return {name: values[0] for name, values in parse_qs(urlsplit(response.url).query).items()}


def come(desk, provider, onward=""):
    """The whole way: begin here, sign in there, come back."""
    begun = desk.get(BEGIN, {"next": onward} if onward else {})
    back = provider.sign_in(begun.url)
    return desk.get(back.removeprefix("http://localhost:8000"))


def refused(desk, response, words):
    """They are led back to the door with a sentence, and nothing has changed."""
    assert (response.status_code, response.url) == (302, reverse("staff:sign-in"))
    assert words in desk.get(response.url).content.decode()
    assert not is_inside(desk)
    assert not DeskSession.objects.filter(user__isnull=False).exists()


def test_the_company_account_opens_the_door(desk, provider, li):
    response = come(desk, provider)
    assert (response.status_code, response.url) == (302, reverse("complaints:queue"))
    assert is_inside(desk)
    assert desk.get("/account/sessions/").status_code == 200
    row = DeskSession.objects.get()
    assert row.user == li
    assert row.began_at is not None
    event = EntryEvent.objects.get()
    assert (event.user, event.kind, event.detail, event.address) == (li, "signed_in", "OIDC", "127.0.0.1")


def test_it_asks_with_a_code_flow_a_challenge_and_the_exact_address(desk, provider, li):
    asked = asked_of(desk.get(BEGIN))
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == "http://localhost:8000/sign-in/company/return/"
    assert asked["scope"] == "openid profile email"
    assert len(asked["state"]) >= 32
    assert len(asked["nonce"]) >= 32
    assert asked_of(desk.get(BEGIN))["state"] != asked["state"]
    assert not DeskSession.objects.exists(), "whoever only begins leaves no row"


def test_one_is_where_one_wanted_to_be_and_never_on_another_site(desk, provider, li):
    assert come(desk, provider, "/issues/").url == "/issues/"
    assert f"{BEGIN}?next=/issues/" in desk.__class__().get("/sign-in/?next=/issues/").content.decode()
    for elsewhere in ("https://example.com/", "//example.com/", "/\\example.com", "javascript:alert(1)"):
        assert come(desk, provider, elsewhere).url == reverse("complaints:queue")


def test_what_the_provider_says_about_itself_is_asked_once(desk, provider, li):
    come(desk, provider)
    come(desk, provider)
    assert [path.rpartition("/")[2] for path in provider.asked] == ["openid-configuration", "token", "keys", "token"]


def test_new_keys_are_fetched_and_strange_ones_do_not_make_us_ask_all_the_time(desk, provider, li):
    come(desk, provider)
    desk.post("/sign-out/")
    provider.key = OTHER_KEY
    come(desk, provider)
    assert is_inside(desk)
    desk.post("/sign-out/")
    provider.sign = lambda claims: jwt.encode({"alg": "RS256", "kid": "three"}, claims, KEY)
    for _again in range(3):
        refused(desk, come(desk, provider), "did not let you in")
    assert sum(path.endswith("/keys") for path in provider.asked) == 2


def test_without_configuration_there_is_no_such_door(desk):
    assert "company account" not in desk.get("/sign-in/").content.decode()
    assert desk.get(BEGIN).status_code == 404
    assert desk.get(RETURN).status_code == 404


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Sign in with the company account"), ("zh-hans", "用公司账号登录")]
)
def test_the_door_has_a_button_for_it(desk, provider, language, words):
    desk.cookies["language"] = language
    assert words in desk.get("/sign-in/").content.decode()


@pytest.mark.parametrize("state", ["", "another", "ü"])
def test_an_answer_with_another_state_lets_nobody_in(desk, provider, li, state):
    code = asked_of_back(provider.sign_in(desk.get(BEGIN).url))["code"]
    refused(desk, desk.get(RETURN, {"code": code, "state": state}), "did not let you in")
    assert not provider.forms, "the code was not even used"
    assert not EntryEvent.objects.exists()


def asked_of_back(address):
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def test_an_answer_nobody_asked_for_lets_nobody_in(desk, provider, li):
    refused(desk, desk.get(RETURN, {"code": "x", "state": "y"}), "Begin again")
    desk.get(BEGIN)
    desk.cookies["company_asked"] = desk.cookies["company_asked"].value + "x"
    refused(desk, desk.get(RETURN, {"code": "x", "state": "y"}), "Begin again")
    assert not provider.forms


def test_an_answer_counts_once(desk, provider, li):
    back = provider.sign_in(desk.get(BEGIN).url).removeprefix("http://localhost:8000")
    desk.get(back)
    desk.post("/sign-out/")
    refused(desk, desk.get(back), "Begin again")


def test_an_answer_of_another_issuer_or_a_refusal_lets_nobody_in(desk, provider, li):
    for more in ({"iss": "https://other.example"}, {"error": "access_denied", "code": ""}):
        back = asked_of_back(provider.sign_in(desk.get(BEGIN).url))
        refused(desk, desk.get(RETURN, {**back, **more}), "did not let you in")
    assert not provider.forms


@pytest.mark.parametrize(
    "bend",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"exp": -3600},
        {"exp": None},
        {"iat": 3600},
        {"iat": None},
        {"aud": "another program"},
        {"aud": None},
        {"aud": [CLIENT, "another program"]},
        {"aud": [CLIENT, "another program"], "azp": "another program"},
        {"azp": "another program"},
        {"iss": "https://other.example"},
        {"iss": None},
        {"sub": None},
    ],
    ids=str,
)
def test_a_token_that_is_not_for_us_just_now_lets_nobody_in(desk, provider, li, bend):
    now = int(time.time())
    provider.bend = {key: now + value if isinstance(value, int) else value for key, value in bend.items()}
    refused(desk, come(desk, provider), "did not let you in")
    assert not EntryEvent.objects.exists()


def test_a_token_for_several_programs_names_the_one_that_asked(desk, provider, li):
    provider.bend = {"aud": [CLIENT, "another program"], "azp": CLIENT}
    come(desk, provider)
    assert is_inside(desk)


def with_another_key(claims):
    return jwt.encode({"alg": "RS256", "kid": "one"}, claims, OTHER_KEY)


def with_the_secret(claims):
    return with_a_shared(SECRET.encode(), claims)


def with_the_public_key(claims):
    return with_a_shared(KEY.as_pem(private=False), claims)


def cut(claims):
    return "ey.ey"


@pytest.mark.parametrize("sign", [with_another_key, with_the_secret, with_the_public_key, unsigned, cut])
def test_a_token_that_the_provider_did_not_sign_lets_nobody_in(desk, provider, li, sign):
    provider.sign = sign
    refused(desk, come(desk, provider), "did not let you in")
    assert not EntryEvent.objects.exists()


@pytest.mark.parametrize("verified", [False, None, "false", 1.5])
def test_an_address_that_the_provider_did_not_verify_is_nobody(desk, provider, li, verified):
    provider.person["email_verified"] = verified
    refused(desk, come(desk, provider), "does not vouch for your e-mail address")
    assert kinds(li) == []
    assert EntryEvent.objects.get().kind == "company_refused"


def test_a_stranger_is_refused_and_an_administrator_reads_of_them(desk, provider):
    provider.person["email"] = "wang@company.example"
    users = User.objects.count()
    refused(desk, come(desk, provider), "You have no account on this desk.")
    assert User.objects.count() == users
    event = EntryEvent.objects.get()
    assert (event.user, event.kind) == (None, "company_refused")
    desk.force_login(a_user(Role.ADMINISTRATOR, branch=None))
    assert "wang@company.example" in desk.get(reverse("staff:people")).content.decode()


def test_an_administrator_of_a_branch_below_reads_nothing_of_strangers(desk, provider):
    provider.person["email"] = "wang@company.example"
    come(desk, provider)
    desk.force_login(a_user(Role.ADMINISTRATOR, branch=a_branch("east", a_branch())))
    assert "wang@company.example" not in desk.get(reverse("staff:people")).content.decode()


def test_an_address_that_two_accounts_have_is_nobody(desk, provider, li):
    a_user(Role.ADMINISTRATOR, email=li.email)
    refused(desk, come(desk, provider), "Two accounts have your address.")


def test_who_is_switched_off_stays_out(desk, provider, li):
    User.objects.filter(pk=li.pk).update(is_active=False)
    refused(desk, come(desk, provider), "Your account is switched off.")
    assert kinds(li) == ["company_refused"]


def test_who_is_switched_off_later_is_out_at_once(desk, provider, li):
    come(desk, provider)
    User.objects.filter(pk=li.pk).update(is_active=False)
    assert desk.get("/account/sessions/").status_code == 302


def test_made_up_people_stay_out_where_it_is_no_demo(desk, provider, settings):
    user = a_user(Role.ADMINISTRATOR, email="admin@demo.example.org")
    provider.person["email"] = user.email
    settings.DEMO = False
    refused(desk, come(desk, provider), "switched off")


def test_another_claim_finds_the_account_by_its_name(desk, provider, li, settings):
    settings.OIDC_CLAIM = "preferred_username"
    provider.person["email_verified"] = False
    refused(desk, come(desk, provider), "does not say who you are")
    provider.person["preferred_username"] = li.username.upper()
    refused(desk, come(desk, provider), "You have no account")
    provider.person["preferred_username"] = li.username
    come(desk, provider)
    assert is_inside(desk)


def test_what_the_token_lacks_is_asked_about_the_same_person(desk, provider, li):
    email = provider.person.pop("email")
    provider.told_besides = {"sub": "8", "email": email, "email_verified": True}
    refused(desk, come(desk, provider), "does not say who you are")
    provider.told_besides["sub"] = "7"
    come(desk, provider)
    assert is_inside(desk)


def test_role_and_branch_are_ours_whatever_the_provider_says(desk, provider, li):
    provider.person |= {"groups": ["administrator"], "role": "administrator", "branch": "x"}
    come(desk, provider)
    assert (again(li).role, again(li).branch) == (Role.AGENT, li.branch)


def test_groups_give_the_role_where_that_is_wanted(desk, provider, li, settings):
    settings.OIDC_ROLES = {"desk-leads": Role.SUPERVISOR, "desk": Role.AGENT}
    provider.person["groups"] = ["desk", "desk-leads"]
    come(desk, provider)
    assert again(li).role == Role.SUPERVISOR
    assert kinds(li) == ["signed_in", "changed"]
    desk.post("/sign-out/")
    provider.person["groups"] = ["canteen"]
    refused(desk, come(desk, provider), "None of your groups works here.")
    assert again(li).role == Role.SUPERVISOR
    assert kinds(li)[0] == "company_refused"


def test_groups_do_not_take_the_last_administrator(desk, provider, settings):
    User.objects.filter(role=Role.ADMINISTRATOR).delete()
    admin = a_user(Role.ADMINISTRATOR)
    provider.person |= {"email": admin.email, "groups": "desk"}
    settings.OIDC_ROLES = {"desk": Role.AGENT}
    refused(desk, come(desk, provider), "This is the last administrator.")
    assert again(admin).role == Role.ADMINISTRATOR


def test_accounts_are_made_only_where_that_is_wanted_and_see_nothing_at_first(desk, provider, settings):
    settings.OIDC_MAKES_ACCOUNTS = True
    provider.person |= {"email": "wang@company.example", "name": "王芳\x00"}
    come(desk, provider)
    user = User.objects.get(email="wang@company.example")
    assert (user.full_name, user.role, user.branch, user.has_usable_password()) == ("王芳", Role.AGENT, None, False)
    assert kinds(user) == ["signed_in", "made"]
    assert not user.account_mails.exists(), "no link for a password that they do not need"


def test_a_name_that_is_no_name_makes_no_account(desk, provider, settings):
    settings.OIDC_MAKES_ACCOUNTS = True
    provider.person["email"] = "<script>@x"
    users = User.objects.count()
    refused(desk, come(desk, provider), "You have no account on this desk.")
    assert User.objects.count() == users


def test_our_second_step_follows_unless_the_provider_asked_for_one(desk, provider, li, settings):
    device = an_app(li)
    provider.person |= {"amr": ["pwd", "otp"], "acr": "silver"}
    response = come(desk, provider, "/issues/")
    assert response.url == reverse("staff:second-step")
    assert not is_inside(desk)
    response = desk.post(response.url, {"way": "app", "code": code_of(device)})
    assert response.url == "/issues/"
    assert EntryEvent.objects.filter(kind="signed_in").get().detail == "OIDC, app"


@pytest.mark.parametrize("said", [{"amr": ["pwd", "otp"]}, {"acr": "gold"}])
def test_a_second_factor_shown_there_counts_where_we_believe_it(desk, provider, li, settings, said):
    settings.OIDC_SECOND_FACTOR = frozenset({"otp", "gold"})
    an_app(li)
    provider.person |= said
    assert come(desk, provider).url == reverse("complaints:queue")
    assert is_inside(desk)


@pytest.mark.parametrize(
    ("amr", "status"), [(["pwd"], 302), ("otp", 302), ([{"x": 1}], 302), (None, 302), (["otp"], 200)]
)
def test_a_rule_for_the_role_is_kept_also_for_the_company_account(desk, provider, li, settings, amr, status):
    settings.OIDC_SECOND_FACTOR = frozenset({"otp"})
    SecondFactorRule.objects.create(role=Role.AGENT, from_on=timezone.localdate() - timedelta(days=1))
    provider.person |= {"amr": amr, "acr": {"otp": "otp"}}
    come(desk, provider)
    assert desk.get("/account/sessions/").status_code == status


def test_a_provider_that_is_away_leaves_the_password(desk, provider, li, settings):
    begun = desk.get(BEGIN)
    back = provider.sign_in(begun.url).removeprefix("http://localhost:8000")
    provider.stop()
    refused(desk, desk.get(back), "Use your password, or try again later.")
    settings.OIDC_ISSUER += "/other"
    refused(desk, desk.get(BEGIN), "Use your password, or try again later.")
    settings.PASSWORDS_FOR_ALL = False
    refused(desk, desk.get(BEGIN), "Try again in a few minutes.")
    settings.PASSWORDS_FOR_ALL = True
    enter(desk, li)
    assert is_inside(desk)


@pytest.mark.parametrize(
    "wrong", [{"issuer": "https://other.example"}, {"token_endpoint": "http://other.example/token"}, {"jwks_uri": None}]
)
def test_a_provider_that_says_odd_things_about_itself_is_not_asked(desk, provider, li, wrong):
    provider.discovery = wrong
    refused(desk, desk.get(BEGIN), "does not answer just now")


def test_passwords_can_be_for_administrators_only(desk, provider, li, settings):
    settings.PASSWORDS_FOR_ALL = False
    assert "only administrators sign in with a password" in desk.get("/sign-in/").content.decode()
    assert enter(desk, li).status_code == 422
    assert not is_inside(desk)
    enter(desk, a_user(Role.ADMINISTRATOR))
    assert is_inside(desk)


def test_wrong_passwords_do_not_shut_out_the_company_account(desk, provider, li, settings):
    for _again in range(settings.AXES_FAILURE_LIMIT):
        shut = enter(desk, li, "wrong")
    assert shut.status_code == 429
    assert "Sign in with the company account" in shut.content.decode()
    come(desk, provider)
    assert is_inside(desk)


def test_refusals_of_the_company_account_count_as_no_wrong_password(desk, provider, li):
    provider.bend = {"nonce": "another"}
    for _again in range(6):
        come(desk, provider)
    assert not AccessAttempt.objects.exists()


def test_signing_out_ends_both(desk, provider, li):
    come(desk, provider)
    response = desk.post("/sign-out/")
    assert not is_inside(desk)
    assert response.status_code == 200
    to, asked = response["Refresh"].removeprefix("0; url=").split("?")
    assert to == f"{provider.issuer}/logout"
    asked = {name: values[0] for name, values in parse_qs(asked).items()}
    assert asked["post_logout_redirect_uri"] == "http://localhost:8000/sign-in/"
    assert asked["id_token_hint"].count(".") == 2
    assert "Sign out of the company account" in response.content.decode()


def test_signing_out_ends_ours_when_there_is_nothing_to_end_there(desk, provider, li):
    provider.discovery = {"end_session_endpoint": None}
    come(desk, provider)
    assert desk.post("/sign-out/").status_code == 302
    assert not is_inside(desk)
    enter(desk, li)
    assert desk.post("/sign-out/").status_code == 302


def test_an_administrator_who_comes_only_with_the_company_account_is_one(desk, provider, settings):
    User.objects.filter(role=Role.ADMINISTRATOR).delete()
    admin = a_user(Role.ADMINISTRATOR)
    admin.set_unusable_password()
    admin.save()
    assert "Choose a password here" in said_about_the_first()
    provider.person["email"] = admin.email
    come(desk, provider)
    assert said_about_the_first() == ""
    settings.OIDC_ISSUER = ""
    assert "Choose a password here" in said_about_the_first(), "now they could not come in any more"


def test_a_browser_goes_there_and_back_and_out_again_under_the_policy_of_our_pages(
    li, provider, page, live_server, settings
):
    """Content-Security-Policy lets no form lead to another site; the console would say so."""
    settings.BASE_URL = live_server.url
    said = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.context.add_cookies([{"name": "language", "value": "en", "url": live_server.url}])
    page.goto(f"{live_server.url}/account/sessions/")
    page.get_by_role("link", name="Sign in with the company account").click()
    page.wait_for_url("**/account/sessions/")
    page.locator("summary", has_text=li.display_name).click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{live_server.url}/sign-in/")
    assert any("/logout?" in path for path in provider.asked)
    assert not DeskSession.objects.filter(user=li).exists()
    assert said == []


def said_about_the_first():
    said = io.StringIO()
    call_command("first_administrator", stdout=said)
    return said.getvalue()
