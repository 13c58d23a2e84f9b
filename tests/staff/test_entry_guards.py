"""What the database refuses whatever the code says: kinds, scopes and spans of the door's rows."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from staff.actors import Role
from staff.entry_models import AccountMail, ApiToken, EntryEvent, RecoveryCode, SecondFactorRule
from tests.factories import a_user

pytestmark = pytest.mark.usefixtures("profile")


def refused(name, make):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        make()


def test_the_rows_of_the_door_are_kept_whole():
    user, now = a_user(Role.AGENT), timezone.now()
    token = {"user": user, "name": "x", "start": "rd_", "made_at": now, "expires_at": now + timedelta(days=1)}
    scopes = {"scopes": ["complaints:read"]}
    refused("entry_event_kind_is_known", lambda: EntryEvent.objects.create(user=user, kind="flew", at=now))
    refused("entry_event_is_of_somebody", lambda: EntryEvent.objects.create(user=None, kind="signed_in", at=now))
    refused(
        "entry_event_is_of_somebody",
        lambda: EntryEvent.objects.create(user=None, kind="company_refused", at=now, by=user),
    )
    refused("second_factor_role_is_known", lambda: SecondFactorRule.objects.create(role="king", from_on=now.date()))
    refused("account_mail_kind_is_known", lambda: AccountMail.objects.create(user=user, kind="spam", queued_at=now))
    for wrong in ([], ["everything"], ["complaints:read", "everything"]):
        refused(
            "api_token_may_something_known",
            lambda wrong=wrong: ApiToken.objects.create(**token, digest="a", scopes=wrong),
        )
    refused(
        "api_token_expires_after_it_is_made",
        lambda: ApiToken.objects.create(**{**token, **scopes, "expires_at": now}, digest="a"),
    )
    ApiToken.objects.create(**token, **scopes, digest="a")
    refused("digest", lambda: ApiToken.objects.create(**token, **scopes, digest="a"))
    RecoveryCode.objects.create(user=user, digest="b")
    refused("digest", lambda: RecoveryCode.objects.create(user=user, digest="b"))
