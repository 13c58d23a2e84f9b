"""Key customers: their complaints go to their own people where a branch has them, and their account manager hears at once."""

import pytest

from complaints import routing
from complaints.models import Notice
from customers.models import Customer
from staff.actors import Role
from staff.models import Team, TeamKind
from tests.factories import a_branch, a_complaint, a_team, a_user, an_account

pytestmark = pytest.mark.usefixtures("profile")


def complained(code: str, **fields):
    """A complaint of a customer with these fields, as the door leaves it."""
    account = an_account()
    Customer.objects.filter(pk=account.customer_id).update(**fields)
    account.customer.refresh_from_db()
    return a_complaint(code, customer=account.customer, account=account)


@pytest.mark.parametrize(
    ("code", "fields", "has_team", "kind"),
    [
        ("BIL-01", {"is_key": True}, True, TeamKind.KEY_ACCOUNTS),
        ("BIL-01", {"is_key": True}, False, TeamKind.BILLING),
        ("BIL-01", {"is_key": False}, True, TeamKind.BILLING),
        ("OUT-02", {"is_key": True}, True, TeamKind.OUTAGE),
        ("VOL-03", {"is_key": True}, True, TeamKind.OUTAGE),
    ],
)
def test_key_customers_have_their_own_people_but_never_for_a_crews_work(code, fields, has_team, kind):
    Team.objects.all().delete()
    for wanted in (
        TeamKind.DISPATCH,
        TeamKind.OUTAGE,
        TeamKind.BILLING,
        *([TeamKind.KEY_ACCOUNTS] if has_team else []),
    ):
        a_team(wanted)
    assert complained(code, **fields).team.kind == kind


def test_the_nearest_team_counts_for_each_rule_in_turn():
    west = a_branch("west", parent=a_branch())
    Team.objects.all().delete()
    own, above = a_team(TeamKind.BILLING, branch=west), a_team(TeamKind.KEY_ACCOUNTS)
    complaint = complained("BIL-01", is_key=True)
    complaint.branch = west
    assert routing.team_for(complaint) == above
    Team.objects.filter(pk=above.pk).update(is_active=False)
    assert routing.team_for(complaint) == own


def test_the_account_manager_is_told_once_and_in_their_language():
    manager = a_user(Role.INVESTIGATOR, language="en")
    complaint = complained("BIL-01", account_manager=manager)
    notice = Notice.objects.get(code="manager_told")
    assert (notice.address, notice.complaint, notice.is_to_customer) == (manager.email, complaint, False)
    assert complaint.reference in notice.body


def test_one_who_left_is_not_told():
    complained("BIL-01", account_manager=a_user(Role.INVESTIGATOR, is_active=False))
    assert not Notice.objects.filter(code="manager_told").exists()


def test_the_desk_shows_the_account_manager_and_gives_them_a_queue_of_their_customers(client):
    client.cookies["language"] = "en"
    manager = a_user(Role.INVESTIGATOR, language="en")
    theirs, other = complained("BIL-01", account_manager=manager), complained("BIL-01")
    client.force_login(a_user(Role.SUPERVISOR))
    words = f"Account manager: {manager.display_name}"
    assert client.get("/desk/?view=unfinished").content.decode().count(words) == 1
    assert "My customers" not in client.get("/desk/?view=unfinished").content.decode()
    page = client.get(theirs.get_absolute_url()).content.decode()
    assert f"<dt>Account manager</dt><dd>{manager.display_name}</dd>" in page
    assert "<dt>Account manager</dt>" not in client.get(other.get_absolute_url()).content.decode()
    client.force_login(manager)
    answer = client.get("/desk/?view=customers")
    assert [row["complaint"] for row in answer.context["rows"]] == [theirs]
    assert [tab["count"] for tab in answer.context["queues"] if tab["current"]] == ["1"]
