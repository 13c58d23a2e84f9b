"""What is remembered of rules and texts is what a fresh reading gives, and no change of any of it is ever missed."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from complaints import rows, rulebook, workflow
from complaints.clocks.alarms import alarms_of
from complaints.clocks.running import look_ahead
from complaints.models import (
    Alarm,
    Calendar,
    Category,
    Clock,
    Complaint,
    ComplaintWords,
    DeskSettings,
    Event,
    LedgerEntry,
    MessageTemplate,
    Notice,
    Policy,
    PolicyLimit,
    RoutingRule,
    RulebookEdition,
    Subcategory,
    Webhook,
)
from staff.actors import Role
from staff.models import Branch, Team, TeamKind
from tests.factories import MONDAY, a_branch, a_complaint, a_team, an_account, an_actor, an_unregistered_complaint

pytestmark = pytest.mark.usefixtures("profile")

CHANGES = {
    Branch: {"name_zh": "另一个"},
    Team: {"name_zh": "另一个"},
    Category: {"name_zh": "另一个"},
    Subcategory: {"name_zh": "另一个"},
    Policy: {"source": "elsewhere"},
    PolicyLimit: {"starts": "registered"},
    Calendar: {"reason": "why"},
    RoutingRule: {"is_active": False},
    MessageTemplate: {"body": "changed"},
    DeskSettings: {"hotline": "12345"},
    Webhook: {"moves": ["close"]},
}


@pytest.fixture
def desk(db):
    a_team(TeamKind.DISPATCH)
    DeskSettings.current()
    Webhook.objects.create(name="crm", url="https://crm.example/hook", branch=a_branch(), moves=["register"])


def promised(complaint: Complaint) -> list[tuple[object, ...]]:
    """Everything that registering wrote, but for keys, references and tokens."""
    clocks = complaint.clocks.order_by("kind", "tier")
    return [
        (complaint.team, complaint.next_due_at, complaint.next_due_clock, complaint.severity, complaint.priority),
        *clocks.values_list("kind", "tier", "policy", "calendar", "limit", "due_at", "state", "warn", "escalate"),
        *LedgerEntry.objects.filter(clock__in=clocks)
        .order_by("clock__kind", "clock__tier", "number")
        .values_list("action", "at", "limit", "calendar"),
        *complaint.alarms.order_by("fire_at", "clock__kind", "clock__tier").values_list("level", "fire_at", "revision"),
        *complaint.notices.order_by("medium").values_list("code", "medium", "address", "language"),
    ]


@pytest.mark.parametrize("model", CHANGES)
def test_a_change_by_whatever_road_makes_another_edition(desk, model):
    before = rulebook.edition()
    assert model.objects.update(**CHANGES[model])
    changed = rulebook.edition()
    assert changed not in (before, None)


def test_there_is_one_edition_and_no_second_beside_it(desk):
    before = list(RulebookEdition.objects.values())
    with pytest.raises(IntegrityError, match="rulebook_edition_is_one_row"), transaction.atomic():
        RulebookEdition.objects.create(pk=2)
    assert list(RulebookEdition.objects.values()) == before
    assert len(before) == 1


def test_a_call_that_fails_is_no_change_of_rules(desk):
    before = rulebook.edition()
    Webhook.objects.update(failures=3)
    assert rulebook.edition() == before


@pytest.mark.parametrize("code", ["OUT-03", "OUT-01", "VOL-01", "BIL-01", "SVC-01", "SAF-01"])
@pytest.mark.parametrize("channel", ["phone", "web", "letter", "regulator"])
def test_what_is_remembered_gives_the_same_complaint_as_what_is_read_anew(desk, code, channel):
    of_regulator = {"external_due_at": MONDAY + timedelta(days=9)} if channel == "regulator" else {}
    a_complaint(code, channel=channel, **of_regulator)
    remembered = a_complaint(code, channel=channel, **of_regulator)
    assert rulebook.current() is rulebook.current()
    RulebookEdition.objects.all().delete()  # nothing is kept where no edition is known
    assert rulebook.current() is not rulebook.current()
    assert promised(a_complaint(code, channel=channel, **of_regulator)) == promised(remembered)


def test_a_policy_changed_by_a_supervisor_holds_for_the_next_complaint(desk):
    before = a_complaint()
    PolicyLimit.objects.filter(policy=before.clocks.get(kind="dispatch").policy, kind="dispatch").update(limit="7min")
    assert a_complaint().clocks.get(kind="dispatch").due_at == MONDAY + timedelta(minutes=7)


def test_a_text_a_team_and_a_webhook_hold_for_the_next_complaint(desk):
    a_complaint()
    MessageTemplate.objects.filter(code="acknowledged").update(body="Neu: {reference}")
    Team.objects.update(is_active=False)
    Webhook.objects.update(is_active=False)
    complaint = an_unregistered_complaint()
    workflow.register(complaint, by=an_actor(Role.AGENT), at=MONDAY)
    assert complaint.team is None
    assert complaint.notices.get().body == f"Neu: {complaint.reference}"


def test_what_was_taken_back_is_not_remembered(desk):
    a_complaint()
    edition = rulebook.edition()
    with transaction.atomic():
        DeskSettings.objects.update(hotline="00000")
        assert rulebook.current().known["desk"].hotline == "00000"
        transaction.set_rollback(True)
    assert rulebook.edition() == edition
    assert rulebook.current().known["desk"].hotline == "95598"


def test_rows_written_together_are_those_that_django_writes(desk):
    """`rows.insert` beside `bulk_create`; and each row reads back as it was meant."""
    complaint = an_unregistered_complaint(channel="web", source="website")
    event = workflow.register(complaint, by=an_actor(Role.AGENT), at=MONDAY)
    clocks = complaint.known_clocks()
    assert [values(clock) for clock in clocks] == [values(Clock.objects.get(pk=clock.pk)) for clock in clocks]
    for clock in complaint.clocks.all():
        entry = LedgerEntry(clock=clock, number=8, action="pause", at=MONDAY, event=event, until=MONDAY, reason="why")
        [quick] = rows.insert([entry])
        [slow] = LedgerEntry.objects.bulk_create([LedgerEntry(**values(entry) | {"number": 9})])
        assert read(quick) == read(slow) | {"number": 8}
        clock.revision += 1
        wanted = alarms_of(clock)
        quick = rows.insert(wanted)
        slow = Alarm.objects.bulk_create([Alarm(**values(one) | {"revision": 9}) for one in wanted])
        assert [read(one) for one in quick] == [read(one) | {"revision": clock.revision} for one in slow]
    assert rows.insert([]) == []


def test_a_complaint_and_its_record_are_those_that_django_writes(desk):
    said = {
        "flags": ["media", "injury"],
        "answers": {"supply_on": "不"},
        "channel_details": {"by": ["1"]},
        "place": "路 '1'",
    }
    complaint = an_unregistered_complaint(channel="web", source="website", **said)
    event = workflow.register(complaint, by=an_actor(Role.AGENT), at=MONDAY, details={"files": ["%s.jpg"]})
    others = {"reference": "R-2", "token": "another"}
    slow = Complaint.objects.create(**values(complaint) | others)
    assert read(slow) == read(complaint) | others
    assert values(complaint) == read(complaint)
    assert values(event) == read(event)
    again = Event(**values(event) | {"complaint_id": slow.pk})
    again.save(force_insert=True)
    same = {"complaint_id", "recorded_at", "hash"}
    assert {name: one for name, one in read(again).items() if name not in same} == {
        name: one for name, one in read(event).items() if name not in same
    }
    assert list(Event.objects.get(pk=event.pk).details.values()) == [["%s.jpg"]]
    complaint.place = "elsewhere"
    complaint.save()
    assert read(complaint) == read(slow) | {
        "reference": complaint.reference,
        "token": complaint.token,
        "place": "elsewhere",
    }


def test_rows_with_automatic_moments_and_defaults_of_the_database_are_those_that_django_writes(desk):
    """An event gets its salt and its hash from the database; a notice the moment at which it was written."""
    complaint = an_unregistered_complaint(channel="web", source="website")
    first = workflow.register(complaint, by=an_actor(Role.AGENT), at=MONDAY)
    began = timezone.now()
    for way in (rows.insert, lambda found: type(found[0]).objects.bulk_create(found)):
        kept = {"details": {"clock": "resolve"}, "move": "warn", "role": "clock", "at": MONDAY}
        event = Event(complaint=complaint, number=complaint.events.count() + 1, to_status=complaint.status, **kept)
        way([event])
        notice = Notice(
            complaint=complaint, event=event, code="warning", medium="email", address="a@example.org", language="en",
            subject="?", body="“%s”", next_try_at=MONDAY,
        )  # fmt: skip
        way([notice])
        found = Event.objects.get(pk=event.pk)
        assert {name: getattr(found, name) for name in kept} == kept
        assert found.salt is not None
        assert bytes(found.hash) not in (b"", bytes(Event.objects.get(pk=first.pk).hash))
        assert began <= found.recorded_at <= timezone.now()
        seen = values(Notice.objects.get(pk=notice.pk))
        assert seen == values(notice) | {"created_at": seen["created_at"]}
        assert began <= seen["created_at"] <= timezone.now()


def read(row) -> dict[str, object]:
    return values(type(row).objects.get(pk=row.pk))


def values(row) -> dict[str, object]:
    return {one.attname: getattr(row, one.attname) for one in row._meta.concrete_fields if not one.primary_key}


def test_a_new_complaint_is_found_by_the_words_that_a_second_look_would_give(desk):
    account = an_account(name="王小明")
    complaint = a_complaint(
        account=account,
        customer=account.customer,
        place="和平路 7 号",
        remedy_sought="Money back",
        contact_name="ＡＢＣ",
    )
    said = ComplaintWords.objects.filter(complaint=complaint).values("text", "words", "received_at")
    new = said.get()
    with connection.cursor() as cursor:
        cursor.execute("SELECT complaints_refresh_words(ARRAY[%s::bigint])", [complaint.pk])
    assert said.get() == new
    assert account.number in new["text"]
    assert "王小明" in new["text"]


def test_a_note_leaves_what_is_due_next_as_a_second_look_would(desk):
    complaint = a_complaint()
    due = complaint.next_due_at, complaint.next_due_clock
    workflow.perform("note", complaint, by=an_actor(Role.SUPERVISOR), at=MONDAY, note="seen")
    look_ahead(complaint, complaint.clocks.ticking())
    assert (complaint.next_due_at, complaint.next_due_clock) == due
