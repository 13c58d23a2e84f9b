"""What the database refuses of the rows that prove and erase: periods, wishes, pairs, seals, reads and figures."""

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from analytics.models import ComplaintFact, OpenSpan
from complaints.models import Erasure, HistorySeal, RetentionRule, SamePerson
from customers.models import Reading
from staff.actors import Role
from tests.factories import a_complaint, a_user, an_account

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("profile")]


def refused(name, make):
    with pytest.raises(IntegrityError, match=f'"{name}"'), transaction.atomic():
        make()


def test_a_period_is_of_something_and_lasts():
    rule = RetentionRule.objects.filter(of="complaints")
    refused("retention_lasts_a_month_at_least", lambda: rule.update(months=0))
    refused("retention_is_of_something_known", lambda: rule.update(of="weather"))


def test_an_erasure_ends_only_after_another_person_confirmed_it():
    wish = Erasure.objects.create(
        customer=an_account().customer,
        reason="by letter",
        asked_by=a_user(Role.LIAISON),
        asked_at=timezone.now(),
    )
    row = Erasure.objects.filter(pk=wish.pk)
    refused("erasure_ends_after_it_was_confirmed", lambda: row.update(finished_at=timezone.now()))
    assert row.get().finished_at is None


def test_that_two_complaints_came_from_one_person_is_said_once():
    one, other = a_complaint(), a_complaint()
    SamePerson.objects.create(complaint=one, other=other)
    refused("same_person_is_said_once", lambda: SamePerson.objects.create(complaint=one, other=other))


def test_one_seal_is_in_the_making():
    now = timezone.now()
    HistorySeal.objects.create(at=now, upto=1, horizon=1)
    refused("one_seal_is_in_the_making", lambda: HistorySeal.objects.create(at=now, upto=2, horizon=1))


def test_what_was_revealed_says_why_and_nothing_else_does():
    row = {"at": timezone.now(), "window": 1, "user": a_user(Role.AGENT), "subject": "x"}
    refused("reading_says_why_it_was_shown", lambda: Reading.objects.create(**row, kind="reveal"))
    refused("reading_says_why_it_was_shown", lambda: Reading.objects.create(**row, kind="reveal", reason="fun"))
    refused("reading_says_why_it_was_shown", lambda: Reading.objects.create(**row, kind="list", reason="reach"))


def test_a_stretch_of_open_days_begins_once():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
    day = date(2026, 3, 2)
    fact = ComplaintFact(pk=a_complaint().pk)
    OpenSpan.objects.create(fact=fact, received_on=day, opened_on=day)
    refused("open_span_begins_once", lambda: OpenSpan.objects.create(fact=fact, received_on=day, opened_on=day))
