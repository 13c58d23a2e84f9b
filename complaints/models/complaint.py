"""The complaint: one matter that one customer brought, with one owner and honest deadlines."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from complaints.models.classification import (
    BILLING,
    SAFETY,
    Category,
    Priority,
    RequestType,
    RootCause,
    Severity,
    Subcategory,
)
from complaints.models.promises import Clock, ClockKind
from complaints.states import FINDINGS, LIKELY_NEXT, MOVES, OPEN, STAGE_OF, UNFINISHED, Move, Outcome, Stage, Status
from customers.models import Account, AreaClass, Customer, Premise, TransformerArea
from customers.models.people import ContactMethod
from staff.actors import CLOCK, Role
from staff.models import Branch, Team, User
from staff.scope import within_branches

if TYPE_CHECKING:
    from complaints.models.history import Event


class Channel(models.TextChoices):
    PHONE = "phone", _("Phone")
    WEB = "web", _("Web")
    LETTER = "letter", _("Letter")
    VISIT = "visit", _("Visit")
    REGULATOR = "regulator", _("Regulator")


class Source(models.TextChoices):
    """Where within a channel it came from."""

    HOTLINE = "hotline", _("Hotline")
    WEBSITE = "website", _("Website")
    APP = "app", _("Mobile app")
    API = "api", _("API")
    WECHAT = "wechat", _("WeChat")
    WEIBO = "weibo", _("Weibo")
    EMAIL = "email", _("E-mail")
    OPEN311 = "open311", _("Open311")
    POST = "post", _("Post")
    COUNTER = "counter", _("Counter")
    R12398 = "12398", _("Energy regulator 12398")
    R12345 = "12345", _("Government line 12345")
    PETITION = "petition", _("Petition")
    INSPECTION = "inspection", _("Inspection")


class Responsibility(models.TextChoices):
    UTILITY = "utility", _("The company")
    CUSTOMER = "customer", _("The customer")
    THIRD_PARTY = "third_party", _("A third party")
    FORCE_MAJEURE = "force_majeure", _("Force majeure")


class Flag(models.TextChoices):
    MEDIA = "media", _("Media involved")
    INJURY = "injury", _("Someone is hurt")
    GROUP = "group", _("Group complaint")
    VULNERABLE = "vulnerable", _("Vulnerable customer")
    IMPORTANT_USER = "important_user", _("Important user")
    THREAT = "threat", _("May go further")
    LEGAL = "legal", _("Legal action")


REPLY = "reply"
"""The kind of file that closing a regulator's complaint asks for; FileKind, which cannot be imported here, names it."""
RESTRICTED_TO = (Role.SUPERVISOR, Role.LIAISON, Role.ADMINISTRATOR)
"""Reports of wrongdoing name colleagues; only these roles see them (domain 9: hidden from the complained-of unit)."""


def _running(*kinds: ClockKind) -> Callable[[list[Clock]], bool]:
    return lambda clocks: any(clock.kind in kinds for clock in clocks)


def _extendable(clocks: list[Clock]) -> bool:
    return any(clock.extension and clock.extended_at is None for clock in clocks)


NEEDS_A_CLOCK: dict[str, Callable[[list[Clock]], bool]] = {
    "acknowledge": _running(ClockKind.ACKNOWLEDGE),
    "arrive": _running(ClockKind.ARRIVE),
    "restore": _running(ClockKind.ARRIVE, ClockKind.RESTORE),
    "strike_off": _running(ClockKind.REMEDIATE),
    "hold": lambda clocks: any(clock.is_pausable for clock in clocks),
    "release": lambda clocks: any(clock.is_held for clock in clocks),
    "ask_extension": _extendable,
    "extend": _extendable,
    "decline_extension": _extendable,
    "answer_request": _running(ClockKind.REQUEST),
    "decline_request": _running(ClockKind.REQUEST),
    "withdraw_request": _running(ClockKind.REQUEST),
    "remind_request": _running(ClockKind.REQUEST),
}
"""Moves that make sense only while a clock of some kind runs."""
OF_REQUESTS = frozenset({"remind_request", "withdraw_request"})
"""Those of them that say nothing to the clock either when there is no request."""


ADJUSTING = {
    "propose_adjustment": "",
    "approve_adjustment": "proposed",
    "decline_adjustment": "proposed",
    "adjustment_paid": "approved",
}
"""Moves that are about money, and the state of the adjustment that each takes up (`AdjustmentState` cannot be imported here)."""


def make_token() -> str:
    """A secret that cannot be guessed: 128 bits, URL-safe."""
    return secrets.token_urlsafe(16)


def seen_by(user: User, to: str = "") -> Q:
    """What this person may see of rows that carry a branch and a request type: complaints, and the figures of them.

    Fails closed. `to` is the way to those two fields, where another row has them. Whom a complaint is about is looked at apart.
    """
    return within_branches(user, f"{to}branch") & types_seen_by(user, to)


def types_seen_by(user: User, to: str = "") -> Q:
    """Of which request types this person may see complaints, wherever they are."""
    return Q() if user.role in RESTRICTED_TO else ~Q(**{f"{to}request_type": RequestType.REPORT})


def read_by(user: User, to: str = "") -> Q:
    """Which complaints this person may read; fails closed. Nobody reads what is complained about them, nor who told it.

    `to` is the way from another row to its complaint (`complaint__`): a row without one does not fit. To ask through a row's own
    complaint costs that one row; `complaint__in` beside an "or" would read all complaints first.
    """
    seen = seen_by(user, to) & ~Q(**{f"{to}about": user.pk})
    return seen & Q(**{f"{to}pk__isnull": False}) if to else seen


UNASSIGNED = Q(assignee__isnull=True, status__in=sorted(OPEN))
"""What is open and nobody is on."""


class ComplaintQuerySet(models.QuerySet["Complaint"]):
    def visible_to(self, user: User) -> ComplaintQuerySet:
        return self.filter(read_by(user))

    def open(self) -> ComplaintQuerySet:
        return self.filter(status__in=sorted(OPEN))

    def unfinished(self) -> ComplaintQuerySet:
        """Not closed: open, or resolved and awaiting feedback."""
        return self.exclude(status=Status.CLOSED)

    def overdue(self, at: datetime) -> ComplaintQuerySet:
        return self.unfinished().filter(next_due_at__lt=at)

    def due_before(self, moment: datetime) -> ComplaintQuerySet:
        return self.unfinished().filter(next_due_at__lt=moment)

    def unassigned(self) -> ComplaintQuerySet:
        return self.filter(UNASSIGNED)

    def by_due_next(self) -> ComplaintQuerySet:
        """The next deadline first; those without one last."""
        return self.order_by(F("next_due_at").asc(nulls_last=True), "pk")

    def locked(self, pk: int) -> Complaint:
        """The row, locked until the transaction ends. Look at it only after this."""
        return self.select_for_update(of=("self",)).get(pk=pk)


class Complaint(models.Model):
    """`received_at` is when it reached us and clocks start; `entered_at` is when it was typed in."""

    reference = models.CharField(_("reference"), max_length=20, unique=True)
    token = models.CharField(max_length=32, unique=True, default=make_token, editable=False)
    version = models.PositiveIntegerField(default=0)

    request_type = models.CharField(
        _("request type"), max_length=20, choices=RequestType, default=RequestType.COMPLAINT
    )
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="complaints")
    subcategory = models.ForeignKey(Subcategory, on_delete=models.PROTECT, null=True, related_name="complaints")
    severity = models.CharField(_("severity"), max_length=10, choices=Severity, default=Severity.ORDINARY)
    priority = models.PositiveSmallIntegerField(_("priority"), choices=Priority, default=Priority.P3)
    flags = ArrayField(models.CharField(max_length=20, choices=Flag), default=list, blank=True)

    channel = models.CharField(_("channel"), max_length=12, choices=Channel)
    source = models.CharField(_("source"), max_length=12, choices=Source)
    source_reference = models.CharField(_("their reference"), max_length=60, blank=True)
    channel_details = models.JSONField(default=dict, blank=True)
    external_due_at = models.DateTimeField(_("due date set by the regulator"), null=True, blank=True)

    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, related_name="complaints")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, related_name="complaints")
    assignee = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="assigned_complaints")
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="entered_complaints")
    about = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    """The colleague whom it complains about, once one is identified: hidden from them, and never shown with the complaint."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, related_name="complaints")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="complaints")
    premise = models.ForeignKey(Premise, on_delete=models.PROTECT, null=True, related_name="complaints")
    transformer_area = models.ForeignKey(
        TransformerArea, on_delete=models.PROTECT, null=True, related_name="complaints"
    )
    area_class = models.CharField(_("area"), max_length=10, choices=AreaClass, blank=True)

    contact_name = models.CharField(_("name"), max_length=120, blank=True)
    contact_phone = models.CharField(_("phone"), max_length=30, blank=True)
    contact_email = models.EmailField(_("e-mail"), blank=True)
    contact_address = models.CharField(_("reply address"), max_length=240, blank=True)
    contact_method = models.CharField(
        _("preferred contact"), max_length=10, choices=ContactMethod, default=ContactMethod.PHONE
    )
    language = models.CharField(_("language"), max_length=10, default="zh-hans")
    is_anonymous = models.BooleanField(_("anonymous"), default=False)
    is_confidential = models.BooleanField(_("confidential"), default=False)

    story = models.TextField(_("what happened"))
    remedy_sought = models.TextField(_("what the customer asks for"), blank=True)
    place = models.CharField(_("where"), max_length=240, blank=True)
    occurred_at = models.DateTimeField(_("when it happened"), null=True, blank=True)
    answers = models.JSONField(default=dict, blank=True)

    received_at = models.DateTimeField(_("received"))
    entered_at = models.DateTimeField(_("entered"))
    status = models.CharField(_("status"), max_length=15, choices=Status, default=Status.REGISTERED)
    dispatched_at = models.DateTimeField(null=True)
    contacted_at = models.DateTimeField(null=True)
    arrived_at = models.DateTimeField(null=True)
    restored_at = models.DateTimeField(null=True)
    cause_removed_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    outcome = models.CharField(_("outcome"), max_length=15, choices=Outcome, blank=True)
    responsibility = models.CharField(_("responsibility"), max_length=15, choices=Responsibility, blank=True)
    root_cause = models.ForeignKey(RootCause, on_delete=models.PROTECT, null=True, related_name="complaints")
    resolution = models.TextField(_("answer to the customer"), blank=True)
    referred_to = models.CharField(_("referred to"), max_length=120, blank=True)

    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="merged")
    service_issue = models.ForeignKey(
        "complaints.ServiceIssue", on_delete=models.PROTECT, null=True, related_name="complaints"
    )

    urged_count = models.PositiveSmallIntegerField(default=0)
    reopened_count = models.PositiveSmallIntegerField(default=0)
    transferred_count = models.PositiveSmallIntegerField(default=0)
    returned_count = models.PositiveSmallIntegerField(default=0)
    escalated_count = models.PositiveSmallIntegerField(default=0)

    next_due_at = models.DateTimeField(null=True, editable=False)
    next_due_clock = models.CharField(max_length=40, blank=True, editable=False)
    breached_at = models.DateTimeField(null=True, editable=False)

    erased_at = models.DateTimeField(null=True, editable=False)
    """When what is personal in it was erased; nobody moves it any more."""
    segment_kept = models.CharField(max_length=20, blank=True, db_default="", editable=False)
    """Of which segment the customer was, for figures, once nobody knows who it was."""

    _ticking_of: int = -1
    _ticking_clocks: list[Clock]
    _known_of: int = -1
    _known_clocks: list[Clock]

    objects = ComplaintQuerySet.as_manager()

    class Meta:
        verbose_name = _("complaint")
        verbose_name_plural = _("complaints")
        constraints = [
            models.CheckConstraint(name="complaint_status_is_known", condition=Q(status__in=sorted(Status.values))),
            models.CheckConstraint(name="complaint_channel_is_known", condition=Q(channel__in=sorted(Channel.values))),
            models.CheckConstraint(name="complaint_priority_is_known", condition=Q(priority__gte=1, priority__lte=4)),
            models.CheckConstraint(
                name="complaint_severity_is_known", condition=Q(severity__in=sorted(Severity.values))
            ),
            models.CheckConstraint(
                name="complaint_request_type_is_known", condition=Q(request_type__in=sorted(RequestType.values))
            ),
            models.CheckConstraint(
                name="complaint_outcome_is_known", condition=Q(outcome="") | Q(outcome__in=sorted(Outcome.values))
            ),
            models.CheckConstraint(
                name="closed_complaint_has_outcome",
                condition=~Q(status=Status.CLOSED.value) | (Q(closed_at__isnull=False) & ~Q(outcome="")),
            ),
            models.CheckConstraint(
                name="resolved_complaint_has_resolution",
                condition=~Q(status=Status.RESOLVED.value)
                | (Q(resolved_at__isnull=False) & ~Q(resolution="") & ~Q(outcome="")),
            ),
            models.CheckConstraint(
                name="complaint_can_be_answered",
                condition=Q(is_anonymous=True)
                | Q(erased_at__isnull=False)
                | Q(account__isnull=False)
                | ~Q(contact_phone="")
                | ~Q(contact_email="")
                | ~Q(contact_address=""),
            ),
            models.CheckConstraint(
                name="complaint_received_before_entered", condition=Q(received_at__lte=F("entered_at"))
            ),
            models.CheckConstraint(name="complaint_story_is_told", condition=~Q(story="")),
            models.CheckConstraint(
                name="erased_complaint_is_closed_and_nobodys",
                condition=Q(erased_at__isnull=True)
                | Q(
                    status=Status.CLOSED.value,
                    customer__isnull=True,
                    account__isnull=True,
                    contact_name="",
                    contact_phone="",
                    contact_email="",
                    contact_address="",
                ),
            ),
            models.CheckConstraint(
                name="merged_complaint_is_a_closed_duplicate",
                condition=Q(merged_into__isnull=True)
                | (Q(status=Status.CLOSED.value, outcome=Outcome.DUPLICATE.value) & ~Q(merged_into=F("id"))),
            ),
        ]
        indexes = [
            models.Index(F("next_due_at"), F("id"), name="queue_by_due", condition=~Q(status=Status.CLOSED.value)),
            models.Index(
                F("team"), F("next_due_at"), F("id"), name="team_queue_by_due", condition=~Q(status=Status.CLOSED.value)
            ),
            models.Index(
                F("assignee"),
                F("next_due_at"),
                F("id"),
                name="my_queue_by_due",
                condition=~Q(status=Status.CLOSED.value),
            ),
            models.Index(
                F("branch"),
                F("next_due_at"),
                F("id"),
                name="branch_queue_by_due",
                condition=~Q(status=Status.CLOSED.value),
            ),
            models.Index(
                F("status"),
                F("next_due_at"),
                F("id"),
                name="queue_by_status",
                condition=~Q(status=Status.CLOSED.value),
            ),
            models.Index(
                F("priority"),
                F("next_due_at"),
                F("id"),
                name="queue_by_priority",
                condition=~Q(status=Status.CLOSED.value),
            ),
            models.Index(
                F("urged_count").desc(), F("id"), name="queue_by_urged", condition=~Q(status=Status.CLOSED.value)
            ),
            models.Index(name="complaint_about_somebody", fields=["about"], condition=Q(about__isnull=False)),
            models.Index(
                F("next_due_at"),
                F("id"),
                name="queue_of_regulator",
                condition=~Q(status=Status.CLOSED.value) & Q(channel=Channel.REGULATOR.value),
            ),
            models.Index(F("received_at").desc(), F("id").desc(), name="complaint_by_received"),
            models.Index(F("channel"), F("received_at").desc(), F("id").desc(), name="complaint_by_channel"),
            models.Index(
                F("severity"),
                F("received_at").desc(),
                F("id").desc(),
                name="complaint_by_severity",
                condition=Q(severity__in=[Severity.SPECIAL.value, Severity.MAJOR.value, Severity.IMPORTANT.value]),
            ),
            models.Index(
                F("received_at").desc(),
                F("id").desc(),
                name="complaint_most_urgent",
                condition=Q(priority=Priority.P1.value),
            ),
            models.Index(name="complaint_urged", fields=["urged_count"], condition=Q(urged_count__gt=0)),
            models.Index(name="complaint_by_phone", fields=["contact_phone"]),
            models.Index(
                F("category"),
                F("received_at").desc(),
                name="duplicates_by_words",
                condition=~Q(status=Status.CLOSED.value),
            ),
            models.Index(
                F("transformer_area"),
                F("received_at").desc(),
                name="duplicates_by_asset",
                condition=~Q(status=Status.CLOSED.value),
            ),
            models.Index(name="complaint_resolved", fields=["resolved_at"]),
            models.Index(
                name="complaint_to_erase",
                fields=["closed_at"],
                condition=Q(status=Status.CLOSED.value, erased_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    def get_absolute_url(self) -> str:
        return reverse("complaints:complaint", args=[self.reference])

    def answered_questions(self) -> list[tuple[str, str]]:
        """The category's questions that were answered, as (question, answer) in the language in use."""
        language = "zh" if (get_language() or "").startswith("zh") else "en"
        rows = []
        for question in self.category.questions:
            given = self.answers.get(question["key"])
            if given not in (None, ""):
                choices = {c["value"]: c[language] for c in question.get("choices", [])}
                yes_no = {"yes": str(_("Yes")), "no": str(_("No")), True: str(_("Yes")), False: str(_("No"))}
                rows.append((question[language], choices.get(given) or yes_no.get(given) or str(given)))
        return rows

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def is_unfinished(self) -> bool:
        return self.status in UNFINISHED

    @property
    def stage(self) -> Stage:
        return STAGE_OF[Status(self.status)]

    @property
    def can_be_reached(self) -> bool:
        """Whether anybody could telephone, text or write to the complainant at once."""
        return bool(self.contact_phone or self.contact_email)

    @property
    def can_be_answered_without_account(self) -> bool:
        return bool(self.is_anonymous or self.contact_phone or self.contact_email or self.contact_address)

    @property
    def needs_review(self) -> bool:
        """Policy demands a supervisor's approval: special and major severity, life-safety, and the regulator's cases."""
        return (
            self.severity in (Severity.SPECIAL, Severity.MAJOR)
            or self.priority == Priority.P1
            or self.channel == Channel.REGULATOR
        )

    @property
    def may_share_an_answer(self) -> bool:
        """Whether the answer to a shared cause answers it; never danger, wrongdoing, or what needs an approval of its own."""
        is_ordinary = self.category.code != SAFETY and self.request_type != RequestType.REPORT
        return is_ordinary and not self.needs_review

    @property
    def owes_reply(self) -> bool:
        """A regulator's complaint that has no formal reply since it was last reopened."""
        if self.channel != Channel.REGULATOR:
            return False
        reopened = self.events.filter(move="reopen").order_by("-number").first()
        replies = self.attachments.filter(kind=REPLY)
        return not (replies.filter(added_at__gte=reopened.at) if reopened else replies).exists()

    def hand_over_to_read(self) -> Event | None:
        """The event with the newest hand-over note, while nobody has said that they read it."""
        taken = Q(move__in=["accept", "read_hand_over"])
        newest: Event | None = self.events.filter(Q(details__has_key="stands") | taken).order_by("-number").first()
        return newest if newest is not None and "stands" in newest.details else None

    def is_overdue(self, at: datetime) -> bool:
        return self.is_unfinished and self.next_due_at is not None and self.next_due_at < at

    def moves_for(self, role: str) -> list[tuple[str, Move]]:
        """The moves this role may pick now, the likely one first."""
        likely = LIKELY_NEXT.get(Status(self.status), "")
        if likely == "resolve" and self.needs_review:
            likely = "propose"
        allowed = [(name, m) for name, m in MOVES.items() if m.by_hand and self.permits(name, role)]
        return sorted(allowed, key=lambda pair: pair[0] != likely)

    def ticking_clocks(self) -> list[Clock]:
        """Its clocks that have not stopped, read once for each version of the complaint."""
        if self._ticking_of != self.version:
            self._ticking_clocks, self._ticking_of = list(self.clocks.ticking()), self.version
        return self._ticking_clocks

    def know_clocks(self, clocks: Iterable[Clock]) -> None:
        """All its clocks were read anyhow: those that tick need not be asked for."""
        self._known_clocks = list(clocks)
        self._ticking_clocks = [clock for clock in self._known_clocks if clock.is_ticking]
        self._known_of = self._ticking_of = self.version

    def known_clocks(self) -> list[Clock] | None:
        """All its clocks, where they were read for this version of the complaint."""
        return self._known_clocks if self._known_of == self.version else None

    def _may_adjust(self, name: str) -> bool:
        """Whether the money is where this move takes it up; a proposal waits for its decision before there is another."""
        wanted = ADJUSTING[name]
        if wanted:
            return self.adjustments.filter(state=wanted).exists()
        return self.billing_findings.exists() and not self.adjustments.filter(state="proposed").exists()

    def permits(self, name: str, role: str) -> bool:
        """Whether the table, and what this complaint is, let `role` make the move now."""
        move = MOVES[name]
        if self.status not in move.sources or role not in move.allowed:
            return False
        if self.erased_at is not None and role != CLOCK:
            return False
        if (
            (role != CLOCK or name in OF_REQUESTS)
            and name in NEEDS_A_CLOCK
            and not NEEDS_A_CLOCK[name](self.ticking_clocks())
        ):
            # somebody is there and nothing was promised about the repair: that it is done must still be said
            return name == "restore" and self.arrived_at is not None and self.restored_at is None
        if name in ADJUSTING:
            return self.category.code == BILLING and self._may_adjust(name)
        if name == "settle":
            return self.service_issue_id is not None and self.may_share_an_answer
        if name == "read_hand_over":
            return self.hand_over_to_read() is not None
        if name == "change_feedback":
            return self.feedback.filter(answered_at__isnull=False).exists()
        merged = self.merged_into_id is not None
        return {
            "resolve": not self.needs_review or role == Role.SUPERVISOR,
            "unassign": self.assignee_id is not None,
            # wrongdoing is not told to a team that may be meant
            "request": self.request_type != RequestType.REPORT,
            "unmerge": merged,
            "reopen": not merged,
            "request_reopening": not merged,
            "escalate": role == CLOCK or self.status != Status.CLOSED,
            "match": not self.is_anonymous,
            "link": self.service_issue_id is None,
            "detach": self.service_issue_id is not None,
            "close": self.outcome != "",
            "feedback": self.outcome in FINDINGS,
        }.get(name, True)
