"""The history says of itself whether it is what was written."""

import hashlib
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, connection, connections, transaction

from complaints import history_chain, history_told, workflow
from complaints.models import Event, HistoryCheck, Notice
from complaints.tasks import check_history
from staff.actors import Role
from tests.factories import MONDAY, a_complaint, a_team, a_user, an_actor

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("profile")]
REACHED = {"reached": True, "method": "phone"}
SOON = MONDAY + timedelta(minutes=9)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def a_life():
    complaint, boss = a_complaint(), an_actor(Role.SUPERVISOR)
    moves = {"dispatch": {"team": a_team()}, "note": {"note": "客户说 “明天”"}, "accept": {}, "contact": REACHED}
    for step, (name, said) in enumerate(moves.items(), start=1):
        workflow.perform(name, complaint, by=boss, at=MONDAY + timedelta(minutes=step), **said)
    assert complaint.version == 5
    return complaint


def tampered(statement, *values):
    """As somebody does it who owns the database."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(statement, values)
        cursor.execute("SET session_replication_role = origin")


def sealed():
    """The next seal, once no transaction of the server is under way that was so before it: other tests write beside this one."""
    seals = (history_chain.seal() or time.sleep(0.2) for _turn in range(600))
    return next(made for made in seals if made)


def faults():
    *_before, found = history_chain.everything()
    return [(fault.number, fault.what) for fault in found.faults]


def test_the_chain_is_what_another_computation_from_the_documented_form_gives():
    complaint = a_life()
    before = b""
    for event in complaint.events.order_by("number"):
        with connection.cursor() as cursor:
            cursor.execute("SELECT details::text FROM complaints_event WHERE id = %s", [event.pk])
            details = cursor.fetchone()[0]
        said = hashlib.sha256(event.salt.bytes + f"{event.actor_name}\x1f{details}".encode()).digest()
        at, recorded = ((moment - EPOCH) // timedelta(microseconds=1) for moment in (event.at, event.recorded_at))
        facts = (event.complaint_id, event.number, event.move, event.from_status, event.to_status, at, recorded)
        header = "|".join(str(part) for part in (*facts, event.role, event.user_id or ""))
        before = hashlib.sha256(before + header.encode() + said).digest()
        assert bytes(event.hash) == before, event
    assert faults() == []


TAMPERINGS = {
    "details": ("UPDATE complaints_event SET details = '{}' WHERE complaint_id = %s AND number = 3", (3, "changed")),
    "moment": (
        "UPDATE complaints_event SET at = at - interval '1 day' WHERE complaint_id = %s AND number = 2",
        (2, "changed"),
    ),
    "who": ("UPDATE complaints_event SET user_id = NULL WHERE complaint_id = %s AND number = 2", (2, "changed")),
    "hash": ("UPDATE complaints_event SET hash = sha256('') WHERE complaint_id = %s AND number = 4", (4, "changed")),
    "one away": ("DELETE FROM complaints_event WHERE complaint_id = %s AND number = 3", (4, "gap")),
    "the tail away": ("DELETE FROM complaints_event WHERE complaint_id = %s AND number = 5", (5, "cut")),
    "all away": ("DELETE FROM complaints_event WHERE complaint_id = %s", (1, "cut")),
    "words away": (
        "UPDATE complaints_event SET content_hash = complaints_event_said(salt, actor_name, details), salt = NULL, "
        "details = '{}' WHERE complaint_id = %s AND number = 3",
        (3, "emptied"),
    ),
}


@pytest.mark.parametrize("how", TAMPERINGS)
def test_whoever_changes_the_history_past_the_triggers_is_found_out(how):
    complaint, other = a_life(), a_life()
    statement, fault = TAMPERINGS[how]
    with transaction.atomic():
        tampered(statement, complaint.pk)
        assert faults() == [fault]
        with pytest.raises(CommandError, match="1 faults"):
            call_command("verify_history", complaint=complaint.reference, verbosity=0)
        call_command("verify_history", complaint=other.reference, verbosity=0)
        transaction.set_rollback(True)  # what pointed at the event still points at it


def test_the_database_chains_whoever_writes_and_lets_no_event_stand_without_the_one_before():
    complaint = a_life()
    event = complaint.events.get(number=5)
    forged = Event(complaint=complaint, number=6, move="note", to_status="investigating", at=event.at, role="clock")
    forged.hash = b"forged"
    forged.save()
    forged.refresh_from_db()
    assert len(bytes(forged.hash)) == 32
    lost = Event(complaint=complaint, number=9, move="note", to_status="investigating", at=event.at, role="clock")
    with pytest.raises(IntegrityError, match="has none before it"), transaction.atomic():
        lost.save()


@pytest.mark.parametrize("change", ["hash = ''", "hash = sha256('')", "details = '{}'", "salt = gen_random_uuid()"])
def test_the_trigger_refuses_to_rewrite_a_hash_or_what_it_is_made_of(change):
    complaint = a_life()
    lane = "SELECT set_config('redress.erasing', 'on', true)"
    statement = f"{lane}; UPDATE complaints_event SET {change} WHERE complaint_id = %s"
    with connection.cursor() as cursor, pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        cursor.execute(statement, [complaint.pk])
    assert faults() == []


def test_an_event_has_its_salt_until_it_is_erased():
    complaint = a_life()
    with pytest.raises(IntegrityError, match="event_is_salted_until_erased"), transaction.atomic():
        tampered("UPDATE complaints_event SET salt = NULL WHERE complaint_id = %s", complaint.pk)


def test_what_was_loaded_past_the_trigger_is_chained_afterwards_and_once():
    complaint = a_life()
    tampered("UPDATE complaints_event SET hash = '' WHERE complaint_id = %s AND number > 2", complaint.pk)
    assert faults() == [(3, "changed")]
    with connection.cursor() as cursor:
        cursor.execute("SELECT complaints_chain_unchained(), complaints_chain_unchained()")
        assert cursor.fetchone() == (3, 0)
    assert faults() == []


def test_the_night_looks_at_what_is_new_and_shows_what_it_found(client):
    complaint = a_life()
    assert history_chain.nightly().faults == 0
    assert history_chain.nightly() is None
    client.force_login(an_actor(Role.ADMINISTRATOR).user)
    client.cookies["language"] = "en"
    assert "The history is not what was written" not in client.get("/desk/").content.decode()
    workflow.perform("note", complaint, by=an_actor(Role.AGENT), at=SOON, note="x")
    tampered("UPDATE complaints_event SET details = '{}' WHERE complaint_id = %s AND number = 6", complaint.pk)
    found = history_chain.check()
    assert (found.faults, found.findings[0]["of"], found.findings[0]["number"]) == (1, complaint.reference, 6)
    assert "The history is not what was written" in client.get("/desk/").content.decode()
    page = client.get("/desk/history/").content.decode()
    assert complaint.reference in page
    assert "an event was changed" in page
    client.force_login(an_actor(Role.SUPERVISOR).user)
    assert client.get("/desk/history/").status_code == 403
    assert "The history is not what was written" not in client.get("/desk/").content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_seal_finds_a_tail_that_was_cut_off_with_everything_that_points_at_it():
    complaint = a_life()
    first = sealed()
    assert (first.events, first.sealed_at is not None) == (5, True)
    assert history_chain.seal() is None
    workflow.perform("note", complaint, by=an_actor(Role.AGENT), at=SOON, note="x")
    tampered("UPDATE complaints_historyseal SET at = at - interval '1 hour'")
    assert sealed().events == 1
    assert faults() == []
    tampered("DELETE FROM complaints_event WHERE complaint_id = %s AND number = 6", complaint.pk)
    tampered("UPDATE complaints_complaint SET version = 5 WHERE id = %s", complaint.pk)
    assert faults() == [(0, "seal")]
    assert HistoryCheck.objects.count() == 0
    assert history_chain.check().faults == 1


@pytest.mark.django_db(transaction=True)
def test_a_seal_waits_for_the_writer_who_began_last():
    complaint, agent = a_life(), an_actor(Role.AGENT)
    written, looked = threading.Event(), threading.Event()

    def write():
        try:
            with transaction.atomic():
                workflow.perform("note", complaint, by=agent, at=SOON, note="x")
                written.set()
                looked.wait(30)
        finally:
            connections.close_all()

    writer = threading.Thread(target=write)
    writer.start()
    assert written.wait(30)
    seals = history_chain.seal(), history_chain.seal()
    looked.set()
    writer.join()
    assert seals == (None, None)
    assert sealed().events == 6
    assert faults() == []


CHANGED = "UPDATE complaints_event SET details = '{}' WHERE complaint_id = %s AND number = 3"


def test_the_night_tells_administrators_of_a_break_once_for_each_finding():
    first, second = a_life(), a_life()
    a_user(Role.ADMINISTRATOR, email="chief@example.org", language="en")
    a_user(Role.SUPERVISOR, email="boss@example.org")
    tampered(CHANGED, first.pk)
    check_history()
    told = Notice.objects.get(code="history_broken")
    assert (told.address, told.medium, told.history_at) == ("chief@example.org", "email", HistoryCheck.objects.get().at)
    assert f"{first.reference} #3" in told.body
    check_history()
    history_chain.check()
    assert Notice.objects.filter(code="history_broken").count() == 1
    tampered(CHANGED, second.pk)
    found = history_chain.check()
    assert found.faults == 2
    newer = Notice.objects.filter(code="history_broken").latest("pk")
    assert second.reference in newer.body
    assert first.reference not in newer.body


def test_the_command_keeps_what_it_found_and_tells_as_the_night_does(capsys):
    complaint = a_life()
    a_user(Role.ADMINISTRATOR, email="chief@example.org")
    call_command("verify_history")
    assert not Notice.objects.filter(code="history_broken").exists()
    tampered(CHANGED, complaint.pk)
    for _twice in range(2):
        with pytest.raises(CommandError, match="1 faults"):
            call_command("verify_history")
    with pytest.raises(CommandError, match="1 faults"):
        call_command("verify_history", complaint=complaint.reference)
    assert [check.faults for check in HistoryCheck.objects.all()] == [1, 1, 0]
    assert Notice.objects.filter(code="history_broken").count() == 1
    assert complaint.reference in capsys.readouterr().out


def test_what_is_broken_is_looked_at_again_though_others_have_their_turn(monkeypatch):
    broken, _other = a_life(), a_life()
    monkeypatch.setattr(history_chain, "SWEPT", 1)
    tampered(CHANGED, broken.pk)
    assert [history_chain.check().faults for _turn in range(3)] == [1, 1, 1]
    assert history_chain.is_broken() == 1


def test_an_administrator_is_told_once_of_a_check():
    complaint = a_life()
    a_user(Role.ADMINISTRATOR, email="chief@example.org")
    tampered(CHANGED, complaint.pk)
    found = history_chain.check()
    with pytest.raises(IntegrityError, match="told_once_that_history_is_broken"), transaction.atomic():
        history_told.tell(found.at, found.findings)
