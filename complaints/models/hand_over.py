"""What becomes of somebody's open complaints while they are away."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from staff.models import Absence


class WorkGoes(models.TextChoices):
    """Where the open complaints of an absent person go."""

    DEPUTY = "deputy", _("To the deputy")
    TEAM = "team", _("Back to the team, for whoever is free")
    KEEP = "keep", _("Nowhere: they wait for the person")


class HandOver(models.Model):
    """Decided with the absence, carried out when it begins: `begun_at` says that a worker has written down every move.

    With `keeps_later` those stay whose next deadline comes after the return.
    """

    absence = models.OneToOneField(Absence, on_delete=models.PROTECT, related_name="hand_over")
    goes = models.CharField(_("open complaints go"), max_length=10, choices=WorkGoes, default=WorkGoes.DEPUTY)
    keeps_later = models.BooleanField(_("those due after the return stay"), default=False)
    begun_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("hand-over")
        verbose_name_plural = _("hand-overs")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="hand_over_goes_somewhere_known", condition=models.Q(goes__in=sorted(WorkGoes.values))
            ),
        ]
        indexes = [
            models.Index(name="hand_over_to_begin", fields=["absence"], condition=models.Q(begun_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.absence} {self.goes}"
