"""What must be there for each thing that is found by its name: a sentence per move, a form field per detail, a text per notice."""

from pathlib import Path

import pytest
from django.template.loader import get_template
from django.urls import get_resolver

from complaints import checks, concerns, effects, outbox
from complaints.forms import ORDER, Asked
from complaints.models import Medium, MessageTemplate
from complaints.states import MOVES, REGISTER, Status
from staff.actors import ACTOR_LABELS

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("move", [*MOVES, REGISTER])
def test_every_move_has_its_sentence(move):
    get_template(f"complaints/events/{move}.html")


def test_no_sentence_is_left_over():
    sentences = {path.stem for path in (ROOT / "templates/complaints/events").glob("*.html")}
    assert sentences == {*MOVES, REGISTER}


@pytest.mark.parametrize("move", MOVES)
def test_every_move_speaks_of_known_things(move):
    table = MOVES[move]
    details = table.needs | table.takes
    assert details <= checks.DETAIL_NAMES.keys()
    assert table.allowed <= ACTOR_LABELS.keys()
    assert table.sources <= set(Status)
    if table.by_hand:
        assert details <= set(ORDER)
        assert all(hasattr(Asked, detail) for detail in details)


def test_every_move_has_something_that_happens_or_is_only_said():
    only_said = {
        "ask",
        "attach",
        "breach",
        "change_feedback",
        "close",
        "feedback",
        "message",
        "note",
        "request_reopening",
        "resume",
    }
    only_said |= {"send_back", "supplement", "warn", "erase"}
    only_said |= {
        "acknowledge",
        "ask_extension",
        "decline_extension",
        "excuse",
        "extend",
        "give_up",
        "hold",
        "release",
        "retarget",
        "hand_over",
        "read_hand_over",
        "request",
        "answer_request",
        "decline_request",
        "withdraw_request",
        "remind_request",
    }
    only_said |= {"adjustment_paid", "approve_adjustment", "decline_adjustment", "propose_adjustment"}
    assert set(effects.APPLY) | only_said == set(MOVES)
    assert not set(effects.APPLY) & only_said


@pytest.mark.usefixtures("profile")
@pytest.mark.parametrize(
    "code", sorted({code for rules in outbox.RULES.values() for code, _who in rules} | concerns.OCCASIONS)
)
def test_every_notice_has_its_text_in_both_languages(code):
    is_for_staff = code in {"breach", "warning", "escalation", "extension_asked", "extension_declined", "given"}
    is_for_staff |= code in concerns.OCCASIONS
    is_for_staff |= code in {"feedback_look", "urged", "reopened_staff", "manager_told", "safety_dispatched"}
    is_for_staff |= code in {"adjustment_proposed", "adjustment_declined"}
    media = [Medium.EMAIL] if is_for_staff else [Medium.EMAIL, Medium.SMS, Medium.LETTER]
    for medium in media:
        languages = MessageTemplate.objects.filter(code=code, medium=medium).values_list("language", flat=True)
        assert {"en", "zh-hans"} <= set(languages), (code, medium)


def test_the_addresses_that_stay_are_there():
    found = set()

    def walk(patterns, prefix=""):
        for pattern in patterns:
            route = prefix + str(pattern.pattern)
            if hasattr(pattern, "url_patterns"):
                walk(pattern.url_patterns, route)
            else:
                found.add("/" + route)

    walk(get_resolver().url_patterns)
    stay = {
        "/",
        "/complain/",
        "/track/<str:token>/",
        "/feedback/<str:token>/",
        "/desk/",
        "/desk/new/<slug:channel>/",
        "/complaints/<str:reference>/",
        "/customers/",
        "/board/",
        "/style/",
        "/api/schema/",
        "/healthz",
        "/readyz",
        "/metrics",
    }
    assert stay <= found
    assert any(route.startswith("/reports/<") for route in found)
    assert any(route.startswith("/api/v1/") for route in found)
