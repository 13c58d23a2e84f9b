"""The addresses of this package."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from analytics import survey_views, views

app_name = "analytics"
urlpatterns: list[URLPattern | URLResolver] = [
    path("board/", views.board, name="board"),
    path("reports/", views.reports, name="reports"),
    path("reports/surveys/<int:pk>/", survey_views.survey, name="survey"),
    path("reports/definitions/", views.definitions, name="definitions"),
    path("figures/", views.figures, name="figures"),
    path("figures/rebuild/", views.figures_rebuild, name="figures-rebuild"),
    path("reports/<slug:name>/", views.report, name="report"),
    path("reports/<slug:name>/list/", views.report_list, name="report-list"),
]
