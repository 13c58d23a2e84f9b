"""Two colleagues over one complaint: one names the other with the keyboard, the other finds it, reads it and answers."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.people import Customer

pytestmark = pytest.mark.xdist_group("journeys")


def write_note(staff, reference, words, *, choosing=""):
    """An internal note without the mouse; `choosing` is what is typed behind @ until the picker has whom we mean."""
    staff.page.goto(f"/complaints/{reference}/?move=note#move")
    field = staff.page.locator('textarea[name="note"]')
    field.focus()
    if choosing:
        staff.page.keyboard.type(f"@{choosing}")
        expect(staff.page.get_by_role("option").first).to_contain_text(f"@{choosing} ")
        staff.page.keyboard.press("Enter")
        expect(staff.page.locator(".mention-list")).to_have_count(0)
    staff.page.keyboard.type(words)
    with staff.page.expect_navigation():
        staff.page.locator('form[action$="/moves/note/"] button.primary').click()


def unread(staff):
    """The number beside "For me" in the rail."""
    staff.go("/desk/for-me/?show=unread")
    count = staff.page.locator('.rail a[href="/desk/for-me/"] .rail-count')
    return int(count.inner_text()) if count.count() else 0


def test_a_mention_is_found_read_and_answered(open_window, sign_in):
    customer, supervisor, investigator = open_window(Customer), sign_in("supervisor"), sign_in("investigator")
    customer.answer_up_to_check()
    reference = customer.send()
    before = unread(investigator)

    write_note(supervisor, reference, "please look at the fuse", choosing="investigator")
    expect(supervisor.page.locator("#history .mention").first).to_be_visible()

    assert unread(investigator) == before + 1
    investigator.sees("please look at the fuse")
    investigator.page.get_by_role("link", name=re.compile(reference)).first.click()
    expect(investigator.page.locator(".timeline .mention").first).to_be_visible()
    investigator.page.wait_for_load_state("networkidle")
    assert unread(investigator) == before

    write_note(investigator, reference, " it is blown", choosing="supervisor")
    supervisor.go("/desk/for-me/?show=mention")
    supervisor.sees("it is blown")
    assert not supervisor.scrolls_sideways()


def test_a_late_answer_does_not_open_the_picker_again(open_window, sign_in):
    customer, supervisor = open_window(Customer), sign_in("supervisor")
    customer.answer_up_to_check()
    reference = customer.send()
    page, held = supervisor.page, []
    page.goto(f"/complaints/{reference}/?move=note#move")
    field, asks = page.locator('textarea[name="note"]'), re.compile(r"[?&]q=investigator$")
    page.route(asks, lambda route: held.append(route))
    field.focus()
    page.keyboard.type("@investigato")
    expect(page.locator(".mention-list").get_by_role("option").first).to_contain_text("@investigator ")
    page.keyboard.press("r")
    page.keyboard.press("Enter")
    expect(page.locator(".mention-list")).to_have_count(0)
    [late] = held
    with page.expect_response(asks):
        late.continue_()
    page.wait_for_load_state("networkidle")
    expect(page.locator(".mention-list")).to_have_count(0)
    assert re.fullmatch(r"@\S+ ", field.input_value())


def test_a_question_to_another_team_comes_back_answered(open_window, sign_in):
    customer, investigator, crew = open_window(Customer), sign_in("investigator"), sign_in("outage-01-1")
    customer.answer_up_to_check()
    reference = customer.send()

    investigator.open(reference)
    form = investigator.page
    form.goto(f"/complaints/{reference}/?move=request#move")
    options = form.locator('select[name="asked_team"] option').evaluate_all("all => all.map(one => one.value)")
    code = next(value for value in options if value.endswith("01-outage"))
    investigator.fill(form.locator("#move-form"), asked_team=code, question="Is the transformer overloaded?")
    with form.expect_navigation():
        form.locator('#move-form button[type="submit"].primary').click()

    crew.go("/desk/requests/").page.get_by_role("link", name=re.compile(reference)).click()
    crew.sees("Is the transformer overloaded?")
    assert Customer.WHO["contact_phone"] not in crew.said
    crew.fill(crew.page.locator("form.is-note"), answer="Yes, by a tenth, from seven to nine.")
    crew.press("Answer a request")
    crew.sees("Answered")

    investigator.go("/desk/for-me/?show=request")
    investigator.sees("Yes, by a tenth, from seven to nine.")
