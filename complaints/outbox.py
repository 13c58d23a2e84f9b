"""Who is told what: every event queues its notices in its own transaction; a task sends them afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import Any, TypeVar

import phonenumbers
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import formats, timezone, translation
from django.utils.dateparse import parse_datetime
from django.utils.functional import SimpleLazyObject

from complaints import database_clock, delivery, gateways, ladder, quiet, rows, turn, webhooks
from complaints.models import (
    SAFETY,
    Channel,
    ClockKind,
    Complaint,
    DeskSettings,
    Event,
    GivenBack,
    IssueUpdate,
    Medium,
    MessageTemplate,
    Notice,
    NoticeState,
    Priority,
    ServiceIssue,
)
from complaints.models.promises import Tier
from complaints.models.steering import Listener
from complaints.money import money
from complaints.states import OPEN, Status
from customers.models.people import ContactMethod
from staff import duty
from staff.actors import Role
from staff.models import User
from staff.stand_ins import can_be_told

T = TypeVar("T")

BACK_OFF = [timedelta(minutes=m) for m in (1, 5, 15, 60, 240, 720)]
"""Waits between tries; after the last the notice is dead and a person must look at it."""
STILL_AWAKE = timedelta(minutes=30)
"""How long after they wrote to us a customer may be answered in the night; a later try waits for the morning."""


@dataclass(frozen=True, slots=True)
class Recipient:
    medium: str
    address: str
    language: str
    name: str
    is_customer: bool = False


def customer(complaint: Complaint, event: Event) -> list[Recipient]:
    return complainant(complaint)


def complainant(complaint: Complaint) -> list[Recipient]:
    """The complainant by the medium they prefer, else by one we have, else on paper; nobody who asked not to be contacted."""
    if complaint.customer is not None and complaint.customer.do_not_contact:
        return []
    ways = {}
    if complaint.contact_email:
        ways[Medium.EMAIL] = complaint.contact_email
    if is_mobile(complaint.contact_phone):
        ways[Medium.SMS] = complaint.contact_phone
    address = complaint.contact_address or (complaint.customer.address if complaint.customer else "")
    if address and (not ways or complaint.contact_method == ContactMethod.LETTER):
        return [Recipient(Medium.LETTER, address, complaint.language, complaint.contact_name, is_customer=True)]
    preferred = Medium.EMAIL if complaint.contact_method == ContactMethod.EMAIL else Medium.SMS
    medium = preferred if preferred in ways else next(iter(ways), None)
    if medium is None:
        return []
    return [Recipient(medium, ways[medium], complaint.language, complaint.contact_name, is_customer=True)]


def is_told_at_once(complaint: Complaint) -> bool:
    """Whether what we write to the complainant is there in a moment; a letter is on its way when somebody posts it."""
    return any(recipient.medium != Medium.LETTER for recipient in complainant(complaint))


def supervisors(complaint: Complaint, event: Event) -> list[Recipient]:
    """Those who answer as supervisors in the complaint's branch, now: never nobody.

    Now, and not when the event happened: a worker that was down all night must not write to the night's shift by day.
    """
    now = turn.now()
    people = ladder.rota_of(complaint.branch.path, now).who(Role.SUPERVISOR, now).people
    return _staff(people) or _last_resort()


def assignee_or_supervisors(complaint: Complaint, event: Event) -> list[Recipient]:
    return for_person(complaint, complaint.assignee) or supervisors(complaint, event)


def for_person(complaint: Complaint, person: User | None) -> list[Recipient]:
    """Who is told now what is meant for this person: they, or whoever acts for them; nobody when they can never be told."""
    if person is None or not can_be_told(person):
        return []
    return _staff(ladder.told_instead(ladder.Place.of(complaint), person, turn.now()))


def warned(complaint: Complaint, event: Event) -> list[Recipient]:
    """Those whom the step of the ladder names; where there is no step, whoever works on it."""
    return _told_by_ladder(complaint, event) or assignee_or_supervisors(complaint, event)


def alarmed(complaint: Complaint, event: Event) -> list[Recipient]:
    """Those whom the step of the ladder names; where there is no step, and when a person escalates, the supervisors."""
    return _told_by_ladder(complaint, event) or supervisors(complaint, event)


def given_by_the_clock(complaint: Complaint, event: Event) -> list[Recipient]:
    """Whoever an alarm gave it to: nobody else tells them, while a colleague who assigns can.

    A deputy has agreed, and finds what was handed over in the queue; only what cannot wait comes with a notice of its own.
    """
    if not event.is_by_clock or ("absence" in event.details and complaint.priority > Priority.P2):
        return []
    return assignee_or_supervisors(complaint, event)


def _told_by_ladder(complaint: Complaint, event: Event) -> list[Recipient]:
    return _heard(complaint, event.details.get("tell", []))


def crew_in_danger(complaint: Complaint, event: Event) -> list[Recipient]:
    """A danger to life: those of the team on duty and their supervisor, at once; a step of the clocks would come later.

    Told when it is given to a team, and when its danger becomes known only while a team has it.
    """
    is_known = complaint.category.code == SAFETY and complaint.priority == Priority.P1
    if not is_known or complaint.status == Status.REGISTERED:  # from there it is dispatched in the same transaction
        return []
    people = _listeners(complaint, [Listener.TEAM, Listener.SUPERVISOR])
    # nobody reads mail at three in the night
    texts = [Recipient(Medium.SMS, one.phone, one.language, one.display_name) for one in people if is_mobile(one.phone)]
    return [*_staff(people), *texts] or supervisors(complaint, event)


def _heard(complaint: Complaint, tell: Iterable[str]) -> list[Recipient]:
    return _staff(_listeners(complaint, tell)) if tell else []


def _listeners(complaint: Complaint, tell: Iterable[str]) -> list[User]:
    place, wanted, now = ladder.Place.of(complaint), tuple(tell), turn.now()

    def heard() -> list[User]:
        answers = ladder.listeners(place, wanted, now)
        return list({user.email.lower(): user for _listener, answer in answers for user in answer.people}.values())

    return turn.once(("heard", place, wanted, now), heard)


def _last_resort() -> list[Recipient]:
    """When everybody who should answer is gone or has no address."""
    address = DeskSettings.current().last_resort_email
    if address:
        return [Recipient(Medium.EMAIL, address, settings.LANGUAGE_CODE, "")]
    return _staff(duty.anybody())


def supervisors_after_urgings(complaint: Complaint, event: Event) -> list[Recipient]:
    """From the second urging on the supervisor is told (domain 6.2)."""
    if complaint.urged_count < DeskSettings.current().urgings_tell_supervisor:
        return assignee_or_supervisors(complaint, event)
    return supervisors(complaint, event)


def customer_without_answer(complaint: Complaint, event: Event) -> list[Recipient]:
    return customer(complaint, event) if event.is_by_clock else []


def account_manager(complaint: Complaint, event: Event) -> list[Recipient]:
    """Whoever looks after this customer: they are to hear of a complaint from us, and not from the customer."""
    manager = complaint.customer.account_manager if complaint.customer else None
    return for_person(complaint, manager)


def supervisors_if_partly(complaint: Complaint, event: Event) -> list[Recipient]:
    """Half solved is for a supervisor to decide; what was taken up again is told with the reopening."""
    return supervisors(complaint, event) if event.details.get("solved") == "partly" else []


def supervisors_of_change(complaint: Complaint, event: Event) -> list[Recipient]:
    """Another answer than before, and the complaint goes on as it was: half solved now, or solved when it is open again."""
    if complaint.status in OPEN or event.details.get("solved") == "partly":
        return supervisors(complaint, event)
    return []


Who = Callable[[Complaint, Event], list[Recipient]]
RULES: dict[str, list[tuple[str, Who]]] = {
    "register": [("acknowledged", customer), ("manager_told", account_manager)],
    "ask": [("asked", customer)],
    "message": [("message", customer)],
    "resolve": [("resolved_feedback", customer)],
    "approve": [("resolved_feedback", customer)],
    "settle": [("settled_feedback", customer)],
    "feedback": [("feedback_look", supervisors_if_partly)],
    "change_feedback": [("feedback_look", supervisors_of_change)],
    "reopen": [("reopened", customer), ("reopened_staff", supervisors)],
    "request_reopening": [("reopened_staff", supervisors)],
    "withdraw": [("withdrawn", customer)],
    "reject": [("rejected", customer)],
    "refer": [("referred", customer)],
    "merge": [("merged", customer)],
    "close": [("closed_no_answer", customer_without_answer)],
    "warn": [("warning", warned)],
    "dispatch": [("safety_dispatched", crew_in_danger)],
    "prioritise": [("safety_dispatched", crew_in_danger)],
    "breach": [("breach", alarmed)],
    "escalate": [("escalation", alarmed)],
    "assign": [("given", given_by_the_clock)],
    "urge": [("urged", supervisors_after_urgings)],
    "ask_extension": [("extension_asked", supervisors)],
    "extend": [("extended", customer)],
    "decline_extension": [("extension_declined", assignee_or_supervisors)],
    "propose_adjustment": [("adjustment_proposed", supervisors)],
    "approve_adjustment": [("adjustment_approved", customer)],
    "decline_adjustment": [("adjustment_declined", assignee_or_supervisors)],
}
"""For each move: which texts go to whom."""


def queue(complaint: Complaint, event: Event, concerned: Iterable[tuple[str, User]] = ()) -> list[Notice]:
    """Write the event's notices. Unique per event, text, medium and address, so the same event cannot queue one twice.

    `concerned` are the colleagues whom it concerns, each with the text for them.
    Answers with those that reach people in a moment; letters and calls to webhooks are written beside them.
    """
    notices = drawn_up(complaint, event, concerned)
    rows.insert(notices)
    return [notice for notice in notices if notice.medium not in (Medium.LETTER, Medium.WEBHOOK)]


def drawn_up(complaint: Complaint, event: Event, concerned: Iterable[tuple[str, User]] = ()) -> list[Notice]:
    """The event's notices, unsaved: calls to webhooks, and what people are told."""
    calls = webhooks.calls(complaint, event)
    rules = RULES.get(event.move, [])
    wanted = [(code, recipient) for code, who in rules for recipient in _unnamed(complaint, who(complaint, event))]
    wanted += [(code, one) for code, user in concerned for one in _unnamed(complaint, _staff([user]))]
    if not wanted:
        return calls
    desk = _desk()
    codes = dict.fromkeys(code for code, _recipient in wanted)
    texts = {(text.code, text.medium, text.language): text for code in codes for text in _texts(code)}
    told: dict[tuple[str, str, str], tuple[MessageTemplate, Recipient]] = {}
    for code, recipient in wanted:
        text = text_for(texts, code, recipient.medium, recipient.language)
        if text is not None:
            # two people may share a mailbox, and it need not hear it twice
            told.setdefault((code, recipient.medium, recipient.address.lower()), (text, recipient))
    written: dict[tuple[str, str, str], Notice] = {}
    for language in dict.fromkeys(text.language for text, _recipient in told.values()):
        with translation.override(language):
            said = words_for(complaint, event, desk)
            for key, (text, recipient) in told.items():
                if text.language == language:
                    written[key] = _notice(complaint, event, text, recipient, said)
    notices = [written[key] for key in told]
    try_at(turn.now(), notices, desk)
    return [*calls, *notices]


def _unnamed(complaint: Complaint, recipients: list[Recipient]) -> list[Recipient]:
    """Whom the complaint names hears nothing of it; where nobody else is left, the last resort does."""
    if complaint.about is None:
        return recipients
    named = complaint.about.email.lower()
    others = [one for one in recipients if one.is_customer or one.address.lower() != named]
    if recipients and not others:
        return [one for one in _last_resort() if one.address.lower() != named]
    return others


def text_for(texts: Mapping[tuple[str, str, str], T], code: str, medium: str, language: str) -> T | None:
    """The text in their language, better in another than not at all; a letter without one says what the e-mail would."""
    media = (Medium.LETTER, Medium.EMAIL) if medium == Medium.LETTER else (medium,)
    keys = ((code, on, words) for words in (language, settings.LANGUAGE_CODE) for on in media)
    return next((texts[key] for key in keys if key in texts), None)


def _texts(code: str) -> list[MessageTemplate]:
    return turn.once(("texts", code), lambda: list(MessageTemplate.objects.filter(code=code)))


def _desk() -> DeskSettings:
    return turn.once("desk", DeskSettings.current)


def _notice(
    complaint: Complaint, event: Event, text: MessageTemplate, recipient: Recipient, said: dict[str, Any]
) -> Notice:
    words = said | {"name": recipient.name or complaint.reference}
    return Notice(
        complaint=complaint,
        event=event,
        code=text.code,
        medium=recipient.medium,
        address=recipient.address,
        is_to_customer=recipient.is_customer,
        language=text.language,
        subject=text.subject.format(**words),
        body=text.body.format(**words),
    )


def try_at(moment: datetime, notices: list[Notice], desk: DeskSettings) -> None:
    """Set the next try to this moment, or to the end of the quiet hours that it falls into."""
    hours = desk.quiet_from, desk.quiet_until
    allowed = turn.once(
        ("allowed", moment, *hours), lambda: quiet.next_allowed(moment, *hours, timezone.get_default_timezone())
    )
    staff = [notice.address for notice in notices if not notice.is_to_customer]
    # an address of last resort is nobody's bed, and whoever watches it must know that nobody else does
    awake = {desk.last_resort_email.lower()}
    if staff and allowed != moment:
        awake |= turn.once(("at work", moment), lambda: duty.at_work(moment))
    for notice in notices:
        notice.next_try_at = moment if _may_go_at_night(notice, moment, awake) else allowed


def _may_go_at_night(notice: Notice, moment: datetime, awake: set[str]) -> bool:
    """What cannot wait, what wakes nobody, and what somebody is up for."""
    if notice.medium in (Medium.WEBHOOK, Medium.LETTER):
        return True
    complaint = notice.complaint
    if complaint is None:
        # who follows an issue has just asked to; what is announced days ahead can wait for the morning
        is_greeting = notice.follower is not None and notice.update_id is None
        return notice.medium == Medium.EMAIL or is_greeting
    if complaint.category.code == SAFETY or complaint.priority == Priority.P1 or complaint.channel == Channel.REGULATOR:
        return True
    if not notice.is_to_customer:
        return notice.address.lower() in awake
    if notice.medium == Medium.EMAIL:
        return True
    # the acknowledgement answers what the customer did a moment ago: they are awake, and they wait for it; a letter can wait
    is_fresh = notice.created_at is None or moment - notice.created_at <= STILL_AWAKE
    return notice.code == "acknowledged" and complaint.channel != Channel.LETTER and is_fresh


def words_for(complaint: Complaint, event: Event, desk: DeskSettings) -> dict[str, Any]:
    """What the {placeholders} of a text stand for, in the language in force, but for whom it is addressed to.

    What few texts say and costs a query or more is looked up only where a text says it.
    """
    details = event.details
    return _words_of_issue(complaint) | {
        "reference": complaint.reference,
        "category": complaint.category.name,
        "track_url": SimpleLazyObject(lambda: _absolute("complaints:track", complaint.token)),
        "feedback_url": SimpleLazyObject(lambda: _feedback_url(complaint)),
        "desk_url": _absolute("complaints:complaint", complaint.reference),
        "due": SimpleLazyObject(lambda: spoken(promised_to_customer(complaint))),
        "message": details.get("message", ""),
        "amount": money(Decimal(details["amount"]), desk) if "amount" in details else "",
        "way": dict(GivenBack.choices).get(details["way"], "") if "way" in details else "",
        "reason": details.get("reason", "") or details.get("comment", ""),
        "resolution": complaint.resolution,
        "referred_to": complaint.referred_to,
        "merged_into": complaint.merged_into.reference if complaint.merged_into else "",
        "clock": details.get("clock", ""),
        "who": event.actor,
        "what": event.label,
        "by_when": SimpleLazyObject(lambda: _by_when(details)),
        "request_url": _request_url(complaint, details),
        "count": complaint.urged_count,
        "hotline": desk.hotline,
        "regulator": desk.regulator_hotline,
        "utility": desk.utility_zh if translation.get_language().startswith("zh") else desk.utility_en,
    }


def _by_when(details: Mapping[str, Any]) -> str:
    return spoken(parse_datetime(str(details.get("due_at") or details.get("answer_by") or "")))


def _feedback_url(complaint: Complaint) -> str:
    """Where the customer says whether it is solved, once they are asked."""
    asked = complaint.feedback.order_by("round").last() if complaint.status == Status.RESOLVED else None
    return _absolute("complaints:feedback", asked.token) if asked else ""


def _request_url(complaint: Complaint, details: Mapping[str, Any]) -> str:
    """Where a team finds what it was asked; there is a page of the complaint only for those who may see it."""
    number = details.get("request")
    return _absolute("complaints:request", complaint.reference, number) if number else ""


def _words_of_issue(complaint: Complaint) -> dict[str, Any]:
    """What the shared cause is called and when it was over, for the texts that say so; read only then."""
    if complaint.service_issue_id is None:
        return {"kind": "", "place": "", "restored": ""}
    key = complaint.service_issue_id
    rows = ServiceIssue.objects.select_related("branch", "feeder", "transformer_area")

    def issue() -> ServiceIssue:
        return turn.once(("issue", key), lambda: rows.get(pk=key))

    return {
        "kind": SimpleLazyObject(lambda: str(issue().get_kind_display())),
        "place": SimpleLazyObject(lambda: issue().where),
        "restored": SimpleLazyObject(lambda: spoken(issue().restored_at)),
    }


def promised_to_customer(complaint: Complaint) -> datetime | None:
    """When we promised an answer: the regulator's date if there is one, else our public commitment, else the law's."""
    known = complaint.known_clocks()
    if known is None:
        due = dict(complaint.clocks.filter(kind=ClockKind.RESOLVE).order_by("round").values_list("tier", "due_at"))
    else:
        due = {one.tier: one.due_at for one in sorted(known, key=attrgetter("round")) if one.kind == ClockKind.RESOLVE}
    return due.get(Tier.EXTERNAL) or due.get(Tier.COMMITMENT) or due.get(Tier.STATUTORY)


def spoken(moment: datetime | None) -> str:
    """A deadline as people say it, in the utility's time zone; midnight belongs to the day that ends with it."""
    if moment is None:
        return ""
    local = timezone.localtime(moment)
    if (local.hour, local.minute) == (0, 0):
        return formats.date_format(local.date() - timedelta(days=1), "DATE_FORMAT")
    return formats.date_format(local, "DATETIME_FORMAT")


def send(notice: Notice, *, now: datetime | None = None) -> bool:
    """Try to send one due notice; true if this call sent it. Whether its gateway is silent is noted.

    The row stays locked while the gateway is called, so two workers never send it side by side. A worker that dies in
    between leaves it queued, and the gateway knows the uuid of the second try.
    """
    now = now or database_clock.now()
    with transaction.atomic():
        row = Notice.objects.due(now).select_for_update(skip_locked=True).filter(pk=notice.pk).first()
        if row is None:
            return False
        if _is_overtaken(row):
            row.state = NoticeState.OVERTAKEN
            row.save(update_fields=["state"])
            return False
        row.attempts += 1
        try:
            delivery.deliver(row)
        except delivery.DeliveryError as error:
            row.error, row.answer = str(error)[:300], error.answer
            if error.is_silence:
                gateways.note_silence(row.medium)
            if error.is_permanent or row.attempts > len(BACK_OFF):
                row.state = NoticeState.DEAD
            else:
                wait = max(BACK_OFF[row.attempts - 1], error.wait or timedelta(0))
                try_at(now + wait, [row], _desk())
        else:
            row.state, row.sent_at, row.error = NoticeState.SENT, now, ""
            gateways.note_answer(row.medium)
        row.save()
        if row.medium == Medium.WEBHOOK:
            webhooks.count(row, now=now)
        return row.state == NoticeState.SENT


def _is_overtaken(row: Notice) -> bool:
    """Whether newer news of the same issue goes to the same address: nobody wants last night's in the morning as well.

    And nobody who has answered a survey wants to be reminded of it.
    """
    if row.invite is not None:
        return row.invite.answered_at is not None
    if row.update is None:
        return False
    later = IssueUpdate.objects.filter(issue=row.update.issue_id).filter(
        Q(at__gt=row.update.at) | Q(at=row.update.at, pk__gt=row.update.pk)
    )
    same = Notice.objects.filter(update__in=later, medium=row.medium, address__iexact=row.address)
    return same.filter(state__in=(NoticeState.QUEUED, NoticeState.SENT)).exists()


def is_mobile(phone: str) -> bool:
    """Whether a text message can reach this number."""
    try:
        number = phonenumbers.parse(phone, settings.PHONE_REGION)
    except phonenumbers.NumberParseException:
        return False
    kind = phonenumbers.number_type(number)
    return kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)


def _staff(users: Iterable[User]) -> list[Recipient]:
    return [Recipient(Medium.EMAIL, user.email, user.language, user.display_name) for user in users if user.email]


def _absolute(name: str, *args: Any) -> str:
    return settings.BASE_URL + reverse(name, args=args)
