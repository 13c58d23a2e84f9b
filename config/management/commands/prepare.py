"""Brings a database to where the product can start: schema, checks, profile, and on request people to sign in."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from complaints.models import Complaint
from config import env


class Command(BaseCommand):
    help = "Migrates, checks the database, loads the profile; may run any number of times."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        people = parser.add_mutually_exclusive_group()
        people.add_argument("--demo", action="store_true", help="a made-up utility, if no complaint exists yet")
        people.add_argument("--first-administrator", action="store_true", help="one, if nobody can sign in yet")

    def handle(self, *args: Any, demo: bool, first_administrator: bool, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        call_command("check", databases=["default"], stdout=self.stderr)
        call_command("load_profile", env.text("REDRESS_PROFILE", "cn-95598"), if_empty=True, stdout=self.stderr)
        call_command("load_guides", env.text("REDRESS_PROFILE", "cn-95598"), stdout=self.stderr)
        if demo:
            if not Complaint.objects.exists():
                call_command("demo", complaints=5000, days=420, seed=7, stdout=self.stderr)
            call_command("demo", sign_ins=True, stdout=self.stdout)
        elif first_administrator:
            call_command("first_administrator", stdout=self.stdout)
