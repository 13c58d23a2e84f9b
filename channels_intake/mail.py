"""E-mail as a source of the web channel: a new message is a complaint, an answer is added to the complaint it answers.

Each message has its effect once, however often and wherever it is delivered: the row of its Message-ID is written in the
same transaction. What no person wrote starts nothing, and what cannot be understood waits for a person; neither is lost.
"""

from __future__ import annotations

import hashlib
import io
import re
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, override

from channels_intake.base import Intake
from channels_intake.door import receive
from channels_intake.mail_reading import Mail, Unreadable, read
from channels_intake.models import InboundMail
from complaints import attachments, workflow
from complaints.legible import legible
from complaints.models import Attachment, Category, Channel, Complaint, Notice, Source
from complaints.refusals import BadInput
from complaints.states import Status
from customers.models.people import ContactMethod
from staff.actors import THE_CUSTOMER
from staff.models import User

Outcome = InboundMail.Outcome
LARGEST = 30 * 1024 * 1024
TOO_MANY, IN_AN_HOUR = 20, timedelta(hours=1)
"""So many messages of one sender in an hour are a loop or a flood; the rest waits for a person."""
OURS = re.compile(r"<([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@")
"""A Message-ID of our own notices (`complaints.delivery.email`)."""
TOPICS = (
    (
        "SAF",
        r"触电|漏电|电线掉|断线|线.{0,4}(落|垂|掉)|起火|着火|冒烟|火花|bare wire|wire (is )?down|sparks?|smoke|shock|fire",
    ),
    ("OUT", r"停电|没电|断电|复电|no power|power (cut|failure|is out)|outage|without (power|electricity)"),
    ("VOL", r"电压|闪烁|忽明忽暗|voltage|flicker|dim(ming)?"),
    ("BIL", r"电费|账单|电表|抄表|电价|退费|bill|meter|tariff|charge|refund"),
)
"""The first that fits is the topic until a person says better; danger is looked for first."""
ELSE = "SVC"


def take(raw: bytes, *, at: datetime) -> InboundMail:
    """What became of this message. Never raises for what a sender can send; delivered again it gives the first row."""
    try:
        mail = read(raw[: LARGEST + 1])
    except Unreadable as error:
        return _store(raw, None, at, Outcome.UNREADABLE, legible(str(error)))
    if len(raw) > LARGEST:
        return _store(raw[:LARGEST], mail, at, Outcome.UNREADABLE, gettext_noop("It is larger than 30 MB."))
    if mail.by_machine:
        return _store(raw, mail, at, Outcome.IGNORED, mail.by_machine)
    if not (mail.text or mail.subject or mail.files):
        return _store(raw, mail, at, Outcome.UNREADABLE, gettext_noop("It is empty."))
    if _is_flood(mail, at):
        return _store(raw, mail, at, Outcome.IGNORED, gettext_noop("Too many from this sender within an hour."))
    return _act(raw, mail, at)


def _is_flood(mail: Mail, at: datetime) -> bool:
    lately = InboundMail.objects.filter(address=mail.address, received_at__gt=at - IN_AN_HOUR)
    return lately.exclude(message_id=_key(mail, b"")).count() >= TOO_MANY


def _key(mail: Mail | None, raw: bytes) -> str:
    """The message's own number, or one made of its bytes where it has none."""
    return mail.message_id if mail and mail.message_id else f"sha256:{hashlib.sha256(raw).hexdigest()}"


def _store(raw: bytes, mail: Mail | None, at: datetime, outcome: str, why: str) -> InboundMail:
    return InboundMail.objects.get_or_create(
        message_id=_key(mail, raw),
        defaults={
            "received_at": at,
            "address": mail.address if mail else "",
            "subject": mail.subject if mail else "",
            "outcome": outcome,
            "why": why[:300],
            "raw": raw,
        },
    )[0]


@transaction.atomic
def _act(raw: bytes, mail: Mail, at: datetime) -> InboundMail:
    """Register or add, and remember it, or neither. Two deliveries at once meet at the unique row: the second waits."""
    row, is_new = InboundMail.objects.get_or_create(
        message_id=_key(mail, raw),
        defaults={
            "received_at": at,
            "address": mail.address,
            "subject": mail.subject,
            "outcome": Outcome.UNREADABLE,
        },
    )
    if not is_new:
        return row
    files, refused = _files(mail)
    known = _answered(mail)
    try:
        with transaction.atomic():
            if known is not None:
                row.outcome, row.complaint = Outcome.ADDED, _add(known, mail, files, at)
            else:
                row.outcome, row.complaint = (
                    Outcome.REGISTERED,
                    receive(_intake(mail, row, files), by=THE_CUSTOMER, at=at),
                )
    except BadInput as refusal:
        row.why, row.raw = refusal.message[:300], raw
    else:
        row.why = "; ".join(refused)[:300]
        row.raw = raw if refused else b""
    row.save()
    return row


def _files(mail: Mail) -> tuple[tuple[Attachment, ...], list[str]]:
    """Those that can be kept, and why others cannot; the original is stored when one is left out."""
    kept: list[Attachment] = []
    refused: list[str] = []
    for file in mail.files:
        if len(kept) == attachments.MAX_FILES:
            refused.append(_("More than %(limit)d files.") % {"limit": attachments.MAX_FILES})
            break
        try:
            kept.append(attachments.prepare(io.BytesIO(file.content), name=file.name))
        except BadInput as refusal:
            refused.append(refusal.message)
    return tuple(kept), refused


def _answered(mail: Mail) -> Complaint | None:
    """The complaint that it answers: by a message of ours or of theirs that it refers to, or by a reference in its text."""
    numbers = [found[1] for one in mail.answers if (found := OURS.match(one))]
    notice = Notice.objects.filter(uuid__in=numbers).select_related("complaint").first() if numbers else None
    before = InboundMail.objects.filter(message_id__in=mail.answers, complaint__isnull=False).first()
    if notice is not None and notice.complaint is not None:
        complaint: Complaint | None = notice.complaint
    elif before is not None:
        complaint = before.complaint
    else:
        complaint = Complaint.objects.filter(reference__in=mail.references).order_by("pk").first()
    return complaint.merged_into or complaint if complaint else None


def _add(complaint: Complaint, mail: Mail, files: tuple[Attachment, ...], at: datetime) -> Complaint:
    """An answer belongs to the complaint; to a closed one it is a wish that a person decides about."""
    with override(complaint.language):
        text = mail.text or mail.subject or _("See the files.")
        if mail.address != complaint.contact_email.lower():
            text = _("E-mail from %(address)s:") % {"address": mail.address} + f"\n{text}"
        if complaint.status != Status.CLOSED:
            workflow.perform("supplement", complaint, by=THE_CUSTOMER, at=at, message=text, files=list(files))
            return complaint
        workflow.perform("request_reopening", complaint, by=THE_CUSTOMER, at=at, reason=text)
        if files:
            workflow.perform("attach", complaint, by=THE_CUSTOMER, at=at, files=list(files))
    return complaint


def _intake(mail: Mail, row: InboundMail, files: tuple[Attachment, ...]) -> Intake:
    story = f"{mail.subject}\n\n{mail.text}".strip()
    return Intake(
        channel=Channel.WEB,
        source=Source.EMAIL,
        external_id=f"mail:{row.pk}",
        category=topic_of(story),
        story=story[:5000] or _("See the files."),
        contact_name=mail.name or mail.address.partition("@")[0][:120],
        contact_email=mail.address,
        contact_method=ContactMethod.EMAIL,
        language="zh-hans" if re.search(r"[\u4e00-\u9fff]", story) else "en",
        files=files,
        details={"subject": mail.subject} if mail.subject else {},
    )


def topic_of(story: str) -> Category:
    """The topic that the words point to, danger first; a person corrects it."""
    code = next((code for code, said in TOPICS if re.search(said, story, re.IGNORECASE)), ELSE)
    return Category.objects.get(code=code)


def for_a_person() -> list[InboundMail]:
    """What started nothing and was not yet looked at, the newest first; at most two hundred, without the originals."""
    rows = InboundMail.objects.filter(outcome__in=[Outcome.IGNORED, Outcome.UNREADABLE]).defer("raw")
    return list(rows[:200])


@transaction.atomic
def settle(row: InboundMail, *, by: User, at: datetime, as_complaint: bool) -> InboundMail:
    """A person has looked: there is nothing to do, or it is a complaint after all. Raises BadInput when it cannot be one."""
    fresh = InboundMail.objects.select_for_update().get(pk=row.pk)
    if fresh.outcome not in (Outcome.IGNORED, Outcome.UNREADABLE):
        return fresh
    fresh.settled_by = by
    if as_complaint:
        try:
            mail = read(bytes(fresh.raw))
        except Unreadable as error:
            raise BadInput(_("This cannot be read as a message. Write it down on the form of letters.")) from error
        files, _refused = _files(mail)
        fresh.complaint = receive(_intake(mail, fresh, files), by=THE_CUSTOMER, at=at)
        fresh.outcome = Outcome.REGISTERED
    else:
        fresh.outcome = Outcome.SETTLED
    fresh.save()
    return fresh
