"""The whole product as a person starts it, for tests that must see real processes die."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import quote

from django.db import connection

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 300


def address(database):
    """A database of the server that tests run on, for a process of its own."""
    given = connection.settings_dict
    return f"postgres://{given['USER']}@/{database}?host={quote(given['HOST'], safe='/')}"


class Product:
    """One `./dev up` on its own data folder, servers included; `address` answers once it is ready."""

    def __init__(self, data, *options):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.data, self.options, self.output = Path(data), options, Path(data).with_suffix(".out")
        self.address = f"http://127.0.0.1:{self.port}"
        ours = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "REDRESS_DATA", "REDRESS_SECRET_KEY")
        self.environment = {name: value for name, value in os.environ.items() if name not in ours}

    def start(self):
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "dev"), "up", "--port", str(self.port), "--data", str(self.data), *self.options],
                stdout=output, stderr=output, cwd="/", env=self.environment,
            )  # fmt: skip
        self.until(lambda: "Redress is ready" in self.said or self.process.poll() is not None)
        assert self.process.poll() is None, self.said
        return self

    @property
    def said(self):
        return self.output.read_text()

    def ready(self):
        """What /readyz says, or nothing while the web is away."""
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.address}/readyz", timeout=5) as answer:
            return json.load(answer)
        return {}

    def pid(self, name):
        """Its number; 0 in the moment in which the file of a new process is empty."""
        return int((self.data / "run" / f"{name}.pid").read_text() or 0)

    def kill(self, name):
        """kill -9 of one process, until another one has taken its place."""
        before = self.pid(name)
        os.kill(before, signal.SIGKILL)
        self.until(lambda: self.pid(name) not in (0, before))

    def manage(self, *arguments):
        done = subprocess.run(
            [sys.executable, str(ROOT / "dev"), "manage", *arguments],
            capture_output=True, text=True, cwd="/", env=self.environment | {"REDRESS_DATA": str(self.data)},
        )  # fmt: skip
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done.stdout

    def until(self, true):
        deadline = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < deadline, self.said
            time.sleep(0.1)

    def stop(self, how=signal.SIGTERM):
        """Ends it and returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(60)
