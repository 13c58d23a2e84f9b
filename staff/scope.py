"""What a person may see: their branch and everything below it; without a branch, nothing."""

from collections.abc import Hashable

from django.db.models import Q

from staff.models import User


def within_branches(user: User, field: str = "branch") -> Q:
    """A condition on `field` (a foreign key to Branch) that keeps rows of the user's own subtree; fails closed."""
    if not user.is_authenticated or not user.is_active or user.branch is None:
        return Q(pk__in=[])
    if user.branch.parent_id is None:
        return Q()
    # as keys and not by their path: only of values that it knows the planner knows how much lies in them
    return Q(**{f"{field}__in": user.own_branches()})


def all_of(user: User) -> tuple[Hashable, ...]:
    """All on which it can depend what a person sees: every column of theirs, their branch with its place, the branches below.

    What is kept under it holds for nobody else, and not for them once anything of it is changed.
    """
    branch = user.branch
    below = () if branch is None or branch.parent_id is None else tuple(user.own_branches())
    place = branch and (branch.pk, branch.path, branch.parent_id)
    return tuple(str(user.serializable_value(field.attname)) for field in User._meta.concrete_fields), place, below
