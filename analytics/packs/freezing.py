"""What a pack says, as plain values in both languages, and how it is frozen: written once, with the digest of every number."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import Max, QuerySet
from django.urls import resolve
from django.utils import translation
from django.utils.translation import gettext as _

from analytics import jobs
from analytics.filters import Chosen
from analytics.models import Freezing, FrozenPack, JobState, Pack
from analytics.packs.snapshot import one_moment
from analytics.periods import Granularity, Period
from analytics.reading import as_of
from analytics.reports import all_reports
from analytics.reports.base import Cell, Report, Table, defined, filters_for
from complaints import database_clock, queues
from complaints.models import Complaint
from staff.actors import Role
from staff.models import User

PACKERS = frozenset({Role.LIAISON, Role.ANALYST, Role.ADMINISTRATOR})
MOST_NAMED = 2_000
"""Behind a number up to here the complaints are kept by key, so that a later difference can be explained one by one."""

Content = dict[str, Any]


def chosen_of(pack: Pack, report: Report) -> Chosen:
    """The pack's filters, with the first grouping of the report, by month."""
    return Chosen(
        period=Period(pack.first_day, pack.last_day),
        granularity=Granularity.MONTH.value,
        by=report.grouping[0][0],
        category=pack.category,
        channel=pack.channel,
        branch=pack.branch,
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks a pack, and when."""

    pack: Pack
    user: User
    at: datetime


def said(pack: Pack, user: User, at: datetime) -> Content:
    """Everything that the reports of the pack say now, by language. Keys of complaints stand beside the numbers once."""
    asked = Asked(pack, user, at)
    behind: dict[str, list[int]] = {}
    content: Content = {"behind": behind}
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            content[code] = [_report(name, asked, behind) for name in pack.reports]
    return content


def _report(name: str, asked: Asked, behind: dict[str, list[int]]) -> Content:
    report = all_reports()[name]
    findings = report.read(chosen_of(asked.pack, report), asked.user, asked.at)
    return {
        "name": name,
        "title": str(report.title),
        "sentence": findings.sentence,
        "notes": [str(note) for note in findings.notes],
        "definitions": [
            {"name": str(one.name), "formula": str(one.formula), "definition": defined(one)} for one in report.measures
        ],
        "tables": [_table(table, asked, behind) for table in findings.tables],
    }


def _table(table: Table, asked: Asked, behind: dict[str, list[int]]) -> Content:
    rows = [*table.rows, *([table.total] if table.total else [])]
    for cell in (cell for row in rows for cell in row):
        if cell.href and isinstance(cell.raw, int) and cell.href not in behind:
            keys = _complaints(cell, asked)
            if keys is not None:
                behind[cell.href] = keys
    return {
        "code": table.code,
        "title": table.title,
        "columns": [str(column.label) for column in table.columns],
        "numbers": [column.is_number for column in table.columns],
        "rows": [[_cell(cell) for cell in row] for row in rows],
        "has_total": bool(table.total),
    }


def _cell(cell: Cell) -> Content:
    raw = cell.raw.isoformat() if isinstance(cell.raw, date) else cell.raw
    return {"raw": raw, "text": str(cell.shown) if raw is not None or cell.text else "–", "href": cell.href}


def _complaints(cell: Cell, asked: Asked) -> list[int] | None:
    """The complaints that a number counts, by key; None where it counts something else, or too many to keep."""
    if cell.raw > MOST_NAMED:
        return None
    address = urlsplit(cell.href)
    params = dict(parse_qsl(address.query))
    if address.path.endswith("/list/"):
        # a report can show numbers of another one, whose list is theirs
        report = all_reports()[resolve(address.path).kwargs["name"]]
        assert report.listing is not None
        chosen = filters_for(report, params, asked.user, asked.at).chosen()
        rows = report.listing(chosen, asked.user, asked.at, params["pick"]).rows
    elif "view" in params:
        rows = queues.narrow(Complaint.objects.visible_to(asked.user), params, asked.user, at=asked.at)
    else:
        return None
    return _keys(rows)


def _keys(rows: QuerySet[Any]) -> list[int] | None:
    fields = {field.name: field for field in rows.model._meta.concrete_fields}
    if rows.model is Complaint:
        way = "pk"
    elif "fact" in fields:
        way = "fact_id"
    elif "complaint" in fields and not fields["complaint"].null:
        way = "complaint_id"
    else:
        return None
    return sorted(rows.order_by().values_list(way, flat=True))


def digest(content: Content) -> str:
    """The same numbers and words have the same digest, whatever the order in which they are kept."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def ask(pack: Pack, *, by: User) -> Freezing:
    """Write down that the pack is to be frozen; asked again before that is done it is the same."""
    Freezing.objects.bulk_create(
        [Freezing(pack=pack, asked_by=by, asked_at=database_clock.now())], ignore_conflicts=True
    )
    return pack.freezings.all()[0]


def freeze(freezing: Freezing) -> int:
    """Write down what the pack says now, for a worker that has taken this; 1 when it is frozen.

    All its numbers are of one moment, and so is `as_of`. Who may not pack any more freezes nothing.
    """
    pack, by = freezing.pack, freezing.asked_by
    try:
        if reason := _refused(pack, by):
            jobs.finish(freezing, JobState.FAILED, error=reason)
            return 0
        with one_moment():
            at = database_clock.now()
            counted_to, content = as_of() or at, said(pack, by, at)
        with transaction.atomic():
            locked = Pack.objects.select_for_update().get(pk=pack.pk)
            last = locked.frozen.aggregate(last=Max("number"))["last"] or 0
            kept = FrozenPack.objects.create(
                pack=locked,
                number=last + 1,
                frozen_at=at,
                frozen_by=by,
                as_of=counted_to,
                content=content,
                digest=digest(content),
            )
            jobs.finish(freezing, JobState.DONE, frozen=kept)
    except jobs.Lost:
        return 0
    return 1


def _refused(pack: Pack, by: User) -> str:
    with translation.override(by.language):
        if not by.is_active or by.role not in PACKERS or not Pack.objects.visible_to(by).filter(pk=pack.pk).exists():
            return _("Whoever asked for it may not see the pack any more.")
    return ""


def is_untouched(frozen: FrozenPack) -> bool:
    """Whether the numbers still have the digest that was written beside them."""
    return digest(frozen.content) == frozen.digest
