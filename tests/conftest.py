"""The plumbing every test shares: a clean cache, and a browser for the journeys."""

import os
import uuid

import pytest
from django.core.management import call_command
from django.utils import translation

from analytics.grains.refresh import refresh
from complaints.models import Category


@pytest.fixture(autouse=True)
def clean_cache(settings):
    """Throttles and heartbeats of one test must not be seen by the next; a new prefix forgets only our own keys."""
    cache_settings = settings.CACHES["default"]
    prefix = f"{cache_settings['KEY_PREFIX']}-{uuid.uuid4().hex}"
    settings.CACHES = {"default": {**cache_settings, "KEY_PREFIX": prefix}}


@pytest.fixture(autouse=True)
def language():
    """Sentences are asserted in the source language unless a test chooses another."""
    with translation.override("en"):
        yield


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    """Chromium as ./dev test found it, with nothing that reaches outside."""
    return {
        **browser_type_launch_args,
        "executable_path": os.environ.get("CHROMIUM", "/usr/bin/chromium"),
        "args": [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ],
    }


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    """A desk-sized window in the utility's time zone; journeys open others for phones."""
    return {
        **browser_context_args,
        "viewport": {"width": 1440, "height": 900},
        "locale": "en-GB",
        "timezone_id": "Asia/Shanghai",
    }


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """The test database knows the default profile from the start, and has figures, of nothing yet."""
    with django_db_blocker.unblock():
        call_command("load_profile", "cn-95598", verbosity=0)
        refresh()


@pytest.fixture
def profile(db):
    """The default profile is there, also after a test that really committed and was swept away."""
    if not Category.objects.exists():
        call_command("load_profile", "cn-95598", verbosity=0)
