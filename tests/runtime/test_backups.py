"""A backup taken while people work is whole; restored elsewhere it is what was saved; and nothing is overwritten unasked."""

import io
import json
import os
import subprocess
import sys
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, connections
from django.utils import timezone

from analytics.grains.refresh import refresh
from complaints import attachments, workflow
from complaints.models import Complaint
from config.backups.making import copy_files, one_snapshot
from config.backups.programs import program
from staff.actors import Actor, Role
from tests.factories import a_complaint, a_team, a_user
from tests.runtime.product import address

ROOT = Path(__file__).resolve().parents[2]
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n"


class Worker:
    """Somebody who registers complaints and works on them until told to stop."""

    def __init__(self, team):
        self.team, self.acknowledged, self.enough = team, [], threading.Event()
        self.agent, self.boss = Actor.staff(a_user(Role.AGENT)), Actor.staff(a_user(Role.SUPERVISOR))

    def work(self):
        try:
            while not self.enough.is_set():
                complaint = a_complaint(at=timezone.now(), by=self.agent, story="变压器夜里嗡嗡响。")
                workflow.perform("dispatch", complaint, by=self.boss, team=self.team)
                workflow.perform("note", complaint, by=self.boss, note="已经打过电话。")
                self.acknowledged.append(complaint.reference)
        finally:
            connections.close_all()


@pytest.fixture
def elsewhere():
    """The name of a database that is not there yet, and is taken away afterwards."""
    name = f"restored_{uuid.uuid4().hex[:8]}"
    yield name
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def manage(*arguments):
    """As a person runs it, beside the product."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments], capture_output=True, text=True, cwd=ROOT,
        env={**os.environ, "DATABASE_URL": address(connection.settings_dict["NAME"])},
    )  # fmt: skip


def ask(database, query):
    with closing(psycopg2.connect(address(database))) as other, other.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("profile")
def test_a_backup_taken_under_load_comes_back_whole(tmp_path, elsewhere):
    team = a_team()
    first = a_complaint(at=timezone.now())
    kept = attachments.prepare(io.BytesIO(PDF), name="p.pdf")
    kept.added_at = timezone.now()
    attachments.keep(kept, first)
    refresh()
    workers = [Worker(team) for _ in range(3)]
    with ThreadPoolExecutor(len(workers)) as pool:
        turns = [pool.submit(worker.work) for worker in workers]
        try:
            while not all(worker.acknowledged or turn.done() for worker, turn in zip(workers, turns, strict=True)):
                refresh()
            before = [reference for worker in workers for reference in list(worker.acknowledged)]
            call_command("backup", tmp_path / "backup", verbosity=0)
        finally:
            for worker in workers:
                worker.enough.set()
    for turn in turns:
        turn.result()  # raises what stopped it
    after = set(Complaint.objects.values_list("reference", flat=True))

    files = tmp_path / "files"
    done = manage("restore", str(tmp_path / "backup"), "--database", elsewhere, "--files", str(files))
    assert done.returncode == 0, done.stderr
    assert "Restored and verified" in done.stdout

    manifest = json.loads((tmp_path / "backup" / "manifest.json").read_text())
    found = {row[0] for row in ask(elsewhere, "SELECT reference FROM complaints_complaint")}
    assert {first.reference, *before} <= found <= after
    assert len(found) == manifest["counts"]["complaints_complaint"]
    assert manifest["missing"] == []
    assert (files / kept.file.name).read_bytes() == PDF
    uneven = "SELECT count(*) FROM complaints_complaint c WHERE version <> (SELECT count(*) FROM complaints_event WHERE complaint_id = c.id)"
    assert ask(elsewhere, uneven) == [(0,)]
    received = "SELECT sum(n) FROM analytics_dayrollup r JOIN analytics_generation g ON g.id = r.generation_id WHERE g.state = 'current' AND series = 'received'"
    waiting = "SELECT count(DISTINCT complaint_id) FROM analytics_change WHERE complaint_id NOT IN (SELECT complaint_id FROM analytics_complaintfact)"
    assert ask(elsewhere, received)[0][0] + ask(elsewhere, waiting)[0][0] == len(found)
    said = "SELECT count(*) FROM complaints_complaintwords WHERE words @@ '变压 & 打过'::tsquery"
    assert ask(elsewhere, said)[0][0] >= len(before)
    with pytest.raises(psycopg2.errors.RestrictViolation, match="never changed"):
        ask(elsewhere, "UPDATE complaints_event SET at = now()")

    again = manage("restore", str(tmp_path / "backup"), "--database", elsewhere, "--files", str(files))
    assert again.returncode != 0
    assert "--replace" in again.stderr
    assert {row[0] for row in ask(elsewhere, "SELECT reference FROM complaints_complaint")} == found
    (tmp_path / "backup" / "files" / kept.file.name).write_bytes(b"x")
    damaged = manage("restore", str(tmp_path / "backup"), "--database", elsewhere, "--files", str(files), "--replace")
    assert damaged.returncode != 0
    assert "damaged" in damaged.stderr
    assert {row[0] for row in ask(elsewhere, "SELECT reference FROM complaints_complaint")} == found


def test_a_backup_never_overwrites_another(tmp_path):
    with pytest.raises(CommandError, match="exists already"):
        call_command("backup", tmp_path)


def test_a_program_older_than_the_server_is_refused_by_its_version(tmp_path):
    old = tmp_path / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6'\n")
    old.chmod(0o755)
    with pytest.raises(CommandError, match=r"PostgreSQL 15 or newer is needed.*is of 9"):
        program("pg_dump", least=15, folder=tmp_path)


def test_a_file_that_disappears_while_files_are_copied_is_left_out(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    (source / "stays").write_text("here")
    (source / "goes").symlink_to(tmp_path / "gone")
    assert copy_files(source, tmp_path / "target") == {"stays": 4}


@pytest.mark.django_db(transaction=True)
def test_a_snapshot_can_be_read_and_not_written():
    with one_snapshot() as name:
        assert "-" in name
        with connection.cursor() as cursor:
            cursor.execute("SHOW transaction_read_only")
            assert cursor.fetchone() == ("on",)
