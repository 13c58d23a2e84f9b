"""Notices with how they stand; a complaint has ten of them, and ten templates cost as much as its whole history."""

from __future__ import annotations

from collections.abc import Container, Iterable
from datetime import datetime
from html import escape as escaped

from django import template
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.context import RequestContext
from django.urls import reverse
from django.utils.html import format_html, linebreaks
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from complaints.models import Medium, Notice, NoticeState
from complaints.timeline import MEDIA, NOTICE_STATES
from customers.masks import masked
from staff import moments
from staff.templatetags.redress import icon

register = template.Library()


@register.simple_tag
def notice_state(notice: Notice, now: datetime) -> SafeString:
    return _state(notice, now, moments.Spoken())


def _state(notice: Notice, now: datetime, spoken: moments.Spoken) -> SafeString:
    is_queued, is_letter = notice.state == NoticeState.QUEUED, notice.medium == Medium.LETTER
    label = _("waits for the post") if is_queued and is_letter else NOTICE_STATES.now()[notice.state]
    state = format_html("<span{}>{}</span>", DEAD if notice.state == NoticeState.DEAD else "", label)
    if is_queued and not is_letter and notice.next_try_at > now:
        if notice.attempts:
            words = _("next try %(until)s") % {"until": spoken.said(notice.next_try_at)}
        else:
            words = _("waits until %(until)s (quiet hours)") % {"until": spoken.said(notice.next_try_at, "H:i")}
        return format_html('{} <span class="is-due">{}</span>', state, words)
    if notice.delivered_at and notice.state == NoticeState.SENT:
        words = _("delivered %(at)s") % {"at": spoken.said(notice.delivered_at)}
        return format_html('{} <span class="is-done">{}</span>', state, words)
    if notice.sent_at:
        return format_html('{} <span class="quiet">{}</span>', state, spoken.said(notice.sent_at))
    return state


DEAD = SafeString(' class="is-breached"')


@register.simple_tag(takes_context=True)
def notices_sent(
    context: RequestContext, notices: Iterable[Notice], now: datetime, resendable: Container[int]
) -> SafeString:
    """What was sent about a complaint, each folded; `resendable` are the keys of those that this person may send again."""
    spoken = moments.Spoken()
    return mark_safe(
        "".join(_sent(one, now, spoken, context["request"] if one.pk in resendable else None) for one in notices)
    )


def _sent(notice: Notice, now: datetime, spoken: moments.Spoken, request: HttpRequest | None) -> str:
    whom = _("To the customer") if notice.is_to_customer else _("To staff")
    address = masked(notice.address) if notice.is_to_customer and notice.address else notice.address
    more = f" · {escaped(notice.error)}" if notice.error else ""
    subject = f"<p><strong>{escaped(notice.subject)}</strong></p>" if notice.subject else ""
    if notice.medium == Medium.WEBHOOK:
        body = f'<pre class="breakable">{escaped(notice.body)}</pre>'
    else:
        body = f'<div class="prose">{linebreaks(notice.body, autoescape=True)}</div>'
    tries = f'<p class="quiet">{_("Tries")}: {notice.attempts}</p>' if notice.attempts > 1 else ""
    return (
        f'<li class="small"><details><summary>{whom} · {escaped(MEDIA.now()[notice.medium])} · {_state(notice, now, spoken)} '
        f'<time class="quiet" datetime="{spoken.exact(notice.created_at)}">{escaped(spoken.said(notice.created_at))}</time>'
        f'</summary>\n<p class="quiet">{escaped(address)}{more}</p>{subject}{body}\n{tries}</details>'
        f"{_again(notice, request) if request else ''}</li>"
    )


def _again(notice: Notice, request: HttpRequest) -> str:
    token = f'<input type="hidden" name="csrfmiddlewaretoken" value="{get_token(request)}">'
    # apart: words inside of f-strings with keys are not found by the list of messages
    again, correct = _("Send again"), _("Correct the address")
    return (
        f'<form class="row no-print" method="post" action="{reverse("complaints:notice-resend", args=[notice.pk])}">{token}'
        f'<button class="button small" type="submit" name="back" value="1">{icon("send", size=14)}{again}</button>'
        f'<a class="small" href="{reverse("complaints:notice", args=[notice.pk])}">{correct}</a></form>'
    )
