"""A call, a letter, a visit and a hand-over from the regulator, each on its own form, each answered, rated and counted."""

from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.journeys.people import REFERENCE, UTILITY, days_ago, local, scan

pytestmark = pytest.mark.xdist_group("journeys")

STORY = "I asked for a new connection three months ago and nobody answers."
MOST_KEYS = 12


def the_matter():
    """What is asked on every form: about a connection that never comes."""
    return {
        "contact_name": "Li Si", "contact_phone": "13700001234", "category": "SVC", "subcategory": "SVC-06", "story": STORY,
        "SVC-happened_at": local(days_ago(90)), "SVC-what_was_said": "Wait for our call.",
    }  # fmt: skip


CHANNELS = {
    "Letter": lambda: {
        "received_at": local(days_ago(1)), "letter_on": str(days_ago(4).date()), "signatories": "1",
        "contact_address": "3 Peace Road", "files": scan(),
    },
    "Visit": lambda: {"counter": "East hall", "identity": "id_card", "visitors": "1"},
    "Regulator": lambda: {
        "regulator": "12398", "source_reference": f"12398-{datetime.now(UTILITY):%H%M%S}",
        "due_on": str((datetime.now(UTILITY) + timedelta(days=9)).date()),
    },
}  # fmt: skip


def what_is_found():
    """Too late by a rule that counts working days; we are sorry, and nobody needs to be taught."""
    return {
        "rule": "connect-home", "began_on": str(days_ago(90).date()), "verdict": "substantiated",
        "because": "The application lay in a drawer.", "apology": "made", "apology_how": "phone",
        "apology_on": str(days_ago(0).date()), "apology_by": "The head of the hall",
        "no_coaching_because": "The drawer is gone.",
    }  # fmt: skip


def registered(staff):
    """The reference that the receipt says."""
    staff.page.wait_for_url("**/desk/registered/**")
    return REFERENCE.search(staff.said)[0]


def answered_and_rated_by_a_call(supervisor, investigator, reference, **how):
    supervisor.handle(investigator, reference, **how)
    if how.get("needs_approval"):
        supervisor.go(f"/complaints/{reference}/reply/")
        supervisor.fill(findings="The application lay in a drawer.", measures="It was connected on Monday.")
        supervisor.press("Attach to the complaint")
        supervisor.page.wait_for_url(f"**/complaints/{reference}/")
    supervisor.open(reference).move("feedback", answered_by="call", solved="yes", score="4", comment="Well done.")
    assert supervisor.status == "Closed"


@pytest.mark.parametrize("channel", CHANNELS)
def test_what_reaches_us_on_paper_or_in_person_is_answered_rated_and_counted(sign_in, channel):
    liaison, supervisor, investigator = sign_in("liaison"), sign_in("supervisor"), sign_in("investigator")
    answered, received = supervisor.answered(channel), supervisor.received(channel)
    liaison.go(f"/desk/new/{channel.lower()}/")
    liaison.fill(**the_matter())
    liaison.fill(**CHANNELS[channel]())
    liaison.press("Register complaint")
    reference = registered(liaison)
    answered_and_rated_by_a_call(
        supervisor, investigator, reference, needs_approval=channel == "Regulator", found=what_is_found()
    )
    if channel == "Letter":
        with supervisor.page.expect_download() as download:
            supervisor.page.get_by_role("link", name="letter.pdf").click()
        assert download.value.path().read_bytes().startswith(b"%PDF")
    supervisor.reads_one_more(channel, answered=answered, received=received)


def test_a_known_callers_outage_is_logged_without_a_mouse_then_answered_rated_and_counted(sign_in):
    agent, supervisor, investigator = sign_in("agent"), sign_in("supervisor"), sign_in("investigator")
    answered, received = supervisor.answered("Phone"), supervisor.received("Phone")
    keyboard, pressed = agent.page.keyboard, []

    def press(*keys):
        for key in keys:
            pressed.append(key)
            keyboard.press(key)

    agent.go("/desk/new/phone/")
    keyboard.type("7000000000")
    agent.page.wait_for_selector("[data-pick]")
    press("Enter")
    expect(agent.page.locator("#known dl")).to_be_visible()
    press("1", "N", "Tab")
    keyboard.type("No light since eight, the neighbours have light.")
    press("Tab", "2")
    # Reads the same wherever the browser puts the day, and whether its clock has 12 hours or 24.
    keyboard.type("02022026")
    press("Tab")
    keyboard.type("0800A")
    press("Tab", "Tab", "2", "2", "Control+Enter")
    reference = registered(agent)
    assert len(pressed) <= MOST_KEYS
    answered_and_rated_by_a_call(supervisor, investigator, reference)
    supervisor.reads_one_more("Phone", answered=answered, received=received)
