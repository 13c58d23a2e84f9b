"""The pages of letters: write one, print what waits, note what went to the post, change the texts."""

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
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from complaints import letters, papers, scans
from complaints.models import Complaint, Letter, Medium, Notice, Posting
from complaints.refusals import BadInput
from complaints.states import DESK
from complaints.views.notices import occasion
from complaints.views.papers import LANGUAGES, day, shown, words
from customers import reading
from staff import utility
from staff.http import StaffRequest

MOST_SHEETS = 100
LOGGED = 50


class LetterForm(forms.Form):
    use_required_attribute = False
    language = forms.ChoiceField(label=gettext_lazy("language"), choices=LANGUAGES, widget=forms.RadioSelect)
    to = forms.CharField(
        label=pgettext_lazy("letter", "to"),
        max_length=120,
        error_messages={"required": gettext_lazy("Write to whom the letter goes.")},
    )
    address = forms.CharField(
        label=gettext_lazy("address"),
        max_length=240,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": gettext_lazy("Write where the letter goes.")},
    )
    subject = forms.CharField(
        label=gettext_lazy("subject"),
        max_length=160,
        error_messages={"required": gettext_lazy("Write what the letter is about.")},
    )
    body = words(gettext_lazy("text"), 14, error_messages={"required": gettext_lazy("Write what the letter says.")})
    dated_on = day(gettext_lazy("date of the letter"))

    def clean_body(self) -> str:
        text: str = self.cleaned_data["body"]
        if "…" in text:
            raise forms.ValidationError(_("There is still a “…” in the text: write our answer in its place."))
        return text

    def said(self) -> papers.LetterSaid:
        return papers.LetterSaid(**self.cleaned_data)


class TextForm(forms.Form):
    use_required_attribute = False
    subject = forms.CharField(label=gettext_lazy("subject"), max_length=160)
    body = words(gettext_lazy("text"), 14)


def _for_desk(request: StaffRequest) -> None:
    if request.user.role not in DESK:
        raise PermissionDenied(_("Letters are written by the people of the desk."))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def letter(request: StaffRequest, reference: str) -> HttpResponse:
    """Write a letter to the complainant: look at the sheet, then put it on the list to be printed and posted."""
    rows = Complaint.objects.visible_to(request.user).select_related("category", "subcategory", "customer", "branch")
    found = get_object_or_404(rows, reference=reference)
    _for_desk(request)
    language = request.GET.get("language") or found.language
    if language not in letters.USUAL:
        raise Http404
    form = LetterForm(request.POST or None, initial=_usual(found, language))
    if form.is_bound and form.is_valid():
        if "look" in request.POST:
            return shown(papers.letter(found, form.said()), f"{found.reference}.pdf")
        letters.make(found, form.said(), by=request.user)
        messages.success(request, _("The letter waits to be printed and posted."))
        return redirect("complaints:letters")
    context = {"complaint": found, "form": form, "languages": LANGUAGES, "language": language}
    return render(request, "complaints/letter.html", context, status=422 if form.errors else 200)


def _usual(complaint: Complaint, language: str) -> dict[str, Any]:
    subject, body = letters.filled(complaint, language)
    return {
        "language": language,
        "to": complaint.contact_name,
        "address": complaint.contact_address or (complaint.customer.address if complaint.customer else ""),
        "subject": subject,
        "body": body,
        "dated_on": timezone.localdate(),
    }


@login_required
@require_safe
@reading.lists_people("letters")
def waiting(request: StaffRequest) -> HttpResponse:
    """What is not yet in the post, and the log of what is."""
    _for_desk(request)
    mine = Letter.objects.visible_to(request.user)
    related = ("letter__complaint", "notice__complaint", "posted_by", "undone_by")
    log = Posting.objects.visible_to(request.user).select_related(*related)[:LOGGED]
    sheets = Notice.objects.visible_to(request.user).unposted().select_related("complaint").order_by("pk")
    today = timezone.localdate()
    context = {
        "letters": mine.unposted().select_related("complaint", "attachment", "made_by"),
        "notices": [(one, occasion(one)) for one in sheets],
        "log": [(posting, letters.may_undo(posting, today)) for posting in log],
        "may_change": request.user.role in utility.KEEPING,
    }
    return render(request, "complaints/letters.html", context)


@login_required
@require_POST
def chosen(request: StaffRequest) -> HttpResponse:
    """Print the chosen letters as one document, or note that they were posted."""
    _for_desk(request)
    numbers, notices = _keys(request, "letter"), _keys(request, "notice")
    if not numbers and not notices:
        raise BadInput(_("Choose at least one letter."))
    if "print" in request.POST:
        rows = Letter.objects.visible_to(request.user).filter(pk__in=numbers).select_related("attachment")
        sheets = []
        for one in rows:
            with one.attachment.file.open() as stored:
                sheets.append(stored.read())
        today = timezone.localdate()
        found = Notice.objects.visible_to(request.user).filter(medium=Medium.LETTER, pk__in=notices)
        sheets += [
            letters.sheet(one, dated_on=today) for one in found.select_related("complaint__branch").order_by("pk")
        ]
        if not sheets:
            raise Http404
        return shown(scans.joined(sheets), "letters.pdf")
    count = letters.post(numbers, notices=notices, by=request.user)
    messages.success(request, _("Noted as posted: %(count)d.") % {"count": count})
    return redirect("complaints:letters")


def _keys(request: StaffRequest, name: str) -> list[int]:
    texts = [text for text in request.POST.getlist(name) if text.isascii() and text.isdecimal() and len(text) <= 18]
    return [int(text) for text in texts][:MOST_SHEETS]


@login_required
@require_POST
def undo(request: StaffRequest, pk: int) -> HttpResponse:
    _for_desk(request)
    letters.undo(get_object_or_404(Posting.objects.visible_to(request.user), pk=pk), by=request.user)
    messages.success(request, _("Taken back: the letter waits again."))
    return redirect("complaints:letters")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def text(request: StaffRequest, language: str) -> HttpResponse:
    """What letters in this language say before anybody changes one."""
    if language not in letters.USUAL:
        raise Http404
    utility.require_look(request.user, request.method)
    subject, body = letters.text_in(language)
    form = TextForm(request.POST or None, initial={"subject": subject, "body": body})
    if form.is_bound and form.is_valid():
        try:
            letters.change_text(language, **form.cleaned_data, by=request.user)
        except BadInput as refused:
            form.add_error(refused.fields[0], refused.message)
        else:
            messages.success(request, _("New letters begin with this text."))
            return redirect("complaints:letters")
    context = {"form": form, "language": language, "languages": LANGUAGES, "words": letters.WORDS}
    return render(request, "complaints/letter_text.html", context, status=422 if form.errors else 200)
