"""What every answer carries: the security policy, the language, one line per log record."""

import logging
import sys

from config.logs import PairsFormatter


def test_pages_carry_a_policy_without_inline_script(client):
    policy = client.get("/healthz")["Content-Security-Policy"]
    for rule in (
        "default-src 'self'",
        "frame-ancestors 'none'",
        "form-action 'self'",
        "base-uri 'self'",
        "object-src 'none'",
    ):
        assert rule in policy
    assert "unsafe" not in policy


def test_the_language_is_remembered_in_a_cookie(client):
    answer = client.post("/language/setlang/", {"language": "en", "next": "/healthz"})
    assert answer.status_code == 302
    assert answer["Location"] == "/healthz"
    assert answer.cookies["language"].value == "en"


def test_the_language_switch_does_not_lead_elsewhere(client):
    answer = client.post("/language/setlang/", {"language": "en", "next": "https://elsewhere.example/"})
    assert not answer["Location"].startswith("https://elsewhere.example")


def record(message, exc_info=None, **extra):
    made = logging.LogRecord("redress", logging.INFO, "file", 1, message, (), exc_info)
    vars(made).update(extra)
    return PairsFormatter().format(made)


def test_a_log_record_is_one_line_of_pairs():
    line = record('said "hello"\nand left', reference="C1")
    assert "\n" not in line
    assert 'message="said \\"hello\\"\\nand left"' in line
    assert line.endswith("reference=C1")


def test_a_log_record_keeps_its_exception():
    try:
        raise ValueError("broken")
    except ValueError:
        line = record("failed", exc_info=sys.exc_info())
    assert "ValueError: broken" in line
    assert "\n" not in line
