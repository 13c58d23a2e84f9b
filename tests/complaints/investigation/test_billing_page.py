"""A disputed bill on its page: worked out while somebody types, recorded with what made the difference, shown on paper."""

from datetime import date
from decimal import Decimal
from html import unescape

import pytest
from django.urls import reverse

from complaints import investigation
from complaints.models import BillingFinding, DeskSettings
from complaints.states import Status
from staff.actors import Role
from tests.complaints.test_moves import a_file, bring, everything_about
from tests.factories import a_branch, a_complaint, a_user

pytestmark = [pytest.mark.usefixtures("profile"), pytest.mark.django_db]

BILL = {
    "disputed": "电费突然翻倍",
    "period_from": "2026-01-31",
    "period_until": "2026-02-28",
    "amount_billed": "269.00",
    "tariff_code": "zhejiang-annual",
    "multiplier": "1",
    "people": "3",
    "used_before": "0",
    "total_previous": "1000",
    "total_current": "1500",
}
"""500 kWh in the first band: 269.00, as it was billed."""


@pytest.fixture
def complaint():
    return bring(a_complaint("BIL-01"), Status.INVESTIGATING)


@pytest.fixture
def desk(client):
    client.force_login(a_user(Role.INVESTIGATOR))
    client.cookies["language"] = "en"
    return client


def address(complaint):
    return reverse("complaints:investigation", args=[complaint.reference])


def say(desk, complaint, **said):
    newest = complaint.billing_findings.first()
    return desk.post(address(complaint), {**BILL, "standing": newest.pk if newest else "", **said})


def page(desk, url):
    return unescape(desk.get(url).content.decode())


def test_a_bill_that_is_right_is_said_to_be_right(desk, complaint):
    assert say(desk, complaint).status_code == 302
    finding = complaint.billing_findings.get()
    assert (finding.verdict, finding.recalculated, finding.cause) == (
        "right",
        Decimal("269.00"),
        "customer-misunderstanding",
    )
    event = complaint.events.latest("number")
    assert (event.move, event.details["part"]) == ("investigate", "the bill")
    assert "The bill is right: 500 kWh come to 269.00 CNY" in page(desk, complaint.get_absolute_url())


def test_an_estimated_reading_explains_the_difference_line_by_line(desk, complaint):
    said = {"is_estimated": "on", "total_verified": "1400", "verified_on": "2026-02-28", "verified_by": "张工"}
    assert say(desk, complaint, **said).status_code == 302
    finding = complaint.billing_findings.get()
    assert (finding.verdict, finding.excess, finding.explained) == ("too_high", Decimal("53.80"), ["readings"])
    shown = page(desk, address(complaint))
    assert "Billed 53.80 CNY too much: 400 kWh come to 215.20 CNY, and 269.00 CNY were billed." in shown
    assert "An estimated reading was billed. Total: billed 1,500, read 1,400." in shown
    row = shown[shown.index("From 0 to 400 kWh") :]
    assert all(cell in row for cell in ("0.538", "500", "269.00", "400", "215.20"))
    assert investigation.panel(complaint).missing == ["what is given back"]
    assert "From 0 to 400 kWh" in page(desk, f"{complaint.get_absolute_url()}?print")


@pytest.mark.parametrize(
    ("said", "recalculated", "explained", "sentence"),
    [
        ({"amount_billed": "289.00", "people": "5", "used_before": "2660"}, "269.00", ["household"], "5 people live"),
        (
            {"amount_billed": "269.00", "tariff_code": "hebei-monthly", "tariff_billed": "zhejiang-annual"},
            "331.00",
            ["tariff"],
            "was made under “Zhejiang households, by the year”",
        ),
        (
            {"meter_error": "25", "meter_permitted": "2", "meter_reference": "检定 2026-17"},
            "215.20",
            ["meter"],
            "wrong by 25%, and 2% are permitted",
        ),
        ({"amount_billed": "300"}, "269.00", [], "Nothing that is recorded explains"),
        (
            {"total_verified": "1480", "verified_on": "2026-03-28", "verified_by": "张工"},
            "129.12",
            ["readings"],
            "read on 28 Mar 2026",
        ),
    ],
)
def test_what_made_the_difference_is_named(desk, complaint, said, recalculated, explained, sentence):
    assert say(desk, complaint, **said).status_code == 302
    finding = complaint.billing_findings.get()
    assert (finding.recalculated, finding.explained) == (Decimal(recalculated), explained)
    assert sentence in complaint.events.latest("number").details["summary"]


def test_too_little_is_said_as_honestly_as_too_much(desk, complaint):
    say(desk, complaint, amount_billed="200.00")
    finding = complaint.billing_findings.get()
    assert (finding.verdict, finding.excess) == ("too_low", Decimal("-69.00"))
    assert "Billed 69.00 CNY too little" in page(desk, complaint.get_absolute_url())
    assert "what is given back" not in investigation.missing(complaint)


def test_a_late_fee_is_due_on_the_right_amount_only(desk, complaint):
    """20 days at 0.1 % of 215.20 are 4.30; 5.38 were charged."""
    DeskSettings.objects.filter(pk=1).update(late_fee_rate="0.1")
    say(desk, complaint, total_verified="1400", late_days="20", late_fee="5.38")
    finding = complaint.billing_findings.get()
    assert (finding.fee_due, finding.excess) == (Decimal("4.30"), Decimal("54.88"))


def test_dunning_that_is_held_has_to_be_released(desk, complaint):
    say(desk, complaint, held_on="2026-02-20")
    assert investigation.missing(complaint) == ["that dunning is released"]
    say(desk, complaint, held_on="2026-02-20", released_on="2026-02-25")
    assert investigation.missing(complaint) == []


def test_the_lines_follow_while_somebody_types_and_nothing_is_recorded(desk, complaint):
    before = everything_about(complaint)
    answer = desk.post(address(complaint), {**BILL, "look": "1"}, headers={"HX-Request": "true"})
    text = unescape(answer.content.decode())
    assert answer.status_code == 200
    assert text.lstrip().startswith("<section")
    assert "The bill is right" in text
    assert "Not recorded yet" in text
    half = desk.post(address(complaint), {**BILL, "total_current": "", "look": "1"}, headers={"HX-Request": "true"})
    assert half.status_code == 200
    assert "Say what it showed at the end." in half.content.decode()
    assert not BillingFinding.objects.exists()
    assert everything_about(complaint) == before


def test_without_javascript_a_button_recalculates_and_keeps_what_was_typed(desk, complaint):
    answer = desk.post(address(complaint), {**BILL, "look": "1"})
    text = unescape(answer.content.decode())
    assert answer.status_code == 200
    assert "The bill is right" in text
    assert 'value="1500"' in text
    assert not BillingFinding.objects.exists()


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"disputed": ""}, "disputed"),
        ({"period_until": "2026-01-31"}, "period_until"),
        ({"period_until": "2999-01-01"}, "period_until"),
        ({"total_current": "999"}, "total_current"),
        ({"total_previous": "", "total_current": ""}, "total_previous"),
        ({"total_current": ""}, "total_current"),
        ({"tariff_code": "nobody-has-this"}, "tariff_code"),
        ({"tariff_code": "zhejiang-peak-valley"}, "peak_current"),
        ({"period_from": "2000-01-31", "period_until": "2000-02-28"}, "tariff_code"),
        ({"total_verified": "1400", "verified_on": "2026-01-01"}, "verified_on"),
        ({"meter_error": "3"}, "meter_permitted"),
        ({"late_fee": "3"}, "late_days"),
        ({"released_on": "2026-02-01"}, "released_on"),
        ({"amount_billed": "-1"}, "amount_billed"),
        ({"total_current": "9999999999", "multiplier": "999999"}, "total_current"),
        ({"people": "0"}, "people"),
        ({"multiplier": "0"}, "multiplier"),
    ],
)
def test_what_makes_no_sense_is_refused_and_stays_on_the_page(desk, complaint, said, field):
    before = everything_about(complaint)
    response = say(desk, complaint, **said)
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert not BillingFinding.objects.exists()
    assert everything_about(complaint) == before


def test_peak_and_valley_need_their_registers(desk, complaint):
    said = {"tariff_code": "zhejiang-peak-valley", "amount_billed": "91.20", "total_previous": "", "total_current": ""}
    registers = {"peak_previous": "0", "peak_current": "120", "valley_previous": "0", "valley_current": "80"}
    assert say(desk, complaint, **said, **registers).status_code == 302
    assert complaint.billing_findings.get().verdict == "right"
    assert "Valley: what it adds or takes off" in page(desk, address(complaint))


def test_two_who_record_at_once_do_not_overwrite_each_other_unseen(desk, complaint):
    say(desk, complaint)
    response = desk.post(address(complaint), {**BILL, "standing": "", "people": "5"})
    assert response.status_code == 409
    assert complaint.billing_findings.get().people == 3
    assert say(desk, complaint).status_code == 422
    assert complaint.billing_findings.count() == 1


def test_a_reason_given_for_a_smaller_amount_waives_no_larger_one(desk, complaint):
    reason = {"no_adjustment_because": "Paid as a donation"}
    say(desk, complaint, total_verified="1400", **reason)
    response = say(desk, complaint, total_verified="1300", **reason)
    assert response.status_code == 422
    assert "This reason was given for 53.80 CNY" in unescape(response.content.decode())
    assert "Paid as a donation" in response.content.decode()
    assert complaint.billing_findings.count() == 1
    assert say(desk, complaint, total_verified="1300", no_adjustment_because="All is a donation").status_code == 302


def test_the_photo_of_the_meter_is_kept_with_the_finding(desk, complaint):
    file = a_file().file
    file.seek(0)
    assert say(desk, complaint, photo=file).status_code == 302
    assert complaint.billing_findings.get().photo == complaint.attachments.get()


def test_who_does_not_investigate_records_nothing_and_who_may_not_see_finds_nothing(client, complaint):
    client.force_login(a_user(Role.ANALYST))
    before = everything_about(complaint)
    say(client, complaint)
    assert not BillingFinding.objects.exists()
    client.force_login(a_user(Role.INVESTIGATOR, branch=a_branch("west", a_branch())))
    assert say(client, complaint).status_code == 404
    assert everything_about(complaint) == before


def test_the_page_speaks_chinese(desk, complaint):
    say(desk, complaint, total_verified="1400", verified_on="2026-02-28")
    desk.cookies["language"] = "zh-hans"
    shown = page(desk, address(complaint))
    assert "53.80 元" in shown
    assert "多收" in shown


def test_a_later_version_of_the_tariff_changes_no_finding(desk, complaint):
    say(desk, complaint)
    finding = complaint.billing_findings.get()
    assert finding.period_until == date(2026, 2, 28)
    assert finding.lines[0]["version"] == 1
