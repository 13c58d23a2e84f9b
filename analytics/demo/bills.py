"""Some disputed bills, worked out and partly decided by the same doors as real ones; a few, for each is a move of today."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from django.utils import timezone

from complaints import workflow
from complaints.investigation import billing
from complaints.models import BILLING, BillingFinding, Complaint, DeskSettings, Tariff
from complaints.refusals import Refusal
from complaints.states import Status
from complaints.tariffs import rules, versions
from staff.actors import Actor, Role
from staff.models import User

MOST = 8
USED, READ = 520, 420
"""Kilowatt-hours that were billed from an estimate, and that the meter really showed."""


def dispute(now: datetime) -> int:
    """Work out the bills of the newest complaints that are being investigated; how many."""
    open_ones = Complaint.objects.filter(category__code=BILLING, status=Status.INVESTIGATING, assignee__isnull=False)
    open_ones = open_ones.filter(billing_findings=None).select_related("assignee").order_by("-received_at")
    plain = Tariff.objects.filter(peak_add=None, valid_from__lte=now).order_by("code", "-version").first()
    boss = User.objects.filter(role=Role.SUPERVISOR, branch__parent=None).order_by("pk").first()
    done = 0
    for number, complaint in enumerate(open_ones[:MOST] if plain else []):
        assert plain is not None
        try:
            _investigate(complaint, number, plain, now)
            if boss is not None:
                _decide(complaint, number, boss)
        except Refusal:
            continue  # somebody who does not investigate has it, or it waits: another one shows the same
        done += 1
    return done


def _investigate(complaint: Complaint, number: int, tariff: Tariff, now: datetime) -> None:
    until = timezone.localdate(now) - timedelta(days=12 + number)
    is_estimated = number % 4 != 3
    finding = BillingFinding(
        complaint=complaint,
        disputed=str(complaint.answers.get("disputed") or complaint.story)[:120],
        period_from=until - timedelta(days=30),
        period_until=until,
        tariff_code=tariff.code,
        registers={rules.TOTAL: {"previous": "8120", "current": str(8120 + USED)}},
        people=3,
        is_estimated=is_estimated,
    )
    if is_estimated:
        finding.registers[rules.TOTAL]["verified"] = str(8120 + READ)
        finding.verified_on, finding.verified_by = until, complaint.assignee.display_name if complaint.assignee else ""
    billed = rules.recalculate(
        versions.versions_of(tariff.code),
        {rules.TOTAL: Decimal(USED)},
        since=finding.period_from,
        until=finding.period_until,
        before=finding.used_before,
    )
    finding.amount_billed = billed.total
    assert complaint.assignee is not None
    billing.save(billing.work_out(finding, DeskSettings.current()), by=complaint.assignee)


def _decide(complaint: Complaint, number: int, boss: User) -> None:
    """Of four bills one is right, one waits for approval, one is approved and one declined."""
    finding = complaint.billing_findings.first()
    if finding is None or finding.excess <= 0 or complaint.assignee is None:
        return
    reason = "估抄多计，按实际示数退补。"
    by = Actor.staff(complaint.assignee)
    workflow.perform("propose_adjustment", complaint, by=by, amount=finding.excess, way="credit", reason=reason)
    if number % 4 == 1:
        workflow.perform("approve_adjustment", complaint, by=Actor.staff(boss), note="情况属实，同意退补。")
    elif number % 4 == 2:
        workflow.perform("decline_adjustment", complaint, by=Actor.staff(boss), reason="请补充抄表照片。")
