"""Storms: a supervisor says that a major event rages in a branch, and what was promised there meanwhile is excused.

Declaring, ending and withdrawing only write the storm. What follows for clocks is carried out one complaint at a time by
`settle`, from what the clocks say now, so it can be cut short and repeated without harm.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial, reduce
from operator import or_
from typing import NamedTuple

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from complaints import turn, workflow
from complaints.clocks import excusing
from complaints.models import Clock, Complaint, Storm
from complaints.refusals import MoveRefused
from staff.actors import THE_CLOCK, Role
from staff.models import Branch, User
from staff.written_out import Statement

OLDEST = timedelta(hours=72)
"""How far back a storm may be declared."""
REST = timedelta(minutes=10)
"""An ended storm is looked at for so long: a registration that was under way may have seen it as it was."""
BATCH = 200

STEERING = (Role.SUPERVISOR, Role.ADMINISTRATOR)
"""Who declares and ends storms, and is told where one looks likely."""

WINDOW = timedelta(hours=3)
USUAL_DAYS = 28
AT_LEAST = 20
TIMES = 3
SUSPICIOUS = ("OUT", "SAF")


class Suspicion(NamedTuple):
    """Registrations of the last hours, and how many the same hours usually bring."""

    branch: Branch
    number: int
    usual: float
    since: datetime


def declare(branch: Branch, reason: str, began_at: datetime, *, by: User, at: datetime | None = None) -> Storm:
    """Say that a storm rages since `began_at`. Raises MoveRefused."""
    at = at or timezone.now()
    if began_at > at:
        raise MoveRefused(_("That is in the future. A storm is declared when it is there."), fields=["began_at"])
    if began_at < at - OLDEST:
        raise MoveRefused(_("A storm can be declared for the last 72 hours at most."), fields=["began_at"])
    with transaction.atomic():
        # the root of the tree is locked, so that nobody declares one above at the same moment
        list(Branch.objects.select_for_update(no_key=True).filter(path=branch.path.split("/")[0] + "/"))
        running = Storm.objects.running().over(branch).select_related("branch").first()
        if running is not None:
            raise MoveRefused(
                _("A storm is running in %(branch)s already: %(reason)s.")
                % {"branch": running.branch.name, "reason": running.reason},
                fields=["branch"],
            )
        return Storm.objects.create(
            branch=branch, reason=reason, began_at=began_at, declared_by=by, declared_at=at, changed_at=at
        )


@transaction.atomic
def end(storm: Storm, *, by: User, at: datetime | None = None, ended_at: datetime | None = None) -> Storm:
    """It is over, since `ended_at`, now by default. What began later is no longer excused. Raises MoveRefused."""
    at = at or timezone.now()
    ended_at = ended_at or at
    fresh = _running(storm)
    if ended_at > at:
        raise MoveRefused(_("That is in the future. A storm is ended when it is over."), fields=["ended_at"])
    if ended_at <= fresh.began_at:
        raise MoveRefused(_("That is before the storm began."), fields=["ended_at"])
    return _finish(fresh, ended_at, by, at)


@transaction.atomic
def withdraw(storm: Storm, *, by: User, at: datetime | None = None) -> Storm:
    """It was declared by mistake: the record stays and excuses nothing any more. Raises MoveRefused."""
    at = at or timezone.now()
    fresh = _running(storm)
    fresh.is_withdrawn = True
    return _finish(fresh, max(at, fresh.began_at + timedelta(microseconds=1)), by, at)


def _running(storm: Storm) -> Storm:
    fresh = Storm.objects.select_for_update(of=("self",)).select_related("branch").get(pk=storm.pk)
    if fresh.ended_at is not None:
        raise MoveRefused(_("This storm is over already."))
    return fresh


def _finish(storm: Storm, ended_at: datetime, by: User, at: datetime) -> Storm:
    storm.ended_at, storm.ended_by, storm.changed_at = ended_at, by, at
    storm.save()
    return storm


# what follows for clocks


def within(storm: Storm) -> QuerySet[Clock]:
    """Promised arrivals of its branches that began when it raged or later, while anybody thought that it did."""
    until = storm.ended_at and max(storm.changed_at, storm.ended_at)
    rows = excusing.excusable().filter(
        complaint__branch__path__startswith=storm.branch.path, started_at__gte=storm.began_at
    )
    return rows.filter(started_at__lte=until + REST) if until else rows


def settle(storm: Storm, *, at: datetime | None = None) -> int:
    """Excuse and take back until every clock says what the storms say; how many complaints were changed.

    One transaction for each complaint; any number of workers may do this at once, and again after a crash.
    """
    changed = 0
    rows = within(storm)
    with turn.Sweep() as sweep:
        for find, words in ((excusing.to_excuse, {}), (excusing.to_press, {"withdrawn": True})):
            last = 0
            while keys := _concerned(find(rows), last):
                changed += sweep.through(keys, partial(_settle_one, storm=storm, words=words, at=at))
                last = keys[-1]
    if storm.ended_at is not None and storm.changed_at <= (at or timezone.now()) - REST:
        Storm.objects.filter(pk=storm.pk, changed_at=storm.changed_at).update(settled_at=at or timezone.now())
    return changed


def _concerned(clocks: QuerySet[Clock], last: int) -> list[int]:
    rows = clocks.filter(complaint__gt=last).order_by("complaint").values_list("complaint", flat=True).distinct()
    return list(rows[:BATCH])


@transaction.atomic
def _settle_one(key: int, *, storm: Storm, words: dict[str, bool], at: datetime | None) -> bool:
    """Look again with the complaint locked: another worker may have been here, or the storm may just have ended."""
    complaint = Complaint.objects.select_related("category", "subcategory", "customer", "branch").locked(key)
    mine = excusing.excusable().filter(complaint=complaint)
    if not (excusing.to_press(mine) if words else excusing.to_excuse(mine)).exists():
        return False
    workflow.perform("excuse", complaint, by=THE_CLOCK, at=at, storm=storm.reason, **words)
    return True


def unsettled() -> list[Storm]:
    """Storms that clocks may still disagree with: the running, and those just ended."""
    return list(Storm.objects.filter(settled_at__isnull=True).select_related("branch"))


# what a supervisor looks at


def would_excuse(branch: Branch, began_at: datetime) -> int:
    """How many promised arrivals a storm declared now would excuse at once."""
    kind, tier = excusing.EXCUSED
    clocks = Clock.objects.filter(
        kind=kind,
        tier=tier,
        is_excused=False,
        started_at__gte=began_at,
        complaint__branch__path__startswith=branch.path,
    )
    return clocks.exclude(excusing.NEEDS_NONE).count()


def touched(storm: Storm, at: datetime) -> dict[str, int]:
    """Complaints that came in while it raged, and the clocks it excuses."""
    until = storm.ended_at or at
    complaints = Complaint.objects.filter(
        branch__path__startswith=storm.branch.path, received_at__gte=storm.began_at, received_at__lt=until
    )
    excused = Clock.objects.filter(
        is_excused=True,
        complaint__branch__path__startswith=storm.branch.path,
        started_at__gte=storm.began_at,
        started_at__lt=until,
    )
    return {"complaints": complaints.count(), "excused": 0 if storm.is_withdrawn else excused.count()}


def suspicions(user: User, at: datetime) -> list[Suspicion]:
    """Where of this person's branch and those right below it a storm looks likely; the narrowest places that say so.

    That is where far more outage and safety complaints came than these hours usually bring, and no storm is declared.
    """
    if user.branch is None or user.role not in STEERING:
        return []
    since, here = at - WINDOW, user.branch
    now = dict(_NOW(since, at, shape=(here.path,), branch=here))
    if sum(now.values()) < AT_LEAST:
        return []
    usual = dict(_USUAL(since, at, shape=(here.path,), branch=here))
    raging = [storm.branch.path for storm in _RUNNING()]

    def suspected(branch: Branch) -> Suspicion | None:
        number = sum(count for path, count in now.items() if path.startswith(branch.path))
        mean = sum(count for path, count in usual.items() if path.startswith(branch.path)) / USUAL_DAYS
        if number < AT_LEAST or number < TIMES * mean or branch.path.startswith(tuple(raging)):
            return None
        return Suspicion(branch, number, mean, since)

    if below := [found for child in here.children.all() if (found := suspected(child))]:
        return below
    return [found] if (found := suspected(here)) else []


def _alarming(when: Q, branch: Branch) -> QuerySet[Complaint, tuple[str, int]]:
    """How many outage and safety complaints came then, by the path of their branch, within this one."""
    rows = Complaint.objects.filter(when, category__code__in=SUSPICIOUS, branch__path__startswith=branch.path)
    return rows.order_by().values_list("branch__path").annotate(number=Count("pk"))


def _now(since: datetime, at: datetime, *, branch: Branch) -> QuerySet[Complaint, tuple[str, int]]:
    return _alarming(Q(received_at__gt=since, received_at__lte=at), branch)


def _usual(since: datetime, at: datetime, *, branch: Branch) -> QuerySet[Complaint, tuple[str, int]]:
    """The same hours of the days before."""
    days = [timedelta(days=number) for number in range(1, USUAL_DAYS + 1)]
    return _alarming(reduce(or_, (Q(received_at__gt=since - day, received_at__lte=at - day) for day in days)), branch)


_NOW, _USUAL = Statement(_now), Statement(_usual)
_RUNNING = Statement(lambda: Storm.objects.running().select_related("branch"))


def news_for(user: User) -> list[Storm]:
    """The storms that rage where this person works: in their branch, above it or below. Few rage at once, so all are read."""
    if user.branch is None:
        return []
    here = user.branch.path
    return [one for one in _RUNNING() if here.startswith(one.branch.path) or one.branch.path.startswith(here)]
