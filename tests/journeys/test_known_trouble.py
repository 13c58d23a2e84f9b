"""A feeder is out: a customer follows it instead of complaining, hears of it twice, and complains when their light stays off."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.people import Customer, days_ago, local, text_messages, wait_for

pytestmark = pytest.mark.xdist_group("journeys")

ACCOUNT = "7000000000"
FIRST_FEEDER = 1
"""The demo's first account hangs on its first feeder; before it in the list stands "not known"."""


def test_a_known_trouble_is_followed_to_its_end_and_beyond(product, open_window, sign_in):
    supervisor, customer = sign_in("supervisor"), open_window(Customer)
    supervisor.go("/issues/new/").fill(kind="fault", title="Switch 512 tripped", started_at=local(days_ago(0.05)))
    supervisor.page.locator('main [name="feeder"]').select_option(index=FIRST_FEEDER)
    supervisor.press("Open the service issue")
    issue = supervisor.page.url

    customer.go(f"/known/?q={ACCOUNT}").sees("Fault")
    assert "Switch 512" not in customer.said

    customer.go("/complain/").page.locator('button[name="category"][value="OUT"]').click()
    customer.fill(kind="OUT-02").press("Go on")
    customer.fill(**Customer.STORY).press("Go on")
    customer.fill(**Customer.WHO | {"contact_phone": "13700008888", "account_number": ACCOUNT}).press("Go on")
    customer.sees("We may know about this")
    expect(customer.page.locator('[name="follow-phone"]')).to_have_value("13700008888")
    customer.press("Follow it, do not complain")
    customer.sees("You follow it now.")

    def told(words):
        return [text for text in text_messages(product, "/following/") if words in text]

    assert wait_for(lambda: told("You follow"))
    supervisor.go(issue).page.locator("summary").filter(has_text="Tell everybody how it stands").click()
    supervisor.sees(Customer.STORY["story"])
    supervisor.fill(supervisor.page.locator('form[action$="/tell/"]'), text_en="We found the broken cable.")
    supervisor.press("Tell everybody")
    assert wait_for(lambda: told("We found the broken cable."))
    supervisor.page.get_by_role("link", name="Mark as restored").click()
    supervisor.press("Mark as restored")
    (over,) = wait_for(lambda: told("Not so at your place?"))

    customer.go(re.search(r"http\S+/following/[\w-]+/", over)[0]).sees("It is over.")
    customer.press("Tell us about my case")
    expect(customer.page).to_have_url(re.compile("/kind/$"))
