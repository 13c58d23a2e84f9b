"""Which team gets a complaint: the rules, tried one after the other, and who changed them when."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from complaints.models.append_only import AppendOnly
from complaints.models.classification import Category, RequestType, Subcategory
from complaints.models.complaint import Channel
from customers.models import AreaClass, Feeder
from staff.models import Branch, Team, TeamKind, User


class RoutingRuleQuerySet(models.QuerySet["RoutingRule"]):
    def in_use(self) -> RoutingRuleQuerySet:
        """Those that are tried, in the order in which they are."""
        return self.filter(is_active=True)

    def named(self) -> RoutingRuleQuerySet:
        """With everything that their sentences name."""
        return self.select_related("category", "subcategory", "branch", "feeder", "team")


class RoutingRule(models.Model):
    """Which team takes a complaint; blank fields match anything, the highest `rank` is tried first.

    The target is a kind of team, found in the complaint's branch or the nearest above it, or one named team. A rule whose
    team does not exist there or is closed passes on to the next.
    """

    code = models.CharField(_("code"), max_length=40, unique=True)
    rank = models.PositiveSmallIntegerField(_("rank"), default=0)
    request_type = models.CharField(_("request type"), max_length=20, blank=True, choices=RequestType)
    channel = models.CharField(_("channel"), max_length=12, blank=True, choices=Channel)
    category = models.ForeignKey(
        Category, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("category")
    )
    subcategory = models.ForeignKey(
        Subcategory, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("subcategory")
    )
    area_class = models.CharField(_("area"), max_length=10, blank=True, choices=AreaClass)
    segment = models.CharField(_("customer segment"), max_length=20, blank=True)
    branch = models.ForeignKey(
        Branch, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("branch")
    )
    feeder = models.ForeignKey(
        Feeder, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("feeder")
    )
    team_kind = models.CharField(_("kind of team"), max_length=20, choices=TeamKind, blank=True)
    team = models.ForeignKey(
        Team, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("team")
    )
    is_active = models.BooleanField(_("in use"), default=True)

    objects = RoutingRuleQuerySet.as_manager()

    class Meta:
        verbose_name = _("routing rule")
        verbose_name_plural = _("routing rules")
        ordering = ["-rank", "code"]
        constraints = [
            models.CheckConstraint(
                name="route_goes_to_a_kind_or_to_a_team",
                condition=(Q(team_kind="") & Q(team__isnull=False)) | (~Q(team_kind="") & Q(team__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return self.code


class RouteChange(models.TextChoices):
    ADDED = "added", _("Added")
    CHANGED = "changed", _("Changed")
    MOVED = "moved", _("Moved")
    RETIRED = "retired", _("Taken out of use")
    RESTORED = "restored", _("Taken into use again")


class RoutingChange(AppendOnly):
    """One change of a rule; `before` and `after` are the fields of the rule that it changed, as they are stored."""

    rule = models.ForeignKey(RoutingRule, on_delete=models.PROTECT, related_name="changes")
    kind = models.CharField(max_length=10, choices=RouteChange)
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("change of a routing rule")
        verbose_name_plural = _("changes of routing rules")
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(name="route_change_is_known", condition=Q(kind__in=sorted(RouteChange.values))),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.rule} {self.kind}"
