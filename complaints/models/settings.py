"""The desk's own numbers: one row that a supervisor may change."""

from __future__ import annotations

from datetime import time
from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from complaints.models.append_only import AppendOnly
from staff.models import User


class DeskSettings(models.Model):
    """Days and counts that rules read; there is one row, number 1."""

    answer_days = models.PositiveSmallIntegerField(_("days to wait for feedback"), default=7)
    change_hours = models.PositiveSmallIntegerField(_("hours in which an answer may be changed"), default=12)
    link_hours = models.PositiveSmallIntegerField(_("hours for the link before somebody calls"), default=24)
    call_attempts = models.PositiveSmallIntegerField(
        _("half-days on which a call-back is tried"), default=3, validators=[MinValueValidator(1)]
    )
    call_back_days = models.PositiveSmallIntegerField(
        _("days in which a call-back keeps the question open"), default=14
    )
    call_calendar = models.SlugField(_("calendar of the call-backs"), blank=True)
    reopen_days = models.PositiveSmallIntegerField(_("days in which anyone may reopen"), default=30)
    urgings_tell_supervisor = models.PositiveSmallIntegerField(_("urgings that tell the supervisor"), default=2)
    urgings_raise_severity = models.PositiveSmallIntegerField(_("urgings that raise the severity"), default=3)
    contact_attempts = models.PositiveSmallIntegerField(_("attempts that count as contact"), default=3)
    attempt_gap_minutes = models.PositiveSmallIntegerField(_("minutes between attempts"), default=60)
    cluster_minutes = models.PositiveSmallIntegerField(
        _("minutes in which complaints make a cluster"),
        default=60,
        validators=[MinValueValidator(5), MaxValueValidator(1440)],
    )
    cluster_area = models.PositiveSmallIntegerField(
        _("complaints of one transformer area that make a cluster"), default=5, validators=[MinValueValidator(2)]
    )
    cluster_feeder = models.PositiveSmallIntegerField(
        _("complaints of one feeder that make a cluster"), default=10, validators=[MinValueValidator(2)]
    )
    reopened_limit = models.CharField(_("limit after reopening"), max_length=20, default="2wd")
    quiet_from = models.TimeField(_("quiet hours begin"), default=time(21), null=True, blank=True)
    quiet_until = models.TimeField(_("quiet hours end"), default=time(8), null=True, blank=True)
    last_resort_email = models.EmailField(_("address for alarms that find nobody on duty"), blank=True)
    interview = models.JSONField(_("call-back script"), default=dict, blank=True)
    voltage_limits = models.JSONField(_("limits of the voltage"), default=list, blank=True)
    currency_zh = models.CharField(_("currency in Chinese"), max_length=12, default="元")
    currency_en = models.CharField(_("currency in English"), max_length=12, default="CNY")
    late_fee_rate = models.DecimalField(
        _("late fee, per cent a day"),
        max_digits=4,
        decimal_places=3,
        default=Decimal("0.1"),
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(1))],
    )
    adjustment_limit = models.DecimalField(
        _("adjustments above this need a higher approval"),
        max_digits=10,
        decimal_places=2,
        default=Decimal(1000),
        validators=[MinValueValidator(Decimal(0))],
    )
    outage_notice = models.JSONField(_("notice of outages"), default=dict, blank=True)
    courtesy_zh = models.TextField(_("prompts on the telephone, in Chinese"), blank=True)
    courtesy_en = models.TextField(_("prompts on the telephone, in English"), blank=True)
    fees_zh = models.TextField(_("fees, in Chinese"), blank=True)
    fees_en = models.TextField(_("fees, in English"), blank=True)
    hotline = models.CharField(_("hotline"), max_length=20, default="95598")
    regulator_hotline = models.CharField(_("regulator's hotline"), max_length=20, default="12398")
    utility_zh = models.CharField(_("name of the utility in Chinese"), max_length=80, default="供电公司")
    utility_en = models.CharField(_("name of the utility in English"), max_length=80, default="Power Supply")
    address_zh = models.CharField(_("address in Chinese"), max_length=120, blank=True)
    address_en = models.CharField(_("address in English"), max_length=120, blank=True)
    postcode = models.CharField(_("postcode"), max_length=12, blank=True)
    signatory_zh = models.CharField(_("who signs, in Chinese"), max_length=80, blank=True)
    signatory_en = models.CharField(_("who signs, in English"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("desk settings")
        verbose_name_plural = _("desk settings")
        constraints = [models.CheckConstraint(name="desk_settings_is_one_row", condition=models.Q(pk=1))]

    def __str__(self) -> str:
        return "desk settings"

    @classmethod
    def current(cls) -> DeskSettings:
        return cls.objects.get_or_create(pk=1)[0]


class OutageRulesChange(AppendOnly):
    """One change of the rules of notice of outages, with who made it and why; before and after are the rules whole."""

    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=300)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("change of the rules of notice")
        verbose_name_plural = _("changes of the rules of notice")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(name="change_of_notice_rules_says_why", condition=~models.Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"
