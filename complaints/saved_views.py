"""Views that people save: a queue and filters under a name, which show each person what that person may see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from complaints import queues
from complaints.models import Complaint, DeskHabit, SavedView
from complaints.models.complaint import ComplaintQuerySet
from staff.models import User
from staff.scope import all_of
from staff.written_out import Statement

MOST = 100
"""How many a person has at hand, their own first."""


def known(params: Mapping[str, Any], user: User) -> dict[str, str]:
    """Of the parameters of an address those that say which complaints are meant and that are understood."""
    said = {name: str(params[name])[:200] for name in ("view", *queues.FILTERS) if params.get(name)}
    ignored: list[str] = []
    queues.narrow(Complaint.objects.none(), said, user, ignored=ignored)
    return {name: text for name, text in said.items() if name not in ignored}


_USABLE = Statement(lambda *, user: SavedView.objects.usable_by(user).select_related("owner")[: 10 * MOST])
_HABIT = Statement(lambda user: DeskHabit.objects.filter(pk=user)[:1])


def at_hand(user: User) -> list[SavedView]:
    """What this person may use: their own in their order, then what others share with them by name."""
    found = list(_USABLE(shape=all_of(user), user=user))
    theirs = [view for view in found if view.owner_id == user.pk]
    shared = sorted((view for view in found if view.owner_id != user.pk), key=lambda view: (view.name, view.pk))
    return [*theirs, *shared][:MOST]


def rows(view: SavedView, user: User) -> ComplaintQuerySet:
    """What the view shows to this person, in no order."""
    return queues.narrow(Complaint.objects.visible_to(user), view.query, user)


def counted(views: Iterable[SavedView], user: User) -> dict[int, str]:
    """How much each view holds for this person, as it is shown; one query, which gives up where nobody reads on, and one for each
    search that few complaints may fit.
    """
    found = queues.counted({str(view.pk): queues.in_order(rows(view, user), view.query) for view in views})
    return {int(key): queues.spoken(count) for key, count in found.items()}


def habit_of(user: User) -> DeskHabit:
    return next(iter(_HABIT(user.pk)), None) or DeskHabit(user=user)


def next_position(user: User) -> int:
    last = SavedView.objects.filter(owner=user).aggregate(last=Max("position"))["last"]
    return 0 if last is None else int(last) + 1


@transaction.atomic
def shift(view: SavedView, by: int) -> None:
    """Move a view up (-1) or down (1) among its owner's own."""
    mine = list(SavedView.objects.kept().filter(owner=view.owner_id).select_for_update())
    place = next((number for number, one in enumerate(mine) if one.pk == view.pk), None)
    if place is None or not 0 <= place + by < len(mine):
        return
    mine.insert(place + by, mine.pop(place))
    for number, one in enumerate(mine):
        one.position = number
    SavedView.objects.bulk_update(mine, ["position"])


def delete(view: SavedView) -> None:
    """Put it away; nothing is thrown out, so that this can be taken back."""
    SavedView.objects.filter(pk=view.pk, deleted_at__isnull=True).update(deleted_at=timezone.now())


@transaction.atomic
def bring_back(view: SavedView) -> None:
    """Take the deleting back. Where its name was given again meanwhile it gets a number behind it."""
    kept = set(SavedView.objects.kept().filter(owner=view.owner_id).values_list("name", flat=True))
    tries = [view.name, *(f"{view.name[:55]} {number}" for number in range(2, MOST))]
    name = next(one for one in tries if one not in kept)
    SavedView.objects.filter(pk=view.pk, deleted_at__isnull=False).update(deleted_at=None, name=name)
