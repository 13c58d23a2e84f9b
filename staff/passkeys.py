"""Passkeys: the four steps of WebAuthn, for the name that the browser knows this product by."""

from __future__ import annotations

import ipaddress
import json
from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from staff import entry
from staff.entry_models import Entered, Passkey
from staff.models import User
from staff.second_factor import WrongCode


def are_possible(request: HttpRequest) -> bool:
    """Browsers bind a passkey to a name over https, or to localhost; never to a bare address."""
    host = _host(request)
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return request.is_secure() or host == "localhost"
    return False


def _host(request: HttpRequest) -> str:
    name = request.get_host()
    return name if name.endswith("]") else name.rsplit(":", 1)[0] if ":" in name else name


def _server(request: HttpRequest) -> Fido2Server:
    ours = f"{request.scheme}://{request.get_host()}"
    party = PublicKeyCredentialRpEntity(name="Redress", id=_host(request))
    return Fido2Server(party, verify_origin=lambda origin: origin == ours)


def _credentials(user: User) -> list[AttestedCredentialData]:
    return [AttestedCredentialData(bytes(key.credential)) for key in user.passkeys.all()]


def begin_adding(request: HttpRequest, user: User) -> tuple[dict[str, Any], Any]:
    """What the browser is asked to make, and what must be kept until it answers."""
    who = PublicKeyCredentialUserEntity(id=str(user.pk).encode(), name=user.username, display_name=user.display_name)
    options, state = _server(request).register_begin(
        who,
        _credentials(user),
        resident_key_requirement=ResidentKeyRequirement.DISCOURAGED,
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return dict(options.public_key), state


def add(request: HttpRequest, user: User, state: Any, answer: str, name: str, at: datetime) -> Passkey:
    """Keep the public key that the browser answered with. Raises WrongCode."""
    try:
        found = _server(request).register_complete(state, json.loads(answer)).credential_data
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WrongCode(_("That did not work. Try again.")) from error
    assert found is not None
    if Passkey.objects.filter(credential_id=found.credential_id).exists():
        raise WrongCode(_("This passkey is known already."))
    key = Passkey.objects.create(
        user=user, name=name, credential_id=found.credential_id, credential=bytes(found), made_at=at
    )
    entry.record(Entered.FACTOR_ADDED, user, request=request, detail=name)
    return key


def begin_entering(request: HttpRequest, user: User) -> tuple[dict[str, Any], Any]:
    options, state = _server(request).authenticate_begin(
        _credentials(user), user_verification=UserVerificationRequirement.PREFERRED
    )
    return dict(options.public_key), state


@transaction.atomic
def enter(request: HttpRequest, user: User, state: Any, answer: str, at: datetime) -> None:
    """The key signed what we asked. Raises WrongCode, also when a counter shows that the key was copied."""
    keys = list(user.passkeys.select_for_update())
    try:
        response = AuthenticationResponse.from_dict(json.loads(answer))
        found = _server(request).authenticate_complete(
            state, [AttestedCredentialData(bytes(key.credential)) for key in keys], response
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WrongCode(_("That passkey did not work. Try again, or take another way.")) from error
    key = next(one for one in keys if bytes(one.credential_id) == found.credential_id)
    count = response.response.authenticator_data.counter
    if count and count <= key.sign_count:
        raise WrongCode(_("This passkey seems to have been copied. Take another way and tell an administrator."))
    key.sign_count, key.used_at = count, at
    key.save(update_fields=["sign_count", "used_at"])
