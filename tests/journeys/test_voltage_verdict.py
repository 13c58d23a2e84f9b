"""A voltage complaint: the investigator brings back a week's log, sees the verdict drawn, and the customer reads the answer."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests.journeys.people import Customer, days_ago, wait_for

pytestmark = pytest.mark.xdist_group("journeys")

ANSWER = "Your voltage fell to 186 V in the evenings. A larger transformer will be set up in June."


def a_logger_file():
    """A week at one reading a minute as a Chinese instrument writes it: low from seven to ten in the evening."""
    begin = days_ago(8).replace(hour=0, minute=0, second=0)
    lines = ["设备型号,DT-3 电压监测仪", "测量点,表后", "", "时间,A相电压(V),A相电流(A)"]
    for n in range(7 * 1440):
        at = begin + timedelta(minutes=n)
        volts = 186.4 + n % 7 * 0.3 if 19 <= at.hour < 22 else 219.0 + n % 11 * 0.4
        lines.append(f"{at:%Y-%m-%d %H:%M:%S},{volts:.1f},{n % 40}.5")
    return {"name": "电压记录.csv", "mimeType": "text/csv", "buffer": "\r\n".join(lines).encode("gb18030")}


def test_a_log_is_read_judged_drawn_and_answered(open_window, sign_in):
    supervisor = sign_in("supervisor")
    investigator = sign_in("investigator", viewport={"width": 390, "height": 844})
    customer = open_window(Customer)
    customer.go("/")
    customer.page.locator('button[name="category"][value="VOL"]').click()
    customer.fill(kind="VOL-02").press("Go on")
    customer.page.wait_for_load_state()
    customer.fill(story="Every evening the lamps grow dim.", place="3 Peace Road")
    for choice in customer.page.locator("main fieldset").all():
        choice.locator('input[type="radio"]').first.check()
    customer.press("Go on")
    customer.page.wait_for_load_state()
    customer.fill(**Customer.WHO).press("Go on")
    customer.page.wait_for_load_state()
    customer.press("Go on")
    reference = customer.send()
    customer.page.get_by_role("link", name="Follow my complaint").click()
    customer.sees("We received your complaint.")
    track = customer.page.url

    supervisor.open(reference).move("dispatch", assignee="investigator")
    investigator.open(reference).move("accept")
    investigator.move("contact", reached="yes", method="phone", note="We measure for a week.")

    investigator.page.get_by_role("link", name="Record findings").first.click()
    investigator.fill(log=a_logger_file()).press("Look at the file")
    investigator.sees("A相电压(V)")
    assert not investigator.scrolls_sideways()
    investigator.fill(nominal="gb-220:220", point="Behind the meter", instrument="DT-3")
    investigator.press("Judge and record")
    investigator.sees("Outside the limits of GB/T 12325")
    investigator.sees("87.5% of the time between 198 V and 235.4 V")
    expect(investigator.page.locator(".chart svg")).to_be_visible()
    assert wait_for(lambda: investigator.page.locator(".chart svg path").count()) > 20
    assert not investigator.scrolls_sideways()
    investigator.fill(transformer_load="118", permanent_measure="A larger transformer", planned_on="2027-06-30")
    investigator.press("Record findings")
    investigator.sees("The findings are recorded.")

    investigator.open(reference)
    investigator.sees("Outside the limits of GB/T 12325")
    investigator.move("resolve", outcome="upheld", resolution=ANSWER)
    investigator.sees("Overloaded transformer area")
    customer.go(track).sees(ANSWER)
    assert re.search("Resolved|answered", supervisor.open(reference).status)
