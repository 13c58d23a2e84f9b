"""Customers as a file that leaves the house: streamed, safe to open, and written down with who took it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import IO

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from customers.importing.fields import FIELDS
from customers.models import Customer, CustomerExport
from staff.actors import Role
from staff.models import User
from staff.spreadsheets import plain

EXPORTING = frozenset({Role.SUPERVISOR, Role.ANALYST, Role.ADMINISTRATOR})
FORMATS = ("csv", "xlsx")
MOST_XLSX = 1_000_000
"""A sheet holds 1,048,576 rows; more go into CSV."""
COLUMNS = {
    "customer_number": "number",
    "name": "name",
    "kind": "kind",
    "phone": "phone",
    "email": "email",
    "postal_address": "address",
    "language": "language",
    "contact_method": "contact_method",
    "is_key": "is_key",
    "is_vulnerable": "is_vulnerable",
    "vulnerability": "vulnerability",
    "do_not_contact": "do_not_contact",
    "branch": "branch__code",
    "manager": "account_manager__username",
    "account_number": "accounts__number",
    "tariff": "accounts__tariff",
    "opened_on": "accounts__opened_on",
    "closed_on": "accounts__closed_on",
    "address": "accounts__premise__address",
    "area": "accounts__premise__transformer_area__code",
    "area_class": "accounts__premise__area_class",
}
"""The columns that an import takes back, and where they come from: one row for each account."""


def record(customers: QuerySet[Customer], *, by: User, at: datetime, format: str, query: str) -> CustomerExport:
    """Write down that this file was taken, before its first row leaves."""
    return CustomerExport.objects.create(
        made_by=by, made_at=at, format=format, query=query[:200], customers=customers.count()
    )


def rows(customers: QuerySet[Customer]) -> Iterator[Sequence[object]]:
    """Headings and rows, never all in memory."""
    body = by_account(customers).iterator(chunk_size=2000)
    return chain([head()], ([said(value) for value in row] for row in body))


def head() -> list[str]:
    return [str(FIELDS[name][0]) for name in COLUMNS]


def by_account(customers: QuerySet[Customer]) -> QuerySet[Customer, tuple[object, ...]]:
    """One row for each account, in the order of the columns."""
    return customers.order_by("number", "accounts__number").values_list(*COLUMNS.values())


def said(value: object) -> object:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return value


def workbook(lines: Iterable[Sequence[object]], *, title: str = "customers") -> IO[bytes]:
    """The rows as XLSX in a temporary file, written row by row."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    for line in lines:
        sheet.append([ILLEGAL_CHARACTERS_RE.sub("", plain(value)) for value in line])
    file = tempfile.TemporaryFile()  # noqa: SIM115  whoever sends it closes it
    book.save(file)
    file.seek(0)
    return file
