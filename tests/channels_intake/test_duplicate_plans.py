"""What the suggestions cost: each signal reads its own index and a bounded number of rows, however many there are."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from complaints import duplicates
from complaints.models import Category, Complaint
from customers.models import TransformerArea
from staff.actors import Role
from tests.factories import MONDAY, a_complaint, a_user, an_account

pytestmark = pytest.mark.usefixtures("profile")

MANY = 20_000
ITS_OWN = {
    "id",
    "reference",
    "token",
    "status",
    "received_at",
    "entered_at",
    "contact_phone",
    "transformer_area_id",
    "story",
}
CLOSED = ("closed_at", "resolved_at", "outcome", "resolution")


@pytest.fixture
def account():
    """Somebody among very many closed complaints of other people and other places, a tenth of them still open."""
    account = an_account()
    pattern = a_complaint("OUT-02")
    elsewhere = TransformerArea.objects.create(
        code="T2", name_zh="二号", name_en="2", feeder=other_feeder(account), branch=account.premise.branch
    )
    names = [f.column for f in Complaint._meta.concrete_fields if f.column not in {*ITS_OWN, *CLOSED}]
    listed = ", ".join(f'"{name}"' for name in names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO complaints_complaint ({listed}, reference, token, status, received_at, entered_at, closed_at, "
            "resolved_at, outcome, resolution, contact_phone, transformer_area_id, story) "
            f"SELECT {listed}, 'x' || n, 'x' || n, CASE WHEN n %% 10 = 0 THEN 'registered' ELSE 'closed' END, "
            "%(at)s - n * interval '1 minute', %(at)s, CASE WHEN n %% 10 > 0 THEN %(at)s END, CASE WHEN n %% 10 > 0 THEN %(at)s END, "
            "CASE WHEN n %% 10 > 0 THEN 'upheld' ELSE '' END, CASE WHEN n %% 10 > 0 THEN 'ok' ELSE '' END, '1390000' || n, "
            "%(area)s, 'x' || n FROM complaints_complaint, generate_series(1, %(many)s) n WHERE id = %(pattern)s",
            {"at": MONDAY, "area": elsewhere.pk, "many": MANY, "pattern": pattern.pk},
        )
        cursor.execute("ANALYZE complaints_complaint")
    return account


def other_feeder(account):
    feeder = account.premise.transformer_area.feeder
    feeder.pk, feeder.code = None, "F2"
    feeder.save()
    return feeder


def asked(account, **given):
    """The statements of one suggestion, with how each was carried out: (index names, rows read)."""
    with CaptureQueriesContext(connection) as caught:
        duplicates.likely(
            a_user(Role.SUPERVISOR), category=Category.objects.get(code="OUT"), account=account, at=MONDAY, **given
        )
    statements = [q["sql"] for q in caught.captured_queries if 'FROM "complaints_complaint"' in q["sql"]]
    plans = []
    for statement in statements:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")
            plans.append(cursor.fetchone()[0][0]["Plan"])
    return plans


def read(plan):
    """The indexes a plan uses, and the most rows of complaints that any of its nodes gave or threw away."""
    names, most = {plan.get("Index Name")} - {None}, 0
    if plan.get("Relation Name") == "complaints_complaint":
        most = plan["Actual Loops"] * (plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0))
    for child in plan.get("Plans", []):
        below, rows = read(child)
        names, most = names | below, max(most, rows)
    return names, most


def test_each_signal_reads_its_index_and_few_rows(account):
    same, again, nearby, words = (read(plan) for plan in asked(account, story="整栋楼都没有电"))
    for names, most in (same, again):
        assert any("account_id" in name or "customer_id" in name for name in names), names
        assert most <= 10
    assert ("duplicates_by_asset" in nearby[0], nearby[1] <= 10) == (True, True), nearby
    assert ("duplicates_by_words" in words[0], words[1] <= duplicates.TEXTS_READ) == (True, True), words


def test_a_phone_is_looked_up_by_its_index(account):
    same, again, *_rest = (read(plan) for plan in asked(None, phone="139 0000 15"))
    for names, most in (same, again):
        assert "complaint_by_phone" in names
        assert most <= 10


def test_all_of_it_is_a_pinned_number_of_queries(account, django_assert_num_queries):
    user, category = a_user(Role.SUPERVISOR), Category.objects.get(code="OUT")
    a_complaint("OUT-02", account=account, customer=account.customer, at=MONDAY - timedelta(hours=1))
    with django_assert_num_queries(5):
        duplicates.likely(user, category=category, account=account, story="整栋楼都没有电", at=MONDAY)
