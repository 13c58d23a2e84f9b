"""The pages of guides and standards: for customers to read, for supervisors to write."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from channels_intake import guides, words
from channels_intake.models import Guide
from channels_intake.questions import public_name
from channels_intake.standards import standards
from complaints.models import DeskSettings
from staff import utility
from staff.http import StaffRequest

ANSWERED = "guides_answered"


# for customers


@require_safe
def help_home(request: HttpRequest) -> HttpResponse:
    """Every guide by topic, or those that hold the words looked for."""
    q = request.GET.get("q", "").strip()[:100]
    groups: dict[str, list[Guide]] = {}
    for guide in guides.search(q) if q else guides.published():
        groups.setdefault(public_name(guide.category) if guide.category else "", []).append(guide)
    context = {"q": q, "groups": list(groups.items()), "desk": DeskSettings.current()}
    return render(request, "portal/help.html", context)


@require_safe
def help_guide(request: HttpRequest, slug: str) -> HttpResponse:
    guide = get_object_or_404(guides.published(), slug=slug)
    context = {
        "guide": guide,
        "html": guides.rendered(guide.body),
        "has_answered": slug in request.session.get(ANSWERED, []),
        "desk": DeskSettings.current(),
    }
    return render(request, "portal/guide.html", context)


@require_POST
def help_answer(request: HttpRequest, slug: str) -> HttpResponse:
    """Whether it helped; a browser's session counts once for each guide."""
    guide = get_object_or_404(guides.published(), slug=slug)
    answered = request.session.get(ANSWERED, [])
    if slug not in answered and request.POST.get("helped") in ("yes", "no"):
        guides.helped(guide, yes=request.POST["helped"] == "yes", at=timezone.localtime())
        request.session[ANSWERED] = [*answered, slug]
    return redirect("channels_intake:guide", slug)


@require_safe
def standards_page(request: HttpRequest) -> HttpResponse:
    desk = DeskSettings.current()
    context = {"standards": standards(), "fees": words.fees(desk), "desk": desk, "today": timezone.localdate()}
    return render(request, "portal/standards.html", context)


# for supervisors


class GuideForm(forms.ModelForm):
    class Meta:
        model = Guide
        fields = ("title_zh", "title_en", "category", "body_zh", "body_en", "slug", "position", "is_published")
        widgets = {"body_zh": forms.Textarea(attrs={"rows": 14}), "body_en": forms.Textarea(attrs={"rows": 14})}
        labels = {"slug": gettext_lazy("end of the address"), "position": gettext_lazy("place in the list")}
        help_texts = {
            "body_zh": gettext_lazy(
                "Markdown: **bold**, 1. lists, [words](/address/). {hotline} and {regulator} stand for the numbers."
            ),
            "slug": gettext_lazy("The end of its address, such as no-power."),
        }


def _check(request: StaffRequest) -> None:
    utility.require_look(request.user, request.method)


@login_required
@require_safe
def guide_list(request: StaffRequest) -> HttpResponse:
    _check(request)
    return render(request, "intake/guides.html", {"guides": guides.with_counts()})


@login_required
def guide_edit(request: StaffRequest, slug: str = "") -> HttpResponse:
    """Write one: the first button shows what it will look like, the second saves it."""
    _check(request)
    guide = get_object_or_404(Guide, slug=slug) if slug else None
    form = GuideForm(request.POST or None, instance=guide)
    context: dict[str, Any] = {
        "form": form,
        "guide": guide,
        "versions": guide.versions.select_related("made_by") if guide else [],
    }
    if request.method != "POST" or not form.is_valid():
        return render(request, "intake/guide_edit.html", context, status=422 if form.errors else 200)
    if "save" not in request.POST:
        typed = form.cleaned_data
        context["preview"] = [guides.rendered(typed["body_zh"]), guides.rendered(typed["body_en"])]
        return render(request, "intake/guide_edit.html", context)
    saved = guides.save(form.save(commit=False), by=request.user, at=timezone.now())
    messages.success(request, _("Saved: %(title)s.") % {"title": saved.title})
    return redirect("channels_intake:guides")
