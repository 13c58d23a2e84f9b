"""What the investigation of a complaint about supply found: voltages measured, and what was done about them."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from complaints.models.append_only import AppendOnly, HistoryIsPermanent
from complaints.models.attachment import Attachment
from complaints.models.classification import RootCause
from complaints.models.complaint import Complaint, Responsibility
from staff.models import User

WITHDRAWAL = frozenset({"withdrawn_at", "withdrawn_by", "withdrawn_because"})


class VoltageTestQuerySet(models.QuerySet["VoltageTest"]):
    def standing(self) -> VoltageTestQuerySet:
        """Those that were not withdrawn."""
        return self.filter(withdrawn_at__isnull=True)


class VoltageTest(models.Model):
    """One measurement at one point. It is never changed: a mistake is withdrawn with a reason, and measured or entered anew.

    `zero_at` is what the seconds of its series count from; `limits` is the pack of limits as it was when it was judged,
    and `judged` what came of it, one entry per phase (complaints/investigation/limits.py).
    """

    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, related_name="voltage_tests")
    instrument = models.CharField(_("instrument"), max_length=80)
    serial = models.CharField(_("serial number"), max_length=40, blank=True)
    point = models.CharField(_("measuring point"), max_length=120)
    nominal = models.PositiveIntegerField(_("nominal voltage"))
    limits = models.JSONField()
    zero_at = models.DateTimeField()
    began_at = models.DateTimeField(_("from"))
    ended_at = models.DateTimeField(_("until"))
    judged = models.JSONField()
    verdict = models.CharField(_("verdict"), max_length=12)
    faults = models.JSONField(default=list)
    """Lines of the file that were not taken or look odd: line, what it said, what is wrong with it (a code)."""
    file = models.ForeignKey(Attachment, on_delete=models.PROTECT, null=True, related_name="+")
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    entered_at = models.DateTimeField(default=timezone.now)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    withdrawn_because = models.CharField(_("withdrawn because"), max_length=300, blank=True)

    objects = VoltageTestQuerySet.as_manager()

    class Meta:
        verbose_name = _("voltage measurement")
        verbose_name_plural = _("voltage measurements")
        ordering = ["-entered_at", "-pk"]
        constraints = [
            models.CheckConstraint(name="voltage_test_has_a_period", condition=Q(ended_at__gte=models.F("began_at"))),
            models.CheckConstraint(
                name="voltage_verdict_is_known", condition=Q(verdict__in=["within", "outside", "too_short"])
            ),
            models.CheckConstraint(
                name="voltage_withdrawal_is_whole",
                condition=Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True, withdrawn_because="")
                | (Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False) & ~Q(withdrawn_because="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.point} {self.began_at:%Y-%m-%d}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding and not set(kwargs.get("update_fields") or {"*"}) <= WITHDRAWAL:
            raise HistoryIsPermanent("A measurement is never changed; withdraw it and enter another.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise HistoryIsPermanent("A measurement is never deleted; withdraw it.")


class VoltageSeries(AppendOnly):
    """The readings of one phase as two arrays of equal length: seconds since `test.zero_at`, hundredths of a volt.

    Ten thousand readings are some tens of kilobytes this way, and are only ever read together.
    """

    test = models.ForeignKey(VoltageTest, on_delete=models.PROTECT, related_name="series")
    phase = models.CharField(_("phase"), max_length=4)
    seconds = ArrayField(models.IntegerField())
    volts = ArrayField(models.IntegerField())

    class Meta:
        verbose_name = _("series of voltages")
        verbose_name_plural = _("series of voltages")
        ordering = ["phase"]
        constraints = [
            models.UniqueConstraint(name="voltage_phase_is_once", fields=["test", "phase"]),
            models.CheckConstraint(
                name="voltage_series_is_even", condition=Q(seconds__len=models.F("volts__len")) & Q(seconds__len__gte=1)
            ),
        ]

    def __str__(self) -> str:
        return self.phase

    @property
    def readings(self) -> list[tuple[int, int]]:
        return list(zip(self.seconds, self.volts, strict=True))


class VoltageFinding(AppendOnly):
    """What else was found about a voltage complaint; the newest row holds, the older ones say what was thought before."""

    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, related_name="voltage_findings")
    transformer_load = models.DecimalField(
        _("load of the transformer, per cent of its rating"), max_digits=5, decimal_places=1, null=True, blank=True
    )
    temporary_measure = models.TextField(_("temporary measure"), max_length=1000, blank=True)
    permanent_measure = models.TextField(_("permanent measure"), max_length=1000, blank=True)
    planned_on = models.DateField(_("permanent measure planned for"), null=True, blank=True)
    appliances = models.TextField(_("damaged appliances"), max_length=2000, blank=True)
    checked_on = models.DateField(_("appliances looked at on"), null=True, blank=True)
    liability = models.CharField(_("who is liable"), max_length=20, choices=Responsibility, blank=True)
    settlement = models.DecimalField(
        _("settlement, in the currency of the bills"), max_digits=12, decimal_places=2, null=True, blank=True
    )
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    entered_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("finding about the voltage")
        verbose_name_plural = _("findings about the voltage")
        ordering = ["-entered_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="transformer_load_is_possible",
                condition=Q(transformer_load__isnull=True) | Q(transformer_load__gte=0),
            ),
            models.CheckConstraint(
                name="settlement_is_possible", condition=Q(settlement__isnull=True) | Q(settlement__gte=0)
            ),
        ]

    def __str__(self) -> str:
        return str(self.entered_at)


class OutageKind(models.TextChoices):
    """Kinds of outage as the 95598 rules tell them apart (domain 2.1)."""

    FAULT = "fault", _("Fault")
    PLANNED = "planned", _("Planned")
    TEMPORARY = "temporary", _("Temporary, not in the plan")
    ARREARS = "arrears", _("For unpaid bills")
    BREACH = "breach", _("For a breach of contract")


class OutageFinding(AppendOnly):
    """What was found about an outage; the newest row holds. `steps` are [moment, customers who had supply back then]."""

    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, related_name="outage_findings")
    kind = models.CharField(_("kind of outage"), max_length=12, choices=OutageKind)
    started_at = models.DateTimeField(_("began"))
    restored_at = models.DateTimeField(_("restored for everybody"), null=True, blank=True)
    cause = models.ForeignKey(
        RootCause, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("cause")
    )
    equipment = models.CharField(_("equipment"), max_length=80, blank=True)
    customers = models.PositiveIntegerField(_("customers without supply"), null=True, blank=True)
    steps = models.JSONField(default=list, blank=True)
    noticed_at = models.DateTimeField(_("notice given at"), null=True, blank=True)
    notice_evidence = models.CharField(_("what shows the notice"), max_length=300, blank=True)
    announced_from = models.DateTimeField(_("announced to begin"), null=True, blank=True)
    announced_until = models.DateTimeField(_("announced to end"), null=True, blank=True)
    change_told_at = models.DateTimeField(_("change passed on at"), null=True, blank=True)
    rules = models.JSONField(null=True, editable=False)
    """The notice rules of this utility when it was recorded; none for what was recorded before there were such rows."""
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    entered_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("finding about an outage")
        verbose_name_plural = _("findings about outages")
        ordering = ["-entered_at", "-pk"]
        constraints = [
            models.CheckConstraint(name="outage_kind_is_known", condition=Q(kind__in=sorted(OutageKind.values))),
            models.CheckConstraint(
                name="outage_ends_after_it_began",
                condition=Q(restored_at__isnull=True) | Q(restored_at__gte=models.F("started_at")),
            ),
            models.CheckConstraint(
                name="announced_outage_ends_after_it_begins",
                condition=Q(announced_from__isnull=True, announced_until__isnull=True)
                | Q(
                    announced_from__isnull=False,
                    announced_until__isnull=False,
                    announced_until__gt=models.F("announced_from"),
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.started_at}"
