"""Was notice of an outage given in time, and did it keep to the announced time? By the rules of the utility, as rows.

The rules come from the profile (outage_notice.yaml) and are kept with each finding, so that a verdict once given stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from complaints.models import DeskSettings, Flag, OutageFinding, OutageKind

Rules = Mapping[str, Any]

ON_TIME, LATE, NONE_GIVEN, NOT_DUE, UNKNOWN = "on_time", "late", "none", "not_due", "unknown"
KEPT, TOLD, UNTOLD = "kept", "told", "untold"
ANNOUNCED_KINDS = (OutageKind.PLANNED, OutageKind.TEMPORARY)
"""Outages that are announced for a time."""
BEFORE_ROWS: Rules = {
    "rules": [
        {"kind": "planned", "hours": 168, "for": "all"},
        {"kind": "temporary", "hours": 24, "for": "important"},
        {"kind": "arrears", "hours": 168, "for": "all"},
    ],
    "change": {"minutes": 5},
}
"""What findings were judged by that were recorded before the rules were rows (domain 4.4) [S12, S8, S9]."""


def rules_now() -> Rules:
    """What this utility asks for today; kept with what is recorded today."""
    return dict(DeskSettings.current().outage_notice)


def rules_of(finding: OutageFinding) -> Rules:
    """What this finding is judged by."""
    return BEFORE_ROWS if finding.rules is None else finding.rules


def due_before(rules: Rules, kind: str, *, is_important: bool) -> timedelta | None:
    """How long before the outage notice is due; None where none is."""
    rule = next((rule for rule in rules.get("rules", []) if rule["kind"] == kind), None)
    if rule is None or (rule["for"] == "important" and not is_important):
        return None
    return timedelta(hours=rule["hours"])


def notice_verdict(
    rules: Rules, kind: str, noticed_at: datetime | None, started: datetime, *, is_important: bool = False
) -> str:
    """Was the customer told in time? Exactly in time is in time; a kind without a rule asks for no notice."""
    if not rules.get("rules"):
        return UNKNOWN
    due = due_before(rules, kind, is_important=is_important)
    if due is None:
        return NOT_DUE
    if noticed_at is None:
        return NONE_GIVEN
    return ON_TIME if started - noticed_at >= due else LATE


@dataclass(frozen=True, slots=True)
class Kept:
    """How an outage kept to the announced time; `late_by` is how long the change was passed on too late."""

    verdict: str
    early: timedelta
    over: timedelta
    late_by: timedelta = timedelta()


def time_kept(
    rules: Rules, announced: tuple[datetime, datetime], actual: tuple[datetime, datetime | None], told: datetime | None
) -> Kept:
    """Whether it stayed within what was announced; what did not must have been passed on.

    That it begins earlier, before it begins; that it lasts longer, at the latest some minutes after the announced end
    (domain 4.4). Exactly on time is on time; an outage that goes on is judged by its beginning alone.
    """
    none, allowed = timedelta(), timedelta(minutes=rules.get("change", {}).get("minutes", 0))
    early = max(announced[0] - actual[0], none)
    over = max(actual[1] - announced[1], none) if actual[1] is not None else none
    if not early and not over:
        return Kept(KEPT, early, over)
    if told is None:
        return Kept(UNTOLD, early, over)
    latest = actual[0] if early else announced[1] + allowed
    late_by = max(told - latest, none)
    return Kept(UNTOLD if late_by else TOLD, early, over, late_by)


# of a finding


def verdict_of(finding: OutageFinding) -> str:
    """The verdict about its notice."""
    return notice_verdict(
        rules_of(finding), finding.kind, finding.noticed_at, finding.started_at, is_important=_is_important(finding)
    )


def kept_by(finding: OutageFinding) -> Kept | None:
    """How it kept to the announced time; None where nothing was announced for a time."""
    start, end = finding.announced_from, finding.announced_until
    if finding.kind not in ANNOUNCED_KINDS or start is None or end is None:
        return None
    actual = finding.started_at, finding.restored_at
    return time_kept(rules_of(finding), (start, end), actual, finding.change_told_at)


def _is_important(finding: OutageFinding) -> bool:
    return Flag.IMPORTANT_USER in finding.complaint.flags


def notice_words(finding: OutageFinding) -> str:
    """The verdict about the notice in one sentence."""
    verdict = verdict_of(finding)
    due = due_before(rules_of(finding), finding.kind, is_important=_is_important(finding))
    if verdict == UNKNOWN:
        return _("This desk knows no rules of notice yet; an administrator loads the profile anew.")
    if due is None:
        return _("No notice was due for an outage of this kind.")
    asked = {"asked": span_words(due)}
    if finding.noticed_at is None:
        return _("No notice is known; %(asked)s before the outage were due.") % asked
    words = asked | {"given": span_words(finding.started_at - finding.noticed_at)}
    if verdict == ON_TIME:
        return _("Notice was given in time: %(given)s before the outage, %(asked)s were due.") % words
    if finding.noticed_at >= finding.started_at:
        return _("Notice was given only after the outage began; %(asked)s before were due.") % words
    return _("Notice was late: %(given)s before the outage, %(asked)s were due.") % words


def kept_words(finding: OutageFinding) -> str:
    """The verdict about the announced time in a sentence or two; nothing where none was announced."""
    kept = kept_by(finding)
    if kept is None:
        return ""
    if kept.verdict == KEPT:
        return _("It kept to the announced time.")
    words = {"early": span_words(kept.early), "over": span_words(kept.over)}
    if kept.early and kept.over:
        what = _("It began %(early)s before the announced time and lasted %(over)s longer than announced.") % words
    elif kept.early:
        what = _("It began %(early)s before the announced time: that part was not announced.") % words
    else:
        what = _("It lasted %(over)s longer than announced.") % words
    if kept.verdict == TOLD:
        return f"{what} {_('The change was passed on in time.')}"
    if finding.change_told_at is None:
        return f"{what} {_('Nobody passed the change on.')}"
    return f"{what} {_('The change was passed on %(late)s too late.') % {'late': span_words(kept.late_by)}}"


def span_words(span: timedelta) -> str:
    """A length of time as people say it."""
    hours = span.total_seconds() / 3600
    if hours >= 48:
        return _("%(days)s days") % {"days": f"{hours / 24:.1f}".removesuffix(".0")}
    if 0 < hours < 1:
        return _("%(minutes)d minutes") % {"minutes": max(1, round(hours * 60))}
    return _("%(hours)s hours") % {"hours": f"{hours:.1f}".removesuffix(".0")}
