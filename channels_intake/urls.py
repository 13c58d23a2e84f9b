"""The addresses of this package: the portal's front, and the desk's entry forms."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path, re_path, register_converter

from channels_intake import batch_views, counter_views, portal, views
from channels_intake.steps import CHECK, STEPS


class StepConverter:
    """One of the public form's steps, by its name."""

    regex = "|".join([*STEPS, CHECK])

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(StepConverter, "form-step")

app_name = "channels_intake"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", portal.home, name="home"),
    path("complain/", portal.complain, name="complain"),
    path("complain/received/<str:token>/", portal.received, name="received"),
    path("complain/<uuid:form_id>/safety/", portal.safety, name="safety"),
    path("complain/<uuid:form_id>/<form-step:step>/", portal.step, name="step"),
    path("desk/new/known/", views.known, name="known"),
    path("desk/new/regulator/batch/", batch_views.batches, name="batches"),
    path("desk/new/regulator/batch/template/", batch_views.template, name="batch-template"),
    path("desk/new/regulator/batch/<int:pk>/", batch_views.batch, name="batch"),
    path("desk/new/regulator/batch/<int:pk>/back/", batch_views.came_back, name="batch-back"),
    path("desk/new/<slug:channel>/", views.new, name="new"),
    path("desk/scans/<uuid:uuid>/<int:number>.jpg", views.scan_page, name="scan"),
    path("desk/counter/", counter_views.waiting, name="counter"),
    re_path(r"^desk/counter/(?P<pk>[0-9]+)/(?P<name>call|hear|leave)/$", counter_views.move, name="visitor"),
    path("desk/registered/<str:reference>/receipt/<slug:paper>/", counter_views.receipt, name="receipt"),
    path("desk/registered/<str:reference>/receipt/<slug:paper>.pdf", counter_views.receipt_pdf, name="receipt-pdf"),
    path("desk/registered/<str:reference>/", views.registered, name="registered"),
]
