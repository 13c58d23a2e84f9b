"""Inspections: which are due again and again (plans), each that is to be done or was, and what they found."""

from __future__ import annotations

import uuid
from datetime import date
from functools import reduce
from operator import or_

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from complaints.models.append_only import AppendOnly
from complaints.models.classification import RequestType
from complaints.models.complaint import RESTRICTED_TO, Complaint
from complaints.models.safety import HazardGrade
from complaints.models.service_issue import ServiceIssue
from customers.models import Account, Feeder, TransformerArea
from staff.models import Branch, Team, TeamKind, User
from staff.naming import Named
from staff.scope import within_branches


class Target(models.TextChoices):
    ACCOUNT = "account", _("customers")
    AREA = "area", _("transformer areas")
    FEEDER = "feeder", _("feeders")


TARGET_FIELDS = {Target.ACCOUNT: "account", Target.AREA: "transformer_area", Target.FEEDER: "feeder"}


def _one_of(names: set[str], of: set[str]) -> Q:
    """Exactly one of `names` is there, and nothing else of `of`."""
    return reduce(or_, (Q(**{f"{name}__isnull": name != chosen for name in sorted(of)}) for chosen in sorted(names)))


class InspectionKind(Named):
    """What is inspected, how often and by what list; of several that fit a customer the highest `rank` holds.

    `cycle_months` is for every one of them; `share` instead is a sample of so many in a thousand each year.
    `extra_before` are days of the year (12-01) before which they are looked at once more, as before the summer peak.
    """

    code = models.SlugField(_("code"), max_length=40, unique=True)
    target = models.CharField(_("inspects"), max_length=10, choices=Target, default=Target.ACCOUNT)
    segments = ArrayField(
        models.CharField(max_length=20), verbose_name=_("customer segments"), default=list, blank=True
    )
    low_kv = models.DecimalField(_("supplied from kV"), max_digits=6, decimal_places=2, null=True, blank=True)
    high_kv = models.DecimalField(_("supplied up to kV"), max_digits=6, decimal_places=2, null=True, blank=True)
    cycle_months = models.PositiveSmallIntegerField(
        _("every so many months"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(120)]
    )
    share = models.PositiveSmallIntegerField(
        _("sample in a thousand each year"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(1000)],
    )
    extra_before = ArrayField(
        models.CharField(max_length=5), verbose_name=_("once more before"), default=list, blank=True
    )
    lead_days = models.PositiveSmallIntegerField(
        _("listed so many days ahead"), default=30, validators=[MaxValueValidator(180)]
    )
    rank = models.PositiveSmallIntegerField(_("rank"), default=0)
    team_kind = models.CharField(_("kind of team"), max_length=20, choices=TeamKind, default=TeamKind.SAFETY)
    items = models.JSONField(_("checklist"), default=list, blank=True)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("kind of inspection")
        verbose_name_plural = _("kinds of inspections")
        ordering = ["-rank", "code"]
        constraints = [
            models.CheckConstraint(
                name="inspection_kind_has_a_cycle_or_a_sample",
                condition=Q(cycle_months__gte=1, share__isnull=True)
                | Q(cycle_months__isnull=True, share__gte=1, share__lte=1000),
            ),
            models.CheckConstraint(
                name="inspection_kind_target_is_known", condition=Q(target__in=sorted(Target.values))
            ),
        ]


class InspectionPlan(models.Model):
    """One account, transformer area or feeder that is inspected again and again.

    `next_due_on` is when next; empty where nothing is due any more, as with a sample that was taken. `cycle_months` is its
    own cycle where it differs from its kind's. `made_on` is when it was last put on the list.
    `is_by_hand` plans keep their kind, whatever the rules would choose.
    """

    kind = models.ForeignKey(InspectionKind, on_delete=models.PROTECT, related_name="plans", verbose_name=_("kind"))
    account = models.OneToOneField(
        Account, on_delete=models.PROTECT, null=True, blank=True, related_name="inspection_plan"
    )
    transformer_area = models.OneToOneField(
        TransformerArea, on_delete=models.PROTECT, null=True, blank=True, related_name="inspection_plan"
    )
    feeder = models.OneToOneField(
        Feeder, on_delete=models.PROTECT, null=True, blank=True, related_name="inspection_plan"
    )
    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, related_name="+")
    cycle_months = models.PositiveSmallIntegerField(
        _("own cycle in months"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(120)]
    )
    last_on = models.DateField(_("last inspected"), null=True, blank=True)
    next_due_on = models.DateField(_("next due"), null=True, blank=True)
    made_on = models.DateField()
    is_active = models.BooleanField(default=True)
    is_by_hand = models.BooleanField(default=False)
    stopped_because = models.CharField(_("why it was stopped"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("inspection plan")
        verbose_name_plural = _("inspection plans")
        ordering = ["next_due_on", "pk"]
        constraints = [
            models.CheckConstraint(
                name="plan_inspects_one_thing",
                condition=_one_of(set(TARGET_FIELDS.values()), set(TARGET_FIELDS.values())),
            ),
            models.CheckConstraint(
                name="stopped_plan_says_why",
                condition=Q(is_active=True, stopped_because="") | (Q(is_active=False) & ~Q(stopped_because="")),
            ),
            models.CheckConstraint(
                name="plan_cycle_is_possible",
                condition=Q(cycle_months__isnull=True) | Q(cycle_months__gte=1, cycle_months__lte=120),
            ),
        ]
        indexes = [
            models.Index(name="plan_next_due", fields=["next_due_on", "id"], condition=Q(is_active=True)),
        ]

    def __str__(self) -> str:
        return f"{self.kind_id} {self.account_id or self.transformer_area_id or self.feeder_id}"

    @property
    def months(self) -> int | None:
        return self.cycle_months or self.kind.cycle_months


class Purpose(models.TextChoices):
    REGULAR = "regular", _("Regular inspection")
    EXTRA = "extra", _("Extra check")
    FOLLOW_UP = "follow_up", _("Follow-up of a mended hazard")
    RECTIFIED = "rectified", _("Re-inspection of a defect")


class InspectionState(models.TextChoices):
    OPEN = "open", _("To be done")
    DONE = "done", _("Done")
    CANCELLED = "cancelled", _("Cancelled")


class InspectionResult(models.TextChoices):
    IN_ORDER = "in_order", _("In order")
    NOT_IN_ORDER = "not_in_order", _("Not in order")


class Informed(models.TextChoices):
    """How the customer learned of the result."""

    ON_SITE = "on_site", _("told on site")
    SIGNED = "signed", _("notice signed for")
    LEFT = "left", _("notice left behind")
    NOBODY = "nobody", _("nobody to tell")


class NotDone(models.TextChoices):
    """Why an inspection could not be done."""

    NOBODY_HOME = "nobody_home", _("nobody was there")
    REFUSED = "refused", _("refused")
    NO_ACCESS = "no_access", _("no way in")
    WEATHER = "weather", _("weather")
    OTHER = "other", _("another reason")


class InspectionQuerySet(models.QuerySet["Inspection"]):
    def visible_to(self, user: User) -> InspectionQuerySet:
        """Those of the person's branches; of hazards in reports of wrongdoing only for whom may see the report."""
        seen = self.filter(within_branches(user))
        if user.role in RESTRICTED_TO:
            return seen
        return seen.filter(Q(complaint__isnull=True) | ~Q(complaint__request_type=RequestType.REPORT))

    def open(self) -> InspectionQuerySet:
        return self.filter(state=InspectionState.OPEN)

    def overdue(self, today: date) -> InspectionQuerySet:
        """Due on a day that is over."""
        return self.open().filter(due_on__lt=today)

    def done(self) -> InspectionQuerySet:
        return self.filter(state=InspectionState.DONE)

    def by_due(self) -> InspectionQuerySet:
        return self.order_by("due_on", "pk")

    def named(self) -> InspectionQuerySet:
        """With everything that a row of the list shows."""
        return self.select_related(
            "kind", "team", "assignee", "complaint", "account__customer", "transformer_area", "feeder", "branch"
        )


class Inspection(models.Model):
    """One that is to be done by a day, was done, or was cancelled. `scheduled_on` is the day it was first due, for good.

    Regular and extra ones come from a plan, a follow-up from a complaint about a hazard, a re-inspection from a finding.
    """

    purpose = models.CharField(_("purpose"), max_length=10, choices=Purpose)
    plan = models.ForeignKey(InspectionPlan, on_delete=models.PROTECT, null=True, related_name="inspections")
    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, null=True, related_name="inspections")
    origin = models.ForeignKey("InspectionFinding", on_delete=models.PROTECT, null=True, related_name="looks")
    kind = models.ForeignKey(
        InspectionKind, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("kind")
    )
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="inspections")
    transformer_area = models.ForeignKey(
        TransformerArea, on_delete=models.PROTECT, null=True, related_name="inspections"
    )
    feeder = models.ForeignKey(Feeder, on_delete=models.PROTECT, null=True, related_name="inspections")
    place = models.CharField(_("where"), max_length=240, blank=True)
    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, related_name="+", verbose_name=_("branch"))
    team = models.ForeignKey(
        Team, on_delete=models.PROTECT, null=True, blank=True, related_name="inspections", verbose_name=_("team")
    )
    assignee = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="inspections", verbose_name=_("who does it")
    )
    scheduled_on = models.DateField(_("first due"))
    due_on = models.DateField(_("due on"))
    state = models.CharField(_("state"), max_length=10, choices=InspectionState, default=InspectionState.OPEN)
    attempts = models.PositiveSmallIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)
    result = models.CharField(_("result"), max_length=15, choices=InspectionResult, blank=True)
    answers = models.JSONField(default=dict)
    note = models.TextField(_("note"), max_length=1000, blank=True)
    informed = models.CharField(_("the customer was informed"), max_length=10, choices=Informed, blank=True)
    done_on = models.DateField(_("done on"), null=True)
    recorded_at = models.DateTimeField(null=True)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    cancelled_because = models.CharField(_("why it was cancelled"), max_length=300, blank=True)
    reminded_at = models.DateTimeField(null=True)

    objects = InspectionQuerySet.as_manager()

    class Meta:
        verbose_name = _("inspection")
        verbose_name_plural = _("inspections")
        ordering = ["due_on", "pk"]
        constraints = [
            models.UniqueConstraint(name="inspection_is_scheduled_once", fields=["plan", "scheduled_on"]),
            models.UniqueConstraint(
                name="hazard_has_one_open_follow_up",
                fields=["complaint"],
                condition=Q(state=InspectionState.OPEN.value),
            ),
            models.UniqueConstraint(name="defect_is_looked_at_again_once", fields=["origin"]),
            models.CheckConstraint(
                name="inspection_has_its_reason",
                condition=Q(
                    purpose__in=[Purpose.EXTRA.value, Purpose.REGULAR.value],
                    plan__isnull=False, complaint__isnull=True, origin__isnull=True,
                )
                | Q(purpose=Purpose.FOLLOW_UP.value, plan__isnull=True, complaint__isnull=False, origin__isnull=True)
                | Q(purpose=Purpose.RECTIFIED.value, plan__isnull=True, complaint__isnull=True, origin__isnull=False),
            ),
            models.CheckConstraint(
                name="inspection_is_open_done_or_cancelled",
                condition=Q(state=InspectionState.OPEN.value, result="", done_on__isnull=True, cancelled_because="")
                | (
                    Q(
                        state=InspectionState.DONE.value,
                        result__in=sorted(InspectionResult.values),
                        done_on__isnull=False, recorded_by__isnull=False, recorded_at__isnull=False,
                        cancelled_because="",
                    )
                )
                | (Q(state=InspectionState.CANCELLED.value, result="", done_on__isnull=True) & ~Q(cancelled_because="")),
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(
                name="inspections_by_due", fields=["due_on", "id"], condition=Q(state=InspectionState.OPEN.value)
            ),
            models.Index(
                name="inspections_of_team",
                fields=["team", "due_on", "id"],
                condition=Q(state=InspectionState.OPEN.value),
            ),
            models.Index(
                name="inspections_of_person",
                fields=["assignee", "due_on", "id"],
                condition=Q(state=InspectionState.OPEN.value),
            ),
            models.Index(
                F("done_on").desc(),
                F("id").desc(),
                name="inspections_by_done",
                condition=Q(state=InspectionState.DONE.value),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.due_on:%Y-%m-%d} {self.where}"

    @property
    def is_open(self) -> bool:
        return self.state == InspectionState.OPEN

    @property
    def where(self) -> str:
        """The asset by its name, else the place as it is written."""
        asset = self.transformer_area or self.feeder
        return asset.name if asset is not None else self.place

    @property
    def title(self) -> str:
        """What is inspected by what rule, as people say it."""
        return self.kind.name if self.kind is not None else str(self.get_purpose_display())


class InspectionStep(models.TextChoices):
    SCHEDULED = "scheduled", _("Scheduled")
    ASSIGNED = "assigned", _("Given to")
    MOVED = "moved", _("Moved to another day")
    TRIED = "tried", _("Could not be done")
    DONE = "done", _("Done")
    CANCELLED = "cancelled", _("Cancelled")


class InspectionEvent(AppendOnly):
    """What happened to an inspection; `because` says why one could not be done, the dates what it was moved from and to."""

    inspection = models.ForeignKey(Inspection, on_delete=models.PROTECT, related_name="events")
    step = models.CharField(max_length=10, choices=InspectionStep)
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    because = models.CharField(max_length=12, choices=NotDone, blank=True)
    note = models.TextField(blank=True)
    was_on = models.DateField(null=True)
    now_on = models.DateField(null=True)

    class Meta:
        verbose_name = _("step of an inspection")
        verbose_name_plural = _("steps of inspections")
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="inspection_step_is_known", condition=Q(step__in=sorted(InspectionStep.values))
            ),
            models.CheckConstraint(
                name="not_done_says_why", condition=Q(step=InspectionStep.TRIED.value) ^ Q(because="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.step}"


class Consequence(models.TextChoices):
    """What follows from a finding."""

    RECTIFY = "rectify", _("a notice to rectify by a day")
    COMPLAINT = "complaint", _("a complaint is opened")
    ISSUE = "issue", _("a service issue is opened")


def photo_path(finding: InspectionFinding, filename: str) -> str:
    """A random name, so that nothing can be guessed."""
    return f"inspections/{finding.uuid.hex[:2]}/{finding.uuid.hex}"


class InspectionFinding(models.Model):
    """One thing that is not in order, how grave it is, and what follows from it."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    inspection = models.ForeignKey(Inspection, on_delete=models.PROTECT, related_name="findings")
    what = models.CharField(_("what is not in order"), max_length=500)
    grade = models.CharField(_("hazard grade"), max_length=3, choices=HazardGrade)
    consequence = models.CharField(_("what follows"), max_length=10, choices=Consequence)
    rectify_by = models.DateField(_("to be rectified by"), null=True, blank=True)
    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, null=True, related_name="inspection_findings")
    issue = models.ForeignKey(ServiceIssue, on_delete=models.PROTECT, null=True, related_name="inspection_findings")
    photo = models.FileField(upload_to=photo_path, max_length=200, blank=True)
    photo_type = models.CharField(max_length=80, blank=True)

    class Meta:
        verbose_name = _("finding of an inspection")
        verbose_name_plural = _("findings of inspections")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="inspection_finding_grade_is_known", condition=Q(grade__in=sorted(HazardGrade.values))
            ),
            models.CheckConstraint(
                name="finding_has_its_consequence",
                condition=Q(
                    consequence=Consequence.RECTIFY.value,
                    rectify_by__isnull=False, complaint__isnull=True, issue__isnull=True,
                )
                | Q(consequence=Consequence.COMPLAINT.value, complaint__isnull=False, issue__isnull=True)
                | Q(consequence=Consequence.ISSUE.value, complaint__isnull=True, issue__isnull=False),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.grade}: {self.what}"
