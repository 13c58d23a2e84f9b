"""Dates of last inspections from another system's customer master; what cannot be taken comes back with its reason."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import islice

from django.db import transaction
from django.utils.translation import gettext as _

from complaints.inspections import plans
from complaints.inspections.dates import add_months
from complaints.models import InspectionKind, InspectionPlan, Target
from complaints.refusals import BadInput
from customers.models import Account
from customers.models.search import normal
from staff.models import User
from staff.scope import within_branches

PIECE = 500
HEADINGS: dict[str, tuple[str, ...]] = {
    "account": ("account", "account number", "account no", "cons_no", "consno", "户号", "用电户号", "用户编号"),
    "last": ("last", "last inspected", "lastchecktime", "last_check_time", "上次检查日期", "最近检查日期", "检查日期"),
    "months": ("months", "cycle months", "usecheckperiod", "use_check_period", "检查周期", "检查周期月"),
    "kv": ("kv", "voltage", "supply kv", "volt_code", "供电电压", "电压等级"),
}
NEEDED = ("account", "last")


@dataclass(slots=True)
class Taken:
    """How it went: rows taken, and those that were not, each with its number, its account and why."""

    taken: int = 0
    rejected: list[tuple[int, str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    account: str
    last: date
    months: int | None
    kv: Decimal | None


def take(lines: Iterable[str], *, by: User | None, today: date) -> Taken:
    """Take the rows of a CSV text over; the same file a second time changes nothing.

    An account without a plan gets one of the kind that fits it, or of the general one. Older dates than are known change
    nothing. With `by`, only accounts of that person's branches. Raises BadInput when the headings are not understood.
    """
    reader = csv.reader(lines)
    columns = _columns(next(reader, []))
    done = Taken()
    rows = _rows(reader, columns, today, done)
    while piece := list(islice(rows, PIECE)):
        _take_piece(piece, by, today, done)
    done.rejected.sort()
    return done


def _columns(header: list[str]) -> dict[str, int]:
    known = {normal(heading.lstrip("\ufeff")): at for at, heading in enumerate(header)}
    found = {
        name: known[normal(heading)]
        for name, others in HEADINGS.items()
        for heading in others
        if normal(heading) in known
    }
    missing = [HEADINGS[name][0] for name in NEEDED if name not in found]
    if missing:
        raise BadInput(
            _("The first line names no column for: %(names)s.") % {"names": ", ".join(missing)}, fields=["file"]
        )
    return found


def _rows(reader: Iterable[list[str]], columns: Mapping[str, int], today: date, done: Taken) -> Iterator[_Row]:
    for number, cells in enumerate(reader, start=2):
        said = {name: cells[at].strip() if at < len(cells) else "" for name, at in columns.items()}
        if not any(said.values()):
            continue
        try:
            yield _read(number, said, today)
        except BadInput as wrong:
            done.rejected.append((number, said["account"], wrong.message))


def _read(number: int, said: Mapping[str, str], today: date) -> _Row:
    text = said["last"].replace("/", "-")[:10]
    try:
        last = date.fromisoformat(text if len(text) != 8 or "-" in text else f"{text[:4]}-{text[4:6]}-{text[6:]}")
    except ValueError:
        raise BadInput(_("the date is not written as 2026-03-31")) from None
    if last > today:
        raise BadInput(_("the date lies in the future"))
    months = said.get("months", "")
    if months and not (months.isdecimal() and 1 <= int(months) <= 120):
        raise BadInput(_("the cycle is no number of months from 1 to 120"))
    try:
        kv = Decimal(said["kv"].lower().removesuffix("kv").strip()) if said.get("kv") else None
    except InvalidOperation:
        raise BadInput(_("the voltage is no number of kV")) from None
    if kv is not None and not (kv.is_finite() and 0 < kv < 1200):
        raise BadInput(_("the voltage is no number of kV"))
    return _Row(number, said["account"], last, int(months) if months else None, kv)


@transaction.atomic
def _take_piece(piece: list[_Row], by: User | None, today: date, done: Taken) -> None:
    accounts = Account.objects.filter(number__in=[row.account for row in piece]).select_related("premise", "customer")
    if by is not None:
        accounts = accounts.filter(within_branches(by, "premise__branch"))
    known = {account.number: account for account in accounts}
    there = (
        InspectionPlan.objects.filter(account__in=known.values()).select_related("kind").select_for_update(of=("self",))
    )
    of_account = {plan.account_id: plan for plan in there}
    general = InspectionKind.objects.filter(target=Target.ACCOUNT, is_active=True, cycle_months__isnull=False)
    fallback = general.order_by("rank").first()
    for row in piece:
        account = known.get(row.account)
        if account is None:
            done.rejected.append((row.number, row.account, _("there is no such account, or it is not yours")))
            continue
        if row.kv is not None and account.supply_kv != row.kv:
            account.supply_kv = row.kv
            account.save(update_fields=["supply_kv"])
        plan = of_account.get(account.pk)
        if plan is None:
            kind = plans.kind_for(account, today) or fallback
            if kind is None:
                done.rejected.append((row.number, row.account, _("no kind of inspection is in use")))
                continue
            plan = InspectionPlan(kind=kind, account=account, branch_id=account.premise.branch_id, made_on=today)
            of_account[account.pk] = plan
        _note(plan, row)
        done.taken += 1


def _note(plan: InspectionPlan, row: _Row) -> None:
    if plan.pk and plan.last_on is not None and plan.last_on >= row.last and row.months in (None, plan.cycle_months):
        return
    plan.last_on = max(plan.last_on or row.last, row.last)
    plan.cycle_months = row.months if row.months not in (None, plan.kind.cycle_months) else plan.cycle_months
    if plan.is_active:
        plan.next_due_on = add_months(plan.last_on, plan.months) if plan.months else None
    plan.save()
