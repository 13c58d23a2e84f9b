"""Packs of reports: freezing what they say, comparing it with what they would say now, and handing it over as a file."""
