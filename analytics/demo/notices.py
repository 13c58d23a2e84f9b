"""The notices of a lived complaint, by the same rules and texts as `complaints.outbox`; every one was sent long ago."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from analytics.demo.moments import SECOND, Moment
from analytics.demo.rows import plain
from analytics.demo.world import Person
from complaints import outbox
from complaints.models import SAFETY

if TYPE_CHECKING:
    from analytics.demo.record import EventLine, Record


class NoticeLine(NamedTuple):
    event: int
    code: str
    medium: str
    address: str
    is_to_customer: bool
    language: str
    subject: str
    body: str
    queued: Moment
    sent: Moment


class Reader(NamedTuple):
    medium: str
    address: str
    language: str
    name: str
    is_customer: bool


def notices_of(record: Record, event: EventLine) -> list[NoticeLine]:
    rules = outbox.RULES.get(event.move)
    if rules is None:
        return []
    return [
        line
        for code, who in rules
        for reader in WHO[who.__name__](record, event)
        if (line := _line(record, event, code, reader)) is not None
    ]


def customer(record: Record, event: EventLine) -> list[Reader]:
    return _complainant(record)


def _complainant(record: Record) -> list[Reader]:
    if record.do_not_contact:
        return []
    ways = {}
    if record.email:
        ways["email"] = record.email
    if record.phone and is_mobile(record.phone):
        ways["sms"] = record.phone
    if record.address and (not ways or record.contact_method == "letter"):
        return [Reader("letter", record.address, record.language, record.contact_name, True)]
    preferred = "email" if record.contact_method == "email" else "sms"
    medium = preferred if preferred in ways else next(iter(ways), None)
    return [Reader(medium, ways[medium], record.language, record.contact_name, True)] if medium else []


def is_told_at_once(record: Record) -> bool:
    return any(reader.medium != "letter" for reader in _complainant(record))


def supervisors(record: Record, event: EventLine) -> list[Reader]:
    return [_by_mail(person) for person in record.ladder.supervisors(record.branch)]


def assignee_or_supervisors(record: Record, event: EventLine) -> list[Reader]:
    return _for_person(record, record.assignee) or supervisors(record, event)


def _for_person(record: Record, person: Person | None) -> list[Reader]:
    """Who is told what is meant for this person: they, or whoever acts for them."""
    return [_by_mail(one) for one in record.ladder.told_instead(record, person)] if person is not None else []


def supervisors_after_urgings(record: Record, event: EventLine) -> list[Reader]:
    if record.urged < record.world.desk.urgings_tell_supervisor:
        return assignee_or_supervisors(record, event)
    return supervisors(record, event)


def customer_without_answer(record: Record, event: EventLine) -> list[Reader]:
    return customer(record, event) if event.by.role == "clock" else []


def warned(record: Record, event: EventLine) -> list[Reader]:
    return _told_by_ladder(record, event) or assignee_or_supervisors(record, event)


def alarmed(record: Record, event: EventLine) -> list[Reader]:
    return _told_by_ladder(record, event) or supervisors(record, event)


def _told_by_ladder(record: Record, event: EventLine) -> list[Reader]:
    return [_by_mail(person) for person in record.ladder.listeners(record, event.details.get("tell", ()))]


def given_by_the_clock(record: Record, event: EventLine) -> list[Reader]:
    return assignee_or_supervisors(record, event) if event.by.role == "clock" else []


def account_manager(record: Record, event: EventLine) -> list[Reader]:
    return _for_person(record, record.manager)


def crew_in_danger(record: Record, event: EventLine) -> list[Reader]:
    if record.kind.category_code != SAFETY or record.priority != 1 or record.status == "registered":
        return []
    heard = record.ladder.listeners(record, ["team", "supervisor"])
    return [_by_mail(person) for person in heard] or supervisors(record, event)


def supervisors_if_partly(record: Record, event: EventLine) -> list[Reader]:
    return supervisors(record, event) if event.details.get("solved") == "partly" else []


WHO = {
    rule.__name__: rule
    for rule in (
        account_manager,
        crew_in_danger,
        customer,
        supervisors,
        supervisors_if_partly,
        assignee_or_supervisors,
        supervisors_after_urgings,
        customer_without_answer,
        given_by_the_clock,
        warned,
        alarmed,
    )
}
"""For each rule of the outbox, the same one for a complaint in memory."""

_MOBILE: dict[str, bool] = {}


def is_mobile(phone: str) -> bool:
    """Remembered by the first seven digits, which decide it."""
    found = _MOBILE.get(phone[:7])
    if found is None:
        found = _MOBILE[phone[:7]] = outbox.is_mobile(phone)
    return found


def _by_mail(person: Person) -> Reader:
    return Reader("email", person.email, person.language, person.text, False)


def _line(record: Record, event: EventLine, code: str, reader: Reader) -> NoticeLine | None:
    world = record.world
    text = outbox.text_for(world.texts, code, reader.medium, reader.language)
    if text is None:
        return None
    details, is_chinese = event.details, text.language.startswith("zh")
    asked = record.feedback[-1] if record.feedback and record.status == "resolved" else None
    words = {
        "reference": record.reference,
        "name": reader.name or record.reference,
        "category": record.kind.category_zh if is_chinese else record.kind.category_en,
        "track_url": world.track_url.format(record.token),
        "feedback_url": world.feedback_url.format(asked.token) if asked else "",
        "desk_url": world.desk_url.format(record.reference),
        "due": world.spoken(text.language, _promised(record)),
        "message": plain(details.get("message", "")),
        "reason": plain(details.get("reason", "") or details.get("comment", "")),
        "resolution": plain(record.resolution),
        "referred_to": record.referred_to,
        "merged_into": record.merged_into.reference if record.merged_into else "",
        "clock": details.get("clock", ""),
        "count": record.urged,
        "hotline": world.desk.hotline,
        "regulator": world.desk.regulator_hotline,
        "utility": world.desk.utility_zh if is_chinese else world.desk.utility_en,
    }
    return NoticeLine(
        event.id,
        code,
        reader.medium,
        reader.address,
        reader.is_customer,
        text.language,
        text.subject.format_map(words),
        text.body.format_map(words),
        event.at,
        event.at + 3 * SECOND + event.id % 5 * SECOND,
    )


def _promised(record: Record) -> Moment | None:
    """The due moment the customer is told: the regulator's date, else our commitment, else the law's; the last round's."""
    due = {clock.terms.tier: clock.due for clock in record.clocks if clock.terms.kind == "resolve"}
    return due.get("external") or due.get("commitment") or due.get("statutory")
