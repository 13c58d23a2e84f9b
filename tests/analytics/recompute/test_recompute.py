"""After a random history made through the workflow, every figure is what a second, independent computation finds."""

import random
from collections import Counter
from datetime import date, timedelta
from math import ceil

import pytest
from django.core.management import call_command
from django.utils import timezone

from analytics.board import whole_of
from analytics.grains.check import check
from analytics.grains.refresh import refresh
from analytics.grains.series import SERIES
from analytics.periods import Period
from analytics.reading import read
from complaints import workflow
from complaints.models import Category, Complaint, Subcategory
from complaints.refusals import Refusal
from staff.actors import THE_CLOCK, THE_CUSTOMER, Actor, Role
from staff.models import TeamKind
from tests.analytics.recompute.independent import Figures
from tests.analytics.test_reports import rated
from tests.factories import MONDAY, a_branch, a_complaint, a_team, a_user, an_account, an_answer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("profile")]

CODES = ("OUT-02", "OUT-03", "BIL-02", "SVC-01", "SAF-01", "VOL-01")
CHANNELS = (("phone", "hotline"), ("web", "website"), ("letter", "post"), ("visit", "counter"))
LIKELY = (
    "dispatch",
    "accept",
    "resolve",
    "propose",
    "approve",
    "feedback",
    "close",
    "reopen",
    "merge",
    "unmerge",
    "withdraw",
)
COMPLAINTS, MOVES = 14, 120
THOROUGH = 2
"""A history in which everything happens that must be counted; any other seed may be added."""


class History:
    """Complaints of few people about few things, moved at random; some moves are entered late."""

    def __init__(self, seed):
        self.dice, self.now = random.Random(seed), MONDAY
        self.boss = Actor.staff(a_user(Role.SUPERVISOR))
        self.hand = Actor.staff(a_user(Role.INVESTIGATOR))
        self.accounts = [an_account() for _one in range(3)]
        self.branches = [a_branch(), a_branch("north", a_branch())]
        self.made = Counter()

    def register(self):
        self.now += timedelta(minutes=self.dice.randrange(20, 2000))
        channel, source = self.dice.choice(CHANNELS)
        late = timedelta(hours=self.dice.choice([0, 0, 3, 40])) if channel == "letter" else timedelta()
        account = self.dice.choice([*self.accounts, None])
        a_complaint(
            self.dice.choice(CODES[:3] if self.dice.random() < 0.7 else CODES),
            at=self.now,
            by=self.hand,
            channel=channel,
            source=source,
            received_at=self.now - late,
            account=account,
            customer=account.customer if account else None,
            contact_phone=self.dice.choice(["13800001111", "13800002222", "10086"]),
            branch=self.dice.choice(self.branches),
            request_type=self.dice.choice(["complaint"] * 6 + ["enquiry", "report"]),
            area_class=self.dice.choice(["urban", "rural", ""]),
        )

    def move(self):
        self.now += timedelta(minutes=self.dice.randrange(5, 900))
        complaint = self.dice.choice(list(Complaint.objects.order_by("pk")))
        allowed = [name for name, _move in complaint.moves_for(Role.SUPERVISOR) if name in self.details(complaint)]
        if not allowed and complaint.status != "closed":
            return
        allowed = allowed or ["erase"]
        likely = [
            name for name in ("dispatch", "accept", "resolve", "propose", "approve", "feedback") if name in allowed
        ]
        name = self.dice.choice(likely if likely and self.dice.random() < 0.5 else allowed)
        if complaint.status == "closed" and self.dice.random() < 0.3:
            name = "erase"
        late = timedelta(hours=self.dice.choice([0, 0, 0, 5, 30])) if name != "erase" else timedelta()
        by = (
            THE_CUSTOMER
            if name in ("feedback", "urge", "withdraw", "reopen") and self.dice.random() < 0.5
            else self.boss
        )
        by = THE_CLOCK if name == "erase" else by
        details = self.details(complaint)[name]
        try:
            workflow.perform(name, complaint, by=by, at=max(self.now - late, complaint.received_at), **details)
        except Refusal:
            return
        self.made[name] += 1

    def details(self, complaint):
        billing = Category.objects.get(code="BIL")
        into = Complaint.objects.exclude(pk=complaint.pk).filter(merged_into=None).order_by("-pk").first()
        answer = an_answer(outcome=self.dice.choice(["upheld", "partly_upheld", "not_upheld"]))
        solved = self.dice.random() < 0.6
        return {
            "dispatch": {"team": a_team(TeamKind.OUTAGE)},
            "accept": {},
            "transfer": {"team": a_team(TeamKind.BILLING), "reason": "属于他班"},
            "return": {"reason": "资料不全"},
            "contact": {"reached": self.dice.random() < 0.7, "method": "phone"},
            "ask": {"message": "请补充"},
            "resume": {},
            "supplement": {"message": "补充"},
            "urge": {},
            "arrive": {},
            "restore": {},
            "resolve": answer,
            "propose": answer,
            "approve": {},
            "send_back": {"reason": "重查"},
            "feedback": {"solved": solved, "score": self.dice.choice([None, 1, 3, 4, 5])},
            "close": {},
            "reopen": {"reason": "没有解决"},
            "recategorise": {"category": billing, "subcategory": Subcategory.objects.get(code="BIL-02")},
            "prioritise": {"priority": 2},
            "merge": {"into": into},
            "unmerge": {},
            "erase": {"why": "request"},
            "withdraw": {"reason": "已解决", "evidence": "录音"},
            "reject": {"reason": "不受理"},
            "refer": {"referred_to": "水务", "reason": "非我方"},
        }


def nearest_rank(numbers, share):
    return sorted(numbers)[max(1, ceil(share * len(numbers))) - 1]


@pytest.mark.parametrize("seed", [THOROUGH])
def test_every_figure_is_what_an_independent_computation_finds(seed, tmp_path):
    history = History(seed)
    for step in range(MOVES):
        if step < COMPLAINTS * 3 and step % 3 == 0:
            history.register()
        history.move()
        if step % 30 == 0:
            refresh()
    rated(5, at=history.now + timedelta(days=1))  # one whole life, because chance may close none
    refresh()
    call_command("export_raw", tmp_path, verbosity=0)
    yesterday = timezone.localdate() - timedelta(days=1)
    right = Figures(tmp_path, yesterday).cells()

    everyone = a_user(Role.SUPERVISOR)
    always = whole_of(Period(date(2026, 1, 1), yesterday + timedelta(days=400)))
    by = ["day", "branch", "request_type", "category", "channel", "key"]
    found, wrong = {}, []
    for series in SERIES:
        for cell, amount in read(series, always, everyone, by=by, request_types=None, distribution=True).items():
            found[(series, *cell)] = amount
    for cell in sorted({*found, *right}, key=str):
        values, amount = right.get(cell, []), found.get(cell)
        measured = [value for value in values if value is not None]
        if amount is None or (amount.n, amount.total) != (len(values), sum(measured)):
            wrong.append((cell, amount and (amount.n, amount.total), (len(values), sum(measured))))
        elif any(
            abs(amount.quantile(share) - nearest_rank(measured, share)) > 0.02 * nearest_rank(measured, share)
            for share in (0.5, 0.9)
            if measured and min(measured) >= 0
        ):
            wrong.append((cell, amount.counts, measured))
    assert wrong == []
    assert check().findings == []
    assert {series for series, *_cell in right} >= {
        "received",
        "repeats",
        "closed",
        "open",
        "deadlines",
        "asked",
        "dwell",
    }
    assert {"erase", "reopen", "merge", "unmerge", "recategorise", "withdraw"} <= set(history.made), history.made
