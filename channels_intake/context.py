"""What waits for somebody to look at, for every desk page of those who do."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Value
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from channels_intake.mail_views import reads_mail
from channels_intake.models import UnsentForm
from staff.models import User
from staff.written_out import Statement

_HELD = Statement(
    lambda: (
        UnsentForm.objects.held()
        .order_by()
        .values(together=Value(1))
        .annotate(n=Count("pk"))
        .values_list("n", flat=True)
    )
)


def to_look_at(request: HttpRequest) -> dict[str, Any]:
    """How much the portal holds; read only when a page draws it."""
    user = getattr(request, "user", None)
    if not isinstance(user, User) or not reads_mail(user):
        return {}
    return {
        "looks_at_mail": True,
        "held_count": SimpleLazyObject(lambda: sum(_HELD())),
    }
