"""What a customer has typed so far: kept in the session under the form's one-time id, photos on disk, until it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.contrib.sessions.backends.base import SessionBase
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone
from django.utils.translation import gettext as _

from complaints.models import Attachment
from complaints.refusals import BadInput

KEY = "complaint_drafts"
MOST_DRAFTS = 5
"""A browser's tabs; the oldest draft makes room for the sixth."""
FOLDER = "drafts"
LONGEST_KEPT = timedelta(days=1)


class Draft:
    """One unsent complaint. `answers` are the raw posted values of each step; nothing in it has been checked."""

    def __init__(self, session: SessionBase, form_id: UUID) -> None:
        self.session, self.form_id = session, form_id
        self._all: dict[str, Any] = session.get(KEY, {})
        self._own: dict[str, Any] = self._all.get(str(form_id), {"steps": {}, "files": []})

    @property
    def is_begun(self) -> bool:
        return str(self.form_id) in self._all

    def answers(self, step: str) -> dict[str, Any] | None:
        """What was typed on this step; None when nobody was there yet."""
        answers: dict[str, Any] | None = self._own["steps"].get(step)
        return answers

    def keep(self, step: str, answers: Mapping[str, Any]) -> None:
        self._own["steps"][step] = dict(answers)
        self._save()

    @property
    def files(self) -> list[dict[str, Any]]:
        """Photos taken in so far: path, name, content_type, size, sha256."""
        files: list[dict[str, Any]] = self._own["files"]
        return files

    def keep_file(self, attachment: Attachment) -> None:
        """Put a prepared file aside; the same file twice is kept once."""
        if any(row["sha256"] == attachment.sha256 for row in self.files):
            return
        path = default_storage.save(f"{FOLDER}/{self.form_id}/{uuid4().hex}", attachment.file.file)
        row = {name: getattr(attachment, name) for name in ("name", "content_type", "size", "sha256")}
        self.files.append({"path": path, **row})
        self._save()

    def drop_file(self, sha256: str) -> None:
        for row in [row for row in self.files if row["sha256"] == sha256]:
            default_storage.delete(row["path"])
            self.files.remove(row)
        self._save()

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

    def forget(self) -> None:
        """It was sent: nothing of it stays here."""
        for row in self.files:
            default_storage.delete(row["path"])
        self._all.pop(str(self.form_id), None)
        self.session[KEY] = self._all

    def _save(self) -> None:
        self._all[str(self.form_id)] = self._own
        while len(self._all) > MOST_DRAFTS:
            for row in self._all.pop(next(iter(self._all)))["files"]:
                default_storage.delete(row["path"])
        self.session[KEY] = self._all


def sweep() -> None:
    """Delete the photos of drafts that nobody sent within a day."""
    oldest = timezone.now() - LONGEST_KEPT
    if not default_storage.exists(FOLDER):
        return
    for folder in default_storage.listdir(FOLDER)[0]:
        for name in default_storage.listdir(f"{FOLDER}/{folder}")[1]:
            path = f"{FOLDER}/{folder}/{name}"
            if default_storage.get_modified_time(path) < oldest:
                default_storage.delete(path)
