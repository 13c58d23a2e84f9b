"""Deadlines: pure functions of datetimes about limits, calendars, ledgers and policies; `running` stores them."""
