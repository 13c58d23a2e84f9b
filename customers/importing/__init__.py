"""Millions of customers from one file: `files` receives and reads it, `taking` checks and writes it, batch by batch."""
