"""Quiet hours: the hours of the night in which what can wait does wait. Pure; the zone is the utility's."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, tzinfo


def is_quiet(moment: datetime, quiet_from: time | None, quiet_until: time | None, zone: tzinfo) -> bool:
    """Whether clocks on the wall show a quiet hour; without both ends, and with equal ends, there is none."""
    if quiet_from is None or quiet_until is None:
        return False
    wall = moment.astimezone(zone).time()
    if quiet_from <= quiet_until:
        return quiet_from <= wall < quiet_until
    return wall >= quiet_from or wall < quiet_until


def next_allowed(moment: datetime, quiet_from: time | None, quiet_until: time | None, zone: tzinfo) -> datetime:
    """`moment` itself, or the first end of quiet hours after it that is not quiet again.

    Where clocks are turned back the end comes twice, and the first that lies ahead is taken; where they are turned
    forward over it, the end is as long after the turn as it would have been before.
    """
    if quiet_until is None or not is_quiet(moment, quiet_from, quiet_until, zone):
        return moment
    today = moment.astimezone(zone).date()
    ends = (
        datetime.combine(today + timedelta(days=days), quiet_until, zone).replace(fold=fold).astimezone(UTC)
        for days in range(4)  # one is enough but for the days that a country skips or turns its clocks
        for fold in (0, 1)
    )
    return min(end for end in ends if end >= moment and not is_quiet(end, quiet_from, quiet_until, zone))
