"""An error reaches the collector, and nothing about people goes along."""

import gzip
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import brotli
import pytest

from tests.runtime.product import ROOT

TOKEN, NAME, PHONE = "t0ken-of-somebody", "欧阳海燕", "13812345678"
# a real door while the database is away, and a task that fails over what it was given
SCRIPT = f"""
import django; django.setup()
from celery import shared_task
from django.test import Client
import sentry_sdk

asked = Client(raise_request_exception=False, headers={{"X-Secret": "{TOKEN}", "X-Request-ID": "id-0123456789"}})
asked.cookies["sessionid"] = "{TOKEN}"
answer = asked.post("/track/{TOKEN}/supplement/?name={NAME}", {{"words": "{NAME} {PHONE}"}})

@shared_task(name="of.somebody")
def fail(name, phone):
    try:
        {{}}[phone]
    except KeyError as missing:
        raise ValueError(f"DETAIL: row ({{name}}, {{phone}}) refused") from missing

fail.apply(args=["{NAME}", "{PHONE}"])
sentry_sdk.flush(10)
print(answer.status_code)
"""


class Collector(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        opened = {"br": brotli.decompress, "gzip": gzip.decompress}
        got = opened[self.headers["Content-Encoding"]](body)
        self.server.got.append(got.decode())
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def collector():
    server = HTTPServer(("127.0.0.1", 0), Collector)
    server.got = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def run(tmp_path, **more):
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": f"postgres://nobody@/nothing?host={tmp_path}",
        "REDIS_URL": f"unix://{tmp_path}/none?db=0",
        "REDRESS_SECRET_KEY": "only-for-tests",
        "REDRESS_HTTPS": "false",
        "REDRESS_ALLOWED_HOSTS": "testserver",
        **more,
    }
    return subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )


def test_an_error_arrives_without_the_customer(collector, tmp_path):
    secret = tmp_path / "dsn"
    secret.write_text(f"http://key@127.0.0.1:{collector.server_port}/1\n")
    assert run(tmp_path, SENTRY_DSN_FILE=str(secret)).stdout.split()[-1] == "500"
    events = [json.loads(line) for got in collector.got for line in got.splitlines() if '"exception"' in line]
    kinds = [[one["type"] for one in event["exception"]["values"]] for event in events]
    assert len(events) == 2
    assert "OperationalError" in kinds[0]
    assert kinds[1] == ["KeyError", "ValueError"]
    assert events[0]["tags"]["request_id"] == "id-0123456789"
    assert events[0]["exception"]["values"][0]["stacktrace"]["frames"]
    said = "".join(collector.got)
    said += json.dumps([json.loads(line) for line in said.splitlines() if line.startswith("{")], ensure_ascii=False)
    for secret_word in (TOKEN, NAME, PHONE, "sessionid", "X-Secret"):
        assert secret_word not in said


def test_without_a_dsn_nothing_is_sent(collector, tmp_path):
    assert run(tmp_path).stdout.split()[-1] == "500"
    assert collector.got == []
