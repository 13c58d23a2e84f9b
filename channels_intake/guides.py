"""Guides: found, suggested beside the form, shown, counted by whether they helped, and changed with what they said before."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet, Sum
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

from channels_intake.models import Guide, GuideAnswer, GuideVersion
from complaints.duplicates import grams
from complaints.models import Category, DeskSettings
from staff.models import User

TEXTS = ("title_zh", "title_en", "body_zh", "body_en")
SUGGESTED = 3
_markdown = MarkdownIt("js-default", {"html": False, "linkify": False, "typographer": False})
"""HTML in a text is shown as it was typed; addresses with a dangerous scheme become no links."""


def published() -> QuerySet[Guide]:
    return Guide.objects.filter(is_published=True).select_related("category")


def search(text: str) -> list[Guide]:
    """Published guides that hold every word, in either language; wide and narrow letters and case count alike."""
    words = folded(text).split()
    if not words:
        return []
    return [guide for guide in published() if all(word in _whole(guide) for word in words)]


def _whole(guide: Guide) -> str:
    return folded(" ".join(getattr(guide, name) for name in TEXTS))


def folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def suggested(category: Category | None, story: str = "") -> list[Guide]:
    """At most three for somebody who is about to complain: of the topic, those first whose words were typed."""
    typed = grams(folded(story))
    rows = [guide for guide in published() if guide.category is None or guide.category == category]
    return sorted(rows, key=lambda guide: -_share(typed, grams(_whole(guide))))[:SUGGESTED]


def _share(typed: frozenset[str], words: frozenset[str]) -> float:
    """How much of it was spoken of; a long text holds more words by chance."""
    return float(len(typed & words) / len(words) ** 0.75) if words else 0.0


def rendered(text: str) -> SafeString:
    """Markdown as HTML; {hotline} and {regulator} are the numbers of the desk."""
    desk = DeskSettings.current()
    text = text.replace("{hotline}", desk.hotline).replace("{regulator}", desk.regulator_hotline)
    return mark_safe(_markdown.render(text))


@transaction.atomic
def save(guide: Guide, *, by: User | None, at: datetime) -> Guide:
    """Write the guide and, where a text is new, the version that says so."""
    guide.save()
    last = guide.versions.first()
    texts = {name: getattr(guide, name) for name in TEXTS}
    if last is None or last.texts != texts:
        number = 1 + (last.number if last else 0)
        GuideVersion.objects.create(guide=guide, number=number, texts=texts, made_by=by, made_at=at)
    return guide


def helped(guide: Guide, *, yes: bool, at: datetime) -> None:
    """Count one reader. Many at once are all counted."""
    day, field = at.date(), "yes" if yes else "no"
    GuideAnswer.objects.get_or_create(guide=guide, day=day)
    GuideAnswer.objects.filter(guide=guide, day=day).update(**{field: F(field) + 1})


def with_counts() -> QuerySet[Guide]:
    counted = Guide.objects.select_related("category").annotate(yes=Sum("answers__yes"), no=Sum("answers__no"))
    return counted.order_by("position", "slug")


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many guides were written, and what of them was not as the profile has it, in words."""

    count: int
    missing: tuple[str, ...] = ()


def load(profile: str, *, at: datetime) -> Loaded:
    """Write the profile's guides, onto an empty table only.

    A guide of a category that is not there, or not under this code any more, is written for every topic.
    """
    if Guide.objects.exists():
        return Loaded(0)
    rows: list[dict[str, Any]] = yaml.safe_load(
        (Path(settings.BASE_DIR) / "profiles" / profile / "guides.yaml").read_text()
    )
    categories = {category.code: category for category in Category.objects.all()}
    missing = []
    for position, row in enumerate(rows, start=1):
        texts = {
            f"{part}_{language}": row[part][language].strip() for part in ("title", "body") for language in ("zh", "en")
        }
        code = row.get("category")
        if code and code not in categories:
            missing.append(f"Guide {row['slug']!r}: there is no category {code!r}; it is shown for every topic.")
        guide = Guide(
            slug=row["slug"],
            category=categories.get(code) if code else None,
            position=position * 10,
            is_published=True,
            **texts,
        )
        save(guide, by=None, at=at)
    return Loaded(len(rows), tuple(missing))
