"""Every address of the product, by the package that answers it."""

from __future__ import annotations

from django.conf import settings
from django.urls import include, path
from django.views.generic import RedirectView

from config.health import healthz, readyz
from config.metrics import metrics
from config.style import style

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("style/", style, name="style"),
    path("language/", include("django.conf.urls.i18n")),
    path(
        "favicon.ico",
        RedirectView.as_view(url=f"{settings.STATIC_URL}img/favicon.svg", permanent=True),
        name="favicon",
    ),
    path("api/", include("config.api")),
    path("", include("staff.urls")),
    path("", include("customers.urls")),
    path("", include("complaints.urls")),
    path("", include("channels_intake.urls")),
    path("", include("analytics.urls")),
]

handler400 = "config.errors.bad_request"
handler404 = "config.errors.not_found"
handler500 = "config.errors.broken"
