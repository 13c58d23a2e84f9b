"""In these tests a page is read when the figures have caught up with what happened, as they do within seconds."""

import pytest
from django.test import Client

from analytics.grains.refresh import refresh


class CaughtUp(Client):
    catches_up = True

    def get(self, *args, **kwargs):
        if self.catches_up:
            refresh()
        return super().get(*args, **kwargs)


@pytest.fixture
def client():
    return CaughtUp()
