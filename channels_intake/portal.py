"""The public pages: the home of the portal, the form step by step, and the confirmation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from channels_intake import drafts, guides, held, known
from channels_intake.announcing import announced
from channels_intake.channels import web
from channels_intake.door import first_received, receive_on
from channels_intake.drafts import Draft
from channels_intake.models import UnsentForm
from channels_intake.questions import in_language, public_name
from channels_intake.steps import CHECK, LABELS, STEPS, Answers, CategoryForm, StepForm
from channels_intake.summary import summary
from channels_intake.unsent import as_uuid
from complaints import rulebook
from complaints.attachments import MAX_FILES
from complaints.models import Category, Channel, Complaint, DeskSettings, ServiceIssue
from complaints.refusals import BadInput
from complaints.store import NotKept
from staff import saves
from staff.actors import THE_CUSTOMER
from staff.http import address_of
from staff.templatetags.redress import PLAIN, SIGNS

GUIDED = ("kind", "story")
KEPT_WHILE_TYPING = ("kind", "story", "who")
HONEYPOT = "website"
"""A field that people do not see; machines fill it."""
WITHOUT_FILES = "without_files"
"""The button of whoever sends it although the photos cannot be kept."""


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    begun = [row for row in drafts.begun_in(request.session) if first_received(Channel.WEB, str(row.form_id)) is None]
    context = {
        "topics": topics(),
        "form_id": uuid4(),
        "begun": [line_of(row) for row in begun],
        "known_count": ServiceIssue.objects.public().count(),
    }
    return render(request, "portal/home.html", shared() | context)


def line_of(row: UnsentForm) -> dict[str, Any]:
    """What is shown of a complaint that was begun and not sent."""
    code = row.content.get("category", {}).get("category", "")
    category = Category.objects.filter(code=code).first()
    story = row.content.get("story", {}).get("story", "")
    return {"row": row, "topic": public_name(category) if category else "", "story": story}


@never_cache
@require_safe
def resume(request: HttpRequest, token: str) -> HttpResponse:
    """The secret link goes on where the form was left, in whichever browser it is opened."""
    row = drafts.by_token(token)
    if row is None:
        messages.info(request, _("That form was sent or is older than a week. Begin anew, or follow your complaint."))
        return redirect("channels_intake:complain")
    drafts.admit(request.session, row.form_id)
    return onwards(Draft(request.session, row.form_id))


@require_POST
def discard(request: HttpRequest, form_id: UUID) -> HttpResponse:
    """The customer does not want to send it: nothing of it stays."""
    Draft(request.session, form_id).forget()
    messages.success(request, _("Thrown away. Nothing was sent."))
    return redirect("channels_intake:home")


@never_cache
@require_POST
def keep(request: HttpRequest, form_id: UUID, step: str) -> HttpResponse:
    """Keep what stands in this step now, right or wrong; sent by the page every few seconds."""
    draft = Draft(request.session, form_id)
    if not draft.is_begun or step not in KEPT_WHILE_TYPING:
        return HttpResponse(status=410)
    draft.keep(step, Answers(draft).form(step, request.POST).typed(), mark=mark_of(request))
    return HttpResponse(status=204)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def complain(request: HttpRequest) -> HttpResponse:
    """The first step: what is wrong. Choosing begins a draft under the page's one-time id."""
    if request.method != "POST":
        return topics_page(request, uuid4())
    form_id = as_uuid(request.POST.get("form_id", ""))
    form = CategoryForm(request.POST, category=None, kind=None)
    if not form.is_valid():
        return topics_page(request, form_id, form=form, status=422)
    draft = Draft(request.session, form_id)
    draft.keep("category", {"category": request.POST["category"]})
    return onwards(draft)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def step(request: HttpRequest, form_id: UUID, step: str) -> HttpResponse:
    """One step of a draft. Going back keeps what was typed, right or wrong; going on needs it right."""
    draft = Draft(request.session, form_id)
    if not draft.is_begun:
        return sent_or_start(form_id)
    with rulebook.opened(draft.book()):
        return begun_step(request, draft, step)


def begun_step(request: HttpRequest, draft: Draft, step: str) -> HttpResponse:
    """As `step`, with the rulebook open."""
    answers = Answers(draft)
    if step == CHECK:
        return check(request, answers)
    if request.method != "POST":
        return step_page(request, answers, step) if is_reached(answers, step) else onwards(draft)
    form = answers.form(step, request.POST, files=request.FILES)
    if "back" in request.POST:
        draft.keep(step, form.typed(), mark=mark_of(request))
        return redirect(address(draft, before(step)))
    return taken(request, answers, form) if form.is_valid() else step_page(request, answers, step, form, status=422)


def taken(request: HttpRequest, answers: Answers, form: StepForm) -> HttpResponse:
    """Keep a step that is right, and its files, then go where the buttons say."""
    draft = answers.draft
    try:
        for attachment in form.cleaned_data.get("files", [])[: MAX_FILES - len(draft.files)]:
            draft.keep_file(attachment)
    except NotKept as refusal:
        form.add_error("files", refusal.message)
        return step_page(request, answers, form.name, form, status=refusal.status)
    if "remove" in request.POST:
        draft.drop_file(request.POST["remove"])
    if "remove" in request.POST or "add" in request.POST:
        return redirect(address(draft, form.name))
    draft.keep(form.name, form.typed(), mark=mark_of(request))
    return onwards(draft)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def safety(request: HttpRequest, form_id: UUID) -> HttpResponse:
    """What to do first when there is danger, before another question is asked."""
    draft = Draft(request.session, form_id)
    if not draft.is_begun:
        return sent_or_start(form_id)
    if request.method == "POST":
        draft.keep("safety", Answers(draft).warnings())
        return onwards(draft)
    context = shared() | {"advice": advice(Answers(draft).category), "back_url": reverse("channels_intake:complain")}
    return render(request, "intake/web/safety.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def instead(request: HttpRequest, form_id: UUID) -> HttpResponse:
    """Between the steps of the form: what may be the cause is known. Follow it, or go on with the complaint."""
    draft = Draft(request.session, form_id)
    if not draft.is_begun:
        return sent_or_start(form_id)
    answers = Answers(draft)
    found = known.expected(answers)
    if not found:
        return onwards(draft)
    if request.method == "POST" and "on" in request.POST:
        draft.keep("known", {"shown": [issue.pk for issue in found]})
        return onwards(draft)
    form = known.FollowForm(request.POST or None, initial=known.way_of(answers))
    context = shared() | {"issues": found, "form": form, "chosen": 0, "back_url": address(draft, "story")}
    if request.method != "POST":
        return render(request, "intake/web/known.html", context)
    issue = next((one for one in found if str(one.pk) == request.POST.get("issue")), found[0])
    answer = known.try_to_follow(request, issue, form, note=answers.cleaned("story").get("story", ""))
    if answer is None:
        return render(request, "intake/web/known.html", context | {"chosen": issue.pk}, status=422)
    draft.forget()
    return answer


def check(request: HttpRequest, answers: Answers) -> HttpResponse:
    """The answers to be checked; sending them makes the complaint, once."""
    if answers.next_step() != CHECK:
        return onwards(answers.draft)
    if request.method != "POST":
        return check_page(request, answers)
    is_trapped = bool(request.POST.get(HONEYPOT))
    if is_trapped and not answers.draft.answers(HONEYPOT):
        # a person can empty it once they see it; who fills it again is taken all the same, but looked at
        answers.draft.keep(HONEYPOT, {"filled": "yes"})
        return check_page(request, answers, trapped=True, status=422)
    why = held.suspicion(answers, address_of(request), is_trapped=is_trapped)
    if why is not None:
        answers.draft.hold(why)
        return redirect("channels_intake:held", answers.draft.form_id)
    try:
        intake = web.intake(answers)
    except BadInput:
        # A second press of the same button finds the photos gone when the first has just been sent with them.
        if first_received(Channel.WEB, str(answers.draft.form_id)) is None:
            raise
        return sent_or_start(answers.draft.form_id)
    try:
        with transaction.atomic():
            whole = replace(intake, files=()) if WITHOUT_FILES in request.POST else intake
            complaint, _is_new = receive_on(whole, by=THE_CUSTOMER)
            answers.draft.forget_words()
    except NotKept as refusal:
        return check_page(request, answers, unkept=True, status=refusal.status)
    answers.draft.forget_files()
    return redirect("channels_intake:received", complaint.token)


@never_cache
@require_safe
def held_page(request: HttpRequest, form_id: UUID) -> HttpResponse:
    """What was sent and waits for a person's look; it turns into the confirmation when it is registered."""
    if not UnsentForm.objects.filter(pk=form_id, held_at__isnull=False).exists():
        return sent_or_start(form_id)
    return render(request, "intake/web/held.html", shared())


@never_cache
@require_safe
def received(request: HttpRequest, token: str) -> HttpResponse:
    """The confirmation: reference, dates, and the way back."""
    complaint = get_object_or_404(Complaint.objects.select_related("category", "customer"), token=token)
    return render(request, "intake/web/received.html", announced(complaint))


def sent_or_start(form_id: UUID) -> HttpResponse:
    """A draft that is not there was either sent, and then has its confirmation, or never begun."""
    complaint = first_received(Channel.WEB, str(form_id))
    if complaint is not None:
        return redirect("channels_intake:received", complaint.token)
    if UnsentForm.objects.filter(pk=form_id, held_at__isnull=False).exists():
        return redirect("channels_intake:held", form_id)
    return redirect("channels_intake:complain")


def mark_of(request: HttpRequest) -> str:
    return request.POST.get(saves.MARK, "")


def onwards(draft: Draft) -> HttpResponse:
    answers = Answers(draft)
    if answers.must_warn():
        return redirect("channels_intake:safety", draft.form_id)
    if answers.is_done("story") and known.expected(answers):
        return redirect("channels_intake:instead", draft.form_id)
    return redirect(address(draft, answers.next_step()))


def is_reached(answers: Answers, step: str) -> bool:
    order = [*STEPS, CHECK]
    return order.index(step) <= order.index(answers.next_step())


def before(step: str) -> str:
    order = list(STEPS)
    return order[max(order.index(step) - 1, 0)]


def address(draft: Draft, step: str) -> str:
    return reverse("channels_intake:step", args=[draft.form_id, step])


def keep_url(draft: Draft, step: str) -> str:
    return reverse("channels_intake:keep", args=[draft.form_id, step]) if step in KEPT_WHILE_TYPING else ""


def step_page(
    request: HttpRequest, answers: Answers, step: str, form: StepForm | None = None, *, status: int = 200
) -> HttpResponse:
    if step == "category":
        return topics_page(request, answers.draft.form_id, chosen=answers.category)
    context = shared() | {
        "form": form or answers.form(step),
        "steps": progress(answers, step),
        "files": answers.draft.files,
        "in_danger": answers.is_dangerous(),
        "resume_url": request.build_absolute_uri(reverse("channels_intake:resume", args=[answers.draft.token])),
        "keep_url": keep_url(answers.draft, step),
        "guides": guides.suggested(answers.category, (answers.draft.answers("story") or {}).get("story", ""))
        if step in GUIDED
        else [],
    }
    return render(request, "intake/web/step.html", context, status=status)


def topics_page(
    request: HttpRequest,
    form_id: UUID,
    *,
    form: CategoryForm | None = None,
    chosen: Category | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {"topics": topics(), "form_id": form_id, "form": form, "chosen": chosen}
    return render(request, "intake/web/topics.html", shared() | context, status=status)


def check_page(
    request: HttpRequest, answers: Answers, *, trapped: bool = False, unkept: bool = False, status: int = 200
) -> HttpResponse:
    context = shared() | {
        "rows": summary(answers),
        "steps": progress(answers, CHECK),
        "in_danger": answers.is_dangerous(),
        "honeypot": HONEYPOT,
        "trapped": trapped,
        "unkept": unkept,
    }
    return render(request, "intake/web/check.html", context, status=status)


def shared() -> dict[str, Any]:
    return {"desk": DeskSettings.current()}


def topics() -> list[dict[str, Any]]:
    """The categories in customers' words, danger first."""
    categories = sorted(Category.objects.filter(is_active=True), key=lambda category: not category.advice)
    return [
        {
            "category": category,
            "name": public_name(category),
            "is_danger": bool(category.advice),
            "icon": SIGNS.get(("category", category.slug), PLAIN).icon_name,
        }
        for category in categories
    ]


def advice(category: Category | None) -> str:
    """What to do in danger, in the language in use: the category's own advice, else that of the category that has some."""
    with_advice = category if category and category.advice else Category.objects.exclude(advice={}).first()
    return in_language(with_advice.advice) if with_advice else _("Move away from the danger, then call us.")


def progress(answers: Answers, current: str) -> list[dict[str, Any]]:
    """The line of steps above the form."""
    order = [*STEPS, CHECK]
    here = order.index(current)
    states = ["done" if n < here else "current" if n == here else "to_come" for n in range(len(order))]
    return [
        {"label": LABELS[name], "state": state, "url": address(answers.draft, name)}
        for name, state in zip(order, states, strict=True)
    ]
