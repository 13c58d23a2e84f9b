"""A file of customers becomes customers: in any encoding, once, whatever dies or races on the way, and with reasons for what does not."""

import io
import os
import subprocess
import sys
import threading
import time

import pytest
from django.core.management import call_command
from django.db import connection, connections

from customers.importing import files, taking
from customers.importing.fields import FIELDS, PROBLEMS, guessed
from customers.models import Account, Customer, CustomerImport, ImportRow, Meter, Premise, SearchEntry
from staff.actors import Role
from tests.factories import a_branch, a_user, an_account

HEADER = "客户编号,姓名,手机,户号,用电地址,台区,表号,重要客户\n"
ROW = "K1,欧阳海燕,13812345678,5100000001,和平路1号,T1,M1,是\n"


@pytest.fixture
def network(profile):
    an_account()
    return a_branch()


def imported(text: str | bytes, *, by=None, for_seconds: float = 50) -> CustomerImport:
    data = text if isinstance(text, bytes) else text.encode()
    run = files.receive(io.BytesIO(data), name="客户.csv", branch=a_branch(), by=by)
    header, _rows = files.preview(run)
    taking.confirm(run, guessed(header), a_branch())
    taking.carry_on(run, for_seconds=for_seconds)
    run.refresh_from_db()
    return run


def problems(run: CustomerImport) -> dict[int, str]:
    return dict(ImportRow.objects.filter(run=run).values_list("number", "problem"))


def everything() -> tuple:
    return tuple(
        list(model.objects.order_by("pk").values()) for model in (Customer, Premise, Account, Meter, SearchEntry)
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_customers_premises_accounts_and_meters_come_in_whatever_the_encoding(network, encoding):
    run = imported((HEADER + ROW).encode(encoding))
    assert (run.finished_at is not None, run.taken, run.rejected) == (True, 1, 0)
    account = Account.objects.get(number="5100000001")
    assert (account.customer.name, account.customer.phone_digits) == ("欧阳海燕", "13812345678")
    assert account.customer.is_key
    assert account.premise.address == "和平路1号"
    assert account.premise.transformer_area.code == "T1"
    assert [meter.number for meter in account.meters.all()] == ["M1"]
    assert SearchEntry.objects.get(account=account).text == "欧阳海燕 和平路1号 5100000001 13812345678 k1 m1"


def test_the_same_file_twice_changes_nothing(network):
    first = imported(HEADER + ROW)
    before = everything()
    second = imported(HEADER + ROW)
    assert second.pk == first.pk
    assert everything() == before
    third = imported(HEADER + ROW + "\n")
    assert third.pk != first.pk
    assert set(third.counts.values()) == {0}
    assert everything() == before


def test_a_later_file_changes_what_it_says_and_leaves_what_it_does_not_say(network):
    imported(HEADER + ROW)
    run = imported(
        "客户编号,姓名,手机,邮箱,户号,用电地址\nK1,,13900001111,a@example.org,5100000001,建设路2号\nK1,,,,5100000002,建设路2号\n"
    )
    customer = Customer.objects.get(number="K1")
    assert problems(run) == {}
    # the last row of a customer speaks for the customer; its empty cells leave what was there
    assert (customer.name, customer.phone, customer.email, customer.is_key) == ("欧阳海燕", "13812345678", "", True)
    places = {a.number: (a.premise.address, a.premise_id) for a in customer.accounts.all()}
    assert places["5100000001"][0] == places["5100000002"][0] == "建设路2号"


BAD = {
    "customer_number": ",李四,,,,,,",
    "name": "K9,,,,,,,",
    "phone": "K9,李四,12,,,,,",
    "address": "K9,李四,,5200000001,,,,",
    "area": "K9,李四,,5200000001,和平路,T99,,",
    "account_number": "K9,李四,,52 $,和平路,,,",
    "meter_number": "K9,李四,,5200000001,和平路,,表一,",
    "yes_no": "K9,李四,,,,,,也许",
    "too_long": f"K9,{'长' * 121},,,,,,",
    "control": "K9,李\x00四,,,,,,",
}


def test_bad_rows_come_back_with_their_number_and_reason_and_good_ones_land(network):
    run = imported(HEADER + "\n".join(BAD.values()) + "\n" + ROW)
    assert problems(run) == dict(enumerate(BAD, start=1))
    assert not Customer.objects.filter(number="K9").exists()
    assert Account.objects.filter(number="5100000001").exists()
    assert (run.taken, run.rejected) == (1, len(BAD))
    assert set(BAD) <= set(PROBLEMS)


def test_formulas_are_text(network):
    imported('客户编号,姓名\nK1,"=HYPERLINK(""http://x"")"\nK2,\'=1+1\n')
    assert list(Customer.objects.filter(number__startswith="K").values_list("name", flat=True)) == [
        '=HYPERLINK("http://x")', "=1+1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "why"), [(b"", "empty"), (b"\xff\xfe\x00\x80\xff\xff", "neither UTF-8"), (b"\n\n", "headings")]
)
def test_what_is_no_table_is_refused(network, data, why):
    with pytest.raises(files.NotAnImport, match=why):
        imported(data)
    assert not CustomerImport.objects.exists()


def test_an_administrator_of_a_branch_writes_in_it_only(network):
    west = a_branch("west", a_branch())
    Customer.objects.create(number="K1", name="原名", branch=a_branch())
    run = files.receive(io.BytesIO("number,name,branch\nK1,新名,\nK2,李四,company\nK3,王五,west\n".encode()), name="x", branch=west, by=a_user(Role.ADMINISTRATOR, branch=west))  # fmt: skip
    taking.confirm(run, {"customer_number": 0, "name": 1, "branch": 2}, west)
    taking.carry_on(run)
    assert problems(run) == {1: "other_branch", 2: "branch"}
    assert Customer.objects.get(number="K1").name == "原名"
    assert Customer.objects.get(number="K3").branch == west


def rows(count: int) -> str:
    return HEADER + "".join(f"K{n},李{n},139{n:08d},51{n:08d},和平路{n}号,T1,M{n},否\n" for n in range(count))


@pytest.mark.django_db(transaction=True)
def test_the_same_file_from_several_threads_is_one_import(profile, monkeypatch):
    an_account()
    monkeypatch.setattr(files, "PIECE", 300)
    monkeypatch.setattr(taking, "BATCH", 200)
    start, runs = threading.Barrier(4), []

    def work():
        try:
            start.wait()
            runs.append(imported(rows(2000)).pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(runs) == 4
    assert len(set(runs)) == 1
    taking.carry_on(CustomerImport.objects.get())
    run = CustomerImport.objects.get()
    assert (run.taken, run.rejected, run.counts["accounts_added"]) == (2000, 0, 2000)
    assert Customer.objects.filter(number__startswith="K").count() == 2000
    assert Meter.objects.count() == 2000


@pytest.mark.django_db(transaction=True)
def test_an_import_whose_process_is_killed_goes_on_where_it_stopped(profile, tmp_path):
    """A real process, killed without warning while it writes; what it left is taken over once and completely."""
    an_account()
    file = tmp_path / "customers.csv"
    file.write_text(rows(12_000))
    code = (
        "import os, django; django.setup()\n"
        "from django.conf import settings\n"
        "settings.DATABASES['default']['NAME'] = os.environ['TEST_DATABASE']\n"
        "from django.db import connections; connections['default'].settings_dict['NAME'] = os.environ['TEST_DATABASE']\n"
        "from customers.importing import taking; taking.BATCH = 500\n"
        "from django.core.management import call_command; call_command('import_customers', os.environ['FILE'])"
    )
    name = connection.settings_dict["NAME"]
    environment = {**os.environ, "TEST_DATABASE": name, "FILE": str(file), "DJANGO_SETTINGS_MODULE": "config.settings"}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        run = CustomerImport.objects.first()
        if run is not None and run.reached >= 1500:
            break
        time.sleep(0.02)
    process.kill()
    process.wait()
    run = CustomerImport.objects.get()
    assert 1500 <= run.reached < 12_000
    assert run.finished_at is None
    with file.open("rb") as stream:
        again = files.receive(stream, name="again.csv", branch=a_branch(), by=None)
    assert again.pk == run.pk
    deadline = time.monotonic() + 60
    while run.finished_at is None and time.monotonic() < deadline:
        # the database may hold the dead process's row for a moment; the worker asks again each turn, too
        taking.carry_on(run)
        run.refresh_from_db()
    assert (run.taken, run.rejected, run.counts["customers_added"]) == (12_000, 0, 12_000)
    assert Account.objects.filter(number__startswith="51").count() == 12_000
    assert ImportRow.objects.count() == 0


def test_the_command_shows_columns_progress_and_reasons(network, tmp_path):
    file = tmp_path / "客户.csv"
    file.write_text(HEADER + ROW + BAD["name"] + "\n")
    out, err = io.StringIO(), io.StringIO()
    call_command("import_customers", str(file), stdout=out, stderr=err)
    assert "客户编号 → Customer number" in out.getvalue()
    assert "accounts_added 1" in out.getvalue()
    assert "row 2: a new customer needs a name" in err.getvalue()


def test_every_field_is_guessed_from_its_own_name():
    assert guessed(list(FIELDS)) == {name: at for at, name in enumerate(FIELDS)}
