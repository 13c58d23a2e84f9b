"""How an address answers everybody: one word for each role, which says how far it reaches."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from staff.actors import Role
from tests.access.routes import Route
from tests.access.world import SECRET, World

YES, SIGN_IN, NO, NOTHING, NOT_TAKEN = "yes", "sign in", "no", "–", ""
NOBODY = ""
"""Whoever has not signed in."""
ALL, POSTED, DISTRICT, OWN, COMPANY = "all", "posted", "district", "own", "company"
EVERYBODY = (NOBODY, *Role.values)


@dataclass(frozen=True, slots=True)
class Answer:
    word: str
    tells: bool
    """Whether what only the first district should read was in it."""


def words(world: World, route: Route, method: str) -> list[str]:
    """A word for each of EVERYBODY; none when the address takes no such method from anybody."""
    found = [_word(world, route, method, role) for role in EVERYBODY]
    return [] if NOT_TAKEN in found and set(found) <= {NOT_TAKEN, NO, SIGN_IN, NOTHING} else found


def _word(world: World, route: Route, method: str, role: str) -> str:
    address = reverse(route.name, kwargs=world.arguments(route.name, list(route.blanks), role)) + world.query(
        route.name
    )

    def ask(place: str) -> Answer:
        return answer(world.clients[role, place], method, address)

    here = ask("here")
    if role == NOBODY:
        return here.word
    if here.word != YES:
        return COMPANY if here.word in (NO, NOTHING) and ask("company").word == YES else here.word
    elsewhere, nowhere = ask("elsewhere"), ask("nowhere")
    if elsewhere.word == YES and nowhere.word == YES:
        return ALL if elsewhere.tells or nowhere.tells else YES
    # an administrator who belongs nowhere keeps the accounts and the roster of all, as the first one must
    assert nowhere.word != YES or role == Role.ADMINISTRATOR, f"{method} {address} lets in a {role} from nowhere"
    assert (elsewhere.tells, nowhere.tells) == (False, False), f"{method} {address} tells a {role} from elsewhere"
    if elsewhere.word == YES:
        return POSTED
    return DISTRICT if ask("colleague").word == YES else OWN


def answer(client: Client, method: str, address: str) -> Answer:
    """Ask, and leave everything as it was. Raises AssertionError when the address breaks."""
    cookies = deepcopy(client.cookies)
    with transaction.atomic():
        got = getattr(client, method.lower())(address)
        body = _body(got)
        transaction.set_rollback(True)
    client.cookies = cookies
    assert got.status_code < 500, f"{method} {address} broke: {got.status_code}"
    return Answer(_said(got), SECRET in body)


def _body(got: HttpResponse) -> str:
    content = b"".join(got.streaming_content) if got.streaming else got.content
    return str(got.headers) + content.decode("utf-8", "replace")


def _said(got: HttpResponse) -> str:
    if got.status_code == 401 or got.headers.get("Location", "").startswith("/sign-in/"):
        return SIGN_IN
    return {403: NO, 404: NOTHING, 405: NOT_TAKEN}.get(got.status_code, YES)
