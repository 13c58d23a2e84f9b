"""The web as gunicorn serves it: its processes add up in one answer, and SIGTERM lets a request under way finish."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from django.db import connection

from tests.runtime.product import address

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 90


@pytest.fixture
def web(tmp_path, db):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (tmp_path / "log").open("w")
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", "--config", "python:config.serving"]
    process = subprocess.Popen(
        [*command, "--bind", f"127.0.0.1:{port}", "--workers", "2"],
        cwd=ROOT, stdout=log, stderr=log,
        env={**os.environ, "TMPDIR": str(tmp_path), "DATABASE_URL": address(connection.settings_dict["NAME"])},
    )  # fmt: skip
    deadline = time.monotonic() + PATIENCE
    while not answers(port):
        assert process.poll() is None, (tmp_path / "log").read_text()
        assert time.monotonic() < deadline
        time.sleep(0.2)
    yield process, port
    process.kill()
    process.wait()
    log.close()


def answers(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def counted(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        found = re.search(r'redress_request_seconds_count\{status="2xx",view="healthz"\} (\S+)', answer.read().decode())
    return float(found[1])


def test_processes_add_up_and_an_ordered_end_finishes_what_is_under_way(web, tmp_path):
    process, port = web
    before = counted(port)
    assert all(answers(port) for _ in range(20))
    assert {counted(port) for _ in range(4)} == {before + 20}
    said = [json.loads(one) for one in (tmp_path / "log").read_text().splitlines()]
    assert {one["level"] for one in said} == {"info"}

    body = b"username=somebody&password=" + b"x" * 1000
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        head = f"POST /sign-in/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n"
        line.sendall(head.encode() + body[:10])
        time.sleep(1)
        process.send_signal(signal.SIGTERM)
        time.sleep(1)
        assert process.poll() is None
        line.sendall(body[10:])
        assert line.recv(100).startswith(b"HTTP/1.1 403")
    assert process.wait(PATIENCE) == 0
    assert not list(tmp_path.glob("redress-counted-*"))
