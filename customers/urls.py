"""The addresses of this package."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from customers import views

app_name = "customers"
urlpatterns: list[URLPattern | URLResolver] = [
    path("customers/", views.customers, name="customers"),
    path("customers/<str:number>/", views.customer, name="customer"),
]
