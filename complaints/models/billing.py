"""What a bill should have come to: tariffs by version, what was found about a disputed bill, and the money given back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from complaints.models.append_only import AppendOnly, HistoryIsPermanent
from complaints.models.attachment import Attachment
from complaints.models.complaint import Complaint, read_by
from staff.models import User
from staff.naming import Named


class TierBasis(models.TextChoices):
    """Over what time the bands of a tariff are counted."""

    ANNUAL = "annual", _("kWh a year")
    MONTHLY = "monthly", _("kWh a month")
    SEASONAL = "seasonal", _("kWh a month, other bands in some months")


class Tariff(Named, AppendOnly):
    """One version of a tariff; never changed, because bills were recalculated under it. A change is a new version.

    `bands` and `season_bands` are [upto or null, price] as exact decimals in strings; `charges` are {zh, en, per, amount}.
    """

    code = models.SlugField(_("code"), max_length=40)
    version = models.PositiveIntegerField(_("version"), default=1)
    basis = models.CharField(_("bands are"), max_length=10, choices=TierBasis, default=TierBasis.MONTHLY)
    bands = models.JSONField(_("bands"))
    season_months = ArrayField(
        models.PositiveSmallIntegerField(), verbose_name=_("months with bands of their own"), default=list, blank=True
    )
    season_bands = models.JSONField(_("bands in these months"), default=list, blank=True)
    people_from = models.PositiveSmallIntegerField(_("a large household begins at"), null=True, blank=True)
    extra_kwh = models.DecimalField(
        _("kWh more on each band for a large household"), max_digits=8, decimal_places=2, default=Decimal(0)
    )
    free_kwh = models.DecimalField(
        _("kWh a month free for a household of low income"), max_digits=6, decimal_places=2, default=Decimal(0)
    )
    peak_add = models.DecimalField(_("peak adds a kWh"), max_digits=8, decimal_places=5, null=True, blank=True)
    flat_add = models.DecimalField(_("flat adds a kWh"), max_digits=8, decimal_places=5, null=True, blank=True)
    valley_add = models.DecimalField(_("valley adds a kWh"), max_digits=8, decimal_places=5, null=True, blank=True)
    charges = models.JSONField(_("charges and taxes"), default=list, blank=True)
    valid_from = models.DateField(_("valid from"))
    source = models.CharField(_("source"), max_length=200, blank=True)
    reason = models.CharField(_("why"), max_length=300, blank=True)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("tariff")
        verbose_name_plural = _("tariffs")
        ordering = ["code", "-valid_from", "-version"]
        constraints = [
            models.UniqueConstraint(name="tariff_version_is_once", fields=["code", "version"]),
            models.CheckConstraint(name="tariff_basis_is_known", condition=Q(basis__in=sorted(TierBasis.values))),
            models.CheckConstraint(
                name="tariff_season_is_whole",
                condition=Q(basis=TierBasis.SEASONAL.value, season_months__len__gt=0) & ~Q(season_bands=[])
                | ~Q(basis=TierBasis.SEASONAL.value) & Q(season_months=[], season_bands=[]),
            ),
            models.CheckConstraint(
                name="tariff_gives_no_less_than_nothing", condition=Q(extra_kwh__gte=0, free_kwh__gte=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} v{self.version}"


class BillVerdict(models.TextChoices):
    RIGHT = "right", _("The bill is right")
    TOO_HIGH = "too_high", _("The bill is too high")
    TOO_LOW = "too_low", _("The bill is too low")


class BillingFinding(AppendOnly):
    """What is known of a disputed bill after one recording; the newest row stands, older ones are never changed.

    `registers` are {register: {previous, current, verified}} as strings. `lines` is the recalculated bill as it was worked
    out then, so that a later version of the tariff changes no finding; `billed_lines` is how the billed amount came about,
    where what was recorded explains it, and `explained` names what made the difference.
    """

    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, related_name="billing_findings")
    disputed = models.CharField(_("what is disputed"), max_length=300)
    period_from = models.DateField(_("reading at the beginning taken on"))
    period_until = models.DateField(_("reading at the end taken on"))
    amount_billed = models.DecimalField(
        _("amount billed"), max_digits=12, decimal_places=2, validators=[MinValueValidator(Decimal(0))]
    )
    is_estimated = models.BooleanField(_("the reading at the end was estimated"), default=False)
    tariff_billed = models.CharField(_("tariff on the bill"), max_length=40, blank=True)
    tariff_code = models.CharField(_("tariff that applies"), max_length=40)
    multiplier = models.DecimalField(
        _("multiplier of the meter"),
        max_digits=8,
        decimal_places=2,
        default=Decimal(1),
        validators=[MinValueValidator(Decimal("0.01"))],
    )
    registers = models.JSONField(_("readings"))
    verified_on = models.DateField(_("meter read again on"), null=True, blank=True)
    verified_by = models.CharField(_("read again by"), max_length=80, blank=True)
    photo = models.ForeignKey(Attachment, on_delete=models.PROTECT, null=True, related_name="+")
    people = models.PositiveSmallIntegerField(
        _("people in the household"), default=1, validators=[MinValueValidator(1), MaxValueValidator(99)]
    )
    is_low_income = models.BooleanField(_("household of low income"), default=False)
    used_before = models.DecimalField(
        _("kWh used this year before this bill"),
        max_digits=12,
        decimal_places=2,
        default=Decimal(0),
        validators=[MinValueValidator(Decimal(0))],
    )
    meter_error = models.DecimalField(
        _("error of the meter found, per cent"),
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(-90))],
    )
    meter_permitted = models.DecimalField(
        _("error permitted, per cent"),
        max_digits=4,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0))],
    )
    meter_reference = models.CharField(_("laboratory and number of its report"), max_length=120, blank=True)
    late_days = models.PositiveSmallIntegerField(_("days paid late"), null=True, blank=True)
    late_fee = models.DecimalField(
        _("late fee charged"),
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0))],
    )
    held_on = models.DateField(_("dunning held since"), null=True, blank=True)
    released_on = models.DateField(_("dunning released on"), null=True, blank=True)
    no_adjustment_because = models.CharField(_("why nothing is given back"), max_length=300, blank=True)
    lines = models.JSONField(default=list)
    billed_lines = models.JSONField(default=list)
    explained = models.JSONField(default=list)
    recalculated = models.DecimalField(max_digits=12, decimal_places=2)
    fee_due = models.DecimalField(max_digits=10, decimal_places=2, default=Decimal(0))
    verdict = models.CharField(_("verdict"), max_length=10, choices=BillVerdict)
    cause = models.CharField(max_length=40, blank=True)
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    entered_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("finding about a bill")
        verbose_name_plural = _("findings about bills")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(name="bill_has_a_period", condition=Q(period_until__gt=F("period_from"))),
            models.CheckConstraint(name="bill_verdict_is_known", condition=Q(verdict__in=sorted(BillVerdict.values))),
            models.CheckConstraint(
                name="bill_amounts_are_possible",
                condition=Q(amount_billed__gte=0, recalculated__gte=0, used_before__gte=0, multiplier__gt=0),
            ),
            models.CheckConstraint(
                name="dunning_is_held_before_released",
                condition=Q(released_on__isnull=True) | Q(held_on__isnull=False, released_on__gte=F("held_on")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.complaint_id}: {self.verdict}"

    @property
    def difference(self) -> Decimal:
        """Billed less recalculated: above zero is too much, late fee left out."""
        return self.amount_billed - self.recalculated

    @property
    def excess(self) -> Decimal:
        """What was billed too much in all, with the late fee charged on it; below zero when too little was billed."""
        return self.difference + (self.late_fee or Decimal(0)) - self.fee_due


class GivenBack(models.TextChoices):
    """How an adjustment reaches the customer."""

    CREDIT = "credit", _("Credit on the next bill")
    REFUND = "refund", _("Refund to an account")


class AdjustmentState(models.TextChoices):
    PROPOSED = "proposed", _("Waiting for approval")
    APPROVED = "approved", _("Approved")
    DECLINED = "declined", _("Declined")
    PAID = "paid", _("Given back")


class AdjustmentQuerySet(models.QuerySet["Adjustment"]):
    def waiting(self) -> AdjustmentQuerySet:
        return self.filter(state=AdjustmentState.PROPOSED)

    def visible_to(self, user: User) -> AdjustmentQuerySet:
        """Those of complaints that this person may see."""
        return self.filter(read_by(user, "complaint__"))


class Adjustment(models.Model):
    """Money to be given back: proposed by one person, decided by another. Written only with a move of the complaint."""

    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, related_name="adjustments")
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2)
    way = models.CharField(_("how it is given back"), max_length=10, choices=GivenBack)
    pay_to = models.CharField(_("account to pay to"), max_length=80, blank=True)
    reason = models.TextField(_("reason"), max_length=1000)
    state = models.CharField(_("state"), max_length=10, choices=AdjustmentState, default=AdjustmentState.PROPOSED)
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decision = models.TextField(_("what was said with the decision"), max_length=1000, blank=True)
    paid_on = models.DateField(_("given back on"), null=True)
    paid_amount = models.DecimalField(_("amount given back"), max_digits=12, decimal_places=2, null=True)

    objects = AdjustmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("adjustment")
        verbose_name_plural = _("adjustments")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                name="adjustment_is_proposed_once",
                fields=["complaint"],
                condition=Q(state=AdjustmentState.PROPOSED.value),
            ),
            models.CheckConstraint(
                name="adjustment_state_is_known", condition=Q(state__in=sorted(AdjustmentState.values))
            ),
            models.CheckConstraint(name="adjustment_way_is_known", condition=Q(way__in=sorted(GivenBack.values))),
            models.CheckConstraint(name="adjustment_gives_something", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="refund_names_an_account", condition=~Q(way=GivenBack.REFUND.value) | ~Q(pay_to="")
            ),
            models.CheckConstraint(
                name="adjustment_is_decided_by_another",
                condition=Q(state=AdjustmentState.PROPOSED.value, decided_by__isnull=True, decided_at__isnull=True)
                | ~Q(state=AdjustmentState.PROPOSED.value)
                & Q(decided_by__isnull=False, decided_at__isnull=False)
                & ~Q(decided_by=F("proposed_by")),
            ),
            models.CheckConstraint(
                name="declined_adjustment_says_why",
                condition=~Q(state=AdjustmentState.DECLINED.value) | ~Q(decision=""),
            ),
            models.CheckConstraint(
                name="paid_adjustment_is_whole",
                condition=Q(state=AdjustmentState.PAID.value, paid_on__isnull=False, paid_amount__gt=0)
                | ~Q(state=AdjustmentState.PAID.value) & Q(paid_on__isnull=True, paid_amount__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.complaint_id}: {self.amount} {self.state}"

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise HistoryIsPermanent("An adjustment is never deleted; it is declined.")
