"""What is to be done with many complaints because of one service issue: a row for each, so that none is left out or doubled."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.utils.translation import gettext_lazy as _

from complaints.models.classification import RootCause
from complaints.models.complaint import Complaint
from complaints.models.service_issue import IssueKind, ServiceIssue
from customers.models import Feeder, TransformerArea
from staff.models import Branch, User
from staff.scope import within_branches


class IssueAct(models.TextChoices):
    LINK = "link", _("Link to service issue")
    DETACH = "detach", _("Detach from service issue")
    SETTLE = "settle", _("Resolve with the service issue")


class JobState(models.TextChoices):
    DUE = "due", _("waits")
    DONE = "done", _("done")
    LEFT = "left", _("left as it is")


class Left(models.TextChoices):
    """Why a complaint was left as it is."""

    REVIEW = "review", _("in review: a supervisor decides")
    WAITING = "waiting", _("waits for the customer's answer")
    SAFETY = "safety", _("a matter of safety")
    SEVERE = "severe", _("special, major or life-safety: needs an approval")
    REGULATOR = "regulator", _("from the regulator: the formal reply stays owed")
    UNRELATED = "unrelated", _("about something that this does not explain")
    LATER = "later", _("came in after it was over")
    MEANWHILE = "meanwhile", _("moved by somebody meanwhile")


class IssueJobQuerySet(models.QuerySet["IssueJob"]):
    def due(self) -> IssueJobQuerySet:
        return self.filter(state=JobState.DUE).order_by("pk")


class IssueJob(models.Model):
    """One move that one complaint shall get because of an issue. A worker makes it, in the transaction that notes it as done."""

    issue = models.ForeignKey(ServiceIssue, on_delete=models.PROTECT, related_name="jobs")
    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, related_name="issue_jobs")
    act = models.CharField(max_length=10, choices=IssueAct)
    state = models.CharField(max_length=10, choices=JobState, default=JobState.DUE)
    why = models.CharField(max_length=12, choices=Left, blank=True)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    objects = IssueJobQuerySet.as_manager()

    class Meta:
        verbose_name = _("work for a service issue")
        verbose_name_plural = _("work for service issues")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(name="issue_job_is_asked_once", fields=["issue", "complaint", "act"]),
            models.CheckConstraint(name="issue_job_act_is_known", condition=models.Q(act__in=sorted(IssueAct.values))),
            models.CheckConstraint(
                name="issue_job_left_says_why",
                condition=models.Q(state__in=[JobState.DUE.value, JobState.DONE.value], why="")
                | (models.Q(state=JobState.LEFT.value) & ~models.Q(why="")),
            ),
        ]
        indexes = [
            models.Index(name="issue_job_due", fields=["id"], condition=models.Q(state=JobState.DUE.value)),
            models.Index(name="issue_job_progress", fields=["issue", "act", "state"]),
        ]

    def __str__(self) -> str:
        return f"{self.act} {self.complaint_id} {self.state}"


class IssueProposalQuerySet(models.QuerySet["IssueProposal"]):
    def visible_to(self, user: User) -> IssueProposalQuerySet:
        return self.filter(within_branches(user))

    def live(self) -> IssueProposalQuerySet:
        """What nobody has decided yet."""
        return self.filter(decided_at__isnull=True)


class IssueProposal(models.Model):
    """Complaints that cluster on a feeder, or on one area of it, and look like one trouble; a person accepts or dismisses it.

    Accepted it has an issue; dismissed it has none. `number` is how many complaints match it, counted by the last look.
    """

    kind = models.CharField(_("kind"), max_length=20, choices=IssueKind)
    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, related_name="+")
    feeder = models.ForeignKey(Feeder, on_delete=models.PROTECT, related_name="+")
    transformer_area = models.ForeignKey(TransformerArea, on_delete=models.PROTECT, null=True, related_name="+")
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    number = models.PositiveIntegerField()
    proposed_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    issue = models.OneToOneField(ServiceIssue, on_delete=models.PROTECT, null=True, related_name="proposal")

    objects = IssueProposalQuerySet.as_manager()

    class Meta:
        verbose_name = _("proposed service issue")
        verbose_name_plural = _("proposed service issues")
        ordering = ["-number", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="one_live_proposal_per_feeder",
                fields=["feeder", "kind"],
                condition=models.Q(decided_at__isnull=True, transformer_area__isnull=True),
            ),
            models.UniqueConstraint(
                name="one_live_proposal_per_area",
                fields=["transformer_area", "kind"],
                condition=models.Q(decided_at__isnull=True, transformer_area__isnull=False),
            ),
            models.CheckConstraint(
                name="proposal_is_decided_by_somebody",
                condition=models.Q(decided_at__isnull=True, decided_by__isnull=True, issue__isnull=True)
                | models.Q(decided_at__isnull=False, decided_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.where}"

    @property
    def where(self) -> str:
        return str((self.transformer_area or self.feeder).name)


class ActionKind(models.TextChoices):
    CORRECTIVE = "corrective", _("Corrective")
    PREVENTIVE = "preventive", _("Preventive")


class IssueActionQuerySet(models.QuerySet["IssueAction"]):
    def visible_to(self, user: User) -> IssueActionQuerySet:
        return self.filter(within_branches(user, "issue__branch"))

    def open(self) -> IssueActionQuerySet:
        return self.filter(done_at__isnull=True)

    def overdue(self, today: date) -> IssueActionQuerySet:
        """Due on a day that is over."""
        return self.open().filter(due_on__lt=today)


class IssueAction(models.Model):
    """What somebody does so that the trouble ends (corrective) or does not come again (preventive), by a day."""

    issue = models.ForeignKey(ServiceIssue, on_delete=models.PROTECT, related_name="actions")
    kind = models.CharField(_("kind"), max_length=12, choices=ActionKind)
    what = models.CharField(_("what is done"), max_length=300)
    root_cause = models.ForeignKey(
        RootCause, on_delete=models.PROTECT, null=True, blank=True, related_name="actions", verbose_name=_("root cause")
    )
    owner = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="issue_actions", verbose_name=_("who does it")
    )
    due_on = models.DateField(_("due on"))
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    note = models.TextField(_("what was done"), blank=True)

    objects = IssueActionQuerySet.as_manager()

    class Meta:
        verbose_name = _("action")
        verbose_name_plural = _("actions")
        ordering = ["due_on", "pk"]
        constraints = [
            models.CheckConstraint(
                name="issue_action_kind_is_known", condition=models.Q(kind__in=sorted(ActionKind.values))
            ),
            models.CheckConstraint(
                name="issue_action_is_done_by_somebody",
                condition=models.Q(done_at__isnull=True, done_by__isnull=True)
                | models.Q(done_at__isnull=False, done_by__isnull=False),
            ),
        ]
        indexes = [models.Index(name="issue_action_due", fields=["due_on"], condition=models.Q(done_at__isnull=True))]

    def __str__(self) -> str:
        return self.what
