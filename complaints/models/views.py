"""Lists that people made for themselves: saved filters, how they are shown, and who wants to hear when they fill up."""

from __future__ import annotations

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from staff.models import User


class Sharing(models.TextChoices):
    NOBODY = "nobody", pgettext_lazy("shared with", "Only me")
    TEAM = "team", pgettext_lazy("shared with", "My team")
    BRANCH = "branch", pgettext_lazy("shared with", "My branch")
    EVERYBODY = "everybody", pgettext_lazy("shared with", "Everybody")


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def kept(self) -> SavedViewQuerySet:
        return self.filter(deleted_at__isnull=True)

    def usable_by(self, user: User) -> SavedViewQuerySet:
        """Their own, and those that are shared with them. What it then shows is decided by what they themselves may see."""
        shared = Q(shared=Sharing.EVERYBODY)
        if user.team_id is not None:
            shared |= Q(shared=Sharing.TEAM, owner__team=user.team_id)
        if user.branch is not None:
            codes = user.branch.path.rstrip("/").split("/")
            above = ["/".join(codes[:depth]) + "/" for depth in range(1, len(codes) + 1)]
            shared |= Q(shared=Sharing.BRANCH, owner__branch__path__in=above)
        return self.kept().filter(Q(owner=user) | (shared & Q(owner__is_active=True)))


class SavedView(models.Model):
    """A named set of filters. `query` is what an address of the queue says; what is not understood any more is left out there.

    Whoever uses it applies these filters to what they themselves may see.
    """

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_views")
    name = models.CharField(pgettext_lazy("view", "name"), max_length=60)
    query = models.JSONField(default=dict)
    sort = models.CharField(max_length=10, blank=True)
    columns = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    shared = models.CharField(_("shared with"), max_length=10, choices=Sharing, default=Sharing.NOBODY)
    position = models.PositiveSmallIntegerField(default=0)
    is_pinned = models.BooleanField(_("show as a tab"), default=True)
    made_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="saved_view_has_its_own_name", fields=["owner", "name"], condition=Q(deleted_at__isnull=True)
            ),
            models.CheckConstraint(name="saved_view_sharing_is_known", condition=Q(shared__in=sorted(Sharing.values))),
        ]

    def __str__(self) -> str:
        return self.name


class DeskHabit(models.Model):
    """How one person likes the queue: which view it opens with, and which columns in which order."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="desk_habit")
    first_view = models.ForeignKey(SavedView, on_delete=models.SET_NULL, null=True, related_name="+")
    columns = ArrayField(models.CharField(max_length=20), default=list, blank=True)

    class Meta:
        verbose_name = _("habit at the desk")
        verbose_name_plural = _("habits at the desk")

    def __str__(self) -> str:
        return str(self.user)


class Digest(models.TextChoices):
    NEVER = "", pgettext_lazy("digest", "Never")
    DAILY = "daily", pgettext_lazy("digest", "Every day")
    WEEKLY = "weekly", pgettext_lazy("digest", "Every week")


class ViewWatchQuerySet(models.QuerySet["ViewWatch"]):
    def watching(self) -> ViewWatchQuerySet:
        """Those who want to hear when a view fills up or grows old."""
        wanted = Q(at_least__isnull=False) | Q(older_than_hours__isnull=False)
        return self.filter(wanted, view__deleted_at__isnull=True, user__is_active=True)

    def due(self, at: datetime) -> ViewWatchQuerySet:
        """Those whose next digest has come."""
        return self.filter(next_at__lte=at)


class ViewWatch(models.Model):
    """What one person wants to hear about one view: when a threshold is crossed, and a digest at an hour of their choice.

    `count_raised_at` and `age_raised_at` are set while the threshold counts as crossed, so that a crossing is told once.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="view_watches")
    view = models.ForeignKey(SavedView, on_delete=models.CASCADE, related_name="watches")
    at_least = models.PositiveSmallIntegerField(_("tell me when it holds at least"), null=True, blank=True)
    older_than_hours = models.PositiveSmallIntegerField(
        _("tell me when the oldest is older than"), null=True, blank=True
    )
    count_raised_at = models.DateTimeField(null=True)
    age_raised_at = models.DateTimeField(null=True)
    digest = models.CharField(_("digest"), max_length=10, choices=Digest, default=Digest.NEVER, blank=True)
    hour = models.PositiveSmallIntegerField(_("at"), default=8, validators=[MaxValueValidator(23)])
    weekday = models.PositiveSmallIntegerField(
        _("on"), default=1, validators=[MinValueValidator(1), MaxValueValidator(7)]
    )
    skips_empty = models.BooleanField(_("no message when it is empty"), default=True)
    next_at = models.DateTimeField(null=True)

    objects = ViewWatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("watch on a view")
        verbose_name_plural = _("watches on views")
        constraints = [
            models.UniqueConstraint(name="person_watches_a_view_once", fields=["user", "view"]),
            models.CheckConstraint(
                name="digest_has_next_moment", condition=Q(digest="", next_at__isnull=True) | ~Q(digest="")
            ),
            models.CheckConstraint(name="digest_hour_is_an_hour", condition=Q(hour__lte=23)),
        ]
        indexes = [
            models.Index(name="digest_due_next", fields=["next_at"], condition=Q(next_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.view}"
