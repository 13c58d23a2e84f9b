"""How many customers there were: what rates are divided by."""

from __future__ import annotations

from django.db import models

from analytics.models.facts import Key
from customers.models import TransformerArea
from staff.models import Branch, User
from staff.scope import within_branches


class CustomerCountQuerySet(models.QuerySet["CustomerCount"]):
    def visible_to(self, user: User) -> CustomerCountQuerySet:
        return self.filter(within_branches(user))


class CustomerCount(models.Model):
    """How many accounts were supplied on a day; counted once a night, and never changed afterwards."""

    day = models.DateField()
    branch = Key(Branch)
    segment = models.CharField(max_length=20)
    area_class = models.CharField(max_length=10)
    n = models.BigIntegerField()

    objects = CustomerCountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="customers_counted_once", fields=["day", "branch", "segment", "area_class"]),
            models.CheckConstraint(name="customers_counted_exist", condition=models.Q(n__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.n} on {self.day}"


class AssetCountQuerySet(models.QuerySet["AssetCount"]):
    def visible_to(self, user: User) -> AssetCountQuerySet:
        return self.filter(within_branches(user))


class AssetCount(models.Model):
    """How many accounts a transformer area supplied on a day; counted once a month, and never changed afterwards.

    There are many areas and they change slowly: a count each night would be millions of rows that say the same.
    """

    day = models.DateField()
    branch = Key(Branch)
    transformer_area = Key(TransformerArea)
    n = models.BigIntegerField()

    objects = AssetCountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="asset_counted_once", fields=["day", "transformer_area", "branch"]),
            models.CheckConstraint(name="asset_counted_exist", condition=models.Q(n__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.n} on {self.transformer_area_id}, {self.day}"
