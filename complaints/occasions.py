"""What each text is for: the occasions of `outbox.RULES`, `issues` and `webhooks`, in words. Data only."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Occasion:
    label: LazyText | str
    to: LazyText | str
    when: LazyText | str
    is_to_customer: bool


CUSTOMER, FOLLOWERS = _("the customer"), _("whom the issue touches, and its followers")
SUPERVISORS, ON_IT = _("the supervisors on duty"), _("whoever works on it, else the supervisors")

OCCASIONS: dict[str, Occasion] = {
    "acknowledged": Occasion(_("Received"), CUSTOMER, _("when a complaint is registered"), True),
    "asked": Occasion(_("Question"), CUSTOMER, _("when somebody asks the customer"), True),
    "message": Occasion(_("Message"), CUSTOMER, _("when somebody writes to the customer"), True),
    "extended": Occasion(_("More time"), CUSTOMER, _("when more time is granted"), True),
    "resolved_feedback": Occasion(_("Answer and survey"), CUSTOMER, _("when a complaint is resolved"), True),
    "reopened": Occasion(_("Reopened"), CUSTOMER, _("when a complaint is reopened"), True),
    "closed_no_answer": Occasion(
        _("Closed without an answer"), CUSTOMER, _("when nobody answered the survey in time"), True
    ),
    "withdrawn": Occasion(_("Withdrawn"), CUSTOMER, _("when the customer withdraws"), True),
    "rejected": Occasion(_("Not accepted"), CUSTOMER, _("when a complaint is not accepted"), True),
    "referred": Occasion(_("Referred"), CUSTOMER, _("when somebody else takes it over"), True),
    "merged": Occasion(_("Merged"), CUSTOMER, _("when it is merged into another complaint"), True),
    "issue_following": Occasion(
        _("Following an issue"), _("a new follower"), _("when somebody follows an issue"), True
    ),
    "issue_update": Occasion(_("News of an issue"), FOLLOWERS, _("when there is news of a service issue"), True),
    "issue_restored": Occasion(_("Issue over"), FOLLOWERS, _("when a service issue is over"), True),
    "given": Occasion(_("Given by an alarm"), ON_IT, _("when an alarm gives a complaint to somebody"), False),
    "warning": Occasion(
        _("Deadline warning"), _("whom the ladder names, else whoever works on it"), _("before a deadline"), False
    ),
    "breach": Occasion(
        _("Deadline missed"), _("whom the ladder names, else the supervisors"), _("when a deadline is missed"), False
    ),
    "escalation": Occasion(
        _("Escalation"), _("whom the ladder names, else the supervisors"), _("when a complaint is escalated"), False
    ),
    "urged": Occasion(_("Urged"), ON_IT, _("when the customer urges; later the supervisors are told"), False),
    "reopened_staff": Occasion(
        _("Reopened, to staff"), SUPERVISORS, _("when a complaint is reopened or somebody asks for it"), False
    ),
    "extension_asked": Occasion(_("More time asked for"), SUPERVISORS, _("when somebody asks for more time"), False),
    "extension_declined": Occasion(_("More time declined"), ON_IT, _("when more time is declined"), False),
    "manager_told": Occasion(
        _("Key account complains"), _("the customer's account manager"), _("when their customer complains"), False
    ),
    "webhook_stopped": Occasion(
        _("Webhook stopped"), _("the administrators"), _("when nobody answers a webhook any more"), False
    ),
}
