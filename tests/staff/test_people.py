"""Accounts: made, changed, switched off and on by administrators, and never the last of them."""

import io
import re

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from complaints import tasks
from staff import people
from staff.actors import Role
from staff.entry_models import AccountMail
from staff.models import Team, User
from tests.at_once import at_once
from tests.factories import a_branch, a_team, a_user
from tests.staff.doors import again, enter, is_inside, kinds

pytestmark = pytest.mark.usefixtures("profile")


@pytest.fixture
def admin():
    return a_user(Role.ADMINISTRATOR)


@pytest.fixture
def desk(admin):
    client = Client()
    client.cookies["language"] = "en"
    client.force_login(admin)
    return client


def said(**more):
    team = Team.objects.first() or a_team()
    about = {"full_name": "Zhao Liu", "email": "zhao@example.org", "phone": "", "role": "agent", "language": "en"}
    return {"username": "zhao", **about, "branch": team.branch_id, "team": team.pk, **more}


def test_an_account_is_made_with_a_link_and_no_password(desk, client):
    made = desk.post(reverse("staff:new-person"), said())
    user = User.objects.get(username="zhao")
    assert not user.has_usable_password()
    assert (user.full_name, user.role) == ("Zhao Liu", "agent")
    link = made.context["link"].removeprefix("http://localhost:8000")
    form = client.get(link, follow=True)
    client.post(form.redirect_chain[-1][0], {"new_password1": "quiet river snow", "new_password2": "quiet river snow"})
    assert enter(client, user, "quiet river snow").url == "/desk/"


def test_the_link_is_mailed_too_and_stands_in_no_row(desk, settings, client):
    desk.post(reverse("staff:new-person"), said())
    assert tasks.send_account_mail() == 1
    assert tasks.send_account_mail() == 0
    mails = [path.read_text() for path in (settings.VAR_DIR / "outbox" / "email").glob("*.eml")]
    (text,) = [mail for mail in mails if "To: zhao@example.org" in mail]
    link = re.search(r"http://localhost:8000(/sign-in/password/\S+)", text.replace("=\n", ""))[1]
    assert client.get(link, follow=True).context["validlink"]
    row = AccountMail.objects.values().get()
    assert "/sign-in/" not in str(row)


def test_what_is_wrong_is_said_beside_its_field_and_what_was_typed_is_kept(desk):
    User.objects.create_user("zhao")
    answer = desk.post(reverse("staff:new-person"), said(email="no address"))
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"username", "email"}
    assert 'value="Zhao Liu"' in answer.content.decode()


def test_a_team_of_another_branch_is_refused(desk):
    other = a_team(branch=a_branch("elsewhere", parent=a_branch()))
    answer = desk.post(reverse("staff:new-person"), said(team=other.pk, branch=a_branch().pk))
    assert "team" in answer.context["form"].errors
    assert not User.objects.filter(username="zhao").exists()


def test_a_role_is_changed_and_it_is_on_record_what(desk, admin):
    user = a_user(Role.AGENT)
    team = a_team(branch=user.branch)
    desk.post(
        reverse("staff:person", args=[user.username]), said(role="supervisor", team=team.pk, branch=user.branch.pk)
    )
    assert again(user).role == Role.SUPERVISOR
    event = user.entry_events.get()
    assert (event.kind, event.by) == ("changed", admin)
    assert "role" in event.detail


def test_who_is_switched_off_cannot_sign_in_and_later_can_again(desk, client):
    user = a_user(Role.AGENT)
    desk.post(reverse("staff:person-act", args=[user.username, "switch-off"]))
    assert enter(client, user).status_code == 422
    desk.post(reverse("staff:person-act", args=[user.username, "switch-on"]))
    assert enter(client, user).status_code == 302
    assert kinds(user) == ["signed_in", "switched_on", "refused", "switched_off"]


def test_the_last_administrator_stays(desk, admin):
    page = reverse("staff:person", args=[admin.username])
    desk.post(reverse("staff:person-act", args=[admin.username, "switch-off"]))
    assert again(admin).is_active
    answer = desk.post(page, said(role="agent"))
    assert answer.status_code == 422
    assert "last administrator" in str(answer.context["form"].errors["role"])
    assert again(admin).role == Role.ADMINISTRATOR
    assert again(admin).full_name == admin.full_name


@pytest.mark.django_db(transaction=True)
def test_two_administrators_who_switch_each_other_off_at_once_are_one_left(profile):
    both = [a_user(Role.ADMINISTRATOR), a_user(Role.ADMINISTRATOR)]
    desks = [Client(), Client()]
    for client, user in zip(desks, both, strict=True):
        client.force_login(user)
    at_once(lambda n: desks[n].post(reverse("staff:person-act", args=[both[1 - n].username, "switch-off"])), times=2)
    assert User.objects.filter(role=Role.ADMINISTRATOR, is_active=True).count() == 1


@pytest.mark.parametrize("role", [role for role in Role if role != Role.ADMINISTRATOR])
def test_nobody_but_administrators_sees_or_changes_accounts(client, role):
    user, other = a_user(role), a_user(Role.AGENT)
    client.force_login(user)
    for name, args in [("people", []), ("new-person", []), ("rules", []), ("person", [other.username])]:
        assert client.get(reverse(f"staff:{name}", args=args)).status_code == 403
        assert client.post(reverse(f"staff:{name}", args=args), said()).status_code == (
            405 if name == "people" else 403
        )
    for name in ("reset-password",):
        assert client.post(reverse(f"staff:{name}", args=[other.username])).status_code == 403
    assert again(other).check_password("a long pass phrase")
    assert again(other).role == Role.AGENT


def test_an_administrator_of_a_county_keeps_the_accounts_of_the_county_only(client):
    county = a_branch("county", parent=a_branch())
    inside, outside = a_user(branch=county), a_user()
    client.force_login(a_user(Role.ADMINISTRATOR, branch=county))
    assert client.get(reverse("staff:person", args=[inside.username])).status_code == 200
    for name in ("person", "reset-password"):
        assert client.post(reverse(f"staff:{name}", args=[outside.username])).status_code == 404
    listed = client.get(reverse("staff:people")).content.decode()
    assert inside.display_name in listed
    assert outside.display_name not in listed
    answer = client.post(reverse("staff:new-person"), said(branch=a_branch().pk, team=""))
    assert "branch" in answer.context["form"].errors
    assert client.get(reverse("staff:rules")).status_code == 403
    assert not User.objects.filter(username="zhao").exists()


def test_people_are_found_by_name_role_and_state(desk):
    agent, off = a_user(Role.AGENT), a_user(Role.ANALYST, is_active=False)

    def found(**asked):
        return {user.username for user in desk.get(reverse("staff:people"), asked).context["page"]}

    both = {agent.username, off.username}
    assert found() & both == {agent.username}
    assert found(state="off") & both == {off.username}
    assert found(state="all") & both == both
    assert found(role="agent", state="all") & both == {agent.username}
    assert found(q=agent.full_name) == {agent.username}
    assert found(q="nobody of this name") == set()
    assert "Nobody fits" in desk.get(reverse("staff:people"), {"q": "nobody of this name"}).content.decode()


def test_the_list_costs_the_same_for_five_and_for_forty(desk, django_assert_max_num_queries):
    desk.get(reverse("staff:people"))
    for count in (5, 35):
        for _ in range(count):
            a_user(team=a_team())
        with django_assert_max_num_queries(14):
            desk.get(reverse("staff:people"))


def first_administrator():
    said = io.StringIO()
    call_command("first_administrator", stdout=said)
    return said.getvalue()


def test_the_first_administrator_gets_a_link_and_never_a_password(client):
    User.objects.all().delete()
    text = first_administrator()
    admin = User.objects.get()
    assert admin.role == Role.ADMINISTRATOR
    assert not admin.has_usable_password()
    link = re.search(r"http://localhost:8000(\S+)", text)[1]
    again_said = first_administrator()
    assert "First administrator: admin" in again_said
    form = client.get(link, follow=True)
    client.post(form.redirect_chain[-1][0], {"new_password1": "quiet river snow", "new_password2": "quiet river snow"})
    assert first_administrator() == ""
    enter(client, admin, "quiet river snow")
    assert client.get(reverse("staff:people")).status_code == 200


def test_made_up_people_are_kept_out_where_it_is_no_demo(client, settings):
    user = a_user(Role.ADMINISTRATOR, email="admin@demo.example.org")
    client.force_login(user)
    assert client.get("/account/sessions/").status_code == 200
    settings.DEMO = False
    assert client.get("/account/sessions/").status_code == 302, "also who was inside before"
    visitor = Client()
    assert enter(visitor, user).status_code == 422
    assert not is_inside(visitor)
    said = io.StringIO()
    call_command("check", databases=["default"], stderr=said)
    assert "redress.W001" in said.getvalue()


def test_an_account_without_address_gets_no_mail():
    people.make(User(username="li", role=Role.AGENT), by=None)
    assert not AccountMail.objects.exists()
