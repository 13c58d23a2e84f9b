"""Every address, asked by every role from its own district, another one, above all and nowhere, answers as docs/access.md says.

An address without a row fails, and so does a row without its address. When one fails, think first: the row that is printed is
what the product does, which need not be what it should.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import transaction

from complaints.models import Category
from tests.access import table, world
from tests.access.asking import words
from tests.access.routes import nameless, routes
from tests.access.world import World

pytestmark = pytest.mark.django_db
METHODS = ("GET", "POST")
HALVES = [
    pytest.param(route, id=route.shown, marks=pytest.mark.xdist_group(f"access-{number % 2}"))
    for number, route in enumerate(routes())
]


@pytest.fixture(scope="module")
def utility(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[World]:
    """Built once; whatever is asked of it is rolled back each time, and all of it at the end."""
    with django_db_blocker.unblock(), transaction.atomic():
        if not Category.objects.exists():
            call_command("load_profile", "cn-95598", verbosity=0)
        yield world.make()
        transaction.set_rollback(True)


@pytest.mark.parametrize("route", HALVES)
def test_an_address_reaches_as_far_as_the_table_says(utility, route):
    said = table.rows()
    expected, found = [], []
    for method in METHODS:
        asked = words(utility, route, method)
        if asked:
            found.append(table.row(route.shown, method, asked))
        if (route.shown, method) in said:
            expected.append(table.row(route.shown, method, said[route.shown, method]))
    assert found == expected


def test_no_row_is_left_over_and_every_address_has_a_name():
    assert {address for address, _method in table.rows()} <= {route.shown for route in routes()}
    assert nameless() == []
