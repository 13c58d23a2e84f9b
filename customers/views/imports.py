"""Importing customers: send a file, say which column is what, watch it being taken over, fetch what was rejected."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from itertools import islice
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from customers.forms import MatchingForm, UploadForm
from customers.importing import files, taking
from customers.importing.fields import FIELDS, PROBLEMS
from customers.models import CustomerImport
from staff.actors import Role
from staff.http import StaffRequest
from staff.scope import within_branches
from staff.spreadsheets import lines

REJECTED_SHOWN = 20
COUNTED = {
    "customers_added": gettext_lazy("customers added"),
    "customers_changed": gettext_lazy("customers changed"),
    "accounts_added": gettext_lazy("accounts added"),
    "accounts_changed": gettext_lazy("accounts changed"),
    "premises_added": gettext_lazy("premises added"),
    "meters_added": gettext_lazy("meters added"),
    "meters_changed": gettext_lazy("meters changed"),
}


def for_administrators(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    @login_required
    @wraps(view)
    def guarded(request: StaffRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.role != Role.ADMINISTRATOR or request.user.branch is None:
            raise PermissionDenied(_("Customers are imported by administrators."))
        return view(request, *args, **kwargs)

    return guarded


@for_administrators
def imports(request: StaffRequest) -> HttpResponse:
    """What was imported, and the field for the next file."""
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if request.method == "POST" and form.is_valid():
        upload = form.cleaned_data["file"]
        assert request.user.branch is not None
        try:
            run = files.receive(upload, name=upload.name, branch=request.user.branch, by=request.user)
        except files.NotAnImport as refused:
            form.add_error("file", str(refused))
        else:
            return redirect("customers:import", run.pk)
    runs = _visible(request).select_related("asked_by")[:50]
    return render(request, "customers/imports.html", {"form": form, "runs": runs}, status=422 if form.is_bound else 200)


def _visible(request: StaffRequest) -> Any:
    return CustomerImport.objects.filter(within_branches(request.user))


@for_administrators
def import_run(request: StaffRequest, pk: int) -> HttpResponse:
    """Before it is decided: the first rows and which column is what. Afterwards: how far it is, and what came of it."""
    run = get_object_or_404(_visible(request).select_related("asked_by", "branch"), pk=pk)
    if run.confirmed_at is None:
        return _matching(request, run)
    rejected = run.rows.exclude(problem="").order_by("number")
    context = {
        "run": run,
        "counts": [(label, run.counts[name]) for name, label in COUNTED.items() if run.counts.get(name)],
        "rejected": [(row, PROBLEMS[row.problem]) for row in rejected[:REJECTED_SHOWN]] if run.rejected else [],
        "shown": REJECTED_SHOWN,
    }
    return render(request, "customers/_import.html" if request.htmx else "customers/import.html", context)


def _matching(request: StaffRequest, run: CustomerImport) -> HttpResponse:
    header, first = files.preview(run)
    form = MatchingForm(request.POST or None, header=header, user=request.user)
    if request.method == "POST" and form.is_valid():
        taking.confirm(run, form.columns(), form.cleaned_data["into"])
        return redirect("customers:import", run.pk)
    rows = [(row, [*row.cells, *[""] * len(header)][: len(header)]) for row in islice(first, files.PREVIEWED)]
    context = {"run": run, "form": form, "header": header, "rows": rows}
    return render(request, "customers/import_matching.html", context, status=422 if form.errors else 200)


@for_administrators
@require_safe
def import_rejected(request: StaffRequest, pk: int) -> StreamingHttpResponse:
    """The rows that were not taken, with their number and why; ready to be mended and sent again."""
    run = get_object_or_404(_visible(request), pk=pk)
    names = [name for name in FIELDS if name in run.columns]

    def rows() -> Iterator[list[object]]:
        yield [_("row"), _("why"), *(str(FIELDS[name][0]) for name in names)]
        for row in run.rows.exclude(problem="").order_by("number").iterator(chunk_size=1000):
            yield [row.number, str(PROBLEMS[row.problem]), *(getattr(row, name) for name in names)]

    answer = StreamingHttpResponse(lines(rows()), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="rejected-{run.pk}.csv"'
    return answer
