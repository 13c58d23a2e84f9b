"""The addresses of this package."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from analytics import signal_views, survey_views, views

app_name = "analytics"
urlpatterns: list[URLPattern | URLResolver] = [
    path("board/", views.board, name="board"),
    path("signals/", signal_views.signals, name="signals"),
    path("signals/<int:pk>/", signal_views.signal, name="signal"),
    path("signals/<int:pk>/<slug:act>/", signal_views.act, name="signal-act"),
    path("reports/", views.reports, name="reports"),
    path("reports/surveys/<int:pk>/", survey_views.survey, name="survey"),
    path("reports/definitions/", views.definitions, name="definitions"),
    path("figures/", views.figures, name="figures"),
    path("figures/rebuild/", views.figures_rebuild, name="figures-rebuild"),
    path("reports/<slug:name>/", views.report, name="report"),
    path("reports/<slug:name>/list/", views.report_list, name="report-list"),
]
