"""Who read what about whom: for administrators, narrowed by person, reader, kind and days; as a page and as a file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from complaints.models import Complaint
from complaints.references import parse_reference
from complaints.views.history_kept import for_administrators
from customers.models import Customer, Reading
from staff.http import StaffRequest
from staff.models import User
from staff.spreadsheets import lines

PAGE = 100
ASKED = ("about", "reader", "kind", "since", "until")


@require_safe
@for_administrators
def access_log(request: StaffRequest) -> HttpResponseBase:
    """The newest first; the address says about whom, by whom, what and when."""
    asked = {name: request.GET.get(name, "").strip() for name in ASKED}
    found, ignored = narrowed(asked)
    if request.GET.get("format") == "csv":
        return _file(found)
    before = request.GET.get("before", "")
    page = found.filter(pk__lt=int(before)) if before.isdecimal() and len(before) < 19 else found
    rows = list(page.order_by("-pk").select_related("user", "customer")[: PAGE + 1])
    shown = rows[:PAGE]
    query = urlencode({name: value for name, value in asked.items() if value})
    context = {
        "rows": _with_references(shown),
        "asked": asked,
        "ignored": ignored,
        "kinds": Reading.Kind.choices,
        "query": query,
        "newest_url": f"?{query}" if before else "",
        "older_url": f"?{query}&before={shown[-1].pk}" if len(rows) > PAGE else "",
    }
    return render(request, "complaints/access_log.html", context)


def narrowed(asked: dict[str, str]) -> tuple[QuerySet[Reading], list[str]]:
    """The readings that fit, and the names of what could not be understood."""
    found, ignored = Reading.objects.all(), []
    if asked["about"]:
        about = _about(asked["about"])
        ignored += [] if about else ["about"]
        found = found.filter(about or Q(pk=None))
    if asked["reader"]:
        readers = User.objects.filter(
            Q(username__iexact=asked["reader"]) | Q(full_name__icontains=asked["reader"])
        ).values("pk")
        found = found.filter(user__in=readers)
    if asked["kind"] in Reading.Kind.values:
        found = found.filter(kind=asked["kind"])
    for name in ("since", "until"):
        day = _day(asked[name])
        ignored += [name] if asked[name] and day is None else []
        if day is not None:
            start = timezone.make_aware(datetime.combine(day, time.min))
            found = found.filter(at__gte=start) if name == "since" else found.filter(at__lt=start + timedelta(days=1))
    return found, ignored


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def _about(text: str) -> Q | None:
    """A customer by number, with all complaints of theirs, or one complaint by reference; None when there is none."""
    customer = Customer.objects.filter(number=text).first()
    if customer is not None:
        mine = Complaint.objects.filter(customer=customer).values("pk")
        return Q(customer=customer) | Q(complaint__in=mine)
    reference = parse_reference(text)
    pk = Complaint.objects.filter(reference=reference).values_list("pk", flat=True).first() if reference else None
    return Q(complaint=pk) if pk else None


def _with_references(rows: list[Reading]) -> list[dict[str, Any]]:
    keys = {row.complaint for row in rows if row.complaint}
    references = dict(Complaint.objects.filter(pk__in=keys).values_list("pk", "reference"))
    return [{"row": row, "reference": references.get(row.complaint or 0, "")} for row in rows]


def _file(found: QuerySet[Reading]) -> HttpResponse | StreamingHttpResponse:
    def rows() -> Iterator[list[object]]:
        yield [
            _("when"),
            _("who"),
            _("name"),
            _("what"),
            _("customer"),
            _("complaint"),
            _("looked for"),
            _("why"),
            _("address"),
            "id",
        ]
        for row in found.order_by("-pk").select_related("user", "customer").iterator(chunk_size=2000):
            number = row.customer.number if row.customer else ""
            said = (row.subject, row.query, row.reason, row.address, row.request_id)
            yield [row.at, row.user.username, row.user.display_name, row.kind, number, *said]

    answer = StreamingHttpResponse(lines(rows()), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="access-log.csv"'
    return answer
