"""Where a voltage is measured, judged and mended: measurements from a file or typed, measures, damage."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints import workflow
from complaints.attachments import MAX_BYTES
from complaints.investigation import voltage, voltage_log
from complaints.legible import legible
from complaints.models import Attachment, Complaint, FileKind, VoltageFinding, VoltageTest
from complaints.models.attachment import ScanState
from complaints.refusals import BadInput, Refusal
from staff.actors import Actor
from staff.http import StaffRequest
from staff.spreadsheets import plain
from staff.tables import written

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHOWN_FAULTS = 20
UNITS = [("V", "V"), ("kV", "kV")]
DECIMALS = [(".", gettext_lazy("a point: 221.5")), (",", gettext_lazy("a comma: 221,5"))]
ORDERS = [("dmy", gettext_lazy("day first: 31/12/2026")), ("mdy", gettext_lazy("month first: 12/31/2026"))]
EXAMPLE = "2026-03-02 19:30  198.5\n2026-03-02 19:31  197.9"


class AboutForm(forms.Form):
    """With what and where it was measured."""

    use_required_attribute = False

    nominal = forms.ChoiceField(label=gettext_lazy("Nominal voltage and standard"))
    point = forms.CharField(label=gettext_lazy("Measuring point"), max_length=120)
    instrument = forms.CharField(label=gettext_lazy("Instrument"), max_length=80)
    serial = forms.CharField(label=gettext_lazy("Serial number"), max_length=40, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["nominal"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = voltage.choices()

    def about(self) -> dict[str, Any]:
        pack, nominal = voltage.chosen(self.cleaned_data["nominal"])
        said = {name: self.cleaned_data[name] for name in ("point", "instrument", "serial")}
        return {"pack": pack, "nominal": nominal, **said}


class TypedForm(AboutForm):
    readings = forms.CharField(
        label=gettext_lazy("Readings"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 5, "placeholder": EXAMPLE}),
        help_text=gettext_lazy("One a line: date, time and the voltage; for three phases three voltages."),
    )


class ColumnsForm(AboutForm):
    """Which column is what: guessed from the heads, and confirmed by a person."""

    time = forms.TypedChoiceField(label=gettext_lazy("Time"), coerce=int)
    date = forms.TypedChoiceField(
        label=gettext_lazy("Date, if in a column of its own"), coerce=int, required=False, empty_value=None
    )
    phase_U = forms.TypedChoiceField(label=gettext_lazy("Voltage"), coerce=int, required=False, empty_value=None)
    phase_A = forms.TypedChoiceField(label=gettext_lazy("Phase A"), coerce=int, required=False, empty_value=None)
    phase_B = forms.TypedChoiceField(label=gettext_lazy("Phase B"), coerce=int, required=False, empty_value=None)
    phase_C = forms.TypedChoiceField(label=gettext_lazy("Phase C"), coerce=int, required=False, empty_value=None)
    first = forms.IntegerField(label=gettext_lazy("Line of the first reading"), min_value=1)
    unit = forms.ChoiceField(label=gettext_lazy("Unit"), choices=UNITS)
    decimal = forms.ChoiceField(label=gettext_lazy("Decimal sign"), choices=DECIMALS)
    order = forms.ChoiceField(label=gettext_lazy("Dates that do not begin with the year"), choices=ORDERS)

    def __init__(self, *args: Any, lines: list[list[str]], **kwargs: Any) -> None:
        guessed = voltage_log.guess(lines)
        if guessed is not None:
            kwargs["initial"] = _as_initial(guessed) | kwargs.get("initial", {})
        super().__init__(*args, **kwargs)
        self.guessed = guessed
        head = lines[guessed.first - 2] if guessed is not None and guessed.first >= 2 else []
        width = max(map(len, lines[: voltage_log.MAX_HEAD + voltage_log.SHOWN]), default=0)
        columns = [(n, f"{n + 1} {head[n][:40] if n < len(head) else ''}".strip()) for n in range(width)]
        for name, field in self.fields.items():
            if isinstance(field, forms.TypedChoiceField):
                field.choices = columns if name == "time" else [("", "—"), *columns]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        chosen = [name for name in said if name.startswith("phase_") and said[name] is not None]
        if not chosen:
            self.add_error("phase_U", _("Say which column is the voltage."))
        taken = [said[name] for name in ("time", "date", *chosen) if said.get(name) is not None]
        if len(taken) != len(set(taken)):
            self.add_error(None, _("One column is chosen twice."))
        return said

    def columns(self) -> voltage_log.Columns:
        said = self.cleaned_data
        return voltage_log.Columns(
            time=said["time"],
            date=said["date"],
            phases={p: said[f"phase_{p}"] for p in ("A", "B", "C", "U") if said[f"phase_{p}"] is not None},
            first=said["first"],
            is_kilovolt=said["unit"] == "kV",
            decimal_comma=said["decimal"] == ",",
            day_first=said["order"] == "dmy",
        )


def _as_initial(guessed: voltage_log.Columns) -> dict[str, Any]:
    return {
        "time": guessed.time,
        "date": guessed.date,
        **{f"phase_{phase}": column for phase, column in guessed.phases.items()},
        "first": guessed.first,
        "unit": "kV" if guessed.is_kilovolt else "V",
        "decimal": "," if guessed.decimal_comma else ".",
        "order": "dmy" if guessed.day_first else "mdy",
    }


class UploadForm(forms.Form):
    use_required_attribute = False

    log = forms.FileField(
        label=gettext_lazy("Log of the instrument"),
        help_text=gettext_lazy("CSV or XLSX, at most 12 MB. The next page asks which column is what."),
    )


class FindingForm(forms.ModelForm):
    class Meta:
        model = VoltageFinding
        fields = [
            *("transformer_load", "temporary_measure", "permanent_measure", "planned_on"),
            *("appliances", "checked_on", "liability", "settlement"),
        ]
        widgets = {
            "temporary_measure": forms.Textarea(attrs={"rows": 2}),
            "permanent_measure": forms.Textarea(attrs={"rows": 2}),
            "appliances": forms.Textarea(attrs={"rows": 3}),
            "planned_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "checked_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }
        help_texts = {"appliances": gettext_lazy("One a line: what, bought when, what is wrong with it.")}


class WithdrawForm(forms.Form):
    use_required_attribute = False

    because = forms.CharField(label=gettext_lazy("Withdrawn because"), max_length=300)


def page(request: StaffRequest, complaint: Complaint) -> HttpResponse:
    """What was measured and found; `?log=` asks for the columns of a kept file, `?faults=` gives the bad lines of a test."""
    if request.method == "POST":
        return _post(request, complaint)
    if wanted := request.GET.get("faults", ""):
        return _faults(complaint, wanted)
    if wanted := request.GET.get("log", ""):
        return _confirm(request, complaint, _kept(complaint, wanted))
    return _show(request, complaint)


def _post(request: StaffRequest, complaint: Complaint) -> HttpResponse:
    if not complaint.permits("investigate", request.user.role):
        messages.error(
            request, _("Findings can be recorded by whoever investigates, while the complaint is not closed.")
        )
        return redirect("complaints:investigation", complaint.reference)
    acts = {"upload": _upload, "save": _save, "typed": _typed, "measures": _measures, "withdraw": _withdraw}
    act = acts.get(request.POST.get("do", ""))
    if act is None:
        raise Http404
    return act(request, complaint)


def _done(request: StaffRequest, complaint: Complaint, sentence: str) -> HttpResponse:
    messages.success(request, sentence)
    return redirect("complaints:investigation", complaint.reference)


def _upload(request: StaffRequest, complaint: Complaint) -> HttpResponse:
    """Keep the file first, so that nothing handed in is lost; then ask what its columns are."""
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _show(request, complaint, upload=form, status=422)
    try:
        attachment = _prepared(form.cleaned_data["log"])
        known = complaint.attachments.filter(sha256=attachment.sha256).first()
        if known is None:
            workflow.perform("attach", complaint, by=Actor.staff(request.user), files=[attachment])
            known = complaint.attachments.get(sha256=attachment.sha256)
    except Refusal as refused:
        form.add_error("log", refused.message)
        return _show(request, complaint, upload=form, status=refused.status)
    return redirect(f"{reverse('complaints:investigation', args=[complaint.reference])}?log={known.uuid}")


def _prepared(upload: UploadedFile) -> Attachment:
    """An unsaved attachment of a log that can be read as a table. Raises BadInput."""
    data = upload.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise BadInput(_("The file is larger than %(limit)d MB. Split it.") % {"limit": MAX_BYTES // 1024 // 1024})
    lines = voltage_log.lines_of(data)
    if voltage_log.guess(lines) is None and max(map(len, lines), default=0) < 2:
        raise BadInput(_("There is no table of times and voltages in this file."))
    name = legible(upload.name or "").replace("\\", "/").rsplit("/", 1)[-1][-150:] or "log.csv"
    is_workbook = data.startswith(b"PK")
    return Attachment(
        file=ContentFile(data, name=name),
        name=name,
        content_type=XLSX if is_workbook else "text/csv",
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        kind=FileKind.LOG,
    )


def _kept(complaint: Complaint, uuid: str) -> Attachment:
    try:
        return get_object_or_404(
            complaint.attachments.exclude(scan=ScanState.INFECTED), uuid=UUID(uuid), kind=FileKind.LOG
        )
    except ValueError:
        raise Http404 from None


def _confirm(
    request: StaffRequest, complaint: Complaint, file: Attachment, form: ColumnsForm | None = None, status: int = 200
) -> HttpResponse:
    lines = _lines(file)
    form = form or ColumnsForm(lines=lines, initial=_usual(complaint))
    first = form.guessed.first if form.guessed else 1
    context = {
        "complaint": complaint,
        "file": file,
        "form": form,
        "head": [(number, lines[number - 1]) for number in range(max(1, first - 3), first)],
        "rows": [(number, line) for number, line in enumerate(lines, start=1) if number >= first][: voltage_log.SHOWN],
        "total": len(lines) - first + 1,
        "column_fields": [form[name] for name in ("time", "date", "phase_U", "phase_A", "phase_B", "phase_C")],
        "how_fields": [form[name] for name in ("unit", "decimal", "order", "first")],
        "about_fields": [form[name] for name in ("nominal", "point", "instrument", "serial")],
    }
    return render(request, "complaints/investigation/voltage_columns.html", context, status=status)


def _lines(file: Attachment) -> list[list[str]]:
    with file.file.open() as kept:
        return voltage_log.lines_of(kept.read())


def _save(request: StaffRequest, complaint: Complaint) -> HttpResponse:
    file = _kept(complaint, request.POST.get("log", ""))
    lines = _lines(file)
    form = ColumnsForm(request.POST, lines=lines)
    if form.is_valid():
        try:
            about = form.about()
            log = voltage_log.read(lines, form.columns(), about["nominal"])
            voltage.save_test(complaint, log, by=request.user, file=file, **about)
            return _done(request, complaint, _("The measurement is recorded."))
        except Refusal as refused:
            form.add_error(next((name for name in refused.fields if name in form.fields), None), refused.message)
    return _confirm(request, complaint, file, form, status=422)


def _typed(request: StaffRequest, complaint: Complaint) -> HttpResponse:
    form = TypedForm(request.POST)
    if form.is_valid():
        try:
            about = form.about()
            lines = voltage_log.lines_typed(form.cleaned_data["readings"])
            width = max(map(len, lines), default=0)
            names = voltage_log.PHASES if width == 4 else (voltage_log.SINGLE,)
            columns = voltage_log.Columns(time=0, phases={name: n for n, name in enumerate(names, start=1)})
            voltage.save_test(complaint, voltage_log.read(lines, columns, about["nominal"]), by=request.user, **about)
            return _done(request, complaint, _("The measurement is recorded."))
        except Refusal as refused:
            form.add_error("readings", refused.message)
    return _show(request, complaint, typed=form, status=422)


def _measures(request: StaffRequest, complaint: Complaint) -> HttpResponse:
    form = FindingForm(request.POST, instance=VoltageFinding(complaint=complaint))
    if form.is_valid():
        try:
            voltage.save_finding(form.instance, by=request.user)
            return _done(request, complaint, _("The findings are recorded."))
        except Refusal as refused:
            form.add_error(None, refused.message)
    return _show(request, complaint, measures=form, status=422)


def _withdraw(request: StaffRequest, complaint: Complaint) -> HttpResponse:
    wanted = request.POST.get("test", "")
    test = get_object_or_404(complaint.voltage_tests, pk=int(wanted) if wanted.isdecimal() and len(wanted) < 19 else 0)
    form = WithdrawForm(request.POST, auto_id=f"id_withdraw_{test.pk}_%s")
    if form.is_valid():
        try:
            voltage.withdraw(test, by=request.user, because=form.cleaned_data["because"])
            return _done(request, complaint, _("The measurement is withdrawn."))
        except Refusal as refused:
            form.add_error(None, refused.message)
    return _show(request, complaint, withdrawal=(test, form), status=422)


def _faults(complaint: Complaint, wanted: str) -> HttpResponse:
    """The lines of a log that were not taken or look odd, as a file."""
    test = get_object_or_404(complaint.voltage_tests, pk=int(wanted) if wanted.isdecimal() and len(wanted) < 19 else 0)
    rows = [[str(line), phase, said, str(voltage_log.FAULTS[code])] for line, phase, said, code in test.faults]
    heads = [_("Line"), _("Phase"), _("What it says"), _("What is wrong")]
    name = plain(f"{complaint.reference}-{test.pk}-lines.csv")
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(written([heads, *rows]), content_type="text/csv; charset=utf-8", headers=headers)


def _usual(complaint: Complaint) -> dict[str, Any]:
    """What was said of the measurement before, for another one of the same complaint."""
    before = complaint.voltage_tests.first()
    if before is None:
        return {}
    nominal = f"{before.limits['code']}:{before.nominal}"
    return {"nominal": nominal, "point": before.point, "instrument": before.instrument, "serial": before.serial}


def _show(
    request: StaffRequest,
    complaint: Complaint,
    *,
    upload: UploadForm | None = None,
    typed: TypedForm | None = None,
    measures: FindingForm | None = None,
    withdrawal: tuple[VoltageTest, WithdrawForm] | None = None,
    status: int = 200,
) -> HttpResponse:
    forms_shown = [form for form in (upload, typed, measures, withdrawal and withdrawal[1]) if form is not None]
    tests = [_shown(test, number, withdrawal) for number, test in enumerate(complaint.voltage_tests.all())]
    context = {
        "complaint": complaint,
        "panel": voltage.panel(complaint),
        "tests": tests,
        "may": complaint.permits("investigate", request.user.role),
        "refused": forms_shown[0] if forms_shown else None,
        "upload": upload or UploadForm(),
        "typed": typed or TypedForm(initial=_usual(complaint)),
        "is_typed": typed is not None,
        "measures": measures or FindingForm(instance=complaint.voltage_findings.first()),
        "waiting": [(file, f"?log={file.uuid}") for file in _unread(complaint)],
        "is_damage": complaint.subcategory is not None and complaint.subcategory.code == voltage.APPLIANCE_DAMAGE,
        "has_limits": bool(voltage.packs()),
    }
    return render(request, "complaints/investigation/voltage.html", context, status=status)


def _unread(complaint: Complaint) -> list[Attachment]:
    """Logs that were kept, but whose columns nobody confirmed yet."""
    used = complaint.voltage_tests.exclude(file=None).values("file")
    return list(complaint.attachments.filter(kind=FileKind.LOG).exclude(pk__in=used))


def _shown(test: VoltageTest, number: int, withdrawal: tuple[VoltageTest, WithdrawForm] | None) -> dict[str, Any]:
    """One measurement as its page shows it; the chart of the newest is drawn at once."""
    heads, rows = voltage.numbers(test)
    series = list(test.series.all())
    is_asked = withdrawal is not None and withdrawal[0].pk == test.pk
    return {
        "test": test,
        "sentence": voltage.sentence(test),
        "meaning": voltage.MEANINGS[test.verdict],
        "nominal": f"{voltage.volts_words(test.nominal)} · {voltage.named(test.limits['name'])}",
        "instrument": voltage.instrument_words(test),
        "heads": heads,
        "rows": [list(zip(heads, row, strict=True)) for row in rows],
        "chart": voltage.chart(test, series) if test.withdrawn_at is None else None,
        "gaps": voltage.gap_words(test, series),
        "faults": voltage.fault_counts(test),
        "fault_lines": [
            (line, phase, said, voltage_log.FAULTS[code]) for line, phase, said, code in test.faults[:SHOWN_FAULTS]
        ],
        "withdraw": withdrawal[1] if is_asked and withdrawal else WithdrawForm(auto_id=f"id_withdraw_{test.pk}_%s"),
        "is_asked": is_asked,
        "is_first": number == 0,
    }
