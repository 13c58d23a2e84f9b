"""The pages of calendars: seen by everybody of the desk, changed by those who steer, never without a preview and a reason."""

import json
import re
from datetime import UTC, date, datetime

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from complaints.clocks.calendar_versions import calendars_running_out
from complaints.models import Calendar, Clock
from staff.actors import Role
from tests.complaints.clocks.test_arrangements import a_year, as_json
from tests.complaints.views.pages import text_of
from tests.factories import MONDAY, a_complaint

pytestmark = pytest.mark.usefixtures("profile", "monday_morning")

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def url(name: str = "calendar", code: str = "office") -> str:
    return reverse(f"complaints:{name}", args=[code] if code else [])


def fields_of(response) -> dict[str, str]:
    """The hidden fields that a preview carries."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', response.content.decode())
    return {name: value.replace("&quot;", '"').replace("&#x27;", "'") for name, value in found}


def filled_in(client, code: str = "office", **typed) -> dict:
    """The form of a calendar as it opens, with some fields typed over."""
    page = client.get(url("calendar-edit", code))
    form = page.context["form"]
    values = {name: form[name].value() for name in form.fields if name != "remove"}
    lines = {"added-TOTAL_FORMS": "3", "added-INITIAL_FORMS": "0", "added-0-kind": "closed"}
    return {**lines, "base": page.context["base"], **values, **typed}


def saved(client, preview, code: str = "office", reason: str = "council decision"):
    return client.post(url("calendar-save", code), {**fields_of(preview), "reason": reason})


def newest(code: str = "office") -> Calendar:
    return Calendar.objects.filter(code=code).order_by("-version").first()


def test_everybody_of_the_desk_sees_them_and_only_those_who_steer_change_them(reader, sign_in):
    sign_in(Role.AGENT)
    assert "cn-national" in text_of(reader.get(url("calendars", "")))
    page = text_of(reader.get(url()))
    assert "Office hours" in page
    assert url("calendar-edit") not in page
    for name in ("calendar-edit", "calendar-import"):
        assert reader.get(url(name)).status_code == 403
    assert reader.get(url("calendar-new", "")).status_code == 403
    assert reader.post(url("calendar-save"), {"reason": "because"}).status_code == 403
    assert newest().version == 1
    assert reader.get(url(code="moon")).status_code == 404


def test_a_year_shows_days_off_make_up_days_and_what_is_not_known(reader, sign_in):
    sign_in(Role.INVESTIGATOR)
    page = reader.get(url(code="cn-national"), {"year": 2026})
    text = text_of(page)
    assert 'title="day off, National Day"' in text
    assert 'title="make-up working day, whole day"' in text
    assert len(page.context["months"]) == 12
    assert "1 Oct 2026 – 7 Oct 2026" in text
    assert reader.get(url(code="cn-national"), {"year": "2999"}).context["year"] == 2026
    assert reader.get(url(code="cn-national"), {"version": "9"}).status_code == 404


def test_a_change_is_previewed_with_its_consequences_and_saved_as_a_new_version(reader, sign_in):
    user = sign_in(Role.SUPERVISOR)
    complaint = a_complaint()
    typed = filled_in(
        reader,
        fri="8:30-12:00 13:30–16:00",
        **{"added-0-first": "2026-03-03", "added-0-last": "2026-03-04", "added-0-name": "Stocktaking"},
    )
    preview = reader.post(url("calendar-edit"), typed)
    assert preview.status_code == 200
    text = text_of(preview)
    assert "08:30–12:00, 13:30–16:00" in text
    assert "3 Mar 2026 – 4 Mar 2026" in text
    assert "keeps the version it was started under" in text or "No clock runs" in text
    assert newest().version == 1
    response = saved(reader, preview)
    assert response.url == url()
    made = newest()
    assert (made.version, made.made_by, made.reason) == (2, user, "council decision")
    assert made.rules["week"]["fri"] == [["08:30", "12:00"], ["13:30", "16:00"]]
    assert made.rules["dates"]["2026-03-03"] == []
    assert made.rules["names"]["2026-03-04"] == "Stocktaking"
    assert made.rules["dates"]["2026-10-01"] == []
    assert set(complaint.clocks.exclude(calendar=None).values_list("calendar__version", flat=True)) == {1}
    page = text_of(reader.get(url()))
    assert "council decision" in page
    assert user.display_name in page


def test_the_preview_counts_the_clocks_that_would_move_and_moves_none(reader, sign_in):
    sign_in(Role.SUPERVISOR)
    a_complaint()
    before = list(Clock.objects.order_by("pk").values_list("pk", "due_at", "calendar"))
    typed = filled_in(reader, "cn-national", **{"added-0-first": "2026-03-03"})
    preview = reader.post(url("calendar-edit", "cn-national"), typed)
    moved = preview.context["moved"]
    assert moved.later > 0
    assert moved.earlier == 0
    assert moved.looked_at == moved.ticking
    assert any(row.is_different for row in preview.context["compared"])
    saved(reader, preview, "cn-national")
    assert list(Clock.objects.order_by("pk").values_list("pk", "due_at", "calendar")) == before
    assert a_complaint().clocks.filter(calendar__code="cn-national").first().calendar.version == 2


def test_exceptions_can_be_taken_away_and_days_can_work_like_others(reader, sign_in):
    sign_in(Role.ADMINISTRATOR)
    typed = filled_in(
        reader,
        remove=["2026-10-01..2026-10-07"],
        **{"added-0-first": "2026-03-07", "added-0-kind": "week:fri", "added-1-first": "2026-03-08"},
        **{"added-1-kind": "hours", "added-1-hours": "9:00-11:00"},
    )
    saved(reader, reader.post(url("calendar-edit"), typed))
    dates = newest().rules["dates"]
    assert "2026-10-03" not in dates
    assert dates["2026-03-07"] == "week:fri"
    assert dates["2026-03-08"] == [["09:00", "11:00"]]


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"tue": "8:30-12:00 11:00-13:00"}, "two windows overlap"),
        ({"tue": "in the morning"}, "is no window"),
        ({"tue": "8:30-25:00"}, "no time of day"),
        (dict.fromkeys(WEEK, ""), "never opens"),
        ({"mon": "22:00-06:00", "tue": "05:00-09:00"}, "across midnight"),
        ({"timezone": "Moon/Crater"}, "Moon/Crater"),
        ({"name_en": ""}, "required"),
        ({"added-0-first": "2026-03-08", "added-0-last": "2026-03-01"}, "comes after the first"),
        ({"added-0-first": "2026-03-08", "added-0-kind": "hours"}, "Say the hours"),
        ({"added-0-last": "2026-03-08"}, "required"),
    ],
)
def test_an_impossible_calendar_is_said_beside_what_was_typed(reader, sign_in, typed, says):
    sign_in(Role.SUPERVISOR)
    dates = {} if any(typed.values()) else {"base": json.dumps({**newest().rules, "dates": {}, "names": {}})}
    response = reader.post(url("calendar-edit"), filled_in(reader, **{**dates, **typed}))
    assert response.status_code == 422
    assert says in text_of(response)
    for value in typed.values():
        assert value in text_of(response)
    assert newest().version == 1


def test_without_a_reason_nothing_is_saved_and_nothing_is_lost(reader, sign_in):
    sign_in(Role.SUPERVISOR)
    preview = reader.post(url("calendar-edit"), filled_in(reader, fri="09:00-10:00"))
    refused = saved(reader, preview, reason=" ")
    assert refused.status_code == 422
    assert "Say why" in text_of(refused)
    assert newest().version == 1
    assert saved(reader, refused).status_code == 302
    assert newest().rules["week"]["fri"] == [["09:00", "10:00"]]


def test_two_people_do_not_overwrite_each_other(reader, sign_in):
    sign_in(Role.SUPERVISOR)
    mine, theirs = (filled_in(reader, fri=hours) for hours in ("09:00-10:00", "09:00-11:00"))
    saved(reader, reader.post(url("calendar-edit"), theirs))
    late = saved(reader, reader.post(url("calendar-edit"), mine))
    assert late.status_code == 409
    assert "Somebody else saved" in text_of(late)
    assert newest().rules["week"]["fri"] == [["09:00", "11:00"]]


def test_a_version_that_changes_nothing_is_not_saved(reader, sign_in):
    sign_in(Role.SUPERVISOR)
    refused = saved(reader, reader.post(url("calendar-edit"), filled_in(reader)))
    assert refused.status_code == 422
    assert "Nothing is different from version 1" in text_of(refused)
    assert newest().version == 1


@pytest.mark.parametrize("rules", ["", "[]", "{", '{"timezone": "UTC", "week": 3}', '{"dates": {"20260101": []}}'])
def test_a_broken_proposal_is_refused_as_a_whole(reader, sign_in, rules):
    sign_in(Role.SUPERVISOR)
    carried = {"seen": 1, "name_zh": "x", "name_en": "x", "rules": rules, "reason": "because"}
    for name in ("calendar-save", "calendar-preview", "calendar-edit"):
        assert reader.post(url(name), carried).status_code == 422
    assert newest().version == 1


def test_from_the_preview_one_goes_back_to_what_was_proposed_or_tries_another_limit(reader, sign_in):
    sign_in(Role.SUPERVISOR)
    preview = reader.post(url("calendar-edit"), filled_in(reader, fri="09:00-10:00"))
    carried = fields_of(preview)
    again = reader.post(url("calendar-edit"), carried)
    assert 'value="09:00-10:00"' in text_of(again)
    tried = reader.post(url("calendar-preview"), {**carried, "limit": "2wh", "start": "2026-03-06T09:00"})
    (asked, *_rest) = tried.context["compared"]
    assert (asked.before, asked.after) == ("6 Mar 2026, 11:00", "9 Mar 2026, 09:30")
    wrong = reader.post(url("calendar-preview"), {**carried, "limit": "two", "start": "2026-03-06T09:00"})
    assert wrong.status_code == 422
    assert "no time limit" in text_of(wrong)


def test_a_new_calendar_begins_with_version_one(reader, sign_in):
    sign_in(Role.ADMINISTRATOR)
    typed = {"seen": 0, "code": "night", "name_zh": "夜班", "name_en": "Night shift", "timezone": "Asia/Shanghai"}
    typed |= {"mon": "22:00-06:00", "added-TOTAL_FORMS": "0", "added-INITIAL_FORMS": "0", "base": "{}"}
    preview = reader.post(url("calendar-new", ""), typed)
    assert preview.status_code == 200
    assert not Calendar.objects.filter(code="night").exists()
    again = reader.post(url("calendar-new", ""), fields_of(preview))
    assert 'value="night"' in text_of(again)
    assert saved(reader, preview, "night", "asked for by the control room").url == url(code="night")
    made = newest("night")
    assert (made.version, made.rules["week"]) == (1, {"mon": [["22:00", "06:00"]]})
    twice = reader.post(url("calendar-new", ""), typed)
    assert twice.status_code == 422
    assert saved(reader, preview, "night", "again").status_code == 409
    assert newest("night").version == 1


def test_a_years_file_is_taken_in(reader, sign_in):
    sign_in(Role.SUPERVISOR)
    file = SimpleUploadedFile("2027.json", as_json(a_year()))
    preview = reader.post(url("calendar-import"), {"year": 2027, "file": file})
    assert preview.status_code == 200
    assert "1 Oct 2027" in text_of(preview)
    assert newest().version == 1
    saved(reader, preview, reason="announced")
    assert newest().rules["covers_until"] == "2027-12-31"
    assert newest().working_calendar().is_working_day(date(2027, 1, 3))


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"year": 2027}, "Choose a file"),
        ({"year": 2027, "library": "CN"}, "does not know 2027"),
        ({"year": "soon", "library": "CN"}, "whole number"),
        ({"year": 2026, "content": b"<html>"}, "neither a JSON"),
        ({"year": 2026, "library": "CN", "content": as_json(a_year())}, "one of the two"),
    ],
)
def test_a_wrong_file_is_refused_in_a_sentence(reader, sign_in, typed, says):
    sign_in(Role.SUPERVISOR)
    if content := typed.pop("content", None):
        typed["file"] = SimpleUploadedFile("holidays.json", content)
    refused = reader.post(url("calendar-import"), typed)
    assert refused.status_code == 422
    assert says in text_of(refused)
    assert newest().version == 1


def test_the_what_if_speaks_of_the_version_that_is_shown(reader, sign_in):
    sign_in(Role.SUPERVISOR)
    saved(reader, reader.post(url("calendar-edit"), filled_in(reader, fri="09:00-10:00")))
    asked = {"limit": "2wh", "start": "2026-03-06T09:00"}
    assert "11:00" in text_of(reader.get(url(), {**asked, "version": 1})).split("2 working hours")[1][:80]
    assert "9 Mar 2026, 09:30" in text_of(reader.get(url(), asked))
    refused = reader.get(url(), {**asked, "limit": "two"})
    assert refused.status_code == 422
    page = reader.get(reverse("complaints:deadlines"), {**asked, "calendar": "office@1"})
    assert "due 6 Mar 2026, 11:00" in text_of(page)


def test_from_november_on_the_coming_year_is_asked_for(profile):
    assert calendars_running_out(date(2026, 10, 31)) == []
    codes = {one.calendar.code for one in calendars_running_out(date(2026, 11, 1))}
    assert "cn-national" in codes
    assert "always" not in codes


def test_a_clock_that_reaches_beyond_what_is_known_is_told_of_at_any_time(reader, sign_in):
    sign_in(Role.SUPERVISOR)
    assert "known until" not in text_of(reader.get(url("calendars", "")))
    complaint = a_complaint(at=MONDAY)
    clock = complaint.clocks.filter(calendar__code="cn-national", state="running").first()
    Clock.objects.filter(pk=clock.pk).update(due_at=datetime(2026, 12, 31, 16, 0, tzinfo=UTC))
    assert calendars_running_out(date(2026, 3, 2)) == []  # the end of 31 December in Shanghai
    Clock.objects.filter(pk=clock.pk).update(due_at=datetime(2027, 1, 5, 16, 0, tzinfo=UTC))
    (one,) = calendars_running_out(date(2026, 3, 2))
    assert (one.calendar.code, one.clocks) == ("cn-national", 1)
    page = text_of(reader.get(url("calendars", "")))
    assert "1 running deadline lies beyond" in page
    assert url("calendar-import", "cn-national") in page


def test_those_who_renew_see_a_count_on_every_page_of_deadlines(reader, sign_in):
    sign_in(Role.SUPERVISOR)
    with time_machine.travel(datetime(2026, 11, 20, tzinfo=UTC)):
        sign_in(Role.SUPERVISOR)
        assert "need the coming year" in text_of(reader.get(reverse("complaints:deadlines")))
        sign_in(Role.AGENT)
        assert "need the coming year" not in text_of(reader.get(reverse("complaints:deadlines")))


def test_a_deadline_beyond_what_is_known_is_called_a_guess(reader, sign_in):
    sign_in(Role.AGENT)
    asked = {"start": "2026-12-28T10:00", "limit": "3wd", "calendar": "cn-national"}
    assert "is a guess" not in text_of(reader.get(reverse("complaints:deadlines"), asked))
    page = reader.get(reverse("complaints:deadlines"), {**asked, "limit": "4wd"})
    assert "after 31 Dec 2026 is not loaded, so this is a guess" in text_of(page)


def test_the_list_costs_the_same_for_many(reader, sign_in, django_assert_max_num_queries):
    sign_in(Role.SUPERVISOR)
    reader.get(url("calendars", ""))
    with django_assert_max_num_queries(14) as few:
        reader.get(url("calendars", ""))
    for number in range(20):
        Calendar.objects.create(code=f"c{number}", name_zh="x", name_en="x", rules=newest().rules)
    with django_assert_max_num_queries(14) as many:
        reader.get(url("calendars", ""))
    assert len(few.captured_queries) == len(many.captured_queries)
