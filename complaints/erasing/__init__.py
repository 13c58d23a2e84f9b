"""Erasing what is personal and keeping what is counted: where it stands, who may not be erased, and how it is done."""
