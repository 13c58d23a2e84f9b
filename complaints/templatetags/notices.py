"""How a notice stands, in words; a complaint has ten of them, and ten templates cost as much as its whole history."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from complaints.models import Medium, Notice, NoticeState

register = template.Library()


@register.simple_tag
def notice_state(notice: Notice, now: datetime) -> SafeString:
    is_queued, is_letter = notice.state == NoticeState.QUEUED, notice.medium == Medium.LETTER
    label = _("waits for the post") if is_queued and is_letter else notice.get_state_display()
    state = format_html("<span{}>{}</span>", DEAD if notice.state == NoticeState.DEAD else "", label)
    if is_queued and not is_letter and notice.next_try_at > now:
        if notice.attempts:
            words = _("next try %(until)s") % {"until": _spoken(notice.next_try_at)}
        else:
            words = _("waits until %(until)s (quiet hours)") % {"until": _spoken(notice.next_try_at, "H:i")}
        return format_html('{} <span class="is-due">{}</span>', state, words)
    if notice.delivered_at and notice.state == NoticeState.SENT:
        words = _("delivered %(at)s") % {"at": _spoken(notice.delivered_at)}
        return format_html('{} <span class="is-done">{}</span>', state, words)
    if notice.sent_at:
        return format_html('{} <span class="quiet">{}</span>', state, _spoken(notice.sent_at))
    return state


DEAD = SafeString(' class="is-breached"')


def _spoken(at: datetime, form: str = "SHORT_DATETIME_FORMAT") -> str:
    return date_format(timezone.localtime(at), form)
