"""Django's `migrate`, which waits for no lock longer than a few seconds: whoever waits for a lock holds up all who come after.

It also makes the models of what only adds once and not after each operation (`config/together.py`).
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import migrate
from django.db import OperationalError, connections
from django.db.migrations.migration import Migration
from psycopg2.errors import LockNotAvailable

from config.together import together


class Command(migrate.Command):
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--lock-timeout", type=int, default=5, help="seconds to wait for a lock; 0 waits for ever")

    def handle(self, *args: Any, lock_timeout: int, **options: Any) -> None:
        connection = connections[options["database"]]
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{lock_timeout}s"])
        try:
            super().handle(*args, **options)
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable):
                raise
            raise CommandError(
                f"Somebody held a lock for more than {lock_timeout} s. What was under way was rolled back; run it again."
            ) from None
        finally:
            connection.close()

    def migration_progress_callback(self, action: str, migration: Migration | None = None, fake: bool = False) -> None:
        super().migration_progress_callback(action, migration, fake)
        if action == "apply_start" and migration is not None and not fake:
            migration.operations = together(migration)  # type: ignore[misc]  # of this one; its class keeps its own
