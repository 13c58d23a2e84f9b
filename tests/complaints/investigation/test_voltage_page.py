"""The page of a voltage complaint: a log is kept, its columns confirmed, judged and shown; who may not, changes nothing."""

from datetime import timedelta
from html import unescape
from itertools import pairwise

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import translation

from complaints import workflow
from complaints.investigation import panel, voltage
from complaints.models import RootCause, VoltageFinding, VoltageTest
from complaints.states import Status
from staff.actors import Role
from tests.at_once import at_once
from tests.complaints.test_moves import bring, everything_about
from tests.factories import MONDAY, a_complaint, a_user, an_actor, an_answer

pytestmark = [pytest.mark.usefixtures("profile"), pytest.mark.django_db]

ABOUT = {"nominal": "gb-220:220", "point": "表后进线", "instrument": "DT-3", "serial": "0815"}


def evening_sag(days=7, low=190.0, hours=(19, 22)):
    begin = MONDAY.replace(hour=0)
    lines = ["设备,电压监测仪", "时间,A相电压(V)"]
    for n in range(days * 1440):
        at = begin + timedelta(minutes=n)
        lines.append(f"{at:%Y-%m-%d %H:%M},{low if hours[0] <= at.hour < hours[1] else 221.5}")
    return ("\n".join(lines) + "\n").encode("gb18030")


@pytest.fixture
def complaint():
    return bring(a_complaint("VOL-02"), Status.INVESTIGATING)


@pytest.fixture
def desk(client, profile):
    client.force_login(a_user(Role.INVESTIGATOR))
    client.cookies["language"] = "en"
    return client


def panel_of(complaint):
    """In English, whatever language the last request was answered in."""
    with translation.override("en"):
        return panel(complaint)


def address(complaint):
    return reverse("complaints:investigation", args=[complaint.reference])


def upload(desk, complaint, data, name="记录.csv"):
    return desk.post(address(complaint), {"do": "upload", "log": SimpleUploadedFile(name, data)})


def confirm(desk, complaint, response, **more):
    form = desk.get(response.url).context["form"]
    said = {name: form[name].value() for name in form.fields}
    said = {name: value for name, value in said.items() if value is not None} | ABOUT | more
    return desk.post(address(complaint), {"do": "save", "log": response.url.rpartition("=")[2], **said})


def test_a_week_of_evening_sag_is_outside(desk, complaint):
    response = upload(desk, complaint, evening_sag())
    assert response.status_code == 302
    kept = complaint.attachments.get()
    assert (kept.kind, kept.name) == ("log", "记录.csv")
    shown = desk.get(response.url).content.decode()
    assert "A相电压(V)" in shown
    assert not VoltageTest.objects.exists()
    response = confirm(desk, complaint, response)
    assert response.status_code == 302
    test = VoltageTest.objects.get()
    assert (test.verdict, test.file, test.nominal) == ("outside", kept, 220)
    assert test.judged["A"]["kept"][0]["share"] == 87.5
    assert len(test.series.get().seconds) == 10080
    event = complaint.events.latest("number")
    assert (event.move, event.details["part"]) == ("investigate", "the voltage")
    assert "87.5% of the time between 198 V and 235.4 V, 95% asked for" in event.details["summary"]
    page = unescape(desk.get(address(complaint)).content.decode())
    assert "Outside the limits of GB/T 12325" in page
    assert page.count("too low") >= 7
    assert "Outside the limits" in desk.get(complaint.get_absolute_url()).content.decode()


def test_the_verdict_is_said_in_chinese_too(desk, complaint):
    confirm(desk, complaint, upload(desk, complaint, evening_sag()))
    with translation.override("zh-hans"):
        said = voltage.sentence(VoltageTest.objects.get())
    assert "GB/T 12325 单相 220 V" in said
    assert "87.5" in said


def test_the_same_file_at_the_same_point_is_recorded_once(desk, complaint):
    response = upload(desk, complaint, evening_sag(days=1))
    assert confirm(desk, complaint, response).status_code == 302
    assert upload(desk, complaint, evening_sag(days=1)).url == response.url
    assert complaint.attachments.count() == 1
    assert complaint.events.filter(move="attach").count() == 1
    again = confirm(desk, complaint, response)
    assert again.status_code == 422
    assert again.context["form"].errors.keys() == {"point"}
    assert VoltageTest.objects.count() == 1


def test_a_day_is_too_short_and_that_is_the_verdict(desk, complaint):
    confirm(desk, complaint, upload(desk, complaint, evening_sag(days=1)))
    assert VoltageTest.objects.get().verdict == "too_short"
    shown = panel_of(complaint)
    assert shown.meaning == "warning"
    assert "a measurement over 7 days" in shown.missing


def test_bad_lines_are_listed_and_can_be_taken_away(desk, complaint):
    data = evening_sag(days=1) + b"noon,220\n2026-03-09 00:00,=1+1\n"
    confirm(desk, complaint, upload(desk, complaint, data))
    test = VoltageTest.objects.get()
    assert [code for *_rest, code in test.faults] == ["no_time", "no_number"]
    assert "2 lines to look at" in desk.get(address(complaint)).content.decode()
    file = desk.get(address(complaint), {"faults": test.pk})
    assert file["Content-Disposition"].startswith("attachment")
    assert "1443,,noon" in file.content.decode("utf-8-sig")
    assert ",'=1+1," in file.content.decode("utf-8-sig")


def test_typed_readings_are_judged_and_what_was_typed_is_kept_when_refused(desk, complaint):
    said = ABOUT | {"do": "typed", "readings": "at noon 198"}
    refused = desk.post(address(complaint), said)
    assert refused.status_code == 422
    assert "at noon 198" in refused.content.decode()
    assert not VoltageTest.objects.exists()
    taken = desk.post(
        address(complaint), said | {"readings": "2026-03-02 19:30 189.5 220 221\n2026-03-02 19:31 190 220 221"}
    )
    assert taken.status_code == 302
    test = VoltageTest.objects.get()
    assert (test.verdict, sorted(test.judged), test.file) == ("too_short", ["A", "B", "C"], None)


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n", b"just words\nand more words\n", b"PK\x03\x04xx"])
def test_what_is_no_log_is_refused_beside_the_field(desk, complaint, data):
    before = everything_about(complaint)
    response = upload(desk, complaint, data)
    assert response.status_code == 422
    assert response.context["upload"].errors["log"]
    assert everything_about(complaint) == before


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"phase_A": ""}, "phase_U"),
        ({"time": "1"}, "__all__"),
        ({"nominal": "gb-999:1"}, "nominal"),
        ({"first": "0"}, "first"),
        ({"point": ""}, "point"),
    ],
)
def test_what_does_not_fit_is_said_and_nothing_recorded(desk, complaint, more, field):
    response = confirm(desk, complaint, upload(desk, complaint, evening_sag(days=1)), **more)
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert not VoltageTest.objects.exists()


def test_a_log_whose_columns_nobody_named_is_not_forgotten(desk, complaint):
    url = upload(desk, complaint, evening_sag(days=1)).url
    assert url.rpartition("?")[2] in desk.get(address(complaint)).content.decode()


def test_load_measures_and_damage(desk, complaint):
    confirm(desk, complaint, upload(desk, complaint, evening_sag()))
    said = {
        "do": "measures",
        "transformer_load": "112.5",
        "permanent_measure": "增容至 400 kVA",
        "planned_on": "2026-06-30",
    }
    assert desk.post(address(complaint), said).status_code == 302
    finding = VoltageFinding.objects.get()
    assert (str(finding.transformer_load), str(finding.planned_on)) == ("112.5", "2026-06-30")
    shown = panel_of(complaint)
    assert (shown.missing, shown.cause) == ([], "equipment-overload")
    again = desk.post(address(complaint), said)
    assert again.status_code == 422
    assert VoltageFinding.objects.count() == 1
    assert complaint.events.filter(move="investigate").count() == 2
    form = desk.get(complaint.get_absolute_url(), {"move": "resolve"}).context["form"]
    assert form.fields["root_cause"].initial == RootCause.objects.get(code="equipment-overload")


def test_the_form_of_the_answer_says_what_is_missing_and_does_not_refuse(desk, complaint):
    page = desk.get(complaint.get_absolute_url(), {"move": "resolve"}, headers={"HX-Request": "true"}).content.decode()
    assert "Still to be found: a measurement" in page


def test_damage_asks_for_more(desk):
    complaint = bring(a_complaint("VOL-08"), Status.INVESTIGATING)
    assert {"the damaged appliances", "who is liable"} <= set(panel_of(complaint).missing)
    said = {
        "do": "measures",
        "appliances": "冰箱 2024\n电视 2022",
        "checked_on": "2026-03-04",
        "liability": "utility",
        "settlement": "1280.50",
    }
    assert desk.post(address(complaint), said).status_code == 302
    assert "冰箱 2024" in complaint.events.latest("number").details["summary"]
    assert "the settlement" not in panel_of(complaint).missing


def test_a_wrong_measurement_is_withdrawn_once_and_stays_visible(desk, complaint):
    confirm(desk, complaint, upload(desk, complaint, evening_sag()))
    test = VoltageTest.objects.get()
    said = {"do": "withdraw", "test": test.pk, "because": "接错相"}
    assert desk.post(address(complaint), said | {"because": ""}).status_code == 422
    assert desk.post(address(complaint), said).status_code == 302
    assert desk.post(address(complaint), said).status_code == 422
    assert "接错相" in desk.get(address(complaint)).content.decode()
    assert panel_of(complaint).verdict == ""


@pytest.mark.parametrize("role", [Role.AGENT, Role.ANALYST])
@pytest.mark.parametrize("do", ["upload", "typed", "measures", "withdraw", "save"])
def test_who_does_not_investigate_changes_nothing(client, complaint, role, do):
    client.force_login(a_user(role))
    before = everything_about(complaint)
    data = {"do": do, "log": SimpleUploadedFile("a.csv", evening_sag(days=1)), "transformer_load": "3", **ABOUT}
    assert client.post(address(complaint), data | {"readings": "2026-03-02 19:30 189"}).status_code == 302
    assert everything_about(complaint) == before
    assert not VoltageTest.objects.exists()
    assert not VoltageFinding.objects.exists()
    assert client.get(address(complaint)).status_code == 200


@pytest.mark.parametrize(
    "query", ["?log=x", "?log=7d6f3d8e-0000-4000-8000-000000000000", "?faults=x", "?faults=99999999999999999999"]
)
def test_what_is_not_there_is_not_found(desk, complaint, query):
    assert desk.get(address(complaint) + query).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_four_at_once_record_one_measurement(profile):
    complaint = bring(a_complaint("VOL-02"), Status.INVESTIGATING)
    who = a_user(Role.INVESTIGATOR)
    client = Client()
    client.force_login(who)
    response = upload(client, complaint, evening_sag(days=1))
    assert response.status_code == 302

    def press(number):
        own = Client()
        own.force_login(who)
        return confirm(own, complaint, response).status_code

    answers = at_once(press, 4)
    assert VoltageTest.objects.count() == 1
    assert sorted(answers) == [302, 422, 422, 422]
    numbers = list(complaint.events.values_list("number", flat=True))
    assert all(later == earlier + 1 for earlier, later in pairwise(numbers))


def test_a_plan_that_is_later_than_the_promised_removal_is_told(desk, complaint):
    said = {"do": "measures", "permanent_measure": "增容", "planned_on": "2031-06-30"}
    assert desk.post(address(complaint), said).status_code == 302
    workflow.perform("resolve", complaint, by=an_actor(Role.SUPERVISOR), at=MONDAY + timedelta(hours=4), **an_answer())
    facts = {str(label): str(value) for label, value in panel_of(complaint).facts}
    assert facts["Cause to be removed by"].endswith("; the measure is planned for later than that")
