"""Icons, badges, time bars and the chosen theme, as templates draw them."""

import json

import pytest
from django.template import RequestContext, Template
from django.test import RequestFactory

from staff.templatetags.redress import CLOCK_ICONS, SIGNS


def draw(source, request=None, **context):
    return Template("{% load redress %}" + source).render(RequestContext(request, context))


def test_an_icon_is_silent_unless_it_has_a_word_of_its_own():
    assert 'aria-hidden="true"' in draw('{% icon "zap" %}')
    named = draw('{% icon "zap" label=word %}', word='<b>Power & "light"')
    assert 'role="img" aria-label="&lt;b&gt;Power &amp; &quot;light&quot;"' in named


def test_a_badge_always_says_its_word():
    drawn = draw('{% badge "status" "resolved" "Resolved" %}')
    assert "is-done" in drawn
    assert "#circle-check" in drawn
    assert "Resolved" in drawn


def test_a_value_nobody_has_drawn_yet_is_shown_plainly():
    drawn = draw('{% badge "status" "unheard-of" "Unheard of" %}')
    assert "is-plain" in drawn
    assert "<use" not in drawn
    assert "Unheard of" in drawn


def test_a_priority_is_found_by_its_number():
    assert "is-breached" in draw('{% badge "priority" 1 "P1" %}')


@pytest.mark.parametrize(
    ("share", "width"), [(None, "0.0"), (-1, "0.0"), (0.001, "2.0"), (0.35, "35.0"), (1, "100.0"), (2, "100")]
)
def test_a_time_bar_is_as_long_as_what_is_spent_and_never_longer_than_its_ground(share, width):
    assert f'class="timebar-spent" width="{width}"' in draw('{% timebar share "running" %}', share=share)


def test_a_bar_past_its_end_marks_where_the_promise_ended():
    assert "M50.0 0v6" in draw('{% timebar 2 "breached" %}')
    assert "timebar-mark" not in draw('{% timebar 1 "breached" %}')


def test_every_sign_is_in_the_sprite(settings):
    sprite = set(json.loads((settings.BASE_DIR / "frontend" / "icons.json").read_text()))
    wanted = {sign.icon_name for sign in SIGNS.values()} | set(CLOCK_ICONS.values())
    assert wanted <= sprite


@pytest.mark.parametrize(
    ("cookie", "attribute"),
    [("dark", ' data-theme="dark"'), ("light", ' data-theme="light"'), ('"><script>', ""), ("", "")],
)
def test_the_chosen_theme_stands_on_the_page_and_nothing_else_does(cookie, attribute):
    request = RequestFactory().get("/")
    request.COOKIES["theme"] = cookie
    assert draw("{% chosen_theme %}", request) == attribute


def test_without_a_request_the_machine_decides():
    assert draw("{% chosen_theme %}") == ""
