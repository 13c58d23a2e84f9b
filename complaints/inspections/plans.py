"""Plans: everything that a kind of inspection fits is on one, and its next day follows from its cycle and its last inspection."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import BigIntegerField, Case, Exists, F, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Cast, Least, Mod
from django.utils import timezone
from django.utils.translation import gettext as _

from complaints.inspections import work
from complaints.inspections.dates import add_months
from complaints.models import Inspection, InspectionKind, InspectionPlan, Purpose, Target
from complaints.refusals import BadInput, MoveRefused
from customers.models import Account, Feeder, TransformerArea
from customers.models.people import KEY
from staff.actors import Role
from staff.models import User

STEERING = (Role.SUPERVISOR, Role.ADMINISTRATOR)
"""Who decides what is inspected, and how often."""
PIECE = 1000
SPREAD = 7919
"""A prime that scatters neighbouring keys over days and samples, the same way every time."""
A_WHILE = timedelta(days=14)
"""Nothing new falls due sooner, so that a crew can plan it."""


class MonthsLater(models.Func):
    """A day so many months later, as `add_months` has it."""

    template = "(%(expressions)s * interval '1 month')::date"
    arg_joiner = " + "
    output_field = models.DateField()


def fits(kind: InspectionKind, today: date, prefix: str = "") -> Q:
    """The accounts (or what `prefix` leads to) that this kind is for; of a sample those whose turn it is this year."""
    wanted = Q()
    if kind.segments:
        kinds = [segment for segment in kind.segments if segment != KEY]
        wanted &= Q(**{f"{prefix}customer__kind__in": kinds}) | (
            Q(**{f"{prefix}customer__is_key": True}) if KEY in kind.segments else Q(pk__in=[])
        )
    if kind.low_kv is not None:
        wanted &= Q(**{f"{prefix}supply_kv__gte": kind.low_kv})
    if kind.high_kv is not None:
        wanted &= Q(**{f"{prefix}supply_kv__lte": kind.high_kv})
    if kind.share is not None:
        wanted &= Q(place_in_sample__lt=kind.share)
    return wanted


def _place_in_sample(today: date, key: str) -> Mod:
    """A number below 1000 that is another one each year, from the key alone: asked twice it answers the same."""
    turn = Cast(F(key), BigIntegerField()) % Value(100_000) * Value(SPREAD) + Value(today.year * 104_729 % 1000)
    return Mod(turn, Value(1000))


def _best(kinds: Iterable[InspectionKind], today: date, prefix: str = "") -> Case:
    """The key of the highest kind that fits."""
    return Case(
        *[When(fits(kind, today, prefix), then=Value(kind.pk)) for kind in kinds],
        default=None,
        output_field=IntegerField(),
    )


def kinds_of(target: str) -> list[InspectionKind]:
    return list(InspectionKind.objects.filter(target=target, is_active=True).order_by("-rank", "code"))


def kind_for(account: Account, today: date) -> InspectionKind | None:
    """The kind that fits this account, whether or not it is its turn in a sample."""
    kinds = {kind.pk: kind for kind in kinds_of(Target.ACCOUNT)}
    if not kinds:
        return None
    row = (
        Account.objects.filter(pk=account.pk)
        .annotate(place_in_sample=Value(0))
        .annotate(best=_best(kinds.values(), today))
    )
    return kinds.get(row.values_list("best", flat=True)[0] or 0)


def enrol(today: date, *, most: int = PIECE) -> int:
    """Put on the list what a kind fits and no plan has; how many. Called until it answers 0; several at once do no harm."""
    made = _enrol_accounts(today, most) + _renew_samples(today, most)
    for target, model in ((Target.AREA, TransformerArea), (Target.FEEDER, Feeder)):
        kind = next(iter(kinds_of(target)), None)
        if kind is not None:
            made += _enrol_network(kind, model, today, most)
    return made


def _enrol_accounts(today: date, most: int) -> int:
    kinds = {kind.pk: kind for kind in kinds_of(Target.ACCOUNT)}
    if not kinds:
        return 0
    accounts = (
        Account.objects.filter(closed_on__isnull=True, inspection_plan__isnull=True)
        .annotate(place_in_sample=_place_in_sample(today, "pk"))
        .annotate(best=_best(kinds.values(), today))
        .filter(best__isnull=False)
        .select_related("premise")
    )
    new = [
        InspectionPlan(
            kind=kinds[account.best],
            account=account,
            branch_id=account.premise.branch_id,
            made_on=today,
            next_due_on=first_day(kinds[account.best], account.pk, account.opened_on, today),
        )
        for account in accounts[:most]
    ]
    InspectionPlan.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


def _enrol_network(kind: InspectionKind, model: type[TransformerArea] | type[Feeder], today: date, most: int) -> int:
    rows: QuerySet[Any] = model._default_manager.filter(inspection_plan__isnull=True)
    if model is Feeder:
        rows = rows.select_related("substation")
    field = "feeder" if model is Feeder else "transformer_area"
    new = [
        InspectionPlan(
            kind=kind,
            branch_id=row.substation.branch_id if model is Feeder else row.branch_id,
            made_on=today,
            next_due_on=first_day(kind, row.pk, None, today),
            **{field: row},
        )
        for row in rows[:most]
    ]
    InspectionPlan.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


def _renew_samples(today: date, most: int) -> int:
    """Households whose turn comes again in a later year."""
    kinds = [kind for kind in kinds_of(Target.ACCOUNT) if kind.share is not None]
    done = 0
    for kind in kinds:
        again = (
            InspectionPlan.objects.filter(
                kind=kind, is_active=True, next_due_on=None, made_on__lt=date(today.year, 1, 1)
            )
            .annotate(place_in_sample=_place_in_sample(today, "account_id"))
            .filter(place_in_sample__lt=kind.share)
        )
        for plan in again[:most]:
            day = first_day(kind, plan.account_id or 0, None, today)
            done += InspectionPlan.objects.filter(pk=plan.pk, next_due_on=None).update(next_due_on=day, made_on=today)
    return done


def first_day(kind: InspectionKind, key: int, opened_on: date | None, today: date) -> date:
    """The first day for something of which no inspection is known: a cycle after it began, else scattered over one cycle."""
    months = kind.cycle_months
    if months is None:
        left = max((date(today.year, 12, 31) - today).days, 30)
        return today + A_WHILE + timedelta(days=key * SPREAD % (left - 14))
    if opened_on is not None and add_months(opened_on, months) > today + A_WHILE:
        return add_months(opened_on, months)
    return today + A_WHILE + timedelta(days=key * SPREAD % (months * 30))


@transaction.atomic
def rematch(today: date) -> int:
    """Bring plans in line with what customers have become: another kind, another voltage, gone. What is open stays open."""
    kinds = {kind.pk: kind for kind in kinds_of(Target.ACCOUNT)}
    changed = 0
    of_accounts = InspectionPlan.objects.filter(is_active=True, account__isnull=False)
    for plan in of_accounts.filter(account__closed_on__isnull=False)[:PIECE]:
        stop(plan, _("The account was closed."), by=None, cancels=True)
        changed += 1
    if not kinds:
        return changed
    other = (
        of_accounts.filter(is_by_hand=False)
        .annotate(place_in_sample=_place_in_sample(today, "account_id"))
        .annotate(best=_best(kinds.values(), today, "account__"))
        .filter(best__isnull=False)
        .exclude(kind=F("best"))
        .select_for_update(of=("self",), skip_locked=True)
    )
    for plan in other[:PIECE]:
        plan.kind = kinds[plan.best]
        months = plan.months
        if months is not None:
            sooner = add_months(plan.last_on or today, months)
            plan.next_due_on = sooner if plan.last_on or plan.next_due_on is None else min(plan.next_due_on, sooner)
        plan.save(update_fields=["kind", "next_due_on"])
        changed += 1
    return changed


def replan(kind: InspectionKind, today: date) -> int:
    """After its cycle was changed: the next day of every plan that keeps the kind's cycle and waits for no open inspection."""
    if kind.cycle_months is None:
        return 0
    waiting = ~Exists(Inspection.objects.open().filter(plan=OuterRef("pk"), purpose=Purpose.REGULAR))
    plans = InspectionPlan.objects.filter(waiting, kind=kind, is_active=True, cycle_months__isnull=True)
    months = Value(kind.cycle_months)
    known = plans.filter(last_on__isnull=False).update(next_due_on=MonthsLater(F("last_on"), months))
    latest = add_months(today, kind.cycle_months)
    return known + plans.filter(last_on__isnull=True, next_due_on__isnull=False).update(
        next_due_on=Least(F("next_due_on"), Value(latest))
    )


def put_on_list(*, kind: InspectionKind, asset: Any, next_due_on: date, cycle_months: int | None) -> InspectionPlan:
    """A plan made by hand. Raises BadInput when there is one for it, or the kind is for something else."""
    field = {Account: "account", TransformerArea: "transformer_area", Feeder: "feeder"}[type(asset)]
    if {"account": Target.ACCOUNT, "transformer_area": Target.AREA, "feeder": Target.FEEDER}[field] != kind.target:
        raise BadInput(_("This kind of inspection is for something else."), fields=["kind"])
    branch = (
        asset.premise.branch if field == "account" else asset.substation.branch if field == "feeder" else asset.branch
    )
    plan, is_new = InspectionPlan.objects.get_or_create(
        **{field: asset},
        defaults={
            "kind": kind,
            "branch": branch,
            "made_on": timezone.localdate(),
            "next_due_on": next_due_on,
            "cycle_months": cycle_months,
            "is_by_hand": True,
        },
    )
    if not is_new:
        raise BadInput(_("It is on a plan already. Change that one."), fields=["what"])
    return plan


@transaction.atomic
def change(plan: InspectionPlan, *, kind: InspectionKind, cycle_months: int | None, next_due_on: date | None) -> None:
    """Another kind, cycle or next day for one plan, which from now on keeps its kind. What is open stays open."""
    row = InspectionPlan.objects.select_for_update(of=("self",)).get(pk=plan.pk)
    if kind.target != row.kind.target:
        raise BadInput(_("This kind of inspection is for something else."), fields=["kind"])
    row.is_by_hand = row.is_by_hand or row.kind_id != kind.pk
    row.kind, row.cycle_months, row.next_due_on = kind, cycle_months, next_due_on
    row.save(update_fields=["kind", "cycle_months", "next_due_on", "is_by_hand"])


@transaction.atomic
def stop(plan: InspectionPlan, why: str, *, by: User | None, cancels: bool) -> int:
    """Nothing more falls due; what is open is cancelled for the same reason if `cancels`, else stays. How many were cancelled."""
    waiting = list(
        plan.inspections.open().select_for_update(of=("self",))
    )  # before the plan, as whoever records one does
    row = InspectionPlan.objects.select_for_update(of=("self",)).get(pk=plan.pk)
    if not row.is_active:
        raise MoveRefused(_("It is stopped already."))
    row.is_active, row.stopped_because = False, why
    row.save(update_fields=["is_active", "stopped_because"])
    cancelled = 0
    for one in waiting if cancels else ():
        work.cancel(one, why, by=by, at=timezone.now())
        cancelled += 1
    return cancelled


@transaction.atomic
def resume(plan: InspectionPlan, today: date) -> None:
    """It falls due again: a cycle after its last inspection, in two weeks at the soonest."""
    row = InspectionPlan.objects.select_for_update(of=("self",)).select_related("kind").get(pk=plan.pk)
    if row.is_active:
        raise MoveRefused(_("It is not stopped."))
    row.is_active, row.stopped_because = True, ""
    last = row.last_on or today
    row.next_due_on = max(add_months(last, row.months) if row.months else today, today + A_WHILE)
    row.save(update_fields=["is_active", "stopped_because", "next_due_on"])
