"""The company's own sign-in (OpenID Connect): where to send somebody, and what it says about them when they come back.

Authlib asks the provider (code flow with PKCE), joserfc checks what was signed. Whose account it is, `staff.company` decides.
"""

from __future__ import annotations

import hmac
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from django.conf import settings
from django.core.cache import cache
from django.urls import reverse
from joserfc import jwk, jwt
from joserfc.errors import JoseError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Signatures that only the provider can make; never `none`, and never one made with the secret that we know, too."""
PATIENCE = 5
"""Seconds for each answer of the provider: somebody waits."""
KEPT = 3600
"""Seconds for which the provider's addresses and keys are kept."""
ASKED_AGAIN = 60
"""Seconds before an unknown key makes us fetch the keys once more, so that nobody can make us ask all the time."""
LEEWAY = 60
"""Seconds by which the provider's clock may differ from ours."""


class Away(Exception):
    """The provider does not answer, or with something that is no answer; it may later."""


class NotProven(Exception):
    """What came back is not what we asked for, or is not signed for us; the words are for the log."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What we asked the provider with; the browser brings it back in a signed cookie."""

    state: str
    nonce: str
    verifier: str
    onward: str

    @classmethod
    def anew(cls, onward: str) -> Asked:
        return cls(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48), onward)


@dataclass(frozen=True, slots=True)
class Proven:
    """What the provider says about somebody, and the token that says so (it ends their sign-in there, too)."""

    claims: dict[str, Any]
    token: str


def is_on() -> bool:
    return bool(settings.OIDC_ISSUER)


def ways_in() -> dict[str, bool]:
    """What the page for signing in offers."""
    return {"company": is_on(), "passwords_of_few": not settings.PASSWORDS_FOR_ALL}


def return_address() -> str:
    """Where the provider sends people back; it must know exactly this address."""
    return f"{settings.BASE_URL}{reverse('staff:company-return')}"


def address_to_ask(asked: Asked) -> str:
    """Where the browser goes to sign in. Raises Away."""
    with _client() as client:
        address, _state = client.create_authorization_url(
            _provider()["authorization_endpoint"],
            state=asked.state,
            code_verifier=asked.verifier,
            nonce=asked.nonce,
            **({"acr_values": " ".join(settings.OIDC_ACR_VALUES)} if settings.OIDC_ACR_VALUES else {}),
        )
    return str(address)


def prove(asked: Asked, answer: Mapping[str, str]) -> Proven:
    """What the provider says about whoever came back with this answer. Raises Away and NotProven."""
    if not hmac.compare_digest(asked.state.encode(), answer.get("state", "").encode()):
        raise NotProven("the state is not the one we gave")
    if answer.get("iss", settings.OIDC_ISSUER) != settings.OIDC_ISSUER:
        raise NotProven("the answer is of another issuer")
    if "error" in answer or not answer.get("code"):
        raise NotProven(f"the provider refused: {answer.get('error', 'no code')[:80]!r}")
    given = _exchange(answer["code"], asked.verifier)
    token = given.get("id_token")
    if not isinstance(token, str):
        raise NotProven("there is no id_token")
    claims = _checked(token, asked.nonce)
    return Proven({**_told_besides(claims, given.get("access_token")), **claims}, token)


def leaving(token: str | None) -> str | None:
    """Where the browser ends the provider's sign-in as well; None where there is no such place, or it is away."""
    if not is_on() or not token:
        return None
    try:
        place = _provider().get("end_session_endpoint")
    except Away:
        return None
    if not isinstance(place, str) or not _is_safe(place):
        return None
    back = f"{settings.BASE_URL}{reverse('staff:sign-in')}"
    asked = {"id_token_hint": token, "client_id": settings.OIDC_CLIENT_ID, "post_logout_redirect_uri": back}
    return f"{place}{'&' if '?' in place else '?'}{urlencode(asked)}"


def _client() -> OAuth2Session:
    ways = _provider().get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    way = "client_secret_basic" if "client_secret_basic" in ways else "client_secret_post"
    return OAuth2Session(
        settings.OIDC_CLIENT_ID,
        settings.OIDC_CLIENT_SECRET or None,
        token_endpoint_auth_method=way if settings.OIDC_CLIENT_SECRET else "none",
        scope=" ".join(settings.OIDC_SCOPES),
        redirect_uri=return_address(),
        code_challenge_method="S256",
    )


def _exchange(code: str, verifier: str) -> dict[str, Any]:
    place = _provider()["token_endpoint"]
    try:
        with _client() as client:
            given = client.fetch_token(
                place, code=code, code_verifier=verifier, timeout=PATIENCE, allow_redirects=False
            )
    except AuthlibBaseError as error:
        raise NotProven(f"the code was not taken: {error.error!r}") from None
    except (requests.RequestException, ValueError) as error:
        raise Away(f"the token endpoint: {error}") from error
    return dict(given)


def _checked(token: str, nonce: str) -> dict[str, Any]:
    """The claims, if the provider signed them, for us, just now, and for this very question."""
    claims = _signed(token)
    rules = jwt.JWTClaimsRegistry(
        leeway=LEEWAY,
        iss={"essential": True, "value": settings.OIDC_ISSUER},
        aud={"essential": True, "value": settings.OIDC_CLIENT_ID},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    try:
        rules.validate(claims)
    except JoseError as error:
        raise NotProven(f"the token does not hold: {error}") from None
    for_others = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", None if for_others else settings.OIDC_CLIENT_ID) != settings.OIDC_CLIENT_ID:
        raise NotProven("the token was made for another program")
    return claims


def _signed(token: str) -> dict[str, Any]:
    """Keys change: with one that we do not know yet they are fetched once more. Raises NotProven and Away."""
    for again in (False, True):
        try:
            return dict(jwt.decode(token, _keys(again=again), algorithms=ALGORITHMS).claims)
        except (JoseError, ValueError) as error:
            if again or not _first_in_a_while():
                raise NotProven(f"the signature does not hold: {error}") from None
    raise AssertionError  # pragma: no cover - the loop returns or raises


def _told_besides(claims: dict[str, Any], access: Any) -> dict[str, Any]:
    """Some providers keep the token small; what it lacks of what we look for is asked for, about the same person."""
    place = _provider().get("userinfo_endpoint")
    wanted = {settings.OIDC_CLAIM} | ({settings.OIDC_GROUPS_CLAIM} if settings.OIDC_ROLES else set())
    if wanted <= claims.keys() or not place or not access or not _is_safe(place):
        return {}
    told = _fetched(place, {"Authorization": f"Bearer {access}"})
    return told if told.get("sub") == claims["sub"] else {}


def _provider() -> dict[str, Any]:
    """What the provider says about itself: its addresses. Raises Away."""
    kept: dict[str, Any] | None = _kept("provider")
    if kept is not None:
        return kept
    found = _fetched(f"{settings.OIDC_ISSUER.rstrip('/')}/.well-known/openid-configuration")
    places = [found.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
    if found.get("issuer") != settings.OIDC_ISSUER or not all(isinstance(at, str) and _is_safe(at) for at in places):
        raise Away("its discovery document names another issuer, or addresses that are not safe")
    _keep("provider", found, KEPT)
    return found


def _keys(*, again: bool) -> jwk.KeySet:
    found = None if again else _kept("keys")
    if found is None:
        found = _fetched(_provider()["jwks_uri"])
        _keep("keys", found, KEPT)
    try:
        return jwk.KeySet.import_key_set(found)  # type: ignore[arg-type]
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise Away(f"its keys cannot be read: {error}") from error


def _fetched(address: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    try:
        answer = requests.get(address, headers=headers, timeout=PATIENCE, allow_redirects=False)
        answer.raise_for_status()
        found = answer.json()
    except (requests.RequestException, ValueError) as error:
        raise Away(f"{address}: {error}") from error
    if not isinstance(found, dict):
        raise Away(f"{address}: no object")
    return found


def _is_safe(address: str) -> bool:
    """Encrypted, or on this very machine."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1"))


def _name(what: str) -> str:
    return f"oidc:{what}:{settings.OIDC_ISSUER}"


def _kept(what: str) -> Any:
    """From the cache; without a cache the provider is asked each time."""
    try:
        return cache.get(_name(what))
    except RedisError as error:
        logger.warning("cannot read what the provider said: %s", error)
        return None


def _keep(what: str, value: Any, seconds: int) -> None:
    try:
        cache.set(_name(what), value, seconds)
    except RedisError as error:
        logger.warning("cannot keep what the provider said: %s", error)


def _first_in_a_while() -> bool:
    try:
        return bool(cache.add(_name("asked-again"), 1, ASKED_AGAIN))
    except RedisError:
        return True
