"""The nightly comparison is silent when all is well, and loud when a figure is not what the complaints say."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone

from analytics.grains.check import check, nightly
from analytics.grains.refresh import rebuild, refresh
from analytics.models import Check, ComplaintFact, DayRollup, Generation
from complaints import figures_told
from complaints.models import Notice
from staff.actors import Role
from tests.analytics.test_reports import rated, resolved
from tests.factories import a_complaint, a_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("profile")]


@pytest.fixture
def lately():
    at = timezone.now() - timedelta(days=5)
    rated(5, at=at)
    resolved(at=at)
    refresh()


def test_all_is_well(lately):
    found = check()
    assert (found.findings, found.differences, found.sampled) == ([], 0, 2)
    assert found.compared > 20


@pytest.mark.parametrize("spoil", ["rollup", "fact", "raw"])
def test_what_is_wrong_is_found_shown_and_mended_by_building_anew(lately, client, spoil):
    if spoil == "rollup":
        DayRollup.objects.in_use().filter(series="received").update(n=F("n") + 1)
    elif spoil == "fact":
        ComplaintFact.objects.update(contacts=9)
    else:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE complaints_complaint SET received_at = received_at - interval '1 day'")
    assert check().differences
    client.force_login(a_user(Role.ANALYST))
    client.cookies["language"] = "en"
    client.catches_up = False
    for address in ("/board/", "/reports/trend/", "/figures/"):
        assert "Do not rely on the numbers" in client.get(address).content.decode()
    assert client.post("/figures/rebuild/").status_code == 302
    assert Generation.objects.filter(state="building", asked_by__role=Role.ANALYST).exists()
    refresh()
    assert "Do not rely" not in client.get("/board/").content.decode()
    assert not check().differences


@pytest.mark.parametrize(
    ("language", "said"), [("en", "What happened after {} is not counted"), ("zh-hans", "{} 之后发生的事项尚未计入")]
)
def test_figures_that_are_late_say_up_to_when_they_count(lately, client, language, said):
    client.force_login(a_user(Role.ANALYST))
    client.cookies["language"] = language
    client.catches_up = False
    counted = timezone.localtime() - timedelta(minutes=6)
    said = said.format(f"{counted:%Y-%m-%d %H:%M:%S}")
    assert said not in client.get("/reports/trend/").content.decode()
    Generation.objects.filter(state="current").update(as_of=counted)
    for address in ("/board/", "/reports/trend/"):
        assert said in client.get(address).content.decode()


def test_administrators_and_analysts_are_told_once_for_each_comparison_that_found_something(lately, client):
    told = [a_user(role, email=f"{role}@example.org") for role in (Role.ADMINISTRATOR, Role.ANALYST)]
    a_user(Role.SUPERVISOR, email="boss@example.org")
    assert check().told_at is None
    assert not Notice.objects.filter(code="figures_differ").exists()
    DayRollup.objects.in_use().filter(series="received").update(n=F("n") + 1)
    found = check()
    notices = Notice.objects.filter(figures_at=found.at)
    assert found.told_at == found.at
    assert {one.address for one in notices} == {user.email for user in told}
    assert all(str(found.differences) in one.body and "/figures/" in one.body for one in notices)
    client.force_login(told[0])
    page = client.get("/desk/notices/", {"state": "queued", "occasion": "figures_differ"}).content.decode()
    assert told[1].email in page
    with pytest.raises(IntegrityError, match="told_once_that_figures_differ"), transaction.atomic():
        figures_told.tell(found.at, 1)


def test_what_waits_to_be_counted_is_not_wrong(lately):
    a_complaint(at=timezone.now())
    assert not check().differences


def test_one_comparison_a_night(lately):
    assert nightly() is not None
    assert nightly() is None
    Check.objects.update(at=timezone.now() - timedelta(days=2))
    assert nightly() is not None


def test_only_analysts_and_administrators_build_anew(client):
    rebuilt = Generation.objects.count()
    client.force_login(a_user(Role.SUPERVISOR))
    assert client.post("/figures/rebuild/").status_code == 403
    assert client.get("/figures/rebuild/").status_code == 405
    assert b"Build all figures anew" not in client.get("/figures/").content
    assert Generation.objects.count() == rebuilt


def test_asking_twice_builds_once(lately):
    assert rebuild() == rebuild()


def test_figures_and_definitions_are_not_for_everyone(client):
    client.force_login(a_user(Role.AGENT))
    for address in ("/figures/", "/reports/definitions/"):
        assert client.get(address).status_code == 403


def test_every_definition_stands_on_its_page(client):
    client.force_login(a_user(Role.ANALYST))
    client.cookies["language"] = "en"
    page = client.get("/reports/definitions/").content.decode()
    assert "Median" not in page
    assert 'id="backlog"' in page
    assert "Kept per day, as “received”" in page
    for label in ("Numerator", "Denominator", "Left out", "How to read it", "Source"):
        assert f"<dt>{label}</dt>" in page
    assert "E. B. Wilson, 1927" in page
