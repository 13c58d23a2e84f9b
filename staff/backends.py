"""Who may come in with a password: people, and made-up ones only where everything is made up."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from staff.actors import Role
from staff.made_up import MADE_UP
from staff.models import User
from staff.written_out import Statement


def is_let_in(user: User) -> bool:
    return user.is_active and (settings.DEMO or not user.email.lower().endswith(MADE_UP))


_PERSON = Statement(lambda key: User.objects.select_related("branch").filter(pk=key).order_by())


class PasswordBackend(ModelBackend):
    """Asked again with every request, however they came in, so whoever is switched off is out at once."""

    def get_user(self, user_id: Any) -> User | None:
        """With the branch, on which depends what they see on every page."""
        user = next(iter(_PERSON(int(user_id))), None)
        return user if user is not None and self.user_can_authenticate(user) else None

    def authenticate(self, request: HttpRequest | None, username: str | None = None, **more: Any) -> Any:  # type: ignore[override]
        """Where passwords are for administrators only, the right one of anybody else is as good as a wrong one."""
        user = super().authenticate(request, username=username, **more)
        return user if settings.PASSWORDS_FOR_ALL or getattr(user, "role", None) == Role.ADMINISTRATOR else None

    def user_can_authenticate(self, user: Any) -> bool:
        return isinstance(user, User) and is_let_in(user)
