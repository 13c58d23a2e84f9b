"""Packs of reports for the regulator: what is asked, once and for good, and the numbers as they stood when they were frozen."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from analytics.models.jobs import UNFINISHED, Job
from complaints.models import Category, Channel
from complaints.models.append_only import AppendOnly
from staff.models import Branch, User
from staff.scope import within_branches


class PackQuerySet(models.QuerySet["Pack"]):
    def visible_to(self, user: User) -> PackQuerySet:
        """Those of the person's branch and the branches below it; a pack counts no more than its branch."""
        return self.filter(within_branches(user))


class Pack(AppendOnly):
    """A set of reports with fixed filters and a fixed period. Other filters are another pack."""

    title = models.CharField(_("title"), max_length=120)
    reports = ArrayField(models.CharField(max_length=40), verbose_name=_("reports"))
    first_day = models.DateField(_("from"))
    last_day = models.DateField(_("to"))
    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, related_name="+", verbose_name=_("branch"))
    category = models.ForeignKey(
        Category, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("category")
    )
    channel = models.CharField(_("channel"), max_length=12, choices=Channel, blank=True)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    objects = PackQuerySet.as_manager()

    class Meta:
        verbose_name = _("pack of reports")
        verbose_name_plural = _("packs of reports")
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.CheckConstraint(name="pack_ends_after_it_begins", condition=Q(last_day__gte=F("first_day"))),
            models.CheckConstraint(name="pack_has_a_report", condition=Q(reports__len__gte=1)),
        ]

    def __str__(self) -> str:
        return self.title


class FrozenPack(AppendOnly):
    """The numbers of a pack as they stood, with their definitions, in both languages. `digest` is the SHA-256 of `content`."""

    pack = models.ForeignKey(Pack, on_delete=models.PROTECT, related_name="frozen")
    number = models.PositiveSmallIntegerField()
    frozen_at = models.DateTimeField()
    frozen_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    as_of = models.DateTimeField()
    content = models.JSONField()
    digest = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("frozen pack")
        verbose_name_plural = _("frozen packs")
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(name="pack_is_frozen_in_order", fields=["pack", "number"]),
            models.CheckConstraint(name="frozen_pack_has_its_digest", condition=Q(digest__regex=r"^[0-9a-f]{64}$")),
        ]

    def __str__(self) -> str:
        return f"{self.pack} {self.number}"


class Freezing(Job):
    """That somebody asked for a pack to be frozen, and how it stands; `frozen` is what came of it."""

    pack = models.ForeignKey(Pack, on_delete=models.PROTECT, related_name="freezings")
    frozen = models.OneToOneField(FrozenPack, on_delete=models.PROTECT, null=True, related_name="freezing")

    class Meta(Job.Meta):
        verbose_name = _("freezing of a pack")
        verbose_name_plural = _("freezings of packs")
        ordering = ["-asked_at", "-pk"]
        constraints = [
            *Job.Meta.constraints,
            models.UniqueConstraint(
                name="pack_is_frozen_one_at_a_time", fields=["pack"], condition=Q(state__in=UNFINISHED)
            ),
            models.CheckConstraint(
                name="done_freezing_has_its_numbers",
                condition=Q(state="done", frozen__isnull=False) | ~Q(state="done") & Q(frozen__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pack} {self.state}"
