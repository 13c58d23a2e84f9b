"""The file of an import: received once, its encoding found out, its rows read one after the other and staged by COPY."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import IO, NamedTuple

from django.core.files import File
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.importing.fields import FIELDS, MEANS
from customers.models import CustomerImport
from customers.models.search import normal
from staff.models import Branch, User
from staff.spreadsheets import BEGINS_A_FORMULA

CHUNK = 1024 * 1024
PIECE = 20_000
"""Rows staged in one transaction."""
ENCODINGS = ("utf-8-sig", "gb18030")
DELIMITERS = ",;\t"
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
LONGEST_CELL = 2000
MOST_COLUMNS = 200
"""Each is offered for each of our fields on the page that asks which is what."""
PREVIEWED = 5
ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
"""What means something else to COPY."""
SPECIAL = re.compile(r"[\\\t\n\r]")


class NotAnImport(Exception):
    """The file cannot be read as a table; the message says why to the person who sent it."""


class Row(NamedTuple):
    """`problem` is why it cannot even be staged as it is."""

    number: int
    cells: list[str]
    problem: str = ""


def receive(upload: IO[bytes], *, name: str, branch: Branch, by: User | None) -> CustomerImport:
    """The import of these bytes: a new one, or the one they were before. Nothing of it is taken over yet."""
    sha256, encoding = inspect(upload)
    found = CustomerImport.objects.filter(sha256=sha256).first()
    if found is not None:
        return found
    upload.seek(0)
    text = codecs.getreader(encoding)(upload)
    first = text.read(4096).split("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    if len(first.strip()) == 0 or CONTROL.search(first):
        raise NotAnImport(_("The first line must be the headings of the columns, separated by commas."))
    if first.count(delimiter) >= MOST_COLUMNS:
        raise NotAnImport(
            _("The file has more than %(limit)d columns. Leave out those that are not needed.")
            % {"limit": MOST_COLUMNS}
        )
    upload.seek(0)
    run = CustomerImport(
        name=name.replace("\\", "/").rsplit("/", 1)[-1][-200:],
        sha256=sha256,
        encoding=encoding,
        delimiter=delimiter,
        branch=branch,
        asked_by=by,
        asked_at=timezone.now(),
    )
    run.file.save("customers.csv", File(upload), save=False)
    try:
        with transaction.atomic():
            run.save()
    except IntegrityError:  # somebody handed in the same bytes just now
        run.file.delete(save=False)
        return CustomerImport.objects.get(sha256=sha256)
    return run


def inspect(upload: IO[bytes]) -> tuple[str, str]:
    """Digest and encoding, in one pass that never holds more than a piece of the file."""
    digest, decoders = hashlib.sha256(), {name: codecs.getincrementaldecoder(name)() for name in ENCODINGS}
    size = 0
    upload.seek(0)
    while piece := upload.read(CHUNK):
        digest.update(piece)
        size += len(piece)
        _decode(decoders, piece)
    _decode(decoders, b"", final=True)
    if not size:
        raise NotAnImport(_("The file is empty."))
    if not decoders:
        raise NotAnImport(_("The file is neither UTF-8 nor GB18030 text. Save it as CSV (UTF-8) and send it again."))
    return digest.hexdigest(), next(iter(decoders))


def _decode(decoders: dict[str, codecs.IncrementalDecoder], piece: bytes, *, final: bool = False) -> None:
    for name, decoder in list(decoders.items()):
        try:
            decoder.decode(piece, final)
        except UnicodeDecodeError:
            del decoders[name]


def rows(run: CustomerImport, stream: IO[bytes]) -> Iterator[Row]:
    """Headings (number 0) and rows, one at a time; empty lines are passed over, but counted."""
    text = io.TextIOWrapper(stream, encoding=run.encoding, newline="")
    reader = csv.reader(text, delimiter=run.delimiter)
    number = 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            text.detach()
            return
        except csv.Error:
            yield Row(number, [], "unreadable")
        else:
            bad = CONTROL.search("".join(cells)) is not None
            too_long = max(map(len, cells), default=0) > LONGEST_CELL
            yield Row(number, cells, "control" if bad else "too_long" if too_long else "")
        number += 1


def preview(run: CustomerImport) -> tuple[list[str], list[Row]]:
    """The headings, and the first rows as they are."""
    with run.file.open("rb") as stream:
        first, *rest = islice(rows(run, stream), PREVIEWED + 1)
    return [cell.strip() for cell in first.cells], rest


def stage(run: CustomerImport) -> Iterator[int]:
    """Copy what has not been read yet into the staging table, in pieces; yields how many rows are read after each.

    Another worker that is ahead is left alone.
    """
    with run.file.open("rb") as stream:
        left = islice(rows(run, stream), run.read_rows + 1, None)
        while True:
            piece = list(islice(left, PIECE))
            with transaction.atomic():
                locked = CustomerImport.objects.select_for_update(skip_locked=True).filter(pk=run.pk).first()
                if locked is None or locked.is_read or locked.read_rows != run.read_rows:
                    return
                if piece:
                    _copy(run, piece)
                locked.read_rows += len(piece)
                locked.is_read = len(piece) < PIECE
                locked.save(update_fields=["read_rows", "is_read"])
            run.read_rows, run.is_read = locked.read_rows, locked.is_read
            yield run.read_rows
            if run.is_read:
                return


def _copy(run: CustomerImport, piece: Sequence[Row]) -> None:
    said = [name for name in FIELDS if run.columns.get(name) is not None]
    unsaid = [name for name in FIELDS if name not in said]
    places = [(run.columns[name], MEANS.get(name, {})) for name in said]
    text = io.StringIO()
    for row in piece:
        if not row.problem and not any(cell.strip() for cell in row.cells):
            continue
        values = [_value(row.cells[at], means) if at < len(row.cells) else "" for at, means in places]
        text.write("\t".join([str(run.pk), str(row.number), row.problem, *values, *[""] * len(unsaid)]) + "\n")
    text.seek(0)
    with connection.cursor() as cursor:
        cursor.copy_expert(
            f"COPY customers_importrow (run_id, number, problem, {', '.join(said + unsaid)}) FROM STDIN", text
        )


def _value(cell: str, means: Mapping[str, str]) -> str:
    """The cell as it will be compared: trimmed, an apostrophe before a formula taken off, known words put in our terms.

    Written as COPY reads it.
    """
    value = CONTROL.sub("�", cell).strip()[:LONGEST_CELL]
    if value[:1] == "'" and value[1:].startswith(BEGINS_A_FORMULA):
        value = value[1:]
    if means:
        value = means.get(normal(value), value)
    return value.translate(ESCAPED) if SPECIAL.search(value) else value
