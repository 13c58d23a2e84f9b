"""Surveys of customers who did not complain: a draft is drawn, looked at, started, runs, and ends by its day or by hand.

Requests only write down what a person decided. A task draws, writes the invitations and reminders in batches, each batch one
transaction that also notes how far it came, and ends what is over: a killed worker leaves nobody out and asks nobody twice.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from complaints import announcements, call_backs, outbox, sampling, turn
from complaints.models import (
    LOWEST,
    AnsweredBy,
    CallBack,
    CallReason,
    CallState,
    Complaint,
    DeskSettings,
    MessageTemplate,
    Notice,
    NoticeState,
    Scale,
    Survey,
    SurveyAnswer,
    SurveyInvite,
    SurveyState,
    SurveyStratum,
)
from complaints.refusals import MoveRefused
from customers.models import Account, Customer
from staff.actors import Role
from staff.models import Branch, User

SURVEYING = frozenset({Role.SUPERVISOR, Role.ANALYST, Role.ADMINISTRATOR})
"""Who surveys."""
INVITED, REMINDED = "survey_invited", "survey_reminded"
OCCASIONS = frozenset({INVITED, REMINDED})
BATCH = 500
MONTH = timedelta(days=30)


# whom it is about


def population(survey: Survey, at: datetime) -> QuerySet[Customer]:
    """Supplied customers of the branch and its segments who did not complain lately, may be asked, and were not asked lately."""
    supplied = Account.objects.filter(announcements.OPEN_ACCOUNT, customer=OuterRef("pk"))
    complained = Complaint.objects.filter(
        customer=OuterRef("pk"), received_at__gte=at - timedelta(days=survey.quiet_days)
    )
    asked = SurveyInvite.objects.filter(
        customer=OuterRef("pk"), survey__drawn_at__gte=at - survey.rest_months * MONTH
    ).exclude(survey=survey)
    rows = Customer.objects.current().filter(do_not_contact=False, branch__path__startswith=survey.branch.path)
    if survey.segments:
        rows = rows.filter(kind__in=survey.segments)
    return rows.filter(Exists(supplied)).exclude(Exists(complained)).exclude(Exists(asked))


def units(survey: Survey) -> dict[int, int]:
    """For each branch of the survey the unit it counts under: the branch next below the survey's own, or that itself."""
    rows = dict(Branch.objects.filter(path__startswith=survey.branch.path).values_list("path", "pk"))
    depth = survey.branch.path.count("/") + 1
    return {key: rows["/".join(path.split("/")[:depth]).rstrip("/") + "/"] for path, key in rows.items()}


def size_of(survey: Survey, there: int) -> int:
    """How many are asked of so many."""
    if survey.size is not None:
        return min(survey.size, there)
    return sampling.sample_size(there, expected=float(survey.expected), margin=float(survey.margin))


def usual_words() -> dict[str, str]:
    """What is asked unless somebody writes other words: the result and the attitude apart (domain 7.4)."""
    words = {}
    for language, tongue in (("zh-hans", "zh"), ("en", "en")):
        with translation.override(language):
            words[f"result_{tongue}"] = _("How satisfied are you with your electricity supply?")
            words[f"service_{tongue}"] = _("How satisfied are you with our service and our staff?")
    return words


# what a person decides


@transaction.atomic
def save_draft(draft: Survey) -> bool:
    """Keep what was changed; false when it is drawn meanwhile, or about to be, and then it stays as it is."""
    row = _locked(draft)
    if row.state != SurveyState.DRAFT or row.draw_asked_at is not None:
        return False
    draft.save()
    return True


@transaction.atomic
def ask_to_draw(survey: Survey, *, at: datetime) -> None:
    """Let the system draw; the next turn of the task does. Raises MoveRefused."""
    row = _locked(survey)
    if row.state != SurveyState.DRAFT:
        raise MoveRefused(_("It is drawn already."))
    if row.closes_at <= at:
        raise MoveRefused(_("It would end in the past. Change when it ends first."))
    row.draw_asked_at = row.draw_asked_at or at
    row.save(update_fields=["draw_asked_at"])


@transaction.atomic
def draw_again(survey: Survey) -> None:
    """Back to the draft; who was drawn is forgotten, because nobody has been asked. Raises MoveRefused."""
    row = _locked(survey)
    if row.state != SurveyState.DRAWN:
        raise MoveRefused(_("Only what is drawn and not started can be drawn again."))
    row.strata.all().delete()
    row.state, row.draw_asked_at, row.drawn_at, row.seed, row.population = SurveyState.DRAFT, None, None, None, None
    row.save()


@transaction.atomic
def start(survey: Survey, *, by: User, at: datetime) -> None:
    """From now on the drawn are asked. Raises MoveRefused."""
    row = _locked(survey)
    if row.state != SurveyState.DRAWN:
        raise MoveRefused(_("Only what is drawn and not started can be started."))
    if row.closes_at <= at:
        raise MoveRefused(_("It would end in the past. Draw again with another end."))
    row.state, row.started_at, row.started_by = SurveyState.RUNNING, at, by
    row.save()


@transaction.atomic
def stop(survey: Survey, *, by: User, at: datetime) -> None:
    """End it now: nobody else is asked, and what was not sent is taken back. Raises MoveRefused."""
    row = _locked(survey)
    if row.state == SurveyState.CLOSED:
        raise MoveRefused(_("It has ended already."))
    row.stopped_by = by
    _close(row, at)


def _close(row: Survey, at: datetime) -> None:
    row.state, row.closed_at = SurveyState.CLOSED, at
    row.save()
    unsent = Notice.objects.filter(invite__survey=row, state=NoticeState.QUEUED, attempts=0)
    Notice.objects.filter(pk__in=unsent.select_for_update(skip_locked=True).values("pk")).delete()
    call_backs.end(CallBack.objects.filter(invite__survey=row), CallState.ENDED, at)


def _locked(survey: Survey) -> Survey:
    return Survey.objects.select_for_update(of=("self",)).select_related("branch").get(pk=survey.pk)


# what the task does


def carry_on(at: datetime) -> int:
    """Draw, invite, remind and end whatever is due; how many rows were written. May run twice and after a crash again."""
    with turn.Sweep() as sweep:
        done = sweep.through(Survey.objects.filter(state=SurveyState.DRAFT, draw_asked_at__isnull=False), _drawer(at))
        over = Survey.objects.filter(state__in=(SurveyState.DRAWN, SurveyState.RUNNING), closes_at__lte=at)
        done += sweep.through(over, lambda survey: _end(survey, at))
        running = Survey.objects.filter(state=SurveyState.RUNNING).order_by("started_at")
        done += sweep.through(running, lambda survey: _through(survey, at, invite_batch))
        done += sweep.through(
            running.filter(remind_days__isnull=False), lambda survey: _through(survey, at, remind_batch)
        )
    return done


def _drawer(at: datetime) -> Callable[[Survey], int]:
    return lambda survey: draw(survey, at=at)


def _through(survey: Survey, at: datetime, batch: Callable[..., int]) -> int:
    total = 0
    while written := batch(survey, at=at):
        total += written
    return total


@transaction.atomic
def _end(survey: Survey, at: datetime) -> int:
    row = Survey.objects.select_for_update(skip_locked=True).filter(pk=survey.pk).first()
    if row is None or row.state == SurveyState.CLOSED or row.closes_at > at:
        return 0
    _close(row, at)
    return 1


@transaction.atomic
def draw(survey: Survey, *, at: datetime, seed: int | None = None) -> int:
    """Draw by chance within each kind of customer of each unit, and keep the numbers; how many were drawn."""
    row = (
        Survey.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("branch")
        .filter(pk=survey.pk, state=SurveyState.DRAFT)
        .first()
    )
    if row is None:
        return 0
    strata: dict[tuple[int, str], list[int]] = defaultdict(list)
    unit = units(row)
    for key, branch, kind in population(row, at).order_by("pk").values_list("pk", "branch", "kind").iterator(5000):
        strata[unit[branch], kind].append(key)
    there = sum(map(len, strata.values()))
    sizes = sampling.allocate({key: len(people) for key, people in strata.items()}, size_of(row, there))
    row.seed = secrets.randbits(62) if seed is None else seed
    row.population, row.drawn_at, row.state = there, at, SurveyState.DRAWN
    row.save()
    drawn = 0
    for number, ((branch, kind), people) in enumerate(sorted(strata.items())):
        size = sizes[branch, kind]
        stratum = SurveyStratum.objects.create(
            survey=row, branch_id=branch, kind=kind, population=len(people), drawn=size
        )
        chosen = sampling.draw(people, size, row.seed + number)
        SurveyInvite.objects.bulk_create(
            [SurveyInvite(survey=row, stratum=stratum, customer_id=customer) for customer in sorted(chosen)],
            batch_size=BATCH,
        )
        drawn += len(chosen)
    return drawn


@transaction.atomic
def invite_batch(survey: Survey, *, at: datetime) -> int:
    """Write the next invitations, or the calls of those whom no message reaches; how many were gone through."""
    rows = _batch(survey, at, invited_at__isnull=True)
    ways = {row.pk: announcements.way_to(row.customer) for row in rows}
    _write(INVITED, [row for row in rows if ways[row.pk]], ways)
    if survey.calls:
        mute = [row for row in rows if not ways[row.pk] and row.customer.phone and not row.customer.do_not_contact]
        CallBack.objects.bulk_create([_call(row, at) for row in mute], ignore_conflicts=True)
    SurveyInvite.objects.filter(pk__in=[row.pk for row in rows]).update(invited_at=at)
    return len(rows)


@transaction.atomic
def remind_batch(survey: Survey, *, at: datetime) -> int:
    """Remind the next of those who were written to and did not answer, once; how many were gone through."""
    assert survey.remind_days is not None
    before = at - timedelta(days=survey.remind_days)
    rows = _batch(survey, at, invited_at__lte=before, reminded_at__isnull=True, answered_at__isnull=True)
    were_sent = set(
        Notice.objects.filter(invite__in=rows, code=INVITED, state=NoticeState.SENT).values_list("invite", flat=True)
    )
    ways = {row.pk: announcements.way_to(row.customer) for row in rows if row.pk in were_sent}
    _write(REMINDED, [row for row in rows if ways.get(row.pk)], ways)
    SurveyInvite.objects.filter(pk__in=[row.pk for row in rows]).update(reminded_at=at)
    return len(rows)


def _batch(survey: Survey, at: datetime, **which: Any) -> list[SurveyInvite]:
    """Rows that nobody else has in hand, while the survey runs; its row is shared, so that stopping waits for the batch."""
    runs = Survey.objects.select_for_update(of=("self",)).filter(
        pk=survey.pk, state=SurveyState.RUNNING, closes_at__gt=at
    )
    if runs.first() is None:
        return []
    rows = SurveyInvite.objects.select_related("customer", "survey").filter(survey=survey, **which)
    return list(rows.select_for_update(skip_locked=True, of=("self",)).order_by("pk")[:BATCH])


def _write(code: str, rows: Iterable[SurveyInvite], ways: dict[int, tuple[str, str] | None]) -> None:
    texts = {(text.medium, text.language): text for text in MessageTemplate.objects.filter(code=code)}
    if not texts:
        raise LookupError(f"There is no text for {code}; load a profile that has one.")
    desk = DeskSettings.current()
    notices = []
    for row in rows:
        medium, address = ways[row.pk] or ("", "")
        text = texts.get((medium, row.customer.language)) or texts.get((medium, settings.LANGUAGE_CODE))
        if text is None:
            continue
        with translation.override(text.language):
            words = words_for(row.survey, row.token, desk) | {"name": row.customer.name}
        notices.append(
            Notice(
                invite=row,
                code=code,
                medium=medium,
                address=address,
                language=text.language,
                subject=text.subject.format(**words)[:200],
                body=text.body.format(**words),
            )
        )
    outbox.try_at(turn.now(), notices, desk)
    Notice.objects.bulk_create(notices, ignore_conflicts=True)


def _call(row: SurveyInvite, at: datetime) -> CallBack:
    return CallBack(
        invite=row,
        branch_id=row.customer.branch_id,
        reason=CallReason.SURVEY,
        name=row.customer.name,
        phone=call_backs.number(row.customer.phone),
        language=row.customer.language,
        next_try_at=call_backs.next_try(at),
        created_at=at,
    )


def words_for(survey: Survey, token: str, desk: DeskSettings) -> dict[str, Any]:
    """What the {placeholders} of an invitation stand for, in the language in force."""
    return {
        "survey_url": settings.BASE_URL + reverse("complaints:survey-answer", args=[token]),
        "until": outbox.spoken(survey.closes_at),
        "hotline": desk.hotline,
        "utility": desk.utility_zh if translation.get_language().startswith("zh") else desk.utility_en,
    }


def sample(by: User) -> tuple[str, dict[str, Any]] | None:
    """The newest survey of this person's, for a look at a text."""
    survey = Survey.objects.visible_to(by).first()
    if survey is None:
        return None
    return survey.name, words_for(survey, "…", DeskSettings.current()) | {"name": by.display_name}


# what they answer


@transaction.atomic
def answer(
    invite: SurveyInvite,
    *,
    rating: int,
    service_rating: int | None = None,
    comment: str = "",
    at: datetime,
    seen: int,
    by: User | None = None,
) -> None:
    """Take the answer, or a later one in its place; `seen` is how many versions they looked at. Raises MoveRefused.

    One answer for each invitation: of two at once the second is told that there is one.
    """
    row = SurveyInvite.objects.select_for_update(of=("self",)).select_related("survey").get(pk=invite.pk)
    check(row, rating, service_rating, at=at)
    if row.versions.count() != seen:
        raise MoveRefused(_("An answer was given meanwhile. Look at it; you may still change it."))
    if by is not None and row.answered_by == AnsweredBy.LINK:
        raise MoveRefused(_("The customer gave this answer by the link; only they change it."))
    row.rating, row.service_rating, row.comment, row.recorded_by = rating, service_rating, comment, by
    row.answered_by = AnsweredBy.CALL if by is not None else AnsweredBy.LINK
    if row.answered_at is None:
        row.answered_at = at
    else:
        row.changed_at = at
    row.save()
    SurveyAnswer.objects.create(
        invite=row,
        number=seen + 1,
        rating=rating,
        service_rating=service_rating,
        comment=comment,
        answered_by=row.answered_by,
        recorded_by=by,
        at=at,
    )
    state = CallState.ANSWERED if by is not None else CallState.BY_LINK
    call_backs.end(CallBack.objects.filter(invite=row), state, at)


def check(row: SurveyInvite, rating: int, service_rating: int | None, *, at: datetime) -> None:
    top = Scale(row.survey.scale).top
    if not all(LOWEST <= one <= top for one in (rating, service_rating) if one is not None):
        raise MoveRefused(_("Choose from 1 to %(top)d.") % {"top": top})
    if not may_answer(row, at):
        raise MoveRefused(_("This survey has ended, or the time to change the answer is over."))


def may_answer(row: SurveyInvite, at: datetime) -> bool:
    """It runs, and either nothing was answered or that may still be changed."""
    if row.survey.state != SurveyState.RUNNING or at >= row.survey.closes_at:
        return False
    until = row.may_change_until(DeskSettings.current().change_hours)
    return until is None or at <= until


def progress(survey: Survey) -> dict[str, int]:
    """How far it is."""
    rows = survey.invites
    written = Notice.objects.filter(invite__survey=survey, code=INVITED).count()
    return {
        "drawn": rows.count(),
        "gone_through": rows.filter(invited_at__isnull=False).count(),
        "invited": written + CallBack.objects.filter(invite__survey=survey).count(),
        "reminded": Notice.objects.filter(invite__survey=survey, code=REMINDED).count(),
        "answered": rows.filter(answered_at__isnull=False).count(),
        "calls": CallBack.objects.open().filter(invite__survey=survey).count(),
    }
