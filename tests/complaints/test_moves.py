"""Every move, from every status, by every role: what the table allows happens, everything else changes nothing."""

import io
import itertools
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from PIL import Image

from complaints import workflow
from complaints.attachments import prepare
from complaints.models import (
    Complaint,
    Event,
    LedgerEntry,
    Notice,
    PauseReason,
    Subcategory,
)
from complaints.refusals import Refusal
from complaints.states import MOVES, PREVIOUS, SAME, Status
from staff.actors import CLOCK, CUSTOMER, Role
from staff.models import TeamKind
from tests.factories import MONDAY, a_complaint, a_team, a_user, an_account, an_actor, an_answer, an_issue

pytestmark = pytest.mark.usefixtures("profile")

ROLES = [*Role.values, CUSTOMER, CLOCK]
WAY_TO = {
    Status.REGISTERED: [],
    Status.DISPATCHED: ["dispatch"],
    Status.INVESTIGATING: ["dispatch", "accept", "contact"],
    Status.WAITING: ["dispatch", "accept", "contact", "ask"],
    Status.REVIEW: ["dispatch", "accept", "contact", "propose"],
    Status.RESOLVED: ["dispatch", "accept", "contact", "resolve"],
    Status.CLOSED: ["dispatch", "accept", "contact", "resolve", "close"],
}


def details_for(name: str, complaint: Complaint) -> dict:
    """Enough to be said with a move."""
    at_hand = {
        "team": lambda: a_team(TeamKind.OUTAGE),
        "assignee": lambda: a_user(Role.INVESTIGATOR),
        "reason": lambda: "因为",
        "reached": lambda: True,
        "method": lambda: "phone",
        "message": lambda: "请您提供照片。",
        "note": lambda: "已联系台区经理",
        "solved": lambda: True,
        "round": lambda: 1,
        "clock": lambda: "resolve internal",
        "due_at": lambda: MONDAY,
        "category": lambda: Subcategory.objects.get(code="VOL-01").category,
        "subcategory": lambda: Subcategory.objects.get(code="VOL-01"),
        "priority": lambda: 2,
        "files": list,
        "service_issue": lambda: complaint.service_issue or an_issue(),
        "customer": lambda: an_account().customer,
        "into": lambda: a_complaint(at=MONDAY),
        "referred_to": lambda: "市城管局",
        "pause_reason": lambda: PauseReason.objects.get(code="no-access"),
        "amount": lambda: Decimal("12.30"),
        "way": lambda: "credit",
        "paid_on": lambda: MONDAY.date(),
        "medium": lambda: "sms",
        "address": lambda: "13800001234",
        "storm": lambda: "台风",
        "part": lambda: "电压",
        "summary": lambda: "合格率 93.1 %",
        "stands": lambda: "已到现场，等待停电窗口。",
        "asked_team": lambda: a_team(TeamKind.POWER_QUALITY),
        "question": lambda: "请校验电表。",
        "request": lambda: complaint.requests.first(),
        "answer": lambda: "电表合格。",
        "level": lambda: "warn",
        "why": lambda: "request",
        **{key: lambda value=value: value for key, value in an_answer().items()},
    }
    details = {need: at_hand[need]() for need in MOVES[name].needs}
    if name == "withdraw":
        details["evidence"] = "电话录音"
    if name == "attach":
        details["files"] = [a_file()]
    return details


def a_file():
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(picture, "PNG")
    picture.seek(0)
    return prepare(picture, name="line.png")


def bring(complaint: Complaint, status: str) -> Complaint:
    for step, name in enumerate(WAY_TO[status], start=1):
        actor = an_actor(Role.AGENT if name == "close" else Role.SUPERVISOR)
        workflow.perform(name, complaint, by=actor, at=MONDAY + timedelta(minutes=step), **details_for(name, complaint))
    return complaint


def everything_about(complaint: Complaint) -> tuple:
    """All that a refused move must leave alone."""
    row = Complaint.objects.filter(pk=complaint.pk).values().get()
    return (
        row,
        list(Event.objects.filter(complaint=complaint).values_list("number", "move")),
        list(complaint.clocks.order_by("pk").values("state", "due_at", "revision")),
        LedgerEntry.objects.filter(clock__complaint=complaint).count(),
        Notice.objects.filter(complaint=complaint).count(),
        list(complaint.alarms.order_by("pk").values("settled_at", "fire_at")),
    )


@pytest.mark.parametrize("is_linked", [False, True])
@pytest.mark.parametrize("status", list(Status))
def test_what_the_table_allows_happens_and_everything_else_changes_nothing(status, is_linked):
    complaint = bring(a_complaint(service_issue=an_issue() if is_linked else None), status)
    names = {"link", "detach", "settle"} if is_linked else MOVES
    actors = {role: an_actor(role) for role in ROLES}
    for name, role in itertools.product(names, ROLES):
        move, at = MOVES[name], MONDAY + timedelta(minutes=7)
        before = everything_about(complaint)
        expected = complaint.permits(name, role)
        assert not expected or (status in move.sources and role in move.allowed)
        savepoint = transaction.savepoint()
        try:
            workflow.perform(name, complaint, by=actors[role], at=at, **details_for(name, complaint))
        except Refusal as refusal:
            transaction.savepoint_rollback(savepoint)
            assert not expected, f"{name} from {status} by {role}: {refusal.message}"
            assert refusal.message
        else:
            event = complaint.events.get(move=name, number__gt=before[0]["version"])
            assert expected, f"{name} from {status} by {role} should be refused"
            assert event.from_status == status
            assert move.target in (SAME, PREVIOUS) or event.to_status == move.target
            assert list(complaint.events.values_list("number", flat=True)) == list(range(1, complaint.version + 1))
            transaction.savepoint_rollback(savepoint)
        complaint.refresh_from_db()
        assert everything_about(complaint) == before


def test_a_merged_complaint_can_be_unmerged_to_where_it_was():
    complaint, other = bring(a_complaint(), Status.WAITING), a_complaint()
    before = list(complaint.clocks.order_by("pk").values_list("kind", "tier", "state", "due_at"))
    agent = an_actor(Role.AGENT)
    workflow.perform("merge", complaint, by=agent, at=MONDAY + timedelta(hours=1), into=other)
    assert (complaint.status, complaint.outcome, complaint.merged_into) == (Status.CLOSED, "duplicate", other)
    workflow.perform("unmerge", complaint, by=agent, at=MONDAY + timedelta(hours=5))
    assert (complaint.status, complaint.outcome, complaint.merged_into) == (Status.WAITING, "", None)
    assert list(complaint.clocks.order_by("pk").values_list("kind", "tier", "state", "due_at")) == before


@pytest.mark.parametrize("name", [name for name in MOVES if MOVES[name].needs])
def test_a_move_without_what_it_needs_is_refused_and_says_what_is_missing(name):
    status = next(s for s in WAY_TO if s in MOVES[name].sources)
    complaint = bring(a_complaint(), status)
    role = next(role for role in ROLES if role in MOVES[name].allowed and (role != CUSTOMER))
    before = everything_about(complaint)
    with pytest.raises(Refusal) as refused, transaction.atomic():
        workflow.perform(name, complaint, by=an_actor(role), at=MONDAY + timedelta(hours=1))
    assert set(refused.value.fields) == set(MOVES[name].needs)
    assert everything_about(complaint) == before
