"""How a complainant hears from us, said so that whoever writes knows before sending where it goes."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from complaints import outbox
from complaints.models import Complaint, Medium
from customers.masks import masked

OUTWARD = frozenset({"message", "ask", "resolve", "approve"})
"""Moves with which words that were typed go to the customer."""


@dataclass(frozen=True, slots=True)
class Reach:
    """`to` is the masked address; when empty, `why_not` says why nothing can be sent."""

    to: str
    way: str
    why_not: str = ""


def of(complaint: Complaint) -> Reach:
    """The way that a message to this complainant would take now."""
    found = outbox.complainant(complaint)
    if found:
        one = found[0]
        ways = {Medium.EMAIL: _("by e-mail"), Medium.LETTER: _("by letter"), Medium.SMS: _("by text message")}
        return Reach(masked(one.address), ways[Medium(one.medium)])
    if complaint.customer is not None and complaint.customer.do_not_contact:
        return Reach("", "", _("This customer asked not to be contacted: nothing is sent."))
    if complaint.is_anonymous:
        return Reach("", "", _("The complaint is anonymous: nothing can be sent."))
    return Reach(
        "", "", _("There is neither a mobile number nor an e-mail address: nothing can be sent. Call or write.")
    )
