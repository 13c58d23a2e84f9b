"""Look-up as somebody types: who is meant by a name, phone, account or meter number, or address. The one place for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Count, Q, QuerySet

from customers.models import Account, Customer, TransformerArea
from customers.models.people import digits
from customers.models.search import normal
from staff.models import Branch, User
from staff.scope import within_branches

MOST_FOUND = 8
SHORTEST = 2
"""Characters below which nothing is looked for; two Chinese characters are a name."""
SHORTEST_PHONE = 7
"""Digits from which a number with spaces in it is one number, not the numbers of a house and a flat."""
LONGEST = 100
EXACT = (0, 2)
"""The ranks of a whole number and of a whole name."""
CANDIDATES = 200
"""How many rows that hold every word are ranked. Of more than that nobody is found by reading, only by typing more."""
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
NUMBER = re.compile(r"[a-z0-9]*[0-9][a-z0-9]*", re.ASCII)


class Hit(NamedTuple):
    """A customer, and the account by which they were found if there is one."""

    customer: int
    account: int | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody typed, read in every way it may be meant."""

    whole: str
    words: tuple[str, ...]
    number: str
    phone: str

    @classmethod
    def read(cls, text: str) -> Wanted | None:
        """None when it is too short to mean anybody."""
        text = CONTROL.sub(" ", text)[:LONGEST]
        whole = normal(text)
        if len(whole) < SHORTEST:
            return None
        words = tuple(dict.fromkeys(word for said in text.split() if (word := normal(said))))
        is_number = NUMBER.fullmatch(whole) is not None
        return cls(whole, words, whole if is_number else "", digits(text) if is_number else "")

    @property
    def grams(self) -> list[str]:
        """What the index is asked for: every pair of neighbours of the words that are more than digits."""
        spelled = [word for word in self.words if not word.isdecimal()] or list(self.words)
        return sorted({gram for word in spelled for gram in pairs(word)})


def pairs(word: str) -> list[str]:
    return [word[at : at + 2] for at in range(len(word) - 1)] or [word]


BY_NUMBER = """
(SELECT e.customer_id, e.account_id, {rank} AS rank FROM customers_{table} t
 JOIN customers_searchentry e ON e.{joined} WHERE {column} {compared} AND {allowed} LIMIT %(most)s)
"""
NUMBERS = [
    ("account", "account_id = t.id", "customers_normal(t.number)", "number"),
    ("meter", "account_id = t.account_id", "customers_normal(t.number)", "number"),
    ("customer", "customer_id = t.id", "t.phone_digits", "phone"),
    ("customer", "customer_id = t.id", "customers_normal(t.number)", "number"),
]
BY_NAME = """
(SELECT e.customer_id, e.account_id, CASE WHEN e.name = %(whole)s THEN 2 ELSE 3 END AS rank FROM customers_searchentry e
 WHERE e.name LIKE %(whole_start)s AND {allowed} LIMIT %(candidates)s)
"""
BY_WORDS = """
(SELECT e.customer_id, e.account_id, 4 AS rank FROM customers_searchentry e
 WHERE e.grams @> %(grams)s::text[] AND {each_word} AND {allowed} LIMIT %(candidates)s)
"""
RANKED = """
SELECT customer_id, account_id, rank FROM (
    SELECT customer_id, account_id, min(rank) AS rank FROM ({found}) found GROUP BY customer_id, account_id
) ranked ORDER BY rank, customer_id, account_id LIMIT %(most)s
"""


def statement(wanted: Wanted, user: User, *, most: int, with_closed: bool) -> tuple[str, dict[str, Any]]:
    """The query and its values: exact numbers first, then the beginnings of numbers and names, then all words anywhere."""
    branches = (
        None if _sees_all(user) else list(Branch.objects.filter(_own_branches(user)).values_list("pk", flat=True))
    )
    allowed = "TRUE" if branches is None else "e.branch_id = ANY(%(branches)s::bigint[])"
    allowed += "" if with_closed else " AND NOT e.is_closed"
    given: dict[str, Any] = {
        "whole": wanted.whole,
        "whole_start": _start(wanted.whole),
        "number": wanted.number,
        "number_start": _start(wanted.number),
        "phone": wanted.phone,
        "phone_start": _start(wanted.phone),
        "grams": wanted.grams,
        "branches": branches,
        "most": most,
        "candidates": max(CANDIDATES, most),
        **{f"word{at}": word for at, word in enumerate(wanted.words)},
    }
    ways = []
    for table, joined, column, name in NUMBERS if wanted.number else []:
        if given[name]:
            for rank, compared in ((0, f"= %({name})s"), (1, f"LIKE %({name}_start)s")):
                ways.append(
                    BY_NUMBER.format(
                        rank=rank, table=table, joined=joined, column=column, compared=compared, allowed=allowed
                    )
                )
    ways.append(BY_NAME.format(allowed=allowed))
    if not wanted.whole.isdecimal() or (len(wanted.words) > 1 and len(wanted.whole) < SHORTEST_PHONE):
        each_word = " AND ".join(f"strpos(e.text, %(word{at})s) > 0" for at in range(len(wanted.words)))
        ways.append(BY_WORDS.format(each_word=each_word, allowed=allowed))
    return RANKED.format(found=" UNION ALL ".join(ways)), given


def _sees_all(user: User) -> bool:
    return within_branches(user) == Q()


def _own_branches(user: User) -> Q:
    return Q(path__startswith=user.branch.path) if user.is_active and user.branch else Q(pk__in=[])


def _start(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text) + "%"


def find(text: str, user: User, *, most: int, with_closed: bool = True, exact_first: bool = False) -> list[Hit]:
    """Whom this may mean among those the user may see, the likeliest first.

    With `exact_first` a whole number or whole name means those who have it, and nobody else.
    """
    wanted = Wanted.read(text)
    if wanted is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute(*statement(wanted, user, most=most, with_closed=with_closed))
        rows = cursor.fetchall()
    if exact_first and rows and rows[0][2] in EXACT:
        rows = [row for row in rows if row[2] == rows[0][2]]
    return [Hit(*row[:2]) for row in rows]


def look_up(text: str, user: User) -> list[Account]:
    """The open accounts that this may mean, each with `open_complaints` of its customer; at most eight."""
    hits = [hit.account for hit in find(text, user, most=MOST_FOUND, with_closed=False) if hit.account]
    accounts = {account.pk: account for account in accounts_of(hits, user)} if hits else {}
    return [accounts[pk] for pk in hits if pk in accounts]


AREAS_AT = """
SELECT DISTINCT p.transformer_area_id FROM (
    SELECT e.account_id FROM customers_searchentry e WHERE e.grams @> %(grams)s::text[] AND strpos(e.text, %(whole)s) > 0
    LIMIT %(candidates)s
) found JOIN customers_account a ON a.id = found.account_id JOIN customers_premise p ON p.id = a.premise_id
WHERE p.transformer_area_id IS NOT NULL AND strpos(customers_normal(p.address), %(whole)s) > 0
"""


def areas_at(place: str) -> list[TransformerArea]:
    """The transformer areas with premises that have these words in their address.

    For everybody to ask: it says where the network is, never who lives there.
    """
    wanted = Wanted.read(place)
    if wanted is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute(AREAS_AT, {"grams": wanted.grams, "whole": wanted.whole, "candidates": CANDIDATES})
        keys = [row[0] for row in cursor.fetchall()]
    return list(TransformerArea.objects.select_related("branch").filter(pk__in=keys)) if keys else []


def accounts_of(keys: list[int], user: User) -> QuerySet[Account]:
    is_open = ~Q(customer__complaints__status="closed")
    return (
        Account.objects.filter(pk__in=keys, customer__in=Customer.objects.visible_to(user))
        .select_related("customer", "premise")
        .annotate(open_complaints=Count("customer__complaints", filter=is_open, distinct=True))
    )


def people(text: str, user: User, *, most: int) -> list[int]:
    """The customers that this may mean, the likeliest first."""
    hits = find(text, user, most=most * 4)
    return list(dict.fromkeys(hit.customer for hit in hits))[:most]
