"""The pages of a regulator's file: hand it in, see what each row would become, import it, take back what did not land."""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from channels_intake import regulator_batch
from channels_intake.models import RegulatorBatch
from channels_intake.views import form_for
from complaints import tables
from complaints.models import Channel
from complaints.refusals import BadInput
from staff.http import StaffRequest

AT_ONCE = timedelta(seconds=8)
"""So long a page may work; the rest goes on by itself."""
PAST = 50


class UploadForm(forms.Form):
    use_required_attribute = False
    file = forms.FileField(
        label=_("file"),
        help_text=_("CSV or XLSX with the headings of the template, at most 2000 rows."),
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx"}),
        error_messages={
            "required": _("Choose the file first."),
            "empty": _("The file is empty."),
        },
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def batches(request: StaffRequest) -> HttpResponse:
    """Hand in a file, or open one that was handed in before."""
    form_for(Channel.REGULATOR, request.user)
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if request.method == "POST" and form.is_valid():
        upload = form.cleaned_data["file"]
        try:
            taken = regulator_batch.take(upload.read(tables.MAX_BYTES + 1), name=upload.name, by=request.user)
        except BadInput as refused:
            form.add_error("file", refused.message)
        else:
            return redirect("channels_intake:batch", taken.pk)
    past = RegulatorBatch.objects.visible_to(request.user).select_related("uploaded_by")[:PAST]
    context = {"form": form, "past": past, "columns": regulator_batch.COLUMNS}
    return render(request, "intake/batches.html", context, status=422 if form.errors else 200)


@login_required
@require_safe
def template(request: StaffRequest) -> HttpResponse:
    form_for(Channel.REGULATOR, request.user)
    return _csv(regulator_batch.template(), "regulator-template.csv")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def batch(request: StaffRequest, pk: int) -> HttpResponse:
    """Each row with its verdict. Posting imports what is good, and goes on where an import was cut short."""
    found = _find(request, pk)
    if request.method == "POST":
        regulator_batch.start(found, by=request.user)
        regulator_batch.carry_on(found, until=timezone.now() + AT_ONCE)
        return redirect("channels_intake:batch", found.pk)
    rows = regulator_batch.judged(found)
    columns = [column for column in regulator_batch.COLUMNS if column.name in found.header]
    counts = regulator_batch.counted(rows)
    same = RegulatorBatch.objects.visible_to(request.user).filter(sha256=found.sha256, finished_at__isnull=False)
    context = {
        "batch": found,
        "rows": [(one, [(column.heading, one.row.given.get(column.name, "")) for column in columns]) for one in rows],
        "columns": columns,
        "counts": counts,
        "back": counts["refused"] + counts["different"],
        "earlier": same.exclude(pk=found.pk).select_related("uploaded_by").first(),
    }
    return render(request, "intake/batch.html", context)


@login_required
@require_safe
def came_back(request: StaffRequest, pk: int) -> HttpResponse:
    return _csv(regulator_batch.came_back(_find(request, pk)), f"came-back-{pk}.csv")


def _find(request: StaffRequest, pk: int) -> RegulatorBatch:
    form_for(Channel.REGULATOR, request.user)
    rows = RegulatorBatch.objects.visible_to(request.user).select_related("branch", "uploaded_by", "started_by")
    return get_object_or_404(rows, pk=pk)


def _csv(data: bytes, name: str) -> HttpResponse:
    return HttpResponse(
        data,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"},
    )
