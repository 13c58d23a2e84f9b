"""The addresses of this package."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from analytics import export_views, pack_views, signal_views, subscription_views, survey_views, views

app_name = "analytics"
urlpatterns: list[URLPattern | URLResolver] = [
    path("board/", views.board, name="board"),
    path("desk/exports/", export_views.mine, name="exports"),
    path("desk/exports/ask/", export_views.ask, name="export-ask"),
    path("desk/exports/<uuid:key>/", export_views.download, name="export-file"),
    path("desk/exports/<uuid:key>/<slug:what>/", export_views.act, name="export-act"),
    path("signals/", signal_views.signals, name="signals"),
    path("signals/<int:pk>/", signal_views.signal, name="signal"),
    path("signals/<int:pk>/<slug:act>/", signal_views.act, name="signal-act"),
    path("reports/", views.reports, name="reports"),
    path("reports/surveys/<int:pk>/", survey_views.survey, name="survey"),
    path("reports/definitions/", views.definitions, name="definitions"),
    path("reports/packs/", pack_views.packs, name="packs"),
    path("reports/packs/new/", pack_views.pack_new, name="pack-new"),
    path("reports/packs/<int:pk>/", pack_views.pack, name="pack"),
    path("reports/packs/<int:pk>/freeze/", pack_views.pack_freeze, name="pack-freeze"),
    path("reports/packs/<int:pk>/stop/", pack_views.pack_stop, name="pack-stop"),
    path("reports/packs/<int:pk>/<int:number>/", pack_views.frozen, name="frozen"),
    path("reports/packs/<int:pk>/<int:number>/now/", pack_views.frozen_differences, name="frozen-differences"),
    path("reports/packs/<int:pk>/<int:number>/pack.xlsx", pack_views.frozen_sheet, name="frozen-sheet"),
    path("reports/packs/<int:pk>/<int:number>/pack.pdf", pack_views.frozen_paper, name="frozen-paper"),
    path("reports/subscriptions/", subscription_views.mine, name="subscriptions"),
    path("reports/subscriptions/new/", subscription_views.new, name="subscription-new"),
    path("reports/subscriptions/<int:pk>/", subscription_views.subscription, name="subscription"),
    path("reports/subscriptions/<int:pk>/<slug:what>/", subscription_views.act, name="subscription-act"),
    path("figures/", views.figures, name="figures"),
    path("figures/rebuild/", views.figures_rebuild, name="figures-rebuild"),
    path("reports/<slug:name>/", views.report, name="report"),
    path("reports/<slug:name>/list/", views.report_list, name="report-list"),
]
