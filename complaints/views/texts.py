"""The texts that go out: what each is for, changing one with a look at a real complaint, and going back."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from complaints import letters
from complaints import texts as rules
from complaints.models import Complaint, Medium, MessageTemplate
from complaints.occasions import OCCASIONS
from complaints.references import parse_reference
from complaints.refusals import BadInput, Refusal
from complaints.views.papers import LANGUAGES, shown
from staff import utility
from staff.http import StaffRequest

VERSIONS = 30


class TextForm(forms.Form):
    use_required_attribute = False
    subject = forms.CharField(
        label=gettext_lazy("subject"),
        max_length=160,
        error_messages={"required": gettext_lazy("Write what it is about.")},
    )
    body = forms.CharField(
        label=gettext_lazy("text"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 12}),
        error_messages={"required": gettext_lazy("Write what it says.")},
    )
    reference = forms.CharField(
        label=gettext_lazy("shown on the complaint"),
        max_length=20,
        required=False,
        help_text=gettext_lazy("Empty: the newest one that had this occasion."),
    )
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, *args: Any, medium: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if medium == Medium.SMS:
            del self.fields["subject"]
            self.fields["body"].widget.attrs["rows"] = 5

    def clean_body(self) -> str:
        text: str = self.cleaned_data["body"]
        return text.replace("\r\n", "\n").strip()

    def clean_reference(self) -> str:
        text: str = self.cleaned_data["reference"]
        return (parse_reference(text) or text) if text else ""


def _for_editors(request: StaffRequest) -> None:
    utility.require_look(request.user, request.method)


@login_required
@require_safe
def texts(request: StaffRequest) -> HttpResponse:
    """Every occasion, what it is for, and its texts."""
    _for_editors(request)
    there: dict[str, list[MessageTemplate]] = {}
    for one in MessageTemplate.objects.order_by("medium", "-language"):
        there.setdefault(one.code, []).append(one)
    lines = [(occasion, there[code]) for code, occasion in OCCASIONS.items() if code in there]
    context = {
        "groups": [
            (_("To customers"), [line for line in lines if line[0].is_to_customer]),
            (_("To staff"), [line for line in lines if not line[0].is_to_customer]),
        ],
        "languages": dict(LANGUAGES),
    }
    return render(request, "complaints/texts.html", context)


@login_required
def text(request: StaffRequest, code: str, medium: str, language: str) -> HttpResponse:
    """Change one text; `look` only shows what it would say, and is asked while somebody types."""
    _for_editors(request)
    found = get_object_or_404(MessageTemplate, code=code, medium=medium, language=language)
    now = {"subject": found.subject, "body": found.body, "seen": rules.number_of(found)}
    form = TextForm(request.POST or None, medium=medium, initial=now)
    typed = now
    if form.is_bound and form.is_valid():
        typed = {"subject": "", **form.cleaned_data}
        if not {"look", "sheet"} & request.POST.keys() and _saved(request, found, form, typed):
            return redirect("complaints:text", code, medium, language)
    sample = None if form.is_bound and not form.is_valid() else _sample(request, found, form, typed)
    if sample is not None and medium == Medium.LETTER and "sheet" in request.POST:
        return _sheet(request, found, sample)
    context = {
        "text": found,
        "occasion": OCCASIONS[code],
        "form": form,
        "sample": sample,
        "words": [(f"{{{word}}}", rules.WORDS[word]) for word in rules.words_of(code)],
        "versions": found.versions.select_related("by")[:VERSIONS],
        "siblings": MessageTemplate.objects.filter(code=code).order_by("medium", "-language"),
        "languages": dict(LANGUAGES),
    }
    template = "complaints/_text_sample.html" if request.htmx and "look" in request.POST else "complaints/text.html"
    return render(request, template, context, status=422 if form.errors else 200)


def _saved(request: StaffRequest, found: MessageTemplate, form: TextForm, typed: dict[str, Any]) -> bool:
    try:
        rules.change(found, subject=typed["subject"], body=typed["body"], by=request.user, seen=typed["seen"])
    except Refusal as refused:
        form.add_error(next((name for name in refused.fields if name in form.fields), None), refused.message)
        return False
    messages.success(request, _("Saved. What is written from now on says this."))
    return True


def _sample(
    request: StaffRequest, found: MessageTemplate, form: TextForm, typed: dict[str, Any]
) -> rules.Sample | None:
    try:
        return rules.sample(
            found.code,
            found.language,
            typed["subject"],
            typed["body"],
            by=request.user,
            reference=typed.get("reference", ""),
        )
    except BadInput as refused:
        if form.is_bound and not form.errors:
            form.add_error(next((name for name in refused.fields if name in form.fields), None), refused.message)
        return None


def _sheet(request: StaffRequest, found: MessageTemplate, sample: rules.Sample) -> HttpResponse:
    """The letter that it would be, as PDF."""
    complaint = get_object_or_404(Complaint.objects.visible_to(request.user), reference=sample.of)
    content = letters.proof(
        complaint,
        found.language,
        address=complaint.contact_address or (complaint.customer.address if complaint.customer else ""),
        subject=sample.subject,
        body=sample.body,
        dated_on=timezone.localdate(),
    )
    return shown(content, f"{found.code}-{complaint.reference}.pdf")


@login_required
@require_POST
def restore(request: StaffRequest, code: str, medium: str, language: str) -> HttpResponse:
    """Go back to an earlier version, or to what the profile says; that is a new version again."""
    _for_editors(request)
    found = get_object_or_404(MessageTemplate, code=code, medium=medium, language=language)
    number = request.POST.get("number", "")
    if number.isascii() and number.isdecimal() and len(number) < 9:
        version = get_object_or_404(found.versions, number=int(number))
        subject, body = version.subject, version.body
    elif found.edited_at is not None:
        subject, body = found.profile_subject, found.profile_body
    else:
        subject, body = found.subject, found.body
    rules.change(found, subject=subject, body=body, by=request.user, seen=rules.number_of(found))
    messages.success(request, _("Restored. What is written from now on says this."))
    return redirect("complaints:text", code, medium, language)
