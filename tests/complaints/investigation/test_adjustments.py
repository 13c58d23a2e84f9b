"""Money given back: one proposes, another decides, once; the customer is told; and no such complaint is upheld before."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone, translation

from complaints import workflow
from complaints.models import Adjustment, BillingFinding, Complaint, DeskSettings, Event
from complaints.refusals import MoveRefused, Refusal
from complaints.states import Status
from staff.actors import Actor, Role
from tests.at_once import at_once
from tests.complaints.test_moves import bring, everything_about
from tests.factories import a_branch, a_complaint, a_user, an_actor, an_answer

pytestmark = [pytest.mark.usefixtures("profile"), pytest.mark.django_db]

PROPOSAL = {"amount": Decimal("53.80"), "way": "credit", "reason": "估抄多计 100 kWh"}


def a_finding(complaint, **fields):
    values = {
        "complaint": complaint,
        "disputed": "电费突然翻倍",
        "period_from": date(2026, 1, 31),
        "period_until": date(2026, 2, 28),
        "amount_billed": Decimal("269.00"),
        "tariff_code": "zhejiang-annual",
        "registers": {"total": {"previous": "1000", "current": "1500", "verified": "1400"}},
        "recalculated": Decimal("215.20"),
        "verdict": "too_high",
        "entered_by": a_user(Role.INVESTIGATOR),
        **fields,
    }
    return BillingFinding.objects.create(**values)


def overbilled(**fields):
    complaint = bring(a_complaint("BIL-01"), Status.INVESTIGATING)
    a_finding(complaint, **fields)
    return complaint


@pytest.fixture
def complaint():
    return overbilled()


@pytest.fixture
def handler():
    return an_actor(Role.INVESTIGATOR)


@pytest.fixture
def boss():
    return an_actor(Role.SUPERVISOR)


def propose(complaint, by, **more):
    return workflow.perform("propose_adjustment", complaint, by=by, **{**PROPOSAL, **more})


def refused(name, complaint, by, match, **details):
    before, adjustments = everything_about(complaint), list(Adjustment.objects.values())
    with pytest.raises(MoveRefused, match=match), transaction.atomic():
        workflow.perform(name, complaint, by=by, **details)
    assert everything_about(complaint) == before
    assert list(Adjustment.objects.values()) == adjustments


def resolve(complaint, outcome="upheld"):
    workflow.perform("resolve", complaint, by=an_actor(Role.SUPERVISOR), **an_answer(outcome=outcome))


def test_proposed_by_one_approved_by_another_told_to_the_customer_and_paid(complaint, handler, boss):
    propose(complaint, handler)
    assert complaint.notices.filter(code="adjustment_proposed").exists()
    workflow.perform("approve_adjustment", complaint, by=boss, note="同意")
    adjustment = complaint.adjustments.get()
    assert (adjustment.state, adjustment.decided_by, adjustment.decision) == ("approved", boss.user, "同意")
    told = complaint.notices.get(code="adjustment_approved")
    assert told.is_to_customer
    assert "53.80 元" in told.body
    today = timezone.localdate()
    workflow.perform("adjustment_paid", complaint, by=handler, amount=Decimal("53.80"), paid_on=today)
    adjustment.refresh_from_db()
    assert (adjustment.state, adjustment.paid_amount, adjustment.paid_on) == ("paid", Decimal("53.80"), today)
    moves = list(complaint.events.order_by("number").values_list("move", flat=True))[-3:]
    assert moves == ["propose_adjustment", "approve_adjustment", "adjustment_paid"]
    assert complaint.events.get(move="approve_adjustment").details["amount"] == "53.80"


def test_a_declined_one_says_why_and_another_may_be_proposed(complaint, handler, boss):
    propose(complaint, handler)
    refused("decline_adjustment", complaint, boss, "needs more")
    workflow.perform("decline_adjustment", complaint, by=boss, reason="抄表记录不全")
    assert complaint.adjustments.get().state == "declined"
    assert complaint.notices.filter(code="adjustment_declined").exists()
    assert not complaint.notices.filter(code="adjustment_approved").exists()
    propose(complaint, handler, amount=Decimal("20.00"))
    assert complaint.adjustments.count() == 2


def test_nobody_decides_what_they_proposed(complaint, boss):
    propose(complaint, boss)
    for name in ("approve_adjustment", "decline_adjustment"):
        refused(name, complaint, boss, "cannot decide it", reason="x")


@pytest.mark.parametrize(
    ("said", "match"),
    [
        ({"amount": Decimal("0")}, "more than nothing"),
        ({"amount": Decimal("269.01")}, "more than was billed"),
        ({"way": "refund"}, "needs the account"),
        ({"way": "cash"}, "how it is given back"),
    ],
)
def test_what_cannot_be_given_back_is_not_proposed(complaint, handler, said, match):
    refused("propose_adjustment", complaint, handler, match, **{**PROPOSAL, **said})


def test_there_is_one_proposal_at_a_time_and_none_before_the_bill_is_worked_out(complaint, handler):
    propose(complaint, handler)
    refused("propose_adjustment", complaint, handler, "one at a time", **PROPOSAL)
    bare = bring(a_complaint("BIL-01"), Status.INVESTIGATING)
    refused("propose_adjustment", bare, handler, "Recalculate", **PROPOSAL)
    refused("approve_adjustment", bare, an_actor(Role.SUPERVISOR), "No adjustment waits")
    refused("adjustment_paid", bare, handler, "Nothing that is approved", amount=Decimal(1), paid_on=date(2026, 3, 2))


def test_all_that_was_given_back_together_is_no_more_than_was_billed(complaint, handler, boss):
    propose(complaint, handler, amount=Decimal("200.00"))
    workflow.perform("approve_adjustment", complaint, by=boss)
    refused("propose_adjustment", complaint, handler, "at most 69.00", **{**PROPOSAL, "amount": Decimal("69.01")})


def test_the_account_of_a_refund_stands_on_the_adjustment_and_not_in_the_history(complaint, handler):
    propose(complaint, handler, way="refund", pay_to="6222 0000 1111")
    assert complaint.adjustments.get().pay_to == "6222 0000 1111"
    assert "6222" not in str(complaint.events.latest("number").details)


def test_above_the_limit_somebody_higher_approves():
    desk = DeskSettings.current()
    desk.adjustment_limit = Decimal("50.00")
    desk.save()
    branch = a_branch("west", a_branch())
    complaint = bring(a_complaint("BIL-01", branch=branch), Status.INVESTIGATING)
    a_finding(complaint)
    propose(complaint, an_actor(Role.INVESTIGATOR))
    own = Actor.staff(a_user(Role.SUPERVISOR, branch=branch))
    refused("approve_adjustment", complaint, own, "Above 50.00 CNY")
    above = Actor.staff(a_user(Role.SUPERVISOR, branch=a_branch()))
    workflow.perform("approve_adjustment", complaint, by=above)
    assert complaint.adjustments.get().state == "approved"


def test_above_the_limit_in_the_top_branch_an_administrator_approves(complaint, handler, boss):
    DeskSettings.objects.update_or_create(pk=1, defaults={"adjustment_limit": Decimal("50.00")})
    propose(complaint, handler)
    refused("approve_adjustment", complaint, boss, "Above")
    workflow.perform("approve_adjustment", complaint, by=an_actor(Role.ADMINISTRATOR))
    assert complaint.adjustments.get().state == "approved"


@pytest.mark.parametrize(
    ("said", "match"),
    [
        ({"amount": Decimal("53.81")}, "not more"),
        ({"amount": Decimal(0)}, "not more"),
        ({"paid_on": date(2999, 1, 1)}, "future"),
        ({"paid_on": date(2026, 1, 1)}, "before it was approved"),
    ],
)
def test_what_is_paid_is_what_was_approved_and_not_before(complaint, handler, boss, said, match):
    propose(complaint, handler)
    workflow.perform("approve_adjustment", complaint, by=boss)
    paid = {"amount": Decimal("53.80"), "paid_on": timezone.localdate(), **said}
    refused("adjustment_paid", complaint, handler, match, **paid)


@pytest.mark.parametrize("outcome", ["upheld", "partly_upheld"])
def test_it_is_not_upheld_while_nothing_is_decided_about_the_money(complaint, handler, boss, outcome):
    refused(
        "resolve",
        complaint,
        boss,
        "53.80 CNY of what was billed too much is not given back",
        **an_answer(outcome=outcome),
    )
    propose(complaint, handler)
    refused("resolve", complaint, boss, "waits for approval", **an_answer(outcome=outcome))
    workflow.perform("approve_adjustment", complaint, by=boss)
    resolve(complaint, outcome)
    assert complaint.status == Status.RESOLVED


def test_what_was_decided_before_the_bill_was_worked_out_anew_counts_with_its_amount_only(complaint, handler, boss):
    propose(complaint, handler)
    workflow.perform("approve_adjustment", complaint, by=boss)
    resolve(complaint)
    workflow.perform("reopen", complaint, by=boss, reason="客户对核算有异议")
    a_finding(complaint, recalculated=Decimal("200.00"))
    refused("resolve", complaint, boss, "15.20 CNY of what was billed too much", **an_answer())
    propose(complaint, handler, amount=Decimal("15.20"))
    workflow.perform("approve_adjustment", complaint, by=boss)
    resolve(complaint)
    assert complaint.status == Status.RESOLVED


def test_of_what_was_approved_and_paid_in_part_the_rest_is_still_to_be_given_back(complaint, handler, boss):
    propose(complaint, handler)
    workflow.perform("approve_adjustment", complaint, by=boss)
    workflow.perform("adjustment_paid", complaint, by=handler, amount=Decimal("50.00"), paid_on=timezone.localdate())
    refused("resolve", complaint, boss, "3.80 CNY", **an_answer())


def test_a_proposal_that_was_declined_waives_nothing(complaint, handler, boss):
    propose(complaint, handler)
    workflow.perform("decline_adjustment", complaint, by=boss, reason="抄表记录不全")
    refused("resolve", complaint, boss, "53.80 CNY", **an_answer())


def test_what_a_later_finding_waives_with_a_reason_is_answered(complaint, boss):
    a_finding(complaint, recalculated=Decimal("200.00"), no_adjustment_because="客户选择用作公益捐款")
    resolve(complaint)
    assert complaint.status == Status.RESOLVED


@pytest.mark.parametrize(
    "fields", [{"verdict": "right"}, {"verdict": "too_low"}, {"no_adjustment_because": "客户选择用作公益捐款"}]
)
def test_it_is_upheld_where_nothing_is_owed_or_somebody_said_why_nothing_is_given_back(fields):
    complaint = overbilled(**fields)
    resolve(complaint)
    assert complaint.status == Status.RESOLVED


def test_not_upheld_needs_no_adjustment_but_a_proposal_is_decided_first(complaint, handler, boss):
    propose(complaint, handler)
    refused("resolve", complaint, boss, "waits for approval", **an_answer(outcome="not_upheld"))
    workflow.perform("decline_adjustment", complaint, by=boss, reason="x")
    resolve(complaint, "not_upheld")
    assert complaint.status == Status.RESOLVED


def test_another_category_has_no_moves_about_money():
    complaint = bring(a_complaint("OUT-03"), Status.INVESTIGATING)
    names = {name for name, _move in complaint.moves_for(Role.SUPERVISOR)}
    assert not names & {"propose_adjustment", "approve_adjustment", "decline_adjustment", "adjustment_paid"}


def test_the_moves_are_offered_when_their_time_has_come(complaint, handler, boss):
    def offered():
        names = (name for name, _move in complaint.moves_for(Role.SUPERVISOR))
        return {name for name in names if "adjustment" in name}

    assert offered() == {"propose_adjustment"}
    propose(complaint, handler)
    assert offered() == {"approve_adjustment", "decline_adjustment"}
    workflow.perform("approve_adjustment", complaint, by=boss)
    assert offered() == {"propose_adjustment", "adjustment_paid"}


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_one_wins():
    complaint = overbilled()
    propose(complaint, an_actor(Role.INVESTIGATOR))
    bosses = [an_actor(Role.SUPERVISOR) for _number in range(4)]
    names = ["approve_adjustment", "decline_adjustment"] * 2

    def decide(number):
        mine = Complaint.objects.get(pk=complaint.pk)
        with translation.override("en"):  # a new thread speaks the language of the settings
            try:
                workflow.perform(names[number], mine, by=bosses[number], reason="x")
            except Refusal as refusal:
                return refusal.message
        return names[number]

    said = at_once(decide, times=4)
    won = [answer for answer in said if answer in names]
    assert len(won) == 1
    assert all("has decided it already" in answer for answer in said if answer not in names)
    state = "approved" if won == ["approve_adjustment"] else "declined"
    assert complaint.adjustments.get().state == state
    assert Event.objects.filter(complaint=complaint, move__in=names).count() == 1


BROKEN = {
    "adjustment_state_is_known": {"state": "lost", "decided_at": timezone.now(), "decided_by": "other"},
    "adjustment_way_is_known": {"way": "cash"},
    "adjustment_gives_something": {"amount": 0},
    "refund_names_an_account": {"way": "refund", "pay_to": ""},
    "adjustment_is_decided_by_another": {"state": "approved"},
    "declined_adjustment_says_why": {"state": "declined", "decided_at": timezone.now(), "decided_by": "other"},
    "paid_adjustment_is_whole": {"state": "paid", "decided_at": timezone.now(), "decided_by": "other"},
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_database_refuses_what_no_code_should_write(complaint, handler, name):
    propose(complaint, handler)
    values = {key: a_user() if value == "other" else value for key, value in BROKEN[name].items()}
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        complaint.adjustments.update(**values)


def test_the_database_refuses_a_second_proposal_and_the_proposers_own_decision(complaint, handler):
    propose(complaint, handler)
    values = {"amount": 1, "way": "credit", "reason": "x", "proposed_by": handler.user, "proposed_at": timezone.now()}
    with pytest.raises(IntegrityError, match="adjustment_is_proposed_once"), transaction.atomic():
        Adjustment.objects.create(complaint=complaint, **values)
    with pytest.raises(IntegrityError, match="adjustment_is_decided_by_another"), transaction.atomic():
        complaint.adjustments.update(state="approved", decided_by=handler.user, decided_at=timezone.now())


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("bill_has_a_period", {"period_until": date(2026, 1, 31)}),
        ("bill_verdict_is_known", {"verdict": "odd"}),
        ("bill_amounts_are_possible", {"recalculated": -1}),
        ("dunning_is_held_before_released", {"released_on": date(2026, 2, 1)}),
    ],
)
def test_the_database_refuses_a_finding_that_cannot_be(complaint, name, fields):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        a_finding(complaint, **fields)


def test_a_finding_is_never_changed(complaint):
    with pytest.raises(IntegrityError), transaction.atomic():
        BillingFinding.objects.update(recalculated=1)


def test_approvers_find_what_waits_and_see_how_many_on_the_rail(client, complaint, handler, boss):
    propose(complaint, handler)
    client.cookies["language"] = "en"
    client.force_login(boss.user)
    page = client.get("/desk/adjustments/").content.decode()
    assert complaint.reference in page
    assert "53.80 CNY" in page
    assert "move=approve_adjustment" in page
    entry = next(one for one in client.get("/desk/").context["rail"] if "adjustments" in one["url"])
    assert entry["count"] == "1"
    form = client.get(f"{complaint.get_absolute_url()}?move=approve_adjustment").content.decode()
    assert "proposed by" in form
    west = a_user(Role.SUPERVISOR, branch=a_branch("west", a_branch()))
    client.force_login(west)
    assert complaint.reference not in client.get("/desk/adjustments/").content.decode()


def test_an_adjustment_is_proposed_on_the_complaints_page(client, complaint, handler):
    client.force_login(handler.user)
    client.cookies["language"] = "en"
    form = client.get(f"{complaint.get_absolute_url()}?move=propose_adjustment").context["form"]
    assert form["amount"].value() == Decimal("53.80"), "what is left to give back"
    sent = {"seen": complaint.version, "amount": "53.80", "way": "credit", "reason": "x"}
    assert client.post(f"{complaint.get_absolute_url()}moves/propose_adjustment/", sent).status_code == 302
    assert complaint.adjustments.get().proposed_at - timezone.now() < timedelta(seconds=60)
