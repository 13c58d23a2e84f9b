"""The addresses of this package."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from customers.views import imports, pages

app_name = "customers"
urlpatterns: list[URLPattern | URLResolver] = [
    path("customers/", pages.customers, name="customers"),
    path("customers/look-up/", pages.look_up, name="lookup"),
    path("customers/import/", imports.imports, name="imports"),
    path("customers/import/<int:pk>/", imports.import_run, name="import"),
    path("customers/import/<int:pk>/rejected/", imports.import_rejected, name="import-rejected"),
    path("customers/export.<slug:format>", pages.export, name="export"),
    path("customers/<str:number>/edit/", pages.customer_edit, name="customer-edit"),
    path("customers/<str:number>/reveal/", pages.reveal, name="reveal"),
    path("customers/<str:number>/", pages.customer, name="customer"),
]
