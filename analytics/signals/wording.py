"""A signal as a sentence: how many, in which days, and how many were to be expected."""

from __future__ import annotations

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.models import Signal, SignalKind, SignalRule
from analytics.periods import Period


def sentence(signal: Signal) -> str:
    """What stands out, in one sentence."""
    days = (signal.last_day - signal.counted_from).days + 1
    words = {
        "n": signal.number,
        "days": days,
        "term": signal.term,
        "expected": formats.number_format(round(signal.expected or 0, 1), 1),
        "period": Period(signal.counted_from, signal.last_day),
        "place": signal.subject,
    }
    if signal.kind == SignalKind.TERM:
        return _("Term “%(term)s”: in %(n)d complaints of %(days)d days, expected %(expected)s.") % words
    if signal.kind == SignalKind.PLACE:
        if signal.rule == SignalRule.AREA:
            return (
                _("%(n)d outage or voltage complaints on the transformer area %(place)s in %(days)d days: improve it.")
                % words
            )
        return _("%(n)d outage or voltage complaints on the feeder %(place)s in %(days)d days: improve it.") % words
    text = ngettext(
        "%(place)s: %(n)d complaint, %(period)s; expected %(expected)s.",
        "%(place)s: %(n)d complaints, %(period)s; expected %(expected)s.",
        signal.number,
    )
    return text % words
