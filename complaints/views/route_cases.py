"""A sheet of routing cases held against the rules, and one to begin with."""

from __future__ import annotations

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from complaints import routing_cases, tables
from complaints.refusals import BadInput
from customers.exporting import workbook
from staff import roster as rosters
from staff import spreadsheets, utility
from staff.http import StaffRequest


class SheetForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("Sheet of cases"),
        help_text=gettext_lazy("CSV or XLSX, at most 2000 rows"),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.xlsx"}),
    )
    use_required_attribute = False


@login_required
def cases(request: StaffRequest) -> HttpResponse:
    """Which rows of a sheet go where they should, and why the others do not. Nothing is written."""
    _check(request)
    form = SheetForm(request.POST, request.FILES) if request.method == "POST" else SheetForm()
    checked = None
    if form.is_bound and form.is_valid():
        try:
            rows = tables.read(form.cleaned_data["file"].read(tables.MAX_BYTES + 1))
            checked = routing_cases.check(rows, rosters.branches_shown_to(request.user))
        except BadInput as refused:
            form.add_error("file", refused.message)
    context = {"form": form, "checked": checked, "failed": [row for row in checked or [] if not row.passes]}
    return render(request, "complaints/route_cases.html", context, status=422 if form.errors else 200)


@require_safe
@login_required
def sheet(request: StaffRequest, format: str) -> HttpResponseBase:
    """A sheet to begin with, made of the rules in use, for the person's own branch."""
    _check(request)
    branch = request.user.branch or rosters.branches_shown_to(request.user).first()
    if branch is None:
        raise Http404
    name = f"routing-cases-{timezone.localdate()}.{format}"
    if format == "xlsx":
        return FileResponse(workbook(routing_cases.sheet(branch), title="cases"), as_attachment=True, filename=name)
    lines = spreadsheets.lines(routing_cases.sheet(branch))
    answer = StreamingHttpResponse(list(lines), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _check(request: StaffRequest) -> None:
    if request.user.role not in utility.KEEPING:
        raise PermissionDenied(_("Routing rules are tried by supervisors and administrators."))
