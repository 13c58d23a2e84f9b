"""A promise that was not kept is noticed by the clock, shown where people look, and told to the supervisor."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.people import days_ago, local, mails, wait_for
from tests.journeys.test_entered_complaints import CHANNELS, registered, the_matter

pytestmark = pytest.mark.xdist_group("journeys")


def test_a_missed_deadline_is_rung_shown_and_told(product, sign_in):
    liaison, supervisor = sign_in("liaison"), sign_in("supervisor")
    breached = supervisor.go("/board/").page.locator("#figure-decision-missed")
    before = int(re.search(r"\d+", breached.inner_text())[0])
    forgotten = {
        "received_at": local(days_ago(20)),
        "letter_on": str(days_ago(21).date()),
        "contact_phone": "13700002222",
    }
    liaison.go("/desk/new/letter/").fill(**the_matter() | CHANNELS["Letter"]() | forgotten)
    liaison.press("Register complaint")
    reference = registered(liaison)

    told = wait_for(lambda: [m for m in mails(product, reference) if m["to"] == "supervisor@demo.example.org"])
    assert reference in told[0]["text"]
    supervisor.open(reference).sees("Deadline missed")
    supervisor.go("/desk/?view=breached&q=13700002222")
    expect(supervisor.page.get_by_role("main").get_by_role("link", name=reference)).to_be_visible()
    supervisor.go("/board/")
    assert int(re.search(r"\d+", breached.inner_text())[0]) > before
    breached.click()
    expect(supervisor.page).to_have_url(re.compile("view=breached"))
    expect(supervisor.page.get_by_role("main").get_by_role("link", name=reference)).to_be_visible()
