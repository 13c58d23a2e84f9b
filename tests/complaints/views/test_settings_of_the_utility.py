"""What holds for the whole utility: districts read it and are told why there is no button, the top branch changes it."""

import pytest

from complaints.models import DeskSettings, MessageTemplate, RoutingRule, Webhook
from staff import utility
from staff.actors import Role
from tests.factories import a_branch, a_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("profile")]
SENTENCE = "This holds for the whole utility"
READ = [
    "/desk/policies/",
    "/desk/calendars/",
    "/desk/tariffs/",
    "/desk/routes/",
    "/desk/ladder/",
    "/desk/texts/",
    "/desk/texts/acknowledged/sms/en/",
    "/desk/feedback/quotas/",
    "/desk/feedback/quotas/hours/",
    "/desk/feedback/questions/",
    "/desk/letters/text/en/",
    "/desk/guides/",
    "/desk/words/",
    "/issues/clusters/",
    "/conduct/rules/",
    "/inspections/settings/",
]
WRITE = [
    "/desk/policies/new/",
    "/desk/calendars/new/",
    "/desk/tariffs/",
    "/desk/routes/new/",
    "/desk/ladder/new/",
    "/desk/texts/acknowledged/sms/en/",
    "/desk/feedback/quotas/new/",
    "/desk/feedback/questions/",
    "/desk/letters/text/en/",
    "/desk/words/",
    "/issues/clusters/",
    "/conduct/rules/new/",
    "/inspections/settings/kind/new/",
]


@pytest.fixture
def as_role(client):
    def sign_in(role, **fields):
        user = a_user(role, **fields)
        client.force_login(user)
        client.cookies["language"] = "en"
        return user

    return sign_in


@pytest.fixture
def district(db):
    return a_branch("far", a_branch())


@pytest.mark.parametrize("page", READ)
def test_a_district_reads_it_and_is_told_why_there_is_no_button(client, as_role, district, page):
    as_role(Role.SUPERVISOR, branch=district)
    answer = client.get(page)
    assert answer.status_code == 200
    assert SENTENCE in answer.content.decode()
    as_role(Role.SUPERVISOR)
    assert SENTENCE not in client.get(page).content.decode()


@pytest.mark.parametrize("page", WRITE)
@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.ADMINISTRATOR])
def test_a_district_changes_none_of_it_and_neither_does_who_belongs_nowhere(client, as_role, district, page, role):
    def kept():
        return (
            DeskSettings.objects.values().get(),
            list(MessageTemplate.objects.values_list("pk", "body")),
            RoutingRule.objects.count(),
        )

    before = kept()
    for branch in (district, None):
        as_role(role, branch=branch)
        assert client.post(page, {"body": "other", "subject": "other"}).status_code == 403
    assert kept() == before
    as_role(role)
    assert client.post(page, {}).status_code in (200, 302, 422)


def test_an_administrator_of_a_district_sees_and_sets_up_no_webhook(client, as_role, district):
    as_role(Role.ADMINISTRATOR, branch=district)
    assert client.get("/desk/webhooks/").status_code == 403
    assert not Webhook.objects.exists()


@pytest.mark.parametrize("role", Role.values)
def test_only_two_roles_of_the_top_branch_keep_the_settings(role, district):
    keeps = role in (Role.SUPERVISOR, Role.ADMINISTRATOR)
    assert utility.may_change(a_user(role)) is keeps
    assert utility.may_change(a_user(role, branch=district)) is False
    assert utility.may_change(a_user(role, branch=None)) is False
