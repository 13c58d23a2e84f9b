"""Take one e-mail from standard input, as a mail server's pipe delivers it."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from channels_intake import mail
from complaints.store import NotKept

TRY_LATER = 75
"""EX_TEMPFAIL of sysexits.h: the mail server keeps the message and comes again."""


class Command(BaseCommand):
    help = "Take one e-mail from standard input. Exit code 0 when it is kept, 75 when the server shall try again later."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            row = mail.take(sys.stdin.buffer.read(mail.LARGEST + 1), at=timezone.now())
        except (OperationalError, InterfaceError, OSError, NotKept) as error:
            raise CommandError(f"Try again later: {error}", returncode=TRY_LATER) from error
        reference = f" {row.complaint.reference}" if row.complaint else ""
        self.stdout.write(f"{row.outcome}{reference}")
