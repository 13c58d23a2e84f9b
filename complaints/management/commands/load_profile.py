"""`manage load_profile NAME`: checks a profile and writes its rows."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from complaints import profiles
from complaints.models import Category


class Command(BaseCommand):
    help = "Set up a kind of utility (categories, calendars, policies, routes, texts) from a profile's files."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("profile", help=f"a profile's name ({', '.join(profiles.names())}) or a folder")
        parser.add_argument("--check", action="store_true", help="only say whether the files are right")
        parser.add_argument(
            "--if-empty",
            action="store_true",
            help="where categories exist only add texts for occasions that have none, so that what was edited stays",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["profile"]
        folder = profiles.FOLDER / name if name in profiles.names() else Path(name)
        try:
            profile = profiles.read(folder)
        except profiles.BadProfile as bad:
            raise CommandError(f"{name} cannot be loaded; nothing was changed.\n{bad}") from None
        if options["check"]:
            self.stdout.write(f"{profile.code} is right.")
            return
        if options["if_empty"] and Category.objects.exists():
            self.stdout.write("Categories exist already; only texts for new occasions are loaded.")
            changes = profiles.add_texts(profile)
        else:
            changes = profiles.load(profile)
        if options["verbosity"] > 0:
            for line in changes:
                self.stdout.write(line)
            self.stdout.write(f"{profile.code}: {len(changes)} rows new or changed.")
