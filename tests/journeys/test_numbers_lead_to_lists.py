"""Every number on the board and in the reports leads to the list that makes it, and the list is as long as the number says."""

import re
from datetime import datetime, timedelta

import pytest

from analytics.reports import all_reports
from tests.journeys.people import UTILITY, wait_for

pytestmark = pytest.mark.xdist_group("journeys")

TODAY = datetime.now(UTILITY).date()
FOUR_WEEKS = f"from={TODAY - timedelta(days=27)}&to={TODAY}"
REPORTS = [f"/reports/{name}/?{FOUR_WEEKS}" for name in all_reports()]
"""From the registry, so that a new report cannot be forgotten."""
NUMBERS = """
() => {
  // what stands in a numeric cell, on a card or in a row of small figures; its label only says where it was
  const places = document.querySelectorAll(
    "main .figure-value, main table .number:not(th[scope=col]), main .stats dd, main .board-rated a"
  );
  return [...places].map((place) => {
    const link = place.closest("a") ?? place.querySelector("a");
    const words = (link && !link.contains(place) ? link : place).textContent;
    const row = place.closest("tr, a, div")?.textContent.replace(/\\s+/g, " ").trim().slice(0, 80);
    return [words.trim(), link?.getAttribute("href") ?? "", place.hasAttribute("data-measure"), row];
  });
}
"""
DRAWN = """
() => [...document.querySelectorAll("main [data-chart]")].flatMap((place) =>
  JSON.parse(document.getElementById(place.dataset.chart).textContent).series.flatMap((row) =>
    (row.hrefs ?? []).map((href, at) => [row.name, row.values[at], href])
  )
)
"""
LENGTHS = """
async (addresses) => {
  // several at once, and only what the list says of itself
  const found = {};
  const rest = [...addresses];
  const follow = async () => {
    for (let one = rest.pop(); one !== undefined; one = rest.pop()) {
      const answer = await fetch(one);
      found[one] = answer.ok ? ((await answer.text()).match(/data-count="([^"]*)"/)?.[1] ?? "says no length") : `${answer.status}`;
    }
  };
  await Promise.all([follow(), follow(), follow()]);
  return found;
}
"""
NOTHING = {"0", "–", ""}
MOST_SAID = 1_000
"""Lists of the desk count no further: they say 999+."""


def counted(words):
    """The number that these words are, or None; digits may be grouped."""
    return int(re.sub(r"[,\s]", "", words)) if re.fullmatch(r"[\d,\s]+", words) else None


def holds(number, said):
    return said == str(number) or (said.endswith("+") and number >= MOST_SAID)


def wrong_on(window, path):
    """Each number of a page that leads nowhere, or to a list of another length; and how many lists were opened."""
    window.go(path)
    numbers = window.page.evaluate(NUMBERS)
    assert numbers or window.page.locator(".report-empty").count(), path
    wrong = [
        f"{path}: “{words}” neither opens a list nor says that it counts nothing ({row})"
        for words, href, is_measure, row in numbers
        if not (href and counted(words) is not None) and not is_measure and words not in NOTHING
    ]
    leads = {(href, counted(words)) for words, href, is_measure, _row in numbers if href and not is_measure}
    # an empty column of a chart opens nothing
    leads |= {(href, value) for _name, value, href in window.page.evaluate(DRAWN) if href and value}
    lengths = window.page.evaluate(LENGTHS, sorted({href for href, _number in leads}))
    wrong += [
        f"{path}: {number} leads to {lengths[href]} at {href}"
        for href, number in sorted(leads)
        if not holds(number, lengths[href])
    ]
    return wrong, len(lengths)


def clicks(window, path):
    """Click the first number of the page as a person would: the list that opens says as much."""
    window.go(path)
    first = window.page.locator("main table td.number a:visible").first
    if not first.count():
        return 0
    number = counted(first.inner_text())
    with window.page.expect_navigation():
        first.click()
    assert holds(number, window.page.locator("[data-count]").first.get_attribute("data-count")), path
    return 1


@pytest.fixture
def settled(product):
    """The figures have followed what was going on."""
    wait_for(lambda: "waits: 0" in product.manage("shell", "-c", WAITS))


WAITS = "from analytics.models import Change; print('waits:', Change.objects.count())"


@pytest.mark.parametrize("who", ["supervisor-01", "analyst"])
def test_every_number_on_the_board_opens_as_many(settled, sign_in, who):
    staff = sign_in(who)
    # a deadline may pass, or a message arrive, between the page and its lists
    for _time in range(3):
        wrong, opened = wrong_on(staff, "/board/")
        if not wrong:
            break
    assert wrong == []
    assert opened > 20
    assert clicks(staff, "/board/")


def test_every_number_of_every_report_opens_as_many(settled, sign_in):
    """As a supervisor of one district sees them: fewer rows, and each number is cut by what they may see."""
    supervisor = sign_in("supervisor-01")
    wrong, opened, clicked = [], 0, 0
    for path in REPORTS:
        found, lists = wrong_on(supervisor, path)
        wrong, opened = wrong + found, opened + lists
        clicked += clicks(supervisor, path)
    assert wrong == []
    assert opened > 200
    assert clicked >= len(REPORTS) - 1  # of improvement there may be nothing to show in these weeks
