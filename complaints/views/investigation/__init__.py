"""The pages on which findings are recorded, one module per category; the address is the same for all."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse

from complaints.models import Complaint
from complaints.views.detail import find
from complaints.views.investigation import billing, conduct, outage, safety, voltage
from staff.http import StaffRequest

PAGES: dict[str, Callable[[StaffRequest, Complaint], HttpResponse]] = {
    "BIL": billing.page,
    "OUT": outage.page,
    "SAF": safety.page,
    "SVC": conduct.page,
    "VOL": voltage.page,
}
"""For each code of a category: its page, which shows on GET and records on POST."""


@login_required
def findings(request: StaffRequest, reference: str) -> HttpResponse:
    """The page of the complaint's own category."""
    complaint = find(request, reference)
    page = PAGES.get(complaint.category.code)
    if page is None:
        raise Http404
    return page(request, complaint)
