"""Who of a team gets a complaint: whoever is on duty and has least to do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Count, Max, Q, QuerySet
from django.utils.translation import gettext as _

from complaints import ladder
from complaints.ladder import Place
from complaints.models import Complaint, Priority
from complaints.states import HANDLERS, OPEN
from staff import duty
from staff.models import Team, User
from staff.stand_ins import stand_in

WEIGHTS = {Priority.P1: 8, Priority.P2: 4, Priority.P3: 2, Priority.P4: 1}
CLOSE = 2
"""So much more may somebody have and still get the complaint of a customer whom they know: one ordinary complaint."""
KNOWN_FOR = timedelta(days=30)
"""So long somebody who handled a customer's complaint knows the customer, and so far back we look who was given one last."""


def weight(priority: int, hours_left: float | None) -> float:
    """How heavy an open complaint is: by its priority, half as much again within a day of its deadline, double within four."""
    urgency = 1.0 if hours_left is None or hours_left >= 24 else 1.5 if hours_left >= 4 else 2.0
    return WEIGHTS[Priority(priority)] * urgency


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody on duty; `last` is when they were given one last, `knows` whether they know the customer."""

    key: int
    load: float = 0.0
    count: int = 0
    last: datetime | None = None
    knows: bool = False
    is_skilled: bool = True


def choose(candidates: Sequence[Candidate], *, cap: int | None = None, is_urgent: bool = False) -> Candidate | None:
    """The one with the least load, of equals whoever was given one longest ago; who knows the customer, if nearly as free.

    Nobody gets more than `cap` or what they have no skill for, unless a life is in danger: that goes to somebody.
    """
    able = [one for one in candidates if one.is_skilled and (cap is None or one.count < cap)]
    if not able and is_urgent:
        able = list(candidates)
    if not able:
        return None
    least = min(able, key=_turn)
    return min((one for one in able if one.knows and one.load <= least.load + CLOSE), key=_turn, default=least)


def _turn(one: Candidate) -> tuple[float, datetime, int]:
    return one.load, one.last or datetime.min.replace(tzinfo=UTC), one.key


@dataclass(frozen=True, slots=True)
class Proposal:
    """Whom, and the sentence that says why."""

    person: User
    why: str


def propose(complaint: Complaint, at: datetime) -> Proposal | None:
    """Who of the complaint's team should have it at this moment; nobody when nobody on duty can. Writes nothing."""
    team = complaint.team
    if team is None:
        return None
    place = Place.of(complaint)
    people = {one.pk: one for one in duty.of_team(team, at, roles=HANDLERS).people if place.may_be_seen_by(one)}
    candidates = _candidates(complaint, list(people.values()), at)
    chosen = choose(candidates, cap=team.cap, is_urgent=complaint.priority == Priority.P1)
    return None if chosen is None else Proposal(people[chosen.key], _why(people[chosen.key], chosen, candidates))


def assigned_by_itself(complaint: Complaint, at: datetime) -> Proposal | None:
    """As `propose`, if nobody has it yet and the team assigns by itself. The team is locked until the transaction ends, so
    that ten complaints at once are dealt out one after the other. Lock the complaint first, then the team, always.
    """
    if complaint.assignee is not None or complaint.team is None or not complaint.team.assigns_itself:
        return None
    # no_key: whoever is putting a complaint into this team holds its key already, and two of them would wait crosswise
    complaint.team = Team.objects.select_for_update(no_key=True).get(pk=complaint.team.pk)
    return propose(complaint, at) if complaint.team.assigns_itself else None


def _candidates(complaint: Complaint, people: Sequence[User], at: datetime) -> list[Candidate]:
    loads, last = loads_of(people, at), _last_given(people, at)
    knows = _who_knows(complaint, people, at)
    return [
        Candidate(
            key=one.pk,
            load=loads[one.pk].weight,
            count=loads[one.pk].count,
            last=last.get(one.pk),
            knows=one.pk == knows,
            is_skilled=not one.skills or complaint.category.code in one.skills,
        )
        for one in people
    ]


@dataclass(slots=True)
class Load:
    """What somebody has open: how many, and how heavy together."""

    count: int = 0
    weight: float = 0.0


def loads_of(people: Sequence[User], at: datetime) -> dict[int, Load]:
    """The load of each, by their key, in one query over what is open."""
    loads: dict[int, Load] = defaultdict(Load)
    rows = Complaint.objects.unfinished().open().filter(assignee__in=people)
    for key, priority, due_at in rows.values_list("assignee_id", "priority", "next_due_at"):
        loads[key].count += 1
        loads[key].weight += weight(priority, (due_at - at).total_seconds() / 3600 if due_at else None)
    return loads


def counts_of(people: QuerySet[User]) -> dict[int, int]:
    """How many complaints each has open."""
    rows = Complaint.objects.unfinished().open().filter(assignee__in=people).order_by()
    return dict(rows.values_list("assignee_id").annotate(count=Count("pk")))


def _last_given(people: Sequence[User], at: datetime) -> dict[int, datetime]:
    rows = Complaint.objects.filter(assignee__in=people, dispatched_at__gte=at - KNOWN_FOR).order_by()
    return dict(rows.values_list("assignee_id").annotate(last=Max("dispatched_at")))


def _who_knows(complaint: Complaint, people: Sequence[User], at: datetime) -> int | None:
    """Who of them has or had this customer's latest other complaint that is open or recent, or acts for whoever had it."""
    if complaint.customer_id is None:
        return None
    keys = {one.pk for one in people}
    deputies = {user.pk: deputy.pk if deputy else None for user, deputy in ladder.away(at).deputies(at).items()}
    acting = {key: stand_in(key, deputies, keys.__contains__) for key in {*keys, *deputies}}
    recent = Q(status__in=sorted(OPEN)) | Q(received_at__gte=at - KNOWN_FOR)
    known_to = [key for key, one in acting.items() if one is not None]
    theirs = Complaint.objects.filter(recent, customer=complaint.customer_id, assignee__in=known_to)
    latest = (
        theirs.exclude(pk=complaint.pk).order_by("-received_at", "-pk").values_list("assignee_id", flat=True).first()
    )
    return acting[latest] if latest is not None else None


def _why(person: User, chosen: Candidate, candidates: Sequence[Candidate]) -> str:
    words = {"name": person.display_name, "open": chosen.count, "count": len(candidates)}
    if chosen.load > min(one.load for one in candidates) and chosen.knows:
        return _("%(name)s knows this customer and has %(open)d open.") % words
    if len(candidates) == 1:
        return _("%(name)s is the only one on duty and has %(open)d open.") % words
    if chosen.load > min(one.load for one in candidates):
        return _("%(name)s has %(open)d open, the least of those on duty who can take it.") % words
    return _("%(name)s has %(open)d open, the least load of %(count)d on duty.") % words
