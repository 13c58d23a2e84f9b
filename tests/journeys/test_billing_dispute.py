"""A disputed bill: logged by phone, worked out line by line, the money approved by somebody else, the customer told and answered."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.people import REFERENCE, days_ago, text_messages, wait_for

pytestmark = pytest.mark.xdist_group("journeys")

STORY = "My bill for last month is twice what it always was."
ANSWER = "Your meter was not read but estimated. We worked your bill out again and give back 53.80."
CALL = {
    "contact_name": "Li Si", "contact_phone": "13700005678", "category": "BIL", "subcategory": "BIL-01",
    "story": STORY, "BIL-disputed": "The reading was estimated", "BIL-billing_period": "last month",
}  # fmt: skip


def logged(agent):
    agent.go("/desk/new/phone/")
    agent.fill(**CALL)
    agent.press("Register complaint")
    agent.page.wait_for_url("**/desk/registered/**")
    return REFERENCE.search(agent.said)[0]


def test_a_bill_is_worked_out_given_back_and_answered(product, sign_in):
    agent, supervisor = sign_in("agent"), sign_in("supervisor")
    investigator = sign_in("investigator", viewport={"width": 390, "height": 844})
    reference = logged(agent)
    supervisor.open(reference).move("dispatch", assignee="investigator")
    investigator.open(reference).move("accept")
    investigator.move("contact", reached="yes", method="phone", note="I read your meter on Friday.")

    investigator.page.get_by_role("link", name="Record findings").first.click()
    year = days_ago(300).year  # its March is over
    investigator.fill(
        disputed="The reading was estimated", period_from=f"{year}-02-28", period_until=f"{year}-03-31",
        amount_billed="269.00", tariff_code="zhejiang-annual", people="3", total_previous="1000", total_current="1500",
    )  # fmt: skip
    bill = investigator.page.locator("#bill")
    expect(bill).to_contain_text("The bill is right: 500 kWh come to 269.00 CNY")
    investigator.page.locator('[name="is_estimated"]').check()
    investigator.fill(total_verified="1400", verified_on=f"{year}-03-31", verified_by="Zhang")
    expect(bill).to_contain_text("Billed 53.80 CNY too much: 400 kWh come to 215.20 CNY")
    expect(bill).to_contain_text("An estimated reading was billed.")
    expect(bill.get_by_role("row", name=re.compile("From 0 to 400 kWh"))).to_contain_text("215.20")
    expect(investigator.page.locator('[name="verified_by"]')).to_be_focused()
    assert not investigator.scrolls_sideways()
    investigator.press("Record findings")
    investigator.sees("The findings are recorded.")
    assert not investigator.scrolls_sideways()

    investigator.open(reference).move("propose_adjustment", way="credit", reason="100 kWh too much were estimated.")
    supervisor.go("/desk/adjustments/").sees(reference)
    supervisor.page.get_by_role("link", name=f"Approve {reference}").click()
    form = supervisor.page.locator('form[action$="/moves/approve_adjustment/"]')
    expect(form).to_contain_text("53.80 CNY, Credit on the next bill")
    with supervisor.page.expect_navigation():
        form.locator('button[type="submit"]').click()
    supervisor.sees(": done.")
    told = wait_for(lambda: [text for text in text_messages(product, reference) if "53.80 CNY" in text])
    assert "Credit on the next bill" in told[0]

    investigator.open(reference).move("resolve", outcome="upheld", resolution=ANSWER)
    investigator.sees("Wrong record")
    assert supervisor.open(reference).status == "Resolved, awaiting feedback"
