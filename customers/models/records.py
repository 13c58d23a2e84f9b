"""What was done to customers as a whole: imports, merges, changes and exports, each written down for good."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.models.people import Customer
from staff.models import Branch, User


def import_path(run: CustomerImport, name: str) -> str:
    """A place that nobody can guess; the file's own name is only remembered."""
    return f"imports/{uuid.uuid4().hex}.csv"


class CustomerImport(models.Model):
    """One file of customers: uploaded, matched by a person, then read and taken over in batches that survive a kill.

    `read_rows` have been staged and `reached` is the last row taken over, so a run cut short goes on where it stopped.
    The same bytes are one import, however often they are handed in.
    """

    name = models.CharField(_("file"), max_length=200)
    file = models.FileField(upload_to=import_path)
    sha256 = models.CharField(max_length=64, unique=True)
    encoding = models.CharField(_("encoding"), max_length=20)
    delimiter = models.CharField(max_length=1)
    columns = models.JSONField(default=dict)
    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    is_read = models.BooleanField(default=False)
    read_rows = models.PositiveIntegerField(default=0)
    reached = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("customer import")
        verbose_name_plural = _("customer imports")
        ordering = ["-asked_at"]
        constraints = [
            models.CheckConstraint(
                name="import_ends_after_it_was_confirmed",
                condition=models.Q(finished_at__isnull=True) | models.Q(confirmed_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                name="import_to_carry_on",
                fields=["asked_at"],
                condition=models.Q(finished_at__isnull=True, confirmed_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def taken(self) -> int:
        return self.reached - self.rejected


class ImportRow(models.Model):
    """One row of a file on its way in; what was taken over is removed, what was rejected stays with its reason."""

    run = models.ForeignKey(CustomerImport, on_delete=models.CASCADE, related_name="rows", db_index=False)
    number = models.PositiveIntegerField()
    problem = models.CharField(max_length=40)
    customer_number = models.TextField()
    name = models.TextField()
    kind = models.TextField()
    phone = models.TextField()
    email = models.TextField()
    postal_address = models.TextField()
    language = models.TextField()
    contact_method = models.TextField()
    is_key = models.TextField()
    is_vulnerable = models.TextField()
    vulnerability = models.TextField()
    do_not_contact = models.TextField()
    branch = models.TextField()
    manager = models.TextField()
    account_number = models.TextField()
    tariff = models.TextField()
    opened_on = models.TextField()
    closed_on = models.TextField()
    address = models.TextField()
    area = models.TextField()
    area_class = models.TextField()
    meter_number = models.TextField()
    installed_on = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(name="import_row_once", fields=["run", "number"])]
        indexes = [models.Index(name="import_row_by_customer", fields=["run", "customer_number"])]

    def __str__(self) -> str:
        return f"{self.run} {self.number}"


class CustomerMerge(models.Model):
    """Two records of one person made one: the merged one stays and points to the survivor; undoing gives back what `moved`."""

    survivor = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="merges")
    merged = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="mergings")
    reason = models.CharField(_("why"), max_length=300)
    moved = models.JSONField(default=dict)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    undone_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("merge of customers")
        verbose_name_plural = _("merges of customers")
        ordering = ["-made_at"]
        constraints = [
            models.UniqueConstraint(
                name="customer_is_merged_once", fields=["merged"], condition=models.Q(undone_at__isnull=True)
            ),
            models.CheckConstraint(
                name="customer_is_not_merged_into_itself", condition=~models.Q(merged=models.F("survivor"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.merged} → {self.survivor}"


class CustomerEvent(models.Model):
    """One thing done to one customer's record by a person: edited, merged, unmerged. Never changed or deleted."""

    class Kind(models.TextChoices):
        EDIT = "edit", _("Changed")
        MERGE = "merge", _("Merged")
        UNMERGE = "unmerge", _("Merge undone")

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=10, choices=Kind)
    at = models.DateTimeField()
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    details = models.JSONField(default=dict)

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.customer} {self.kind}"

    @property
    def shown(self) -> list[tuple[str, object, object]]:
        """What an edit changed: the field's name, what it was, what it became."""
        fields = {field.name: field for field in Customer._meta.concrete_fields}
        yes_no = {True: _("Yes"), False: _("No")}

        def said(name: str, value: object) -> object:
            choices = dict(fields[name].choices or ())
            return yes_no[value] if isinstance(value, bool) else choices.get(value, value)

        changed = self.details.get("changed", {}).items()
        return [
            (str(fields[name].verbose_name), said(name, before), said(name, after)) for name, (before, after) in changed
        ]


class CustomerExport(models.Model):
    """A file of customers that left the house: who took it, when, and what was asked for. Never changed or deleted."""

    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    format = models.CharField(max_length=4)
    query = models.CharField(max_length=200, blank=True)
    customers = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("export of customers")
        verbose_name_plural = _("exports of customers")
        ordering = ["-made_at"]

    def __str__(self) -> str:
        return f"{self.made_at:%Y-%m-%d %H:%M} {self.made_by}"
