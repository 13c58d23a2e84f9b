"""What reports are cut by, with the names of the values in the language in use and in their usual order."""

from __future__ import annotations

from django.utils.translation import gettext as _

from complaints.models import Category, Channel, Source
from customers.models import AreaClass, CustomerKind
from customers.models.people import KEY
from staff.models import Branch, Team


def groups(by: str) -> dict[str, str]:
    """The values of a grouping and their names."""
    if by == "channel":
        return {channel.value: str(channel.label) for channel in Channel}
    if by == "source":
        return {source.value: str(source.label) for source in Source}
    if by == "branch":
        return {branch.code: str(branch) for branch in Branch.objects.all()}
    if by == "team":
        return {**{team.code: str(team) for team in Team.objects.all()}, "": _("No team")}
    if by == "segment":
        kinds = {kind.value: str(kind.label) for kind in CustomerKind}
        return {**kinds, KEY: _("Key customer"), "": _("not known")}
    if by == "area_class":
        return {**{area.value: str(area.label) for area in AreaClass}, "": _("not known")}
    return {category.code: category.name for category in Category.objects.all()}
