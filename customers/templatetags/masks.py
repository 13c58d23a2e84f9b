"""For templates: personal data as it is shown until somebody asks for it."""

from __future__ import annotations

from django import template

from customers import masks

register = template.Library()


@register.filter
def masked(address: str | None) -> str:
    return masks.masked(address) if address else ""


@register.filter
def masked_place(address: str | None) -> str:
    return masks.masked_place(address) if address else ""
