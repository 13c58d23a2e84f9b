"""Which terms a story has. Pure text: no rows. What may point at a person or a home is left out.

Words of the trade are taken whole before anything is cut. What remains is segmented, and nouns, verbs and their like of two
characters or more are kept. Names of people and places, numbers, times and what stands in the complaint's own name or place are
dropped, and so is every word that everybody uses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import rjieba

from complaints.search import normal

FOLDER = Path(__file__).parent
SHORTEST, LONGEST = 2, 40
KEPT = ("n", "v", "a", "j", "l", "i", "z", "b", "eng")
"""First letters of the parts of speech that name a thing, an act or a state."""
OF_SOMEBODY = ("nr", "ns", "nt", "nz")
"""Names: of people, places, organisations, and of others, among which are streets."""
PLACE_ENDS = (
    "路",
    "街",
    "巷",
    "弄",
    "村",
    "镇",
    "乡",
    "县",
    "市",
    "区",
    "苑",
    "庄",
    "园",
    "里",
    "栋",
    "幢",
    "室",
    "号",
    "某",
)
ENGLISH = re.compile(r"[a-z]{3,40}")
CHINESE = re.compile(r"[\u3400-\u9fff]{2,}")


def _listed(name: str) -> frozenset[str]:
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    return frozenset(normal(line.strip()) for line in lines if line.strip() and not line.startswith("#"))


TRADE = _listed("trade.txt")
COMMON = _listed("common_zh.txt") | _listed("common_en.txt")
_TRADE = re.compile("|".join(map(re.escape, sorted(TRADE, key=len, reverse=True))))


def terms(story: str, personal: Iterable[str] = ()) -> list[str]:
    """The terms of a story, each once and in order; `personal` are texts whose words are nobody's business."""
    text = normal(story)
    found = set(_TRADE.findall(text))
    for piece in _TRADE.split(text):
        found |= {word for word, kind in rjieba.tag(piece) if _is_term(word, kind)}
    private = normal(" ".join(personal))
    said = set(ENGLISH.findall(private))
    return sorted(word for word in found if word in TRADE or (word not in said and not (private and word in private)))


def _is_term(word: str, kind: str) -> bool:
    if word in COMMON or not SHORTEST <= len(word) <= LONGEST:
        return False
    if ENGLISH.fullmatch(word):
        return True
    is_name = kind.startswith(OF_SOMEBODY) or word.endswith(PLACE_ENDS)
    return bool(CHINESE.fullmatch(word)) and kind.startswith(KEPT) and not is_name
