"""The addresses of this package: the portal's front, and the desk's entry forms."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path, register_converter

from channels_intake import batch_views, portal, views
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
    path("desk/registered/<str:reference>/", views.registered, name="registered"),
]
