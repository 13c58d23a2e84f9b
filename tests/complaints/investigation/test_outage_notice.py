"""Notice by rules that are rows, and whether an outage kept to the time for which it was announced."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from complaints import profiles
from complaints.investigation import panel
from complaints.investigation.outage_notice import KEPT, TOLD, UNTOLD, notice_verdict, time_kept
from complaints.models import DeskSettings, OutageFinding
from complaints.profiles.reading import FOLDER
from complaints.states import Status
from staff.actors import Role
from tests.complaints.investigation.test_outage import said
from tests.complaints.test_moves import bring, everything_about
from tests.factories import MONDAY, a_complaint, a_user, an_account, an_announcement

pytestmark = [pytest.mark.usefixtures("profile"), pytest.mark.django_db]

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ANNOUNCED = (MONDAY, MONDAY + 8 * HOUR)
RULES = {"rules": [], "change": {"minutes": 5}}


@pytest.fixture
def complaint():
    account = an_account()
    premise = account.premise
    return bring(
        a_complaint("OUT-03", account=account, premise=premise, occurred_at=MONDAY - HOUR), Status.INVESTIGATING
    )


@pytest.fixture
def desk(client):
    client.force_login(a_user(Role.INVESTIGATOR))
    client.cookies["language"] = "en"
    return client


def address(complaint):
    return reverse("complaints:investigation", args=[complaint.reference])


def verdict_on(complaint):
    with translation.override("en"):
        found = panel(complaint)
        return str(found.verdict), found.meaning, found.cause


@pytest.mark.parametrize(
    ("early", "over", "told", "verdict"),
    [
        (0, 0, None, KEPT),
        (-30, -30, None, KEPT),
        (0, 1, None, UNTOLD),
        (1, 0, None, UNTOLD),
        (0, 60, ANNOUNCED[1] + 5 * MINUTE, TOLD),
        (0, 60, ANNOUNCED[1] + 6 * MINUTE, UNTOLD),
        (0, 60, ANNOUNCED[1] - HOUR, TOLD),
        (30, 0, MONDAY - 30 * MINUTE, TOLD),
        (30, 0, MONDAY - 29 * MINUTE, UNTOLD),
        (30, 60, MONDAY - DAY, TOLD),
    ],
)
def test_what_leaves_the_announced_time_must_have_been_passed_on(early, over, told, verdict):
    actual = (ANNOUNCED[0] - early * MINUTE, ANNOUNCED[1] + over * MINUTE)
    assert time_kept(RULES, ANNOUNCED, actual, told).verdict == verdict


def test_an_outage_that_goes_on_is_judged_by_its_beginning():
    assert time_kept(RULES, ANNOUNCED, (MONDAY, None), None).verdict == KEPT
    assert time_kept(RULES, ANNOUNCED, (MONDAY - MINUTE, None), None).verdict == UNTOLD


@given(st.integers(0, 600), st.integers(0, 600), st.integers(-600, 1200))
def test_to_pass_it_on_earlier_never_makes_it_worse(early, over, told):
    actual = (ANNOUNCED[0] - early * MINUTE, ANNOUNCED[1] + over * MINUTE)
    later, earlier = (time_kept(RULES, ANNOUNCED, actual, MONDAY + (told - sooner) * MINUTE) for sooner in (0, 30))
    assert earlier.late_by <= later.late_by
    assert (later.early, later.over) == (early * MINUTE, over * MINUTE)
    if later.verdict in (KEPT, TOLD):
        assert earlier.verdict == later.verdict


@pytest.mark.parametrize(
    ("profile_name", "before", "verdict"),
    [
        ("cn-95598", 7 * DAY, "on_time"),
        ("cn-95598", 3 * DAY, "late"),
        ("generic", 3 * DAY, "on_time"),
        ("generic", 47 * HOUR, "late"),
    ],
)
def test_each_kind_of_utility_has_its_own_notice(profile_name, before, verdict):
    rules = profiles.read(FOLDER / profile_name).desk["outage_notice"]
    assert notice_verdict(rules, "planned", MONDAY - before, MONDAY) == verdict


def test_without_rules_nothing_is_called_late(desk, complaint):
    DeskSettings.objects.update(outage_notice={})
    assert desk.post(address(complaint), said()).status_code == 302
    words, meaning, _cause = verdict_on(complaint)
    assert "knows no rules of notice" in words
    assert meaning == "info"


def test_an_old_verdict_does_not_change_with_the_rules(desk, complaint):
    assert desk.post(address(complaint), said()).status_code == 302
    before = verdict_on(complaint)
    assert before[0].startswith("Notice was late: 2 days before the outage, 7 days were due.")
    rules = DeskSettings.current().outage_notice
    rules["rules"][0]["hours"] = 24
    DeskSettings.objects.update(outage_notice=rules)
    assert verdict_on(complaint) == before
    assert desk.post(address(complaint), said(notice_evidence="公告 13 号")).status_code == 302
    assert verdict_on(complaint)[0].startswith("Notice was given in time: 2 days before the outage, 24 hours were due.")


def test_what_was_found_before_rules_were_rows_keeps_its_verdict(complaint):
    OutageFinding.objects.create(
        complaint=complaint, kind="planned", started_at=MONDAY, noticed_at=MONDAY - 2 * DAY, entered_by=a_user()
    )
    DeskSettings.objects.update(outage_notice={})
    assert verdict_on(complaint)[0] == "Notice was late: 2 days before the outage, 7 days were due."


def test_the_page_says_how_it_kept_to_the_announced_time_and_proposes_the_cause(desk, complaint):
    window = {"announced_from": "2026-03-01T18:30", "announced_until": "2026-03-01T19:30", "cause": ""}
    assert desk.post(address(complaint), said(**window)).status_code == 302
    words, meaning, cause = verdict_on(complaint)
    assert "It began 30 minutes before the announced time and lasted 30 minutes longer than announced." in words
    assert "Nobody passed the change on." in words
    assert (meaning, cause) == ("danger", "planning-overrun")
    assert "Nobody passed the change on." in desk.get(complaint.get_absolute_url()).content.decode()


def test_what_was_announced_is_proposed(desk, complaint):
    area = complaint.premise.transformer_area
    an_announcement(transformer_area=area, released_at=MONDAY - 7 * DAY, released_by=a_user())
    an_announcement(transformer_area=area, ends_at=MONDAY + DAY)
    form = desk.get(address(complaint)).context["form"]
    assert (form.initial["announced_from"], form.initial["announced_until"]) == ANNOUNCED
    assert form.initial["kind"] == "planned"


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"announced_from": "2026-03-01T18:00"}, "announced_until"),
        ({"announced_until": "2026-03-01T18:00"}, "announced_from"),
        ({"announced_from": "2026-03-01T18:00", "announced_until": "2026-03-01T17:00"}, "announced_until"),
        ({"change_told_at": "2999-01-01T00:00"}, "change_told_at"),
    ],
)
def test_what_cannot_have_been_announced_is_refused_beside_the_field(desk, complaint, more, field):
    before = everything_about(complaint)
    response = desk.post(address(complaint), said(**more))
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert not OutageFinding.objects.exists()
    assert everything_about(complaint) == before


def test_the_database_refuses_an_announced_end_before_the_beginning(complaint):
    with pytest.raises(IntegrityError, match='"announced_outage_ends_after_it_begins"'), transaction.atomic():
        OutageFinding.objects.create(
            complaint=complaint, kind="planned", started_at=MONDAY, entered_by=a_user(),
            announced_from=MONDAY, announced_until=MONDAY,
        )  # fmt: skip
