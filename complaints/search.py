"""Finding complaints by words, in Chinese and everything else: in what was told, noted, answered, in names and in numbers.

How a text becomes words is said twice, here for what is asked and in the database (migration `found_by_words`) for what is
kept; a test holds them together.
"""

from __future__ import annotations

import re
import string
import unicodedata
from dataclasses import dataclass

from django.db import connection
from django.db.models import Case, IntegerField, Q, Value, When

from complaints.models import Complaint
from complaints.models.complaint import ComplaintQuerySet
from complaints.references import parse_reference
from staff.models import User

UNSPACED = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
"""Characters of scripts that put no spaces between words."""
RUNS = re.compile(rf"[{UNSPACED}]+|[a-z0-9\u00c0-\u1fff]+")
LONGEST = 40
"""Of longer words the beginning is kept."""
MOST_TERMS = 30
SMALL = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
WINDOW = 400
"""So many of the newest that fit are put in the order of relevance; the rest follow by date."""

FEW = 1_000
"""So many complaints that hold the same are named by their keys."""
TELLING = re.compile(r"'[^']{3,}':\*")
"""A beginning that may be rare, while one of fewer letters is common, as the planner takes every beginning to be."""


def normal(text: str) -> str:
    """A text as it is compared: full width is half width, capital A to Z are small."""
    return unicodedata.normalize("NFKC", text).translate(SMALL)


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody looks for: `terms` is a tsquery, empty when nothing can be found; `phrases` stand in the text as well."""

    terms: str
    phrases: tuple[str, ...]


def asked(text: str) -> Asked:
    """Every word must be there. One of letters fits words that begin with it; one of four digits or more any part of a number."""
    terms: list[str] = []
    phrases: list[str] = []
    for run in RUNS.findall(normal(text)):
        if not re.match(f"[{UNSPACED}]", run):
            terms.append(f"'{run[:LONGEST]}':*")
        elif len(run) == 1:
            terms.append(f"'{run}':*")
        else:
            terms += [f"'{run[start : start + 2]}'" for start in range(len(run) - 1)]
            if len(run) > 2:
                phrases.append(run)
    found = " & ".join(dict.fromkeys(terms[:MOST_TERMS]))
    reference = parse_reference(text)
    if reference is not None:
        # a telephone number may read as a reference, so the reference is only another way to fit
        found = f"({found}) | '{reference.replace('-', '')}'"
        phrases = []
    return Asked(found, tuple(phrases))


def fits(text: str, user: User | None = None) -> Q:
    """A condition on complaints: they hold what is looked for. With a user, found faster where they see but a part of all.

    What begins with a number or a longer word is looked up at once: where few complaints hold it, the condition names those that
    held it when this was called, and every later statement finds them by their keys.
    """
    what = asked(text)
    if not what.terms:
        return Q(pk__in=[])
    terms = _within(what.terms, user)
    phrases = Q(*(("words__text__contains", phrase) for phrase in what.phrases))
    keys = _few(terms) if TELLING.search(what.terms) else None
    return phrases & (Q(words__words__hold=terms) if keys is None else Q(pk__in=keys))


def _few(terms: str) -> list[int] | None:
    """The complaints that hold them; None when they are more than FEW."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT complaints_holding(%s::tsquery, %s)", [terms, FEW + 1])
        found = [key for (key,) in cursor.fetchall()]
    return found if len(found) <= FEW else None


def _within(terms: str, user: User | None) -> str:
    """The terms, and the branches below the user's; what they may see is still decided by `visible_to`."""
    if user is None or user.branch is None or user.branch.parent_id is None:
        return terms
    own = " | ".join(f"'#b{key}'" for key in user.own_branches())
    return f"({terms}) & ({own})"


def newest(found: ComplaintQuerySet, most: int) -> list[int]:
    """The keys of so many of what was found by words, the newest first."""
    return list(found.order_by("-words__received_at", "-words__pk").values_list("pk", flat=True)[:most])


def by_relevance(keys: list[int], text: str) -> ComplaintQuerySet:
    """First those whose number or name it is, then whose story or place it is, then the rest; the open before the closed."""
    said = text.strip()
    number = re.sub(r"\D", "", said)
    itself = Q(contact_name__iexact=said) | Q(reference=parse_reference(said) or "")
    if len(number) >= 4:
        itself |= Q(contact_phone=number) | Q(account__number=number) | Q(source_reference=said)
    rank = Case(
        When(itself, then=Value(0)),
        When(contact_name__icontains=said, then=Value(1)),
        When(Q(story__icontains=said) | Q(place__icontains=said), then=Value(2)),
        default=Value(3),
        output_field=IntegerField(),
    )
    is_over = Case(When(status="closed", then=Value(1)), default=Value(0), output_field=IntegerField())
    rows = Complaint.objects.filter(pk__in=keys).annotate(rank=rank, is_over=is_over)
    return rows.order_by("rank", "is_over", "-received_at", "-pk")
