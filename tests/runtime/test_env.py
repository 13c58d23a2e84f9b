"""A wrong environment variable stops the process with a sentence naming it."""

import re
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env

SETTINGS = Path(__file__).resolve().parents[2] / "config" / "settings.py"


def test_a_variable_without_default_must_be_set(monkeypatch):
    monkeypatch.delenv("THING", raising=False)
    with pytest.raises(ImproperlyConfigured, match="THING"):
        env.text("THING")


def test_an_empty_variable_counts_as_not_set(monkeypatch):
    monkeypatch.setenv("THING", "  ")
    assert env.text("THING", "other") == "other"


@pytest.mark.parametrize(("given", "meant"), [("yes", True), ("TRUE", True), ("1", True), ("off", False), ("0", False)])
def test_a_flag_is_read_in_the_usual_spellings(monkeypatch, given, meant):
    monkeypatch.setenv("THING", given)
    assert env.flag("THING", not meant) is meant


@pytest.mark.parametrize(
    ("read", "given"),
    [
        (lambda: env.flag("THING", True), "maybe"),
        (lambda: env.whole("THING", 1), "many"),
        (lambda: env.whole("THING", 1, least=1), "0"),
        (lambda: env.choice("THING", "a", {"a", "b"}), "c"),
        (lambda: env.url("THING", None, schemes={"https"}), "ftp://example.org"),
        (lambda: env.safe_url("THING"), "http://login.example/"),
        (lambda: env.safe_url("THING"), "https:///realm"),
        (lambda: env.safe_url("THING"), "login.example"),
        (lambda: env.pairs("THING", values={"a"}), "desk=b"),
        (lambda: env.pairs("THING", values={"a"}), "desk"),
        (lambda: env.pairs("THING", values={"a"}), "=a"),
        (lambda: env.database("THING"), "mysql://host/name"),
        (lambda: env.database("THING"), "postgres://host/"),
        (lambda: env.database("THING"), "postgres://host:port/name"),
    ],
)
def test_a_wrong_value_names_its_variable(monkeypatch, read, given):
    monkeypatch.setenv("THING", given)
    with pytest.raises(ImproperlyConfigured, match="THING"):
        read()


def test_a_list_drops_blanks(monkeypatch):
    monkeypatch.setenv("THING", "a, b,,")
    assert env.words("THING") == ["a", "b"]


def test_a_database_address_keeps_password_port_and_driver_options(monkeypatch):
    monkeypatch.setenv("THING", "postgres://me:p%40ss@db.example:5433/redress?sslmode=require")
    read = env.database("THING")
    assert (read["USER"], read["PASSWORD"], read["HOST"], read["PORT"]) == ("me", "p@ss", "db.example", "5433")
    assert read["NAME"] == "redress"
    assert read["OPTIONS"] == {"sslmode": "require"}


def test_a_database_may_be_behind_a_socket_folder(monkeypatch):
    monkeypatch.setenv("THING", "postgres://me@/redress?host=/run/a%20b")
    read = env.database("THING")
    assert (read["HOST"], read["PORT"], read["OPTIONS"]) == ("/run/a b", "", {})


@pytest.mark.parametrize(
    ("given", "broker", "cache"),
    [
        ("unix:///run/v.sock?db=0", "redis+socket:///run/v.sock?virtual_host=0", "unix:///run/v.sock?db=1"),
        ("redis://:pw@host:6379/2", "redis://:pw@host:6379/2", "redis://:pw@host:6379/3"),
        ("rediss://host", "rediss://host", "rediss://host/1"),
    ],
)
def test_cache_and_broker_share_a_server_but_not_a_database(given, broker, cache):
    assert env.broker(given) == broker
    assert env.next_redis_database(given) == cache


def test_the_example_file_lists_every_variable_the_product_reads():
    root = SETTINGS.parent.parent
    listed = set(_names((root / ".env.example").read_text()))
    read = set(_names(SETTINGS.read_text())) | set(_names((root / "config/management/commands/prepare.py").read_text()))
    assert read <= listed, f"missing in .env.example: {sorted(read - listed)}"
    assert listed - read <= {"REDRESS_DOMAIN", "REDRESS_SECRETS", "REDRESS_BACKUPS"}, (
        f"nothing reads: {sorted(listed - read)}"
    )


def _names(text):
    """A variable that is given as a file counts as itself."""
    found = re.findall(r"\b(?:REDRESS_[A-Z_]+|DATABASE_URL|REDIS_URL)\b", text)
    return [name.removesuffix("_FILE") for name in found]


def test_a_secret_may_stand_in_a_file(monkeypatch, tmp_path):
    (tmp_path / "secret").write_text("from the file\n")
    monkeypatch.setenv("THING_FILE", str(tmp_path / "secret"))
    assert env.text("THING") == "from the file"
    monkeypatch.setenv("THING", "as well")
    with pytest.raises(ImproperlyConfigured, match="THING_FILE, not both"):
        env.text("THING")
    monkeypatch.delenv("THING")
    monkeypatch.setenv("THING_FILE", str(tmp_path / "missing"))
    with pytest.raises(ImproperlyConfigured, match="THING_FILE names a file which cannot be read"):
        env.text("THING")


def test_the_password_of_the_database_may_be_kept_out_of_its_address(monkeypatch, tmp_path):
    (tmp_path / "secret").write_text("p@ss\n")
    monkeypatch.setenv("THING", "postgres://me@db.example/redress")
    monkeypatch.setenv("DATABASE_PASSWORD_FILE", str(tmp_path / "secret"))
    assert env.database("THING")["PASSWORD"] == "p@ss"
    monkeypatch.setenv("THING", "postgres://me:own@db.example/redress")
    assert env.database("THING")["PASSWORD"] == "own"


def test_an_option_may_be_given_as_nothing_to_overrule_ours(monkeypatch):
    """As a pooler wants it that takes no options at the start."""
    monkeypatch.setenv("THING", "postgres://me@db.example/redress?options=")
    assert env.database("THING")["OPTIONS"] == {"options": ""}


def test_pairs_keep_their_order_and_the_last_sign_divides(monkeypatch):
    monkeypatch.setenv("THING", "cn=leads=b, desk = a")
    assert list(env.pairs("THING", values={"a", "b"}).items()) == [("cn=leads", "b"), ("desk", "a")]


@pytest.mark.parametrize("given", ["", "https://login.example/realm", "http://127.0.0.1:9000/realm"])
def test_an_address_for_secrets_is_encrypted_or_here(monkeypatch, given):
    monkeypatch.setenv("THING", given)
    assert env.safe_url("THING") == given
