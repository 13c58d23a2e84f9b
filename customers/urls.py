"""The addresses of this package."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from customers import lookup, views

app_name = "customers"
urlpatterns: list[URLPattern | URLResolver] = [
    path("customers/", views.customers, name="customers"),
    path("customers/look-up/", lookup.lookup, name="lookup"),
    path("customers/<str:number>/", views.customer, name="customer"),
]
