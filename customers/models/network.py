"""The network that supplies people: substation, feeder, transformer area."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from staff.models import Branch
from staff.naming import Named


class AreaClass(models.TextChoices):
    """How far help has to travel; arrival limits depend on it."""

    URBAN = "urban", _("Urban")
    RURAL = "rural", _("Rural")
    REMOTE = "remote", _("Remote")


class Substation(Named):
    code = models.CharField(_("code"), max_length=40, unique=True)
    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, related_name="substations")

    class Meta:
        verbose_name = _("substation")
        verbose_name_plural = _("substations")
        ordering = ["code"]


class Feeder(Named):
    code = models.CharField(_("code"), max_length=40, unique=True)
    substation = models.ForeignKey(Substation, on_delete=models.PROTECT, related_name="feeders")

    class Meta:
        verbose_name = _("feeder")
        verbose_name_plural = _("feeders")
        ordering = ["code"]


class TransformerArea(Named):
    """台区: the premises behind one distribution transformer."""

    code = models.CharField(_("code"), max_length=40, unique=True)
    feeder = models.ForeignKey(Feeder, on_delete=models.PROTECT, related_name="transformer_areas")
    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, related_name="transformer_areas")
    area_class = models.CharField(_("area"), max_length=10, choices=AreaClass, default=AreaClass.URBAN)

    class Meta:
        verbose_name = _("transformer area")
        verbose_name_plural = _("transformer areas")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                name="transformer_area_class_is_known", condition=models.Q(area_class__in=sorted(AreaClass.values))
            ),
        ]
