"""The tab dies in the middle of a form: what was typed more than five seconds before is there in the next one."""

import pytest
from playwright.sync_api import expect

from channels_intake.models import UnsentForm
from complaints.models import Complaint
from tests.channels_intake.test_by_keyboard import signed_in  # noqa: F401  (a fixture)

pytestmark = pytest.mark.django_db(transaction=True)

STORY = "晚上八点突然停电，邻居家有电。"
FIVE_SECONDS = 5000


def kill(page):
    """The tab is gone at once; nothing that its handlers might still send on leaving arrives."""
    page.route("**/keep/**", lambda route: route.abort())
    page.close(run_before_unload=False)


def test_an_agent_goes_on_where_the_tab_died(signed_in, live_server):  # noqa: F811
    page = signed_in
    page.goto(f"{live_server.url}/desk/new/phone/")
    page.fill("[name=contact_name]", "欧阳锋")
    page.locator("[name=story]").press_sequentially(STORY)
    expect(page.locator("[data-kept]")).to_contain_text("Saved")
    page.wait_for_timeout(FIVE_SECONDS)
    again = page.context.new_page()
    kill(page)
    again.goto(f"{live_server.url}/desk/new/phone/")
    again.get_by_role("link", name="1 not sent yet").click()
    again.get_by_role("link", name="Go on with it").first.click()
    assert again.input_value("[name=story]") == STORY
    assert again.input_value("[name=contact_name]") == "欧阳锋"
    assert not Complaint.objects.exists()


def test_a_customer_goes_on_where_the_tab_died(page, live_server, profile):
    page.context.add_cookies([{"name": "language", "value": "en", "url": live_server.url}])
    page.goto(live_server.url)
    page.locator('button[name="category"][value="OUT"]').click()
    page.check('[name="kind"][value="OUT-03"]')
    page.get_by_role("button", name="Go on", exact=True).click()
    page.locator("[name=story]").press_sequentially(STORY)
    page.wait_for_timeout(FIVE_SECONDS)
    again = page.context.new_page()
    kill(page)
    again.goto(live_server.url)
    again.get_by_role("link", name="Go on with it").click()
    assert again.input_value("[name=story]") == STORY


def test_while_the_line_is_cut_the_page_says_so_and_saves_later(signed_in, live_server):  # noqa: F811
    page = signed_in
    page.goto(f"{live_server.url}/desk/new/phone/")
    page.context.set_offline(True)
    page.fill("[name=story]", STORY)
    expect(page.locator("[data-kept]")).to_contain_text("Not saved", timeout=FIVE_SECONDS)
    assert not UnsentForm.objects.exists()
    page.context.set_offline(False)
    expect(page.locator("[data-kept]")).to_contain_text("Saved", timeout=2 * FIVE_SECONDS)
    assert UnsentForm.objects.get().content["story"] == STORY
