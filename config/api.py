"""The addresses of the machine interface, its schema and its browsable description."""

from __future__ import annotations

from typing import Any

from django.urls import include, path
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import SimpleRouter

from analytics.api import ReadReport, Reports
from channels_intake.api import ComplaintViewSet


class TokenScheme(OpenApiAuthenticationExtension):
    """How the description says that a token is shown."""

    target_class = "staff.api.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token rd_…`, made on the desk under your account; each has scopes and an end.",
        }


router = SimpleRouter()
router.register("complaints", ComplaintViewSet, basename="api-complaint")

urlpatterns = [
    path("v1/", include(router.urls)),
    path("v1/reports/", Reports.as_view(), name="api-reports"),
    path("v1/reports/<slug:name>/", ReadReport.as_view(), name="api-report"),
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path(
        "docs/",
        SpectacularSwaggerSplitView.as_view(url_name="api-schema", template_name="api-docs.html"),
        name="api-docs",
    ),
]
