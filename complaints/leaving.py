"""Somebody leaves for good: nobody does with open complaints in their name."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import ngettext

from complaints.hand_over import open_work
from complaints.refusals import MoveRefused
from staff.models import User


@transaction.atomic
def leave(user: User) -> None:
    """They can no longer sign in, and are told and given nothing. Raises MoveRefused while a complaint is open with them."""
    locked = User.objects.select_for_update().get(pk=user.pk)
    count = open_work(locked).count()
    if count:
        words = ngettext(
            "%(name)s has %(count)d open complaint. Hand it over first.",
            "%(name)s has %(count)d open complaints. Hand them over first.",
            count,
        )
        raise MoveRefused(words % {"name": locked.display_name, "count": count})
    locked.is_active = locked.is_on_duty = False
    locked.save(update_fields=["is_active", "is_on_duty"])
