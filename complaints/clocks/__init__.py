"""Deadlines: pure functions of datetimes (limits, calendars, deadlines, ledger, policies, contact) and `running`, which stores them."""
