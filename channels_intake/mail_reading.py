"""An e-mail taken apart: who wrote, what, with which files, in answer to what; and whether a machine wrote it. Pure."""

from __future__ import annotations

import email
import email.policy
import re
from email.header import decode_header, make_header
from email.utils import parseaddr
from html.parser import HTMLParser
from typing import NamedTuple

from django.utils.translation import gettext_noop

from complaints.legible import legible

REFERENCE = re.compile(r"(?<!\d)\d{2}-\d{7}-\d(?!\d)")
MESSAGE_ID = re.compile(r"<[^<>\s]{3,200}>")
LONGEST_TEXT = 5_000
"""Characters of a story; the rest of a longer mail is in the stored original."""
CHARSETS = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "": "utf-8",
    "us-ascii": "utf-8",
    "unicode": "utf-8",
}
"""What mail programs say and what they mean: GB18030 holds everything that the smaller ones hold."""
MACHINES = re.compile(r"^(mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?)([+\-_.].*)?@", re.IGNORECASE)


class Unreadable(ValueError):
    """This is no message that a person wrote; the words say what is wrong."""


class File(NamedTuple):
    name: str
    content: bytes


class Mail(NamedTuple):
    """`by_machine` says what shows that no person wrote it, "" when one did."""

    message_id: str
    answers: tuple[str, ...]
    name: str
    address: str
    subject: str
    text: str
    files: tuple[File, ...]
    references: tuple[str, ...]
    by_machine: str


def read(raw: bytes) -> Mail:
    """Take a message apart. Raises Unreadable, whatever the reader of the standard library stumbles over."""
    try:
        return _read(raw)
    except RecursionError as error:
        raise Unreadable(gettext_noop("Its parts are nested too deeply.")) from error
    except (ValueError, LookupError, TypeError, AttributeError, AssertionError, email.errors.MessageError) as error:
        raise Unreadable(str(error) or type(error).__name__) from error


def _read(raw: bytes) -> Mail:
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    name, address = parseaddr(clean(words(message.get("From", ""))))
    if "@" not in address:
        raise Unreadable(gettext_noop("There is no sender."))
    subject = " ".join(words(message.get("Subject", "")).split())[:300]
    text = clean(body_of(message))
    return Mail(
        message_id=(numbers(message, "Message-ID") or [""])[0],
        answers=tuple(one for field in ("In-Reply-To", "References") for one in numbers(message, field)),
        name=clean(name)[:120],
        address=address.lower()[:254],
        subject=clean(subject),
        text=text,
        files=tuple(files_of(message)),
        references=tuple(dict.fromkeys(REFERENCE.findall(f"{subject}\n{text}"))),
        by_machine=machine(message, address),
    )


def numbers(message: email.message.Message, field: str) -> list[str]:
    return MESSAGE_ID.findall(legible(str(message.get(field, ""))))


def machine(message: email.message.Message, address: str) -> str:
    """What shows that a machine wrote it (RFC 3834): answering it would begin a conversation of machines."""
    auto = str(message.get("Auto-Submitted", "no")).split(";")[0].strip().lower()
    if auto not in ("no", ""):
        return f"Auto-Submitted: {auto}"
    for field in ("X-Auto-Response-Suppress", "X-Autoreply", "X-Autorespond", "List-Id"):
        if message.get(field):
            return field
    precedence = str(message.get("Precedence", "")).strip().lower()
    if precedence in ("bulk", "junk", "list", "auto_reply"):
        return f"Precedence: {precedence}"
    if message.get_content_type() == "multipart/report" or str(message.get("Return-Path", "")).strip() == "<>":
        return gettext_noop("delivery report")
    return address if MACHINES.match(address) else ""


def words(value: object) -> str:
    """A header in words, whatever its encoding; what cannot be decoded is shown as it is."""
    try:
        return str(make_header(decode_header(str(value))))
    except (LookupError, UnicodeError, ValueError, email.errors.HeaderParseError):
        return str(value)


def body_of(message: email.message.Message) -> str:
    """The plain text, or else the HTML without its tags."""
    plain, rich = [], []
    for part in message.walk():
        if part.is_multipart() or part.get_filename() or part.get_content_disposition() == "attachment":
            continue
        if part.get_content_type() == "text/plain":
            plain.append(decoded(part))
        elif part.get_content_type() == "text/html":
            rich.append(without_tags(decoded(part)))
    return "\n".join(plain).strip() or "\n".join(rich).strip()


def decoded(part: email.message.Message) -> str:
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    said = str(part.get_content_charset("") or "").lower()
    for charset in (CHARSETS.get(said, said), "utf-8", "gb18030"):
        try:
            return content.decode(charset)
        except (LookupError, UnicodeDecodeError):
            continue
    return content.decode("utf-8", errors="replace")


class _Text(HTMLParser):
    """The words of a page; a new line for each block."""

    BLOCKS = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "blockquote"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in ("script", "style", "head")
        if tag in self.BLOCKS:
            self.said.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in ("script", "style", "head")

    def handle_data(self, data: str) -> None:
        if self.silent <= 0:
            self.said.append(data)


def without_tags(html: str) -> str:
    parser = _Text()
    parser.feed(html)
    parser.close()
    lines = (" ".join(line.split()) for line in "".join(parser.said).splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def clean(text: str) -> str:
    """Without what nobody sees, and no longer than a story may be."""
    return legible(text).replace("\r", "").strip()[:LONGEST_TEXT]


def files_of(message: email.message.Message) -> list[File]:
    """What is attached, and pictures in the text; signatures of mail programs are small pictures and come along."""
    found = []
    for part in message.walk():
        is_file = part.get_filename() or part.get_content_disposition() == "attachment"
        if part.is_multipart() or not (is_file or part.get_content_maintype() == "image"):
            continue
        content = part.get_payload(decode=True)
        if isinstance(content, bytes) and content:
            found.append(File(clean(words(part.get_filename() or "file")), content))
    return found
