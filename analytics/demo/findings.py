"""What an investigation finds, and what the customer thinks of the answer."""

from __future__ import annotations

from random import Random
from typing import Any

from analytics.demo import texts
from analytics.demo.record import Record
from complaints.models import SAFETY

CAUSES = {
    "OUT": ["equipment-ageing", "equipment-protection", "external-excavation", "external-vehicle", "external-object",
            "external-animal", "maintenance-defect", "maintenance-trees", "planning-late-notice", "planning-overrun",
            "planning-not-combined", "capacity-no-alternative", "equipment-overload", "process-time-limit"],
    "VOL": ["capacity-line-end", "equipment-overload", "maintenance-imbalance", "maintenance-reactive", "capacity-project",
            "equipment-ageing", "customer-internal-fault"],
    "BIL": ["process-data", "process-record", "equipment-meter", "equipment-communication", "customer-misunderstanding",
            "process-it", "people-skill", "policy-tariff"],
    "SAF": ["equipment-ageing", "maintenance-inspection", "maintenance-trees", "maintenance-defect", "external-vehicle",
            "policy-siting", "people-contractor", "external-theft"],
    "SVC": ["people-attitude", "people-skill", "people-rules", "process-handover", "process-time-limit", "process-it",
            "people-contractor", "policy-compensation"],
}  # fmt: skip
STORM_CAUSES = ["weather-wind", "weather-flood", "weather-lightning", "maintenance-trees", "external-object"]
CUSTOMER_CAUSES = ["customer-internal-fault", "customer-misunderstanding", "customer-equipment"]
SATISFIED_BY_OUTCOME = {"upheld": 0.94, "partly_upheld": 0.91, "not_upheld": 0.78, "unverifiable": 0.75}


def findings(record: Record, words: texts.Texts, language: str, rng: Random, *, stormy: bool) -> dict[str, Any]:
    """How an investigation ends."""
    world = record.world
    draw = rng.random()
    outcome = (
        "upheld" if draw < 0.35 else "partly_upheld" if draw < 0.55 else "not_upheld" if draw < 0.95 else "unverifiable"
    )
    category = record.kind.category_code
    if category == SAFETY and record.restored is None:
        outcome = "not_upheld"  # where nobody came and made it safe, there was nothing to make safe
    codes = CAUSES.get(category, list(world.causes))
    if stormy and category in ("OUT", "SAF") and rng.random() < 0.7:
        codes = STORM_CAUSES
    elif outcome == "not_upheld" and rng.random() < 0.5:
        codes = CUSTOMER_CAUSES
    code = codes[min(int(rng.expovariate(0.35)), len(codes) - 1)]
    if code not in world.causes:
        code = rng.choice(sorted(world.causes))
    group = code.partition("-")[0]
    responsible = {"customer": "customer", "external": "third_party", "weather": "force_majeure"}.get(group, "utility")
    return {
        "outcome": outcome,
        "root_cause": world.causes[code],
        "resolution": words.answer(code, outcome, language, rng),
        "responsibility": responsible,
    }


def opinion(record: Record, rng: Random, *, by_link: bool) -> dict[str, Any]:
    """What the customer thinks of it: worse of what came late or had to be asked for."""
    chance = SATISFIED_BY_OUTCOME.get(record.outcome, 0.85)
    if any(clock.terms.kind == "resolve" and clock.state == "late" for clock in record.clocks):
        chance *= 0.85
    if record.urged >= 2:
        chance *= 0.9
    if rng.random() < chance:
        score = 5 if rng.random() < 0.67 else 4
    else:
        score = rng.choice((3, 3, 3, 3, 3, 2, 2, 2, 1, 1))
    if record.reopened > 1:
        score = max(score, 2)  # the lowest would take it up again, and at some time everything ends
    unhappy = 0.004 if score > 3 else 0.12 if score == 3 else 0.5
    solved = (rng.random() >= unhappy and score > 1) or record.reopened > 1
    comments = texts.SATISFIED if score > 3 else texts.DISSATISFIED if solved else texts.NOT_SOLVED
    return {
        "solved": solved,
        "score": score,
        "attitude": max(1, min(5, score + rng.choice((0, 0, 0, 1, -1)))),
        "comment": rng.choice(comments) if rng.random() < 0.5 else "",
        "answered_by": "link" if by_link else "call",
    }
