"""Writes a checked profile as rows and says what changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db import models, transaction

from complaints import questions
from complaints.models import (
    Calendar,
    CallQuota,
    Category,
    ConductRule,
    DeskSettings,
    LadderStep,
    MessageTemplate,
    PauseReason,
    Policy,
    PolicyLimit,
    RootCause,
    RoutingChange,
    RoutingRule,
    Subcategory,
)
from complaints.profiles import phrases, retention, safety, tariffs
from complaints.profiles.promises import LADDER_KEY
from complaints.profiles.reader import Row
from complaints.profiles.reading import Profile
from staff.models import Branch, Team

LIMIT_FIELDS = (
    "kind",
    "tier",
    "limit",
    "calendar",
    "starts",
    "statistic",
    "is_pausable",
    "extension",
    "warn",
    "escalate",
)


@transaction.atomic
def load(profile: Profile) -> list[str]:
    """Write the profile's rows and return a line for each that is new or changed; loading it again changes nothing.

    A changed calendar or policy becomes a new version beside the old one. Rows that the profile does not name stay.
    """
    changes = _Changes()
    DeskSettings.current()
    changes.put(DeskSettings, {"pk": 1}, profile.desk)
    branch = changes.put(Branch, {"code": profile.branch["code"]}, _without(profile.branch, "code"))
    for team in profile.teams:
        values = _without(team, "kind") | {"kind": team["kind"], "branch": branch}
        changes.put(Team, {"code": f"{branch.code}-{team['kind']}"}, values)
    categories: dict[str, Any] = {"": None}
    for row in profile.categories:
        categories[row["code"]] = changes.put(Category, {"code": row["code"]}, _without(row, "code"))
    subcategories: dict[str, Any] = {"": None}
    for row in profile.subcategories:
        values = _without(row, "code") | {"category": categories[row["category"]]}
        subcategories[row["code"]] = changes.put(Subcategory, {"code": row["code"]}, values)
    causes: dict[str, Any] = {"": None}
    for row in profile.root_causes:
        values = _without(row, "code") | {"parent": causes[row["parent"]]}
        causes[row["code"]] = changes.put(RootCause, {"code": row["code"]}, values)
    for row in profile.calendars:
        changes.new_calendar(row)
    for row in profile.pauses:
        changes.put(PauseReason, {"code": row["code"]}, _without(row, "code"))
    for row in profile.policies:
        changes.new_policy(row)
    if not RoutingChange.objects.exists():  # from the first change on, the rules belong to the supervisors
        for row in profile.routes:
            related = {"category": categories[row["category"]], "subcategory": subcategories[row["subcategory"]]}
            changes.put(RoutingRule, {"code": row["code"]}, _without(row, "code") | related)
    for row in profile.templates:
        _put_text(changes, row)
    _put_ladder(changes, profile.ladder)
    _put_conduct(changes, profile.conduct)
    safety.put(changes, profile.safety)
    _put_asking(changes, profile)
    return (
        changes.lines + phrases.add(profile.phrases) + tariffs.add(profile.tariffs) + retention.add(profile.retention)
    )


@transaction.atomic
def add_texts(profile: Profile) -> list[str]:
    """Add what a new release brings and nobody has set up yet: texts, limits, tariffs, rules, settings; a line for each."""
    changes = _Changes()
    known = set(MessageTemplate.objects.values_list("code", "medium"))
    for row in profile.templates:
        if (row["code"], row["medium"]) not in known:
            _put_text(changes, row)
    if not DeskSettings.current().voltage_limits:
        changes.put(DeskSettings, {"pk": 1}, {"voltage_limits": profile.desk["voltage_limits"]})
    if not DeskSettings.current().outage_notice:
        changes.put(DeskSettings, {"pk": 1}, {"outage_notice": profile.desk["outage_notice"]})
    if not ConductRule.objects.exists():
        _put_conduct(changes, profile.conduct)
    safety.add(changes, profile.safety)
    _put_asking(changes, profile)
    return changes.lines + phrases.add(profile.phrases) + tariffs.add(profile.tariffs)


def _put_conduct(changes: _Changes, rules: list[Row]) -> None:
    for row in rules:
        changes.put(ConductRule, {"code": row["code"]}, _without(row, "code"))


def _put_text(changes: _Changes, row: Row) -> None:
    """What somebody has edited stays; the profile's words are kept beside it, to go back to."""
    key = {name: row[name] for name in ("code", "medium", "language")}
    edited = MessageTemplate.objects.filter(**key, edited_at__isnull=False)
    if edited.exists():
        edited.update(profile_subject=row["subject"], profile_body=row["body"])
    else:
        changes.put(MessageTemplate, key, {"subject": row["subject"], "body": row["body"]})


def _put_ladder(changes: _Changes, steps: list[Row]) -> None:
    """Only onto an empty ladder: afterwards it belongs to the supervisors, and a step they took away stays away."""
    if LadderStep.objects.exists():
        return
    for step in steps:
        changes.put(LadderStep, {name: step[name] for name in LADDER_KEY}, _without(step, *LADDER_KEY))


def _put_asking(changes: _Changes, profile: Profile) -> None:
    """What is asked of customers, and who is called back; both belong to the supervisors once they have changed them."""
    if questions.take_from_profile(profile.desk["interview"]):
        changes.lines.append("new version: questions to customers")
    if CallQuota.objects.exists():
        return
    categories = {row.code: row for row in Category.objects.all()} | {"": None}
    for row in profile.call_quotas:
        changes.put(CallQuota, {**row, "category": categories[row["category"]]}, {})


@dataclass(slots=True)
class _Changes:
    """Writes rows and remembers, for people, which were new or different."""

    lines: list[str] = field(default_factory=list)

    def put(self, model: type[models.Model], key: Row, values: Row) -> Any:
        """The row with this key, made or changed to have these values."""
        row = model._default_manager.filter(**key).first()
        if row is None:
            row = model._default_manager.create(**key, **values)
            self._say("new", row)
            return row
        different = [name for name, value in values.items() if getattr(row, name) != value]
        if different:
            for name in different:
                setattr(row, name, values[name])
            row.save(update_fields=different)
            self._say(f"changed ({', '.join(different)})", row)
        return row

    def new_calendar(self, row: Row) -> None:
        newest = Calendar.objects.filter(code=row["code"]).order_by("-version").first()
        if newest is not None and all(getattr(newest, name) == value for name, value in row.items()):
            return
        calendar = Calendar.objects.create(**row, version=newest.version + 1 if newest else 1)
        self._say("new version" if newest else "new", calendar)

    def new_policy(self, row: Row) -> None:
        values, limits = _without(row, "limits"), row["limits"]
        newest = Policy.objects.filter(code=row["code"]).order_by("-version").first()
        if newest is not None and newest.is_current:
            same = all(getattr(newest, name) == value for name, value in values.items())
            stored = list(newest.limits.values(*LIMIT_FIELDS))
            if same and _in_order(stored) == _in_order(limits):
                return
        Policy.objects.filter(code=row["code"], is_current=True).update(is_current=False)
        policy = Policy.objects.create(**values, version=newest.version + 1 if newest else 1)
        PolicyLimit.objects.bulk_create(PolicyLimit(policy=policy, **limit) for limit in limits)
        self._say("new version" if newest else "new", policy)

    def _say(self, what: str, row: models.Model) -> None:
        versioned = isinstance(row, (Calendar, Policy, MessageTemplate, DeskSettings))
        self.lines.append(f"{what}: {row._meta.verbose_name} {row if versioned else getattr(row, 'code', row)}")


def _in_order(limits: list[Row]) -> list[Row]:
    return sorted(limits, key=lambda limit: (limit["kind"], limit["tier"]))


def _without(row: Row, *names: str) -> Row:
    return {name: value for name, value in row.items() if name not in names}
