"""What tests change about the settings: nothing but speed, folders and one cache per test process."""

import os
import tempfile
from pathlib import Path

from config.settings import *  # noqa: F403

# Playwright's synchronous interface keeps an event loop in the thread of the test, which Django takes for an async caller.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

_PROCESS = os.environ.get("PYTEST_XDIST_WORKER", "alone")

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
VAR_DIR = Path(tempfile.mkdtemp(prefix=f"files-{_PROCESS}-", dir=VAR_DIR if VAR_DIR.exists() else None))  # noqa: F405
DEMO = True
MEDIA_ROOT = VAR_DIR / "media"
STATIC_ROOT = VAR_DIR / "static"
EMAIL_URL = f"file:{VAR_DIR / 'outbox' / 'email'}"
SMS_URL = f"log:{VAR_DIR / 'outbox' / 'sms.log'}"
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}  # noqa: F405
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
CACHES = {"default": {**CACHES["default"], "KEY_PREFIX": f"test-{_PROCESS}"}}  # noqa: F405
LOGGING = {**LOGGING, "root": {"handlers": ["stderr"], "level": "WARNING"}}  # noqa: F405
