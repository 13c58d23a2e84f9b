"""Colleagues who work together on what is open now: mentions, followers, a hand-over and requests, made through the workflow."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from analytics.demo.staffing import demo_users
from complaints import attention, workflow
from complaints.models import Complaint, RequestType
from complaints.states import Status
from staff.actors import Actor
from staff.models import Team, User

QUESTIONS = ("请核对该台区配变昨晚的负荷记录，并说明是否过载。", "请现场校验电表，把结果和照片发回。")
ANSWER = "已查：昨晚 19:30 至 21:00 配变负载率 112%，确属过载，已列入增容计划。"
HAND_OVER = {
    "stands": "已到现场查看，需要停电窗口才能处理。",
    "promised": "答应客户明天上午 10 点前回电。",
    "next_step": "联系调度安排停电窗口。",
    "watch_for": "家中有老人用制氧机，停电前务必通知。",
}
PEOPLE = ("agent", "investigator", "supervisor", "outage-01-1", "power-quality-02-1")


def work(at: datetime) -> int:
    """Let them work on a few of the newest complaints in hand; answers with how many. Nothing where somebody is missing."""
    people = {user.username: user for user in demo_users().filter(username__in=PEOPLE).select_related("team", "branch")}
    in_hand = Complaint.objects.filter(status=Status.INVESTIGATING).exclude(request_type=RequestType.REPORT)
    rows = list(in_hand.select_related("branch").order_by("-received_at", "-pk")[:5])
    if len(people) < len(PEOPLE) or len(rows) < 5:
        return 0
    investigator, far = people["investigator"], people["outage-01-1"].team
    for row, words in zip(rows, ("请帮忙核实用户说法", "客户又来电，请今天回复"), strict=False):
        _move("note", row, people["agent"], at, note=f"@{investigator.username} {words}。")
    attention.follow(Complaint.objects.filter(pk__in=[row.pk for row in rows[1:4]]), investigator, at=at)
    _move("assign", rows[2], people["supervisor"], at, assignee=investigator, **HAND_OVER)
    _ask(rows[3], investigator, far, QUESTIONS[0], at)
    _ask(rows[4], investigator, far, QUESTIONS[1], at)
    helper = people["power-quality-02-1"]
    _ask(rows[0], investigator, helper.team, QUESTIONS[0], at)
    if (asked := rows[0].requests.first()) is not None:
        _move("answer_request", rows[0], helper, at, request=asked, answer=ANSWER)
    return len(rows)


def _ask(complaint: Complaint, by: User, team: Team | None, question: str, at: datetime) -> None:
    if team is not None and team.pk != complaint.team_id:
        _move("request", complaint, by, at, asked_team=team, question=question)


def _move(name: str, complaint: Complaint, by: User, at: datetime, **said: Any) -> None:
    workflow.perform(name, complaint, by=Actor.staff(by), at=at, **said)
