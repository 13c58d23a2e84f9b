"""A regulator's file of complaints: read, judged row by row, imported so that running it again changes nothing."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from django import forms
from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from channels_intake.base import Intake
from channels_intake.door import receive_once
from channels_intake.forms import LONGEST_STORY, NEEDS_PLACE
from channels_intake.models import BatchRow, InboundRecord, RegulatorBatch
from channels_intake.validators import believable, dialable, not_in_future
from complaints import tables, turn
from complaints.models import Category, Channel, Complaint, Source, Subcategory
from complaints.refusals import BadInput
from customers.matching import account_numbered
from customers.models import Account
from customers.models.people import ContactMethod, digits
from staff.actors import Actor
from staff.models import Branch, User

Verdict = BatchRow.Verdict
REGULATORS = (Source.R12398, Source.R12345, Source.PETITION)
DAY_FORMATS = ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%d.%m.%Y"]
MOMENT_FORMATS = [f"{day} {clock}" for day in DAY_FORMATS for clock in ("%H:%M", "%H:%M:%S")] + DAY_FORMATS
YES = frozenset({"yes", "y", "1", "true", "是"})
NO = frozenset({"", "no", "n", "0", "false", "否"})


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the template; its heading is understood in both languages."""

    name: str
    zh: str
    en: str
    example_zh: str = ""
    example_en: str = ""
    is_required: bool = False

    @property
    def heading(self) -> str:
        return self.zh if _chinese() else self.en

    @property
    def example(self) -> str:
        return (self.example_zh if _chinese() else self.example_en) or self.example_zh


COLUMNS = (
    Column("regulator", "来源", "Regulator", "12398", is_required=True),
    Column("reference", "来源编号", "Their reference", "12398-2026-000123", is_required=True),
    Column("received_at", "收到时间", "Received", "2026-03-02 09:30", is_required=True),
    Column("due_on", "答复期限", "Answer due by", "2026-03-11", is_required=True),
    Column("category", "投诉类别", "Category", "OUT", is_required=True),
    Column("subcategory", "投诉子类", "Subcategory", "OUT-05"),
    Column("story", "投诉内容", "What happened", "本月已停电四次。", "Four outages this month.", is_required=True),
    Column("place", "地点", "Where", "和平路3号", "3 Heping Road"),
    Column("account_number", "户号", "Account number"),
    Column("contact_name", "姓名", "Name", "李四", "Li Si"),
    Column("contact_phone", "电话", "Phone", "13800001234"),
    Column("contact_email", "邮箱", "E-mail"),
    Column("contact_address", "答复地址", "Reply address"),
    Column("is_anonymous", "匿名", "Anonymous", "否", "no"),
)
REASONS = Column("reasons", "未受理原因", "Why it was not taken")
COMPARED = (
    "due_on",
    "category",
    "story",
    "place",
    "account_number",
    "contact_name",
    "contact_phone",
    "contact_address",
)
"""What makes a row another one though it has the same reference."""


def _chinese() -> bool:
    return (get_language() or "").startswith("zh")


def plain(text: str) -> str:
    """Full-width and half-width written alike, in one case, without spaces."""
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


def known_as(regulator: str, reference: str) -> str:
    """The name under which the door knows a regulator's complaint, whoever enters it."""
    return f"{regulator}:{hashlib.sha256(plain(reference).encode()).hexdigest()[:32]}"


@dataclass(frozen=True, slots=True)
class First:
    """What was handed over the first time; without `given` nothing is remembered but the complaint itself."""

    complaint: Complaint
    given: Mapping[str, str]


def first_of(regulator: str, reference: str) -> First | None:
    """What this regulator handed over under this reference before."""
    return firsts([(regulator, reference)]).get(known_as(regulator, reference))


def firsts(handed: Iterable[tuple[str, str]]) -> dict[str, First]:
    """The same for many at once, by the name under which the door knows each."""
    names = {known_as(regulator, reference): (regulator, reference.strip()) for regulator, reference in handed}
    # complaints from before names were kept, or brought in by another way, are found by what they say
    said = Complaint.objects.filter(
        channel=Channel.REGULATOR, source_reference__in={reference for _regulator, reference in names.values()}
    )
    records = InboundRecord.objects.filter(channel=Channel.REGULATOR, external_id__in=names, complaint__isnull=False)
    found = {
        name: First(one, {})
        for one in said.select_related("category", "account").order_by("-pk")
        if (name := known_as(one.source, one.source_reference)) in names
    }
    for record in records.select_related("complaint__category", "complaint__account"):
        if record.complaint is not None:
            found[record.external_id] = First(record.complaint, record.payload)
    return found


def template() -> bytes:
    """An empty file with the headings in the language in use and one example."""
    return tables.written([[one.heading for one in COLUMNS], [one.example for one in COLUMNS]])


# one row


class RowForm(forms.Form):
    """One row checked as the entry form checks what is typed; `choices` are read once for the whole file."""

    reference = forms.CharField(
        max_length=60, error_messages={"required": gettext_lazy("Write the reference they gave it.")}
    )
    regulator = forms.CharField(error_messages={"required": gettext_lazy("Choose who handed it over.")})
    received_at = forms.DateTimeField(
        input_formats=MOMENT_FORMATS,
        validators=[believable, not_in_future],
        error_messages={
            "required": gettext_lazy("Write when it reached us: the deadlines run from then."),
            "invalid": gettext_lazy("Write the day and time like 2026-03-02 09:30."),
        },
    )
    due_on = forms.DateField(
        input_formats=DAY_FORMATS,
        validators=[believable],
        error_messages={
            "required": gettext_lazy("Write the last day on which they want our answer."),
            "invalid": gettext_lazy("Write the day like 2026-03-11."),
        },
    )
    category = forms.CharField(error_messages={"required": gettext_lazy("Choose one of the five.")})
    subcategory = forms.CharField(required=False)
    story = forms.CharField(
        max_length=LONGEST_STORY,
        error_messages={"required": gettext_lazy("Write down what happened.")},
    )
    place = forms.CharField(max_length=240, required=False)
    account_number = forms.CharField(max_length=20, required=False)
    contact_name = forms.CharField(max_length=120, required=False)
    contact_phone = forms.CharField(max_length=30, required=False, validators=[dialable])
    contact_email = forms.EmailField(required=False)
    contact_address = forms.CharField(max_length=240, required=False)
    is_anonymous = forms.CharField(required=False)

    def __init__(self, given: Mapping[str, str], *, choices: Choices) -> None:
        super().__init__(dict(given))
        self.choices = choices

    def clean_regulator(self) -> str:
        wanted = plain(self.cleaned_data["regulator"])
        for source in REGULATORS:
            if wanted in (plain(source.value), plain(str(source.label))) or (
                source.value in wanted and source.value.isdigit()
            ):
                return source.value
        raise forms.ValidationError(
            _("Write one of %(known)s.") % {"known": ", ".join(source.value for source in REGULATORS)}
        )

    def clean_category(self) -> Category:
        found = self.choices.categories.get(plain(self.cleaned_data["category"]))
        if found is None:
            raise forms.ValidationError(
                _("There is no such category. Write one of %(known)s.") % {"known": self.choices.category_codes}
            )
        return found

    def clean_subcategory(self) -> Subcategory | None:
        wanted = plain(self.cleaned_data["subcategory"])
        if not wanted:
            return None
        if wanted not in self.choices.subcategories:
            raise forms.ValidationError(_("There is no such subcategory. Leave it empty if in doubt."))
        return self.choices.subcategories[wanted]

    def clean_is_anonymous(self) -> bool:
        said = plain(self.cleaned_data["is_anonymous"])
        if said not in YES | NO:
            raise forms.ValidationError(_("Write yes or no."))
        return said in YES

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        received_at, due_on = cleaned.get("received_at"), cleaned.get("due_on")
        if received_at and due_on and due_on < timezone.localdate(received_at):
            self.add_error("due_on", _("That is before the day we received it."))
        category, subcategory = cleaned.get("category"), cleaned.get("subcategory")
        if category and subcategory and subcategory.category_id != category.pk:
            self.add_error("subcategory", _("That belongs to another category. Choose again."))
        number = cleaned.get("account_number")
        if number and not self.choices.account(number):
            self.add_error("account_number", _("There is no such account. Look it up, or leave this empty."))
        if category and category.code in NEEDS_PLACE and not (number or cleaned.get("place")):
            self.add_error("place", _("Write where it is; without an account we cannot know."))
        ways = ("account_number", "contact_phone", "contact_email", "contact_address")
        if not cleaned.get("is_anonymous"):
            if not (number or cleaned.get("contact_name") or "contact_name" in self.errors):
                self.add_error("contact_name", _("Write who complains, or mark it as anonymous."))
            if not any(cleaned.get(way) or way in self.errors for way in ways):
                self.add_error("contact_phone", _("Write how we can answer: a phone, an e-mail or an address."))
        return cleaned

    def reasons(self) -> list[str]:
        """What is wrong, each with the heading of its column."""
        headings = {column.name: column.heading for column in COLUMNS}
        return [
            f"{headings.get(name, '')}: {error}".removeprefix(": ")
            for name, errors in self.errors.items()
            for error in errors
        ]


class Choices:
    """The categories and subcategories by code and by name in both languages."""

    def __init__(self) -> None:
        active = list(Category.objects.filter(is_active=True))
        self.category_codes = ", ".join(one.code for one in active)
        self.categories = {plain(name): one for one in active for name in (one.code, one.name_zh, one.name_en)}
        kinds = Subcategory.objects.filter(is_active=True).select_related("category")
        self.subcategories = {plain(name): one for one in kinds for name in (one.code, one.name_zh, one.name_en)}

    def account(self, number: str) -> bool:
        return account_numbered(number) is not None


class Foreseen(Choices):
    """For looking at a whole file: accounts read at once; what they were handed over before, likewise."""

    def __init__(self, given: Iterable[Mapping[str, str]]) -> None:
        super().__init__()
        numbers = {digits(row.get("account_number", "")) for row in given}
        self.accounts = set(Account.objects.filter(number__in=numbers).values_list("number", flat=True))

    def account(self, number: str) -> bool:
        return digits(number) in self.accounts


def intake_of(form: RowForm, *, external_id: str, branch: Branch) -> Intake:
    """A valid row boiled down."""
    cleaned = form.cleaned_data
    names = ("category", "subcategory", "story", "place", "account_number", "received_at", "is_anonymous")
    contact = ("contact_name", "contact_phone", "contact_email", "contact_address")
    return Intake(
        channel=Channel.REGULATOR,
        source=cleaned["regulator"],
        external_id=external_id,
        same_as=known_as(cleaned["regulator"], cleaned["reference"]),
        given=contents(cleaned),
        source_reference=cleaned["reference"],
        external_due_at=end_of(cleaned["due_on"]),
        branch=branch,
        contact_method=ContactMethod.PHONE if cleaned["contact_phone"] else ContactMethod.EMAIL,
        **{name: cleaned[name] for name in (*names, *contact)},
    )


def contents(cleaned: Mapping[str, Any]) -> dict[str, str]:
    """What was handed over, for comparing it with what is handed over again."""
    said = {name: cleaned.get(name) for name in COMPARED}
    category: Category | None = said["category"]
    return {name: str(value or "") for name, value in said.items()} | {"category": category.code if category else ""}


def differences(first: First, given: Mapping[str, str]) -> list[str]:
    """The headings of what differs from what was handed over the first time."""
    before = first.given or _as_it_stands(first.complaint)
    headings = {column.name: column.heading for column in COLUMNS}
    return [headings[name] for name in COMPARED if plain(before.get(name, "")) != plain(given[name])]


def _as_it_stands(complaint: Complaint) -> dict[str, str]:
    due_at = complaint.external_due_at
    return contents(
        {name: getattr(complaint, name, "") for name in COMPARED}
        | {
            "category": complaint.category,
            "due_on": timezone.localdate(due_at - timedelta(seconds=1)) if due_at else "",
            "account_number": complaint.account.number if complaint.account else "",
        }
    )


def end_of(day: date) -> datetime:
    """The midnight that ends this day in the utility's time zone."""
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), datetime.min.time()))


# the whole file


@dataclass(slots=True)
class Judged:
    """A row that waits, with what would become of it now."""

    row: BatchRow
    verdict: str
    reasons: list[str]
    complaint: Complaint | None = None

    @property
    def label(self) -> str:
        return str(_("good")) if self.verdict == Verdict.WAITING else str(Verdict(self.verdict).label)


@transaction.atomic
def take(data: bytes, *, name: str, by: User, at: datetime | None = None) -> RegulatorBatch:
    """Keep a file's rows to be looked at; no complaint yet. Raises BadInput."""
    if by.branch is None:
        raise BadInput(_("You belong to no branch. Ask an administrator."), fields=["file"])
    header, rows = _sorted_out(tables.read(data))
    batch = RegulatorBatch.objects.create(
        file_name=name.replace("\\", "/").rsplit("/", 1)[-1][-150:] or "file",
        sha256=hashlib.sha256(data).hexdigest(),
        header=header,
        branch=by.branch,
        uploaded_by=by,
        uploaded_at=at or timezone.now(),
        row_count=len(rows),
    )
    BatchRow.objects.bulk_create(
        [BatchRow(batch=batch, number=number, given=given) for number, given in rows], batch_size=500
    )
    return batch


def _sorted_out(rows: list[list[str]]) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """The names of the columns, and each row by them with its number in the file; empty rows are left out."""
    names = {plain(name): column.name for column in COLUMNS for name in (column.zh, column.en, column.name)}
    start = next((number for number, row in enumerate(rows) if any(row)), None)
    if start is None:
        raise BadInput(_("The file has no rows."), fields=["file"])
    header = [names.get(plain(text), "") for text in rows[start]]
    missing = [one.heading for one in COLUMNS if one.is_required and one.name not in header]
    if missing:
        raise BadInput(
            _("These columns are missing: %(names)s. Start from our template.") % {"names": ", ".join(missing)},
            fields=["file"],
        )
    twice = [one.heading for one in COLUMNS if header.count(one.name) > 1]
    if twice:
        raise BadInput(_("These columns are there twice: %(names)s.") % {"names": ", ".join(twice)}, fields=["file"])
    found = [
        (number, {name: text for name, text in zip(header, row, strict=False) if name})
        for number, row in enumerate(rows[start + 1 :], start=start + 2)
        if any(row)
    ]
    if not found:
        raise BadInput(_("The file has headings but no rows."), fields=["file"])
    return [name for name in header if name], found


def judged(batch: RegulatorBatch) -> list[Judged]:
    """Every row with what became of it, or what would become of it if it were imported now. Changes nothing."""
    rows = list(batch.rows.select_related("complaint"))
    waiting = [row for row in rows if row.verdict == Verdict.WAITING]
    choices = Foreseen(row.given for row in waiting)
    forms_of = {row.pk: RowForm(row.given, choices=choices) for row in waiting}
    known = firsts(_handed(form) for form in forms_of.values() if form.is_valid())
    seen: dict[str, tuple[int, dict[str, str]]] = {}
    found = []
    for row in rows:
        form = forms_of.get(row.pk)
        if form is None:
            found.append(Judged(row, row.verdict, row.reasons, row.complaint))
            continue
        name = known_as(*_handed(form)) if form.is_valid() else ""
        one = judge(row, form, known.get(name))
        if one.verdict == Verdict.WAITING:
            number, before = seen.setdefault(name, (row.number, contents(form.cleaned_data)))
            if number != row.number:
                one.verdict = Verdict.KNOWN if contents(form.cleaned_data) == before else Verdict.DIFFERENT
                one.reasons = [_("Row %(number)d has the same reference and comes first.") % {"number": number}]
        found.append(one)
    return found


def _handed(form: RowForm) -> tuple[str, str]:
    return form.cleaned_data["regulator"], form.cleaned_data["reference"]


def judge(row: BatchRow, form: RowForm, first: First | None) -> Judged:
    """What would become of a waiting row now: WAITING means that it is good."""
    if not form.is_valid():
        return Judged(row, Verdict.REFUSED, form.reasons())
    if first is None:
        return Judged(row, Verdict.WAITING, [])
    changed = differences(first, contents(form.cleaned_data))
    there = _("Already there, reference %(reference)s.") % {"reference": first.complaint.reference}
    if not changed:
        return Judged(row, Verdict.KNOWN, [there], first.complaint)
    other = _("Different now: %(names)s. Nothing was overwritten.") % {"names": ", ".join(changed)}
    return Judged(row, Verdict.DIFFERENT, [there, other], first.complaint)


def start(batch: RegulatorBatch, *, by: User, at: datetime | None = None) -> None:
    """Somebody looked and said yes; twice is once."""
    RegulatorBatch.objects.filter(pk=batch.pk, started_at__isnull=True).update(
        started_by=by, started_at=at or timezone.now()
    )
    batch.refresh_from_db()


def carry_on(batch: RegulatorBatch, *, until: datetime | None = None) -> bool:
    """Import what still waits, each row by itself; true once nothing does.

    Killed at any point and called again, by whomever and however often at once, each row lands once.
    """
    choices = Choices()
    # a row in other hands is theirs; the last look below waits for nobody and only then calls the batch finished
    with turn.Sweep() as sweep:
        for pk in list(batch.rows.filter(verdict=Verdict.WAITING).values_list("pk", flat=True)):
            if until is not None and timezone.now() > until:
                break
            sweep.through([pk], partial(_import, batch=batch, choices=choices))
    return _finish(batch)


@transaction.atomic
def _import(pk: int, batch: RegulatorBatch, choices: Choices) -> bool:
    row = BatchRow.objects.select_for_update(skip_locked=True).filter(pk=pk, verdict=Verdict.WAITING).first()
    if row is None:
        return False
    form = RowForm(row.given, choices=choices)
    found = judge(row, form, first_of(*_handed(form)) if form.is_valid() else None)
    if found.verdict == Verdict.WAITING:
        found = _landed(row, form, batch)
    row.verdict, row.reasons, row.complaint = found.verdict, found.reasons, found.complaint
    row.save(update_fields=["verdict", "reasons", "complaint"])
    return True


def _landed(row: BatchRow, form: RowForm, batch: RegulatorBatch) -> Judged:
    by = batch.started_by or batch.uploaded_by
    intake = intake_of(form, external_id=f"batch:{batch.pk}:{row.number}", branch=batch.branch)
    try:
        complaint, is_new = receive_once(intake, by=Actor.staff(by))
    except BadInput as refused:
        return Judged(row, Verdict.REFUSED, [refused.message])
    return Judged(row, Verdict.LANDED, [], complaint) if is_new else judge(row, form, first_of(*_handed(form)))


@transaction.atomic
def _finish(batch: RegulatorBatch) -> bool:
    locked = RegulatorBatch.objects.select_for_update().get(pk=batch.pk)
    verdicts = list(locked.rows.values_list("verdict", flat=True))
    locked.landed_count = verdicts.count(Verdict.LANDED)
    locked.known_count = verdicts.count(Verdict.KNOWN)
    locked.refused_count = verdicts.count(Verdict.REFUSED) + verdicts.count(Verdict.DIFFERENT)
    if Verdict.WAITING not in verdicts and locked.finished_at is None:
        locked.finished_at = timezone.now()
    locked.save()
    batch.refresh_from_db()
    return batch.finished_at is not None


def came_back(batch: RegulatorBatch) -> bytes:
    """The rows that did not land, as they were given, with the reasons beside them."""
    columns = [column for column in COLUMNS if column.name in batch.header]
    rows = [
        [*(one.row.given.get(column.name, "") for column in columns), " ".join(one.reasons)]
        for one in judged(batch)
        if one.verdict in (Verdict.REFUSED, Verdict.DIFFERENT)
    ]
    return tables.written([[*(column.heading for column in columns), REASONS.heading], *rows])


def counted(rows: Iterable[Judged]) -> dict[str, int]:
    """How many rows there are of each verdict."""
    verdicts = [one.verdict for one in rows]
    return {str(verdict): verdicts.count(verdict) for verdict in Verdict}
