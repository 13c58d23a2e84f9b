"""A queue worked without a mouse: choose, assign, see what became of it, walk on, find by letters."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.people import REFERENCE

pytestmark = pytest.mark.xdist_group("journeys")


def test_a_supervisor_works_a_queue_by_keyboard_alone(sign_in):
    supervisor = sign_in("supervisor")
    page, press = supervisor.page, supervisor.page.keyboard.press
    supervisor.go("/desk/?view=unfinished&status=investigating")
    expect(page.locator("[data-chosen-bar]")).to_be_hidden()
    for _ in range(3):
        press("j")
        press("x")
    expect(page.locator("[data-chosen-bar]")).to_contain_text("3 chosen")
    chosen = page.locator("[data-chosen] .reference").all_inner_texts()
    press("a")
    person = page.locator("#bulk-form select[name=assignee]")
    expect(person).to_be_focused()
    person.press("ArrowDown")
    press("Tab")
    page.keyboard.type("Please by Friday.")
    press("Tab")
    expect(page.locator("#bulk-form summary")).to_be_focused()  # the hand-over note, which nobody needs here
    press("Tab")
    press("Enter")
    expect(page).to_have_url(re.compile("/desk/bulk/runs/"))
    supervisor.sees("3 done")
    assert set(REFERENCE.findall(supervisor.said)) == set(chosen)
    press("u")
    expect(page).to_have_url(re.compile("status=investigating"))


def test_a_row_is_enough_to_act_on_and_the_list_of_keys_tells_the_truth(sign_in):
    supervisor = sign_in("supervisor")
    page, press = supervisor.page, supervisor.page.keyboard.press
    supervisor.go("/desk/?view=unfinished")
    press("a")
    expect(page.locator("#bulk-form")).to_have_count(0)
    press("j")
    press("a")
    expect(page.locator("#bulk-form")).to_contain_text("1 complaint")
    press("Escape")
    expect(page.locator("#bulk-form")).to_have_count(0)
    expect(page.locator("[data-row]").first).to_be_focused()
    press("Escape")
    expect(page.locator("[data-chosen]")).to_have_count(0)
    press("?")
    keys = page.get_by_role("dialog")
    for word in ("Down and up the list", "Choose the row", "Assign", "More filters", "New complaint"):
        expect(keys).to_contain_text(word)
    press("Escape")
    supervisor.go("/desk/columns/")
    press("?")
    expect(page.get_by_role("dialog").get_by_text("Down and up the list")).to_be_hidden()


def test_one_walks_through_the_queue_one_came_from(sign_in):
    supervisor = sign_in("supervisor")
    page, press = supervisor.page, supervisor.page.keyboard.press
    supervisor.go("/desk/?view=unfinished")
    first, second = page.locator("[data-row] .reference").all_inner_texts()[:2]

    def is_at(reference):
        expect(page).to_have_url(re.compile(f"/complaints/{reference}/"))
        page.wait_for_load_state()  # before that no key is heard

    press("j")
    press("Enter")
    is_at(first)
    press("]")
    is_at(second)
    press("[")
    is_at(first)
    press("]")
    is_at(second)
    press("u")
    expect(page.locator(f"#row-{second}")).to_be_focused()


def test_the_palette_finds_pages_and_moves_by_letters(sign_in):
    supervisor = sign_in("supervisor")
    page, press = supervisor.page, supervisor.page.keyboard.press
    press("Control+k")
    page.keyboard.type("rost")
    option = page.get_by_role("option", name="Roster")
    expect(option).to_be_visible()
    press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")
    press("Enter")
    expect(page).to_have_url(re.compile("/desk/roster/"))
    supervisor.go("/desk/?view=unfinished&status=investigating")
    press("j")
    press("Enter")
    expect(page).to_have_url(re.compile("/complaints/"))
    page.wait_for_load_state()
    press("/")
    page.keyboard.type("assign")
    expect(page.get_by_role("option", name=re.compile("^Assign"))).to_be_visible()
    press("ArrowDown")
    press("Enter")
    expect(page.locator('form[action$="/moves/assign/"] select[name=assignee]')).to_be_focused()
    press("Control+k")
    page.keyboard.type("nothing of this kind")
    press("Enter")
    expect(page).to_have_url(re.compile(r"/desk/\?q=nothing"))


def test_what_is_typed_into_a_page_that_still_loads_goes_into_the_search(sign_in):
    supervisor = sign_in("supervisor")
    page = supervisor.page
    held = []
    page.route("**/desk*.js", lambda route: held.append(route))  # as on a slow line
    page.goto("/desk/", wait_until="commit")
    search = page.locator("#search")
    expect(search).to_be_visible()
    page.keyboard.press("n")
    page.keyboard.press("/")
    page.keyboard.type("n rost")
    expect(search).to_have_value("n rost")
    expect(page).to_have_url(re.compile("/desk/$"))
    search.fill("rost")
    for route in held:
        route.continue_()
    expect(page.get_by_role("option", name="Roster")).to_be_visible()
