"""A Monday morning on which every deadline of a fresh complaint still lies ahead, and people to look at it."""

from datetime import timedelta

import pytest
import time_machine

from staff.actors import Role
from tests.factories import MONDAY, a_user


@pytest.fixture
def monday_morning():
    with time_machine.travel(MONDAY + timedelta(minutes=10)) as traveller:
        yield traveller


@pytest.fixture
def reader(client, profile):
    """A browser that asks for English pages."""
    client.cookies["language"] = "en"
    return client


@pytest.fixture
def sign_in(reader):
    """Make somebody in this role, sign them in, and hand out the person."""

    def signed_in(role=Role.SUPERVISOR, **fields):
        user = a_user(role, **fields)
        reader.force_login(user)
        return user

    return signed_in
