"""A regulator's file: looked at, imported, run again, run by two at once, cut short; each row lands once."""

import csv
import io
import os
import subprocess
import sys
import threading
import time
import zipfile
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections
from django.test import Client
from django.utils import timezone
from openpyxl import Workbook

from channels_intake import regulator_batch
from channels_intake.models import InboundRecord, RegulatorBatch
from channels_intake.tasks import import_batches
from complaints.models import Complaint
from staff.actors import Role
from tests.channels_intake.test_desk_forms import filled
from tests.factories import a_branch, a_team, a_user

HEADINGS = ["来源", "来源编号", "收到时间", "答复期限", "投诉类别", "投诉内容", "地点", "姓名", "电话"]
HOME = "/desk/new/regulator/batch/"


def row(number, **changes):
    now = timezone.localtime()
    usual = {
        "来源": "12398", "来源编号": f"NEA-{number}", "收到时间": f"{now - timedelta(hours=2):%Y-%m-%d %H:%M}",
        "答复期限": f"{now + timedelta(days=7):%Y-%m-%d}", "投诉类别": "OUT", "投诉内容": f"本月停电 {number} 次。",
        "地点": "和平路 3 号", "姓名": "李四", "电话": "13800001234",
    }  # fmt: skip
    return [{**usual, **changes}[heading] for heading in HEADINGS]


def as_csv(*rows, encoding="utf-8", headings=HEADINGS):
    out = io.StringIO()
    csv.writer(out).writerows([headings, *rows])
    return out.getvalue().encode(encoding)


def as_xlsx(*rows, headings=HEADINGS):
    book = Workbook()
    for one in [headings, *rows]:
        book.active.append(one)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def hand_in(client, data, name="清单.csv"):
    return client.post(HOME, {"file": SimpleUploadedFile(name, data)})


def page(response):
    return response.content.decode()


@pytest.fixture
def liaison(client, profile):
    a_branch()
    a_team("dispatch")
    user = a_user(Role.LIAISON)
    client.force_login(user)
    client.cookies["language"] = "en"
    return user


@pytest.mark.django_db
@pytest.mark.parametrize(
    "data", [
        lambda: as_csv(row(1), row(2)), lambda: as_csv(row(1), row(2), encoding="utf-8-sig"),
        lambda: as_csv(row(1), row(2), encoding="gb18030"), lambda: as_xlsx(row(1), row(2)),
    ], ids=["utf-8", "with a mark", "gb18030", "xlsx"],
)  # fmt: skip
def test_good_rows_are_shown_first_and_land_after_a_yes(client, liaison, data):
    shown = hand_in(client, data())
    assert shown.status_code == 302
    assert "2 of 2 rows are good" in page(client.get(shown.url))
    assert not Complaint.objects.exists()
    done = client.post(shown.url, follow=True)
    assert "2 registered, 0 already there, 0 came back." in page(done)
    first, second = Complaint.objects.order_by("pk")
    assert (first.source_reference, first.source, first.channel) == ("NEA-1", "12398", "regulator")
    assert first.entered_by == liaison
    assert first.entered_at - first.received_at > timedelta(hours=1)
    assert first.clocks.filter(tier="external").exists()
    last_day = timezone.localdate() + timedelta(days=7)
    assert timezone.localtime(second.external_due_at - timedelta(seconds=1)).date() == last_day
    batch = RegulatorBatch.objects.get()
    assert (batch.row_count, batch.landed_count, len(batch.sha256)) == (2, 2, 64)


@pytest.mark.django_db
def test_bad_rows_come_back_with_reasons_and_the_rest_lands(client, liaison):
    data = as_csv(
        row(1), row(2, 投诉类别="猫"), row(3, 答复期限="昨天"), row(4, 电话="无", 投诉内容="=HYPERLINK(1)"),
        row(5, 收到时间="2999-01-01 08:00"), row(6, 来源编号=""), row(1),
    )  # fmt: skip
    url = hand_in(client, data).url
    assert "Row 2 has the same reference and comes first." in page(client.get(url))
    client.post(url)
    assert Complaint.objects.count() == 1
    back = client.get(f"{url}back/")
    lines = list(csv.reader(io.StringIO(back.content.decode("utf-8-sig"))))
    reasons = {line[1]: line[-1] for line in lines[1:]}
    assert set(reasons) == {"NEA-2", "NEA-3", "NEA-4", "NEA-5", ""}
    assert "Category: There is no such category. Write one of OUT" in reasons["NEA-2"]
    assert "Answer due by: Write the day like 2026-03-11." in reasons["NEA-3"]
    assert "Phone: Write the number in digits" in reasons["NEA-4"]
    assert "Received: This is in the future." in reasons["NEA-5"]
    assert "Their reference: Write the reference they gave it." in reasons[""]
    assert lines[3][5] == "'=HYPERLINK(1)", "no cell is taken for a formula"


@pytest.mark.django_db
def test_what_came_back_can_be_mended_and_handed_in_as_it_is(client, liaison):
    url = hand_in(client, as_csv(row(1, 投诉类别="猫", 投诉内容="=1+1"))).url
    client.post(url)
    mended = client.get(f"{url}back/").content.decode("utf-8-sig").replace("猫", "停电")
    client.post(hand_in(client, mended.encode()).url)
    assert Complaint.objects.get().story == "=1+1"


@pytest.mark.django_db
def test_the_same_file_again_changes_nothing_and_says_where_each_row_is(client, liaison):
    data = as_csv(row(1), row(2))
    client.post(hand_in(client, data).url)
    events = [c.events.count() for c in Complaint.objects.all()]
    again = hand_in(client, data).url
    first = Complaint.objects.get(source_reference="NEA-1")
    assert "imported this very file" in page(client.get(again))
    assert f"Already there, reference {first.reference}." in page(client.get(again))
    assert "0 registered, 2 already there" in page(client.post(again, follow=True))
    assert [c.events.count() for c in Complaint.objects.all()] == events


@pytest.mark.django_db
def test_changed_content_is_told_and_not_overwritten(client, liaison):
    client.post(hand_in(client, as_csv(row(1))).url)
    story = Complaint.objects.get().story
    url = hand_in(client, as_csv(row("１", 来源编号=" nea-1 ", 投诉内容="换了说法"))).url
    shown = page(client.get(url))
    assert "Different now: What happened. Nothing was overwritten." in shown
    client.post(url)
    assert Complaint.objects.get().story == story
    assert RegulatorBatch.objects.first().refused_count == 1


@pytest.mark.django_db
def test_a_single_entry_knows_what_a_file_brought_and_the_other_way_round(client, liaison):
    client.post(hand_in(client, as_csv(row(1))).url)
    reference = Complaint.objects.get().reference
    refused = client.post("/desk/new/regulator/", filled("regulator", source_reference="NEA-1"))
    assert refused.status_code == 422
    assert f"Already there, reference {reference}." in page(refused)
    assert Complaint.objects.count() == 1
    form = filled("regulator", source_reference="NEA-2")
    assert client.post("/desk/new/regulator/", form).url == client.post("/desk/new/regulator/", form).url
    assert "with other content" in page(client.get(hand_in(client, as_csv(row(2))).url))
    assert Complaint.objects.count() == 2


@pytest.mark.django_db
def test_an_import_cut_short_is_carried_on_and_nothing_is_lost_or_doubled(client, liaison):
    hand_in(client, as_csv(*[row(n) for n in range(6)]))
    batch = RegulatorBatch.objects.get()
    regulator_batch.start(batch, by=liaison)
    choices = regulator_batch.Choices()
    for one in list(batch.rows.all())[:3]:
        regulator_batch._import(one.pk, batch=batch, choices=choices)
    assert Complaint.objects.count() == 3
    assert "3 of 6 rows still wait" in page(client.get(f"{HOME}{batch.pk}/"))
    import_batches()
    import_batches()
    batch.refresh_from_db()
    assert (batch.landed_count, batch.finished_at is not None) == (6, True)
    assert Complaint.objects.count() == 6


IMPORT = """
import django, os
django.setup()
from django.db import connection
connection.settings_dict["NAME"] = os.environ["TEST_DATABASE"]
from channels_intake.tasks import import_batches
print("ready", flush=True)
import_batches()
"""


@pytest.mark.django_db(transaction=True)
def test_a_process_killed_half_way_leaves_nothing_half_done_and_the_next_goes_on(client, liaison):
    hand_in(client, as_csv(*[row(n) for n in range(60)]))
    batch = RegulatorBatch.objects.get()
    regulator_batch.start(batch, by=liaison)
    environment = {**os.environ, "TEST_DATABASE": connection.settings_dict["NAME"]}
    environment["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    killed = subprocess.Popen([sys.executable, "-c", IMPORT], env=environment, stdout=subprocess.PIPE)
    try:
        assert killed.stdout.readline() == b"ready\n"
        deadline = time.monotonic() + 30
        while not batch.rows.filter(verdict="landed").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        killed.kill()
        killed.wait()
        killed.stdout.close()
    landed = batch.rows.filter(verdict="landed").count()
    assert 0 < landed < 60
    assert Complaint.objects.count() in (landed, batch.rows.filter(verdict="landed").count())
    import_batches()
    batch.refresh_from_db()
    assert (batch.landed_count, batch.finished_at is not None) == (60, True)
    references = list(Complaint.objects.values_list("source_reference", flat=True))
    assert sorted(references) == sorted(f"NEA-{n}" for n in range(60))


@pytest.mark.django_db(transaction=True)
def test_two_people_running_the_same_file_at_once_get_one_complaint_each_row(client, liaison):
    data = as_csv(*[row(n) for n in range(8)])
    ready, failures = threading.Barrier(2), []

    def work(user):
        try:
            own = Client()
            own.force_login(user)
            url = hand_in(own, data).url
            ready.wait()
            assert own.post(url).status_code == 302
        except BaseException as error:
            failures.append(error)
            raise
        finally:
            connections.close_all()

    people = [threading.Thread(target=work, args=[user]) for user in (liaison, a_user(Role.LIAISON))]
    for one in people:
        one.start()
    for one in people:
        one.join()
    assert not failures
    assert sorted(Complaint.objects.values_list("source_reference", flat=True)) == [f"NEA-{n}" for n in range(8)]
    assert InboundRecord.objects.filter(external_id__startswith="12398:").count() == 8
    batches = list(RegulatorBatch.objects.all())
    assert sum(batch.landed_count for batch in batches) == 8
    assert sum(batch.known_count for batch in batches) == 8
    assert all(batch.finished_at for batch in batches)


def bomb():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * 60_000_000)
    return out.getvalue()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (lambda: b" \n", "The file is empty."),
        (lambda: b"PK\x03\x04 not a zip", "The workbook cannot be read."),
        (bomb, "too large when unpacked"),
        (lambda: b"\xff\xfe\x00\xff\xff", "neither UTF-8 nor GB18030"),
        (lambda: b"a,b\n1,2\n", "These columns are missing:"),
        (lambda: as_csv(), "The file has headings but no rows."),
        (lambda: as_csv(*[row(1)] * 2001), "more than 2000 rows"),
        (lambda: as_csv(row(1), headings=[*HEADINGS[:-1], "姓名"]), "These columns are there twice: Name."),
    ],
)
def test_a_file_that_cannot_be_taken_says_why_and_leaves_nothing(client, liaison, data, sentence):
    refused = hand_in(client, data(), "x.xlsx")
    assert refused.status_code == 422
    assert sentence in page(refused)
    assert not RegulatorBatch.objects.exists()


@pytest.mark.django_db
def test_formulas_of_a_workbook_stay_text(client, liaison):
    client.post(hand_in(client, as_xlsx(row(1, 投诉内容="=1+1")), "x.xlsx").url)
    assert Complaint.objects.get().story == "=1+1"


@pytest.mark.django_db
def test_only_who_may_enter_for_the_regulator_and_sees_the_branch_gets_in(client, liaison):
    url = hand_in(client, as_csv(row(1))).url
    client.force_login(a_user(Role.AGENT))
    assert client.get(HOME).status_code == 403
    assert client.get(url).status_code == 403
    client.force_login(a_user(Role.LIAISON, branch=a_branch("county", parent=a_branch())))
    for address in (url, f"{url}back/"):
        assert client.get(address).status_code == 404
    assert client.post(url).status_code == 404
    assert not Complaint.objects.exists()


@pytest.mark.django_db
def test_looking_at_a_file_costs_the_same_queries_for_few_rows_and_many(client, liaison, django_assert_max_num_queries):
    few, many = hand_in(client, as_csv(row(1))).url, hand_in(client, as_csv(*[row(n) for n in range(60)])).url
    client.get(few)
    for url in (few, many):
        with django_assert_max_num_queries(20):
            client.get(url)


@pytest.mark.django_db
def test_the_template_is_understood_in_both_languages(client, liaison):
    for language in ("en", "zh-hans"):
        client.cookies["language"] = language
        template = client.get(f"{HOME}template/").content
        assert template.startswith(b"\xef\xbb\xbf")
        batch = RegulatorBatch.objects.get(pk=int(hand_in(client, template).url.split("/")[-2]))
        assert [one.verdict for one in regulator_batch.judged(batch)] == ["waiting"]
