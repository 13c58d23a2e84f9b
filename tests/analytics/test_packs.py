"""A pack is frozen once and for good, says what the reports said, and tells later why its numbers would differ now."""

import io
from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone
from openpyxl import load_workbook

from analytics import jobs, tasks
from analytics.grains.refresh import refresh
from analytics.models import Freezing, FrozenPack, Pack
from analytics.packs import freezing
from analytics.packs.freezing import digest
from complaints import workflow
from complaints.models import Category, Complaint, Subcategory
from complaints.models.append_only import HistoryIsPermanent
from staff.actors import Actor, Role
from tests.analytics.test_causes_report import closed
from tests.analytics.test_reports import read
from tests.at_once import at_once
from tests.factories import MONDAY, a_branch, a_complaint, a_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("profile")]
MARCH = {"first_day": "2026-03-01", "last_day": "2026-03-31"}


@pytest.fixture
def liaison():
    return a_user(Role.LIAISON)


@pytest.fixture
def desk(client, liaison):
    client.force_login(liaison)
    client.cookies["language"] = "en"
    return client


def made(desk, *reports, **more):
    answer = desk.post(
        "/reports/packs/new/",
        {"title": "三月报送", **MARCH, "branch": a_branch().pk, "reports": reports or ["trend"], **more},
    )
    assert answer.status_code == 302, answer.context["form"].errors
    return Pack.objects.latest("pk")


def froze(desk, pack):
    desk.get("/reports/packs/")
    assert desk.post(f"/reports/packs/{pack.pk}/freeze/").status_code == 302
    assert tasks.freeze_packs() == 1
    return pack.frozen.first()


def now(desk, frozen):
    page = desk.get(f"/reports/packs/{frozen.pack_id}/{frozen.number}/now/")
    assert page.status_code == 200
    return page.context["differences"]


def test_what_is_frozen_is_what_the_reports_said_with_definitions_and_digest(desk):
    closed("equipment-meter", "BIL-02")
    closed("weather-wind")
    frozen = froze(desk, made(desk, "trend", "causes"))
    table = frozen.content["en"][1]["tables"][0]
    shown = read(desk, "causes").tables[0]
    assert [[cell["raw"] for cell in row] for row in table["rows"]] == [
        [cell.raw for cell in row] for row in [*shown.rows, shown.total]
    ]
    assert frozen.content["zh-hans"][1]["title"] != frozen.content["en"][1]["title"]
    assert frozen.content["en"][1]["definitions"][0]["definition"]
    assert frozen.digest == digest(frozen.content)
    assert now(desk, frozen) == []
    page = desk.get(f"/reports/packs/{frozen.pack_id}/{frozen.number}/").content.decode()
    assert frozen.digest in page
    assert "Meter fault" in page


def test_a_later_entry_a_reopening_and_a_correction_are_told_apart(desk):
    closed("weather-wind")
    reopened, corrected = closed("weather-wind"), a_complaint("OUT-03")
    frozen = froze(desk, made(desk, "trend", "causes"))
    supervisor = Actor.staff(a_user(Role.SUPERVISOR))
    a_complaint("BIL-02", at=timezone.now(), received_at=MONDAY)
    workflow.perform("reopen", reopened, by=supervisor, at=timezone.now(), reason="又停电")
    subcategory = Subcategory.objects.get(code="BIL-02")
    said = {"category": subcategory.category, "subcategory": subcategory, "reason": "误分类"}
    workflow.perform("recategorise", corrected, by=supervisor, at=timezone.now(), **said)
    found = now(desk, frozen)
    why = {(one.report, one.row, one.column): (one.was, one.now, one.why) for one in found}
    assert why["Complaints received", "All", "All"] == ("3", "4", {"late": 1})
    assert why["Root causes", "All", "Complaints that held"] == ("2", "1", {"reopened": 1})
    assert why["Complaints received", "All", "Outage"] == ("3", "2", {"corrected": 1})
    assert why["Complaints received", "All", "Billing and metering"] == ("–", "2", {"late": 1, "corrected": 1})


def test_freezing_again_gives_the_next_number_and_the_first_stays(desk):
    pack = made(desk)
    first = froze(desk, pack)
    a_complaint("OUT-03", at=MONDAY)
    second = froze(desk, pack)
    assert (first.number, second.number) == (1, 2)
    assert FrozenPack.objects.get(pk=first.pk).digest == first.digest != second.digest


@pytest.mark.parametrize("model", [Pack, FrozenPack])
def test_neither_a_pack_nor_its_numbers_are_changed_or_deleted(desk, model):
    froze(desk, made(desk))
    row = model.objects.get()
    with pytest.raises(HistoryIsPermanent):
        row.save()
    with pytest.raises(HistoryIsPermanent):
        row.delete()
    for statement in (f"UPDATE {model._meta.db_table} SET id = id", f"DELETE FROM {model._meta.db_table}"):
        with pytest.raises(DatabaseError, match="never changed"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert model.objects.get() == row


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("pack_ends_after_it_begins", {"first_day": "2026-04-01"}),
        ("pack_has_a_report", {"reports": []}),
    ],
)
def test_the_database_refuses_an_impossible_pack(liaison, name, wrong):
    fields = {**MARCH, "title": "x", "reports": ["trend"], "branch": a_branch(), "made_by": liaison, "made_at": MONDAY}
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Pack.objects.create(**{**fields, **wrong})


@pytest.mark.parametrize(
    ("name", "wrong"), [("frozen_pack_has_its_digest", {"digest": "x"}), ("pack_is_frozen_in_order", {"number": 1})]
)
def test_the_database_refuses_numbers_without_digest_or_a_number_twice(desk, liaison, name, wrong):
    frozen = froze(desk, made(desk))
    fields = {"pack": frozen.pack, "number": 2, "frozen_at": MONDAY, "frozen_by": liaison, "as_of": MONDAY}
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        FrozenPack.objects.create(**{**fields, "content": {}, "digest": "0" * 64, **wrong})


def test_it_is_taken_along_as_a_workbook_and_as_a_paper(desk):
    closed("weather-wind")
    frozen = froze(desk, made(desk, "trend", "causes", title="=1+1"))
    address = f"/reports/packs/{frozen.pack_id}/{frozen.number}"
    book = load_workbook(io.BytesIO(b"".join(desk.get(f"{address}/pack.xlsx").streaming_content)))
    assert book.sheetnames == ["Pack", "Complaints received", "Root causes"]
    cells = [cell for row in book["Pack"].iter_rows(values_only=True) for cell in row]
    assert frozen.digest in cells
    assert "'=1+1, 1" in cells
    assert ["Wind", 1] in [list(row[:2]) for row in book["Root causes"].iter_rows(values_only=True)]
    for language in ("en", "zh-hans"):
        desk.cookies["language"] = language
        assert desk.get(f"{address}/pack.pdf").content.startswith(b"%PDF")


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("title", {"title": ""}),
        ("last_day", {"last_day": "2026-02-01"}),
        ("first_day", {"first_day": "1026-02-01"}),
        ("reports", {"reports": ["none"]}),
        ("branch", {"branch": 0}),
    ],
)
def test_what_cannot_be_a_pack_comes_back_beside_its_field(desk, field, wrong):
    said = {"title": "三月报送", **MARCH, "branch": a_branch().pk, "reports": ["trend"], **wrong}
    answer = desk.post("/reports/packs/new/", said)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not Pack.objects.exists()


def test_packs_are_not_for_everyone_and_another_branchs_is_not_there(client, desk):
    frozen = froze(desk, made(desk))
    pack = frozen.pack_id
    pages = [f"/reports/packs/{pack}/", f"/reports/packs/{pack}/1/", f"/reports/packs/{pack}/1/now/"]
    pages += [f"/reports/packs/{pack}/1/pack.xlsx", f"/reports/packs/{pack}/1/pack.pdf"]
    client.force_login(a_user(Role.LIAISON, branch=a_branch("west", parent=a_branch())))
    assert [client.get(page).status_code for page in pages] == [404] * 5
    assert client.post(f"/reports/packs/{pack}/freeze/").status_code == 404
    for role in (Role.AGENT, Role.INVESTIGATOR, Role.SUPERVISOR):
        client.force_login(a_user(role))
        assert {client.get(page).status_code for page in ["/reports/packs/", "/reports/packs/new/", *pages]} == {403}
        assert client.post(f"/reports/packs/{pack}/freeze/").status_code == 403
    assert FrozenPack.objects.count() == 1


def test_every_report_can_be_frozen_and_a_category_narrows_it(desk):
    closed("weather-wind")
    closed("equipment-meter", "BIL-02")
    category = Category.objects.get(code="BIL")
    names = [value for value, _label in desk.get("/reports/packs/new/").context["form"].fields["reports"].choices]
    frozen = froze(desk, made(desk, *names, category=category.pk))
    assert [report["name"] for report in frozen.content["en"]] == names
    assert frozen.content["en"][names.index("causes")]["tables"][0]["rows"][-1][1]["raw"] == 1
    assert now(desk, frozen) == []


def test_the_list_costs_the_same_for_many(desk, django_assert_num_queries):
    costs = []
    for _time in range(2):
        froze(desk, made(desk))
        desk.catches_up = False
        with django_assert_num_queries(20, exact=False) as queries:
            desk.get("/reports/packs/")
        costs.append(len(queries))
    assert costs[0] == costs[1]


def test_it_is_frozen_by_a_worker_and_the_page_shows_how_it_stands(desk):
    pack = made(desk)
    address = f"/reports/packs/{pack.pk}/"
    for _press in range(2):
        assert desk.post(f"{address}freeze/").url == address
    assert Freezing.objects.count() == 1
    assert not FrozenPack.objects.exists()
    fragment = desk.get(address, headers={"HX-Request": "true"}).content.decode()
    assert 'hx-trigger="every 2s"' in fragment
    assert "Freeze the numbers now" not in fragment
    assert tasks.freeze_packs() == 1
    assert tasks.freeze_packs() == 0
    fragment = desk.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "every 2s" not in fragment
    assert "Number 1 is frozen" in fragment


def test_a_freezing_is_stopped_and_asked_for_again(desk):
    pack = made(desk)
    desk.post(f"/reports/packs/{pack.pk}/freeze/")
    job = jobs.take(Freezing.objects.all())
    desk.post(f"/reports/packs/{pack.pk}/stop/")
    assert freezing.freeze(job) == 0
    assert tasks.freeze_packs() == 0
    assert not FrozenPack.objects.exists()
    assert froze(desk, pack).number == 1


def test_who_may_not_pack_any_more_freezes_nothing_and_it_says_so(client, desk, liaison):
    pack = made(desk)
    desk.post(f"/reports/packs/{pack.pk}/freeze/")
    liaison.role = Role.AGENT
    liaison.save()
    assert tasks.freeze_packs() == 0
    assert not FrozenPack.objects.exists()
    client.force_login(a_user(Role.ANALYST))
    page = client.get(f"/reports/packs/{pack.pk}/").content.decode()
    assert "may not see the pack any more" in page
    assert "Try again" in page


def test_what_a_dead_worker_left_is_frozen_once(desk):
    pack = made(desk)
    desk.post(f"/reports/packs/{pack.pk}/freeze/")
    slow = jobs.take(Freezing.objects.select_related("pack__branch"))
    assert tasks.freeze_packs() == 0
    Freezing.objects.update(taken_until=timezone.now() - timedelta(seconds=1))
    assert tasks.freeze_packs() == 1
    assert freezing.freeze(slow) == 0
    assert pack.frozen.count() == 1


@pytest.mark.django_db(transaction=True)
def test_all_numbers_of_a_pack_are_of_one_moment_whatever_is_counted_meanwhile(desk, monkeypatch):
    a_complaint("OUT-03", at=MONDAY)
    while refresh():
        pass
    pack = made(desk, "trend", "trend")
    desk.catches_up = False
    read_report = freezing._report

    def one_more_meanwhile(name, asked, behind):
        said = read_report(name, asked, behind)
        at_once(lambda _number: (a_complaint("OUT-03", at=MONDAY), refresh()), 1)
        return said

    monkeypatch.setattr(freezing, "_report", one_more_meanwhile)
    desk.post(f"/reports/packs/{pack.pk}/freeze/")
    assert tasks.freeze_packs() == 1
    first, second = (report["tables"][0] for report in pack.frozen.get().content["en"])
    assert first == second
    assert refresh() == 0
    assert Complaint.objects.count() == 5


@pytest.mark.django_db(transaction=True)
def test_many_workers_at_once_freeze_a_pack_once(desk):
    pack = made(desk)
    at_once(lambda _number: freezing.ask(pack, by=pack.made_by), 4)
    assert Freezing.objects.count() == 1
    assert sum(at_once(lambda _number: tasks.freeze_packs(), 4)) == 1
    assert pack.frozen.count() == 1


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("done_freezing_has_its_numbers", {"frozen": None}),
        ("freezing_is_finished_or_not", {"finished_at": None}),
        ("running_freezing_is_in_hand", {"state": "running", "taken_until": None, "finished_at": None, "frozen": None}),
        ("failed_freezing_says_why", {"state": "failed", "frozen": None}),
    ],
)
def test_the_database_refuses_a_broken_freezing(desk, name, wrong):
    froze(desk, made(desk))
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Freezing.objects.update(**wrong)


def test_the_database_refuses_two_freezings_of_a_pack_at_a_time(desk, liaison):
    pack = made(desk)
    freezing.ask(pack, by=liaison)
    with pytest.raises(IntegrityError, match="pack_is_frozen_one_at_a_time"), transaction.atomic():
        Freezing.objects.create(pack=pack, asked_by=liaison, asked_at=MONDAY)
