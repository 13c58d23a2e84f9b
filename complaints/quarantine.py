"""Files wait until the virus scanner has looked at them, if there is one. The rows are the queue; nothing is skipped."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import BinaryIO, cast

from django.conf import settings
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _

from complaints import database_clock, workflow
from complaints.delivery import clamd
from complaints.models import Attachment
from complaints.models.attachment import ScanState
from staff.actors import THE_CLOCK

IN_HAND = "virus-scan-in-hand"
"""Kept in the cache and not as a lock of a database session: behind a pooler a session is lent for one transaction only."""
IN_HAND_SECONDS = 180
"""How long whoever is killed over a file keeps the others from scanning."""

logger = logging.getLogger(__name__)


def scan(file: Attachment) -> int:
    """Ask the scanner and note what it says: 1 when this call noted it. Raises ScannerAway or NotScanned, and it waits on.

    Safe in several workers and after a kill: whoever notes first has noted, and the alarm is in the same transaction.
    """
    with default_storage.open(file.file.name) as stored:  # a handle of our own: the row's may be read by somebody else
        found = clamd.verdict(cast("BinaryIO", stored), url=settings.CLAMD_URL)
    return _note(file, found, at=database_clock.now())


@transaction.atomic
def _note(file: Attachment, found: str, *, at: datetime) -> int:
    state = ScanState.INFECTED if found else ScanState.CLEAN
    noted = Attachment.objects.waiting().filter(pk=file.pk).update(scan=state, scanned_at=at, found=found)
    if noted and found:
        said = _("The file “%(name)s” holds %(found)s and is locked away. Nobody can open it.")
        reason = said % {"name": file.name[:80], "found": found}
        workflow.perform("escalate", file.complaint, by=THE_CLOCK, at=at, reason=reason)
    return noted


def sweep() -> int:
    """Scan what waits, the oldest first; how many were judged. A scanner that is away ends the turn, and the next tries again.

    A file that the scanner will not judge (too large for its settings) holds up no other and goes on waiting. One worker
    scans at a time: a scanner that is slow or hangs must not keep all of them from ringing alarms.
    """
    if not settings.CLAMD_URL:
        return 0
    with _alone() as is_mine:
        return _through() if is_mine else 0


@contextmanager
def _alone() -> Iterator[bool]:
    is_mine = cache.add(IN_HAND, True, timeout=IN_HAND_SECONDS)
    try:
        yield is_mine
    finally:
        if is_mine:
            cache.delete(IN_HAND)


def _through() -> int:
    judged = 0
    for file in Attachment.objects.waiting().select_related("complaint").iterator(chunk_size=50):
        cache.touch(IN_HAND, IN_HAND_SECONDS)
        try:
            judged += scan(file)
        except clamd.ScannerAway as error:
            logger.warning("The virus scanner is away, files wait: %s", error)
            return judged
        except (clamd.NotScanned, FileNotFoundError) as error:
            logger.error("File %s still waits for the virus scan: %s", file.uuid, error)
    return judged
