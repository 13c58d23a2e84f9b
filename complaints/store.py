"""Where files are kept: a disk that takes none refuses this file in words, and nothing else is lost over it."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import IO, Any

from django.core.files.storage import FileSystemStorage
from django.utils.translation import gettext as _

from complaints.refusals import Refusal

logger = logging.getLogger(__name__)


class NotKept(Refusal):
    """The disk took no file just now: it is full, or somebody has taken away the right to write on it."""

    code = "file_not_kept"
    status = 507


class Store(FileSystemStorage):
    """Files on a disk. Each lies there whole or not at all; raises NotKept when it cannot be written."""

    def _save(self, name: str, content: IO[Any]) -> str:
        try:
            kept: str = super()._save(name, content)  # type: ignore[misc]  # Django's stubs leave it out
        except OSError as error:
            logger.exception("A file could not be kept in %s", self.location)
            with suppress(OSError):
                self.delete(name)  # the half that was written would keep the disk full
            said = _("Files cannot be kept just now. Go on without them; you can add them later.")
            raise NotKept(said, fields=["files"]) from error
        return kept
