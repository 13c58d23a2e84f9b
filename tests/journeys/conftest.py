"""The journeys share one product with made-up data, and windows of a browser in which nothing may go wrong unseen."""

import shutil
import tempfile
from pathlib import Path

import pytest

from tests.journeys.people import PATIENCE, Staff, Window
from tests.runtime.product import Product

NO_NIGHT = "from complaints.models import DeskSettings; DeskSettings.objects.update(quiet_from=None, quiet_until=None)"
"""Journeys run on the real clock, and what they wait for must come at night too."""


@pytest.fixture(scope="session")
def product():
    """The real processes on a folder of their own: web, worker, beat, database, broker."""
    folder = Path(tempfile.mkdtemp(prefix="redress-journeys-"))
    folder.chmod(0o755)
    product = Product(folder / "data")
    try:
        product.start()
        product.manage("shell", "-c", NO_NIGHT)
        yield product
    finally:
        product.stop()
        shutil.rmtree(folder)


@pytest.fixture
def open_window(browser, browser_context_args, product):
    """A new person at a new browser. At the end their consoles must have said nothing bad."""
    windows = []

    def open_one(kind=Window, *, language="en", **options):
        context = browser.new_context(**browser_context_args | {"base_url": product.address} | options)
        context.set_default_timeout(PATIENCE * 1000)  # machines are slow when everything is tested at once
        context.add_cookies([{"name": "language", "value": language, "url": product.address}])
        windows.append(kind(context.new_page(), product))
        return windows[-1]

    yield open_one
    complaints = [said for window in windows for said in window.complaints]
    for window in windows:
        window.page.context.close()
    assert complaints == []


@pytest.fixture
def sign_in(open_window):
    """`sign_in("supervisor")`: that person at their desk."""

    def sign_in(username, **options):
        staff = open_window(Staff, **options)
        staff.sign_in(username)
        return staff

    return sign_in
