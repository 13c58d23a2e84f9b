"""Grades, zones and kinds of inspections are rows that supervisors change, with who changed what; dates come from files too."""

from datetime import timedelta
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse

from complaints import safety_rules
from complaints.models import HazardRule, InspectionKind, InspectionPlan, ProtectionZone, SafetyRuleChange
from staff.actors import Role
from tests.complaints.inspections.things import a_kind, a_plan, today
from tests.factories import a_branch, a_user, an_account

pytestmark = [pytest.mark.usefixtures("profile"), pytest.mark.django_db]


@pytest.fixture
def desk(client):
    client.force_login(a_user(Role.SUPERVISOR))
    client.cookies["language"] = "en"
    return client


def change(desk, of, row=None, **said):
    name, args = ("safety-setting", [of, row.pk]) if row else ("safety-setting-new", [of])
    return desk.post(reverse(f"complaints:{name}", args=args), said)


def as_form(kind, **more):
    return {
        "name_zh": kind.name_zh, "name_en": kind.name_en, "target": kind.target, "segments": kind.segments,
        "cycle_months": kind.cycle_months or "", "share": kind.share or "", "extra_before": " ".join(kind.extra_before),
        "lead_days": kind.lead_days, "rank": kind.rank, "team_kind": kind.team_kind, "is_active": "on",
        "items": "\n".join(f"{one['zh']} | {one['en']}" for one in kind.items),
    } | more  # fmt: skip


GRADE = {"criteria_zh": "甲", "criteria_en": "a", "follow_up_days": 14}


def test_a_grade_gets_other_days_and_the_history_says_who(desk):
    assert change(desk, "grade", HazardRule.objects.get(grade="II"), **GRADE).status_code == 302
    assert safety_rules.follow_up_days("II") == 14
    done = SafetyRuleChange.objects.get()
    assert (done.before["follow_up_days"], done.after["follow_up_days"]) == (30, 14)
    page = unescape(desk.get(reverse("complaints:safety-settings")).content.decode())
    assert "30 → 14" in page
    assert done.by.display_name in page
    change(desk, "grade", HazardRule.objects.get(grade="II"), **GRADE)
    assert SafetyRuleChange.objects.count() == 1


def test_from_the_first_change_on_the_profile_leaves_the_rows_alone(desk):
    change(desk, "grade", HazardRule.objects.get(grade="II"), **GRADE)
    call_command("load_profile", "cn-95598", verbosity=0)
    assert HazardRule.objects.get(grade="II").follow_up_days == 14


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"low_kv": "0", "high_kv": "1", "metres": 1}, "low_kv"),
        ({"low_kv": "20", "high_kv": "15", "metres": 1}, "high_kv"),
        ({"low_kv": "5", "high_kv": "20", "metres": 1}, "low_kv"),
        ({"low_kv": "20", "high_kv": "21", "metres": 0}, "metres"),
    ],
)
def test_an_impossible_zone_is_refused(desk, said, field):
    response = change(desk, "zone", **said)
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert ProtectionZone.objects.count() == 4
    assert not SafetyRuleChange.objects.exists()


def test_a_zone_comes_and_goes(desk):
    assert change(desk, "zone", low_kv="20", high_kv="21", metres=5).status_code == 302
    zone = ProtectionZone.objects.get(low_kv=20)
    assert desk.post(reverse("complaints:zone-remove", args=[zone.pk])).status_code == 302
    assert SafetyRuleChange.objects.count() == 2


def test_another_cycle_of_a_kind_gives_its_plans_another_day(desk):
    plan = a_plan(last_on=today() - timedelta(days=10), due_in=700)
    assert change(desk, "kind", plan.kind, **as_form(plan.kind, cycle_months=1)).status_code == 302
    plan.refresh_from_db()
    assert plan.next_due_on < today() + timedelta(days=25)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"cycle_months": "", "share": ""}, "cycle_months"),
        ({"cycle_months": "3", "share": "5"}, "cycle_months"),
        ({"extra_before": "02-30"}, "extra_before"),
        ({"items": "只有中文"}, "items"),
        ({"items": "甲 | a\n乙 | a"}, "items"),
    ],
)
def test_a_kind_that_cannot_be_is_refused(desk, said, field):
    kind = a_kind()
    response = change(desk, "kind", kind, **as_form(kind, **said))
    assert response.status_code == 422
    assert field in response.context["form"].errors
    kind.refresh_from_db()
    assert kind.cycle_months == 24


def test_a_new_kind_gets_a_code_of_its_own(desk):
    said = as_form(a_kind(), name_en="Low voltage, not residential", name_zh="夜间巡视")
    assert change(desk, "kind", **said).status_code == 302
    assert change(desk, "kind", **said).status_code == 302
    codes = InspectionKind.objects.filter(name_zh="夜间巡视").values_list("code", flat=True)
    assert sorted(codes) == ["low-voltage-not-residential", "low-voltage-not-residential-2"]


@pytest.mark.parametrize("role", [Role.AGENT, Role.INVESTIGATOR, Role.ANALYST, Role.LIAISON])
def test_others_read_but_change_nothing(desk, role):
    desk.force_login(a_user(role))
    assert desk.get(reverse("complaints:safety-settings")).status_code == 200
    assert change(desk, "grade", HazardRule.objects.get(grade="II"), **GRADE).status_code == 403
    assert desk.post(reverse("complaints:zone-remove", args=[ProtectionZone.objects.first().pk])).status_code == 403
    assert not SafetyRuleChange.objects.exists()


# dates from a file


def send(desk, *lines, encoding="utf-8"):
    file = SimpleUploadedFile("last.csv", "\n".join(lines).encode(encoding))
    return desk.post(reverse("complaints:inspection-import"), {"file": file})


def test_last_dates_are_taken_and_the_rest_comes_back_with_reasons(desk):
    shop, other, west = an_account(kind="commercial"), a_plan().account, an_account(branch=a_branch("east"))
    desk.force_login(a_user(Role.SUPERVISOR, branch=a_branch("sub", parent=a_branch())))
    assert send(desk, "户号,上次检查日期", f"{shop.number},2026-01-05").context["done"].taken == 0
    desk.force_login(a_user(Role.SUPERVISOR))
    answer = send(
        desk,
        "户号,上次检查日期,检查周期,电压等级",
        f"{shop.number},2026-01-05,6,10kV",
        f"{other.number},20250301,,",
        "99999,2026-01-05,,",
        f"{shop.number},yesterday,,",
        f"{shop.number},2999-01-01,,",
        f"{shop.number},2026-01-05,500,",
        "",
        encoding="gb18030",
    )
    assert answer.context["done"].taken == 2
    assert [row for row, _account, _why in answer.context["rejected"]] == [4, 5, 6, 7]
    plan = InspectionPlan.objects.get(account=shop)
    assert (str(plan.last_on), plan.cycle_months, str(plan.next_due_on)) == ("2026-01-05", 6, "2026-07-05")
    plan.account.refresh_from_db()
    assert plan.account.supply_kv == 10
    assert west.number not in str(answer.context["rejected"])


def test_the_same_file_again_changes_nothing_and_older_dates_do_not_count(desk, tmp_path, capsys):
    plan = a_plan(last_on=today() - timedelta(days=3), due_in=99)
    file = tmp_path / "last.csv"
    file.write_text(f"cons_no,lastCheckTime\n{plan.account.number},2020-01-01\nnobody,2020-01-01\n")
    for _ in range(2):
        call_command("import_inspections", str(file), rejected=tmp_path / "rejected.csv")
    assert "1 taken, 1 rejected" in capsys.readouterr().out
    assert "nobody" in (tmp_path / "rejected.csv").read_text()
    plan.refresh_from_db()
    assert (plan.last_on, plan.next_due_on) == (today() - timedelta(days=3), today() + timedelta(days=99))


def test_a_file_without_the_columns_is_refused(desk):
    assert send(desk, "a,b", "1,2").status_code == 422
    assert desk.post(reverse("complaints:inspection-import"), {}).status_code == 422


def test_who_does_not_steer_imports_nothing(desk):
    desk.force_login(a_user(Role.INVESTIGATOR))
    assert send(desk, "户号,上次检查日期").status_code == 403
