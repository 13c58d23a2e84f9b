"""A storm: two feeders go out, 300 people complain within the hour; two clicks make it two troubles, and everybody hears of them."""

import re

import pytest

from tests.journeys.people import PATIENCE, Customer, text_messages, wait_for

pytestmark = pytest.mark.xdist_group("journeys")

EACH = 150
HUNDREDS = 5 * PATIENCE
"""How long hundreds of moves or messages may take on a busy machine."""
FILE_MANY = """
from datetime import timedelta
from django.utils import timezone
from channels_intake.base import Intake
from channels_intake.door import receive
from complaints import turn
from complaints.models import Complaint, Category, IssueProposal, ServiceIssue, Subcategory
from customers.models import Account, Feeder
from staff.actors import THE_CUSTOMER
from staff.models import User
from staff.scope import within_branches

supervisor, now = User.objects.get(username="supervisor"), timezone.now()
known = ServiceIssue.objects.open().exclude(feeder=None).values("feeder")
proposed = IssueProposal.objects.values("feeder")
recent = Complaint.objects.filter(received_at__gt=now - timedelta(hours=30)).exclude(transformer_area=None)
quiet = Feeder.objects.filter(within_branches(supervisor, "substation__branch")).exclude(pk__in=known)
quiet = quiet.exclude(pk__in=proposed).exclude(pk__in=recent.values("transformer_area__feeder"))
feeders = []
for feeder in quiet.order_by("-pk"):
    accounts = Account.objects.filter(
        closed_on=None, customer__do_not_contact=False, premise__transformer_area__feeder=feeder
    )
    if accounts.values("premise__transformer_area").distinct().count() > 1:
        feeders.append((feeder, list(accounts.order_by("pk")[:40])))
    if len(feeders) == 2:
        break
area_out = Subcategory.objects.get(code="OUT-02")
with turn.begun():
    for side, (feeder, accounts) in enumerate(feeders):
        for number in range(EACH):
            receive(
                Intake(
                    channel="web",
                    source="website",
                    external_id=f"storm-{side}-{number}",
                    category=area_out.category,
                    subcategory=area_out,
                    story="The whole street is dark since the storm.",
                    account_number=accounts[number % len(accounts)].number,
                    contact_name="Wang",
                    contact_phone=f"1371{side:03d}{number:04d}",
                    language="en",
                    answers={"supply_on": "no"},
                    received_at=now - timedelta(seconds=20 * number),
                ),
                by=THE_CUSTOMER,
            )
        print("OUT:", feeder.name_en)
"""


def test_a_storm_becomes_two_troubles_and_everybody_hears_of_theirs(product, open_window, sign_in):
    supervisor, customer = sign_in("supervisor"), open_window(Customer)
    said = product.manage("shell", "-c", FILE_MANY.replace("EACH", str(EACH)))
    places = re.findall(r"OUT: (.*)", said)
    assert len(places) == 2

    pages = []
    for place in places:
        accept(supervisor, place)
        supervisor.sees("linked")
        pages.append(supervisor.page.url)
    for page in pages:
        goes_on_until(supervisor, page, rf"\b{EACH} of {EACH} linked")

    supervisor.go(pages[0]).page.locator("summary").filter(has_text="Tell everybody how it stands").click()
    supervisor.fill(supervisor.page.locator('form[action$="/tell/"]'), text_en="A tree fell on the line, we cut it.")
    supervisor.press("Tell everybody")
    heard = wait_for(lambda: all_of(product, "A tree fell on the line", EACH), HUNDREDS)
    assert len({re.search(r"/track/([\w-]+)/", text)[1] for text in heard}) == EACH

    supervisor.page.get_by_role("link", name="Mark as restored").click()
    supervisor.fill(root_cause="weather-wind")
    supervisor.press("Mark as restored")
    # all, however quick: also those who complained in the very minute that the page proposes as the end
    goes_on_until(supervisor, pages[0], rf"\b{EACH} of {EACH} answered")
    asked = wait_for(lambda: all_of(product, "/feedback/", EACH, f"{places[0]}: over since"), HUNDREDS)
    links = [re.search(r"http\S+/feedback/[\w-]+/", text)[0] for text in asked]
    assert len(set(links)) == EACH

    for link in links[:3]:
        customer.rate(link, solved=False)
    supervisor.go(pages[0]).sees("Still out: 3")
    assert supervisor.page.locator('#still-out input[type="checkbox"]').count() == 3
    supervisor.press("Split off into a new issue")
    goes_on_until(supervisor, supervisor.page.url, "3 of 3 linked")
    assert "Still out" not in supervisor.go(pages[0]).said


def accept(supervisor, place):
    """Find the proposal of this feeder on the list and accept it as it is proposed."""
    link = supervisor.page.locator("#proposed").get_by_role("link", name=f"{place}: Fault")
    wait_for(lambda: supervisor.go("/issues/").page.locator("#proposed").count() and link.count())
    link.click()
    supervisor.press("Accept")


def goes_on_until(supervisor, page, words):
    """Its page says so by itself, while nobody does anything; what it left out fails at once, and not after minutes."""
    supervisor.go(page).sees("Work for many complaints")
    try:
        wait_for(lambda: re.search(rf"{words}|left as (it was|they were)", supervisor.said), HUNDREDS)
    except AssertionError:
        raise AssertionError(f"“{words}” was never said, but: {supervisor.said}") from None
    assert re.search(words, supervisor.said), supervisor.said


def all_of(product, about, number, more=""):
    """The text messages about it, once all of them were sent; more of them than that is a failure."""
    found = [text for text in text_messages(product, about) if more in text]
    assert len(found) <= number
    return found if len(found) == number else []
