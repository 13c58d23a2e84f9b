"""Where files are kept: a disk that takes none refuses this file in words, and nothing else is lost over it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, NoReturn

from django.core.exceptions import ValidationError
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import HttpRequest
from django.utils.translation import gettext as _

from complaints.refusals import BadInput, Refusal

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
            raise NotKept(_said(), fields=["files"]) from error
        return kept


def _said() -> str:
    return _("Files cannot be kept just now. Go on without them; you can add them later.")


class UnkeptUpload(BadInput):
    """What was handed in found no room on its way to us. A form says so at its field, and keeps what was typed."""

    code = NotKept.code
    status = NotKept.status


class Unkept(UploadedFile):
    """Stands in a form for the file that is not there: whoever asks for its size or its bytes is told why."""

    @property
    def size(self) -> NoReturn:
        raise ValidationError(_said(), code=NotKept.code)

    @size.setter
    def size(self, size: int | None) -> None:
        """What the file would have had, which nobody needs."""

    def read(self, *_size: Any) -> NoReturn:
        raise UnkeptUpload(_said(), fields=["files"])

    open = chunks = read  # type: ignore[assignment]  # however they are asked, they do not answer

    def close(self) -> None:
        """Nothing is open, and the files beside it are closed after it."""


class Uploads(TemporaryFileUploadHandler):
    """Files too large for memory, on their way to us in the temporary folder. What finds no room there is Unkept.

    The rest of the form is read all the same; `unkept` says of the request that it happened.
    """

    _made: TemporaryUploadedFile | None = None

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super(TemporaryFileUploadHandler, self).new_file(*args, **kwargs)
        self._made = None
        with self._room():
            self._made = TemporaryUploadedFile(
                self.file_name or "", self.content_type, 0, self.charset, self.content_type_extra
            )

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self._made is not None:
            with self._room():
                self._made.write(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile:
        if self._made is not None:
            with self._room():
                self._made.seek(0)  # this writes what was still in memory
        if self._made is None:
            return Unkept(None, self.file_name, self.content_type)
        self._made.size = file_size
        return self._made

    def upload_interrupted(self) -> None:
        self._drop()

    @contextmanager
    def _room(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            logger.exception("A file that was sent to us could not be taken in")
            self._drop()
            if self.request is not None:
                setattr(self.request, UNKEPT, True)

    def _drop(self) -> None:
        """The half that was written would keep the disk full."""
        made, self._made = self._made, None
        if made is not None:
            with suppress(OSError):  # closing tries to write the rest once more
                made.close()


UNKEPT = "has_unkept_files"


def unkept(request: HttpRequest) -> NotKept | None:
    """What to say where files of this request found no room on their way to us."""
    return NotKept(_said(), fields=["files"]) if getattr(request, UNKEPT, False) else None
