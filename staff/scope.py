"""What a person may see: their branch and everything below it; without a branch, nothing."""

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
