"""An agent logs a known caller's outage while talking: no mouse, and few keys besides the story."""

import pytest
from django.conf import settings

from complaints.models import Complaint
from staff.actors import Role
from tests.factories import a_branch, a_team, a_user, an_account

pytestmark = pytest.mark.django_db(transaction=True)

MOST_KEYS = 12


@pytest.fixture
def signed_in(client, page, live_server, profile):
    """A browser page that an agent is signed in on."""
    a_branch()
    a_team("dispatch")
    client.force_login(a_user(Role.AGENT))
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    cookies = {settings.SESSION_COOKIE_NAME: session, "language": "en"}
    page.context.add_cookies(
        [{"name": name, "value": value, "url": live_server.url} for name, value in cookies.items()]
    )
    return page


def test_a_known_callers_outage_takes_few_keys_and_no_mouse(signed_in, live_server):
    account = an_account(name="欧阳锋", phone="138 1234 5678")
    page, pressed = signed_in, []

    def press(key):
        pressed.append(key)
        page.keyboard.press(key)

    page.goto(f"{live_server.url}/desk/new/phone/")
    page.keyboard.type("欧阳")
    page.wait_for_selector("[data-pick]")
    press("Enter")
    page.wait_for_selector(f"#known >> text={account.premise.address}")
    press("1")
    press("N")
    press("Tab")
    page.keyboard.type("晚上八点突然停电，邻居家有电。")
    press("Tab")
    press("2")
    # A date and hour that read the same wherever the browser puts the day, and whether its clock has 12 hours or 24.
    page.keyboard.type("02022026")
    press("Tab")
    page.keyboard.type("0800A")
    press("Tab")
    press("Tab")
    press("2")
    press("2")
    press("Control+Enter")
    page.wait_for_url("**/desk/registered/**")
    complaint = Complaint.objects.get()
    assert len(pressed) <= MOST_KEYS
    assert (complaint.account, complaint.subcategory.code) == (account, "OUT-01")
    answers = {"supply_on": "no", "outage_since": "2026-02-02 08:00", "extent": "whole", "life_support": "no"}
    assert complaint.answers == answers
    assert page.locator("h1").inner_text().endswith(complaint.reference)
