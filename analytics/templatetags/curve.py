"""How the day's curve is drawn on the board: what came, hour by hour, over the band of what is usual."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django import template

from analytics.intake import HOURS, Intake

register = template.Library()
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 200, 44, 24, 12, 28
TICKS = (0, 6, 12, 18, 24)
STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Mark:
    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Curve:
    """Points as SVG wants them; `band` and `mean` are empty where nothing is expected."""

    band: str
    mean: str
    today: str
    now_x: float
    now_y: float
    hours: Sequence[Mark]
    numbers: Sequence[Mark]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


@register.filter
def curve(day: Intake) -> Curve:
    highs = [hour.expected.nearly_sure[1] for hour in day.hours if hour.expected]
    step = step_for(max([*highs, day.received, 1]))
    most = step * -(-max([*highs, day.received, 1]) // step)

    def place(hour: float, number: float) -> tuple[float, float]:
        across = LEFT + (WIDTH - LEFT - RIGHT) * hour / HOURS
        return round(across, 1), round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * number / most, 1)

    known = [(hour.until, hour.expected) for hour in day.hours if hour.expected]
    lows = [(until, one.nearly_sure[0]) for until, one in known]
    tops = [(until, one.nearly_sure[1]) for until, one in known]
    came = [(0.0, 0), *((float(hour.until), hour.received) for hour in day.hours if hour.received is not None)]
    now = place(day.passed, day.received)
    return Curve(
        band=_points(place(*point) for point in [(0, 0), *tops, *reversed(lows)]) if known else "",
        mean=_points(place(until, number) for until, number in [(0, 0.0), *((h, one.mean) for h, one in known)])
        if known
        else "",
        today=_points([*(place(*point) for point in came), now]),
        now_x=now[0],
        now_y=now[1],
        hours=[Mark(place(hour, 0)[0], f"{hour:02d}:00") for hour in TICKS],
        numbers=[Mark(place(0, number)[1], str(number)) for number in range(0, most + 1, step)],
    )


def step_for(most: int) -> int:
    """The least round number of which four reach that far."""
    power = 1
    while True:
        for step in STEPS:
            if 4 * step * power >= most:
                return step * power
        power *= 10


def _points(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)
