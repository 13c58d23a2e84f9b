"""What makes a hazard one of its grade, when somebody looks again, how far danger reaches; and who changed that."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DecimalRangeField, RangeOperators
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q, Value
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from complaints.models.append_only import AppendOnly
from complaints.models.safety import HazardGrade
from staff.models import User


class HazardRule(models.Model):
    """The criteria of a grade, and after how many days a mended hazard of it is looked at again."""

    grade = models.CharField(_("hazard grade"), max_length=3, choices=HazardGrade, unique=True)
    criteria_zh = models.TextField(_("criteria in Chinese"), max_length=300)
    criteria_en = models.TextField(_("criteria in English"), max_length=300)
    follow_up_days = models.PositiveSmallIntegerField(
        _("days until somebody looks again"), validators=[MinValueValidator(1), MaxValueValidator(365)]
    )

    class Meta:
        verbose_name = _("hazard grade")
        verbose_name_plural = _("hazard grades")
        ordering = ["grade"]
        constraints = [
            models.CheckConstraint(
                name="hazard_rule_grade_is_known", condition=Q(grade__in=sorted(HazardGrade.values))
            ),
            models.CheckConstraint(
                name="hazard_is_looked_at_again_within_a_year",
                condition=Q(follow_up_days__gte=1, follow_up_days__lte=365),
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_grade_display())

    @property
    def criteria(self) -> str:
        return self.criteria_zh if (get_language() or "").startswith("zh") else self.criteria_en


class ProtectionZone(models.Model):
    """How far the key protection zone reaches around an overhead conductor of these voltages, both ends included."""

    low_kv = models.DecimalField(_("from kV"), max_digits=6, decimal_places=2)
    high_kv = models.DecimalField(_("to kV"), max_digits=6, decimal_places=2)
    metres = models.PositiveSmallIntegerField(_("metres"), validators=[MinValueValidator(1), MaxValueValidator(100)])

    class Meta:
        verbose_name = _("protection zone")
        verbose_name_plural = _("protection zones")
        ordering = ["low_kv"]
        constraints = [
            models.CheckConstraint(
                name="zone_begins_below_its_end", condition=Q(low_kv__gt=0, high_kv__gte=F("low_kv"), metres__gte=1)
            ),
            ExclusionConstraint(
                name="zones_do_not_overlap",
                expressions=[
                    (
                        models.Func(
                            "low_kv", "high_kv", Value("[]"), function="NUMRANGE", output_field=DecimalRangeField()
                        ),
                        RangeOperators.OVERLAPS,
                    )
                ],
            ),
        ]

    def __str__(self) -> str:
        low, high = (f"{end.normalize():f}" for end in (self.low_kv, self.high_kv))
        return f"{low} kV" if low == high else f"{low}–{high} kV"


class SafetyRuleKind(models.TextChoices):
    GRADE = "grade", _("Hazard grade")
    ZONE = "zone", _("Protection zone")
    KIND = "kind", _("Kind of inspection")


class SafetyRuleChange(AppendOnly):
    """One change of a row of the safety settings; `before` and `after` are the fields that it changed, in words."""

    of = models.CharField(max_length=10, choices=SafetyRuleKind)
    name = models.CharField(max_length=160)
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("change of a safety setting")
        verbose_name_plural = _("changes of safety settings")
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="safety_rule_change_is_known", condition=Q(of__in=sorted(SafetyRuleKind.values))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.of} {self.name}"
