"""The rail: who finds which part of the desk in it, and which part a page says it belongs to."""

import pytest

from staff.actors import Role

PAGES = [f"/desk/{page}/" for page in ("deadlines", "policies", "calendars", "ladder", "roster", "storms")]


def entries(answer) -> dict[str, bool]:
    """Where each entry leads, and whether it is the one we are in."""
    return {entry["url"]: entry["current"] for entry in answer.context["rail"]}


@pytest.mark.parametrize("path", [*PAGES, "/desk/policies/new/", "/desk/ladder/new/", "/desk/calendars/new/"])
def test_the_deadline_pages_are_one_part_of_the_rail(sign_in, reader, path):
    sign_in(Role.SUPERVISOR)

    shown = entries(reader.get(path))

    assert [url for url, is_current in shown.items() if is_current] == ["/desk/deadlines/"]


@pytest.mark.parametrize("role", Role)
def test_those_who_steer_find_the_deadlines_and_can_open_them(sign_in, reader, role):
    sign_in(role)
    finds = "/desk/deadlines/" in entries(reader.get("/desk/"))

    assert finds == (role in {Role.SUPERVISOR, Role.ADMINISTRATOR, Role.ANALYST})
    assert [path for path in PAGES if reader.get(path).status_code != 200] == []


def test_the_queue_stays_the_entry_of_the_queue(sign_in, reader):
    sign_in(Role.SUPERVISOR)

    assert entries(reader.get("/desk/"))["/desk/"]
    assert not entries(reader.get("/desk/"))["/desk/deadlines/"]
