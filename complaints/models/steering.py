"""What supervisors decide about clocks: why one may pause, who hears an alarm, which storms excuse, which clocks are moved."""

from __future__ import annotations

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from complaints.models.promises import ClockKind
from staff.models import Branch, User
from staff.naming import Named


class PauseReason(Named):
    """Why clocks may be paused, for how long at most (`cap`, such as "5wd" of `calendar`), and who may say so."""

    code = models.SlugField(_("code"), unique=True)
    cap = models.CharField(_("at most"), max_length=20)
    calendar = models.SlugField(_("calendar"), blank=True)
    needs_supervisor = models.BooleanField(_("only a supervisor may grant it"), default=False)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("reason for a pause")
        verbose_name_plural = _("reasons for a pause")
        ordering = ["code"]


class AlarmLevel(models.TextChoices):
    WARN = "warn", _("Warning")
    BREACH = "breach", _("Deadline missed")
    ESCALATE = "escalate", _("Still overdue")


class Listener(models.TextChoices):
    """Whom an alarm tells."""

    ASSIGNEE = "assignee", _("the person assigned")
    TEAM = "team", _("the team on duty")
    SUPERVISOR = "supervisor", _("the supervisor on duty")
    SUPERVISOR_ABOVE = "supervisor_above", _("the supervisor on duty of the branch above")
    LIAISON = "liaison", _("the regulator liaison on duty")
    ADMINISTRATOR = "administrator", _("the administrator on duty")


class LadderStep(models.Model):
    """What happens when an alarm of this kind rings; the step that names more of clock, tier and number wins.

    `number` is which warning or escalation it is, the first being 1; empty means every one. The moments are in the policies.
    """

    kind = models.CharField(_("clock"), max_length=20, choices=ClockKind, blank=True)
    tier = models.CharField(_("tier"), max_length=12, blank=True, help_text=_("empty: every tier"))
    level = models.CharField(_("alarm"), max_length=12, choices=AlarmLevel)
    number = models.PositiveSmallIntegerField(pgettext_lazy("which of several alarms", "number"), null=True, blank=True)
    tell = ArrayField(models.CharField(max_length=20, choices=Listener), verbose_name=_("tells"))
    reassigns = models.BooleanField(_("gives it to whoever is on duty in the team"), default=False)
    raises_priority = models.BooleanField(_("raises the priority"), default=False)

    class Meta:
        verbose_name = _("step of the ladder")
        verbose_name_plural = _("ladder")
        ordering = ["kind", "tier", "level", "number"]
        constraints = [
            models.UniqueConstraint(
                name="ladder_step_is_unique", fields=["kind", "tier", "level", "number"], nulls_distinct=False
            ),
            models.CheckConstraint(name="ladder_level_is_known", condition=Q(level__in=sorted(AlarmLevel.values))),
            models.CheckConstraint(
                name="ladder_kind_is_known", condition=Q(kind="") | Q(kind__in=sorted(ClockKind.values))
            ),
            models.CheckConstraint(name="ladder_step_tells_somebody", condition=Q(tell__len__gte=1)),
            models.CheckConstraint(
                name="only_a_missed_deadline_changes_a_complaint",
                condition=~Q(level=AlarmLevel.WARN.value) | Q(reassigns=False, raises_priority=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind or '*'} {self.tier or '*'} {self.level}{self.number or ''}"


class StormQuerySet(models.QuerySet["Storm"]):
    def at(self, moment: datetime) -> StormQuerySet:
        """Those that raged at this moment and were not declared by mistake."""
        ended = Q(ended_at__isnull=True) | Q(ended_at__gt=moment)
        return self.filter(ended, began_at__lte=moment, is_withdrawn=False)

    def over(self, branch: Branch) -> StormQuerySet:
        """Those declared in this branch or in one above it."""
        codes = branch.path.split("/")[:-1]
        return self.filter(branch__path__in=["/".join(codes[:n]) + "/" for n in range(1, len(codes) + 1)])

    def running(self) -> StormQuerySet:
        return self.filter(ended_at__isnull=True)


class Storm(models.Model):
    """A declared major event in a branch and those below it: promised arrivals in it are excused, never deleted (domain 4.6).

    `changed_at` is when somebody last declared, ended or withdrew it; it is settled when no clock says otherwise any more.
    """

    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, related_name="storms", verbose_name=_("branch"))
    reason = models.CharField(_("what happened"), max_length=200)
    began_at = models.DateTimeField(_("began"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    declared_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    declared_at = models.DateTimeField()
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    is_withdrawn = models.BooleanField(_("declared by mistake"), default=False)
    changed_at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(null=True)

    objects = StormQuerySet.as_manager()

    class Meta:
        verbose_name = _("storm")
        verbose_name_plural = _("storms")
        ordering = ["-began_at"]
        constraints = [
            models.CheckConstraint(
                name="storm_ends_after_it_began", condition=Q(ended_at__isnull=True) | Q(ended_at__gt=F("began_at"))
            ),
            models.CheckConstraint(
                name="storm_withdrawn_or_settled_has_ended",
                condition=Q(ended_at__isnull=False) | Q(is_withdrawn=False, settled_at__isnull=True),
            ),
            models.UniqueConstraint(
                name="branch_has_one_storm_at_a_time", fields=["branch"], condition=Q(ended_at__isnull=True)
            ),
        ]
        indexes = [models.Index(name="storm_unsettled", fields=["began_at"], condition=Q(settled_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.reason} ({self.branch})"


class Retargeting(models.Model):
    """One decision to move running clocks to the policies now in force, carried out complaint by complaint.

    `reached` is the last complaint that was looked at, so that a run cut short goes on where it stopped.
    """

    policies = models.JSONField(_("policies"))
    reason = models.CharField(_("why"), max_length=300)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    reached = models.BigIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    looked_at = models.PositiveIntegerField(default=0)
    moved = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)
    stopped_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("retargeting")
        verbose_name_plural = _("retargetings")
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(
                Value(1),
                name="one_retargeting_at_a_time",
                condition=Q(finished_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.asked_at:%Y-%m-%d %H:%M} {self.reason}"
