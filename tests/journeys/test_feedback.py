"""An agent calls back without the mouse; a customer who never complained answers a survey on their phone, with and without scripts."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.people import Customer, wait_for

pytestmark = pytest.mark.xdist_group("journeys")

PHONE = {"viewport": {"width": 320, "height": 640}, "is_mobile": True, "has_touch": True}
A_ROUND = """
from datetime import timedelta
from django.utils import timezone
from complaints import surveys
from complaints.models import Survey
from customers.models import Customer
from staff.models import User
by = User.objects.get(username="supervisor")
now = timezone.now()
words = surveys.usual_words()
survey = Survey.objects.create(
    name="On a phone {n}", branch=by.branch, size=2, rest_months=0, closes_at=now + timedelta(days=3), created_by=by, **words
)
Customer.objects.filter(number__startswith="D00000000").update(phone="13700002222", email="", contact_method="sms")
surveys.draw(survey, at=now)
survey.refresh_from_db()
surveys.start(survey, by=by, at=now)
print("TOKEN " + survey.invites.first().token)
"""
DUE = """
from django.utils import timezone
from complaints.models import CallBack
row = CallBack.objects.open().filter(feedback__isnull=False).exclude(phone="").order_by("pk").first()
if row is not None:
    CallBack.objects.filter(pk=row.pk).update(next_try_at=timezone.now(), is_appointment=True)
    print("REFERENCE " + row.feedback.complaint.reference)
"""


RESOLVED = """
from complaints.models import Feedback
row = Feedback.objects.filter(answered_at=None, complaint__status="resolved").order_by("-pk").first()
print("TOKEN " + row.token)
"""


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_one_tap_on_a_phone_is_an_answer_and_can_be_changed(product, open_window, scripts):
    token = re.search(r"TOKEN (\S+)", product.manage("shell", "-c", RESOLVED))[1]
    customer = open_window(Customer, java_script_enabled=scripts, **PHONE)
    customer.go(f"/feedback/{token}/")
    assert not customer.scrolls_sideways()
    customer.rate(f"/feedback/{token}/", solved=True, score=4)
    assert not customer.scrolls_sideways()
    customer.page.locator("summary").filter(has_text="I want to change my answer").click()
    customer.fill(solved="no", comment="It went out again.")
    customer.press("Send")
    customer.sees("We have taken it up again and told a supervisor.")


def test_an_agent_calls_back_without_the_mouse(product, sign_in):
    reference = wait_for(lambda: re.findall(r"REFERENCE (\S+)", product.manage("shell", "-c", DUE)))[0]
    agent = sign_in("agent")
    agent.go("/desk/call-backs/")
    keys = agent.page.keyboard
    keys.press("g")
    agent.page.wait_for_url(re.compile(r"/desk/call-backs/\d+/"))
    agent.stands_at_the_call()
    agent.sees(reference)
    expect(agent.page.locator('a[href^="tel:"]').first).to_be_visible()
    for key in ("r", "y", "y", "5", "4"):
        keys.press(key)
    expect(agent.page.locator("[name=comment]")).to_be_focused()
    keys.type("Quick and kind.")
    with agent.page.expect_navigation():
        keys.press("Control+Enter")
    agent.sees("Written down")
    agent.open(reference)
    agent.sees("Quick and kind.")
    assert agent.status == "Closed"


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_survey_is_answered_on_a_phone(product, open_window, scripts):
    token = re.search(r"TOKEN (\S+)", product.manage("shell", "-c", A_ROUND.replace("{n}", str(scripts))))[1]
    customer = open_window(Customer, java_script_enabled=scripts, **PHONE)
    customer.go(f"/survey/{token}/")
    assert not customer.scrolls_sideways()
    customer.fill(rating="4", service_rating="5", comment="Good, but say more about outages.")
    customer.press("Send my answer")
    customer.sees("Thank you for your answer")
    assert not customer.scrolls_sideways()
    customer.press("Change my answer")
    customer.sees("You may change it until")
