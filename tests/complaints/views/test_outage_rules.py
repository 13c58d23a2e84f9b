"""The rules of notice of outages are changed on screen by those who decide on them; who changed what is kept, and judged findings stay."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from complaints.investigation import outage, outage_notice
from complaints.models import DeskSettings, OutageFinding, OutageRulesChange
from complaints.models.append_only import HistoryIsPermanent
from staff.actors import Role
from tests.complaints.test_moves import bring
from tests.factories import MONDAY, a_branch, a_complaint, a_user

pytestmark = [pytest.mark.usefixtures("profile"), pytest.mark.django_db]

RULES, CHANGE = "/desk/outage-notice/", "/desk/outage-notice/change/"


@pytest.fixture
def boss(client):
    client.cookies["language"] = "en"
    user = a_user(Role.SUPERVISOR)
    client.force_login(user)
    return user


def page(response):
    return response.content.decode()


def as_typed(client, **more):
    """The form as it comes, sent back with what is said differently."""
    form = client.get(CHANGE).context["form"]
    said = {field.html_name: "" if field.value() is None else field.value() for field in form}
    return said | {"reason": "New rules of the grid company"} | more


def test_a_supervisor_changes_a_rule_and_it_is_known_who_did_and_why(client, boss):
    before = outage_notice.rules_now()
    assert "7 days" in page(client.get(RULES))
    assert client.post(CHANGE, as_typed(client, hours_planned=72)).status_code == 302
    rules = outage_notice.rules_now()
    assert rules["rules"][0] == before["rules"][0] | {"hours": 72}
    assert (rules["rules"][1:], rules["change"]) == (before["rules"][1:], before["change"])
    change = OutageRulesChange.objects.get()
    assert (change.by, change.before, change.after) == (boss, before, rules)
    seen = page(client.get(RULES))
    assert "Planned: 7 days, everybody it puts in the dark" in seen
    assert "→ 3 days, everybody it puts in the dark" in seen
    assert "New rules of the grid company" in seen
    assert boss.display_name in seen


def test_a_kind_gets_a_rule_and_another_loses_its_own(client, boss):
    said = as_typed(client, hours_breach=24, for_breach="important", source_breach="[X]", hours_arrears="", minutes=10)
    client.post(CHANGE, said)
    rules = outage_notice.rules_now()
    assert [rule["kind"] for rule in rules["rules"]] == ["planned", "temporary", "breach"]
    assert rules["rules"][-1] == {"kind": "breach", "hours": 24, "for": "important", "source": "[X]"}
    assert rules["change"]["minutes"] == 10
    assert outage_notice.notice_verdict(rules, "arrears", None, MONDAY) == outage_notice.NOT_DUE
    seen = page(client.get(RULES))
    assert "Passing on a change: within 5 minutes" in seen
    assert "at the latest 10 minutes after the announced end" in seen


def test_what_was_judged_keeps_the_rules_it_was_judged_by(client, boss):
    complaint = bring(a_complaint("OUT-05"), "investigating")
    found = {"complaint": complaint, "kind": "planned", "started_at": MONDAY}
    outage.save(OutageFinding(**found), by=boss)
    judged = complaint.outage_findings.get()
    client.post(CHANGE, as_typed(client, hours_planned=""))
    judged.refresh_from_db()
    assert outage_notice.verdict_of(judged) == outage_notice.NONE_GIVEN
    outage.save(OutageFinding(**found, equipment="Switch 4"), by=boss)
    assert outage_notice.verdict_of(complaint.outage_findings.first()) == outage_notice.NOT_DUE


def test_the_same_once_more_is_no_change(client, boss):
    before = outage_notice.rules_now()
    assert "Nothing was different." in page(client.post(CHANGE, as_typed(client), follow=True))
    assert outage_notice.rules_now() == before
    assert not OutageRulesChange.objects.exists()


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"reason": ""}, "reason"),
        ({"minutes": "0"}, "minutes"),
        ({"hours_planned": "-1"}, "hours_planned"),
        ({"hours_planned": "soon"}, "hours_planned"),
        ({"for_planned": "nobody"}, "for_planned"),
        ({"hours_planned": "", "hours_temporary": "", "hours_arrears": ""}, "hours_fault"),
    ],
)
def test_what_cannot_be_a_rule_is_refused_and_what_was_typed_stays(client, boss, said, field):
    before = outage_notice.rules_now()
    refused = client.post(CHANGE, as_typed(client, source_planned="Somewhere else", **said))
    assert refused.status_code == 422
    assert list(refused.context["form"].errors) == [field]
    assert "Somewhere else" in page(refused)
    assert outage_notice.rules_now() == before
    assert not OutageRulesChange.objects.exists()


def test_of_two_who_change_at_once_the_second_is_told(client, boss):
    mine = as_typed(client, hours_planned=72)
    client.post(CHANGE, as_typed(client, hours_planned=48))
    refused = client.post(CHANGE, mine)
    assert refused.status_code == 409
    assert "Somebody else changed these rules meanwhile." in page(refused)
    assert outage_notice.rules_now()["rules"][0]["hours"] == 48
    assert OutageRulesChange.objects.count() == 1


def test_without_rules_the_page_says_so(client, boss):
    DeskSettings.objects.update(outage_notice={})
    assert "There are no rules of notice yet" in page(client.get(RULES))
    said = as_typed(client, hours_planned=72, minutes=5)
    assert client.post(CHANGE, said).status_code == 302
    assert [rule["hours"] for rule in outage_notice.rules_now()["rules"]] == [72]


@pytest.mark.parametrize("role", [Role.AGENT, Role.INVESTIGATOR, Role.ANALYST, Role.LIAISON])
def test_others_read_them_and_change_nothing(client, role):
    client.force_login(a_user(role))
    seen = client.get(RULES)
    assert seen.status_code == 200
    assert CHANGE not in page(seen)
    assert client.post(CHANGE, {"hours_planned": 1}).status_code == 403
    assert not OutageRulesChange.objects.exists()


def test_a_supervisor_of_a_district_reads_why_there_is_no_button(client):
    client.cookies["language"] = "en"
    client.force_login(a_user(Role.SUPERVISOR, branch=a_branch("district", parent=a_branch())))
    assert "supervisors and administrators of the top branch change it" in page(client.get(RULES))
    assert client.post(CHANGE, {"hours_planned": 1}).status_code == 403
    assert not OutageRulesChange.objects.exists()


def test_who_changed_what_is_never_changed(client, boss):
    client.post(CHANGE, as_typed(client, hours_planned=72))
    with pytest.raises(HistoryIsPermanent):
        OutageRulesChange.objects.get().delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        OutageRulesChange.objects.update(after={})


def test_the_page_is_one_of_the_tabs_beside_the_deadlines(client, boss):
    assert RULES in page(client.get(reverse("complaints:policies")))
