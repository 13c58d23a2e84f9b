"""Who else is on the page of a complaint, and what has become new while it was open."""

import pytest
from django.core.cache.backends.redis import RedisCache
from django.urls import reverse

from complaints import workflow
from complaints.states import Status
from staff.actors import THE_CUSTOMER, Actor, Role
from tests.complaints.test_moves import bring
from tests.complaints.views.pages import move_url, text_of
from tests.factories import a_complaint, a_user

pytestmark = pytest.mark.usefixtures("profile", "monday_morning")


@pytest.fixture
def complaint(profile):
    return bring(a_complaint(), Status.INVESTIGATING)


def tells(client, complaint, **said):
    return client.post(reverse("complaints:here", args=[complaint.reference]), {"known": complaint.version, **said})


def test_each_sees_the_other_and_nobody_sees_themselves(client, sign_in, complaint):
    first = sign_in(Role.SUPERVISOR)
    assert "is also here" not in text_of(tells(client, complaint))
    second = sign_in(Role.INVESTIGATOR)
    page = text_of(tells(client, complaint, writing="resolve"))
    assert f"{first.full_name} is also here" in page
    assert second.full_name not in page
    client.force_login(first)
    assert f"{second.full_name} is also here, writing: Resolve" in text_of(tells(client, complaint))


def test_who_is_not_heard_of_has_gone(client, sign_in, complaint, monday_morning):
    first = sign_in(Role.SUPERVISOR)
    tells(client, complaint)
    sign_in(Role.INVESTIGATOR)
    assert first.full_name in text_of(tells(client, complaint))
    monday_morning.shift(41)
    assert first.full_name not in text_of(tells(client, complaint))


def test_nothing_but_a_known_move_is_repeated_to_others(client, sign_in, complaint):
    sign_in(Role.SUPERVISOR)
    tells(client, complaint, writing="<script>")
    sign_in(Role.SUPERVISOR)
    page = text_of(tells(client, complaint))
    assert "is also here" in page
    assert "script" not in page


def test_without_a_cache_the_page_goes_on(client, sign_in, complaint, settings):
    settings.CACHES = {
        "default": {"BACKEND": f"{RedisCache.__module__}.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}
    }
    sign_in(Role.SUPERVISOR)
    answer = tells(client, complaint)
    assert answer.status_code == 200
    assert "is also here" not in text_of(answer)


def test_new_entries_are_counted_and_loaded_on_request(client, sign_in, complaint):
    sign_in(Role.SUPERVISOR)
    assert "new entr" not in text_of(tells(client, complaint))
    workflow.perform("urge", complaint, by=THE_CUSTOMER)
    known = complaint.version - 1
    assert "1 new entry" in text_of(tells(client, complaint, known=known))
    workflow.perform("note", complaint, by=Actor.staff(a_user()), note="x")
    assert "2 new entries" in text_of(tells(client, complaint, known=known))
    page = text_of(client.get(complaint.get_absolute_url()))
    assert f'name="known" value="{complaint.version}"' in page
    for place in ("history", "standing", "fresh", "about"):
        assert f'id="{place}"' in page
    assert "new entr" not in text_of(tells(client, complaint, known="nonsense"))


def test_asking_is_cheap(client, sign_in, complaint, django_assert_num_queries):
    sign_in(Role.SUPERVISOR)
    with django_assert_num_queries(4):
        tells(client, complaint)


def test_it_does_not_exist_out_of_scope(client, sign_in, complaint):
    sign_in(Role.SUPERVISOR, branch=None)
    assert tells(client, complaint).status_code == 404


def test_a_session_that_ended_leaves_the_form_where_it_is(client, sign_in, complaint):
    told = tells(client, complaint)
    assert told.status_code == 286
    assert "You are signed out" in text_of(told)
    sent = client.post(move_url("note", complaint), {"note": "x"}, headers={"HX-Request": "true"})
    assert sent.status_code == 403
    assert sent.headers["HX-Retarget"] == "#signed-out"
    assert "You are signed out" in text_of(sent)
    assert not complaint.events.filter(move="note").exists()
