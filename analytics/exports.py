"""Files of any size: asked for with a row, prepared by a worker as the one who asked may see it, kept for some days.

    ask() -> waiting -> (take) running -> (prepare) done, with a file -> (sweep) the file goes, the row stays

A worker that dies leaves the row; the next one begins anew. The file is written beside and belongs to the export only when the
row says so, in one transaction, so there is never half a file and never two.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import IO

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import translation
from django.utils.translation import get_language

from analytics import jobs
from analytics.export import write
from analytics.export_subjects import Question, listing
from analytics.models import Export, JobState, Subject
from analytics.models.exports import stored_name
from analytics.reports.base import Cell, Listing
from complaints import database_clock
from complaints.refusals import Refusal
from staff.models import User

AT_ONCE = 5_000
"""Up to so many rows are taken along at once; more are prepared."""
KEPT = timedelta(days=7)
CHUNK = 1_000


def question(export: Export) -> Question:
    return Question(Subject(export.subject), export.query, export.report, export.format)


def is_small(found: Listing) -> bool:
    return found.rows.order_by()[: AT_ONCE + 1].count() <= AT_ONCE


def ask(asked: Question, found: Listing, *, by: User) -> Export:
    """Write down that this file is wanted. Asked again while it is waited for, it gives the first."""
    wanted = _row(asked, found, by)
    Export.objects.bulk_create([wanted], ignore_conflicts=True)
    mine = Export.objects.filter(asked_by=by, fingerprint=wanted.fingerprint)
    return mine.order_by("-asked_at", "-pk")[0]


def taken_at_once(asked: Question, found: Listing, *, by: User) -> Export:
    """Write down that a small file is taken now, before its first row leaves."""
    taken = _row(asked, found, by)
    taken.rows = taken.rows_done = found.rows.order_by().count()
    taken.state, taken.finished_at = JobState.DONE, taken.asked_at
    taken.save()
    return taken


def _row(asked: Question, found: Listing, by: User) -> Export:
    return Export(
        asked_by=by,
        asked_at=database_clock.now(),
        subject=asked.subject,
        report=asked.report,
        query=dict(asked.query),
        fingerprint=asked.fingerprint,
        title=str(found.title)[:200],
        language=get_language() or by.language,
        format=asked.format,
    )


def prepare(export: Export) -> int:
    """Write the file of an export that this worker has taken; 1 when it is there, 0 when there is nothing to do any more.

    What is refused, because filters or rights have changed, is a failure with the words of the refusal.
    """
    _forget_turns(export, export.turn)
    try:
        with translation.override(export.language), tempfile.TemporaryFile() as file:
            try:
                found = listing(question(export), export.asked_by, export.asked_at)
            except Refusal as refused:
                jobs.finish(export, JobState.FAILED, error=refused.message[:300])
                return 0
            jobs.hold(export, rows=found.rows.order_by().count(), rows_done=0)
            rows = _Counted(export, found)
            write(export.format, file, found.columns, rows)
            _keep(export, file, rows.number)
    except jobs.Lost:
        _forget(stored_name(export, ""))
        return 0
    return 1


class _Counted:
    """The rows of a list, chunk by chunk, with a sign of life after each."""

    def __init__(self, export: Export, found: Listing) -> None:
        self.export, self.found, self.number = export, found, 0

    def __iter__(self) -> Iterator[Sequence[Cell]]:
        for row in self.found.rows.iterator(chunk_size=CHUNK):
            yield self.found.show(row)
            self.number += 1
            if self.number % CHUNK == 0:
                jobs.hold(self.export, rows_done=self.number)


def _keep(export: Export, file: IO[bytes], number: int) -> None:
    size = file.tell()
    file.seek(0)
    jobs.hold(export, rows_done=number)
    name = default_storage.save(stored_name(export, ""), File(file))
    with transaction.atomic():
        expires = database_clock.now() + KEPT
        jobs.finish(
            export, JobState.DONE, file=name, size=size, rows=number, rows_done=number, expires_at=expires, error=""
        )


def _forget_turns(export: Export, before: int) -> None:
    """What workers that died on it may have left."""
    for turn in range(1, before):
        _forget(stored_name(Export(uuid=export.uuid, turn=turn), ""))


def _forget(name: str) -> None:
    default_storage.delete(name)


@transaction.atomic
def again(export: Export) -> Export:
    """The same once more, for one that failed, was stopped or has expired; the old one is put away. Raises Refusal."""
    old = Export.objects.select_for_update(of=("self",)).select_related("asked_by__branch").get(pk=export.pk)
    same = Export.objects.filter(asked_by=old.asked_by, fingerprint=old.fingerprint)
    if old.deleted_at is not None or old.is_unfinished:  # a second press finds what the first one has made
        return same.order_by("-asked_at", "-pk")[0]
    _put_away(old)
    with translation.override(old.language):
        return ask(question(old), listing(question(old), old.asked_by, database_clock.now()), by=old.asked_by)


@transaction.atomic
def delete(export: Export) -> None:
    """Take the file away and the row out of sight; that it was taken stays written down."""
    old = Export.objects.select_for_update().get(pk=export.pk)
    jobs.stop(old)
    _put_away(old)


def _put_away(old: Export) -> None:
    Export.objects.filter(pk=old.pk).update(deleted_at=database_clock.now(), file="")
    transaction.on_commit(lambda: _forget_turns(old, old.turn + 1))


def sweep(at: datetime) -> int:
    """Take away the files whose time is over; how many. A crash in between leaves a file that the next sweep takes."""
    gone = 0
    for export in Export.objects.exclude(file="").filter(expires_at__lte=at):
        _forget(export.file.name)
        gone += Export.objects.filter(pk=export.pk, file=export.file.name).update(file="")
    return gone
