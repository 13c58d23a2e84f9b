"""Rules of service are changed on screen by those who decide on them; who changed what is kept, and judged findings stay."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from complaints.investigation import conduct
from complaints.models import ConductFinding, ConductRule, ConductRuleChange
from complaints.models.append_only import HistoryIsPermanent
from complaints.states import Status
from staff.actors import Role
from tests.complaints.test_moves import bring
from tests.factories import a_complaint, a_user

pytestmark = [pytest.mark.usefixtures("profile"), pytest.mark.django_db]

RULES = "complaints:conduct-rules"


@pytest.fixture
def boss(client):
    client.cookies["language"] = "en"
    user = a_user(Role.SUPERVISOR)
    client.force_login(user)
    return user


def address(rule):
    return reverse("complaints:conduct-rule", args=[rule.pk])


def as_typed(rule, **more):
    said = {name: getattr(rule, name) for name in ("name_zh", "name_en", "text_zh", "text_en", "source", "position")}
    said |= {"subcategories": rule.subcategories, "measure": rule.measure, "limit": rule.limit or "", "is_active": "on"}
    return said | more


def measured():
    return ConductRule.objects.filter(measure="working_days").first()


def test_a_supervisor_changes_a_limit_and_it_is_known_who_did(client, boss):
    rule = measured()
    was = rule.limit
    assert rule.name in client.get(reverse(RULES)).content.decode()
    assert client.post(address(rule), as_typed(rule, limit=was + 5)).status_code == 302
    change = rule.changes.get()
    assert (change.by, change.before, change.after) == (boss, {"limit": was}, {"limit": was + 5})
    page = client.get(reverse(RULES)).content.decode()
    assert f"limit {was} → {was + 5}" in page
    assert boss.display_name in page
    client.post(address(rule), as_typed(rule, limit=was + 5))
    assert rule.changes.count() == 1, "nothing was different"


def test_what_was_judged_stays_when_the_rule_changes(client, boss):
    rule = measured()
    complaint = bring(a_complaint("SVC-06"), Status.INVESTIGATING)
    finding = ConductFinding.objects.create(
        complaint=complaint,
        rule=rule,
        measured=rule.limit,
        judged=conduct.judge(rule, rule.limit),
        entered_by=boss,
        entered_at=timezone.now(),
    )
    client.post(address(rule), as_typed(rule, limit=40))
    rule.refresh_from_db()
    finding.refresh_from_db()
    assert rule.limit == 40
    assert (finding.judged["kept"], finding.judged["limit"]) == (True, finding.measured)


def test_a_new_rule_is_offered_and_one_out_of_use_is_not(client, boss):
    said = {"name_zh": "穿工作服", "name_en": "Work clothes", "text_zh": "着装整齐。", "text_en": "Dress for work."}
    said |= {"subcategories": ["SVC-01"], "position": 3, "is_active": "on"}
    assert client.post(reverse("complaints:conduct-rule-new"), said).status_code == 302
    rule = ConductRule.objects.get(code="work-clothes")
    assert rule.changes.get().before == {}
    complaint = a_complaint("SVC-01")
    assert rule in conduct.rules_for(complaint)[0]
    client.post(address(rule), {name: value for name, value in said.items() if name != "is_active"})
    assert rule not in conduct.rules_for(complaint)[0]
    assert "not in use" in client.get(reverse(RULES)).content.decode()


@pytest.mark.parametrize(
    ("said", "field"), [({"limit": ""}, "limit"), ({"measure": ""}, "measure"), ({"text_en": ""}, "text_en")]
)
def test_half_a_rule_is_refused_and_what_was_typed_stays(client, boss, said, field):
    rule = measured()
    response = client.post(address(rule), as_typed(rule, source="Somewhere else", **said))
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert "Somewhere else" in response.content.decode()
    assert not ConductRuleChange.objects.exists()


@pytest.mark.parametrize("role", [Role.AGENT, Role.INVESTIGATOR, Role.ANALYST])
def test_others_read_them_and_change_nothing(client, role):
    rule = measured()
    client.force_login(a_user(role))
    page = client.get(reverse(RULES))
    assert page.status_code == 200
    assert address(rule) not in page.content.decode()
    assert client.post(address(rule), as_typed(rule, limit=40)).status_code == 403
    assert not ConductRuleChange.objects.exists()


def test_who_changed_what_is_never_changed(client, boss):
    rule = measured()
    client.post(address(rule), as_typed(rule, limit=40))
    with pytest.raises(HistoryIsPermanent):
        rule.changes.get().delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        ConductRuleChange.objects.update(after={})
