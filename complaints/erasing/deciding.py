"""Whether and when something personal is erased: holds, wishes of customers, and periods that are over."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from complaints import workflow
from complaints.erasing import taking
from complaints.erasing.reasons import today, why_not
from complaints.models import (
    Clock,
    Complaint,
    ErasedFile,
    Erasure,
    Inspection,
    InspectionState,
    LegalHold,
    RetentionOf,
    RetentionRule,
)
from complaints.refusals import MoveRefused
from complaints.states import Status
from customers.models import Account, Customer, CustomerImport
from staff.actors import THE_CLOCK, Actor, Role
from staff.models import User

DECIDING = frozenset({Role.ADMINISTRATOR})
ASKING = frozenset({Role.ADMINISTRATOR, Role.LIAISON})
BATCH = 200
READINGS_AT_ONCE = 10_000
IMPORTS_KEPT = timedelta(days=90)


# holds


def hold(
    reason: str, until: date | None, *, by: User, customer: Customer | None = None, complaint: Complaint | None = None
) -> LegalHold:
    """Keep what is personal in this complaint, or of this customer, until it is lifted. Raises MoveRefused."""
    _may(by, DECIDING)
    if not reason.strip():
        raise MoveRefused(_("Say why it must be kept."), fields=["reason"])
    if until is not None and until < today():
        raise MoveRefused(_("This day has passed."), fields=["until"])
    of: Customer | Complaint | None = customer if complaint is None else complaint
    if of is not None and of.erased_at is not None:
        raise MoveRefused(_("It was erased; there is nothing to keep."))
    same = LegalHold.objects.standing(today()).filter(customer=customer, complaint=complaint, reason=reason.strip())
    if same.exists():
        raise MoveRefused(_("It is held for this reason already."), fields=["reason"])
    return LegalHold.objects.create(
        customer=customer,
        complaint=complaint,
        reason=reason.strip(),
        until=until,
        placed_by=by,
        placed_at=timezone.now(),
    )


@transaction.atomic
def lift(found: LegalHold, *, by: User) -> None:
    _may(by, DECIDING)
    locked = LegalHold.objects.select_for_update(of=("self",)).get(pk=found.pk)
    if locked.lifted_at is not None:
        raise MoveRefused(_("This hold was lifted already."))
    locked.lifted_by, locked.lifted_at = by, timezone.now()
    locked.save()


# a customer asks for it


def people_of(customer: Customer) -> list[Customer]:
    """The customer, and the records that were merged into it."""
    return list(Customer.objects.filter(Q(pk=customer.pk) | Q(merged_into=customer)).order_by("pk"))


def complaints_of(people: Iterable[Customer]) -> QuerySet[Complaint]:
    ids = [one.pk for one in people]
    # as keys: through a join neither index could be used
    accounts = list(Account.objects.filter(customer__in=ids).values_list("pk", flat=True))
    mine = Complaint.objects.filter(Q(customer__in=ids) | Q(account__in=accounts), erased_at=None)
    return Complaint.objects.filter(pk__in=mine.values("pk")).order_by("pk")


def why_not_customer(customer: Customer) -> list[str]:
    """Everything that stands in the way; empty when nothing does."""
    if customer.erased_at is not None:
        return [_("This customer was erased already.")]
    if customer.merged_into_id is not None:
        return [_("This record was merged into another. Erase that one.")]
    people = people_of(customer)
    found = []
    if LegalHold.objects.standing(today()).filter(customer__in=people).exists():
        found.append(_("The customer is under a legal hold."))
    found += [why for why in map(why_not, complaints_of(people)) if why]
    if Inspection.objects.filter(account__customer__in=people, state=InspectionState.OPEN).exists():
        found.append(_("An inspection at the customer's is still to be made."))
    return found


@transaction.atomic
def ask(customer: Customer, reason: str, *, by: User) -> Erasure:
    """Write down that the customer wants to be erased; another person confirms. Raises MoveRefused."""
    _may(by, ASKING)
    if not reason.strip():
        raise MoveRefused(_("Say how the customer asked for it."), fields=["reason"])
    locked = Customer.objects.select_for_update(of=("self",)).get(pk=customer.pk)
    _check_customer(locked)
    if locked.erasures.filter(finished_at=None, declined_at=None).exists():
        raise MoveRefused(_("This was asked for already and waits to be confirmed."))
    return Erasure.objects.create(customer=locked, reason=reason.strip(), asked_by=by, asked_at=timezone.now())


@transaction.atomic
def confirm(erasure: Erasure, *, by: User) -> None:
    """The second person says yes; a worker then carries it out. Raises MoveRefused."""
    _may(by, DECIDING)
    locked = _waiting(erasure)
    if locked.asked_by_id == by.pk:
        raise MoveRefused(_("You asked for this yourself. Somebody else confirms it."))
    _check_customer(locked.customer)
    locked.confirmed_by, locked.confirmed_at, locked.stopped_because = by, timezone.now(), ""
    locked.save()


@transaction.atomic
def decline(erasure: Erasure, *, by: User) -> None:
    _may(by, DECIDING)
    locked = _waiting(erasure)
    locked.declined_by, locked.declined_at = by, timezone.now()
    locked.save()


def _waiting(erasure: Erasure) -> Erasure:
    locked = Erasure.objects.select_for_update(of=("self",)).select_related("customer").get(pk=erasure.pk)
    if locked.confirmed_at is not None or locked.declined_at is not None:
        raise MoveRefused(_("This was decided already."))
    return locked


def _check_customer(customer: Customer) -> None:
    if reasons := why_not_customer(customer):
        raise MoveRefused(" ".join(reasons[:5]))


def confirmed() -> QuerySet[Erasure]:
    return Erasure.objects.filter(confirmed_at__isnull=False, finished_at=None, declined_at=None).order_by("pk")


@transaction.atomic
def carry_out(erasure: Erasure) -> int:
    """Erase a confirmed customer with all complaints, in one transaction; once, whoever comes first.

    What has come in the way since is written down, and it is tried again when that is over.
    """
    locked = (
        Erasure.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(pk=erasure.pk, finished_at=None)
        .first()
    )
    if locked is None or locked.confirmed_by is None:
        return 0
    people = list(
        Customer.objects.select_for_update(of=("self",))
        .filter(pk__in=[one.pk for one in people_of(locked.customer)])
        .order_by("pk")
    )
    if reasons := why_not_customer(locked.customer):
        locked.stopped_because = " ".join(reasons)[:300]
        locked.save()
        return 0
    by = Actor.staff(locked.confirmed_by)
    for complaint in complaints_of(people):
        workflow.perform("erase", complaint, by=by, why="request")
        locked.complaints += 1
    taking.from_customers(people)
    locked.reason, locked.stopped_because = taking.inventory.GONE, ""
    locked.finished_at = timezone.now()
    locked.save()
    return 1


def _may(by: User, roles: frozenset[Role]) -> None:
    if by.role not in roles:
        raise MoveRefused(_("This is for administrators."))


# periods that are over


def months_before(day: date, months: int) -> date:
    """The same day so many months earlier, or the last of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _fits(rule: RetentionRule) -> Q:
    fits = Q()
    if rule.category_id is not None:
        fits &= Q(category=rule.category_id)
    if rule.severities:
        fits &= Q(severity__in=rule.severities)
    return fits


def over(rule: RetentionRule, rules: list[RetentionRule], on: date) -> QuerySet[Complaint]:
    """The complaints whose longest period is this rule's, and is over on that day; holds are left out."""
    first_kept = timezone.make_aware(datetime.combine(months_before(on, rule.months), datetime.min.time()))
    found = Complaint.objects.filter(_fits(rule), status=Status.CLOSED, erased_at=None, closed_at__lt=first_kept)
    for other in rules:
        if (other.months, other.pk) > (rule.months, rule.pk):
            fits = _fits(other)
            found = found.exclude(fits) if fits else found.none()
    held = LegalHold.objects.standing(on)
    return found.exclude(
        Q(pk__in=held.filter(complaint__isnull=False).values("complaint"))
        | Q(customer__in=held.filter(customer__isnull=False).values("customer"))
        | Q(account__customer__in=held.filter(customer__isnull=False).values("customer"))
    )


def rules_of_complaints() -> list[RetentionRule]:
    return list(RetentionRule.objects.filter(of=RetentionOf.COMPLAINTS, is_active=True).select_related("category"))


def due(on: date) -> list[Complaint]:
    """Some complaints whose period is over, the oldest first."""
    rules = rules_of_complaints()
    found: list[Complaint] = []
    for rule in rules:
        rows = (
            over(rule, rules, on)
            .exclude(clocks__in=Clock.objects.ticking())
            .exclude(adjustments__state__in=["proposed", "approved"])
        )
        found += rows.order_by("closed_at")[:BATCH]
    return found


def erase_old(complaint: Complaint) -> int:
    """Erase one complaint whose period is over; what came in the way meanwhile leaves it as it is."""
    workflow.perform("erase", complaint, by=THE_CLOCK, why="retention")
    return 1


def forget_imports(at: datetime) -> int:
    """Take the files and rejected rows of imports of customers that ended long enough ago; how many imports."""
    runs = CustomerImport.objects.filter(finished_at__lt=at - IMPORTS_KEPT).exclude(file="")[:BATCH]
    for run in runs:
        with transaction.atomic():
            ErasedFile.objects.create(path=run.file.name)
            run.rows.all().delete()
            CustomerImport.objects.filter(pk=run.pk).update(file="")
    return len(runs)


def forget_readings(on: date) -> int:
    """Delete the record of who read what, where it was kept long enough."""
    rule = RetentionRule.objects.filter(of=RetentionOf.READINGS, is_active=True).order_by("-months").first()
    if rule is None:
        return 0
    first_kept = timezone.make_aware(datetime.combine(months_before(on, rule.months), datetime.min.time()))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL redress.erasing = 'on'")
        cursor.execute(
            "DELETE FROM customers_reading WHERE id IN (SELECT id FROM customers_reading WHERE at < %s ORDER BY at LIMIT %s)",
            [first_kept, READINGS_AT_ONCE],
        )
        return int(cursor.rowcount)
