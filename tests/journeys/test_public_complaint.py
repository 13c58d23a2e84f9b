"""A complaint by the public form, from the first page to the reports; and what must not happen on the way."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.people import ANSWER, Customer, feedback_link, mails, photo, text_messages, wait_for

pytestmark = pytest.mark.xdist_group("journeys")


def test_a_complaint_is_filed_handled_rated_and_counted(product, open_window, sign_in):
    supervisor, investigator = sign_in("supervisor"), sign_in("investigator")
    answered, received = supervisor.answered("Web"), supervisor.received("Web")

    customer = open_window(Customer)
    customer.answer_up_to_check(photo=photo())
    for answer in ("Wang Wu", "3 Peace Road", "The light went out at seven", "meter.png", "Nothing has been sent yet."):
        customer.sees(answer)
    reference = customer.send()
    assert re.search(r"You have our answer by \w+", customer.said)
    assert wait_for(lambda: text_messages(product, reference))
    customer.page.get_by_role("link", name="Follow my complaint").click()
    customer.sees("We received your complaint.")
    track = customer.page.url

    supervisor.go("/desk/?view=unassigned").page.get_by_role("link", name=reference).click()
    thumbnail = supervisor.page.get_by_role("main").locator("img").first
    expect(thumbnail).to_be_visible()
    assert wait_for(lambda: thumbnail.evaluate("image => image.complete && image.naturalWidth")) == 640
    supervisor.handle(investigator, reference)

    customer.rate(feedback_link(lambda: text_messages(product, reference)), solved=True, score=5)
    assert supervisor.open(reference).status == "Closed"
    customer.go(track).sees(ANSWER)
    supervisor.reads_one_more("Web", answered=answered, received=received)


def test_not_solved_takes_it_up_again_and_a_supervisor_is_told(product, open_window, sign_in):
    supervisor, investigator = sign_in("supervisor"), sign_in("investigator")
    customer = open_window(Customer)
    customer.answer_up_to_check(contact_phone="", contact_email="wang@example.org")
    reference = customer.send()
    supervisor.handle(investigator, reference)

    def letters(to):
        return [mail["text"] for mail in mails(product, reference) if mail["to"] == to]

    told = len(letters("supervisor@demo.example.org"))
    customer.rate(feedback_link(lambda: letters("wang@example.org")), solved=False, score=1)
    assert supervisor.open(reference).status == "Investigating"
    assert wait_for(lambda: len(letters("supervisor@demo.example.org")) > told)


def test_a_save_that_comes_after_its_step_was_sent_does_not_send_the_customer_back(open_window):
    """The page saves while one types; on a bad line such a save may arrive last, without the answer given after it."""
    customer = open_window(Customer)
    page = customer.page
    customer.go("/")
    page.locator('button[name="category"][value="OUT"]').click()
    customer.fill(kind="OUT-03").press("Go on")
    expect(page).to_have_url(re.compile("/story/$"))
    page.wait_for_load_state()
    customer.fill(story=Customer.STORY["story"], place=Customer.STORY["place"])
    with page.expect_request("**/story/keep/") as saved:
        page.locator('[name="place"]').blur()
    customer.fill(**{"OUT-supply_on": "no"}).press("Go on")
    expect(page).to_have_url(re.compile("/who/$"))
    half = saved.value
    assert "supply_on" not in half.post_data
    late = page.request.post(
        half.url, headers={"content-type": half.headers["content-type"]}, data=half.post_data_buffer
    )
    assert late.status == 204
    customer.go(page.url)
    expect(page).to_have_url(re.compile("/who/$"))
    customer.fill(**Customer.WHO).press("Go on")
    expect(page).to_have_url(re.compile("/photos/$"))


def test_sending_twice_makes_one_complaint(open_window, sign_in):
    customer = open_window(Customer)
    customer.answer_up_to_check(contact_phone="13700004711")
    customer.page.get_by_role("button", name="Send my complaint").dblclick()
    reference = customer.confirmed()
    customer.page.go_back()
    again = customer.page.get_by_role("button", name="Send my complaint")
    if again.count():
        again.click()
    else:
        customer.page.go_forward()
    assert customer.confirmed() == reference
    assert sign_in("supervisor").found("13700004711") == [reference]
