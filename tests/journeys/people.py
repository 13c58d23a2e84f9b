"""What people do with the product in a browser, in their own words; elements are found by what they say or how they are named."""

import email
import email.policy
import io
import json
import re
import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from PIL import Image
from playwright.sync_api import TimeoutError as NotInTime
from playwright.sync_api import expect

UTILITY = ZoneInfo("Asia/Shanghai")
FIRST_DAY = datetime.now(UTILITY).date() - timedelta(days=3)
"""Reports are asked from here on: a letter may be two days old, and a run around midnight counts the same."""
REFERENCE = re.compile(r"\b\d{2}-\d{7}-\d\b")
PATIENCE = 60
ANSWER = "We mended the line on your street and will tell you two days ahead next time."


class Window:
    """One page of one browser; `complaints` is what its console had to say that should not be said."""

    def __init__(self, page, product):
        self.page, self.product, self.complaints = page, product, []
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))

    def _listen(self, message):
        is_answer_we_asked_for = re.search(r"the server responded with a status of (404|409|422|507)", message.text)
        if message.type in ("error", "warning") and not is_answer_we_asked_for:
            self.complaints.append(f"{self.page.url}: {message.text}")

    def go(self, path):
        response = self.page.goto(path)
        assert response.status < 400, (path, response.status)
        return self

    def press(self, name):
        self.page.get_by_role("button", name=name, exact=True).click()

    def fill(self, within=None, **values):
        """Each field by its name; radio buttons and selects by their value."""
        for name, value in values.items():
            found = (within or self.page.locator("main")).locator(f'[name="{name}"]')
            try:
                kind = found.first.evaluate("field => field.type")
            except NotInTime as late:
                raise AssertionError(f"no {name} at {self.page.url}, which says: {self.said}") from late
            if kind in ("radio", "checkbox"):
                found.and_(self.page.locator(f'[value="{value}"]')).check()
            elif kind == "select-one":
                found.select_option(value)
            elif kind == "file":
                found.set_input_files(value)
            else:
                found.fill(value)
        return self

    @property
    def said(self):
        return self.page.locator("main").inner_text()

    def sees(self, text):
        expect(self.page.locator("main")).to_contain_text(text)

    def is_refused(self):
        """What was sent came back with a summary of what is wrong."""
        expect(self.page.locator(".error-summary")).to_be_visible()

    def scrolls_sideways(self):
        return self.page.evaluate("document.scrollingElement.scrollWidth > innerWidth")


class Customer(Window):
    """Somebody with a trouble."""

    STORY = {"story": "The light went out at seven, nobody told us.", "place": "3 Peace Road", "OUT-supply_on": "no"}
    WHO = {"contact_name": "Wang Wu", "contact_phone": "13700001111", "language": "en"}

    def answer_up_to_check(self, *, go_on="Go on", after_step=lambda: None, photo=None, **who):
        """Walk the public form until the answers are shown for checking; `who` differs from the usual person."""
        self.answer_up_to_photos(go_on=go_on, after_step=after_step, **who)
        self.page.wait_for_load_state()
        after_step()
        self.fill(**{"files": photo} if photo else {})
        self.press(go_on)
        expect(self.page).to_have_url(re.compile("/check/$"))
        after_step()

    def answer_up_to_photos(self, *, go_on="Go on", after_step=lambda: None, **who):
        """Walk the public form until it asks for photos."""
        self.go("/")
        after_step()
        self.page.locator('button[name="category"][value="OUT"]').click()
        for step in ({"kind": "OUT-03"}, self.STORY, self.WHO | who):
            self.page.wait_for_load_state()
            after_step()
            self.fill(**step)
            self.press(go_on)
        expect(self.page).to_have_url(re.compile("/photos/$"))

    def send(self, button="Send my complaint"):
        """Send what was checked; the reference on the confirmation."""
        self.press(button)
        return self.confirmed()

    def confirmed(self):
        expect(self.page).to_have_url(re.compile("/complain/received/"))
        return REFERENCE.search(self.said)[0]

    def rate(self, link, *, solved, score=None):
        self.go(link)
        with self.page.expect_navigation():
            self.page.locator(f'button[name="solved"][value="{"yes" if solved else "no"}"]').click()
        if score:
            self.fill(score=str(score))
            with self.page.expect_navigation():
                self.press("Send")
        self.sees("Thank you for your answer")


class Staff(Window):
    """Somebody at the desk."""

    def sign_in(self, username):
        self.go("/sign-in/")
        password = re.search(r"Sign in with the password (\S+) as", self.product.said)[1]
        self.fill(username=username, password=password)
        self.press("Sign in")
        expect(self.page).to_have_url(re.compile("/desk/"))
        self.page.wait_for_load_state()  # before that no key is heard

    def open(self, reference):
        return self.go(f"/complaints/{reference}/")

    @property
    def status(self):
        return self.page.get_by_role("heading", level=1).inner_text().split("\n")[1].strip()

    def move(self, name, **details):
        """Make a move from the complaint's page as a mouse would, and wait until it is done."""
        link = self.page.locator(f'a[href^="?move={name}#"]')
        if not link.is_visible():
            self.page.get_by_role("main").locator("summary").filter(has_text="More").click()
        link.click()
        form = self.page.locator(f'form[action$="/moves/{name}/"]')
        self.fill(form, **details)
        with self.page.expect_navigation():
            form.locator('button[type="submit"]').click()
        self.sees(": done.")

    def finds(self, reference, **said):
        """Record what the investigation found."""
        self.go(f"/complaints/{reference}/investigation/").fill(**said).press("Record findings")
        self.sees("The findings are recorded.")

    def handle(self, investigator, reference, *, needs_approval=False, found=None):
        """The usual way from registered to answered: this supervisor and that investigator, who `found` something or not."""
        self.open(reference)
        if self.status == "Registered":
            self.move("dispatch", assignee="investigator")
        investigator.open(reference).move("accept")
        investigator.move("contact", reached="yes", method="phone", note="Agreed on what happened.")
        if found:
            investigator.finds(reference, **found)
            investigator.open(reference)
        answer = {"outcome": "upheld", "root_cause": "maintenance-inspection", "resolution": ANSWER}
        investigator.move("propose" if needs_approval else "resolve", **answer)
        if needs_approval:
            self.open(reference).move("approve")

    def stands_at_the_call(self):
        """The screen of a call is up and its keys are heard."""
        expect(self.page.locator("form[data-call] [data-when=reached]")).to_be_hidden()

    def figures(self, report, by):
        """The first table of a report from the first day of this run on: row name → column name → text."""
        today = datetime.now(UTILITY).date()
        self.go(f"/reports/{report}/?from={FIRST_DAY}&to={today}&by={by}&granularity=day")
        table = self.page.get_by_role("table").first
        if not table.count():
            return {}
        heads, *rows = [row.locator("th,td").all_inner_texts() for row in table.get_by_role("row").all()]
        return {row[0]: dict(zip(heads, row, strict=True)) for row in rows}

    def answered(self, channel):
        """How many customers of this channel have answered, as the satisfaction report counts them."""
        return int(self.figures("satisfaction", "channel").get(channel, {}).get("Answered", 0))

    def received(self, channel):
        """How many complaints came by this channel, as the trend report counts them."""
        return int(self.figures("trend", "channel").get("All", {}).get(channel, 0))

    def reads_one_more(self, channel, *, answered, received):
        """Both reports count one more of this channel than these; figures follow within seconds."""
        more = (answered + 1, received + 1)
        wait_for(lambda: (self.answered(channel), self.received(channel)) == more)

    def found(self, words):
        """The references that the desk's search finds."""
        self.go(f"/desk/?view=all&q={words}")
        return self.page.get_by_role("main").get_by_role("link", name=REFERENCE).all_inner_texts()


def photo(name="meter.png"):
    """A picture as a phone would send it."""
    content = io.BytesIO()
    Image.new("RGB", (640, 480), "teal").save(content, "PNG")
    return {"name": name, "mimeType": "image/png", "buffer": content.getvalue()}


def scan(name="letter.pdf"):
    content = io.BytesIO()
    Image.new("L", (300, 400), "white").save(content, "PDF")
    return {"name": name, "mimeType": "application/pdf", "buffer": content.getvalue()}


def local(moment):
    """A moment as a datetime field wants it, in the utility's time zone."""
    return moment.astimezone(UTILITY).strftime("%Y-%m-%dT%H:%M")


def days_ago(days):
    return datetime.now(UTILITY) - timedelta(days=days)


def text_messages(product, about):
    """What the worker really sent to phones about this reference, oldest first."""
    log = product.data / "outbox" / "sms.log"
    sent = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    return [message["text"] for message in sent if about in message["text"]]


def mails(product, about):
    """Head and text of the e-mails the worker really sent about this reference."""
    texts = [file.read_bytes() for file in (product.data / "outbox" / "email").glob("*.eml")]
    return [mail for mail in map(email_read, texts) if about in mail["text"]]


def email_read(content):
    message = email.message_from_bytes(content, policy=email.policy.default)
    return {"to": message["To"], "subject": message["Subject"], "text": message.get_content()}


def feedback_link(texts):
    """The link to the question at the end, in the newest of the messages that the customer really got."""
    return wait_for(lambda: [link for text in texts() for link in re.findall(r"http\S+/feedback/[\w-]+/", text)])[-1]


def wait_for(found, patience=PATIENCE):
    """What `found` finds, once the worker has got to it."""
    deadline = time.monotonic() + patience
    while not (got := found()):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return got
