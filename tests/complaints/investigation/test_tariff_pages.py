"""Tariffs on their pages: seen by all, changed by those who steer, and never before they saw what it would do."""

from decimal import Decimal
from html import unescape

import pytest
from django.db import IntegrityError, transaction

from complaints.models import DeskSettings, Tariff
from staff.actors import Role
from tests.factories import a_user

pytestmark = [pytest.mark.usefixtures("profile"), pytest.mark.django_db]

NEW = {
    "code": "test-monthly",
    "name_zh": "测试电价",
    "name_en": "A test",
    "valid_from": "2026-01-01",
    "basis": "monthly",
    "bands": "180 0.52\n280 0.57\n0.82",
    "extra_kwh": "0",
    "free_kwh": "0",
    "reason": "新文件",
}


@pytest.fixture
def desk(client):
    client.force_login(a_user(Role.SUPERVISOR))
    client.cookies["language"] = "en"
    return client


def text(answer):
    return unescape(answer.content.decode())


def test_everybody_at_the_desk_reads_them_and_only_those_who_steer_change_them(client):
    client.force_login(a_user(Role.INVESTIGATOR))
    client.cookies["language"] = "en"
    shown = text(client.get("/desk/tariffs/"))
    assert "Beijing households, by the year" in shown
    assert "up to 2,880 kWh: 0.4883" in shown
    assert client.get("/desk/tariffs/beijing-annual/").status_code == 200
    assert client.get("/desk/tariffs/beijing-annual/change/").status_code == 403
    assert client.post("/desk/tariffs/new/", {**NEW, "save": "1"}).status_code == 403
    assert client.post("/desk/tariffs/", {"late_fee_rate": "0.3"}).status_code == 403
    assert not Tariff.objects.filter(code=NEW["code"]).exists()


def test_a_new_tariff_shows_what_a_year_costs_and_is_saved_by_a_second_press(desk):
    """100 kWh a month are 52.00 a month and 624.00 a year."""
    shown = text(desk.post("/desk/tariffs/new/", NEW))
    assert "624.00 CNY" in shown
    assert not Tariff.objects.filter(code=NEW["code"]).exists()
    assert desk.post("/desk/tariffs/new/", {**NEW, "save": "1"}).status_code == 302
    tariff = Tariff.objects.get(code=NEW["code"])
    assert (tariff.version, tariff.bands) == (1, [["180", "0.52"], ["280", "0.57"], [None, "0.82"]])


def test_a_change_is_a_new_version_and_shows_before_and_after(desk):
    url = "/desk/tariffs/beijing-annual/change/"
    form = desk.get(url).context["form"]
    said = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    said |= {"valid_from": "2027-01-01", "reason": "调价", "bands": "2880 0.5\n4800 0.6\n0.8"}
    shown = text(desk.post(url, said))
    assert "585.96 CNY" in shown  # 1200 kWh at 0.4883
    assert "600.00 CNY" in shown
    assert desk.post(url, {**said, "save": "1"}).status_code == 302
    versions = list(Tariff.objects.filter(code="beijing-annual").order_by("version").values_list("version", "bands"))
    assert [version for version, _bands in versions] == [1, 2]
    assert versions[0][1][0] == ["2880", "0.4883"]
    again = desk.post(url, {**said, "save": "1"})
    assert again.status_code == 422
    assert "Nothing is different" in text(again)


@pytest.mark.parametrize(
    ("said", "field", "sentence"),
    [
        ({"bands": "280 0.57\n180 0.52\n0.82"}, "bands", "Each band has to end above the one before it"),
        ({"bands": "180 0.52\n180 0.57\n0.82"}, "bands", "Each band has to end above the one before it"),
        ({"bands": "180 0.52"}, "bands", "Line 1: the last band is only a price."),
        ({"bands": "0.52\n0.82"}, "bands", "Line 1: an end and a price."),
        ({"bands": "180 cheap\n0.82"}, "bands", "Line 1: “cheap” is no number."),
        ({"bands": "180 NaN\n0.82"}, "bands", "is no number"),
        ({"bands": "180 -1\n0.82"}, "bands", "A price below nothing"),
        ({"valley_add": "-0.60"}, "valley_add", "less than nothing"),
        ({"basis": "seasonal"}, "season_months", "need the months"),
        ({"season_months": "5-10"}, "season_months", "Choose bands by season"),
        ({"basis": "seasonal", "season_months": "5-13", "season_bands": "1"}, "season_months", "Write months"),
        ({"charges": "税 | tax | yearly | 5"}, "charges", "Line 1"),
        ({"extra_kwh": "-1"}, "extra_kwh", "Not below zero"),
        ({"code": "beijing-annual"}, "code", "There is a tariff with this code"),
        ({"reason": ""}, "reason", "required"),
    ],
)
def test_what_cannot_be_a_tariff_is_refused_beside_its_field(desk, said, field, sentence):
    before = Tariff.objects.count()
    answer = desk.post("/desk/tariffs/new/", {**NEW, **said, "save": "1"})
    assert answer.status_code == 422
    assert sentence in " ".join(answer.context["form"].errors[field])
    assert Tariff.objects.count() == before


def test_seasons_that_go_over_the_end_of_the_year_and_charges_are_taken(desk):
    said = {
        "basis": "seasonal",
        "season_months": "11-2",
        "season_bands": "100 0.5\n0.9",
        "charges": "税 | tax | percent | 5",
    }
    assert desk.post("/desk/tariffs/new/", {**NEW, **said, "save": "1"}).status_code == 302
    tariff = Tariff.objects.get(code=NEW["code"])
    assert tariff.season_months == [1, 2, 11, 12]
    assert tariff.charges == [{"zh": "税", "en": "tax", "per": "percent", "amount": "5"}]


def test_the_numbers_that_go_with_money_are_changed_here(desk):
    said = {"late_fee_rate": "0.2", "adjustment_limit": "300", "currency_zh": "元", "currency_en": "CNY"}
    assert desk.post("/desk/tariffs/", said).status_code == 302
    assert DeskSettings.current().adjustment_limit == Decimal(300)
    assert desk.post("/desk/tariffs/", {**said, "late_fee_rate": "-1"}).status_code == 422
    assert DeskSettings.current().late_fee_rate == Decimal("0.2")


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("tariff_version_is_once", {"code": "beijing-annual"}),
        ("tariff_basis_is_known", {"basis": "weekly"}),
        ("tariff_season_is_whole", {"basis": "seasonal"}),
        ("tariff_season_is_whole", {"season_months": [1]}),
        ("tariff_gives_no_less_than_nothing", {"free_kwh": -1}),
    ],
)
def test_the_database_refuses_a_tariff_that_cannot_be(name, fields):
    values = {"code": "x", "name_zh": "x", "name_en": "x", "bands": [[None, "1"]], "valid_from": "2026-01-01", **fields}
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Tariff.objects.create(**values)


def test_a_version_is_never_changed():
    with pytest.raises(IntegrityError), transaction.atomic():
        Tariff.objects.update(source="x")
