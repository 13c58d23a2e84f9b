"""Inspections through the pages: listed, given, tried, moved, recorded; and what was found becomes work of its own."""

from datetime import timedelta
from html import unescape

import pytest
from django.urls import reverse

from complaints.inspections.dates import add_months
from complaints.inspections.figures import figures
from complaints.models import Complaint, Inspection, InspectionFinding, InspectionPlan, ServiceIssue
from staff.actors import Role
from staff.models import TeamKind
from tests.complaints.inspections.things import a_plan, an_inspection, record, today
from tests.complaints.test_moves import a_file
from tests.factories import a_branch, a_team, a_user

pytestmark = [pytest.mark.usefixtures("profile"), pytest.mark.django_db]

RECTIFY = {
    "what": "漏保失灵",
    "grade": "III",
    "consequence": "rectify",
    "rectify_by": str(today() + timedelta(days=30)),
}
COMPLAIN = {"what": "裸露带电线头", "grade": "I", "consequence": "complaint"}
ISSUE = {"what": "拉线松脱", "grade": "II", "consequence": "issue"}


@pytest.fixture
def crew(client):
    user = a_user(Role.INVESTIGATOR)
    client.force_login(user)
    client.cookies["language"] = "en"
    client.user = user
    return client


def page(client, inspection):
    return unescape(client.get(reverse("complaints:inspection", args=[inspection.pk])).content.decode())


def act(client, name, inspection, **said):
    return client.post(
        reverse(f"complaints:inspection-{name}", args=[inspection.pk]), {"seen": inspection.version, **said}
    )


def everything(inspection):
    row = Inspection.objects.filter(pk=inspection.pk).values().get()
    return (
        row,
        inspection.events.count(),
        Complaint.objects.count(),
        ServiceIssue.objects.count(),
        InspectionFinding.objects.count(),
    )


@pytest.mark.parametrize("view", ["mine", "team", "overdue", "week", "open", "done"])
def test_the_list_shows_what_its_view_says(crew, view):
    team = a_team(TeamKind.SAFETY)
    team.members.add(crew.user)
    crew.user.refresh_from_db()
    late, mine, week, far = (an_inspection(due_in=days) for days in (-3, 1, 5, 20))
    Inspection.objects.update(team=None)
    Inspection.objects.filter(pk=mine.pk).update(assignee=crew.user)
    Inspection.objects.filter(pk=far.pk).update(team=team)
    done = an_inspection()
    record(crew, done)
    wanted = {
        "mine": [mine],
        "team": [far],
        "overdue": [late],
        "week": [mine, week],
        "open": [late, mine, week, far],
        "done": [done],
    }
    shown = crew.get(reverse("complaints:inspections"), {"view": view}).context["rows"]
    assert list(shown) == wanted[view]


def test_the_list_stays_within_the_branch(crew):
    inspection = an_inspection()
    west = a_user(Role.SUPERVISOR, branch=a_branch("west", parent=a_branch()))
    crew.force_login(west)
    assert not crew.get(reverse("complaints:inspections"), {"view": "open"}).context["rows"]
    assert crew.get(reverse("complaints:inspection", args=[inspection.pk])).status_code == 404
    assert record(crew, inspection).status_code == 404
    assert (
        inspection.place not in b"".join(crew.get(reverse("complaints:inspections-export")).streaming_content).decode()
    )


def test_the_list_costs_the_same_for_five_rows_and_for_fifty(crew, django_assert_num_queries):
    for _ in range(3):
        an_inspection()
    address = reverse("complaints:inspections") + "?view=open"
    crew.get(address)
    with django_assert_num_queries(12):
        crew.get(address)
    for _ in range(12):
        an_inspection()
    with django_assert_num_queries(12):
        crew.get(address)


def test_a_second_page_begins_where_the_first_ended(crew):
    for days in range(52):
        an_inspection(due_in=days % 30)
    first = crew.get(reverse("complaints:inspections"), {"view": "open"})
    second = crew.get(reverse("complaints:inspections") + first.context["older_url"])
    keys = [one.pk for one in (*first.context["rows"], *second.context["rows"])]
    assert len(keys) == len(set(keys)) == 52


def test_the_file_holds_what_the_view_shows(crew):
    inspection = an_inspection()
    text = b"".join(crew.get(reverse("complaints:inspections-export"), {"view": "open"}).streaming_content).decode()
    assert inspection.place in text
    assert inspection.account.number in text


def test_it_is_given_to_somebody_and_moved_with_a_reason(crew):
    inspection = an_inspection()
    assert act(crew, "assign", inspection, assignee=crew.user.username).status_code == 302
    inspection.refresh_from_db()
    assert inspection.assignee == crew.user
    to = today() + timedelta(days=4)
    assert act(crew, "move", inspection, due_on=str(to), why="客户停产").status_code == 302
    inspection.refresh_from_db()
    assert (inspection.due_on, inspection.scheduled_on) == (to, today())
    assert "客户停产" in page(crew, inspection)


def test_nobody_home_is_written_down_and_tried_again(crew):
    inspection = an_inspection()
    to = today() + timedelta(days=2)
    assert act(crew, "tried", inspection, because="nobody_home", due_on=str(to)).status_code == 302
    inspection.refresh_from_db()
    assert (inspection.state, inspection.attempts, inspection.due_on) == ("open", 1, to)
    assert "nobody was there" in page(crew, inspection)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("move", {"due_on": "2020-01-01", "why": "x"}),
        ("move", {"due_on": "2999-01-01", "why": ""}),
        ("tried", {"because": "", "due_on": "2999-01-01"}),
        ("tried", {"because": "magic", "due_on": "2999-01-01"}),
        ("assign", {"assignee": "nobody-at-all"}),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(crew, name, said):
    inspection = an_inspection()
    before = everything(inspection)
    response = act(crew, name, inspection, **said)
    assert response.status_code == 422
    assert response.context["opened"] == name
    assert everything(inspection) == before


@pytest.mark.parametrize("role", [Role.AGENT, Role.ANALYST, Role.LIAISON])
def test_who_does_not_inspect_changes_nothing(crew, role):
    inspection = an_inspection()
    before = everything(inspection)
    crew.force_login(a_user(role))
    assert act(crew, "assign", inspection, assignee="").status_code == 403
    assert act(crew, "cancel", inspection, why="x").status_code == 403
    assert record(crew, inspection).status_code == 403
    assert everything(inspection) == before


def test_a_supervisor_cancels_with_a_reason_and_an_investigator_does_not(crew):
    inspection = an_inspection()
    assert act(crew, "cancel", inspection, why="房屋已拆").status_code == 403
    crew.force_login(a_user(Role.SUPERVISOR))
    assert act(crew, "cancel", inspection, why="房屋已拆").status_code == 302
    inspection.refresh_from_db()
    assert (inspection.state, inspection.cancelled_because) == ("cancelled", "房屋已拆")


def test_in_order_counts_the_cycle_from_the_day_it_was_done(crew):
    inspection = an_inspection(due_in=-10)
    assert record(crew, inspection).status_code == 302
    inspection.refresh_from_db()
    plan = InspectionPlan.objects.get(pk=inspection.plan_id)
    assert (inspection.state, inspection.result, inspection.recorded_by) == ("done", "in_order", crew.user)
    assert (plan.last_on, plan.next_due_on) == (today(), add_months(today(), 24))
    assert "in order" in page(crew, inspection)


def test_it_is_recorded_once_and_not_over_somebody_elses_head(crew):
    inspection = an_inspection()
    act(crew, "assign", inspection, assignee="")
    assert record(crew, inspection).status_code == 409
    inspection.refresh_from_db()
    assert inspection.state == "open"
    assert record(crew, inspection).status_code == 302
    assert record(crew, inspection, found=[RECTIFY]).status_code == 409
    assert not InspectionFinding.objects.exists()


def test_a_defect_is_to_be_rectified_and_looked_at_again(crew):
    inspection = an_inspection()
    assert record(crew, inspection, found=[RECTIFY]).status_code == 302
    finding = InspectionFinding.objects.get()
    again = finding.looks.get()
    assert (again.purpose, again.due_on) == ("rectified", finding.rectify_by)
    assert (again.account, again.team) == (inspection.account, inspection.team)
    assert "漏保失灵" in page(crew, again)
    assert record(crew, again, done_on=str(today())).status_code == 302
    assert Inspection.objects.open().count() == 0


def test_imminent_danger_opens_a_complaint_that_is_dispatched_at_once(crew):
    a_team(TeamKind.DISPATCH)
    inspection = an_inspection()
    picture = a_file().file
    picture.seek(0)
    assert record(crew, inspection, found=[{**COMPLAIN, "photo": picture}]).status_code == 302
    complaint = Complaint.objects.get()
    finding = InspectionFinding.objects.get()
    assert (finding.complaint, complaint.source, complaint.subcategory.code) == (complaint, "inspection", "SAF-11")
    assert (complaint.priority, complaint.status, complaint.account) == (1, "dispatched", inspection.account)
    assert complaint.safety_findings.get().grade == "I"
    assert complaint.attachments.count() == 1
    assert complaint.reference in page(crew, inspection)
    assert crew.get(reverse("complaints:inspection-photo", args=[finding.uuid])).status_code == 200
    crew.force_login(a_user(Role.SUPERVISOR, branch=a_branch("west", parent=a_branch())))
    assert crew.get(reverse("complaints:inspection-photo", args=[finding.uuid])).status_code == 404


def test_a_finding_on_the_network_opens_a_service_issue(crew):
    a_team(TeamKind.SAFETY)
    inspection = an_inspection()
    assert record(crew, inspection, found=[ISSUE]).status_code == 302
    issue = ServiceIssue.objects.get()
    assert (issue.kind, issue.is_public, issue.transformer_area.code) == ("hazard", False, "T1")
    assert InspectionFinding.objects.get().issue == issue


@pytest.mark.parametrize(
    ("found", "said", "where"),
    [
        ([], {"result": "not_in_order"}, "result"),
        ([RECTIFY], {"result": "in_order"}, "result"),
        ([], {"done_on": "2999-01-01"}, "done_on"),
        ([], {"informed": ""}, "informed"),
        ([], {"item-wiring": "bad"}, "result"),
        ([], {"item-wiring": ""}, "item-wiring"),
        ([{**RECTIFY, "rectify_by": ""}], {}, None),
        ([{**RECTIFY, "grade": "I"}], {}, None),
        ([{**RECTIFY, "what": ""}], {}, None),
    ],
)
def test_a_result_that_contradicts_itself_comes_back_with_what_was_typed(crew, found, said, where):
    inspection = an_inspection()
    before = everything(inspection)
    response = record(crew, inspection, found=found, **said)
    assert response.status_code == 422
    assert (where in response.context["form"].errors) if where else response.context["rows"].total_error_count()
    assert everything(inspection) == before


def test_the_customers_page_says_when_last_and_when_next(crew):
    inspection = an_inspection(last_on=today() - timedelta(days=700))
    answer = crew.get(reverse("customers:customer", args=[inspection.account.customer.number])).content.decode()
    assert "Last inspected" in answer
    assert reverse("complaints:inspection", args=[inspection.pk]) in answer


def test_the_figures_of_a_period_say_what_was_on_time_and_what_was_found(crew):
    on_time, late, owed = an_inspection(), an_inspection(due_in=-5), an_inspection(due_in=-4)
    record(crew, on_time, found=[RECTIFY, ISSUE])
    record(crew, late)
    act(crew, "tried", owed, because="refused", due_on=str(today()))
    week = figures(today() - timedelta(days=7), today(), today=today())
    assert (week.due, week.on_time, week.late, week.overdue, week.waiting) == (3, 1, 1, 1, 0)
    assert (week.tried, week.not_in_order, week.by_grade) == (1, 1, {"I": 0, "II": 1, "III": 1})
    nobody = Inspection.objects.visible_to(a_user(Role.ANALYST, branch=a_branch("west", parent=a_branch())))
    assert figures(today(), today(), today=today(), rows=nobody).due == 0


def test_a_plan_is_stopped_with_a_reason_and_taken_up_again(crew):
    inspection = an_inspection()
    address = reverse("complaints:inspection-plan-stop", args=[inspection.plan_id])
    assert crew.post(address, {"why": "拆迁"}).status_code == 403
    crew.force_login(a_user(Role.SUPERVISOR))
    assert crew.post(address, {"why": ""}).status_code == 422
    assert crew.post(address, {"why": "拆迁"}).status_code == 302
    inspection.refresh_from_db()
    assert inspection.state == "open"
    assert crew.post(reverse("complaints:inspection-plan-resume", args=[inspection.plan_id])).status_code == 302
    plan = InspectionPlan.objects.get(pk=inspection.plan_id)
    assert plan.is_active
    assert plan.next_due_on > today()


def test_a_plan_gets_its_own_cycle_on_its_page(crew):
    plan = a_plan()
    crew.force_login(a_user(Role.SUPERVISOR))
    address = reverse("complaints:inspection-plan", args=[plan.pk])
    given = {"kind": plan.kind_id, "next_due_on": str(today() + timedelta(days=9)), "cycle_months": "0"}
    assert crew.post(address, given).status_code == 422
    assert crew.post(address, given | {"cycle_months": "6"}).status_code == 302
    plan.refresh_from_db()
    assert (plan.cycle_months, plan.next_due_on) == (6, today() + timedelta(days=9))
    assert (
        plan.account.number
        in crew.get(reverse("complaints:inspection-plans"), {"q": plan.account.number}).content.decode()
    )
