"""A danger to life is told at night to those on duty, whatever the quiet hours; other complaints wake nobody."""

from contextlib import suppress
from datetime import datetime, time, timedelta

import pytest
import time_machine

from complaints import workflow
from complaints.models import DeskSettings, PauseReason
from complaints.refusals import MoveRefused
from complaints.states import Status
from staff.actors import Role
from staff.models import TeamKind
from tests.complaints.test_moves import bring
from tests.factories import SHANGHAI, a_complaint, a_team, a_user, an_actor

pytestmark = [pytest.mark.usefixtures("profile"), pytest.mark.django_db]

NIGHT = datetime(2026, 3, 3, 3, 0, tzinfo=SHANGHAI)


@pytest.fixture
def at_night(profile):
    DeskSettings.objects.update(quiet_from=time(21), quiet_until=time(8))
    with time_machine.travel(NIGHT, tick=False):
        yield


def test_at_three_in_the_night_team_and_supervisor_hear_of_a_bare_wire(at_night):
    team = a_team(TeamKind.SAFETY)
    member, supervisor = a_user(Role.INVESTIGATOR), a_user(Role.SUPERVISOR)
    team.members.add(member)
    complaint = a_complaint("SAF-07", at=NIGHT, team=team)
    assert complaint.status == Status.DISPATCHED
    told = {notice.address: notice.next_try_at for notice in complaint.notices.filter(code="safety_dispatched")}
    assert told == {member.email: NIGHT, supervisor.email: NIGHT}


def test_what_becomes_a_danger_later_is_told_then_and_once(at_night):
    a_user(Role.SUPERVISOR)
    complaint = bring(a_complaint("SAF-05", at=NIGHT - timedelta(days=2)), Status.INVESTIGATING)
    assert not complaint.notices.filter(code="safety_dispatched").exists()
    workflow.perform("prioritise", complaint, by=an_actor(Role.SUPERVISOR), at=NIGHT, priority=1)
    notices = complaint.notices.filter(code="safety_dispatched")
    assert notices.exists()
    assert {notice.next_try_at for notice in notices} == {NIGHT}
    assert notices.values("address").distinct().count() == notices.count()


def test_another_complaint_that_is_dispatched_tells_nobody_of_a_danger(at_night):
    assert not bring(a_complaint(), Status.DISPATCHED).notices.filter(code="safety_dispatched").exists()


def test_who_has_a_mobile_gets_a_text_too_at_once(at_night):
    team = a_team(TeamKind.SAFETY)
    member = a_user(Role.INVESTIGATOR, phone="13900001111")
    a_user(Role.SUPERVISOR, phone="010-12345678")
    team.members.add(member)
    complaint = a_complaint("SAF-07", at=NIGHT, team=team)
    texts = complaint.notices.filter(code="safety_dispatched", medium="sms")
    assert [(one.address, one.next_try_at, one.is_to_customer) for one in texts] == [("13900001111", NIGHT, False)]
    assert complaint.reference in texts.get().body


def test_no_pause_stops_the_way_to_a_danger(at_night):
    complaint = a_complaint("SAF-07", at=NIGHT, team=a_team(TeamKind.SAFETY))
    on_the_way = complaint.clocks.filter(kind__in=("arrive", "restore"))
    before = list(on_the_way.values_list("kind", "due_at"))
    assert before
    workflow.perform("accept", complaint, by=an_actor(Role.INVESTIGATOR), at=NIGHT)
    with suppress(MoveRefused):
        reason = PauseReason.objects.get(code="no-access")
        workflow.perform("hold", complaint, by=an_actor(Role.SUPERVISOR), at=NIGHT, pause_reason=reason, note="x")
    assert list(on_the_way.values_list("kind", "due_at")) == before
    assert not on_the_way.filter(is_pausable=True).exists()
