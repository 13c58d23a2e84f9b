"""Whom a move concerns: those it mentions, whom it gives the complaint to, a team that is asked, and who follows.

Each is told once of each event, for the best reason, at the desk and, where they want that, by e-mail. Nobody is told of what
they did themselves, nor of what they may not see.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F

from complaints import turn
from complaints.ladder import Place
from complaints.models import Complaint, Concern, Event, Follow, InternalRequest, RequestType, Telling, Why
from complaints.states import DESK, MOVES
from staff import duty
from staff.actors import Role
from staff.models import Team, User

OCCASIONS = {
    "mentioned", "handed_over", "request_asked", "request_warning", "request_overdue", "request_answered",
    "request_withdrawn", "followed",
}  # fmt: skip
"""The texts that go out because somebody is concerned."""
SMALL = frozenset(
    {
        "acknowledge", "attach", "contact", "excuse", "extend", "give_up", "investigate", "link", "match", "read_hand_over",
        "release", "remind_request", "resend", "retarget", "unassign", "warn", "withdraw_request",
    }
)  # fmt: skip
"""Moves that a follower is not told of: the clock's small lines, and what changes nothing for anybody else."""
MATTERS = frozenset(MOVES) - SMALL
GIVING = frozenset({"assign", "dispatch", "transfer"})
LEAVING = frozenset({"unassign", "return"})
"""Moves that leave a complaint to its team; with a hand-over note the team is told."""


@dataclass(frozen=True, slots=True)
class Told:
    """One person who is told, why, and by which text; without one only at the desk."""

    user: User
    why: Why
    code: str = ""


def followers_of(complaints: Iterable[int]) -> Mapping[int, list[User]]:
    """Who follows these complaints, by the keys of both, read at once; each person with how they want to be told."""
    rows = User.objects.filter(follows__complaint__in=list(complaints), is_active=True).select_related("branch")
    found: dict[int, list[User]] = defaultdict(list)
    for user in rows.annotate(telling=F("telling_habit__how"), followed=F("follows__complaint")).order_by("pk"):
        found[user.followed].append(user)
    return found


def _followers_of_one(complaint: Complaint) -> list[User]:
    return followers_of([complaint.pk])[complaint.pk]


def tell(complaint: Complaint, event: Event, details: Mapping[str, Any]) -> list[Told]:
    """Write what concerns whom; answers with them, for the e-mails. Who is mentioned or hands over follows from now on."""
    request = _request_of(complaint, event, details)
    told = concerned(complaint, event, request)
    _begin_to_follow(complaint, event, told)
    Concern.objects.bulk_create(rows_of(told, complaint, event, request))
    return told


def concerned(
    complaint: Complaint,
    event: Event,
    request: InternalRequest | None = None,
    followers: Callable[[Complaint], Iterable[User]] = _followers_of_one,
) -> list[Told]:
    """Whom an event concerns, each once and for the best reason. `followers` for who has read those of many at once."""
    told: dict[int, Told] = {}
    for one in _concerned(complaint, event, request, followers):
        if one.user.pk != event.user_id and one.user.is_active:
            told.setdefault(one.user.pk, one)
    return list(told.values())


def rows_of(
    told: Iterable[Told], complaint: Complaint, event: Event, request: InternalRequest | None = None
) -> list[Concern]:
    """What those who are told find at the desk, unsaved."""
    return [
        Concern(user=one.user, complaint=complaint, event=event, request=request, why=one.why, at=event.at)
        for one in told
    ]


def _request_of(complaint: Complaint, event: Event, details: Mapping[str, Any]) -> InternalRequest | None:
    if event.move == "request":
        return event.request
    found: InternalRequest | None = details.get("request")
    return found


def _concerned(
    complaint: Complaint,
    event: Event,
    request: InternalRequest | None,
    followers: Callable[[Complaint], Iterable[User]],
) -> Iterator[Told]:
    """Everybody, those with the best reason first."""
    place = Place(complaint.branch, is_restricted=complaint.request_type == RequestType.REPORT)
    mentioned = [one["id"] for one in event.details.get("mentions", [])]
    if mentioned:
        for user in User.objects.filter(pk__in=mentioned).select_related("branch"):
            if place.may_be_seen_by(user):
                yield Told(user, Why.MENTION, "mentioned")
    if event.move in GIVING and complaint.assignee is not None and "assignee" in event.details:
        # whom the clock gives it to is told by a text of its own
        yield Told(complaint.assignee, Why.HANDED, "" if event.is_by_clock else "handed_over")
    if event.move in LEAVING and "stands" in event.details and complaint.team is not None:
        for user in _at_work(complaint.team, turn.now()):
            if place.may_be_seen_by(user):
                yield Told(user, Why.HANDED, "handed_over")
    if request is not None:
        yield from _of_request(event, request)
    if event.move in MATTERS:
        for user in followers(complaint):
            if place.may_be_seen_by(user):
                yield Told(user, Why.FOLLOWED, "followed" if user.telling == Telling.EACH else "")  # type: ignore[attr-defined]


def _of_request(event: Event, request: InternalRequest) -> Iterator[Told]:
    if event.move == "request":
        at_work = _at_work(request.team, turn.now())
        yield from (Told(user, Why.REQUEST, "request_asked") for user in at_work)
        # whoever comes to work later finds it at the desk
        yield from (Told(user, Why.REQUEST) for user in request.team.members.filter(role__in=sorted(DESK)))
    elif event.move == "remind_request":
        is_warning = event.details["level"] == "warn"
        code = "request_warning" if is_warning else "request_overdue"
        yield from (Told(user, Why.REQUEST, code) for user in _at_work(request.team, turn.now()))
        if not is_warning:
            yield Told(request.asked_by, Why.REQUEST, code)
        if event.details["level"] == "escalate":
            over = duty.on_duty(Role.SUPERVISOR, request.team.branch, turn.now())
            yield from (Told(user, Why.REQUEST, code) for user in over)
    elif event.move == "withdraw_request":
        for user in User.objects.filter(concerns__event=request.event_id).exclude(pk=request.asked_by_id):
            yield Told(user, Why.REQUEST, "request_withdrawn")
    else:
        yield Told(request.asked_by, Why.REQUEST, "request_answered")


def _at_work(team: Team, at: datetime) -> Iterable[User]:
    """Those of a team who are on duty; where nobody is, whoever answers for its branch: a question is never put to nobody."""
    return duty.of_team(team, at, roles=sorted(DESK)).people or duty.on_duty(Role.SUPERVISOR, team.branch, at)


def _begin_to_follow(complaint: Complaint, event: Event, told: Iterable[Told]) -> None:
    people = [one.user.pk for one in told if one.why == Why.MENTION]
    if event.user_id is not None and "stands" in event.details:
        people.append(event.user_id)
    if people:
        Follow.objects.bulk_create(
            [Follow(user_id=key, complaint=complaint, since=event.at) for key in people], ignore_conflicts=True
        )
