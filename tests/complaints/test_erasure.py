"""What is personal can be erased, everywhere and for good; what was counted, and the proof of the history, stay."""

import io
from datetime import timedelta

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchVectorField
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, models, transaction
from django.utils import timezone
from PIL import Image

from analytics.grains.check import check
from analytics.grains.refresh import refresh
from analytics.models import ComplaintFact
from channels_intake.models import InboundMail
from complaints import history_chain, workflow
from complaints.attachments import prepare
from complaints.erasing import deciding, inventory, taking
from complaints.models import (
    Attachment,
    Complaint,
    ComplaintWords,
    ErasedFile,
    Erasure,
    Event,
    LegalHold,
    Notice,
    RetentionRule,
    SamePerson,
)
from complaints.refusals import MoveRefused
from complaints.tasks import carry_out_erasures, erase_what_is_old
from customers.models import Customer, CustomerImport, SearchEntry
from staff.actors import THE_CLOCK, THE_CUSTOMER, Role
from tests.factories import a_branch, a_complaint, a_team, a_user, an_account, an_actor

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("profile")]
NAME, PHONE, MAIL, STORY = "欧阳慧敏", "13987654321", "huimin@example.org", "我家冰箱烧坏了，请赔偿"
TEXTS = (
    models.CharField, models.TextField, models.JSONField, models.FileField, models.BinaryField,
    models.GenericIPAddressField, ArrayField, SearchVectorField,
)  # fmt: skip


def a_picture():
    out = io.BytesIO()
    Image.new("RGB", (20, 20), "red").save(out, "PNG")
    return io.BytesIO(out.getvalue())


def closed(account, *, at, code="OUT-03", **fields):
    """A complaint with everything that people say and hand in on its way, closed."""
    reached = {"contact_name": NAME, "contact_phone": PHONE, "contact_email": MAIL, "story": STORY, **fields}
    boss = an_actor(Role.SUPERVISOR)
    complaint = a_complaint(code, at=at, account=account, customer=account and account.customer, **reached)
    step = iter(range(1, 99))

    def do(name, by=boss, **said):
        workflow.perform(name, complaint, by=by, at=at + timedelta(minutes=next(step)), **said)

    do("dispatch", team=a_team())
    do("note", note=f"{NAME} 说电话 {PHONE}")
    do("message", message=f"{NAME} 您好")
    do("attach", by=THE_CUSTOMER, files=[prepare(a_picture(), name=f"{NAME}.png")])
    do("request", asked_team=a_team("billing"), question=f"{NAME} 的电表？")
    do("withdraw_request", by=THE_CLOCK, request=complaint.requests.get())
    do("withdraw", by=THE_CUSTOMER, reason=f"{NAME} 自行解决", evidence="录音")
    complaint.refresh_from_db()
    assert complaint.status == "closed"
    return complaint


def everything_stored():
    """Every row of every table as text, by table."""
    with connection.cursor() as cursor:
        for model in apps.get_models():
            if model._meta.managed and model._meta.label != "complaints.SamePerson":
                cursor.execute(f"SELECT t::text FROM {model._meta.db_table} t")
                yield model._meta.label, "\n".join(row[0] for row in cursor.fetchall())


def erased(customer):
    """As two people and a worker do it."""
    wish = deciding.ask(customer, "来信要求", by=a_user(Role.LIAISON))
    deciding.confirm(wish, by=a_user(Role.ADMINISTRATOR))
    assert carry_out_erasures() == 1
    wish.refresh_from_db()
    return wish


@pytest.fixture
def account(db):
    return an_account(name=NAME, phone=PHONE, email=MAIL, address="幸福里 7 号")


def test_every_column_that_may_hold_something_personal_is_in_the_inventory_or_said_not_to_be():
    held = {one.label: one for one in [*inventory.OF_COMPLAINTS, *inventory.OF_CUSTOMERS]}
    free = {label for labels in inventory.NOT_PERSONAL.values() for label in labels.split()}
    assert not set(held) & free
    for model in apps.get_models():
        label = model._meta.label
        columns = {field.name for field in model._meta.concrete_fields if isinstance(field, TEXTS)}
        columns -= {field.name for field in model._meta.concrete_fields if field.is_relation}
        if not columns or label in free:
            continue
        assert label in held, f"{label}: {sorted(columns)}"
        if held[label].is_deleted:
            continue
        said = {*held[label].columns, *inventory.KEPT_COLUMNS.get(label, "").split()}
        by_its_own_code = {"actor_name", "details"} if label == "complaints.Event" else set()
        assert columns <= said | by_its_own_code, f"{label}: {sorted(columns - said)}"
    known = {model._meta.label for model in apps.get_models()}
    assert free | set(held) <= known, (free | set(held)) - known


def test_the_page_for_readers_says_what_the_inventory_says():
    lines = (settings.BASE_DIR / "docs/privacy.md").read_text(encoding="utf-8").splitlines()
    said = {line.split(" | ")[0].removeprefix("| "): line for line in lines if line.startswith("| ")}
    for held in [*inventory.OF_COMPLAINTS, *inventory.OF_CUSTOMERS]:
        assert all(f"`{column}`" in said[held.label] for column in held.columns), held.label
        assert held.note in said[held.label]


def test_nothing_of_a_customer_is_left_anywhere_and_the_history_still_holds(account):
    customer, at = account.customer, timezone.now() - timedelta(days=2)
    complaint = closed(account, at=at)
    InboundMail.objects.create(
        message_id="<1@x>", received_at=at, address=MAIL, subject=STORY, outcome="settled", raw=b"x"
    )
    path = Attachment.objects.get().file.name
    wish = erased(customer)
    assert (wish.complaints, wish.finished_at is not None) == (1, True)
    for label, rows in everything_stored():
        for said in (NAME, PHONE, MAIL, "冰箱", "幸福里", account.number, "来信要求"):
            assert said not in rows, (label, said)
    complaint.refresh_from_db()
    assert (complaint.customer, complaint.account, complaint.segment_kept) == (None, None, "household")
    assert complaint.events.count() == complaint.version
    assert complaint.events.last().details["why"] == "request"
    assert not default_storage.exists(path)
    assert ErasedFile.objects.get().deleted_at is not None
    found = history_chain.Looked()
    history_chain.look_at_chains([complaint.pk], found)
    assert (found.faults, found.events) == ([], complaint.version)
    assert Customer.objects.get(pk=customer.pk).erased_at is not None
    assert not SearchEntry.objects.filter(text__contains=NAME).exists()
    assert "冰箱" not in ComplaintWords.objects.get(pk=complaint.pk).text
    assert not Notice.objects.filter(state="queued", complaint=complaint).exists()


def test_what_remains_of_an_erased_history_cannot_be_changed_unseen(account):
    complaint = closed(account, at=timezone.now() - timedelta(days=2))
    workflow.perform("erase", complaint, by=THE_CLOCK, why="retention")
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            'UPDATE complaints_event SET details = \'{"outcome": "x"}\' WHERE content_hash IS NOT NULL AND number = 2'
        )
        cursor.execute("SET session_replication_role = origin")
    found = history_chain.Looked()
    history_chain.look_at_chains([complaint.pk], found)
    assert [fault.what for fault in found.faults] == ["emptied"]


def test_an_erased_complaint_is_moved_by_nobody(account):
    complaint = closed(account, at=timezone.now() - timedelta(days=2))
    workflow.perform("erase", complaint, by=THE_CLOCK, why="retention")
    before = Event.objects.count()
    for name, said in {"reopen": {"reason": "x"}, "note": {"note": "x"}, "erase": {"why": "request"}}.items():
        by = an_actor(Role.ADMINISTRATOR if name == "erase" else Role.SUPERVISOR)
        with pytest.raises(MoveRefused):
            workflow.perform(name, complaint, by=by, **said)
    assert Event.objects.count() == before
    assert complaint.moves_for(Role.SUPERVISOR) == []


def test_past_figures_do_not_change(account):
    at = timezone.now() - timedelta(days=9)
    first = closed(account, at=at)
    again = closed(None, at=at + timedelta(days=1))
    other = closed(None, at=at + timedelta(days=2), contact_phone="13911112222")
    refresh()
    facts = ["complaint", "repeat_of", "repeated_by", "segment", "resolved_at", "closed_at", "contacts"]
    before = list(ComplaintFact.objects.order_by("pk").values(*facts))
    assert before[1]["repeat_of"] == first.pk
    erased(account.customer)
    refresh()
    assert list(ComplaintFact.objects.order_by("pk").values(*facts)) == before
    assert check().findings == []
    assert SamePerson.objects.filter(complaint=first, other=again).exists()
    assert not SamePerson.objects.filter(complaint=other).exists()


@pytest.mark.parametrize("way", ["open", "hold on the customer", "hold on the complaint"])
def test_what_is_open_or_held_is_not_erased_and_it_is_said_why(account, way):
    complaint = a_complaint(account=account, customer=account.customer, contact_name=NAME)
    if way != "open":
        complaint = closed(account, at=timezone.now() - timedelta(days=2))
        Complaint.objects.exclude(pk=complaint.pk).update(customer=None, account=None)
        of = {"customer": account.customer} if way.endswith("customer") else {"complaint": complaint}
        deciding.hold("诉讼", None, by=a_user(Role.ADMINISTRATOR), **of)
    with pytest.raises(MoveRefused, match="not closed" if way == "open" else "hold"):
        deciding.ask(account.customer, "来信", by=a_user(Role.LIAISON))
    assert not Erasure.objects.exists()
    assert Customer.objects.get(pk=account.customer_id).name == NAME


def test_a_hold_placed_after_the_wish_was_confirmed_stops_the_worker_until_it_is_lifted(account):
    closed(account, at=timezone.now() - timedelta(days=2))
    admin = a_user(Role.ADMINISTRATOR)
    wish = deciding.ask(account.customer, "来信", by=a_user(Role.LIAISON))
    deciding.confirm(wish, by=admin)
    held = deciding.hold("诉讼", None, by=admin, customer=account.customer)
    assert carry_out_erasures() == 0
    wish.refresh_from_db()
    assert "hold" in wish.stopped_because
    deciding.lift(held, by=admin)
    assert carry_out_erasures() == 1
    assert carry_out_erasures() == 0


def test_one_person_cannot_erase_alone_and_others_cannot_at_all(account):
    admin = a_user(Role.ADMINISTRATOR)
    wish = deciding.ask(account.customer, "来信", by=admin)
    with pytest.raises(MoveRefused, match="yourself"):
        deciding.confirm(wish, by=admin)
    with pytest.raises(MoveRefused):
        deciding.confirm(wish, by=a_user(Role.SUPERVISOR))
    with pytest.raises(MoveRefused):
        deciding.ask(account.customer, "来信", by=a_user(Role.AGENT))
    assert carry_out_erasures() == 0
    with pytest.raises(IntegrityError, match="erasure_is_confirmed_by_another"), transaction.atomic():
        Erasure.objects.update(confirmed_by=admin, confirmed_at=timezone.now())
    with pytest.raises(IntegrityError, match="erasure_is_asked_for_once"), transaction.atomic():
        Erasure.objects.create(customer=account.customer, reason="x", asked_by=admin, asked_at=timezone.now())


def test_old_complaints_are_erased_when_their_longest_period_is_over_and_no_hold_stands(account):
    RetentionRule.objects.all().delete()
    now = timezone.now()
    RetentionRule.objects.create(code="all", name_zh="全部", name_en="All", months=36)
    safety = Complaint._meta.get_field("category").related_model.objects.get(code="OUT")
    RetentionRule.objects.create(code="out", name_zh="停电", name_en="Outage", months=60, category=safety)
    old, held, longer, young = (
        closed(account, at=now - timedelta(days=days), code=code)
        for days, code in ((1200, "SVC-01"), (1200, "SVC-01"), (1200, "OUT-03"), (900, "SVC-01"))
    )
    deciding.hold("诉讼", None, by=a_user(Role.ADMINISTRATOR), complaint=held)
    assert erase_what_is_old() == 1
    assert erase_what_is_old() == 0
    assert list(Complaint.objects.filter(erased_at__isnull=False)) == [old]
    assert Customer.objects.get(pk=account.customer_id).name == NAME
    LegalHold.objects.update(until=timezone.localdate() - timedelta(days=1))
    assert erase_what_is_old() == 1
    assert not Complaint.objects.filter(pk__in=[longer.pk, young.pk], erased_at__isnull=False).exists()


def test_a_file_that_could_not_be_deleted_is_tried_again(account, monkeypatch):
    complaint = closed(account, at=timezone.now() - timedelta(days=2))
    path = Attachment.objects.get().file.name
    workflow.perform("erase", complaint, by=THE_CLOCK, why="retention")
    assert default_storage.exists(path)
    ErasedFile.objects.create(path="attachments/not-there-any-more")
    assert taking.delete_files() == 2
    assert taking.delete_files() == 0
    assert not default_storage.exists(path)


def test_the_files_of_old_imports_go_with_their_rejected_rows():
    asked = {"name": "a.csv", "encoding": "utf-8", "delimiter": ",", "branch": a_branch(), "asked_at": timezone.now()}
    ended = {"confirmed_at": timezone.now() - timedelta(days=99), "finished_at": timezone.now() - timedelta(days=99)}
    old = CustomerImport.objects.create(file="imports/a.csv", sha256="a", **asked, **ended)
    young = CustomerImport.objects.create(file="imports/b.csv", sha256="b", **asked)
    assert deciding.forget_imports(timezone.now()) == 1
    old.refresh_from_db()
    young.refresh_from_db()
    assert (old.file.name, young.file.name) == ("", "imports/b.csv")
    assert ErasedFile.objects.get().path == "imports/a.csv"


BROKEN = {
    "hold_is_of_one_thing": {"complaint": None, "customer": None},
    "hold_says_why": {"reason": ""},
    "hold_is_lifted_by_somebody": {"lifted_at": timezone.now()},
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_database_refuses_a_broken_hold(account, name):
    deciding.hold("诉讼", None, by=a_user(Role.ADMINISTRATOR), customer=account.customer)
    with pytest.raises(IntegrityError, match=f'"{name}"'), transaction.atomic():
        LegalHold.objects.update(**BROKEN[name])


def test_the_database_refuses_an_erased_complaint_that_is_somebodys(account):
    complaint = closed(account, at=timezone.now() - timedelta(days=2))
    with pytest.raises(IntegrityError, match="erased_complaint_is_closed_and_nobodys"), transaction.atomic():
        Complaint.objects.filter(pk=complaint.pk).update(erased_at=timezone.now())
