"""Colleagues named in internal words with @: who is meant, and a refusal where nobody who may see the complaint is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

from django.db.models import Case, Q, Value, When
from django.db.models.functions import Length, Lower
from django.utils.translation import gettext as _

from complaints.ladder import Place
from complaints.models import Complaint, RequestType
from complaints.models.complaint import RESTRICTED_TO
from complaints.refusals import MoveRefused
from complaints.states import HAND_OVER
from staff import duty
from staff.models import User

AT = re.compile(r"(?<![A-Za-z0-9._%+-])[@＠](?=\w)")
"""Begins a mention; behind a letter it is part of an address (no Chinese sign is part of one)."""
LONGEST = 80
"""No name is longer."""
GOES_ON = re.compile(r"[A-Za-z0-9_-]|\.[A-Za-z0-9]")
"""What cannot follow the end of a name in Latin letters, or it is not its end."""
MENTIONING = frozenset({"note", "hand_over", "assign", "unassign", "transfer", "return"})
"""Moves in whose words for colleagues somebody can be mentioned. What goes to the customer never mentions anybody."""
OFFERED = 8


def tails(text: str) -> list[str]:
    """What stands behind each @ that may begin a name, as far as a name can reach."""
    return [text[match.end() : match.end() + LONGEST].split("\n")[0] for match in AT.finditer(text)]


def longest(tail: str, is_name: Callable[[str], bool]) -> str:
    """The longest beginning of `tail` that is a name and ends where a name ends; "" when none does.

    Chinese has no spaces: what follows a Chinese name is no part of it unless a longer name says so.
    """
    for end in range(len(tail), 0, -1):
        if is_name(tail[:end].lower()) and not (tail[end - 1].isascii() and GOES_ON.match(tail[end:])):
            return tail[:end]
    return ""


def words_of(name: str, details: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The words of a move that colleagues read and in which one can be mentioned, each with the name of its detail."""
    if name not in MENTIONING:
        return []
    fields = ("note", *HAND_OVER) if name == "note" or "stands" in details else ()
    return [(field, str(details[field])) for field in fields if details.get(field)]


def found_in(name: str, complaint: Complaint, details: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Who is mentioned, ready for the event: key, name, and as it is written. Raises MoveRefused, naming whom and where."""
    said = [(field, tail) for field, words in words_of(name, details) for tail in tails(words)]
    if not said:
        return []
    named = _named(tail for _field, tail in said)
    place = Place(complaint.branch, is_restricted=complaint.request_type == RequestType.REPORT)
    found: dict[int, dict[str, Any]] = {}
    for field, tail in said:
        seeing = {key: [one for one in people if place.may_be_seen_by(one)] for key, people in named.items()}
        written = longest(tail, lambda key: bool(seeing.get(key))) or longest(tail, lambda key: key in named)  # noqa: B023
        people = seeing.get(written.lower(), [])
        if len(people) != 1:
            _refuse(field, written, people, tail)
        person = people[0]
        found.setdefault(person.pk, {"id": person.pk, "text": person.display_name, "as": f"@{written}"})
    return list(found.values())


def _named(behind: Iterable[str]) -> dict[str, list[User]]:
    """Everybody whose user name or full name something behind an @ begins with, by that name in small letters."""
    beginnings = {tail[:end].lower() for tail in behind for end in range(1, len(tail) + 1)}
    people = User.objects.filter(is_active=True).annotate(user_key=Lower("username"), name_key=Lower("full_name"))
    named: dict[str, list[User]] = {}
    for person in people.filter(Q(user_key__in=beginnings) | Q(name_key__in=beginnings)).select_related("branch"):
        for key in {person.username.lower(), person.full_name.lower()} & beginnings:
            named.setdefault(key, []).append(person)
    return named


def _refuse(field: str, written: str, people: list[User], tail: str) -> NoReturn:
    if people:
        names = ", ".join(f"@{one.username}" for one in people)
        said = _("Several colleagues are called %(name)s. Write whom you mean: %(names)s.")
        raise MoveRefused(said % {"name": written, "names": names}, fields=[field])
    if written:
        said = _("%(name)s may not see this complaint and would not be told. Mention somebody who may.")
        raise MoveRefused(said % {"name": written}, fields=[field])
    word = re.match(r"[\w.-]{1,20}", tail)
    said = _("No colleague is called “%(name)s”. Choose from the list, or put a space behind the @.")
    raise MoveRefused(said % {"name": word.group() if word else tail[:20]}, fields=[field])


def offered(complaint: Complaint, text: str) -> list[User]:
    """Those who may see the complaint and whose name has this in it.

    First whose name begins with it, the shortest first, so that a name typed whole is the first; with nothing typed yet
    whoever is on duty and of its team.
    """
    people = User.objects.filter(is_active=True, branch__path__in=duty.upwards(complaint.branch.path))
    if complaint.request_type == RequestType.REPORT:
        people = people.filter(role__in=RESTRICTED_TO)
    order: list[Any] = ["-is_on_duty", "-is_near", "full_name"]
    if wanted := text.strip()[:LONGEST]:
        people = people.filter(Q(username__icontains=wanted) | Q(full_name__icontains=wanted))
        begins = Q(username__istartswith=wanted) | Q(full_name__istartswith=wanted)
        order = [_is(begins).desc(), Length("username"), *order]
    near = people.annotate(is_near=_is(Q(team=complaint.team_id or 0))).select_related("team")
    return list(near.order_by(*order)[:OFFERED])


def _is(condition: Q) -> Case:
    """True or false, also where what is compared is not known."""
    return Case(When(condition, then=Value(True)), default=Value(False))
