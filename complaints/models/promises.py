"""What we promise and by when: calendars, policies, and each complaint's clocks, ledgers and alarms."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from complaints.clocks.calendars import WorkingCalendar
from complaints.clocks.ledger import Action, State
from complaints.models.append_only import AppendOnly
from staff.models import User
from staff.naming import Named


class Calendar(Named):
    """One version of a working calendar; versions are never edited, a change is a new version."""

    code = models.SlugField(_("code"))
    version = models.PositiveIntegerField(_("version"), default=1)
    rules = models.JSONField(_("rules"))
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(_("why it was changed"), max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    _understood: tuple[Any, WorkingCalendar] | None = None
    """What these very rules were understood to mean: a complaint's clocks ask a dozen times."""

    class Meta:
        verbose_name = _("calendar")
        verbose_name_plural = _("calendars")
        ordering = ["code", "-version"]
        constraints = [models.UniqueConstraint(name="calendar_version_is_unique", fields=["code", "version"])]

    def __str__(self) -> str:
        return f"{self.code} v{self.version}"

    def clean(self) -> None:
        self.working_calendar()

    def working_calendar(self) -> WorkingCalendar:
        """The calendar as the arithmetic knows it. Raises ImpossibleCalendar (a ValueError)."""
        if self._state.adding:
            return WorkingCalendar.from_rules(self.code, self.version, self.rules)
        if self._understood is None or self._understood[0] is not self.rules:
            self._understood = self.rules, _understood(self.code, self.version, json.dumps(self.rules))
        return self._understood[1]


@lru_cache(maxsize=64)
def _understood(code: str, version: int, rules: str) -> WorkingCalendar:
    """Understanding a calendar of some years takes longer than reckoning with it; what it gives depends on these words alone."""
    return WorkingCalendar.from_rules(code, version, json.loads(rules))


class Policy(Named):
    """One version of a set of promises; `match` names the complaints it is for: {"category": ["OUT"], ...}, absent is any."""

    code = models.CharField(_("code"), max_length=60)
    version = models.PositiveIntegerField(_("version"), default=1)
    match = models.JSONField(_("for which complaints"), default=dict)
    source = models.CharField(_("source"), max_length=400, blank=True)
    confidence = models.CharField(_("confidence"), max_length=20, blank=True)
    is_current = models.BooleanField(_("in force"), default=True)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(_("why it was changed"), max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        ordering = ["code", "-version"]
        constraints = [
            models.UniqueConstraint(name="policy_version_is_unique", fields=["code", "version"]),
            models.UniqueConstraint(
                name="policy_has_one_current_version", fields=["code"], condition=Q(is_current=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} v{self.version}"


class ClockKind(models.TextChoices):
    DISPATCH = "dispatch", _("Dispatch")
    ACKNOWLEDGE = "acknowledge", _("Acknowledge")
    FIRST_CONTACT = "first_contact", _("First contact")
    ARRIVE = "arrive", _("Arrive")
    RESTORE = "restore", _("Restore")
    RESOLVE = "resolve", _("Resolve")
    FEEDBACK = "feedback", _("Feedback")
    REMEDIATE = "remediate", _("Remove the cause")
    CALL_BACK = "call_back", _("Call back after urging")
    REQUEST = "request", _("Answer of another team")
    """Promised between teams: one a request, counted by `round`; it speaks of no promise to the customer."""


class Tier(models.TextChoices):
    NONE = "", ""
    INTERNAL = "internal", _("internal")
    COMMITMENT = "commitment", _("promised")
    STATUTORY = "statutory", _("by law")
    EXTERNAL = "external", _("set by the regulator")


class PolicyLimit(models.Model):
    """One promise of a policy. `limit` is as "20min", "4wd" ("-" means: no such promise); `warn` and `escalate` are lists.

    `extension` is what may be granted once and before the clock is due; empty: nothing.
    """

    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="limits")
    kind = models.CharField(_("clock"), max_length=20, choices=ClockKind)
    tier = models.CharField(_("tier"), max_length=12, choices=Tier, blank=True)
    limit = models.CharField(_("limit"), max_length=20)
    calendar = models.SlugField(_("calendar"), blank=True)
    starts = models.CharField(_("starts"), max_length=12, default="received")
    statistic = models.CharField(_("speaks of"), max_length=6, default="each")
    is_pausable = models.BooleanField(_("can be paused"), default=True)
    extension = models.CharField(_("can be extended by"), max_length=20, blank=True)
    warn = models.JSONField(_("warn at"), default=list, blank=True)
    escalate = models.JSONField(_("escalate at"), default=list, blank=True)

    class Meta:
        verbose_name = _("limit")
        verbose_name_plural = _("limits")
        ordering = ["policy", "kind", "tier"]
        constraints = [
            models.UniqueConstraint(name="policy_promises_each_clock_once", fields=["policy", "kind", "tier"]),
            models.CheckConstraint(name="policy_limit_kind_is_known", condition=Q(kind__in=sorted(ClockKind.values))),
            models.CheckConstraint(name="policy_limit_tier_is_known", condition=Q(tier__in=sorted(Tier.values))),
        ]

    def __str__(self) -> str:
        return f"{self.policy}: {self.kind} {self.tier} {self.limit}"


WAITING = "customer"
"""The reason of a pause that lasts while a question to the customer is open."""


class ClockQuerySet(models.QuerySet["Clock"]):
    def ticking(self) -> ClockQuerySet:
        """Not stopped: running or paused."""
        return self.filter(state__in=[State.RUNNING, State.PAUSED])

    def overdue(self, at: datetime) -> ClockQuerySet:
        return self.filter(state=State.RUNNING, due_at__lt=at)


def clock_label(kind: str, tier: str) -> str:
    """The name of a clock: "Resolve (internal)"."""
    return _clock_label(kind, tier, get_language())


@lru_cache(maxsize=256)
def _clock_label(kind: str, tier: str, _language: str | None) -> str:
    of_tier = Tier(tier).label if tier else ""
    return f"{ClockKind(kind).label} ({of_tier})" if of_tier else str(ClockKind(kind).label)


class Clock(models.Model):
    """One running promise of one complaint. State and times are what replaying its ledger gives, stored for the index.

    `round` counts the times the same promise was made anew (after a reopening), `revision` the times its due moment changed.
    """

    complaint = models.ForeignKey("complaints.Complaint", on_delete=models.PROTECT, related_name="clocks")
    kind = models.CharField(max_length=20, choices=ClockKind)
    tier = models.CharField(max_length=12, choices=Tier, blank=True)
    round = models.PositiveSmallIntegerField(default=1)
    revision = models.PositiveSmallIntegerField(default=0)
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, null=True, related_name="clocks")
    calendar = models.ForeignKey(Calendar, on_delete=models.PROTECT, null=True, related_name="clocks")
    limit = models.CharField(max_length=20, blank=True)
    statistic = models.CharField(max_length=6, default="each")
    is_pausable = models.BooleanField(default=True)
    extension = models.CharField(max_length=20, blank=True)
    warn = models.JSONField(default=list)
    escalate = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=[(s.value, s.value) for s in State], default=State.RUNNING)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    pause_reason = models.CharField(max_length=200, blank=True)
    pause_ends_at = models.DateTimeField(null=True)
    extended_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    breached_at = models.DateTimeField(null=True)
    paused_for = models.DurationField(default=timedelta)
    is_excused = models.BooleanField(default=False)

    objects = ClockQuerySet.as_manager()

    _entries: list[LedgerEntry] | None = None

    class Meta:
        ordering = ["complaint", "kind", "tier", "round"]
        constraints = [
            models.UniqueConstraint(name="clock_is_unique", fields=["complaint", "kind", "tier", "round"]),
            models.CheckConstraint(name="clock_state_is_known", condition=Q(state__in=sorted(s.value for s in State))),
            models.CheckConstraint(name="clock_kind_is_known", condition=Q(kind__in=sorted(ClockKind.values))),
            models.CheckConstraint(name="clock_tier_is_known", condition=Q(tier__in=sorted(Tier.values))),
            models.CheckConstraint(
                name="running_clock_has_due_time", condition=~Q(state=State.RUNNING.value) | Q(due_at__isnull=False)
            ),
            models.CheckConstraint(
                name="paused_clock_has_reason",
                condition=~Q(state=State.PAUSED.value) | (Q(paused_at__isnull=False) & ~Q(pause_reason="")),
            ),
            models.CheckConstraint(
                name="stopped_clock_has_stop_time",
                condition=~Q(state__in=[State.LATE.value, State.MET.value]) | Q(stopped_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(name="clock_by_due_time", fields=["kind", "due_at"], condition=Q(state=State.RUNNING.value)),
            models.Index(name="clock_paused", fields=["complaint"], condition=Q(state=State.PAUSED.value)),
            models.Index(
                name="clock_of_cause",
                fields=["complaint"],
                condition=Q(kind=ClockKind.REMEDIATE.value, state__in=[State.RUNNING.value, State.PAUSED.value]),
            ),
            models.Index(
                name="promised_arrival_by_start", fields=["started_at"], condition=Q(kind="arrive", tier="commitment")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.tier}".strip()

    @property
    def is_ticking(self) -> bool:
        """Not stopped: running or paused."""
        return self.state in (State.RUNNING, State.PAUSED)

    @property
    def label(self) -> str:
        return clock_label(self.kind, self.tier)

    def entries(self) -> list[LedgerEntry]:
        """Its ledger in order."""
        return self._entries if self._entries is not None else list(self.ledger.all())

    def know_entries(self, entries: list[LedgerEntry]) -> None:
        """Its ledger was read with others: it need not be asked for."""
        self._entries = entries

    @property
    def is_held(self) -> bool:
        """Whether somebody paused it by hand, which is not the wait for a customer's answer."""
        return self.pause_reason not in ("", WAITING)

    def is_overdue(self, at: datetime) -> bool:
        return self.state == State.RUNNING and self.due_at is not None and self.due_at < at


class LedgerEntry(AppendOnly):
    """One thing that happened to a clock. Replaying a clock's entries gives its stored state; entries are never changed."""

    clock = models.ForeignKey(Clock, on_delete=models.PROTECT, related_name="ledger")
    number = models.PositiveIntegerField()
    action = models.CharField(max_length=10, choices=[(a.value, a.value) for a in Action])
    at = models.DateTimeField()
    event = models.ForeignKey("complaints.Event", on_delete=models.PROTECT, related_name="ledger_entries")
    limit = models.CharField(max_length=20, blank=True)
    calendar = models.ForeignKey(Calendar, on_delete=models.PROTECT, null=True, related_name="+")
    due_at = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["clock", "number"]
        constraints = [
            models.UniqueConstraint(name="ledger_entry_is_numbered_once", fields=["clock", "number"]),
            models.CheckConstraint(
                name="ledger_action_is_known", condition=Q(action__in=sorted(a.value for a in Action))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.clock_id}.{self.number} {self.action}"


class AlarmQuerySet(models.QuerySet["Alarm"]):
    def pending(self) -> AlarmQuerySet:
        return self.filter(settled_at__isnull=True)

    def due(self, at: datetime, *, after: Alarm | None = None) -> AlarmQuerySet:
        """Pending alarms whose moment has come, oldest first; only those that come after this one, if one is given."""
        rows = self.pending().filter(fire_at__lte=at).order_by("fire_at", "pk")
        if after is None:
            return rows
        return rows.filter(fire_at__gte=after.fire_at).exclude(fire_at=after.fire_at, pk__lte=after.pk)


class Alarm(models.Model):
    """A moment at which a clock must be looked at. Settled once: rung, or void because the clock had stopped or moved."""

    clock = models.ForeignKey(Clock, on_delete=models.PROTECT, related_name="alarms")
    complaint = models.ForeignKey("complaints.Complaint", on_delete=models.PROTECT, related_name="alarms")
    revision = models.PositiveSmallIntegerField(default=0)
    level = models.CharField(max_length=12)
    fire_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    event = models.OneToOneField("complaints.Event", on_delete=models.PROTECT, null=True, related_name="alarm")

    objects = AlarmQuerySet.as_manager()

    class Meta:
        ordering = ["fire_at", "pk"]
        constraints = [
            models.UniqueConstraint(name="alarm_is_unique", fields=["clock", "revision", "level"]),
            models.CheckConstraint(
                name="alarm_rung_is_settled", condition=Q(event__isnull=True) | Q(settled_at__isnull=False)
            ),
        ]
        indexes = [
            models.Index(F("fire_at"), F("id"), name="alarm_due_next", condition=Q(settled_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.level} of {self.clock_id}"
