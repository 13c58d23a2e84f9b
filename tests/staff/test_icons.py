"""Every sign a page asks for is in the sprite; a missing one would be a silent gap."""

import json
import re
from pathlib import Path

from django.conf import settings

from complaints.context import ENTRIES
from staff.templatetags.redress import CLOCK_ICONS, SIGNS

ASKED_FOR = re.compile(r"""(?:{%\s*icon\s+|icon_name=|icon=)["']([a-z0-9-]+)["']""")


def sprite() -> set[str]:
    return set(json.loads((Path(settings.BASE_DIR) / "frontend" / "icons.json").read_text()))


def test_templates_ask_only_for_icons_of_the_sprite():
    templates = (Path(settings.BASE_DIR) / "templates").rglob("*.html")
    asked = {(name, path.name) for path in templates for name in ASKED_FOR.findall(path.read_text())}

    assert asked
    assert {pair for pair in asked if pair[0] not in sprite()} == set()


def test_badges_clocks_and_the_rail_ask_only_for_icons_of_the_sprite():
    asked = {*CLOCK_ICONS.values(), *(sign.icon_name for sign in SIGNS.values()), *(entry[2] for entry in ENTRIES)}

    assert asked - {""} <= sprite()


def test_the_style_page_shows_every_component_to_anyone_in_both_languages(client):
    for language, word in [("en", "What the pages are made of"), ("zh-hans", "页面组件一览")]:
        client.cookies["language"] = language
        answer = client.get("/style/")

        assert answer.status_code == 200
        assert word in answer.content.decode()
        assert "style=" not in answer.content.decode()
