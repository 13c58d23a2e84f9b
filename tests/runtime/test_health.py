"""The probes and the figures for machines."""

import os
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from config import health
from config.checks import chinese_trigrams_work
from config.tasks import heartbeat
from tests.factories import a_complaint

METRICS_QUERIES = 16


def test_healthz_needs_neither_database_nor_broker(client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert client.get("/healthz").status_code == 200


@pytest.mark.django_db
def test_readyz_names_what_works(client):
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "database": "ok", "broker": "ok", "worker": "silent"}


@pytest.mark.django_db
def test_a_heartbeat_shows_that_the_worker_is_there(client):
    heartbeat()
    assert client.get("/readyz").json()["worker"] == "ok"


@pytest.mark.django_db
def test_an_old_heartbeat_counts_as_silence(client):
    heartbeat()
    cache.set(health.HEARTBEAT_KEY, cache.get(health.HEARTBEAT_KEY) - health.HEARTBEAT_GRACE - 1)
    assert client.get("/readyz").json()["worker"] == "silent"


@pytest.mark.django_db
def test_a_lost_broker_makes_the_web_unready(client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["broker"] == "unreachable"


@pytest.mark.django_db
def test_metrics_count_from_this_machine(client):
    answer = client.get("/metrics")
    assert answer.status_code == 200
    lines = answer.content.decode().splitlines()
    for name in (
        "complaints_open",
        "alarms_pending",
        "alarms_due",
        "alarm_lag_seconds",
        "notices_queued",
        "notices_dead",
    ):
        assert f"redress_{name} 0.0" in lines


@pytest.mark.django_db
@pytest.mark.usefixtures("profile")
def test_metrics_tell_how_many_alarms_are_late_and_by_how_much(client):
    alarms = a_complaint(at=timezone.now()).alarms
    late, early = alarms.all()[:2]
    alarms.filter(pk=late.pk).update(fire_at=timezone.now() - timedelta(minutes=5))
    alarms.filter(pk=early.pk).update(fire_at=timezone.now() + timedelta(minutes=5))
    said = dict(line.split() for line in client.get("/metrics").content.decode().splitlines() if line[0] != "#")
    assert float(said["redress_alarms_due"]) == 1
    assert float(said["redress_alarms_pending"]) == alarms.count()
    assert 300 <= float(said["redress_alarm_lag_seconds"]) < 330


@pytest.mark.django_db
def test_a_scrape_asks_a_fixed_number_of_questions(client, django_assert_num_queries):
    with django_assert_num_queries(METRICS_QUERIES):
        said = client.get("/metrics").content.decode()
    for name in (
        'queue_depth{queue="alarms"}',
        "outbox_age_seconds",
        'database_connections{state="active"}',
        "broker_up 1.0",
    ):
        assert f"redress_{name}" in said


@pytest.mark.django_db
def test_a_lost_broker_is_a_number_and_the_rest_is_still_told(client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    said = client.get("/metrics").content.decode()
    assert "redress_broker_up 0.0" in said
    assert "redress_alarm_lag_seconds 0.0" in said


@pytest.mark.django_db
def test_addresses_that_people_try_make_no_series_of_their_own(client):
    for number in range(5):
        client.get(f"/nothing-here-{number}/")
    said = client.get("/metrics").content.decode()
    assert 'redress_request_seconds_count{status="4xx",view="none"}' in said
    assert "nothing-here" not in said


def test_metrics_are_not_there_for_others(client):
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.7").status_code == 404
    assert client.get("/metrics", headers={"X-Forwarded-For": "192.0.2.7"}).status_code == 404


@pytest.mark.django_db
def test_metrics_with_a_token_are_for_whoever_brings_it(client, settings):
    settings.METRICS_TOKEN = "watch"
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 404
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.7", headers={"Authorization": "Bearer watch"}).status_code == 200


@pytest.mark.django_db
def test_the_database_reads_chinese_characters_as_letters():
    assert chinese_trigrams_work(databases=["default"]) == []


def test_tests_run_on_servers_of_their_own():
    assert "redress-test-" in os.environ["DATABASE_URL"]
