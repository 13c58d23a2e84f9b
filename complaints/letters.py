"""Letters to complainants: what they say, making one, and the log of what went to the post."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from complaints import attachments, papers, workflow
from complaints.models import Complaint, DeskSettings, FileKind, Letter, LetterText, Notice, NoticeState, Posting
from complaints.outbox import promised_to_customer, spoken
from complaints.refusals import BadInput, Refusal
from customers.models.people import ContactMethod
from staff.actors import Actor
from staff.models import User

USUAL = {
    "zh-hans": (
        "关于您来信反映事项的答复",
        "{name}：\n\n您好！您于{received}反映的“{topic}”一事我们已经收到，编号为{reference}。\n\n"
        "经调查，现答复如下：\n\n{resolution}\n\n"
        "如您对本答复有疑问，请拨打{hotline}，并告知上述编号。给您带来的不便，敬请谅解。\n\n此致\n敬礼",
    ),
    "en": (
        "Our answer to your letter",
        "Dear {name},\n\nthank you for telling us about “{topic}”. We received it on {received}; our reference is {reference}."
        "\n\nWe have looked into it, and this is our answer:\n\n{resolution}\n\n"
        "If anything is unclear, please call {hotline} and give the reference above. We are sorry for the trouble.\n\n"
        "Yours sincerely",
    ),
}
WORDS = ("name", "received", "topic", "reference", "resolution", "hotline", "due")
"""What may stand in braces in a letter's text."""


def text_in(language: str) -> tuple[str, str]:
    """Subject and body as somebody last changed them, else as they came."""
    changed = LetterText.objects.filter(language=language).first()
    return (changed.subject, changed.body) if changed else USUAL[language]


def broken(text: str) -> str:
    """Why this text could not be filled in; "" when it can."""
    try:
        text.format(**dict.fromkeys(WORDS, ""))
    except (KeyError, IndexError, ValueError, AttributeError):
        return _("Only these may stand in braces: %(words)s.") % {"words": ", ".join(f"{{{word}}}" for word in WORDS)}
    return ""


def change_text(language: str, *, subject: str, body: str, by: User) -> None:
    """Say something else from now on. Raises BadInput when the text could not be filled in."""
    for name, text in (("subject", subject), ("body", body)):
        if sentence := broken(text):
            raise BadInput(sentence, fields=[name])
    LetterText.objects.update_or_create(
        language=language, defaults={"subject": subject, "body": body, "changed_by": by}
    )


def filled(complaint: Complaint, language: str) -> tuple[str, str]:
    """Subject and body for this complaint, to be read and changed before they become a letter."""
    subject, body = text_in(language)
    with translation.override(language):
        due_at = promised_to_customer(complaint)
        words = {
            "name": complaint.contact_name or _("Sir or Madam"),
            "received": papers.spelled(timezone.localdate(complaint.received_at)),
            "topic": complaint.subcategory.name if complaint.subcategory else complaint.category.name,
            "reference": complaint.reference,
            "resolution": complaint.resolution or "…",
            "hotline": DeskSettings.current().hotline,
            "due": spoken(due_at),
        }
    return subject.format(**words), body.format(**words)


@transaction.atomic
def make(complaint: Complaint, said: papers.LetterSaid, *, by: User, at: datetime | None = None) -> Letter:
    """Set the letter, attach it to the complaint and put it on the list of what is not yet posted; the same one once."""
    at = at or timezone.now()
    file = attachments.made(papers.letter(complaint, said), name=_("Letter to %(name)s.pdf") % {"name": said.to[:80]})
    file.kind = FileKind.LETTER
    there = Letter.objects.filter(complaint=complaint, attachment__sha256=file.sha256).first()
    if there is not None:
        return there
    # whoever writes the answer by hand does not want the other one posted as well
    written = Notice.objects.unposted().filter(complaint=complaint, code="resolved_feedback")
    written.update(state=NoticeState.OVERTAKEN)
    workflow.perform("attach", complaint, by=Actor.staff(by), at=at, files=[file])
    kept = complaint.attachments.get(sha256=file.sha256)
    return Letter.objects.create(
        complaint=complaint, attachment=kept, to=said.to, address=said.address, made_by=by, made_at=at
    )


def sheet(notice: Notice, *, dated_on: date) -> bytes:
    """A notice on paper."""
    assert notice.complaint is not None, "letters go to complainants only"
    return proof(
        notice.complaint,
        notice.language,
        address=notice.address,
        subject=notice.subject,
        body=notice.body,
        dated_on=dated_on,
    )


def proof(complaint: Complaint, language: str, *, address: str, subject: str, body: str, dated_on: date) -> bytes:
    """These words to this complainant, on paper; nothing of it is kept."""
    with translation.override(language):
        to = complaint.contact_name or _("Sir or Madam")
    said = papers.LetterSaid(language=language, to=to, address=address, subject=subject, body=body, dated_on=dated_on)
    return papers.letter(complaint, said)


@transaction.atomic
def post(letters: list[int], *, by: User, notices: Sequence[int] = (), at: datetime | None = None) -> int:
    """Note that these went to the post; answer with how many were not noted before.

    A posted notice of receipt is the acknowledgement that a complaint on paper gets.
    """
    chosen = Letter.objects.visible_to(by).filter(pk__in=letters).order_by("pk").select_for_update(of=("self",))
    waiting = set(
        Letter.objects.unposted().filter(pk__in=[letter.pk for letter in chosen]).values_list("pk", flat=True)
    )
    now = at or timezone.now()
    Posting.objects.bulk_create([Posting(letter_id=pk, posted_by=by, posted_at=now) for pk in sorted(waiting)])
    locked = Notice.objects.visible_to(by).unposted().filter(pk__in=notices).order_by("pk")
    sheets = list(locked.select_related("complaint").select_for_update(of=("self",)))
    Posting.objects.bulk_create([Posting(notice=one, posted_by=by, posted_at=now) for one in sheets])
    for one in sheets:
        one.state, one.sent_at, one.attempts = NoticeState.SENT, now, one.attempts + 1
        one.save(update_fields=["state", "sent_at", "attempts"])
        if one.code == "acknowledged" and one.complaint and one.complaint.permits("acknowledge", by.role):
            workflow.perform("acknowledge", one.complaint, by=Actor.staff(by), at=now, method=ContactMethod.LETTER)
    return len(waiting) + len(sheets)


@transaction.atomic
def undo(posting: Posting, *, by: User, at: datetime | None = None) -> None:
    """Take it back on the same day; later it stands."""
    at = at or timezone.now()
    locked = Posting.objects.select_for_update().get(pk=posting.pk)
    if locked.undone_at is not None:
        return
    if not may_undo(locked, timezone.localdate(at)):
        raise Refusal(_("This was noted on another day and stands. Make the letter again if it never left."))
    locked.undone_at, locked.undone_by = at, by
    locked.save(update_fields=["undone_at", "undone_by"])
    if locked.notice_id is not None:
        Notice.objects.filter(pk=locked.notice_id).update(state=NoticeState.QUEUED, sent_at=None)


def may_undo(posting: Posting, today: date) -> bool:
    return posting.undone_at is None and timezone.localdate(posting.posted_at) == today
