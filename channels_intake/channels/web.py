"""The public form: its steps boiled down to one intake."""

from __future__ import annotations

from channels_intake.base import Intake
from channels_intake.steps import Answers
from complaints.models import Channel, Source
from customers.models.people import ContactMethod


def intake(answers: Answers) -> Intake:
    """What the customer typed, step by step. Only when every step is done; raises BadInput when a photo is gone."""
    told, known = answers.cleaned("story"), answers.cleaned("who")
    return Intake(
        channel=Channel.WEB,
        source=Source.WEBSITE,
        external_id=str(answers.draft.form_id),
        category=answers.cleaned("category")["category"],
        subcategory=answers.kind,
        story=told["story"],
        place=told.get("place", ""),
        occurred_at=told.get("occurred_at"),
        answers=answers.answers(),
        account_number=known["account_number"],
        contact_name=known["contact_name"],
        contact_phone=known["contact_phone"],
        contact_email=known["contact_email"],
        contact_method=ContactMethod.PHONE if known["contact_phone"] else ContactMethod.EMAIL,
        language=known["language"],
        is_anonymous=known["is_anonymous"] == "yes",
        is_confidential=known["is_confidential"],
        files=answers.draft.attachments(),
    )
