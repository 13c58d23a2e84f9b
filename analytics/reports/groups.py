"""What reports are cut by: categories and channels, with their names in the language in use."""

from __future__ import annotations

from complaints.models import Category, Channel


def groups(by: str) -> dict[str, str]:
    """The values of a grouping and their names, in their usual order."""
    if by == "channel":
        return {channel.value: str(channel.label) for channel in Channel}
    return {category.code: category.name for category in Category.objects.all()}
