"""What can be taken away as a file, and who may: each question gives the rows as the person who asks may see them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _

from analytics.models import Subject
from analytics.reports import all_reports
from analytics.reports.base import Cell, Column, Listing, filters_for
from complaints import taking
from complaints.refusals import Refusal
from customers import exporting, finding
from customers.models import Customer
from staff.models import User

MAY_TAKE = {
    Subject.COMPLAINTS: taking.TAKING,
    Subject.CUSTOMERS: exporting.EXPORTING,
    Subject.BEHIND: taking.TAKING,
}


@dataclass(frozen=True, slots=True)
class Question:
    """Which list, with the filters that stand in its address."""

    subject: Subject
    query: Mapping[str, str] = field(default_factory=dict)
    report: str = ""
    format: str = "csv"

    @property
    def fingerprint(self) -> str:
        """The same for the same question, in whatever order it was asked."""
        said = json.dumps([self.subject, self.report, self.format, sorted(self.query.items())], ensure_ascii=False)
        return hashlib.sha256(said.encode()).hexdigest()

    @property
    def file_name(self) -> str:
        return f"{self.report}-list" if self.report else str(self.subject.value)


def listing(asked: Question, user: User, at: datetime) -> Listing:
    """The rows of the answer, in order, as this person may see them now. Raises Refusal."""
    if not user.is_active:
        raise Refusal(_("Whoever asked for it does not work here any more."))
    if user.role not in MAY_TAKE[asked.subject]:
        raise Refusal(_("Lists are taken along by supervisors, liaison, analysts and administrators."))
    return LISTINGS[asked.subject](asked, user, at)


def _complaints(asked: Question, user: User, at: datetime) -> Listing:
    columns = taking.columns()
    values = list(columns.values())
    rows = taking.rows(user, asked.query)
    return Listing(
        _("Complaints"), rows, [Column(head) for head in columns], lambda row: [Cell(value(row)) for value in values]
    )


def _customers(asked: Question, user: User, at: datetime) -> Listing:
    found, _ranked = finding.found_by(asked.query, user)
    columns = [Column(label) for label in exporting.head()]
    # Customer.pk in the condition, because a search that ranks has already read its customers
    rows = exporting.by_account(Customer.objects.filter(pk__in=found.values("pk")))
    return Listing(_("Customers"), rows, columns, lambda row: [Cell(exporting.said(value)) for value in row])


def _behind(asked: Question, user: User, at: datetime) -> Listing:
    report = all_reports().get(asked.report)
    if report is None or report.listing is None:
        raise Refusal(_("There is no such report."))
    filters = filters_for(report, asked.query, user, at)
    if not filters.is_valid():
        raise Refusal(_("The filters of this list are not understood any more. Open the report and choose again."))
    return report.listing(filters.chosen(), user, at, asked.query.get("pick", ""))


LISTINGS = {Subject.COMPLAINTS: _complaints, Subject.CUSTOMERS: _customers, Subject.BEHIND: _behind}
