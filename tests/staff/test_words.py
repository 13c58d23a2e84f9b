"""What is looked up once stays true in the other language."""

from datetime import UTC, datetime

from django.utils import translation
from django.utils.translation import gettext_lazy

from staff.moments import Spoken
from staff.words import Words


def test_labels_are_kept_for_each_language_by_itself():
    words = Words([("a", gettext_lazy("Queue")), ("b", "as it is")])
    for _again in range(2):
        with translation.override("en"):
            assert words.now() == {"a": "Queue", "b": "as it is"}
        with translation.override("zh-hans"):
            assert words.now() == {"a": "投诉队列", "b": "as it is"}


def test_a_moment_is_said_in_the_language_and_zone_in_use():
    at = datetime(2026, 3, 2, 1, 5, tzinfo=UTC)
    with translation.override("en"):
        assert "09:05" in Spoken().said(at)
        english = Spoken().said(at, "DATE_FORMAT")
    with translation.override("zh-hans"):
        assert Spoken().said(at, "DATE_FORMAT") == "2026年3月2日" != english
    assert Spoken().exact(at) == "2026-03-02T09:05:00+08:00"
