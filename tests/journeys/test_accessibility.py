"""No page keeps anybody out: axe finds nothing serious or critical, in light and in dark."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.journeys.people import Customer, Staff, feedback_link, photo, text_messages
from tests.journeys.test_second_factor import MAKE, code_of, give_password, sign_out

pytestmark = pytest.mark.xdist_group("journeys")

GRAVE = ("serious", "critical")
DESK = [
    "/desk/", "/desk/?view=all&q=nobody-says-this", "/desk/new/phone/", "/desk/new/letter/", "/desk/new/visit/", "/desk/new/regulator/",
    "/customers/", "/customers/?q=7000000000", "/customers/D000000000/", "/issues/", "/issues/new/", "/issues/clusters/", "/issues/actions/",
    "/issues/announcements/", "/issues/announcements/new/", "/board/", "/board/?wall=1", "/signals/", "/signals/?state=all",
    "/reports/", "/reports/trend/", "/reports/trend/?compare=both",
    "/reports/times/", "/reports/backlog/", "/reports/rate/", "/reports/repeats/", "/reports/channels/", "/reports/times/list/?pick=unanswered",
    "/reports/causes/", "/reports/causes/?by=minutes", "/reports/hot-spots/", "/reports/hot-spots/?by=area", "/reports/workload/",
    "/reports/inspections/", "/reports/improvement/", "/reports/satisfaction/", "/reports/coaching/", "/coaching/", "/coaching/?view=team",
    "/reports/annual/", "/reports/definitions/", "/figures/", "/desk/exports/", "/reports/subscriptions/", "/reports/subscriptions/new/?report=trend", "/reports/subscriptions/1/",
    "/desk/deadlines/", "/desk/deadlines/?start=2026-03-02T10:00&limit=5wd&calendar=cn-national",
    "/desk/deadlines/?limit=nonsense", "/desk/policies/", "/desk/policies/?category=SAF", "/desk/policies/any/", "/desk/policies/any/change/",
    "/desk/policies/any/retire/", "/desk/policies/new/", "/desk/policies/move/", "/desk/calendars/", "/desk/calendars/cn-national/",
    "/desk/calendars/cn-national/edit/", "/desk/calendars/cn-national/import/", "/desk/calendars/new/", "/desk/ladder/", "/desk/ladder/new/",
    "/desk/outage-notice/", "/desk/outage-notice/change/", "/desk/routes/", "/desk/routes/new/", "/desk/routes/cases/", "/desk/teams/",
    "/desk/adjustments/", "/desk/tariffs/", "/desk/tariffs/new/", "/desk/tariffs/beijing-annual/", "/desk/tariffs/shenzhen-seasonal/change/",
    "/desk/roster/", "/desk/absences/", "/desk/absences/1/", "/desk/people/investigator/leave/", "/desk/storms/", "/desk/unsent/", "/desk/mail/", "/desk/held/", "/desk/words/", "/desk/guides/", "/desk/guides/new/", "/desk/letters/",
    "/desk/letters/text/en/", "/desk/notices/", "/desk/notices/?state=all", "/desk/texts/", "/desk/texts/asked/sms/en/", "/desk/counter/", "/desk/new/regulator/batch/", "/customers/D000000000/edit/", "/customers/D000000000/merge/",
    "/desk/feedback/", "/desk/feedback/quotas/", "/desk/feedback/quotas/new/", "/desk/feedback/quotas/hours/", "/conduct/rules/", "/conduct/rules/new/", "/desk/feedback/questions/", "/desk/call-backs/", "/desk/surveys/",
    "/desk/surveys/new/", "/desk/views/", "/desk/views/new/?category=VOL", "/desk/columns/", "/desk/filters/", "/desk/?view=unfinished&category=VOL&sort=urged",
    "/desk/for-me/", "/desk/for-me/?show=unread", "/desk/requests/", "/desk/requests/?side=branch", "/desk/hand-over/", "/desk/?view=followed",
    "/inspections/", "/inspections/?view=open", "/inspections/?view=done", "/inspections/plans/", "/inspections/plans/new/", "/inspections/plans/import/",
    "/inspections/settings/", "/inspections/settings/zone/new/", "/inspections/settings/kind/new/", "/inspections/1/",
    "/account/password/", "/account/second-factor/", "/account/second-factor/app/", "/account/sessions/", "/account/tokens/",
    "/style/", "/complaints/not-there/",
]  # fmt: skip
PERSONAL_DATA = [
    "/desk/access-log/", "/desk/access-log/?about=nobody", "/desk/retention/", "/desk/retention/complaints/", "/desk/holds/",
    "/desk/holds/customer/D000000000/", "/desk/erasures/", "/customers/D000000000/erase/", "/desk/history/",
    "/desk/webhooks/", "/customers/import/",
]  # fmt: skip
"""Pages about personal data and about what leaves the house, which administrators keep."""
KEPT = [
    ("/desk/retention/complaints/", {"months": "0"}),
    ("/desk/retention/complaints/", {"months": "24"}),
    ("/desk/holds/customer/D000000001/", {}),
    ("/desk/holds/customer/D000000001/", {"reason": "A lawsuit about a fire"}),
    ("/customers/D000000000/erase/", {}),
    ("/desk/webhooks/", {}),
]
"""Their forms, refused and taken."""
REFUSED = [
    ("/desk/policies/new/", "main form.stack"),
    ("/desk/policies/any/retire/", "main form.panel"),
    ("/desk/calendars/new/", "main form.calendar-form"),
    ("/desk/calendars/cn-national/import/", "main form.inline-form"),
    ("/desk/ladder/new/", "main form.ladder-step"),
    ("/desk/outage-notice/change/", "main form.panel"),
    ("/desk/tariffs/new/", "main form.inline-form"),
    ("/desk/roster/", "main .roster-below form.panel"),
    ("/desk/storms/", "#declare"),
    ("/desk/views/new/?category=VOL", "main form.inline-form"),
    ("/issues/announcements/new/", "main form.inline-form"),
    ("/desk/surveys/new/", "main form.inline-form"),
    ("/reports/subscriptions/new/", "main form.inline-form"),
    ("/inspections/plans/new/", "main form.inline-form"),
    ("/inspections/plans/import/", "main form.inline-form"),
    ("/inspections/settings/kind/new/", "main form.inline-form"),
    ("/account/password/", "main form.inline-form"),
    ("/account/tokens/", "#make"),
]
"""Pages with a form that is refused when it is sent as it stands."""


def barriers(window):
    """What axe finds on the page as it stands, worst only, in a line each."""
    found = Axe().run(window.page).response["violations"]
    return [
        f"{window.page.url}: {one['id']}: {node['html'][:160]}"
        for one in found
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]


@pytest.fixture(params=["light", "dark"])
def scheme(request):
    return request.param


def test_customers_meet_no_barrier(product, open_window, sign_in, scheme):
    customer = open_window(Customer, color_scheme=scheme)
    found = []

    def look():
        found.extend(barriers(customer))

    customer.go("/complain/")
    look()
    customer.page.locator('button[name="category"][value="SAF"]').click()
    look()
    customer.go("/").page.locator('button[name="category"][value="OUT"]').click()
    customer.press("Go on")
    customer.is_refused()
    look()
    customer.answer_up_to_check(after_step=look)
    reference = customer.send()
    look()
    customer.page.get_by_role("link", name="Follow my complaint").click()
    look()
    sign_in("supervisor").handle(sign_in("investigator"), reference)
    asked = feedback_link(lambda: text_messages(product, reference))
    customer.go(asked)
    look()
    customer.rate(asked, solved=True)
    look()
    for path in (
        "/sign-in/",
        "/help/",
        "/help/?q=nothing-of-this-kind",
        "/help/voltage/",
        "/standards/",
        "/known/",
        "/known/?q=nowhere",
    ):
        customer.go(path)
        look()
    assert found == []


def test_staff_meet_no_barrier(open_window, scheme):
    supervisor = open_window(Staff, color_scheme=scheme)
    supervisor.sign_in("supervisor")
    found = []
    for path in DESK:
        supervisor.page.goto(path)
        found += barriers(supervisor)
    for path, form in REFUSED:
        supervisor.go(path).page.locator(form).evaluate("form => form.noValidate = true")
        supervisor.page.locator(f"{form} .form-actions button").first.click()
        supervisor.is_refused()
        found += barriers(supervisor)
    supervisor.go("/desk/new/phone/").press("Register complaint")
    supervisor.is_refused()
    found += barriers(supervisor)
    supervisor.go("/desk/?view=unassigned").page.get_by_role("link", name=re.compile(r"^\d\d-\d{7}-\d$")).first.click()
    found += barriers(supervisor)
    supervisor.page.locator('.moves a[href^="?move=contact#"]').click()
    form = supervisor.page.locator('form[action$="/moves/contact/"]')
    supervisor.fill(form, reached="yes", contacted_at="2099-01-01T08:00")
    form.locator('button.primary[type="submit"]').click()
    supervisor.is_refused()
    found += barriers(supervisor)
    assert found == []


def test_who_reports_to_the_regulator_meets_no_barrier(open_window, scheme):
    liaison = open_window(Staff, color_scheme=scheme)
    liaison.sign_in("liaison")
    found = []
    liaison.go("/reports/packs/new/").page.locator("main form").evaluate("form => form.noValidate = true")
    found += barriers(liaison)
    liaison.press("Make the pack")
    liaison.is_refused()
    found += barriers(liaison)
    liaison.fill(title="March", first_day="2026-03-01", last_day="2026-03-31")
    liaison.page.locator('[name="reports"][value="causes"]').check()
    liaison.press("Make the pack")
    liaison.page.wait_for_url(re.compile(r"/packs/\d+/$"))
    found += barriers(liaison)
    liaison.press("Freeze the numbers now")
    found += barriers(liaison)
    liaison.page.get_by_role("link", name="Open it").click(timeout=60_000)
    liaison.page.wait_for_url(re.compile(r"/packs/\d+/1/$"))
    found += barriers(liaison)
    for path in (f"{liaison.page.url}now/", "/reports/packs/"):
        liaison.page.goto(path)
        found += barriers(liaison)
    assert found == []


def test_who_keeps_accounts_meets_no_barrier(open_window, scheme):
    admin = open_window(Staff, color_scheme=scheme)
    admin.sign_in("admin")
    found = []
    for path in (
        "/desk/people/",
        "/desk/people/?q=nobody-of-this-name",
        "/desk/people/agent/",
        "/desk/second-factor/",
        "/desk/new-person/",
    ):
        admin.page.goto(path)
        found += barriers(admin)
    admin.page.locator("main form.inline-form").evaluate("form => form.noValidate = true")
    admin.press("Make the account")
    admin.is_refused()
    found += barriers(admin)
    assert found == []


def test_who_keeps_personal_data_meets_no_barrier(open_window, scheme):
    administrator = open_window(Staff, color_scheme=scheme)
    administrator.sign_in("admin")
    found = []
    for path in PERSONAL_DATA:
        administrator.page.goto(path)
        found += barriers(administrator)
    for path, said in KEPT:
        administrator.page.goto(path)
        form = administrator.page.locator("main form:has(.form-actions)").first
        if not form.count():
            continue  # in dark it was done already, in light
        form.evaluate("form => form.noValidate = true")
        administrator.fill(form, **said)
        form.locator(".form-actions button").first.click()
        administrator.page.wait_for_load_state()
        found += barriers(administrator)
    for path in ("/desk/holds/", "/desk/erasures/", "/desk/access-log/", "/desk/webhooks/"):
        administrator.page.goto(path)
        found += barriers(administrator)
    assert found == []


def test_what_is_hidden_and_then_shown_meets_no_barrier(open_window, scheme):
    agent = open_window(Staff, color_scheme=scheme)
    agent.sign_in("agent")
    found = []
    agent.go("/desk/?view=all").page.get_by_role("link", name=re.compile(r"^\d\d-\d{7}-\d$")).first.click()
    agent.page.wait_for_url(re.compile("/complaints/"))
    for path in (agent.page.url, "/customers/D000000000/"):
        agent.page.goto(path)
        found += barriers(agent)
        agent.press("Show in full")
        agent.sees("Shown in full, and written down.")
        found += barriers(agent)
        agent.page.get_by_role("link", name="Hide", exact=True).click()
        expect(agent.page.get_by_role("button", name="Show in full", exact=True)).to_be_visible()
    assert found == []


def test_two_steps_at_the_door_meet_no_barrier(product, open_window, scheme):
    name = f"holder-{scheme}"
    product.manage("shell", "-v0", "-c", MAKE.format(name=name))
    holder = open_window(Staff, color_scheme=scheme)
    holder.username = name
    found = []
    give_password(holder)
    holder.go("/account/second-factor/app/").fill(code="12").press("Switch it on")
    holder.is_refused()
    found += barriers(holder)
    holder.fill(code=code_of(product, holder))
    holder.press("Switch it on")
    holder.sees("Put them away now")
    found += barriers(holder)
    holder.go("/account/second-factor/")
    found += barriers(holder)
    sign_out(holder)
    holder.go("/sign-in/").fill(username=name, password="quiet").press("Sign in")
    holder.is_refused()
    found += barriers(holder)
    give_password(holder)
    holder.sees("type the code")
    found += barriers(holder)
    holder.press("Sign in")
    found += barriers(holder)
    holder.go("/sign-in/second/?way=recovery")
    found += barriers(holder)
    holder.go("/sign-in/password/MQ/set-password/")
    found += barriers(holder)
    assert found == []


@pytest.fixture
def full_store(product):
    """Where files are kept none can be written."""
    media = product.data / "media"
    away = media.rename(product.data / "media-away")
    media.write_text("in the way")
    yield
    media.unlink()
    away.rename(media)


def test_a_full_disk_meets_no_barrier(open_window, full_store, scheme):
    customer = open_window(Customer, color_scheme=scheme)
    found = []
    customer.answer_up_to_photos()
    customer.fill(files=photo()).press("Go on")
    customer.is_refused()
    customer.sees("Files cannot be kept just now.")
    found += barriers(customer)
    agent = open_window(Staff, color_scheme=scheme)
    agent.sign_in("agent")
    agent.go("/desk/new/phone/").fill(
        story="No light since seven.", contact_name="Wang Wu", contact_phone="13700001111"
    )
    agent.page.locator('main [name="files"]').set_input_files(photo())
    agent.press("Register complaint")
    agent.is_refused()
    found += barriers(agent)
    assert found == []
