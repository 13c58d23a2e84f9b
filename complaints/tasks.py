"""The hand that turns the crank: each task finds due rows and calls one rule per row or batch until nothing is due.

What is due is decided by the database's clock, so a worker whose own clock is wrong is neither early nor late.
"""

from __future__ import annotations

from functools import partial

from celery import shared_task
from django.utils import translation

from complaints import (
    account_mail,
    announcements,
    attention,
    bulk,
    call_backs,
    coaching,
    database_clock,
    feedback,
    gateways,
    hand_over,
    history_chain,
    issue_actions,
    issue_work,
    issues,
    outbox,
    proposals,
    quarantine,
    retargeting,
    ringing,
    storms,
    surveys,
    turn,
    unsent_moves,
    watching,
    webhooks,
    workflow,
)
from complaints.erasing import deciding, taking
from complaints.inspections import plans, schedule
from complaints.models import Alarm, BulkRun, Complaint, IssueUpdate, Medium, Notice, Retargeting, ViewWatch
from staff.entry_models import AccountMail

BATCH = 200
RUNG_TOGETHER = 400
"""Alarms in one transaction. What a batch reads is read once, so more are cheaper; who moves a complaint waits for them all."""


@shared_task(ignore_result=True)
def ring_alarms() -> int:
    """Ring every due alarm, oldest first. May run twice or in several workers at once; each alarm has its effect once.

    It goes through what is due until a whole round rings nothing: the rest is in other hands, or failed.
    """
    total = 0
    while rung := _ring_round():
        total += rung
    return total


def _ring_round() -> int:
    rung, last = 0, None
    with turn.Sweep() as sweep:
        while True:
            with turn.begun() as now:
                due = list(Alarm.objects.due(now, after=last)[:RUNG_TOGETHER])
                if not due:
                    return rung
                rung += sweep.together(due, partial(ringing.ring_together, now=now), partial(workflow.ring, now=now))
                last = due[-1]


@shared_task(ignore_result=True)
def send_notices() -> int:
    """Send every due notice, oldest first; failed ones wait for their next try.

    Each medium by itself: what waits for a gateway that is silent stands in nobody's way.
    """
    return _send(Medium.SMS) + _send(Medium.EMAIL)


def _send(medium: Medium) -> int:
    sent, more = 0, True
    while more:
        with turn.begun() as now:
            due = list(Notice.objects.filter(medium=medium).due(now)[:BATCH])
            sent += sum(outbox.send(notice, now=now) for notice in due if gateways.may_try(medium))
            more = Notice.objects.due(now).filter(pk__in=[notice.pk for notice in due]).count() < len(due)
    return sent


@shared_task(ignore_result=True)
def call_webhooks() -> int:
    """Make every due call, one webhook after the other. After a call that fails, that webhook's others wait for the next turn."""
    made = 0
    for hook_id in list(Notice.objects.calls().due(database_clock.now()).hooks()):
        with webhooks.alone(hook_id) as is_mine:
            while is_mine:
                webhooks.still_mine(hook_id)
                now = database_clock.now()
                call = Notice.objects.calls().due(now).filter(webhook=hook_id).first()
                is_mine = call is not None and outbox.send(call, now=now)
                made += is_mine
    return made


@shared_task(ignore_result=True)
def tell_updates() -> int:
    """Write the notices of what was said about service issues, in the order in which it was said."""
    with turn.begun(), turn.Sweep() as sweep:
        return sweep.through(IssueUpdate.objects.filter(told_at=None).order_by("at", "pk"), issues.tell)


@shared_task(ignore_result=True)
def carry_on_issues() -> int:
    """Link, detach and answer what people decided for many complaints at once; after a kill it goes on where it stopped."""
    return issue_work.carry_on()


@shared_task(ignore_result=True)
def watch_clusters() -> None:
    """Propose service issues where complaints cluster, and ask for what belongs to the accepted ones."""
    with turn.begun() as now:
        proposals.look(now)
        proposals.collect(now)


@shared_task(ignore_result=True)
def say_announcements() -> int:
    """Write the notices of every announcement whose time has come. May run twice, and after a crash again."""
    with turn.begun() as now, turn.Sweep() as sweep:
        return sweep.through(announcements.due(now), announcements.say)


@shared_task(ignore_result=True)
def remind_of_actions() -> int:
    """Remind the owners of actions and of coaching whose day has passed, each once."""
    with turn.begun(), turn.Sweep() as sweep:
        today = issue_actions.today()
        said = sweep.through(issue_actions.to_remind(today), issue_actions.remind)
        return said + sweep.through(coaching.to_remind(today), coaching.remind)


@shared_task(ignore_result=True)
def close_unanswered() -> int:
    """Close what was resolved and never answered in the allowed time, as unanswered and never as satisfied."""
    with turn.begun() as now, turn.Sweep() as sweep:
        waiting = feedback.unanswered(Complaint.objects.all(), at=now).order_by("resolved_at")
        return sweep.through(waiting.iterator(chunk_size=BATCH), partial(feedback.close_unanswered, at=now))


@shared_task(ignore_result=True)
def plan_call_backs() -> int:
    """Decide for each new question whether its customer is called. May run twice; each is decided once."""
    with turn.begun() as now, turn.Sweep() as sweep:
        rows = call_backs.to_plan()
        return sweep.through(rows.iterator(chunk_size=BATCH), partial(call_backs.plan, at=now))


@shared_task(ignore_result=True)
def draw_call_backs() -> int:
    """Draw the sample of the week that has ended, each unit once; a draw that was slept through is made late."""
    with turn.begun() as now:
        return call_backs.draw_week(now)


@shared_task(ignore_result=True)
def carry_on_surveys() -> int:
    """Draw, invite, remind and end the surveys of customers; after a kill it goes on where it stopped."""
    with turn.begun() as now:
        return surveys.carry_on(now)


@shared_task(ignore_result=True)
def retarget_clocks() -> None:
    """Go on with moving running clocks to new policies, where somebody has decided that."""
    for run in Retargeting.objects.filter(finished_at__isnull=True):
        retargeting.carry_on(run)


@shared_task(ignore_result=True)
def excuse_arrivals() -> int:
    """Bring every clock in line with the storms that rage or have just ended. May run twice, and after a crash again."""
    with turn.begun() as now, turn.Sweep() as sweep:
        return sweep.through(storms.unsettled(), partial(storms.settle, at=now))


@shared_task(ignore_result=True)
def move_many() -> None:
    """Go on with moves of many complaints; one that is long does not hold up those behind it."""
    for run in BulkRun.objects.filter(finished_at__isnull=True).select_related("asked_by"):
        with translation.override(run.asked_by.language):
            bulk.take_turn(run)


@shared_task(ignore_result=True)
def watch_views() -> int:
    """Tell people what crossed a threshold in the views they watch. May run twice; each crossing is told once."""
    with turn.begun() as now, turn.Sweep() as sweep:
        return sweep.through(ViewWatch.objects.watching().order_by("pk"), partial(watching.look, at=now))


@shared_task(ignore_result=True)
def send_digests() -> int:
    """Send the digests that are due, each once; of several that were slept through the last one."""
    with turn.begun() as now, turn.Sweep() as sweep:
        return sweep.through(
            ViewWatch.objects.due(now).order_by("next_at", "pk"), partial(watching.send_digest, at=now)
        )


@shared_task(ignore_result=True)
def send_follow_digests() -> int:
    """Tell those who want that once a day what happened to the complaints they follow. May run twice; each is sent once."""
    with turn.begun() as now, turn.Sweep() as sweep:
        return sweep.through(attention.due(now), partial(attention.send_digest, at=now))


@shared_task(ignore_result=True)
def forget_unsent_moves() -> int:
    """Delete what was typed into forms of moves and not touched for a month."""
    return unsent_moves.sweep()


@shared_task(ignore_result=True)
def hand_over_work() -> int:
    """Write down the hand-over of everybody whose absence has begun. May run twice, and after a crash again."""
    with turn.begun() as now, turn.Sweep() as sweep:
        return sweep.through(hand_over.due(now), partial(hand_over.begin, now=now))


@shared_task(ignore_result=True)
def schedule_inspections() -> int:
    """Plans for whatever has none, then an inspection for each plan whose day comes into view. May run twice, and catches up."""
    with turn.begun(), turn.Sweep() as sweep:
        day = schedule.today()
        while plans.enrol(day):
            pass
        plans.rematch(day)
        return sum(sweep.through(due, make) for due, make in schedule.everything(day))


@shared_task(ignore_result=True)
def remind_of_inspections() -> int:
    """Remind of inspections whose day has passed, each day once."""
    with turn.begun(), turn.Sweep() as sweep:
        return sweep.through(schedule.to_remind(schedule.today()), schedule.remind)


@shared_task(ignore_result=True)
def seal_history() -> None:
    """Seal the events that came since the last seal. May run twice; each seal is made once."""
    history_chain.seal()


@shared_task(ignore_result=True)
def check_history() -> None:
    """Compare the history with its hashes, once a night; what is found is a row that pages and metrics show."""
    history_chain.nightly()


@shared_task(ignore_result=True)
def carry_out_erasures() -> int:
    """Erase the customers of whom two people said so, then delete the files that were noted. May run twice."""
    with turn.Sweep() as sweep:
        done = sweep.through(deciding.confirmed(), deciding.carry_out)
    taking.delete_files()
    return done


@shared_task(ignore_result=True)
def erase_what_is_old() -> int:
    """Erase what is personal where its period is over, some complaints in each turn; and old rows of who read what."""
    with turn.Sweep() as sweep:
        erased = sweep.through(deciding.due(deciding.today()), deciding.erase_old)
        deciding.forget_readings(deciding.today())
        deciding.forget_imports(database_clock.now())
        return erased


@shared_task(ignore_result=True)
def send_account_mail() -> int:
    """Send what is due to people about their own accounts."""
    now = database_clock.now()
    with turn.Sweep() as sweep:
        due = (mail for mail in list(AccountMail.objects.due(now)[:BATCH]) if gateways.may_try(Medium.EMAIL))
        return sweep.through(due, partial(account_mail.send, now=now))


@shared_task(ignore_result=True)
def scan_files() -> int:
    """Have the virus scanner look at what waits for it. May run twice, and after a kill or an absent scanner again."""
    with turn.begun():
        return quarantine.sweep()
