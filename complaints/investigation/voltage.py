"""The investigation of a voltage: measurements with their verdict, and what is done about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from complaints import workflow
from complaints.investigation import limits, voltage_log
from complaints.investigation.limits import DAY, OUTSIDE, TOO_SHORT, Judged
from complaints.investigation.panels import Panel
from complaints.models import (
    Attachment,
    Clock,
    ClockKind,
    Complaint,
    DeskSettings,
    VoltageFinding,
    VoltageSeries,
    VoltageTest,
)
from complaints.refusals import BadInput
from staff.actors import Actor
from staff.models import User
from staff.written_out import Statement

APPLIANCE_DAMAGE = "VOL-08"
MEANINGS = {limits.WITHIN: "success", OUTSIDE: "danger", TOO_SHORT: "warning"}
BUCKETS = 240
"""Points of the chart: more than a phone or a screen of the desk can tell apart [P]."""
MOST_GAPS = 5
Pack = Mapping[str, Any]


def packs() -> list[Pack]:
    """The limits of this utility, as its profile says."""
    return list(DeskSettings.current().voltage_limits)


def named(words: Mapping[str, str]) -> str:
    """The Chinese or the English of two names, as the language in use is."""
    return words["zh" if (get_language() or "").startswith("zh") else "en"]


def choices() -> list[tuple[str, str]]:
    """The nominal voltages that limits are known for: "gb-220:220" and what people call it."""
    return [
        (f"{pack['code']}:{nominal}", f"{volts_words(nominal)} · {named(pack['name'])}")
        for pack in packs()
        for nominal in pack["nominals"]
    ]


def chosen(choice: str) -> tuple[Pack, int]:
    """The pack and the nominal voltage meant by one of the choices. Raises BadInput."""
    code, _colon, nominal = choice.partition(":")
    for pack in packs():
        if pack["code"] == code and nominal in map(str, pack["nominals"]):
            return pack, int(nominal)
    raise BadInput(_("Choose the nominal voltage."), fields=["nominal"])


@transaction.atomic
def save_test(
    complaint: Complaint,
    log: voltage_log.Log,
    *,
    by: User,
    pack: Pack,
    nominal: int,
    instrument: str,
    serial: str = "",
    point: str,
    file: Attachment | None = None,
) -> VoltageTest:
    """Judge the readings and keep them with the verdict. Raises BadInput when there is nothing to judge, or it is there."""
    Complaint.objects.locked(complaint.pk)
    if file is not None and complaint.voltage_tests.standing().filter(file=file, point=point).exists():
        raise BadInput(_("The readings of this file at this point are recorded already."), fields=["point"])
    judged = {phase: limits.judge(readings, nominal, pack) for phase, readings in log.series.items()}
    known = {phase: one for phase, one in judged.items() if one is not None}
    if not known:
        raise BadInput(_("There is no voltage in any reading: an outage or a dead sensor, and nothing to judge."))
    seconds = [second for readings in log.series.values() for second, _volts in (readings[0], readings[-1])]
    test = VoltageTest.objects.create(
        complaint=complaint,
        instrument=instrument,
        serial=serial,
        point=point,
        nominal=nominal,
        limits=dict(pack),
        zero_at=log.zero_at,
        began_at=log.zero_at + timedelta(seconds=min(seconds)),
        ended_at=log.zero_at + timedelta(seconds=max(seconds)),
        judged={phase: one.plain() for phase, one in known.items()},
        verdict=limits.worst(known.values()),
        faults=log.faults,
        file=file,
        entered_by=by,
    )
    VoltageSeries.objects.bulk_create(
        VoltageSeries(
            test=test,
            phase=phase,
            seconds=[second for second, _volts in readings],
            volts=[volts for _second, volts in readings],
        )
        for phase, readings in log.series.items()
    )
    workflow.perform(
        "investigate", complaint, by=Actor.staff(by), part=_("the voltage"), summary=f"{point}: {sentence(test)}"
    )
    return test


@transaction.atomic
def withdraw(test: VoltageTest, *, by: User, because: str) -> None:
    """Say that a measurement does not count. Raises BadInput when somebody did already."""
    fresh = VoltageTest.objects.select_for_update().get(pk=test.pk)
    if fresh.withdrawn_at is not None:
        raise BadInput(_("This measurement is withdrawn already."))
    fresh.withdrawn_at, fresh.withdrawn_by, fresh.withdrawn_because = timezone.now(), by, because
    fresh.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_because"])
    summary = _("the measurement of %(day)s at %(point)s is withdrawn: %(reason)s") % {
        "day": date_format(timezone.localtime(test.began_at), "SHORT_DATE_FORMAT"),
        "point": test.point,
        "reason": because,
    }
    workflow.perform("investigate", test.complaint, by=Actor.staff(by), part=_("the voltage"), summary=summary)


@transaction.atomic
def save_finding(finding: VoltageFinding, *, by: User) -> VoltageFinding:
    """Keep what else was found, as a new row. Raises BadInput when nothing is different from what stands."""
    finding.entered_by, finding.entered_at = by, timezone.now()
    said = said_of(finding)
    complaint = finding.complaint
    Complaint.objects.locked(complaint.pk)
    before = complaint.voltage_findings.first()
    if said == (said_of(before) if before else []):
        raise BadInput(_("Nothing is different from what is recorded."))
    finding.save(force_insert=True)
    summary = "; ".join(f"{label}: {value}" for label, value in said) or _("earlier findings are taken back")
    workflow.perform("investigate", complaint, by=Actor.staff(by), part=_("the voltage"), summary=summary)
    return finding


def said_of(finding: VoltageFinding) -> list[tuple[Any, Any]]:
    """Label and value of everything a finding says, in words."""
    pairs = []
    names = ["transformer_load", "temporary_measure", "permanent_measure", "planned_on"]
    for name in [*names, "appliances", "checked_on", "liability", "settlement"]:
        value = getattr(finding, name)
        if value not in (None, ""):
            label = str(VoltageFinding._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
            pairs.append((label[:1].upper() + label[1:], _spoken(finding, name, value)))
    return pairs


def _spoken(finding: VoltageFinding, name: str, value: Any) -> str:
    if name in ("planned_on", "checked_on"):
        return date_format(value, "DATE_FORMAT")
    if name == "liability":
        return str(finding.get_liability_display())
    if isinstance(value, Decimal):
        return number_format(value)
    return ", ".join(str(value).split("\n")) if name == "appliances" else str(value)


def phases_of(test: VoltageTest) -> dict[str, Judged]:
    return {phase: Judged.again(said) for phase, said in test.judged.items()}


def volts_words(volts: float | Fraction) -> str:
    """Volts or kilovolts with as many places as matter, and the unit."""
    if volts >= 2000:
        return f"{_short(float(volts) / 1000, 3)} kV"
    return f"{_short(float(volts), 2)} V"


def _short(number: float, places: int) -> str:
    text = f"{number:.{places}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def phase_words(phase: str) -> str:
    return _("phase %(phase)s") % {"phase": phase} if phase != voltage_log.SINGLE else _("the supply")


def long_words(seconds: int) -> str:
    """A length of time in days, hours or minutes, whichever people would say."""
    if seconds >= 2 * DAY:
        return _("%(days)s days") % {"days": _short(seconds / DAY, 1)}
    if seconds >= 2 * 3600:
        return _("%(hours)s hours") % {"hours": _short(seconds / 3600, 1)}
    minutes = max(1, round(seconds / 60))
    return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}


def sentence(test: VoltageTest) -> str:
    """The verdict with its numbers, for the phase that is worst off, in the language in use."""
    phase, judged = _worst_phase(phases_of(test))
    start = {
        limits.WITHIN: _("Within the limits of %(standard)s."),
        OUTSIDE: _("Outside the limits of %(standard)s."),
        TOO_SHORT: _(
            "Too short for a verdict by %(standard)s: %(days)d days are asked for, %(covered)s have readings."
        ),
    }[test.verdict]
    words = {
        "standard": named(test.limits["name"]),
        "days": test.limits["days"],
        "covered": long_words(judged.covered),
    }
    sentences = [start % words, *rule_sentences(test, phase, judged)]
    sentences.append(
        _("Measured for %(long)s: lowest %(least)s, highest %(most)s.")
        % {
            "long": long_words(judged.covered),
            "least": volts_words(judged.least),
            "most": volts_words(judged.most),
        }
    )
    return ("" if (get_language() or "").startswith("zh") else " ").join(sentences)


def rule_sentences(test: VoltageTest, phase: str, judged: Judged) -> list[str]:
    """What came of each rule for one phase."""
    found = []
    rules = limits.rules_of(test.limits, test.nominal)
    for rule, said, kept in zip(rules, test.limits.get("rules", []), judged.kept, strict=True):
        words = {
            "phase": f"{named(said['name'])}, {phase_words(phase)}" if "name" in said else phase_words(phase),
            "share": _short(kept.share, 2),
            "low": volts_words(rule.low),
            "high": volts_words(rule.high),
            "asked": _short(float(rule.share), 2),
        }
        line = _("%(phase)s: %(share)s%% of the time between %(low)s and %(high)s, %(asked)s%% asked for.") % words
        if not kept.holds and "broken" in said:
            line = (
                f"{line[:-1]}; {named(said['broken'])}." if line.endswith(".") else f"{line}{named(said['broken'])}。"
            )
        found.append(line[:1].upper() + line[1:])
    if judged.spread is not None:
        found.append(
            _("Deviations up and down together %(spread)s%%, at most %(asked)s%% allowed.")
            % {"spread": _short(judged.spread, 2), "asked": test.limits["spread"]}
        )
    return found


def _worst_phase(judged: Mapping[str, Judged]) -> tuple[str, Judged]:
    order = (OUTSIDE, TOO_SHORT, limits.WITHIN)
    return min(
        judged.items(),
        key=lambda pair: (
            order.index(pair[1].verdict),
            min((kept.share for kept in pair[1].kept), default=0),
            -(pair[1].spread or 0),
            pair[0],
        ),
    )


def fault_counts(test: VoltageTest) -> list[tuple[str, int]]:
    """How many lines had what wrong, the most frequent first."""
    counts: dict[str, int] = {}
    for _line, _phase, _said, code in test.faults:
        counts[code] = counts.get(code, 0) + 1
    return [(str(voltage_log.FAULTS[code]), count) for code, count in sorted(counts.items(), key=lambda pair: -pair[1])]


def gap_words(test: VoltageTest, series: Iterable[VoltageSeries]) -> list[str]:
    """The longest gaps of each phase, in words."""
    found = []
    for one in series:
        for begin, end in sorted(voltage_log.gaps(one.readings), key=lambda gap: gap[0] - gap[1])[:MOST_GAPS]:
            at = (
                date_format(timezone.localtime(test.zero_at + timedelta(seconds=n)), "SHORT_DATETIME_FORMAT")
                for n in (begin, end)
            )
            found.append(f"{phase_words(one.phase)}: {' – '.join(at)} ({long_words(end - begin)})")
    return found


def numbers(test: VoltageTest) -> tuple[list[str], list[list[str]]]:
    """The table behind the verdict: its columns, and one row per phase."""
    heads = [_("Phase"), _("Verdict"), _("Qualification rate"), _("Above"), _("Below"), _("Lowest"), _("Highest")]
    heads += [_("Mean"), _("5th percentile"), _("95th percentile"), _("With readings"), _("No supply")]
    rows = []
    for phase, one in phases_of(test).items():
        first = one.kept[0] if one.kept else None
        shares = (
            [f"{_short(first.share, 2)} %", *(_per_cent(part, first.seconds) for part in (first.above, first.below))]
            if first
            else ["–", "–", "–"]
        )
        volts = [volts_words(value) for value in (one.least, one.most, one.mean, one.low_5, one.high_95)]
        covered = f"{long_words(one.covered)} ({_per_cent(one.covered, one.span)})"
        rows.append(
            [
                phase,
                verdict_words(one.verdict),
                *shares,
                *volts,
                covered,
                long_words(one.without) if one.without else "–",
            ]
        )
    return heads, rows


def verdict_words(verdict: str) -> str:
    return {limits.WITHIN: _("within the limits"), OUTSIDE: _("outside the limits"), TOO_SHORT: _("too short")}[verdict]


def _per_cent(part: int, whole: int) -> str:
    return f"{_short(100 * part / whole, 2)} %" if whole else "–"


def chart(test: VoltageTest, series: Iterable[VoltageSeries]) -> dict[str, Any]:
    """The log for components/chart.html: least and greatest voltage of each part of the period, and the band of limits."""
    rules = limits.rules_of(test.limits, test.nominal)
    low, high = (float(rules[0].low), float(rules[0].high)) if rules else (None, None)
    begin = int((test.began_at - test.zero_at).total_seconds())
    span = int((test.ended_at - test.began_at).total_seconds()) + 1
    buckets = min(BUCKETS, span)
    rows, drawn = [], []
    at = [timezone.localtime(test.began_at + timedelta(seconds=n * span // buckets)) for n in range(buckets)]
    labels = [moment.strftime("%m-%d %H:%M") for moment in at]
    for one in series:
        parts = limits.envelope([(second - begin, volts) for second, volts in one.readings], span, buckets)
        lows, highs = ([None if part is None else part[side] / 100 for part in parts] for side in (0, 1))
        drawn.append({"name": phase_words(one.phase), "lows": lows, "highs": highs})
        rows.append((one.phase, lows, highs))
    return {
        "id": f"voltage-{test.pk}",
        "sentence": _("Lowest and highest voltage of every %(long)s; triangles point at what lies outside the limits")
        % {"long": long_words(span // buckets)},
        "option": {
            "kind": "volts",
            "labels": labels,
            "series": drawn,
            "low": low,
            "high": high,
            "words": {"low": _("lower limit"), "high": _("upper limit"), "below": _("too low"), "above": _("too high")},
        },
        "columns": [_("From"), _("Phase"), _("Lowest"), _("Highest"), ""],
        "rows": _table(labels, rows, low, high),
    }


def _table(
    labels: Sequence[str],
    rows: Sequence[tuple[str, list[float | None], list[float | None]]],
    low: float | None,
    high: float | None,
) -> list[list[str]]:
    """Every part of the chart in words; what lies outside is marked by a word."""
    found = []
    for number, label in enumerate(labels):
        for phase, lows, highs in rows:
            least, most = lows[number], highs[number]
            if least is None or most is None:
                found.append([label, phase, "–", "–", _("no reading")])
                continue
            marks = [_("too low")] if low is not None and least < low else []
            marks += [_("too high")] if high is not None and most > high else []
            found.append([label, phase, volts_words(least), volts_words(most), ", ".join(marks)])
    return found


_TESTS = Statement(lambda complaint: VoltageTest.objects.filter(complaint=complaint).standing())
_FINDING = Statement(lambda complaint: VoltageFinding.objects.filter(complaint=complaint)[:1])
_REMOVAL = Statement(
    lambda complaint: Clock.objects.filter(
        complaint=complaint, kind=ClockKind.REMEDIATE, stopped_at__isnull=True, due_at__isnull=False
    ).order_by("-due_at")[:1]
)


def panel(complaint: Complaint) -> Panel:
    """What is known of the voltage, and what is missing before the complaint can be answered well (domain 3.3)."""
    tests = list(_TESTS(complaint.pk))
    finding = next(iter(_FINDING(complaint.pk)), None)
    newest = tests[0] if tests else None
    facts: list[tuple[Any, Any]] = []
    if newest is not None:
        begin, end = (
            date_format(timezone.localtime(one), "SHORT_DATETIME_FORMAT") for one in (newest.began_at, newest.ended_at)
        )
        facts += [
            (_("Measured"), f"{begin} – {end}"),
            (_("At"), newest.point),
            (_("Instrument"), instrument_words(newest)),
        ]
        if len(tests) > 1:
            facts.append((_("Measurements"), len(tests)))
    facts += said_of(finding) if finding else []
    facts += _removal(complaint, finding)
    missing: list[Any] = [] if newest else [_("a measurement")]
    if newest is not None and newest.verdict == TOO_SHORT:
        missing.append(_("a measurement over %(days)d days") % {"days": newest.limits["days"]})
    if finding is None or finding.transformer_load is None:
        missing.append(_("the load of the transformer"))
    if newest is not None and newest.verdict == OUTSIDE:
        measures = finding and (finding.temporary_measure or finding.permanent_measure)
        missing += [] if measures else [_("a measure")]
        missing += (
            [_("the day the permanent measure is planned for")]
            if finding and finding.permanent_measure and not finding.planned_on
            else []
        )
    if complaint.subcategory and complaint.subcategory.code == APPLIANCE_DAMAGE:
        missing += _missing_of_damage(finding)
    return Panel(
        title=_("The voltage"),
        facts=facts,
        missing=missing,
        verdict=sentence(newest) if newest else "",
        meaning=MEANINGS[newest.verdict] if newest else "info",
        cause=_likely_cause(newest, finding),
    )


def _removal(complaint: Complaint, finding: VoltageFinding | None) -> list[tuple[Any, Any]]:
    """By when the cause is to be removed, while that clock runs, and whether the plan is later than promised."""
    clock = next(iter(_REMOVAL(complaint.pk)), None)
    if clock is None or clock.due_at is None:
        return []
    due = timezone.localtime(clock.due_at).date()
    words = date_format(due, "DATE_FORMAT")
    if finding is not None and finding.planned_on and finding.planned_on > due:
        words = _("%(day)s; the measure is planned for later than that") % {"day": words}
    return [(_("Cause to be removed by"), words)]


def _missing_of_damage(finding: VoltageFinding | None) -> list[Any]:
    asked = {
        "appliances": _("the damaged appliances"),
        "checked_on": _("the day they were looked at"),
        "liability": _("who is liable"),
        "settlement": _("the settlement"),
    }
    return [words for name, words in asked.items() if finding is None or getattr(finding, name) in (None, "")]


def instrument_words(test: VoltageTest) -> str:
    return f"{test.instrument} {test.serial}".strip()


def _likely_cause(test: VoltageTest | None, finding: VoltageFinding | None) -> str:
    """The cause where the finding makes it clear: low voltage behind a transformer that carries more than it may."""
    if test is None or finding is None or test.verdict != OUTSIDE or finding.transformer_load is None:
        return ""
    is_low = any(one.kept and one.kept[0].below > one.kept[0].above for one in phases_of(test).values())
    return "equipment-overload" if is_low and finding.transformer_load > 100 else ""
