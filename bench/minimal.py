"""The least that pages of the desk could cost: 25 rows, and one complaint with its history, drawn by plain Django behind sign-in;
and the least that a form could cost that anybody may send: two rows in one transaction.

Addresses beside the product's own, for measuring only (`ROOT_URLCONF` of bench.queue).
"""

from __future__ import annotations

from uuid import uuid4

from django import forms
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template import RequestContext, Template
from django.urls import path
from django.utils import timezone

from channels_intake.models import UnsentForm
from complaints.models import Complaint
from config.urls import urlpatterns as of_the_product

LIST = Template("""<!doctype html><title>Complaints</title><table>{% for one in rows %}<tr>
<td><a href="/least/{{ one.reference }}/">{{ one.reference }}</a></td><td>{{ one.category.name }}</td>
<td>{{ one.story|truncatechars:120 }}</td><td>{{ one.contact_name }}</td><td>{{ one.assignee.display_name }}</td>
<td>{{ one.get_status_display }}</td><td>{{ one.next_due_at|date:"SHORT_DATETIME_FORMAT" }}</td>
</tr>{% endfor %}</table>""")
DETAIL = Template("""<!doctype html><title>{{ one.reference }}</title><h1>{{ one.reference }}</h1><dl>
<dt>Category</dt><dd>{{ one.category.name }}</dd><dt>Status</dt><dd>{{ one.get_status_display }}</dd>
<dt>Who</dt><dd>{{ one.contact_name }} {{ one.contact_phone }}</dd><dt>Where</dt><dd>{{ one.place }}</dd>
<dt>With</dt><dd>{{ one.assignee.display_name }}</dd><dt>Due</dt><dd>{{ one.next_due_at|date:"SHORT_DATETIME_FORMAT" }}</dd>
</dl><p>{{ one.story }}</p><ol>{% for event in events %}<li>{{ event.at|date:"SHORT_DATETIME_FORMAT" }} {{ event.move }}
{{ event.actor_name }}</li>{% endfor %}</ol>""")


@login_required
def least_list(request: HttpRequest) -> HttpResponse:
    rows = Complaint.objects.unfinished().select_related("category", "assignee").order_by("next_due_at", "pk")[:25]
    return HttpResponse(LIST.render(RequestContext(request, {"rows": rows})))


@login_required
def least_detail(request: HttpRequest, reference: str) -> HttpResponse:
    one = get_object_or_404(Complaint.objects.select_related("category", "assignee"), reference=reference)
    return HttpResponse(DETAIL.render(RequestContext(request, {"one": one, "events": one.events.all()})))


class LeastForm(forms.Form):
    name = forms.CharField(max_length=80)
    story = forms.CharField(max_length=2000)


def least_write(request: HttpRequest) -> HttpResponse:
    form = LeastForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=422)
    with transaction.atomic():
        for _row in range(2):
            UnsentForm.objects.create(
                form_id=uuid4(), channel="web", content=form.cleaned_data, saved_at=timezone.now()
            )
    return redirect("/least/")


urlpatterns = [
    path("least/write/", least_write),
    path("least/", least_list),
    path("least/<str:reference>/", least_detail),
    *of_the_product,
]
