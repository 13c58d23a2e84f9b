"""Settings of the whole utility: people of its districts may read them, and who stands above all districts changes them."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from staff.actors import Role
from staff.models import User

KEEPING = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})


def may_change(user: User) -> bool:
    """Supervisors and administrators whose branch is the top one; whoever belongs to no branch changes nothing."""
    return user.role in KEEPING and user.branch is not None and user.branch.parent_id is None


def require_change(user: User) -> None:
    if not may_change(user):
        raise PermissionDenied(
            _("This holds for the whole utility: supervisors and administrators of the top branch change it.")
        )


def require_look(user: User, method: str | None) -> None:
    """For pages on which a setting is both read and changed: every supervisor and administrator reads, fewer change."""
    if user.role not in KEEPING:
        raise PermissionDenied(_("This is for supervisors and administrators."))
    if method == "POST":
        require_change(user)
