"""Rising terms: words that stand in far more complaints of the last days than before, by the log-likelihood ratio G².

Every term of every branch is a test, so the false-discovery rate over all of them is held (Benjamini and Hochberg, 1995).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import erfc, log, sqrt

from django.db.models import Q, Sum

from analytics.models import ComplaintTerms, SignalKind, SignalRule, TermDay
from analytics.signals.keeping import Found, worst
from analytics.terms.counting import ANY, BASELINE_DAYS, RECENT_DAYS
from staff.models import Branch

AT_LEAST, TIMES = 5, 2
RATE = 0.01
FEWEST_BEFORE = 50
MOST_OF_IT = 0.8
MOST = 20


@dataclass(frozen=True, slots=True)
class Rise:
    branch: int
    term: str
    number: int
    expected: float
    g2: float


@dataclass(frozen=True, slots=True)
class Looked:
    found: list[Found]
    tested: int


def g2(recent: int, recent_of: int, before: int, before_of: int) -> float:
    """Dunning's log-likelihood ratio: how badly one common share explains what was counted recently and before."""
    share = (recent + before) / (recent_of + before_of)
    return 2 * (_likelihood(recent, recent_of, share) + _likelihood(before, before_of, share))


def _likelihood(hits: int, of: int, share: float) -> float:
    parts = ((hits, of * share), (of - hits, of * (1 - share)))
    return sum(seen * log(seen / expected) for seen, expected in parts if seen > 0 and expected > 0)


def p_value(ratio: float) -> float:
    """How likely so large a G² is by chance: chi squared with one degree of freedom."""
    return erfc(sqrt(max(ratio, 0.0) / 2))


def discoveries(p_values: Sequence[float], rate: float = RATE) -> float:
    """The largest p value that still counts, so that of all that counts at most the share `rate` is expected to be chance."""
    ranked = sorted(p_values)
    return max((p for rank, p in enumerate(ranked, 1) if p <= rate * rank / len(ranked)), default=-1.0)


def find(today: date) -> Looked:
    branches = {branch.pk: branch for branch in Branch.objects.all()}
    since = today - timedelta(days=RECENT_DAYS - 1)
    rises = [rise for branch in _counted(branches, since, today).items() for rise in _of_branch(*branch)]
    limit = discoveries([p_value(rise.g2) for rise in rises])
    risen = [rise for rise in rises if p_value(rise.g2) <= limit and rise.number >= TIMES * rise.expected]
    found = [_found(rise, since, today, branches) for rise in _narrowest(risen, branches)]
    return Looked(worst(found, MOST), len(rises))


Counts = dict[str, tuple[int, int]]


def _counted(branches: dict[int, Branch], since: date, today: date) -> dict[int, Counts]:
    """For each branch, those below it included, in how many complaints each term stands: recent, and before."""
    rows = TermDay.objects.filter(day__gt=today - timedelta(days=RECENT_DAYS + BASELINE_DAYS), day__lte=today)
    sums = (
        rows.values_list("branch", "term")
        .annotate(
            recent=Sum("n", filter=Q(day__gte=since), default=0), before=Sum("n", filter=Q(day__lt=since), default=0)
        )
        .order_by()
    )
    above = {
        pk: [one for one, other in branches.items() if branch.path.startswith(other.path)]
        for pk, branch in branches.items()
    }
    found: dict[int, Counts] = defaultdict(dict)
    for branch, term, recent, before in sums:
        for one in above.get(branch, []):
            had = found[one].get(term, (0, 0))
            found[one][term] = (had[0] + recent, had[1] + before)
    return found


def _of_branch(branch: int, counts: Counts) -> list[Rise]:
    """The terms of one branch that are tested; none while too little is known of before."""
    recent_of, before_of = counts.get(ANY, (0, 0))
    if before_of < FEWEST_BEFORE:
        return []
    return [
        Rise(branch, term, recent, recent_of * before / before_of, g2(recent, recent_of, before, before_of))
        for term, (recent, before) in counts.items()
        if term != ANY and recent >= AT_LEAST and recent * before_of > before * recent_of
    ]


def _narrowest(rises: Iterable[Rise], branches: dict[int, Branch]) -> list[Rise]:
    """Without those of a branch above that are nearly all of one branch below: they are told once, where they are."""
    kept: list[Rise] = []
    for rise in sorted(rises, key=lambda one: -len(branches[one.branch].path)):
        path = branches[rise.branch].path
        below = [one for one in kept if one.term == rise.term and branches[one.branch].path.startswith(path)]
        if all(one.number < MOST_OF_IT * rise.number for one in below):
            kept.append(rise)
    return kept


def _found(rise: Rise, since: date, today: date, branches: dict[int, Branch]) -> Found:
    path = branches[rise.branch].path
    rows = ComplaintTerms.objects.filter(
        day__gte=since, day__lte=today, branch__path__startswith=path, terms__contains=[rise.term]
    )
    return Found(
        kind=SignalKind.TERM.value,
        rule=SignalRule.TERM.value,
        series=f"term:{rise.branch}:{rise.term}",
        branch_id=rise.branch,
        term=rise.term,
        first_day=since,
        last_day=today,
        number=rise.number,
        expected=rise.expected,
        score=sqrt(rise.g2),
        complaint_keys=sorted(rows.values_list("pk", flat=True)),
    )
