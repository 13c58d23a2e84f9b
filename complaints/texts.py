"""The texts that go out, as a person edits them: what may stand in them, how long they get, and every version they had."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from string import Formatter
from typing import Any

from django.db import transaction
from django.utils import timezone, translation
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints import (
    announcements,
    attention,
    coaching,
    concerns,
    figures_told,
    history_told,
    issue_actions,
    issues,
    outbox,
    reports_told,
    signals_told,
    surveys,
    watching,
    webhooks,
)
from complaints.inspections import schedule
from complaints.models import (
    Announcement,
    CoachingAction,
    Complaint,
    DeskSettings,
    Inspection,
    IssueAction,
    MessageTemplate,
    Notice,
    ServiceIssue,
    TextVersion,
    Webhook,
)
from complaints.occasions import OCCASIONS
from complaints.refusals import BadInput, Refusal
from staff.models import User

WORDS: dict[str, LazyText | str] = {
    "reference": gettext_lazy("reference of the complaint"),
    "name": gettext_lazy("name of who gets it"),
    "category": gettext_lazy("category of the complaint"),
    "track_url": gettext_lazy("address of the customer's page"),
    "feedback_url": gettext_lazy("address of the survey, once it is resolved"),
    "desk_url": gettext_lazy("address at the desk"),
    "due": gettext_lazy("when we promised an answer"),
    "message": gettext_lazy("what somebody writes"),
    "reason": gettext_lazy("the reason given"),
    "resolution": gettext_lazy("our answer"),
    "referred_to": gettext_lazy("who takes it over"),
    "merged_into": gettext_lazy("reference of the other complaint"),
    "clock": gettext_lazy("which deadline"),
    "amount": gettext_lazy("how much is given back"),
    "way": gettext_lazy("how it is given back"),
    "count": gettext_lazy("how many times"),
    "hotline": gettext_lazy("our hotline"),
    "regulator": gettext_lazy("the regulator's hotline"),
    "utility": gettext_lazy("our name"),
    "kind": gettext_lazy("kind of service issue"),
    "place": gettext_lazy("where the issue is"),
    "expected": gettext_lazy("when supply is expected back"),
    "restored": gettext_lazy("when it was over"),
    "starts": gettext_lazy("from when, as announced"),
    "ends": gettext_lazy("until when, as announced"),
    "webhook": gettext_lazy("name of the webhook"),
    "host": gettext_lazy("where the webhook leads"),
    "view": gettext_lazy("name of the saved view"),
    "limit": gettext_lazy("how many they want to hear of"),
    "hours": gettext_lazy("how many hours they want to hear of"),
    "oldest": gettext_lazy("when the oldest was received"),
    "rows": gettext_lazy("the most urgent, one to a line"),
    "who": gettext_lazy("the colleague who did it"),
    "what": gettext_lazy("what was done"),
    "by_when": gettext_lazy("when the team was to answer"),
    "request_url": gettext_lazy("address of the request"),
    "survey_url": gettext_lazy("address of the survey of customers"),
    "until": gettext_lazy("until when they may answer"),
    "report": gettext_lazy("names of the reports"),
    "period": gettext_lazy("which days the reports are about"),
    "note": gettext_lazy("that earlier ones were left out, if so"),
}
"""What each placeholder stands for."""
OF_ISSUES = ("kind", "place", "message", "expected", "restored", "hotline", "utility", "track_url", "name")
OF_VIEWS = tuple(sorted(watching.WORDS))
OF_WEBHOOKS = ("webhook", "host", "count", "reason", "desk_url", "name")
OF_COMPLAINTS = (
    *("reference", "name", "category", "track_url", "feedback_url", "desk_url", "due", "message", "reason"),
    *("resolution", "referred_to", "merged_into", "clock", "count", "hotline", "regulator", "utility"),
    *("amount", "way"),
)
OF_CONCERNS = (*OF_COMPLAINTS, "who", "what", "by_when", "request_url")
OF_FOLLOWED = ("name", "desk_url", "utility", "count", "rows")
OF_SETTLED = (*OF_COMPLAINTS, "kind", "place", "restored")
"""Of complaints that are answered with their service issue."""
OF_ANNOUNCEMENTS = (
    *("kind", "place", "starts", "ends", "message", "track_url", "hotline", "regulator", "utility", "name"),
)
OF_INSPECTIONS = ("kind", "place", "due", "desk_url", "name")
OF_SURVEYS = ("survey_url", "until", "hotline", "utility", "name")
OF_ACTIONS = ("place", "message", "due", "desk_url", "name")
OF_REPORTS = ("report", "period", "note", "utility", "desk_url", "name")
OF_FIGURES = ("count", "due", "desk_url", "name")
OF_HISTORY = ("count", "reference", "due", "desk_url", "name")
OF_SIGNALS = ("place", "message", "desk_url", "name")
OF_COACHING = ("message", "due", "desk_url", "name")

GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_TWICE = frozenset("^{}\\[~]|€\f")
"""Signs of GSM 03.38, and those that take the room of two."""


@dataclass(frozen=True, slots=True)
class Length:
    signs: int
    parts: int
    in_one: int
    """How many fit into one message of this alphabet."""


def length_of(text: str) -> Length:
    """How long a text message is on its way: 160 signs of GSM 03.38 in one, else 70 of UCS-2; several take 7 or 3 signs each."""
    if set(text) <= GSM | GSM_TWICE:
        signs, one, many = len(text) + sum(sign in GSM_TWICE for sign in text), 160, 153
    else:
        signs, one, many = len(text.encode("utf-16-le")) // 2, 70, 67
    return Length(signs, 1 if signs <= one else -(-signs // many), one)


def words_of(code: str) -> tuple[str, ...]:
    """The placeholders that have something to stand for on this occasion."""
    others = {
        "settled_feedback": OF_SETTLED,
        webhooks.STOPPED: OF_WEBHOOKS,
        figures_told.DIFFER: OF_FIGURES,
        history_told.BROKEN: OF_HISTORY,
        reports_told.POSTED: OF_REPORTS,
        signals_told.FOUND: OF_SIGNALS,
        attention.DIGEST: OF_FOLLOWED,
        **dict.fromkeys(concerns.OCCASIONS, OF_CONCERNS),
        **dict.fromkeys(surveys.OCCASIONS, OF_SURVEYS),
        **dict.fromkeys(issues.OCCASIONS, OF_ISSUES),
        **dict.fromkeys(watching.OCCASIONS, OF_VIEWS),
        **dict.fromkeys(announcements.OCCASIONS, OF_ANNOUNCEMENTS),
        **dict.fromkeys(issue_actions.OCCASIONS, OF_ACTIONS),
        **dict.fromkeys(coaching.OCCASIONS, OF_COACHING),
        **dict.fromkeys(schedule.OCCASIONS, OF_INSPECTIONS),
    }
    return others.get(code, OF_COMPLAINTS)


def check(code: str, field: str, text: str) -> None:
    """Raise BadInput, naming the placeholder, when this could not be filled in."""
    try:
        pieces = list(Formatter().parse(text))
    except ValueError:
        raise BadInput(
            _("A brace is open or closed alone. Write {{ or }} for a brace itself."), fields=[field]
        ) from None
    for _before, name, form, conversion in pieces:
        if name is None:
            continue
        if name not in words_of(code) or form or conversion:
            whole = "{" + name + (f"!{conversion}" if conversion else "") + (f":{form}" if form else "") + "}"
            raise BadInput(_("Nothing is known to put in place of %(name)s.") % {"name": whole[:60]}, fields=[field])


@transaction.atomic
def change(text: MessageTemplate, *, subject: str, body: str, by: User, seen: int, at: datetime | None = None) -> None:
    """Say something else from now on; `seen` is the version the editor looked at. Raises BadInput or Refusal."""
    row = MessageTemplate.objects.select_for_update().get(pk=text.pk)
    check(row.code, "subject", subject)
    check(row.code, "body", body)
    if number_of(row) != seen:
        raise Refusal(_("Somebody else has changed this text meanwhile. Look at it, then change it again."))
    if (row.subject, row.body) == (subject, body):
        return
    at = at or timezone.now()
    if seen == 0:
        TextVersion.objects.create(text=row, number=1, subject=row.subject, body=row.body, by=None, at=at)
    if row.edited_at is None:
        row.profile_subject, row.profile_body = row.subject, row.body
    is_as_profile = (subject, body) == (row.profile_subject, row.profile_body)
    row.subject, row.body, row.edited_at = subject, body, None if is_as_profile else at
    row.save()
    TextVersion.objects.create(text=row, number=max(seen, 1) + 1, subject=subject, body=body, by=by, at=at)


def number_of(text: MessageTemplate) -> int:
    """The number of the newest version; 0 when nobody has ever changed it."""
    return text.versions.values_list("number", flat=True).order_by("-number").first() or 0


@dataclass(frozen=True, slots=True)
class Sample:
    """What a text would say of something real."""

    of: str
    subject: str
    body: str
    length: Length


def sample(code: str, language: str, subject: str, body: str, *, by: User, reference: str = "") -> Sample | None:
    """The text about the complaint of this reference, or about the newest one that this person may see and that had this
    occasion; None when there is nothing to show it on. Raises BadInput for a broken text or an unknown reference.
    """
    check(code, "subject", subject)
    check(code, "body", body)
    with translation.override(language):
        found = _words(code, by, reference)
        if found is None:
            return None
        of, words = found
        words = {"name": by.display_name, "track_url": "https://…/", **words}
        body = body.format(**words)
        return Sample(of, subject.format(**words), body, length_of(body))


def _words(code: str, by: User, reference: str) -> tuple[str, dict[str, Any]] | None:
    if code in issues.OCCASIONS:
        return _issue_words(code, by)
    if code in surveys.OCCASIONS:
        return surveys.sample(by)
    if code in watching.OCCASIONS:
        return watching.sample(by)
    if code == attention.DIGEST:
        return attention.sample(by)
    if code in announcements.OCCASIONS:
        announced = Announcement.objects.visible_to(by).order_by("-pk").first()
        return (announced.where, announcements.words_for(announced, DeskSettings.current())) if announced else None
    if code in issue_actions.OCCASIONS:
        action = IssueAction.objects.visible_to(by).select_related("issue").order_by("-pk").first()
        return (action.issue.title, issue_actions.words_for(action)) if action else None
    if code in coaching.OCCASIONS:
        given = CoachingAction.objects.visible_to(by).order_by("-pk").first()
        return (str(given.get_kind_display()), coaching.words_for(given)) if given else None
    if code in schedule.OCCASIONS:
        inspection = Inspection.objects.visible_to(by).named().order_by("-pk").first()
        return (inspection.where, schedule.words_for(inspection)) if inspection else None
    if code == webhooks.STOPPED:
        return "GIS", webhooks.words_for(Webhook(pk=1, name="GIS", url="https://gis.example/"), "500")
    if code == reports_told.POSTED:
        return reports_told.sample(by)
    if code == figures_told.DIFFER:
        return str(OCCASIONS[code].label), figures_told.words_for(timezone.now(), 3)
    if code == history_told.BROKEN:
        found = [{"of": "26-0004517-3", "number": 4, "what": "changed"}]
        return str(OCCASIONS[code].label), history_told.words_for(timezone.now(), found)
    if code == signals_told.FOUND:
        told = Notice.objects.visible_to(by).filter(signal__isnull=False).order_by("-pk").first()
        branch = told.signal_branch if told is not None else by.branch
        if branch is None:
            return None
        return str(OCCASIONS[code].label), signals_told.words_for(1, branch, _("Outage: 18 complaints, expected 6.0."))
    return _complaint_words(code, by, reference)


def _complaint_words(code: str, by: User, reference: str) -> tuple[str, dict[str, Any]] | None:
    visible = Complaint.objects.visible_to(by)
    told = Notice.objects.filter(code=code, event__isnull=False, complaint__in=visible).order_by("-pk")
    if reference:
        complaint = visible.filter(reference=reference).first()
        if complaint is None:
            raise BadInput(_("You see no complaint of this reference."), fields=["reference"])
        told = told.filter(complaint=complaint)
    notice = told.select_related("complaint", "event").first()
    if notice is not None and notice.complaint is not None and notice.event is not None:
        complaint, event = notice.complaint, notice.event
    else:
        complaint = visible.filter(reference=reference).first() if reference else visible.order_by("-pk").first()
        if complaint is None:
            return None
        event = complaint.events.order_by("-number")[0]
    words = outbox.words_for(complaint, event, DeskSettings.current())
    return complaint.reference, words | {"name": complaint.contact_name or complaint.reference}


def _issue_words(code: str, by: User) -> tuple[str, dict[str, Any]] | None:
    issue = ServiceIssue.objects.visible_to(by).order_by("-pk").first()
    if issue is None:
        return None
    update = None if code == issues.FOLLOWING else issue.updates.first()
    return issue.title, issues.words_for(issue, update, DeskSettings.current())
