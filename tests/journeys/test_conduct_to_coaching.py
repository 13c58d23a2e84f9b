"""A caller complains of a rude clerk: the recording is heard, the clerk's side taken, the caller told we are sorry, the team
coached, and the training report counts it.
"""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.people import days_ago, local, text_messages, wait_for

pytestmark = pytest.mark.xdist_group("journeys")

SORRY = "We are sorry for how you were spoken to."
SIDE = "I was alone at the counter and lost my patience."
PHONE = {"width": 390, "height": 844}
RULE = "Ban 6: indifference and evasion"


def counted(staff, table, name, column):
    """A number of the training report; 0 where it has no such row."""
    staff.go("/reports/coaching/")
    found = staff.page.locator(f'section[aria-labelledby="table-{table}"] table')
    if not found.count():
        return 0
    heads, *rows = [row.locator("th,td").all_inner_texts() for row in found.get_by_role("row").all()]
    return next((int(dict(zip(heads, row, strict=True))[column]) for row in rows if row[0] == name), 0)


def name_of(staff):
    return staff.page.locator(".menu-person strong").first.text_content()


def test_a_rude_clerk_is_found_apologised_for_and_coached(sign_in, product):
    agent, supervisor = sign_in("agent"), sign_in("supervisor")
    investigator = sign_in("investigator", viewport=PHONE)
    before = counted(supervisor, "findings", RULE, "Findings"), counted(supervisor, "coaching-branch", "All", "Done")

    agent.go("/desk/new/phone/")
    agent.fill(
        contact_name="Zhao Liu", contact_phone="13700004321", category="SVC", subcategory="SVC-01",
        story="The clerk shouted at me and closed the counter.", call_id="CALL-4711",
        **{"SVC-who": "Counter 3", "SVC-happened_at": local(days_ago(1)), "SVC-what_was_said": "Go home."},
    )  # fmt: skip
    agent.press("Register complaint")
    agent.page.wait_for_url("**/desk/registered/**")
    reference = re.search(r"\d{2}-\d{7}-\d", agent.said)[0]

    supervisor.open(reference).move("dispatch", assignee="investigator")
    investigator.open(reference).move("accept")
    investigator.move("contact", reached="yes", method="phone", note="She tells it again.")

    investigator.page.get_by_role("link", name="Record findings").first.click()
    assert investigator.page.locator('[name="call_reference"]').input_value() == "CALL-4711"
    assert not investigator.scrolls_sideways()
    investigator.page.get_by_role("link", name="Record this part").click()
    investigator.fill(statement=SIDE, stated_on=str(days_ago(0).date()))
    people = investigator.page.locator('[name="person"] option').all_inner_texts()[1:]
    clerk = next(name for name in people if name not in {name_of(one) for one in (agent, supervisor, investigator)})
    investigator.page.locator('[name="person"]').select_option(label=clerk)
    assert not investigator.scrolls_sideways()
    investigator.press("Record this part")
    investigator.sees(SIDE)

    investigator.finds(
        reference, about_told="Counter 3", recording="listened", call_reference="CALL-4711", alleged="manners", rule="no-6",
        verdict="substantiated", because="The recording says it.", apology="made", apology_how="message",
        apology_on=str(days_ago(0).date()), apology_by="The head of the hall", apology_text=SORRY,
    )  # fmt: skip
    wait_for(lambda: [text for text in text_messages(product, reference) if SORRY in text])
    agent.open(reference)
    agent.sees("Substantiated · " + RULE)
    assert SIDE not in agent.said
    assert clerk not in agent.said

    investigator.open(reference)
    investigator.page.locator('a[href^="?move=resolve#"]').click()
    form = investigator.page.locator('form[action$="/moves/resolve/"]')
    investigator.fill(form, outcome="upheld", root_cause="people-attitude", resolution=SORRY)
    form.locator('button.primary[type="submit"]').click()
    investigator.is_refused()
    investigator.sees("give at least one coaching action")

    supervisor.go(f"/complaints/{reference}/investigation/")
    supervisor.sees(SIDE)
    supervisor.page.get_by_role("link", name="New coaching action").click()
    supervisor.fill(kind="refresher", what="Speaking with people who are upset", due_on=str(days_ago(0).date()))
    supervisor.page.locator('[name="person"]').select_option(label=clerk)
    supervisor.page.locator('[name="owner"]').select_option(label=name_of(supervisor))
    supervisor.press("Save")
    supervisor.sees("Refresher training")
    investigator.open(reference).page.get_by_role("link", name="Resolve", exact=True).click()
    form.locator('button.primary[type="submit"]').click()  # what was typed is still there
    investigator.sees("While you were writing")  # that coaching was given
    with investigator.page.expect_navigation():
        form.locator('button.primary[type="submit"]').click()
    investigator.sees("Resolve: done.")

    supervisor.go("/coaching/?view=team")
    supervisor.page.get_by_role("row").filter(has_text="Speaking with people").get_by_role("link").first.click()
    supervisor.fill(result="Took part, passed.").press("It is done")
    supervisor.sees("Done. Thank you.")
    expect(supervisor.page.get_by_text("Took part, passed.")).to_be_visible()
    after = counted(supervisor, "findings", RULE, "Findings"), counted(supervisor, "coaching-branch", "All", "Done")
    assert after == (before[0] + 1, before[1] + 1)
    assert clerk not in supervisor.said
