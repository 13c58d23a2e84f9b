"""A disputed bill: what it should have come to, line by line beside what was billed, and what made the difference."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import combinations
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints import adjusting, workflow
from complaints.investigation.panels import Panel
from complaints.models import (
    AdjustmentState,
    Attachment,
    BillingFinding,
    BillVerdict,
    Complaint,
    DeskSettings,
    RootCause,
)
from complaints.money import money, number
from complaints.refusals import BadInput, ChangedMeanwhile
from complaints.tariffs import rules, versions
from complaints.tariffs.rules import BadBill, Bill, Household, Line, Rates, Reading
from staff.actors import Actor
from staff.models import User

REGISTERS = (rules.TOTAL, *rules.PERIODS)
TOLERANCE = Decimal("0.05")
"""What billing systems may differ by in rounding [P]; up to here a bill is right."""
MOST = Decimal("9999999999.99")
"""What a row can hold."""
READINGS, METER, TARIFF, HOUSEHOLD = "readings", "meter", "tariff", "household"
WHAT_IFS = (READINGS, METER, TARIFF, HOUSEHOLD)
"""What may have gone wrong with a bill, and is tried to explain the amount that was billed."""
CAUSES = {
    READINGS: ("process-record",),
    METER: ("equipment-meter",),
    TARIFF: ("process-data", "process-record"),
    HOUSEHOLD: ("process-record",),
    "": ("customer-misunderstanding", "customer-side"),
}
"""The root cause that each points to, the first that the tree of this utility has; "" is a bill that is right."""
UNEXPLAINED = ("process-it",)
MEANINGS = {BillVerdict.RIGHT: "success", BillVerdict.TOO_HIGH: "warning", BillVerdict.TOO_LOW: "warning"}
FIELDS = (
    *("disputed", "period_from", "period_until", "amount_billed", "is_estimated", "tariff_billed", "tariff_code"),
    *("multiplier", "registers", "verified_on", "verified_by", "people", "is_low_income", "used_before"),
    *("meter_error", "meter_permitted", "meter_reference", "late_days", "late_fee", "held_on", "released_on"),
    "no_adjustment_because",
)
REFUSED: dict[str, tuple[Any, str]] = {
    "no_days": (gettext_lazy("The reading at the end has to be later than the one at the beginning."), "period_until"),
    "no_version": (gettext_lazy("No version of this tariff holds for all of these days."), "tariff_code"),
    "no_register": (gettext_lazy("This tariff needs a reading for each of its periods of the day."), "peak_current"),
    "read_too_early": (gettext_lazy("The meter was read again before the bill begins."), "verified_on"),
    "backwards": (
        gettext_lazy("This register would have run backwards. Look at the digits, or at a change of the meter."),
        "current",
    ),
}
"""What the arithmetic refuses, in words, and the field that is at fault."""
NAMES = {
    rules.TOTAL: gettext_lazy("Total"),
    "peak": gettext_lazy("Peak"),
    "flat": gettext_lazy("Flat"),
    "valley": gettext_lazy("Valley"),
}

Known = Mapping[str, Sequence[Rates]]
"""The versions of each tariff that a bill may have been made under."""


def choices() -> list[tuple[str, str]]:
    """The tariffs under which a bill can be recalculated."""
    return [(tariff.code, tariff.name) for tariff in versions.newest()]


# working out


def work_out(finding: BillingFinding, desk: DeskSettings) -> BillingFinding:
    """Fill in what the bill should have come to, how the billed amount came about, verdict and cause. Raises BadInput.

    Nothing is written; the page shows it while somebody types.
    """
    codes = {finding.tariff_code, finding.tariff_billed} - {""}
    known = {code: versions.versions_of(code) for code in codes}
    try:
        right = _bill(finding, known, set())
    except BadBill as bad:
        words, field = REFUSED[bad.fault]
        raise BadInput(words, fields=[f"{bad.where}_{field}" if bad.where else field]) from None
    if right.total > MOST:
        raise BadInput(_("That comes to more than any bill. Look at the digits."), fields=["total_current"])
    finding.recalculated = right.total
    finding.lines = [line.plain() for line in right.lines]
    explained, billed = _explanation(finding, known)
    finding.explained = explained
    finding.billed_lines = [line.plain() for line in billed.lines] if billed else []
    fee = rules.late_fee(right.total, finding.late_days or 0, desk.late_fee_rate)
    finding.fee_due = min(fee, finding.late_fee or Decimal(0))  # a fee that was not charged is not charged now
    finding.verdict = _verdict(finding.excess)
    return finding


def _verdict(excess: Decimal) -> str:
    if abs(excess) <= TOLERANCE:
        return BillVerdict.RIGHT
    return BillVerdict.TOO_HIGH if excess > 0 else BillVerdict.TOO_LOW


def _bill(finding: BillingFinding, known: Known, wrong: set[str]) -> Bill:
    """The bill with what is named in `wrong` as it may have been on the bill, and all else as it was found."""
    rates = known[finding.tariff_billed if TARIFF in wrong else finding.tariff_code]
    readings = _readings(finding, rates, as_billed=READINGS in wrong)
    used = rules.consumption(readings, finding.multiplier)
    if METER not in wrong and is_beyond_permitted(finding) and finding.meter_error is not None:
        used = {register: rules.corrected(kwh, finding.meter_error) for register, kwh in used.items()}
    plain = Household() if HOUSEHOLD in wrong else Household(finding.people, finding.is_low_income)
    return rules.recalculate(
        rates,
        used,
        since=finding.period_from,
        until=finding.period_until,
        household=plain,
        before=finding.used_before,
    )


def _readings(finding: BillingFinding, rates: Sequence[Rates], *, as_billed: bool) -> dict[str, Reading]:
    """Beginning and end of each register that the tariff asks for, at the ends of the bill."""
    said = {name: one for name, one in finding.registers.items() if one.get("previous") and _end(one, as_billed)}
    by_period = {name: one for name, one in said.items() if name in rules.PERIODS}
    needs_periods = any(one.adds for one in rates)
    wanted = by_period if needs_periods or rules.TOTAL not in said else {rules.TOTAL: said[rules.TOTAL]}
    if not wanted:
        raise BadBill("no_register")
    found = {}
    for name, one in wanted.items():
        reading = Reading(Decimal(one["previous"]), Decimal(_end(one, as_billed)))
        on = finding.verified_on
        if one.get("verified") and not as_billed and on and on != finding.period_until:
            if reading.current < reading.previous:
                raise BadBill("backwards", name)
            end = rules.at_end_of(finding.period_until, finding.period_from, reading, on)
            reading = Reading(reading.previous, end)
        found[name] = reading
    return found


def _end(one: Mapping[str, str], as_billed: bool) -> str:
    return one.get("current", "") if as_billed else one.get("verified") or one.get("current", "")


def is_beyond_permitted(finding: BillingFinding) -> bool:
    """Whether the test found the meter worse than it may be; then its readings are corrected."""
    if finding.meter_error is None:
        return False
    return abs(finding.meter_error) > (finding.meter_permitted or 0)


def _doubtful(finding: BillingFinding) -> list[str]:
    """What on the bill may differ from what was found."""
    differs = {
        READINGS: any(one.get("verified") for one in finding.registers.values()),
        METER: is_beyond_permitted(finding),
        TARIFF: finding.tariff_billed not in ("", finding.tariff_code),
        HOUSEHOLD: finding.people > 1 or finding.is_low_income,
    }
    return [name for name in WHAT_IFS if differs[name]]


def _explanation(finding: BillingFinding, known: Known) -> tuple[list[str], Bill | None]:
    """The fewest things that, wrong together, give the amount that was billed; ([], None) where none do."""
    doubtful = _doubtful(finding)
    for size in range(len(doubtful) + 1):
        for wrong in combinations(doubtful, size):
            try:
                bill = _bill(finding, known, set(wrong))
            except BadBill:
                continue
            if abs(bill.total - finding.amount_billed) <= TOLERANCE:
                return list(wrong), bill
    return [], None


def _cause(finding: BillingFinding) -> str:
    """The code of the root cause that the numbers point to; "" where they point to none that this utility knows."""
    if finding.verdict == BillVerdict.RIGHT:
        wanted: tuple[str, ...] = CAUSES[""]
    elif finding.explained:
        wanted = CAUSES[finding.explained[0]]
    else:
        wanted = UNEXPLAINED
    known = set(RootCause.objects.filter(code__in=wanted, is_active=True).values_list("code", flat=True))
    return next((code for code in wanted if code in known), "")


@transaction.atomic
def save(
    finding: BillingFinding, *, by: User, files: Sequence[Attachment] = (), seen: int | None = None
) -> BillingFinding:
    """Keep what was found as a new row, recalculated, and the move with it.

    `seen` is the row that the recorder looked at. Raises BadInput when it cannot be worked out or nothing is different,
    ChangedMeanwhile when another row stands by now, MoveRefused when findings cannot be recorded now.
    """
    complaint = Complaint.objects.locked(finding.complaint_id)
    before = complaint.billing_findings.first()
    if before is not None and before.pk != seen:
        raise ChangedMeanwhile(
            _("Somebody else recorded findings since you opened this page. Look at them, then decide.")
        )
    if before is not None and not files and all(getattr(before, name) == getattr(finding, name) for name in FIELDS):
        raise BadInput(_("Nothing is different from what is recorded."))
    work_out(finding, DeskSettings.current())
    _check_waiver(finding, before)
    finding.pk, finding.entered_by, finding.entered_at = None, by, timezone.now()
    finding.cause = _cause(finding)
    summary = " ".join([sentence(finding), *reasons(finding)])
    actor = Actor.staff(by)
    workflow.perform("investigate", complaint, by=actor, part=_("the bill"), summary=summary, files=list(files))
    finding.photo = files[0] if files else before.photo if before else None
    finding.save(force_insert=True)
    finding.complaint = complaint
    return finding


def _check_waiver(finding: BillingFinding, before: BillingFinding | None) -> None:
    """Why money stays where it is was said of one amount; of a larger one it has to be said anew."""
    because = finding.no_adjustment_because
    if before is not None and because == before.no_adjustment_because != "" and finding.excess > before.excess:
        raise BadInput(
            _("This reason was given for %(amount)s. Say why the larger amount is not given back, or leave it empty.")
            % {"amount": money(max(before.excess, Decimal(0)), DeskSettings.current())},
            fields=["no_adjustment_because"],
        )


# in words


def kwh_words(value: Decimal) -> str:
    return _("%(kwh)s kWh") % {"kwh": number(value)}


def lines_of(finding: BillingFinding) -> list[Line]:
    return [Line.again(said) for said in finding.lines]


def kwh_of(finding: BillingFinding) -> Decimal:
    return Bill(tuple(lines_of(finding))).kwh


def sentence(finding: BillingFinding) -> str:
    """The verdict with its numbers, in the language in use."""
    desk = DeskSettings.current()
    words = {
        "kwh": kwh_words(kwh_of(finding)),
        "billed": money(finding.amount_billed, desk),
        "right": money(finding.recalculated, desk),
        "difference": money(abs(finding.excess), desk),
    }
    says = {
        BillVerdict.RIGHT: _("The bill is right: %(kwh)s come to %(right)s, and %(billed)s were billed."),
        BillVerdict.TOO_HIGH: _(
            "Billed %(difference)s too much: %(kwh)s come to %(right)s, and %(billed)s were billed."
        ),
        BillVerdict.TOO_LOW: _(
            "Billed %(difference)s too little: %(kwh)s come to %(right)s, and %(billed)s were billed. "
            "The customer is told so; nothing is given back."
        ),
    }
    return says[BillVerdict(finding.verdict)] % words


def reasons(finding: BillingFinding) -> list[str]:
    """What made the difference, a sentence each; and what else has to be known to follow the lines."""
    desk = DeskSettings.current()
    found = [_because(finding, name) for name in finding.explained]
    if finding.verdict != BillVerdict.RIGHT and not finding.billed_lines and finding.difference:
        found.append(_("Nothing that is recorded explains the billed amount."))
    if finding.late_fee is not None and finding.late_fee != finding.fee_due:
        found.append(
            _("Of the late fee of %(charged)s only %(due)s is due: %(days)d days at %(rate)s%% of the right amount.")
            % {
                "charged": money(finding.late_fee, desk),
                "due": money(finding.fee_due, desk),
                "days": finding.late_days or 0,
                "rate": number(desk.late_fee_rate),
            }
        )
    read_on = _read_on_another_day(finding)
    if read_on is not None:
        found.append(
            _(
                "The meter was read on %(day)s; the reading at the end of the bill follows from it in proportion to days."
            )
            % {"day": date_format(read_on, "DATE_FORMAT")}
        )
    return found


def _read_on_another_day(finding: BillingFinding) -> date | None:
    """The day of the new reading, where it is not the last of the bill."""
    has_read = any(one.get("verified") for one in finding.registers.values())
    return finding.verified_on if has_read and finding.verified_on != finding.period_until else None


def _because(finding: BillingFinding, name: str) -> str:
    if name == READINGS:
        text = _("An estimated reading was billed.") if finding.is_estimated else _("A wrong reading was billed.")
        return f"{text} {_read_words(finding)}".strip()
    if name == METER:
        return _(
            "The meter is wrong by %(error)s%%, and %(permitted)s%% are permitted; its readings are corrected."
        ) % {
            "error": number(finding.meter_error or Decimal(0)),
            "permitted": number(finding.meter_permitted or Decimal(0)),
        }
    if name == TARIFF:
        names = dict(choices())
        return _("The bill was made under “%(billed)s”; “%(right)s” applies.") % {
            "billed": names.get(finding.tariff_billed, finding.tariff_billed),
            "right": names.get(finding.tariff_code, finding.tariff_code),
        }
    if finding.is_low_income:
        return _("The bill left out what a household of low income has free.")
    return _("The bill left out that %(people)d people live there.") % {"people": finding.people}


def _read_words(finding: BillingFinding) -> str:
    """Which registers were billed at what, and what the meter really showed."""
    return " ".join(
        _("%(register)s: billed %(billed)s, read %(read)s.")
        % {
            "register": NAMES[name],
            "billed": number(Decimal(one["current"])),
            "read": number(Decimal(one["verified"])),
        }
        for name in REGISTERS
        if (one := finding.registers.get(name)) and one.get("verified") and one.get("current")
    )


def table(finding: BillingFinding) -> list[dict[str, Any]]:
    """The recalculated bill beside the billed one: a row for each line that either of them has."""
    right = {_key(line): line for line in lines_of(finding)}
    billed = {_key(line): line for line in map(Line.again, finding.billed_lines)}
    is_split = len({line.since for line in right.values()} | {line.since for line in billed.values()}) > 1
    keys = sorted({*right, *billed}, key=_in_order)
    rows = []
    for key in keys:
        one, other = right.get(key), billed.get(key)
        line = one or other
        assert line is not None
        rows.append(
            {
                "what": line_words(line, is_split=is_split),
                "price": "" if line.price is None else _price_words(line),
                "kwh": number(one.kwh) if one and one.kwh is not None else "",
                "amount": number_format(one.amount if one else Decimal(0), decimal_pos=2),
                "billed_kwh": number(other.kwh) if other and other.kwh is not None else "",
                "billed_amount": number_format(other.amount if other else Decimal(0), decimal_pos=2),
                "differs": (one.amount if one else 0) != (other.amount if other else 0) and bool(billed),
            }
        )
    return rows


ORDER = (rules.FREE, rules.BAND, rules.PERIOD, rules.CHARGE, rules.FLOOR)


def _key(line: Line) -> tuple[Any, ...]:
    return (line.since, line.kind, line.price, line.name, line.zh, line.version)


def _in_order(key: tuple[Any, ...]) -> tuple[Any, ...]:
    since, kind, price, name, zh, version = key
    return (since, ORDER.index(kind), price if kind == rules.BAND else Decimal(0), name, zh, version)


def _price_words(line: Line) -> str:
    if line.price is None:
        return ""
    return f"{number(line.price)} %" if line.name == rules.PER_CENT else number(line.price)


def line_words(line: Line, *, is_split: bool) -> str:
    """What a line is for: the band and where in it, the period of the day, or the charge."""
    if line.kind == rules.BAND:
        start, end = number(line.start or Decimal(0)), number(line.end or Decimal(0))
        text = _("From %(start)s to %(end)s kWh") % {"start": start, "end": end}
    elif line.kind == rules.FREE:
        text = _("Free for a household of low income")
    elif line.kind == rules.PERIOD:
        text = _("%(period)s: what it adds or takes off") % {"period": NAMES[line.name]}
    elif line.kind == rules.CHARGE:
        text = versions.named(line.zh, line.en)
    else:
        text = _("Rounding: a bill is never below nothing")
    return f"{text} ({_days(line.since, line.until)})" if is_split else text


def _days(since: date, until: date) -> str:
    return f"{date_format(since, 'SHORT_DATE_FORMAT')} – {date_format(until, 'SHORT_DATE_FORMAT')}"


def totals(finding: BillingFinding) -> list[tuple[Any, str]]:
    """What stands below the lines."""
    desk = DeskSettings.current()
    found = [
        (_("Billed"), money(finding.amount_billed, desk)),
        (_("Recalculated"), money(finding.recalculated, desk)),
    ]
    if finding.late_fee is not None:
        found.append((_("Late fee charged"), money(finding.late_fee, desk)))
        found.append((_("Late fee due"), money(finding.fee_due, desk)))
    found.append((_("Difference"), money(finding.excess, desk)))
    return found


def shown(finding: BillingFinding) -> dict[str, Any]:
    """A recalculation as pages and paper draw it."""
    return {
        "sentence": sentence(finding),
        "reasons": reasons(finding),
        "meaning": MEANINGS[BillVerdict(finding.verdict)],
        "rows": table(finding),
        "totals": totals(finding),
        "has_billed": bool(finding.billed_lines),
    }


def panel(complaint: Complaint) -> Panel:
    """What is known of the bill, and what is missing before the complaint can be answered well."""
    finding = complaint.billing_findings.first()
    if finding is None:
        return Panel(_("The bill"), missing=[_("the recalculated bill")])
    facts = [*said_of(finding), *_money_facts(complaint)]
    verdict = " ".join([sentence(finding), *reasons(finding)])
    meaning = MEANINGS[BillVerdict(finding.verdict)]
    missing = _missing(complaint, finding)
    return Panel(_("The bill"), facts, missing, verdict, meaning, cause=finding.cause, bill=shown(finding))


def said_of(finding: BillingFinding) -> list[tuple[Any, Any]]:
    """Label and value of what was recorded, in words."""
    names = dict(choices())
    facts: list[tuple[Any, Any]] = [
        (_("Disputed"), finding.disputed),
        (_("Billing period"), _days(finding.period_from, finding.period_until)),
        (_("Tariff"), names.get(finding.tariff_code, finding.tariff_code)),
    ]
    if finding.people > 1 or finding.is_low_income:
        low = [_("low income")] if finding.is_low_income else []
        facts.append((_("Household"), ", ".join([_("%(count)d people") % {"count": finding.people}, *low])))
    if finding.verified_by:
        read_on = date_format(finding.verified_on, "DATE_FORMAT") if finding.verified_on else ""
        facts.append((_("Meter read again"), f"{finding.verified_by} {read_on}".strip()))
    if finding.meter_error is not None:
        words = _("%(error)s%% (permitted %(permitted)s%%), %(reference)s") % {
            "error": number(finding.meter_error),
            "permitted": number(finding.meter_permitted or Decimal(0)),
            "reference": finding.meter_reference or "–",
        }
        facts.append((_("Meter test"), words))
    for label, day in ((_("Dunning held since"), finding.held_on), (_("Dunning released on"), finding.released_on)):
        if day is not None:
            facts.append((label, date_format(day, "DATE_FORMAT")))
    if finding.no_adjustment_because:
        facts.append((_("Nothing is given back because"), finding.no_adjustment_because))
    return facts


def _money_facts(complaint: Complaint) -> list[tuple[Any, Any]]:
    desk = DeskSettings.current()
    facts = []
    for adjustment in complaint.adjustments.select_related("proposed_by", "decided_by"):
        words = f"{money(adjustment.amount, desk)}, {adjustment.get_way_display()}: {adjustment.get_state_display()}"
        if adjustment.state == AdjustmentState.PAID and adjustment.paid_on and adjustment.paid_amount:
            day = date_format(adjustment.paid_on, "DATE_FORMAT")
            words += f" ({money(adjustment.paid_amount, desk)}, {day})"
        facts.append((_("Adjustment"), words))
    return facts


def _missing(complaint: Complaint, finding: BillingFinding) -> list[Any]:
    waiting = adjusting.waiting(complaint) is not None
    wanted: Iterable[tuple[Any, Any]] = [
        (not adjusting.left_to_give(complaint, finding), _("what is given back")),
        (not waiting, _("the approval of the adjustment")),
        (finding.held_on is None or finding.released_on is not None, _("that dunning is released")),
        (not finding.is_estimated or finding.verified_by, _("who read the meter, because the bill was estimated")),
    ]
    return [name for known, name in wanted if not known]
