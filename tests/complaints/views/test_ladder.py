"""The ladder page: who would hear an alarm now, changing its steps, and the quiet hours."""

from datetime import time, timedelta

import pytest
from django.urls import reverse

from complaints.models import DeskSettings, LadderStep
from staff.actors import Role
from staff.models import Duty
from tests.complaints.views.pages import text_of
from tests.factories import MONDAY, a_branch, a_complaint, a_user

LADDER = "/desk/ladder/"
NEW = "/desk/ladder/new/"
NIGHT = "/desk/ladder/night/"
pytestmark = pytest.mark.usefixtures("monday_morning")
OTHERS = sorted(set(Role.values) - {Role.SUPERVISOR, Role.ADMINISTRATOR})


def a_typed_step(**more):
    return {"kind": "", "tier": "", "level": "breach", "number": "", "tell": ["supervisor"], **more}


def steps():
    return list(LadderStep.objects.order_by("pk").values())


def test_a_visitor_is_sent_to_the_sign_in(reader):
    assert reader.get(LADDER).status_code == 302


def test_the_ladder_of_the_profile_is_shown_with_whom_it_would_tell_now(reader, sign_in):
    user = sign_in(Role.AGENT)
    supervisor = a_user(Role.SUPERVISOR)
    Duty.objects.create(
        user=supervisor, branch=user.branch, role="supervisor", starts_at=MONDAY, ends_at=MONDAY + timedelta(hours=8)
    )
    page = text_of(reader.get(LADDER))
    assert "Resolve (by law) · Deadline missed" in page
    assert f"→ {supervisor.display_name}" in page
    assert "on the roster of company Power" in page
    assert "New step" not in page


def test_another_branch_can_be_asked_for_and_one_out_of_sight_cannot(reader, sign_in):
    county = a_branch("county", parent=a_branch())
    boss = a_user(Role.SUPERVISOR, branch=county)
    sign_in(Role.AGENT)
    assert boss.display_name in text_of(reader.get(f"{LADDER}?branch=county"))
    sign_in(Role.AGENT, branch=a_branch("other", parent=a_branch()))
    assert reader.get(f"{LADDER}?branch=county").status_code == 404


def test_a_step_is_added_changed_and_removed(reader, sign_in):
    sign_in()
    LadderStep.objects.all().delete()
    typed = a_typed_step(kind="resolve", tier="statutory", level="escalate", number="2", reassigns="on")
    assert reader.post(NEW, typed).status_code == 302
    step = LadderStep.objects.get()
    assert (step.kind, step.tier, step.level, step.number, step.tell) == ("resolve", "statutory", "escalate", 2, ["supervisor"])  # fmt: skip
    assert (step.reassigns, step.raises_priority) == (True, False)
    change = reverse("complaints:ladder-step", args=[step.pk])
    assert "Still overdue no. 2" in text_of(reader.get(change))
    assert reader.post(change, typed | {"tell": ["liaison", "supervisor"], "number": ""}).status_code == 302
    step.refresh_from_db()
    assert (step.number, sorted(step.tell)) == (None, ["liaison", "supervisor"])
    assert reader.post(reverse("complaints:ladder-remove", args=[step.pk])).status_code == 302
    assert "The ladder has no steps" in text_of(reader.get(LADDER))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"tell": []}, "This field is required"),
        ({"level": "warn", "reassigns": "on"}, "A warning changes nothing"),
        ({"level": "warn", "raises_priority": "on"}, "A warning changes nothing"),
        ({"number": "2"}, "missed only once"),
        ({"level": "escalate", "number": "0"}, "number 1"),
        ({"level": "shout"}, "Select a valid choice"),
        ({"kind": "lunch"}, "Select a valid choice"),
        ({}, "There is a step for just this alarm already"),
    ],
)
def test_an_impossible_step_is_refused_and_nothing_changes(reader, sign_in, wrong, words):
    sign_in()
    before = steps()
    answer = reader.post(NEW, a_typed_step(**wrong))
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert steps() == before


@pytest.mark.parametrize("role", OTHERS)
def test_only_supervisors_and_administrators_change_it(reader, sign_in, role):
    sign_in(role)
    before, step = steps(), LadderStep.objects.first()
    for url in (NEW, reverse("complaints:ladder-step", args=[step.pk])):
        assert reader.get(url).status_code == 403
        assert reader.post(url, a_typed_step(kind="remediate")).status_code == 403
    assert reader.post(reverse("complaints:ladder-remove", args=[step.pk])).status_code == 403
    assert reader.post(NIGHT, {"quiet_from": "22:00", "quiet_until": "07:00"}).status_code == 403
    assert steps() == before
    assert DeskSettings.current().quiet_from == time(21)


def test_quiet_hours_and_the_address_of_last_resort_are_set_and_cleared(reader, sign_in):
    sign_in(Role.ADMINISTRATOR)
    typed = {"quiet_from": "22:30", "quiet_until": "07:00", "last_resort_email": "duty@example.org"}
    assert reader.post(NIGHT, typed).status_code == 302
    desk = DeskSettings.current()
    assert (desk.quiet_from, desk.quiet_until, desk.last_resort_email) == (time(22, 30), time(7), "duty@example.org")
    assert "22:30" in text_of(reader.get(LADDER))
    assert reader.post(NIGHT, {"quiet_from": "", "quiet_until": "", "last_resort_email": ""}).status_code == 302
    desk = DeskSettings.current()
    assert (desk.quiet_from, desk.quiet_until, desk.last_resort_email) == (None, None, "")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"quiet_from": ""}, "both ends"),
        ({"quiet_until": ""}, "both ends"),
        ({"quiet_until": "21:00"}, "no hour or all of them"),
        ({"last_resort_email": "nobody"}, "valid email"),
        ({"quiet_from": "late"}, "valid time"),
    ],
)
def test_half_a_night_is_refused_and_what_was_typed_stays(reader, sign_in, wrong, words):
    sign_in()
    answer = reader.post(NIGHT, {"quiet_from": "21:00", "quiet_until": "06:15", "last_resort_email": ""} | wrong)
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert "New step" in text_of(answer)
    assert DeskSettings.current().quiet_until == time(8)


def test_the_page_of_a_complaint_says_what_waits_for_the_morning(reader, sign_in, monday_morning):
    monday_morning.shift(timedelta(hours=14))
    sign_in()
    complaint = a_complaint(at=MONDAY)
    complaint.alarms.all().delete()
    complaint.notices.all().delete()
    reader.post(
        reverse("complaints:move", args=[complaint.reference, "message"]),
        {"seen": complaint.version, "message": "明早到。"},
    )
    assert complaint.notices.get().is_to_customer
    assert "waits until 08:00 (quiet hours)" in text_of(reader.get(complaint.get_absolute_url()))
