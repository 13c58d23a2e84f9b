"""What is said about a service issue reaches everybody whom it touches: complainants whose complaint hangs on it, and followers.

Saying something writes one row. The notices are written by a task, all of one update in one transaction, so that an update to
thousands holds up nobody and a killed worker leaves none out and tells none twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from complaints import outbox, turn
from complaints.models import (
    Complaint,
    DeskSettings,
    IssueAct,
    IssueFollower,
    IssueJob,
    IssueKind,
    IssueUpdate,
    JobState,
    MessageTemplate,
    Notice,
    ServiceIssue,
)
from complaints.outbox import Recipient
from complaints.refusals import BadInput, MoveRefused
from customers.lookup import areas_at
from customers.models import Account, TransformerArea
from customers.models.search import normal
from staff.actors import Role
from staff.models import User

TELLING = (Role.INVESTIGATOR, Role.SUPERVISOR, Role.ADMINISTRATOR)
"""Who speaks to all whom an issue touches."""
CUTS = (IssueKind.FAULT, IssueKind.PLANNED_OUTAGE)
SAGS = (IssueKind.VOLTAGE, IssueKind.FAULT)
KINDS = {
    **dict.fromkeys(("OUT", "OUT-01", "OUT-02"), CUTS),
    **dict.fromkeys(("VOL", "VOL-01", "VOL-02", "VOL-04", "VOL-05"), SAGS),
    **dict.fromkeys(("BIL", "BIL-01", "BIL-02", "BIL-04", "BIL-09"), (IssueKind.BILLING_RUN,)),
}
"""Which issues explain a complaint of a subcategory, or of a category that is not narrowed.

Complaints about us are not explained away: who was not told, waited too long or was treated badly is offered nothing instead.
"""
FOLLOWING, UPDATE, RESTORED = "issue_following", "issue_update", "issue_restored"
OCCASIONS = frozenset({FOLLOWING, UPDATE, RESTORED})
"""The texts about issues."""
PIECE = 500


def near(place: str, account: Account | None = None, *, about: str = "") -> list[ServiceIssue]:
    """The public issues that may hit what somebody calls `place`, or the account's premise.

    With `about`, a code of a category or subcategory, only those that explain it.
    A place is known by the addresses on the network, or because it has the issue's own area or feeder in it.
    """
    kinds = KINDS.get(about, ()) if about else tuple(IssueKind)
    shown = list(
        ServiceIssue.objects.public().filter(kind__in=kinds).select_related("branch", "feeder", "transformer_area")
    )
    if not shown:
        return []
    areas = [account.premise.transformer_area] if account and account.premise.transformer_area else areas_at(place)
    said = normal(place)
    return [issue for issue in shown if _is_named(issue, said) or any(_hits(issue, area) for area in areas)]


def explains(kind: IssueKind, complaint: Complaint) -> bool:
    """Whether an issue of this kind is what the complaint is about."""
    about = complaint.subcategory.code if complaint.subcategory else complaint.category.code
    return kind in KINDS.get(about, ())


def _is_named(issue: ServiceIssue, said: str) -> bool:
    named = issue.transformer_area or issue.feeder
    return named is not None and any(name and normal(name) in said for name in (named.name_zh, named.name_en))


def _hits(issue: ServiceIssue, area: TransformerArea) -> bool:
    """The area itself, its feeder, or the whole branch."""
    if issue.transformer_area is not None:
        return issue.transformer_area_id == area.pk
    if issue.feeder is not None:
        return issue.feeder_id == area.feeder_id
    return area.branch.path.startswith(issue.branch.path)


@transaction.atomic
def follow(issue: ServiceIssue, medium: str, address: str, *, language: str, note: str = "") -> IssueFollower:
    """Tell this address how the issue goes on; asked twice it is one follower, greeted once. Raises BadInput when it is over."""
    if not ServiceIssue.objects.public().filter(pk=issue.pk).exists():
        raise BadInput(_("This is over, so there is nothing to follow. If it is not so at your place, tell us."))
    follower, is_new = IssueFollower.objects.get_or_create(
        issue=issue,
        medium=medium,
        address=address.lower(),
        defaults={"language": language, "note": note},
    )
    if follower.left_at is not None or note:
        follower.left_at, follower.note = None, note or follower.note
        follower.save(update_fields=["left_at", "note"])
    if is_new:
        _greet(follower)
    return follower


def leave(follower: IssueFollower) -> None:
    """Nothing more is sent to them, and what waits to be sent is not."""
    with transaction.atomic():
        IssueFollower.objects.filter(pk=follower.pk, left_at=None).update(left_at=timezone.now())
        follower.notices.filter(state="queued").delete()


@transaction.atomic
def say(
    issue: ServiceIssue, *, by: User, text_zh: str = "", text_en: str = "", expected_at: datetime | None = None
) -> IssueUpdate:
    """Say how it stands. Raises MoveRefused when the issue is over."""
    row = ServiceIssue.objects.select_for_update().get(pk=issue.pk)
    if row.restored_at is not None:
        raise MoveRefused(_("It is restored already; the last word has been said."))
    if expected_at is not None:
        row.expected_at = expected_at
        row.save(update_fields=["expected_at"])
    return IssueUpdate.objects.create(issue=row, by=by, text_zh=text_zh, text_en=text_en, expected_at=row.expected_at)


@transaction.atomic
def restored(
    issue: ServiceIssue,
    restored_at: datetime,
    *,
    by: User,
    text_zh: str = "",
    text_en: str = "",
    finding: Mapping[str, Any] | None = None,
) -> IssueUpdate:
    """Say that it is over, once; with a finding (outcome, root_cause, answer_zh, answer_en) it is kept. Raises MoveRefused."""
    row = ServiceIssue.objects.select_for_update().get(pk=issue.pk)
    if row.restored_at is not None:
        raise MoveRefused(_("It is restored already; the last word has been said."))
    row.restored_at = restored_at
    for name, value in (finding or {}).items():
        setattr(row, name, value)
    row.save(update_fields=["restored_at", *(finding or {})])
    return IssueUpdate.objects.create(issue=row, by=by, text_zh=text_zh, text_en=text_en, is_last=True)


@transaction.atomic
def tell(update: IssueUpdate) -> int:
    """Write the update's notices, unless somebody has or is at it; how many. Raises LookupError when there is no text for it."""
    row = IssueUpdate.objects.select_for_update(skip_locked=True).filter(pk=update.pk, told_at=None).first()
    if row is None:
        return 0
    row.issue = ServiceIssue.objects.select_related("branch", "feeder", "transformer_area").get(pk=row.issue_id)
    notices: dict[tuple[str, str], Notice] = {}
    writing = _Writing(row.issue, row)
    if not writing.texts:
        raise LookupError(f"There is no text for {writing.code}; load a profile that has one.")
    for recipient, url, cause in _touched(row):
        notice = writing.notice(recipient, url)
        if notice is not None:
            notice.complaint, notice.follower = cause.get("complaint"), cause.get("follower")
            # somebody who complained and follows hears it once
            notices.setdefault((notice.medium, notice.address.lower()), notice)
    outbox.try_at(turn.now(), list(notices.values()), writing.desk)
    Notice.objects.bulk_create(notices.values(), batch_size=PIECE)
    row.told_at = turn.now()
    row.save(update_fields=["told_at"])
    return len(notices)


def tell_one(update: IssueUpdate, complaint: Complaint) -> None:
    """Tell this complainant too what the others have been told. Told already, by whatever way, they are not told again."""
    issue = ServiceIssue.objects.select_related("branch", "feeder", "transformer_area").get(pk=update.issue_id)
    writing = _Writing(issue, update)
    if complaint.service_issue_id != issue.pk:
        return
    for recipient in outbox.complainant(complaint):
        notice = writing.notice(recipient, _page("complaints:track", complaint.token))
        if notice is None or update.notices.filter(medium=notice.medium, address__iexact=notice.address).exists():
            continue
        notice.complaint = complaint
        outbox.try_at(turn.now(), [notice], writing.desk)
        notice.save()


def _touched(update: IssueUpdate) -> Iterator[tuple[Recipient, str, dict[str, Any]]]:
    """Everybody, each with the address of their own page; who gets the answer with a question hears that and nothing else."""
    issue, heard = update.issue, set()
    complaints = Complaint.objects.unfinished().filter(service_issue=issue).select_related("customer", "category")
    if update.is_last:
        settled = complaints.filter(Exists(_SETTLED))
        for complaint in settled.order_by("pk").iterator(chunk_size=PIECE):
            heard |= {(to.medium, to.address.lower()) for to in outbox.complainant(complaint)}
        complaints = complaints.filter(~Exists(_SETTLED))
    for complaint in complaints.order_by("pk").iterator(chunk_size=PIECE):
        # on paper it would be yesterday's news
        for recipient in outbox.complainant(complaint):
            if (recipient.medium, recipient.address.lower()) not in heard:
                yield recipient, _page("complaints:track", complaint.token), {"complaint": complaint}
    for follower in issue.followers.filter(left_at=None).order_by("pk").iterator(chunk_size=PIECE):
        if (follower.medium, follower.address.lower()) not in heard:
            yield _of(follower), _page("channels_intake:following", follower.token), {"follower": follower}


_SETTLED = IssueJob.objects.filter(
    complaint=OuterRef("pk"),
    issue=OuterRef("service_issue"),
    act=IssueAct.SETTLE,
    state__in=[JobState.DUE, JobState.DONE],
)


def _greet(follower: IssueFollower) -> None:
    issue = ServiceIssue.objects.select_related("branch", "feeder", "transformer_area").get(pk=follower.issue_id)
    url = _page("channels_intake:following", follower.token)
    writing = _Writing(issue, None)
    notice = writing.notice(_of(follower), url)
    if notice is not None:
        notice.follower = follower
        outbox.try_at(turn.now(), [notice], writing.desk)
        notice.save()


def _of(follower: IssueFollower) -> Recipient:
    return Recipient(follower.medium, follower.address, follower.language, "", is_customer=True)


def _page(name: str, token: str) -> str:
    return settings.BASE_URL + reverse(name, args=[token])


class _Writing:
    """One text in both languages, its words looked up once for all who get it."""

    def __init__(self, issue: ServiceIssue, update: IssueUpdate | None) -> None:
        self.issue, self.update = issue, update
        self.code = FOLLOWING if update is None else RESTORED if update.is_last else UPDATE
        texts = MessageTemplate.objects.filter(code=self.code)
        self.texts = {(text.medium, text.language): text for text in texts}
        self.desk = DeskSettings.current()
        self.said: dict[str, dict[str, Any]] = {}

    def notice(self, to: Recipient, url: str) -> Notice | None:
        text = self.texts.get((to.medium, to.language)) or self.texts.get((to.medium, settings.LANGUAGE_CODE))
        if text is None:
            return None
        if text.language not in self.said:
            with translation.override(text.language):
                self.said[text.language] = words_for(self.issue, self.update, self.desk)
        words = self.said[text.language] | {"track_url": url, "name": to.name}
        return Notice(
            update=self.update,
            code=self.code,
            medium=to.medium,
            address=to.address,
            language=text.language,
            subject=text.subject.format(**words)[:200],
            body=text.body.format(**words),
        )


def words_for(issue: ServiceIssue, update: IssueUpdate | None, desk: DeskSettings) -> dict[str, Any]:
    """What the {placeholders} of a text about an issue stand for, in the language in force; `track_url` is each one's own."""
    expected = update.expected_at if update else issue.expected_at
    return {
        "kind": issue.get_kind_display(),
        "place": issue.where,
        "message": update.text if update else "",
        "expected": outbox.spoken(expected) or _("not known yet"),
        "restored": outbox.spoken(issue.restored_at),
        "hotline": desk.hotline,
        "utility": desk.utility_zh if translation.get_language().startswith("zh") else desk.utility_en,
    }
