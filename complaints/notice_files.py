"""Files that go with a notice: kept beside it under a name that cannot be guessed, and forgotten some time after it was sent."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from complaints.models import MOST_FILE_BYTES, Notice, NoticeFile, NoticeState
from complaints.models.outgoing import stored_name
from complaints.refusals import BadInput

KEPT = timedelta(days=30)
ENDED = (NoticeState.SENT, NoticeState.GIVEN_UP, NoticeState.OVERTAKEN)


def attach(notice: Notice, data: bytes, *, name: str, content_type: str) -> NoticeFile:
    """Let this go with the notice; to be called in the transaction that writes it. Raises BadInput when it is too large.

    The file lies under the notice's own key, so a second try after a crash replaces what the first one left.
    """
    if len(data) > MOST_FILE_BYTES:
        limit = MOST_FILE_BYTES // 1024 // 1024
        raise BadInput(_("It is larger than %(limit)d MB, which mail servers refuse.") % {"limit": limit})
    kept = NoticeFile(
        uuid=notice.posting or notice.uuid,
        notice=notice,
        name=name[:150],
        content_type=content_type,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )
    default_storage.delete(stored_name(kept, name))
    kept.file.save(name, ContentFile(data), save=False)
    kept.save()
    return kept


def forget(at: datetime) -> int:
    """Take away the files of notices that are over and done with; what was sent, and how large it was, stays written down."""
    old = NoticeFile.objects.exclude(file="").filter(notice__state__in=ENDED, notice__created_at__lte=at - KEPT)
    gone = 0
    for one in old:
        default_storage.delete(one.file.name)
        gone += NoticeFile.objects.filter(pk=one.pk).update(file="")
    return gone
