"""A bare wire in a yard, reported in the night: people first, a crew at once, mended, looked at again, answered.

The product runs on the real clock. It is made night for the desk: the quiet hours are set around the present hour.
"""

import re
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import NO_NIGHT
from tests.journeys.people import UTILITY, Customer, feedback_link, mails, photo, text_messages, wait_for
from tests.journeys.test_languages import PHONE

pytestmark = pytest.mark.xdist_group("journeys")

MOBILE = "13911112222"
WORDS = {"story": "A bare wire hangs in our yard, it sparks.", "SAF-place": "5 Lantern Lane, the yard"}
DANGER = {"SAF-immediate_danger": "yes", "SAF-injured": "no"}
WHO = {"contact_name": "Zhao Liu", "contact_phone": "13700007777", "language": "en"}


@pytest.fixture
def night(product):
    """Quiet hours from an hour ago until in five hours, and the crew's mobile in its record."""
    now = datetime.now(UTILITY)
    begin, end = ((now + timedelta(hours=hours)).strftime("%H:%M") for hours in (-1, 5))
    product.manage(
        "shell",
        "-c",
        "from complaints.models import DeskSettings; from staff.models import User;"
        f"DeskSettings.objects.update(quiet_from='{begin}', quiet_until='{end}');"
        f"User.objects.filter(username='investigator-safety').update(phone='{MOBILE}', language='en')",
    )
    yield
    product.manage("shell", "-c", NO_NIGHT)


def reported(customer):
    """The public form: advice before any question, then few of them."""
    customer.go("/complain/").page.locator('button[name="category"][value="SAF"]').click()
    customer.sees("First, be safe")
    expect(customer.page.get_by_role("link", name=re.compile("Call 95598 now"))).to_be_visible()
    customer.press("I am safe, go on")
    customer.fill(kind="SAF-07").press("Go on")
    customer.fill(**WORDS | DANGER).press("Go on")
    if "/safety/" in customer.page.url:
        customer.press("I am safe, go on")
    customer.fill(**WHO).press("Go on")
    customer.fill(files=photo()).press("Go on")
    expect(customer.page).to_have_url(re.compile("/check/$"))
    reference = customer.send()
    customer.sees("People are being sent now.")
    return reference


def findings(crew, reference, **said):
    crew.go(f"/complaints/{reference}/investigation/").fill(**said)
    crew.press("Record findings")
    crew.sees("The findings are recorded.")
    assert not crew.scrolls_sideways()


def test_a_bare_wire_in_the_night(product, open_window, sign_in, night):
    customer = open_window(Customer, **PHONE)
    reference = reported(customer)

    (text,) = wait_for(lambda: [one for one in text_messages(product, reference) if "Danger to life" in one])
    assert f"/complaints/{reference}/" in text
    told = wait_for(lambda: len(found := {mail["to"] for mail in mails(product, reference)}) > 1 and found)
    assert {"investigator-safety@demo.example.org", "supervisor@demo.example.org"} <= told

    crew = sign_in("investigator-safety", **PHONE)
    crew.open(reference)
    assert crew.status == "Dispatched"
    crew.move("accept")
    crew.move("arrive")
    findings(crew, reference, grade="I", owner="utility", protection="Cordoned off, supply cut.", photo=photo())
    crew.sees("I – imminent")
    crew.open(reference).move("restore")
    crew.sees("Made safe, not yet mended for good.")
    assert not crew.scrolls_sideways()
    today = datetime.now(UTILITY).date()
    plan = {"measure": "New insulated service line", "measure_by": "Line crew 2"}
    findings(crew, reference, **plan, planned_on=str(today + timedelta(days=1)))
    findings(crew, reference, mended_on=str(today))
    crew.sees("Follow-up inspection, due")

    crew.go("/inspections/?view=team").page.get_by_role("link", name="Follow-up of a mended hazard").first.click()
    crew.sees("5 Lantern Lane")
    crew.page.get_by_role("link", name="Record the result").click()
    crew.press("Record the result")
    crew.is_refused()
    assert not crew.scrolls_sideways()
    crew.fill(result="in_order", note="Line is insulated and tight.", photo=photo("again.png"))
    crew.press("Record the result")
    crew.sees("Recorded: In order.")

    crew.open(reference).sees("Mended and inspected again.")
    crew.move("contact", reached="yes", method="phone", note="Told them that it is safe.")
    answer = "The bare wire was replaced by an insulated one."
    crew.move("propose", outcome="upheld", root_cause="maintenance-inspection", resolution=answer)
    supervisor = sign_in("supervisor")
    supervisor.open(reference).move("approve")
    customer.rate(feedback_link(lambda: text_messages(product, reference)), solved=True, score=5)
    assert supervisor.open(reference).status == "Closed"
