"""./dev manage rebuild_figures: count everything anew beside the figures in use, and let it take their place."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from analytics.grains import refresh


class Command(BaseCommand):
    help = "Build all figures anew from the raw rows while the old ones stay in use. Safe to stop and to run again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--ask-only", action="store_true", help="leave the work to the workers")

    def handle(self, *args: Any, **given: Any) -> None:
        generation = refresh.rebuild()
        if not given["ask_only"]:
            refresh.refresh()
            generation.refresh_from_db()
            self.stdout.write(f"{generation}: {generation.counted:,} complaints, {generation.get_state_display()}.")
