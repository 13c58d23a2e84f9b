"""Reports by subscription, as a notice with a file. Who reads figures is no part of the desk; it says what is to be sent.

One notice for each posting, by its key, however often it is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from complaints import notice_files, outbox
from complaints.models import DeskSettings, Medium, MessageTemplate, Notice
from staff.models import User

POSTED = "report_posted"
PDF = "application/pdf"


@transaction.atomic
def post(
    key: UUID, to: User, language: str, words: Mapping[str, Any], data: bytes, *, file_name: str, at: datetime
) -> Notice | None:
    """The notice of this posting, with its file, in the outbox; None when there is no text for it. Raises BadInput."""
    texts = {text.language: text for text in MessageTemplate.objects.filter(code=POSTED, medium=Medium.EMAIL)}
    text = texts.get(language) or texts.get(settings.LANGUAGE_CODE)
    if text is None:
        return None
    desk = DeskSettings.current()
    said = {
        "name": to.display_name,
        "utility": desk.utility_zh if text.language.startswith("zh") else desk.utility_en,
        **words,
    }
    notice = Notice(
        posting=key,
        code=POSTED,
        medium=Medium.EMAIL,
        address=to.email,
        is_to_customer=False,
        language=text.language,
        subject=text.subject.format(**said)[:200],
        body=text.body.format(**said),
    )
    outbox.try_at(at, [notice], desk)
    notice.save()
    notice_files.attach(notice, data, name=file_name, content_type=PDF)
    return notice


def sample(by: User) -> tuple[str, dict[str, Any]]:
    """What the text could say, made up, in the language in force."""
    desk = DeskSettings.current()
    is_chinese = (translation.get_language() or "").startswith("zh")
    words = {
        "report": _("Complaints received"),
        "period": "2026-03",
        "note": "",
        "utility": desk.utility_zh if is_chinese else desk.utility_en,
        "desk_url": settings.BASE_URL + reverse("analytics:subscriptions"),
    }
    return str(words["report"]), words
