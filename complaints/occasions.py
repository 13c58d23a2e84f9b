"""What each text is for: the occasions of `outbox.RULES` and of what else sends, in words. Data only."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


@dataclass(frozen=True, slots=True)
class Occasion:
    label: LazyText | str
    to: LazyText | str
    when: LazyText | str
    is_to_customer: bool


CUSTOMER, FOLLOWERS = _("the customer"), _("whom the issue touches, and its followers")
SUPERVISORS, ON_IT = _("the supervisors on duty"), _("whoever works on it, else the supervisors")
DRAWN = _("the customers who were drawn")
WATCHING, TOUCHED = _("whoever watches the view"), _("the customers whom it touches")

ASKED = _("those on duty in the team that is asked")

OCCASIONS: dict[str, Occasion] = {
    "acknowledged": Occasion(
        pgettext_lazy("occasion", "Received"), CUSTOMER, _("when a complaint is registered"), True
    ),
    "asked": Occasion(pgettext_lazy("occasion", "Question"), CUSTOMER, _("when somebody asks the customer"), True),
    "message": Occasion(
        pgettext_lazy("occasion", "Message"), CUSTOMER, _("when somebody writes to the customer"), True
    ),
    "extended": Occasion(pgettext_lazy("occasion", "More time"), CUSTOMER, _("when more time is granted"), True),
    "adjustment_approved": Occasion(
        pgettext_lazy("occasion", "Money given back"), CUSTOMER, _("when an adjustment of a bill is approved"), True
    ),
    "resolved_feedback": Occasion(
        pgettext_lazy("occasion", "Answer and survey"), CUSTOMER, _("when a complaint is resolved"), True
    ),
    "reopened": Occasion(pgettext_lazy("occasion", "Reopened"), CUSTOMER, _("when a complaint is reopened"), True),
    "closed_no_answer": Occasion(
        pgettext_lazy("occasion", "Closed without an answer"),
        CUSTOMER,
        _("when nobody answered the survey in time"),
        True,
    ),
    "withdrawn": Occasion(pgettext_lazy("occasion", "Withdrawn"), CUSTOMER, _("when the customer withdraws"), True),
    "rejected": Occasion(
        pgettext_lazy("occasion", "Not accepted"), CUSTOMER, _("when a complaint is not accepted"), True
    ),
    "referred": Occasion(pgettext_lazy("occasion", "Referred"), CUSTOMER, _("when somebody else takes it over"), True),
    "merged": Occasion(
        pgettext_lazy("occasion", "Merged"), CUSTOMER, _("when it is merged into another complaint"), True
    ),
    "issue_following": Occasion(
        pgettext_lazy("occasion", "Following an issue"), _("a new follower"), _("when somebody follows an issue"), True
    ),
    "issue_update": Occasion(
        pgettext_lazy("occasion", "News of an issue"), FOLLOWERS, _("when there is news of a service issue"), True
    ),
    "issue_restored": Occasion(
        pgettext_lazy("occasion", "Issue over"), FOLLOWERS, _("when a service issue is over"), True
    ),
    "settled_feedback": Occasion(
        pgettext_lazy("occasion", "Answered with the issue"),
        CUSTOMER,
        _("when a service issue is over and answers the complaint"),
        True,
    ),
    "outage_announced": Occasion(
        pgettext_lazy("occasion", "Outage announced"), TOUCHED, _("before a planned outage"), True
    ),
    "outage_moved": Occasion(
        pgettext_lazy("occasion", "Outage at another time"), TOUCHED, _("when an announced outage is moved"), True
    ),
    "outage_cancelled": Occasion(
        pgettext_lazy("occasion", "Outage called off"), TOUCHED, _("when an announced outage does not take place"), True
    ),
    "tariff_announced": Occasion(
        pgettext_lazy("occasion", "Tariff announced"), TOUCHED, _("before a change of the tariff"), True
    ),
    "tariff_moved": Occasion(
        pgettext_lazy("occasion", "Tariff from another day"), TOUCHED, _("when an announced change is moved"), True
    ),
    "tariff_cancelled": Occasion(
        pgettext_lazy("occasion", "Tariff stays"), TOUCHED, _("when an announced change does not take place"), True
    ),
    "safety_dispatched": Occasion(
        pgettext_lazy("occasion", "Danger to life"),
        _("the team on duty and its supervisor"),
        _("when a danger to life is dispatched or becomes known"),
        False,
    ),
    "action_overdue": Occasion(
        pgettext_lazy("occasion", "Action overdue"),
        _("whoever does it"),
        _("when the day of an action on a service issue has passed"),
        False,
    ),
    "coaching_overdue": Occasion(
        pgettext_lazy("occasion", "Coaching overdue"),
        _("whoever sees to it"),
        _("when the day of a coaching action has passed"),
        False,
    ),
    "inspection_overdue": Occasion(
        pgettext_lazy("occasion", "Inspection overdue"),
        _("whoever does it"),
        _("when the day of an inspection has passed"),
        False,
    ),
    "given": Occasion(
        pgettext_lazy("occasion", "Given by an alarm"), ON_IT, _("when an alarm gives a complaint to somebody"), False
    ),
    "warning": Occasion(
        pgettext_lazy("occasion", "Deadline warning"),
        _("whom the ladder names, else whoever works on it"),
        _("before a deadline"),
        False,
    ),
    "breach": Occasion(
        pgettext_lazy("occasion", "Deadline missed"),
        _("whom the ladder names, else the supervisors"),
        _("when a deadline is missed"),
        False,
    ),
    "escalation": Occasion(
        pgettext_lazy("occasion", "Escalation"),
        _("whom the ladder names, else the supervisors"),
        _("when a complaint is escalated"),
        False,
    ),
    "urged": Occasion(
        pgettext_lazy("occasion", "Urged"), ON_IT, _("when the customer urges; later the supervisors are told"), False
    ),
    "feedback_look": Occasion(
        pgettext_lazy("occasion", "Answer to look at"),
        SUPERVISORS,
        _("when an answer says that it is partly solved, or changes after it was taken up again"),
        False,
    ),
    "survey_invited": Occasion(
        pgettext_lazy("occasion", "Survey of customers"), DRAWN, _("when a survey of customers runs"), True
    ),
    "survey_reminded": Occasion(
        pgettext_lazy("occasion", "Reminder of a survey"),
        DRAWN,
        _("some days later, once, if they did not answer"),
        True,
    ),
    "reopened_staff": Occasion(
        pgettext_lazy("occasion", "Reopened, to staff"),
        SUPERVISORS,
        _("when a complaint is reopened or somebody asks for it"),
        False,
    ),
    "extension_asked": Occasion(
        pgettext_lazy("occasion", "More time asked for"), SUPERVISORS, _("when somebody asks for more time"), False
    ),
    "extension_declined": Occasion(
        pgettext_lazy("occasion", "More time declined"), ON_IT, _("when more time is declined"), False
    ),
    "adjustment_proposed": Occasion(
        pgettext_lazy("occasion", "Adjustment to approve"),
        SUPERVISORS,
        _("when somebody proposes to give money back"),
        False,
    ),
    "adjustment_declined": Occasion(
        pgettext_lazy("occasion", "Adjustment declined"), ON_IT, _("when an adjustment of a bill is declined"), False
    ),
    "manager_told": Occasion(
        pgettext_lazy("occasion", "Key account complains"),
        _("the customer's account manager"),
        _("when their customer complains"),
        False,
    ),
    "view_full": Occasion(
        pgettext_lazy("occasion", "View fills up"), WATCHING, _("when a saved view holds as much as they named"), False
    ),
    "view_old": Occasion(
        pgettext_lazy("occasion", "View grows old"),
        WATCHING,
        _("when the oldest in a saved view is older than they named"),
        False,
    ),
    "view_digest": Occasion(
        pgettext_lazy("occasion", "Digest of a view"), WATCHING, _("at the hour that they chose"), False
    ),
    "mentioned": Occasion(
        pgettext_lazy("occasion", "Mentioned"),
        _("whoever is mentioned"),
        _("when a colleague writes @ and a name"),
        False,
    ),
    "handed_over": Occasion(
        pgettext_lazy("occasion", "Handed over"),
        _("whoever gets it"),
        _("when a colleague gives them a complaint"),
        False,
    ),
    "followed": Occasion(
        pgettext_lazy("occasion", "News of a complaint"),
        _("whoever follows it and wants each e-mail"),
        _("when a complaint moves"),
        False,
    ),
    "follow_digest": Occasion(
        pgettext_lazy("occasion", "Digest of what one follows"),
        _("whoever wants one e-mail a day"),
        _("at the hour that they chose"),
        False,
    ),
    "request_asked": Occasion(
        pgettext_lazy("occasion", "Request to a team"), ASKED, _("when another team is asked for something"), False
    ),
    "request_warning": Occasion(
        pgettext_lazy("occasion", "Request due soon"), ASKED, _("before the answer to a request is due"), False
    ),
    "request_overdue": Occasion(
        pgettext_lazy("occasion", "Request overdue"),
        _("the asked team on duty and the asker"),
        _("when a request is not answered in time"),
        False,
    ),
    "request_answered": Occasion(
        pgettext_lazy("occasion", "Request answered"),
        _("the asker"),
        _("when a team answers or declines"),
        False,
    ),
    "request_withdrawn": Occasion(
        pgettext_lazy("occasion", "Request withdrawn"),
        ASKED,
        _("when a request is not needed any more"),
        False,
    ),
    "webhook_stopped": Occasion(
        pgettext_lazy("occasion", "Webhook stopped"),
        _("the administrators"),
        _("when nobody answers a webhook any more"),
        False,
    ),
    "report_posted": Occasion(
        pgettext_lazy("occasion", "Report by subscription"),
        _("whoever has subscribed to the report"),
        _("at the day and hour of the subscription"),
        False,
    ),
    "figures_differ": Occasion(
        pgettext_lazy("occasion", "Figures differ"),
        _("administrators and analysts"),
        _("when the nightly comparison finds figures that are not what the complaints give"),
        False,
    ),
    "history_broken": Occasion(
        pgettext_lazy("occasion", "History broken"),
        _("the administrators"),
        _("when a check finds for the first time that something in the history was changed"),
        False,
    ),
    "signal_found": Occasion(
        pgettext_lazy("occasion", "Early warning"),
        _("the supervisors on duty"),
        _("when something stands out in the figures or words of their branch"),
        False,
    ),
}
