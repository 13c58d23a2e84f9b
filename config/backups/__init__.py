"""Backup and restore: the database as it was at one moment, the files that its rows name, and a manifest that proves both."""
