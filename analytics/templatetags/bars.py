"""How small bars are drawn on the board."""

from __future__ import annotations

from dataclasses import dataclass

from django import template
from django.utils import formats
from django.utils.translation import gettext as _

from analytics.board import Board

register = template.Library()
HEIGHT, STEP = 32, 12


@dataclass(frozen=True, slots=True)
class Bar:
    x: int
    y: int
    height: int
    title: str
    is_today: bool = False


@register.filter
def bars(board: Board) -> list[Bar]:
    """One bar for each of the past days and one for today, at most as high as the drawing."""
    counts = [(formats.date_format(day, "SHORT_DATE_FORMAT"), count) for day, count in board.days]
    counts.append((_("today"), int(board.received.value)))
    most = max([count for _day, count in counts] + [1])
    heights = [max(1, round(HEIGHT * count / most)) for _day, count in counts]
    return [
        Bar(index * STEP, HEIGHT - height, height, f"{name}: {count}", is_today=index == len(counts) - 1)
        for index, ((name, count), height) in enumerate(zip(counts, heights, strict=True))
    ]
