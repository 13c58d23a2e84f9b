"""Gives the link with which the first administrator chooses a password, as long as no administrator can sign in."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from staff import people


class Command(BaseCommand):
    help = "A link for the first administrator; may run again when it was lost, and says nothing once one can sign in."

    def handle(self, *args: Any, **options: Any) -> None:
        user = people.first_administrator()
        if user is not None:
            self.stdout.write(
                f"First administrator: {user.username}. Choose a password here, once and within a day: "
                f"{people.password_link(user)}"
            )
