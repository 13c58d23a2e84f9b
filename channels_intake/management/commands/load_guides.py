"""Load the guides of a profile where there are none yet."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from channels_intake import guides


class Command(BaseCommand):
    help = "Load the guides of a profile; where there are guides already they stay as they are."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("profile")

    def handle(self, *args: Any, profile: str, **options: Any) -> None:
        loaded = guides.load(profile, at=timezone.now())
        for sentence in loaded.missing:
            self.stderr.write(sentence)
        self.stdout.write(f"{loaded.count} guides loaded.")
