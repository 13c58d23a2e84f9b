"""Texts that staff write again and again, kept ready."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from complaints.models.classification import Category
from staff import utility
from staff.actors import Role
from staff.models import Team, User


class CannedTextQuerySet(models.QuerySet["CannedText"]):
    def of(self, user: User) -> CannedTextQuerySet:
        """Everybody's, those of this person's team, and their own."""
        theirs = Q(owner=user) | Q(owner=None, team=None)
        if user.team_id:
            theirs |= Q(team=user.team_id)
        return self.filter(theirs, is_active=True)

    def changeable_by(self, user: User) -> CannedTextQuerySet:
        """One's own; supervisors also change what their team shares, and everybody's where they keep the utility's settings."""
        theirs = Q(owner=user)
        if user.role == Role.SUPERVISOR:
            theirs |= Q(owner=None) if utility.may_change(user) else Q(owner=None, team__isnull=False)
        return self.of(user).filter(theirs)


class CannedText(models.Model):
    """A text with {variables}: somebody's own, a team's, or everybody's when it names neither.

    `code` names those that a profile brings. What was taken away stays as a row, so that no profile brings it back.
    """

    code = models.SlugField(max_length=40, blank=True)
    title_zh = models.CharField(_("title in Chinese"), max_length=60, blank=True)
    title_en = models.CharField(_("title in English"), max_length=60, blank=True)
    body_zh = models.TextField(_("text in Chinese"), max_length=2000, blank=True)
    body_en = models.TextField(_("text in English"), max_length=2000, blank=True)
    moves = ArrayField(models.CharField(max_length=20), verbose_name=_("offered for"))
    category = models.ForeignKey(
        Category, on_delete=models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("category")
    )
    owner = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="canned_texts")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, related_name="canned_texts")
    uses = models.PositiveIntegerField(default=0, editable=False)
    is_active = models.BooleanField(default=True)

    objects = CannedTextQuerySet.as_manager()

    class Meta:
        verbose_name = _("phrase")
        verbose_name_plural = _("phrases")
        ordering = ["-uses", "pk"]
        constraints = [
            models.UniqueConstraint(name="canned_text_code_is_unique", fields=["code"], condition=~Q(code="")),
            models.CheckConstraint(name="canned_text_says_something", condition=~Q(body_zh="", body_en="")),
            models.CheckConstraint(
                name="canned_text_is_of_one_or_many", condition=Q(owner__isnull=True) | Q(team__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        return _in(get_language() or "", self.title_zh, self.title_en)

    def body(self, language: str) -> str:
        """In this language, or in the other where there is none."""
        return _in(language, self.body_zh, self.body_en)


def _in(language: str, zh: str, en: str) -> str:
    return (zh or en) if language.startswith("zh") else (en or zh)
