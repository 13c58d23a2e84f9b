"""Who works here: branches, teams and the people who sign in."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from staff.actors import Role
from staff.entry_models import (  # noqa: F401  Django finds models here
    AccountMail,
    ApiToken,
    DeskSession,
    EntryEvent,
    Passkey,
    RecoveryCode,
    SecondFactorRule,
)
from staff.naming import Named


class Branch(Named):
    """An organisational unit; `path` is the codes from the root down, each ended by a slash, so that a prefix is a subtree."""

    code = models.CharField(_("code"), max_length=20, unique=True)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    path = models.CharField(max_length=200, unique=True, editable=False)

    class Meta:
        verbose_name = _("branch")
        verbose_name_plural = _("branches")
        ordering = ["path"]

    def save(self, *args: object, **kwargs: object) -> None:
        self.path = f"{self.parent.path if self.parent else ''}{self.code}/"
        super().save(*args, **kwargs)  # type: ignore[arg-type]


class TeamKind(models.TextChoices):
    """What a team is for; routing rules name a kind, the complaint's branch gives the team."""

    DISPATCH = "dispatch", _("Dispatch desk")
    OUTAGE = "outage", _("Outage crew")
    POWER_QUALITY = "power_quality", _("Power quality")
    BILLING = "billing", _("Metering and billing")
    SAFETY = "safety", _("Safety")
    SERVICE = "service", _("Service quality")
    LIAISON = "liaison", _("Regulator liaison")
    KEY_ACCOUNTS = "key_accounts", _("Key accounts")


class Team(Named):
    """People who handle one kind of complaint for a branch and the branches below it."""

    code = models.CharField(_("code"), max_length=40, unique=True)
    kind = models.CharField(_("kind"), max_length=20, choices=TeamKind)
    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, related_name="teams")
    is_active = models.BooleanField(_("active"), default=True)
    assigns_itself = models.BooleanField(_("gives complaints to whoever on duty has least"), default=False)
    cap = models.PositiveSmallIntegerField(_("at most so many open complaints each"), null=True, blank=True)

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ["code"]


class User(AbstractUser):
    """A person who signs in; what they see follows from `branch` (their subtree), what they may do from `role`."""

    full_name = models.CharField(_("full name"), max_length=80, blank=True)
    role = models.CharField(_("role"), max_length=20, choices=Role, default=Role.AGENT)
    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, null=True, blank=True, related_name="staff")
    team = models.ForeignKey(Team, on_delete=models.SET_NULL, null=True, blank=True, related_name="members")
    phone = models.CharField(_("phone"), max_length=30, blank=True)
    language = models.CharField(_("language"), max_length=10, default="zh-hans")
    is_on_duty = models.BooleanField(_("on duty"), default=True)
    skills = ArrayField(
        models.CharField(max_length=10),
        verbose_name=_("handles only these categories"),
        default=list,
        blank=True,
        help_text=_("codes of categories; empty: all of them"),
    )
    must_change_password = models.BooleanField(_("must choose a password"), default=False)

    class Meta(AbstractUser.Meta):  # type: ignore[name-defined]
        constraints = [
            models.CheckConstraint(name="user_role_is_known", condition=models.Q(role__in=sorted(Role.values))),
        ]

    _own_branches: tuple[int | None, list[int]] | None = None

    @property
    def display_name(self) -> str:
        return self.full_name or self.username

    def own_branches(self) -> list[int]:
        """The keys of their branch and of all below it, read once for this object."""
        if self._own_branches is None or self._own_branches[0] != self.branch_id:
            rows = Branch.objects.filter(path__startswith=self.branch.path) if self.branch else Branch.objects.none()
            self._own_branches = self.branch_id, list(rows.order_by("pk").values_list("pk", flat=True))
        return self._own_branches[1]


class TsTzRange(models.Func):
    """A span of time as PostgreSQL compares it."""

    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


class DutyQuerySet(models.QuerySet["Duty"]):
    def at(self, moment: datetime) -> DutyQuerySet:
        """The shifts that cover this moment."""
        return self.filter(starts_at__lte=moment, ends_at__gt=moment)


class Duty(models.Model):
    """One shift on the roster: this person answers for their role in this branch from `starts_at` until `ends_at`."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="duties", verbose_name=_("person"))
    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, related_name="duties", verbose_name=_("branch"))
    role = models.CharField(_("role"), max_length=20, choices=Role)
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    entered_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")

    objects = DutyQuerySet.as_manager()

    class Meta:
        verbose_name = _("shift")
        verbose_name_plural = _("roster")
        ordering = ["starts_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="duty_ends_after_it_starts", condition=models.Q(ends_at__gt=models.F("starts_at"))
            ),
            models.CheckConstraint(name="duty_role_is_known", condition=models.Q(role__in=sorted(Role.values))),
            ExclusionConstraint(
                name="duty_of_a_person_does_not_overlap",
                expressions=[
                    (models.F("user"), RangeOperators.EQUAL),
                    (TsTzRange("starts_at", "ends_at", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
            ),
        ]
        indexes = [models.Index(name="duty_by_branch", fields=["branch", "role", "ends_at"])]

    def __str__(self) -> str:
        return f"{self.user.display_name} {self.starts_at:%Y-%m-%d %H:%M}"


class AbsenceKind(models.TextChoices):
    LEAVE = "leave", _("Leave")
    ILL = "ill", _("Ill")
    TRAINING = "training", _("Training")
    TRAVEL = "travel", _("Business trip")
    OTHER = "other", pgettext_lazy("reason of an absence", "Other")


class AbsenceQuerySet(models.QuerySet["Absence"]):
    def standing(self) -> AbsenceQuerySet:
        """Those that nobody has taken back."""
        return self.filter(cancelled_at__isnull=True)

    def touching(self, start: datetime, end: datetime | None) -> AbsenceQuerySet:
        """Those that share a moment with this stretch; without an end it goes on for ever."""
        rows = self.standing().filter(models.Q(ends_at__isnull=True) | models.Q(ends_at__gt=start))
        return rows if end is None else rows.filter(starts_at__lt=end)

    def at(self, moment: datetime) -> AbsenceQuerySet:
        """Those that cover this moment."""
        over = models.Q(ends_at__isnull=True) | models.Q(ends_at__gt=moment)
        return self.standing().filter(over, starts_at__lte=moment)


class Absence(models.Model):
    """A person is away from `starts_at` until `ends_at`, or until somebody says that they are back; `deputy` acts for them."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="absences", verbose_name=_("person"))
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    kind = models.CharField(_("why"), max_length=10, choices=AbsenceKind, default=AbsenceKind.LEAVE)
    deputy = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="deputises", verbose_name=_("deputy")
    )
    entered_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    entered_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True)

    objects = AbsenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        ordering = ["starts_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="absence_ends_after_it_starts",
                condition=models.Q(ends_at__isnull=True) | models.Q(ends_at__gt=models.F("starts_at")),
            ),
            models.CheckConstraint(
                name="absence_kind_is_known", condition=models.Q(kind__in=sorted(AbsenceKind.values))
            ),
            models.CheckConstraint(
                name="absence_deputy_is_somebody_else",
                condition=models.Q(deputy__isnull=True) | ~models.Q(deputy=models.F("user")),
            ),
            ExclusionConstraint(
                name="absence_of_a_person_does_not_overlap",
                expressions=[
                    (models.F("user"), RangeOperators.EQUAL),
                    (TsTzRange("starts_at", "ends_at", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
                condition=models.Q(cancelled_at__isnull=True),
            ),
        ]
        indexes = [
            models.Index(name="absence_by_end", fields=["ends_at"], condition=models.Q(cancelled_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.user.display_name} {self.starts_at:%Y-%m-%d %H:%M}"

    def covers(self, moment: datetime) -> bool:
        return self.starts_at <= moment and (self.ends_at is None or moment < self.ends_at)
