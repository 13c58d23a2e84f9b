"""What a customer has typed so far on the portal: a row under the form's one-time id, photos on disk, until it is sent.

The session says which forms a browser may open; the secret link lets another one in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.contrib.sessions.backends.base import SessionBase
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models.expressions import RawSQL
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_intake.models import Suspicion, UnsentForm
from complaints import rulebook
from complaints.models import Attachment, Channel
from complaints.refusals import BadInput
from complaints.rulebook import Rulebook
from staff import saves

KEY = "unsent_forms"
MOST_DRAFTS = 5
"""A browser's tabs; the oldest draft makes room for the sixth."""
FOLDER = "drafts"
LONGEST_KEPT = timedelta(days=7)
MACHINES_KEPT = timedelta(days=30)
"""What a person took for a machine's can be brought back for so long."""


class Draft:
    """One unsent complaint. `answers` are the raw posted values of each step; nothing in it has been checked."""

    def __init__(self, session: SessionBase | dict[str, Any], form_id: UUID) -> None:
        self.session, self.form_id = session, form_id
        mine = str(form_id) in session.get(KEY, [])
        rows = UnsentForm.objects.of_customers().annotate(edition=RawSQL(rulebook.EDITION, []))
        self._row = rows.filter(pk=form_id).order_by().first() if mine else None

    @classmethod
    def held(cls, row: UnsentForm) -> Draft:
        """What was sent and is held, to be read."""
        draft = cls({}, row.form_id)
        draft._row = row
        return draft

    @property
    def is_begun(self) -> bool:
        return self._row is not None

    def book(self) -> Rulebook:
        """The rulebook that was in force when it was looked up."""
        return rulebook.of(getattr(self._row, "edition", None))

    @property
    def token(self) -> str:
        """Opens this draft in another browser."""
        return self._row.token if self._row else ""

    def answers(self, step: str) -> dict[str, Any] | None:
        """What was typed on this step; None when nobody was there yet."""
        answers: dict[str, Any] | None = self._row.content.get(step) if self._row else None
        return answers

    def keep(self, step: str, answers: Mapping[str, Any], *, mark: str = "") -> None:
        """Put these answers in the place of the step's earlier ones, unless its page has sent newer ones meanwhile."""
        with self._changing() as row:
            marks = row.content.setdefault(saves.MARK, {})
            if not saves.is_overtaken(mark, marks.get(step, "")):
                marks[step] = mark[: saves.LONGEST]
                row.content[step] = dict(answers)

    @property
    def files(self) -> list[dict[str, Any]]:
        """Photos taken in so far: path, name, content_type, size, sha256."""
        files: list[dict[str, Any]] = self._row.files if self._row else []
        return files

    def keep_file(self, attachment: Attachment) -> None:
        """Put a prepared file aside; the same file twice is kept once."""
        if any(row["sha256"] == attachment.sha256 for row in self.files):
            return
        path = default_storage.save(f"{FOLDER}/{self.form_id}/{uuid4().hex}", attachment.file.file)
        file = {name: getattr(attachment, name) for name in ("name", "content_type", "size", "sha256")}
        with self._changing() as row:
            row.files.append({"path": path, **file})

    def drop_file(self, sha256: str) -> None:
        with self._changing() as row:
            for file in [file for file in row.files if file["sha256"] == sha256]:
                default_storage.delete(file["path"])
                row.files.remove(file)

    def attachments(self) -> tuple[Attachment, ...]:
        """The files as they go into the intake. Raises BadInput when one is gone, and forgets that one."""
        return tuple(self._attachment(row) for row in list(self.files))

    def _attachment(self, row: Mapping[str, Any]) -> Attachment:
        try:
            with default_storage.open(row["path"]) as stored:
                content = ContentFile(stored.read(), name=row["name"])
        except FileNotFoundError as gone:
            self.drop_file(row["sha256"])
            raise BadInput(_("“%(name)s” is gone. Please add it again.") % {"name": row["name"]}) from gone
        return Attachment(file=content, **{name: row[name] for name in ("name", "content_type", "size", "sha256")})

    def hold(self, why: Suspicion) -> None:
        """It was sent, and a person looks at it first. Sent twice it is held once."""
        with self._changing() as row:
            row.held_at, row.held_for = row.held_at or timezone.now(), why

    def forget(self) -> None:
        """It was sent or is not wanted: nothing of it stays here. The session's bare number makes room when that is needed."""
        self.forget_words()
        self.forget_files()

    def forget_words(self) -> None:
        """The row, in the transaction of what became of it; the files follow when that has happened."""
        if self._row is not None:
            self._row.delete()

    def forget_files(self) -> None:
        for file in self.files:
            default_storage.delete(file["path"])

    @contextmanager
    def _changing(self) -> Iterator[UnsentForm]:
        """The row as it is now, locked: a save in the background and a pressed button may come together."""
        with transaction.atomic():
            if self._row is None:
                UnsentForm.objects.get_or_create(
                    pk=self.form_id, defaults={"channel": Channel.WEB, "saved_at": timezone.now()}
                )
                admit(self.session, self.form_id)
            row = UnsentForm.objects.select_for_update().get(pk=self.form_id)
            yield row
            row.saved_at = timezone.now()
            row.save()
            self._row = row


def admit(session: SessionBase | dict[str, Any], form_id: UUID) -> None:
    """Let this browser open the form."""
    known = [key for key in session.get(KEY, []) if key != str(form_id)]
    if len(known) >= MOST_DRAFTS:
        # what was sent makes room before what is still being written
        begun = {str(row.pk): row for row in UnsentForm.objects.of_customers().filter(pk__in=known)}
        known = [key for key in known if key in begun]
        for key in known[: 1 - MOST_DRAFTS]:
            delete(begun[key])
    session[KEY] = [*known[1 - MOST_DRAFTS :], str(form_id)]


def by_token(token: str) -> UnsentForm | None:
    return UnsentForm.objects.of_customers().filter(token=token).first()


def begun_in(session: SessionBase) -> list[UnsentForm]:
    """What this browser has begun and not sent, the newest first."""
    keys = session.get(KEY, [])
    return list(UnsentForm.objects.of_customers().filter(pk__in=keys)) if keys else []


def delete(row: UnsentForm) -> None:
    """The row goes first: a photo without its row is swept later, a row without its photo would be a lie."""
    row.delete()
    for file in row.files:
        default_storage.delete(file["path"])


def sweep() -> int:
    """Delete what nobody sent within a week, and photos whose form is gone; how many forms went."""
    oldest = timezone.now() - LONGEST_KEPT
    old = list(UnsentForm.objects.of_customers().filter(saved_at__lt=oldest))
    old += UnsentForm.objects.filter(held_at__isnull=False, discarded_at__lt=timezone.now() - MACHINES_KEPT)
    for row in old:
        delete(row)
    _sweep_photos(timezone.now() - timedelta(days=1))
    return len(old)


def _sweep_photos(oldest: datetime) -> None:
    if not default_storage.exists(FOLDER):
        return
    for folder in default_storage.listdir(FOLDER)[0]:
        if UnsentForm.objects.filter(pk=folder).exists():
            continue
        for name in default_storage.listdir(f"{FOLDER}/{folder}")[1]:
            path = f"{FOLDER}/{folder}/{name}"
            if default_storage.get_modified_time(path) < oldest:
                default_storage.delete(path)
