"""Service issues that propose themselves: complaints that cluster are one trouble until a person accepts or dismisses that.

Both looks, for clusters and for what belongs to an accepted issue, find what is there now, so they catch up after any pause.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, Max, Min, OuterRef, Q, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from complaints import issue_matching, issue_work
from complaints.clusters import Cluster, Row, clusters
from complaints.issues import KINDS, TELLING
from complaints.models import (
    SAFETY,
    DeskSettings,
    Event,
    IssueAct,
    IssueJob,
    IssueKind,
    IssueProposal,
    ServiceIssue,
)
from complaints.refusals import MoveRefused
from customers.models import Feeder, TransformerArea
from staff.models import User

DECIDING = TELLING
"""Who accepts and dismisses what proposes itself."""
"""Who says how many complaints make a cluster."""
LOOK_BACK = timedelta(hours=24)
"""Older complaints no longer say what is wrong now; a worker may be down as long and nothing is missed."""
CLUSTERS = {
    IssueKind.FAULT: Q(category__code="OUT"),
    IssueKind.VOLTAGE: Q(category__code="VOL"),
    IssueKind.HAZARD: Q(category__code=SAFETY),
}
"""Which complaints make a proposal of each kind."""


def look(now: datetime) -> int:
    """Propose what clusters now, let what is proposed grow, forget what is no longer there. How many are proposed."""
    desk = DeskSettings.current()
    for kind in CLUSTERS:
        found = clusters(
            _rows(kind, now),
            window=timedelta(minutes=desk.cluster_minutes),
            on_area=desk.cluster_area,
            on_feeder=desk.cluster_feeder,
        )
        for cluster in found:
            _propose(kind, cluster, now)
    for proposal in IssueProposal.objects.live():
        _refresh(proposal.pk)
    return IssueProposal.objects.live().count()


def _rows(kind: IssueKind, now: datetime) -> list[Row]:
    """What nobody has looked at yet: not known to be part of an open issue, and not dismissed before."""
    explaining = {one for kinds in KINDS.values() if kind in kinds for one in kinds} | {kind}
    same_place = Q(transformer_area=OuterRef("transformer_area")) | Q(
        transformer_area__isnull=True, feeder=OuterRef("transformer_area__feeder")
    )
    known = (
        ServiceIssue.objects.open()
        .filter(same_place, kind__in=sorted(explaining), started_at__lte=OuterRef("received_at") + LOOK_BACK)
        .filter(started_at__lte=now)
    )
    dismissed = IssueProposal.objects.filter(
        same_place, kind=kind, decided_at__gte=OuterRef("entered_at"), issue__isnull=True
    )
    rows = issue_matching.free().filter(
        issue_matching.about(kind),
        ~Exists(known),
        ~Exists(dismissed),
        CLUSTERS[kind],
        transformer_area__isnull=False,
        received_at__gt=now - LOOK_BACK,
        received_at__lte=now,
    )
    return [Row(*row) for row in rows.values_list("pk", "received_at", "transformer_area__feeder", "transformer_area")]


@transaction.atomic
def _propose(kind: IssueKind, cluster: Cluster, now: datetime) -> None:
    """One live proposal for each asset; a feeder's takes over those of its areas. Workers take turns at the feeder."""
    feeder = (
        Feeder.objects.select_for_update(no_key=True, of=("self",)).select_related("substation").get(pk=cluster.feeder)
    )
    here = IssueProposal.objects.filter(kind=kind, feeder=feeder)
    # locked, because somebody may be deciding one just now, and must not find it undecided again
    live = list(here.live().select_for_update(of=("self",)).order_by("pk"))
    if here.filter(decided_at__gte=now).exists():
        return  # somebody has decided after we had looked; the next look knows it
    whole = next((one for one in live if one.transformer_area_id is None), None)
    if cluster.area is None:
        kept = whole or next(iter(live), None)
        IssueProposal.objects.filter(pk__in=[one.pk for one in live if one is not kept]).delete()
    else:
        kept = whole or next((one for one in live if one.transformer_area_id == cluster.area), None)
    if kept is None:
        area = TransformerArea.objects.get(pk=cluster.area) if cluster.area else None
        kept = IssueProposal(
            kind=kind,
            feeder=feeder,
            transformer_area=area,
            branch_id=area.branch_id if area else feeder.substation.branch_id,
            first_at=cluster.first_at,
            last_at=cluster.last_at,
            number=len(cluster.keys),
            proposed_at=now,
        )
    elif cluster.area is None:
        kept.transformer_area, kept.branch_id = None, feeder.substation.branch_id
    kept.first_at, kept.last_at = min(kept.first_at, cluster.first_at), max(kept.last_at, cluster.last_at)
    kept.save()


@transaction.atomic
def _refresh(key: int) -> None:
    """Count anew what belongs to it; what nothing belongs to any more needs no decision."""
    proposal = IssueProposal.objects.live().select_for_update(skip_locked=True).filter(pk=key).first()
    if proposal is None:
        return
    keys = complaints_of(proposal)
    span = keys.aggregate(last=Max("received_at"), first=Min("received_at"))
    proposal.number = keys.count()
    if not proposal.number:
        proposal.delete()
        return
    proposal.last_at = span["last"]
    proposal.save(update_fields=["number", "last_at"])


def complaints_of(proposal: IssueProposal) -> issue_matching.ComplaintQuerySet:
    """What accepting it would link."""
    return issue_matching.matching(_issue_of(proposal))


def _issue_of(proposal: IssueProposal) -> ServiceIssue:
    return ServiceIssue(
        kind=proposal.kind,
        branch=proposal.branch,
        feeder_id=proposal.feeder_id,
        transformer_area_id=proposal.transformer_area_id,
        started_at=proposal.first_at,
    )


def title_for(proposal: IssueProposal, language: str) -> str:
    """What the issue is called unless somebody calls it otherwise."""
    with translation.override(language):
        return _("%(place)s: %(kind)s") % {"place": proposal.where, "kind": proposal.get_kind_display()}


@transaction.atomic
def accept(
    proposal: IssueProposal,
    *,
    by: User,
    at: datetime,
    title: str,
    is_public: bool = True,
    expected_at: datetime | None = None,
) -> ServiceIssue:
    """Make it an issue, link what belongs to it, and from now on what comes in. Raises MoveRefused when it is decided."""
    row = _undecided(proposal)
    issue = _issue_of(row)
    issue.title, issue.is_public, issue.expected_at = title, is_public, expected_at
    issue.collects, issue.created_by = True, by
    issue.save()
    row.issue = issue
    _decide(row, by, at)
    issue_work.ask(issue, IssueAct.LINK, issue_matching.matching(issue).values_list("pk", flat=True), by=by, at=at)
    return issue


@transaction.atomic
def dismiss(proposal: IssueProposal, *, by: User, at: datetime) -> None:
    """It is nothing, or known otherwise: the same complaints do not propose it again. Raises MoveRefused when it is decided."""
    _decide(_undecided(proposal), by, at)


def _undecided(proposal: IssueProposal) -> IssueProposal:
    rows = IssueProposal.objects.live().select_for_update(of=("self",)).select_related("branch")
    row = rows.filter(pk=proposal.pk).first()
    if row is None:
        raise MoveRefused(_("Somebody has decided this already."))
    return row


def _decide(row: IssueProposal, by: User, at: datetime) -> None:
    row.decided_by, row.decided_at = by, at
    row.save()


def collect(now: datetime) -> int:
    """Ask that what matches an accepted issue is linked to it; never what was linked before, or what a person has detached."""
    asked = 0
    for issue in ServiceIssue.objects.open().filter(collects=True).select_related("branch"):
        keys = _new_for(issue).values_list("pk", flat=True)
        asked += issue_work.ask(issue, IssueAct.LINK, keys, by=None, at=now, again=False)
    return asked


def _new_for(issue: ServiceIssue) -> issue_matching.ComplaintQuerySet:
    had = IssueJob.objects.filter(complaint=OuterRef("pk"), issue=issue, act=IssueAct.LINK)
    detached = Event.objects.filter(complaint=OuterRef("pk"), move="detach")
    return issue_matching.matching(issue).filter(~Exists(had), ~Exists(detached))


def number_for(user: User) -> int:
    """How many wait for a decision of this person's, for the line on their pages."""
    return IssueProposal.objects.live().visible_to(user).count() if user.role in DECIDING else 0


def waiting_for(user: User) -> QuerySet[IssueProposal]:
    """What this person may decide."""
    if user.role not in DECIDING:
        return IssueProposal.objects.none()
    return IssueProposal.objects.live().visible_to(user).select_related("feeder", "transformer_area", "branch")
