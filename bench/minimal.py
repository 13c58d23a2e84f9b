"""The least that pages of the desk could cost: 25 rows, and one complaint with its history, drawn by plain Django behind sign-in.

Addresses beside the product's own, for measuring only (`ROOT_URLCONF` of bench.queue).
"""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template import RequestContext, Template
from django.urls import path

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


urlpatterns = [
    path("least/", least_list),
    path("least/<str:reference>/", least_detail),
    *of_the_product,
]
