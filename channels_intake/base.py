"""What every channel boils its input down to: one frozen record, the same for all five."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from complaints.models import Attachment, Category, RequestType, Subcategory
from customers.models.people import ContactMethod
from staff.models import Branch


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """One thing received. `external_id` is the sender's own number for it, unique within the channel.

    `received_at` is aware and not in the future; None means now. `files` are prepared and unsaved. `details` is what only
    this channel knows, ready for JSON. `branch` is who answers when no account says so. `same_as` is another name under which
    the same thing may reach us by another way, as the regulator's own reference does; `given` is kept beside it.
    """

    channel: str
    source: str
    external_id: str
    category: Category
    story: str
    received_at: datetime | None = None
    subcategory: Subcategory | None = None
    request_type: str = RequestType.COMPLAINT
    remedy_sought: str = ""
    place: str = ""
    occurred_at: datetime | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    account_number: str = ""
    contact_name: str = ""
    contact_phone: str = ""
    contact_email: str = ""
    contact_address: str = ""
    contact_method: str = ContactMethod.PHONE
    language: str = "zh-hans"
    is_anonymous: bool = False
    is_confidential: bool = False
    branch: Branch | None = None
    flags: frozenset[str] = frozenset()
    source_reference: str = ""
    external_due_at: datetime | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[Attachment, ...] = ()
    same_as: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
