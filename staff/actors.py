"""Who does something: a signed-in person in a role, the customer, or the clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from staff.models import User


class Role(models.TextChoices):
    """What a person is here for; decides which moves they may make."""

    AGENT = "agent", _("Agent")
    INVESTIGATOR = "investigator", _("Investigator")
    SUPERVISOR = "supervisor", _("Supervisor")
    LIAISON = "liaison", _("Regulator liaison")
    ANALYST = "analyst", _("Analyst")
    ADMINISTRATOR = "administrator", _("Administrator")


CUSTOMER = "customer"
CLOCK = "clock"
ACTOR_LABELS = {**dict(Role.choices), CUSTOMER: _("Customer"), CLOCK: _("Clock")}


@dataclass(frozen=True, slots=True)
class Actor:
    """The one who makes a move: `role` is a `Role`, CUSTOMER or CLOCK; `user` only for staff."""

    role: str
    user: User | None = None
    name: str = ""

    @classmethod
    def staff(cls, user: User) -> Actor:
        return cls(role=user.role, user=user, name=user.display_name)

    @property
    def is_staff(self) -> bool:
        return self.user is not None


THE_CLOCK = Actor(role=CLOCK)
THE_CUSTOMER = Actor(role=CUSTOMER)
