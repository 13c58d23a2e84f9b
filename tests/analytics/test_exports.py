"""Files of any size: small ones at once, large ones by a worker, each once, with what the asker may see, and written down."""

import io
import resource
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from openpyxl import load_workbook

from analytics import exports, jobs, tasks
from analytics.models import Export, JobState
from complaints.models import Complaint
from customers.models import CustomerExport
from staff.actors import Role
from tests.at_once import at_once
from tests.factories import MONDAY, a_branch, a_complaint, a_user, an_account

pytestmark = pytest.mark.usefixtures("profile")
ASK = "/desk/exports/ask/"


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def many(monkeypatch):
    """One row counts as many already, and a sign of life is given after each."""
    monkeypatch.setattr(exports, "AT_ONCE", 0)
    monkeypatch.setattr(exports, "CHUNK", 1)


@pytest.fixture
def boss():
    return a_user(Role.SUPERVISOR)


@pytest.fixture
def desk(client, boss):
    client.catches_up = False
    client.force_login(boss)
    client.cookies["language"] = "en"
    return client


def ask(desk, format="csv", query="view=all", **more):
    return desk.post(ASK, {"subject": "complaints", "query": query, "format": format, **more})


def content(answer) -> str:
    return b"".join(answer.streaming_content).decode("utf-8-sig")


def written(export) -> str:
    with export.file.open() as file:
        return file.read().decode("utf-8-sig")


def stored(files):
    return [path for path in files.rglob("*") if path.is_file()]


def test_a_small_list_comes_at_once_and_is_written_down(desk, boss, files):
    one = a_complaint(at=MONDAY, contact_name="=1+1")
    answer = ask(desk)
    assert answer["Content-Disposition"] == 'attachment; filename="complaints.csv"'
    head, row = content(answer).splitlines()
    assert head.startswith("Reference,Received,Request type")
    assert row.startswith(one.reference)
    assert "'=1+1" in row
    export = Export.objects.get()
    assert (export.asked_by, export.rows_done, export.state, export.file.name) == (boss, 1, "done", "")
    assert "Taken at once" in desk.get("/desk/exports/").content.decode()
    assert stored(files) == []


def test_the_desks_list_comes_as_a_workbook_with_numbers_as_numbers(desk):
    one = a_complaint(at=MONDAY)
    book = load_workbook(io.BytesIO(b"".join(ask(desk, "xlsx").streaming_content)))
    head, row = book.active.iter_rows(values_only=True)
    said = dict(zip(head, row, strict=True))
    assert (said["Reference"], said["Urged"]) == (one.reference, 0)


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_a_large_list_is_prepared_and_only_its_asker_gets_it(desk, client, boss, format):
    wanted = {a_complaint(at=MONDAY).reference for _ in range(3)}
    assert ask(desk, format).url == "/desk/exports/"
    page = desk.get("/desk/exports/").content.decode()
    assert 'hx-trigger="every 2s"' in page
    assert "Waiting" in page
    assert tasks.prepare_exports() == 1
    assert tasks.prepare_exports() == 0
    export = Export.objects.get()
    assert (export.state, export.rows, export.rows_done) == ("done", 3, 3)
    fragment = desk.get("/desk/exports/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment
    assert "every 2s" not in fragment
    address = f"/desk/exports/{export.uuid}/"
    assert address in fragment
    data = b"".join(desk.get(address).streaming_content)
    found = (
        data.decode("utf-8-sig")
        if format == "csv"
        else str(list(load_workbook(io.BytesIO(data)).active.iter_rows(values_only=True)))
    )
    assert all(reference in found for reference in wanted)
    client.force_login(a_user(Role.ADMINISTRATOR))
    assert client.get(address).status_code == 404
    for act in ("stop", "again", "delete"):
        assert client.post(f"{address}{act}/").status_code == 404
    assert Export.objects.get().deleted_at is None
    assert "Nothing taken along yet" in client.get("/desk/exports/").content.decode()


@pytest.mark.usefixtures("many")
def test_it_holds_what_the_asker_may_see_when_it_is_prepared(desk, boss):
    west, east = (a_branch(code, parent=a_branch()) for code in ("west", "east"))
    mine = a_complaint(at=MONDAY, branch=west)
    other = a_complaint(at=MONDAY, branch=east)
    ask(desk)
    boss.branch = west
    boss.save()
    tasks.prepare_exports()
    export = Export.objects.get()
    found = written(export)
    assert mine.reference in found
    assert other.reference not in found
    assert export.rows_done == 1


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize(
    ("change", "why"), [({"is_active": False}, "does not work here"), ({"role": "agent"}, "taken along by")]
)
def test_who_left_or_lost_the_role_gets_nothing(desk, boss, files, change, why):
    a_complaint(at=MONDAY)
    ask(desk)
    for name, value in change.items():
        setattr(boss, name, value)
    boss.save()
    assert tasks.prepare_exports() == 0
    export = Export.objects.get()
    assert export.state == "failed"
    assert why in export.error
    assert stored(files) == []


@pytest.mark.parametrize("role", [Role.AGENT, Role.INVESTIGATOR])
def test_lists_are_not_for_everyone(client, role):
    client.force_login(a_user(role))
    a_complaint(at=MONDAY)
    assert ask(client).status_code == 409
    assert not Export.objects.exists()
    assert "may_take" in client.get("/desk/").context
    assert ASK not in client.get("/desk/").content.decode()


@pytest.mark.parametrize(
    "wrong",
    [{"format": "exe"}, {"subject": "secrets"}, {"subject": "behind", "report": "none"}, {"query": "view=none"}],
)
def test_what_is_not_understood_is_refused_and_leaves_nothing(desk, wrong):
    a_complaint(at=MONDAY)
    assert desk.post(ASK, {"subject": "complaints", "query": "view=all", "format": "csv", **wrong}).status_code in (
        404,
        409,
    )
    assert not Export.objects.exists()


@pytest.mark.usefixtures("many")
def test_asked_twice_it_is_prepared_once(desk):
    a_complaint(at=MONDAY)
    ask(desk, query="view=all&category=OUT")
    ask(desk, query="category=OUT&view=all")
    assert Export.objects.count() == 1
    ask(desk, "xlsx")
    assert Export.objects.count() == 2


@pytest.mark.usefixtures("many")
def test_it_is_stopped_tried_again_deleted_and_stays_written_down(desk, files):
    a_complaint(at=MONDAY)
    ask(desk)
    first = Export.objects.get()
    desk.post(f"/desk/exports/{first.uuid}/stop/")
    assert tasks.prepare_exports() == 0
    assert Export.objects.get().state == "stopped"
    for _press in range(2):
        desk.post(f"/desk/exports/{first.uuid}/again/")
    assert tasks.prepare_exports() == 1
    second = Export.objects.get(state="done")
    assert Export.objects.count() == 2
    with transaction.atomic():
        desk.post(f"/desk/exports/{second.uuid}/delete/")
    assert "Nothing taken along yet" in desk.get("/desk/exports/").content.decode()
    assert desk.get(f"/desk/exports/{second.uuid}/").status_code == 404
    kept = Export.objects.get(pk=second.pk)
    assert (kept.rows_done, kept.file.name) == (1, "")


@pytest.mark.usefixtures("many")
def test_a_file_is_kept_for_a_week_and_can_be_had_again(desk, files):
    a_complaint(at=MONDAY)
    ask(desk)
    tasks.prepare_exports()
    export = Export.objects.get()
    assert tasks.forget_exports() == 0
    assert exports.sweep(timezone.now() + timedelta(days=8)) == 1
    assert stored(files) == []
    assert desk.get(f"/desk/exports/{export.uuid}/").status_code == 404
    page = desk.get("/desk/exports/").content.decode()
    assert "then deleted" in page
    assert "Try again" in page
    assert Export.objects.get().rows_done == 1


@pytest.mark.usefixtures("many")
def test_what_a_dead_worker_left_is_taken_anew_and_the_slow_one_gives_up(desk, files):
    for _ in range(3):
        a_complaint(at=MONDAY)
    ask(desk)
    slow = jobs.take(Export.objects.all())
    default_storage.save(exports.stored_name(slow, ""), io.BytesIO(b"half a file"))  # died after this
    assert jobs.take(Export.objects.all()) is None
    Export.objects.update(taken_until=timezone.now() - timedelta(seconds=1))
    assert tasks.prepare_exports() == 1
    done = Export.objects.get()
    assert (done.state, done.turn) == ("done", 2)
    assert exports.prepare(slow) == 0
    assert [path.name for path in stored(files)] == [f"{done.uuid.hex}-2"]
    assert Export.objects.get().file == done.file


@pytest.mark.usefixtures("many")
def test_stopped_half_way_it_leaves_nothing(desk, files, monkeypatch):
    for _ in range(3):
        a_complaint(at=MONDAY)
    ask(desk)
    export = jobs.take(Export.objects.all())
    jobs.stop(export)
    assert exports.prepare(export) == 0
    assert stored(files) == []
    assert Export.objects.get().state == "stopped"


@pytest.mark.usefixtures("many")
def test_one_that_kills_its_workers_fails_in_the_end(desk):
    a_complaint(at=MONDAY)
    ask(desk)
    Export.objects.update(state="running", turn=jobs.MOST_TURNS, taken_until=timezone.now() - timedelta(minutes=1))
    assert tasks.prepare_exports() == 0
    assert "5 times" in Export.objects.get().error
    page = desk.get("/desk/exports/").content.decode()
    assert "Try again" in page
    assert "never came to its end" in page


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("many")
def test_many_workers_at_once_write_each_file_once(desk, boss, files):
    a_complaint(at=MONDAY)
    for sort in ("newest", "oldest", "urged", "priority"):
        ask(desk, query=f"view=all&sort={sort}")
    ask(desk)
    taken = at_once(lambda _number: [one.pk if (one := jobs.take(Export.objects.all())) else 0], 8)
    keys = [pk for (pk,) in taken if pk]
    assert len(keys) == len(set(keys)) == 5
    Export.objects.update(taken_until=timezone.now() - timedelta(seconds=1))
    made = at_once(lambda _number: tasks.prepare_exports(), 6)
    assert sum(made) == 5
    assert set(Export.objects.values_list("state", "turn")) == {("done", 2)}
    assert len(stored(files)) == 5


def test_customers_go_by_their_own_door_when_few_and_are_prepared_when_many(desk, monkeypatch):
    an_account()
    answer = desk.post(ASK, {"subject": "customers", "query": "", "format": "csv"}, follow=True)
    assert answer["Content-Disposition"] == 'attachment; filename="customers.csv"'
    assert CustomerExport.objects.count() == 1
    small = content(answer)
    monkeypatch.setattr(exports, "AT_ONCE", 0)
    desk.post(ASK, {"subject": "customers", "query": "", "format": "csv"})
    tasks.prepare_exports()
    assert written(Export.objects.get()) == small


@pytest.mark.usefixtures("many")
def test_the_list_behind_a_number_is_prepared_with_its_filters(desk):
    desk.catches_up = True
    wanted, other = a_complaint("OUT-03", at=MONDAY), a_complaint("BIL-02", at=MONDAY)
    address = "/reports/times/list/?from=2026-03-01&to=2026-03-31&pick=unanswered&category=OUT"
    page = desk.get(address)
    assert desk.get(f"{address}&format=csv").status_code == 409
    desk.post(ASK, {"subject": "behind", "report": "times", "query": page.context["taken"], "format": "csv"})
    tasks.prepare_exports()
    found = written(Export.objects.get())
    assert (wanted.reference in found, other.reference in found) == (True, False)


def test_the_page_costs_the_same_for_many(desk, boss, django_assert_max_num_queries):
    a_complaint(at=MONDAY)
    costs = []
    for _time in range(3):
        ask(desk)
        with django_assert_max_num_queries(20) as queries:
            desk.get("/desk/exports/")
        costs.append(len(queries))
    assert costs[0] == costs[2]


BROKEN = {
    "running_export_is_in_hand": {"state": "running", "finished_at": None},
    "export_is_finished_or_not": {"state": "lost"},
    "failed_export_says_why": {"state": "failed"},
    "export_subject_is_known": {"subject": "secrets"},
    "export_format_is_known": {"format": "exe"},
    "export_behind_a_number_has_its_report": {"subject": "behind"},
    "only_a_done_export_has_a_file": {"file": "x"},
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_database_refuses_a_broken_export(desk, name):
    a_complaint(at=MONDAY)
    ask(desk)
    with pytest.raises(IntegrityError, match=f'"{name}"'), transaction.atomic():
        Export.objects.update(**BROKEN[name])


@pytest.mark.usefixtures("many")
def test_the_database_refuses_the_same_question_twice_at_a_time(desk):
    a_complaint(at=MONDAY)
    ask(desk)
    twin = Export.objects.get()
    twin.pk, twin.uuid = None, "00000000-0000-0000-0000-000000000001"
    with pytest.raises(IntegrityError, match="same_export_is_prepared_once"), transaction.atomic():
        twin.save(force_insert=True)


def copies(of: Complaint, number: int) -> None:
    """Many complaints like this one, by plain SQL; each has its own reference and token."""
    names = [field.column for field in Complaint._meta.concrete_fields if field.name != "id"]
    own = {"reference": "'C' || n", "token": "'t' || n"}
    values = ", ".join(own.get(name, f'"{name}"') for name in names)
    columns = ", ".join(f'"{name}"' for name in names)
    with connection.cursor() as cursor:
        cursor.execute("DISCARD PLANS")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            f"INSERT INTO complaints_complaint ({columns}) SELECT {values} FROM complaints_complaint, "
            f"generate_series(1, {number}) AS n WHERE id = %s",
            [of.pk],
        )
        cursor.execute("SET LOCAL session_replication_role = origin")
        cursor.execute("ANALYZE complaints_complaint")


def resident() -> int:
    """The memory that this process has in hand, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def test_sixty_thousand_rows_are_written_in_the_memory_of_a_few(desk, monkeypatch):
    copies(a_complaint(at=MONDAY), 60_000)
    ask(desk)
    export, held, hold = jobs.take(Export.objects.all()), [], jobs.hold

    def watched(*args, **progress):
        held.append(resident())
        hold(*args, **progress)

    monkeypatch.setattr(jobs, "hold", watched)
    assert exports.prepare(export) == 1
    done = Export.objects.get()
    assert (done.rows_done, done.state) == (60_001, JobState.DONE)
    assert done.size > 10_000_000
    assert len(held) > 60
    assert (
        max(held[5:]) - held[5] < 8 * 1024 * 1024
    )  # the first chunks make room, the other fifty-five thousand need no more
