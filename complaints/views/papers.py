"""The pages from which paper leaves the house: the formal reply, the letter, and the list of what is not yet posted."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from complaints import attachments, papers, workflow
from complaints.models import Attachment, Channel, Complaint, DeskSettings, FileKind
from complaints.refusals import BadInput
from staff.actors import Actor, Role
from staff.http import StaffRequest

ANSWERING = frozenset({Role.LIAISON, Role.SUPERVISOR})
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]


def words(label: Any, rows: int, **more: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=4000, widget=forms.Textarea(attrs={"rows": rows}), **more)


def day(label: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))


class ReplyForm(forms.Form):
    """What the formal reply says; or a reply that was signed and sealed on paper and scanned."""

    use_required_attribute = False
    language = forms.ChoiceField(label=gettext_lazy("language"), choices=LANGUAGES, widget=forms.RadioSelect)
    findings = words(
        gettext_lazy("what we found"),
        6,
        error_messages={"required": gettext_lazy("Write what the investigation found.")},
    )
    measures = words(
        gettext_lazy("what we did and will do"),
        5,
        error_messages={"required": gettext_lazy("Write what was done, and what will be.")},
    )
    signatory = forms.CharField(label=gettext_lazy("who signs"), max_length=80, required=False)
    dated_on = day(gettext_lazy("date of the reply"))

    def said(self) -> papers.Reply:
        return papers.Reply(**self.cleaned_data)


class SealedForm(forms.Form):
    use_required_attribute = False
    file = forms.FileField(
        label=gettext_lazy("scan of the signed reply"),
        help_text=gettext_lazy("PDF or a picture, at most 12 MB."),
        widget=forms.FileInput(attrs={"accept": ".pdf,image/*"}),
        error_messages={
            "required": gettext_lazy("Choose the file first."),
            "empty": gettext_lazy("The file is empty."),
        },
    )


def find(request: StaffRequest, reference: str) -> Complaint:
    """The complaint, if this person may see it and answers for the company."""
    rows = Complaint.objects.visible_to(request.user).select_related("category", "subcategory", "root_cause", "branch")
    found = get_object_or_404(rows, reference=reference)
    if request.user.role not in ANSWERING:
        raise PermissionDenied(_("Formal replies are written by the regulator liaison and supervisors."))
    return found


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def reply(request: StaffRequest, reference: str) -> HttpResponse:
    """Write the formal reply, look at it as it will be, attach it; or attach the one that was signed on paper."""
    found = find(request, reference)
    if found.channel != Channel.REGULATOR:
        raise Http404
    is_sealed = "sealed" in request.POST
    sealed = SealedForm(request.POST, request.FILES) if is_sealed else SealedForm()
    form = ReplyForm(initial=_usual(found)) if is_sealed or request.method != "POST" else ReplyForm(request.POST)
    if sealed.is_bound and sealed.is_valid():
        try:
            file = attachments.prepare(sealed.cleaned_data["file"], name=sealed.cleaned_data["file"].name)
        except BadInput as refused:
            sealed.add_error("file", refused.message)
        else:
            return _attached(request, found, file)
    if form.is_bound and form.is_valid():
        made = papers.reply(found, form.said())
        if "look" in request.POST:
            return shown(made, f"{found.reference}-reply.pdf")
        name = _("Reply %(reference)s.pdf") % {"reference": found.source_reference or found.reference}
        return _attached(request, found, attachments.made(made, name=str(name)))
    replies = found.attachments.filter(kind=FileKind.REPLY).select_related("added_by")
    context = {"complaint": found, "form": form, "sealed": sealed, "replies": replies, "owes": found.owes_reply}
    return render(request, "complaints/reply.html", context, status=422 if form.errors or sealed.errors else 200)


def _attached(request: StaffRequest, complaint: Complaint, file: Attachment) -> HttpResponse:
    file.kind = FileKind.REPLY
    workflow.perform("attach", complaint, by=Actor.staff(request.user), files=[file])
    messages.success(request, _("The formal reply is attached."))
    return redirect(complaint)


def _usual(complaint: Complaint) -> dict[str, Any]:
    """What stands in the form before anybody types: what the case already knows."""
    desk, language = DeskSettings.current(), complaint.language
    cause = complaint.root_cause.name if complaint.root_cause else ""
    return {
        "language": complaint.language,
        "findings": _("Cause: %(cause)s.") % {"cause": cause} if cause else "",
        "measures": complaint.resolution,
        "signatory": desk.signatory_zh if language.startswith("zh") else desk.signatory_en,
        "dated_on": timezone.localdate(),
    }


def shown(data: bytes, name: str) -> HttpResponse:
    """A PDF to be looked at in place."""
    headers = {
        "Content-Disposition": f'inline; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    return HttpResponse(data, content_type="application/pdf", headers=headers)
