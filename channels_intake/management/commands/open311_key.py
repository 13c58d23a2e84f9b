"""Give out and revoke the keys of Open311 clients."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from channels_intake.models import Open311Key
from channels_intake.open311 import new_key


class Command(BaseCommand):
    help = "Make a key for an Open311 client and print it once; with --revoke take back every key of this name."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="whose key it is, such as the city's application")
        parser.add_argument("--revoke", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["revoke"]:
            self.stdout.write(new_key(options["name"][:80])[1])
            return
        keys = Open311Key.objects.filter(name=options["name"], revoked_at=None)
        if not keys.update(revoked_at=timezone.now()):
            raise CommandError("There is no key of this name in use.")
        self.stdout.write("Revoked.")
