"""What was found about a hazard: how grave it is, whose equipment, what protects people now and what mends it for good."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from complaints.models.complaint import Complaint
from staff.models import User


class HazardGrade(models.TextChoices):
    """How near the danger is; the criteria stand beside the choice."""

    IMMINENT = "I", _("I – imminent")
    SERIOUS = "II", _("II – serious")
    ORDINARY = "III", _("III – ordinary")


class EquipmentOwner(models.TextChoices):
    """Whose property the equipment is: who must mend it."""

    UTILITY = "utility", _("The company")
    CUSTOMER = "customer", _("The customer")
    THIRD_PARTY = "third_party", _("A third party")


class SafetyFinding(models.Model):
    """What is known after one recording; the newest row stands, and older ones are never changed.

    `follow_up_on` is set by the rule when `mended_on` is first said: a day of the utility's calendar, no time zone.
    """

    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, related_name="safety_findings")
    grade = models.CharField(_("hazard grade"), max_length=3, choices=HazardGrade, blank=True)
    owner = models.CharField(_("equipment belongs to"), max_length=12, choices=EquipmentOwner, blank=True)
    injured = models.BooleanField(_("someone is hurt"), default=False)
    public_access = models.BooleanField(_("the public can reach it"), default=False)
    voltage_kv = models.DecimalField(_("voltage in kV"), max_digits=6, decimal_places=2, null=True, blank=True)
    not_dangerous_because = models.TextField(_("why it is not dangerous"), max_length=500, blank=True)
    protection = models.TextField(_("temporary protection"), max_length=500, blank=True)
    measure = models.TextField(_("permanent measure"), max_length=500, blank=True)
    measure_by = models.CharField(_("who mends it"), max_length=120, blank=True)
    planned_on = models.DateField(_("planned for"), null=True, blank=True)
    mended_on = models.DateField(_("mended on"), null=True, blank=True)
    follow_up_on = models.DateField(_("follow-up inspection due"), null=True, editable=False)
    inspected_on = models.DateField(_("inspected again on"), null=True, blank=True)
    inspection_result = models.TextField(_("what the follow-up inspection found"), max_length=500, blank=True)
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    entered_at = models.DateTimeField()

    class Meta:
        verbose_name = _("findings on safety")
        verbose_name_plural = _("findings on safety")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="hazard_grade_is_known",
                condition=models.Q(grade="") | models.Q(grade__in=sorted(HazardGrade.values)),
            ),
            models.CheckConstraint(
                name="hazard_owner_is_known",
                condition=models.Q(owner="") | models.Q(owner__in=sorted(EquipmentOwner.values)),
            ),
            models.CheckConstraint(
                name="hazard_is_graded_or_not_dangerous",
                condition=models.Q(not_dangerous_because="") | models.Q(grade=""),
            ),
            models.CheckConstraint(
                name="mended_hazard_is_inspected_again",
                condition=models.Q(mended_on__isnull=True) | models.Q(follow_up_on__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.complaint_id}: {self.grade}"
