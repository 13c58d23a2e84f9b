"""Two people in two browsers write on the same complaint at the same time; what either typed is there in the end."""

import pytest
from playwright.sync_api import expect

from tests.journeys.people import Customer

pytestmark = pytest.mark.xdist_group("journeys")


def opened(staff, reference, move):
    """The form of a move, open at this person's desk."""
    staff.open(reference)
    link = staff.page.locator(f'a[href^="?move={move}#"]')
    if not link.is_visible():
        staff.page.get_by_role("main").locator("summary").filter(has_text="More").click()
    link.click()
    form = staff.page.locator(f'form[action$="/moves/{move}/"]')
    expect(form).to_be_visible()
    return form


def test_neither_of_two_people_loses_anything(open_window, sign_in):
    customer, first, second = open_window(Customer), sign_in("supervisor"), sign_in("liaison")
    customer.answer_up_to_check()
    reference = customer.send()

    mine = opened(first, reference, "prioritise")
    theirs = opened(second, reference, "prioritise")
    first.fill(mine, priority="2", reason="The clinic is on this street.")
    second.fill(theirs, priority="4", reason="Everybody has light again.")
    with first.page.expect_navigation():
        mine.locator('button[type="submit"].primary').click()
    theirs.locator('button[type="submit"].primary').click()

    expect(second.page.get_by_role("heading", name="While you were writing")).to_be_visible()
    second.sees("The clinic is on this street.")
    expect(second.page.locator('textarea[name="reason"]')).to_have_value("Everybody has light again.")
    expect(second.page.locator('[name="priority"]')).to_have_value("4")

    second.open(reference)
    second.sees("You have begun")
    second.page.get_by_role("link", name="Go on").click()
    expect(second.page.locator('textarea[name="reason"]')).to_have_value("Everybody has light again.")
    again = second.page.locator('form[action$="/moves/prioritise/"]')
    again.locator('button[type="submit"].primary').click()
    expect(second.page.get_by_role("heading", name="While you were writing")).to_be_visible()
    with second.page.expect_navigation():
        again.locator('button[type="submit"].primary').click()

    first.open(reference)
    for words in ("The clinic is on this street.", "Everybody has light again."):
        first.sees(words)


def test_what_came_too_late_stays_as_a_note(open_window, sign_in):
    customer, first, second = open_window(Customer), sign_in("supervisor"), sign_in("liaison")
    customer.answer_up_to_check()
    reference = customer.send()
    form = opened(second, reference, "reject")
    second.fill(form, reason="It was the landlord's fuse.")
    first.open(reference).move("withdraw", reason="She rang and took it back.", evidence="call")
    form.locator('button[type="submit"].primary').click()
    second.page.get_by_role("button", name="Keep it as an internal note").click()
    second.sees("What you typed is kept as an internal note.")
    first.open(reference).sees("It was the landlord's fuse.")


def test_a_tab_that_is_killed_loses_nothing(open_window, sign_in):
    customer, agent = open_window(Customer), sign_in("agent")
    customer.answer_up_to_check()
    reference = customer.send()
    agent.fill(opened(agent, reference, "note"), note="The neighbour saw the spark.")
    expect(agent.page.locator("[data-kept]")).to_contain_text("Saved")
    again = agent.page.context.new_page()
    agent.page.close()
    agent.page = again
    agent.open(reference).sees("You have begun")
    agent.page.get_by_role("link", name="Go on").click()
    expect(agent.page.locator('[name="note"]')).to_have_value("The neighbour saw the spark.")
