"""The sheets of routing cases: those that supervisors keep for each profile, and the page that tries any sheet."""

import csv
import io
from pathlib import Path

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command

from complaints import routing_cases, tables
from complaints.models import Complaint, RoutingRule, Subcategory
from staff.actors import Role
from staff.models import Branch, Team, TeamKind
from tests.complaints.views.pages import text_of
from tests.factories import a_user

HERE = Path(__file__).parent
SHEETS = {"cn-95598": "routing_cases.csv", "generic": "routing_cases_generic.csv"}
PAGE = "/desk/routes/cases/"


def cases(profile):
    head, *rows = csv.reader((HERE / SHEETS[profile]).read_text(encoding="utf-8").splitlines())
    return [pytest.param(profile, head, row, id=f"{profile}-{number}") for number, row in enumerate(rows, 2)]


@pytest.fixture
def places(profile):
    """A supply station with a crew of its own below the company, and people for key customers."""
    company = Branch.objects.get(code="BH")
    station = Branch.objects.create(code="HD", name_zh="河东供电所", name_en="Hedong Station", parent=company)
    for code, kind, branch, zh, en in (
        ("HD-outage", TeamKind.OUTAGE, station, "河东抢修班", "Hedong crew"),
        ("BH-key_accounts", TeamKind.KEY_ACCOUNTS, company, "大客户服务班", "Key account managers"),
    ):
        Team.objects.create(code=code, kind=kind, branch=branch, name_zh=zh, name_en=en)


@pytest.fixture
def set_up(places, request):
    """The utility of the profile that the case is for."""
    if request.getfixturevalue("profile_name") == "generic":
        RoutingRule.objects.all().delete()
        call_command("load_profile", "generic", verbosity=0)


@pytest.mark.parametrize(("profile_name", "head", "row"), [*cases("cn-95598"), *cases("generic")])
def test_each_case_goes_where_the_supervisors_want_it(set_up, profile_name, head, row):
    [checked] = routing_cases.check([head, row], Branch.objects.all())
    assert checked.problems == ()
    assert checked.passes, f"{checked.words} goes to {checked.team} by: {checked.rule}"


def upload(client, text, name="cases.csv"):
    data = text if isinstance(text, bytes) else text.encode()
    return client.post(PAGE, {"file": SimpleUploadedFile(name, data)})


@pytest.fixture
def supervisor(client, places):
    client.cookies["language"] = "en"
    user = a_user(Role.SUPERVISOR, branch=Branch.objects.get(code="BH"))
    client.force_login(user)
    return user


def rows_of(answer):
    return answer.context["checked"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_the_page_says_which_rows_pass(client, supervisor, encoding):
    before = (Complaint.objects.count(), list(RoutingRule.objects.values()))
    answer = upload(client, (HERE / SHEETS["cn-95598"]).read_text(encoding="utf-8").encode(encoding))
    assert answer.status_code == 200
    assert all(row.passes for row in rows_of(answer))
    assert f"All {len(rows_of(answer))} cases go where they should." in answer.content.decode()
    assert (Complaint.objects.count(), list(RoutingRule.objects.values())) == before


def test_a_row_that_goes_elsewhere_is_shown_with_the_rule_that_sends_it_there(client, supervisor):
    answer = upload(client, "category,branch,expected team\nOutage,BH,Safety\nSafety,BH,Safety\n")
    wrong, right = rows_of(answer)
    assert (wrong.passes, right.passes) == (False, True)
    page = text_of(answer)
    assert "1 of 2 cases does not go where it should." in page
    assert "Outage goes to the branch's team “Outage crew”." in page


def test_both_names_must_be_those_of_the_team(client, supervisor):
    answer = upload(client, "category,branch,应到班组,expected team\nOutage,BH,配电抢修班,Safety\n")
    assert [row.passes for row in rows_of(answer)] == [False]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("Teapots,,BH,Safety", "Category: “Teapots” is not known."),
        ("Outage,Atlantis,BH,Safety", "Area: “Atlantis” is not known."),
        ("Outage,,Nowhere,Safety", "Branch: “Nowhere” is not known."),
        ("Outage,,,Safety", "Branch is missing."),
        ("Outage,,BH,", "It does not say which team is expected."),
        ("Outage,,BH,Circus", "There is no team “Circus”."),
    ],
)
def test_a_cell_that_means_nothing_is_named_in_its_row(client, supervisor, line, words):
    answer = upload(client, f"category,area,branch,expected team\n{line}\nOutage,,BH,Outage crew\n")
    broken, fine = rows_of(answer)
    assert words in broken.problems
    assert (broken.passes, fine.passes) == (False, True)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"a,b\n1,2\n", "must name the columns"),
        (b"branch\nBH\n", "must name the columns"),
        (b"PK\x03\x04 not a workbook", "cannot be read"),
        (b"\x81\xff\xfe", "neither UTF-8"),
    ],
)
def test_a_file_that_is_no_such_sheet_is_refused_with_a_sentence(client, supervisor, data, words):
    answer = upload(client, data)
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_nothing_chosen_is_said_too(client, supervisor):
    assert client.post(PAGE, {}).status_code == 422


@pytest.mark.parametrize("format", ["csv", "xlsx"])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_sheet_to_begin_with_passes_when_it_comes_back(client, supervisor, format, language):
    client.cookies["language"] = language
    answer = client.get(f"/desk/routes/cases.{format}")
    data = b"".join(answer.streaming_content)
    assert len(tables.read(data)) > 10
    answer = upload(client, data, f"cases.{format}")
    assert rows_of(answer)
    assert [(row.number, row.problems) for row in rows_of(answer) if not row.passes] == []


def test_no_cell_of_it_is_a_formula(client, supervisor):
    Team.objects.filter(code="BH-outage").update(name_en="=1+1", name_zh="＝1+1")
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(client.get("/desk/routes/cases.xlsx").streaming_content))).active
    texts = [str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value]
    assert "'=1+1" in texts
    assert not any(text.startswith(("=", "＝")) for text in texts)


@pytest.mark.parametrize("role", sorted(set(Role.values) - {Role.SUPERVISOR, Role.ADMINISTRATOR}))
def test_others_may_not(client, places, role):
    client.force_login(a_user(role, branch=Branch.objects.get(code="BH")))
    assert client.get(PAGE).status_code == 403
    assert client.get("/desk/routes/cases.csv").status_code == 403
    assert upload(client, "branch,expected team\nBH,Safety\n").status_code == 403


def test_a_branch_out_of_sight_is_not_known(client, places):
    client.cookies["language"] = "en"
    other = Branch.objects.create(code="XX", name_zh="外", name_en="Elsewhere")
    client.force_login(a_user(Role.SUPERVISOR, branch=other))
    answer = upload(client, "branch,expected team\nBH,Safety\n")
    assert rows_of(answer)[0].problems == ("Branch: “BH” is not known.",)


@pytest.mark.usefixtures("profile")
def test_names_that_two_rows_share_mean_the_row_with_that_code():
    Subcategory.objects.filter(code="BIL-01").update(name_en="OUT-01")
    rows = [["subcategory", "branch", "expected team"], ["OUT-01", "BH", "Outage crew"]]
    [checked] = routing_cases.check(rows, Branch.objects.all())
    assert checked.passes
    assert checked.team.kind == TeamKind.OUTAGE
