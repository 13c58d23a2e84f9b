"""Customers, the premises they are supplied at, their accounts and meters."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.models.network import AreaClass, TransformerArea
from staff.models import Branch, User
from staff.scope import within_branches


class CustomerKind(models.TextChoices):
    HOUSEHOLD = "household", _("Household")
    COMMERCIAL = "commercial", _("Commercial")
    INDUSTRIAL = "industrial", _("Large industrial")
    PUBLIC_BODY = "public_body", _("Public body")
    PROSUMER = "prosumer", _("Renewable producer")


KEY = "key"
"""The segment of key customers, beside the kinds."""


class ContactMethod(models.TextChoices):
    PHONE = "phone", _("Phone")
    SMS = "sms", _("Text message")
    EMAIL = "email", _("E-mail")
    LETTER = "letter", _("Letter")


class Normal(models.Func):
    """A text as it is compared: see `customers.models.search.normal`."""

    function = "customers_normal"
    output_field = models.TextField()


class CustomerQuerySet(models.QuerySet["Customer"]):
    def visible_to(self, user: User) -> CustomerQuerySet:
        return self.filter(within_branches(user))

    def current(self) -> CustomerQuerySet:
        """Those that were neither merged into another nor erased."""
        return self.filter(merged_into__isnull=True, erased_at__isnull=True)


class Customer(models.Model):
    """A person or body that is supplied; `phone_digits` is the phone as its digits only, kept by the database."""

    number = models.CharField(_("customer number"), max_length=20, unique=True)
    kind = models.CharField(_("kind"), max_length=20, choices=CustomerKind, default=CustomerKind.HOUSEHOLD)
    name = models.CharField(_("name"), max_length=120)
    phone = models.CharField(_("phone"), max_length=30, blank=True)
    phone_digits = models.CharField(max_length=30, blank=True, editable=False)
    email = models.EmailField(_("e-mail"), blank=True)
    address = models.CharField(_("postal address"), max_length=240, blank=True)
    language = models.CharField(_("language"), max_length=10, default="zh-hans")
    contact_method = models.CharField(
        _("preferred contact"), max_length=10, choices=ContactMethod, default=ContactMethod.PHONE
    )
    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, related_name="customers")
    account_manager = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="managed_customers",
        verbose_name=_("account manager"),
    )
    is_key = models.BooleanField(_("key customer"), default=False)
    is_vulnerable = models.BooleanField(_("vulnerable"), default=False)
    vulnerability = models.CharField(_("what to bear in mind"), max_length=200, blank=True)
    do_not_contact = models.BooleanField(_("do not contact"), default=False)
    version = models.PositiveIntegerField(db_default=1, editable=False)
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+", editable=False)
    erased_at = models.DateTimeField(null=True, editable=False)

    objects = CustomerQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        ordering = ["number"]
        indexes = [
            models.Index(OpClass("phone_digits", "varchar_pattern_ops"), name="customer_by_phone"),
            models.Index(OpClass(Normal("number"), "text_pattern_ops"), name="customer_by_normal_number"),
        ]
        constraints = [
            models.CheckConstraint(
                name="customer_kind_is_known", condition=models.Q(kind__in=sorted(CustomerKind.values))
            ),
            models.CheckConstraint(
                name="customer_not_merged_into_itself",
                condition=models.Q(merged_into__isnull=True) | ~models.Q(merged_into=models.F("id")),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def segment(self) -> str:
        """What policies and routes know this customer as: a key customer whatever their kind."""
        return KEY if self.is_key else self.kind


class Premise(models.Model):
    """A place that is supplied."""

    address = models.CharField(_("address"), max_length=240)
    transformer_area = models.ForeignKey(
        TransformerArea, on_delete=models.PROTECT, null=True, blank=True, related_name="premises"
    )
    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, related_name="premises")
    area_class = models.CharField(_("area"), max_length=10, choices=AreaClass, default=AreaClass.URBAN)

    class Meta:
        verbose_name = _("premise")
        verbose_name_plural = _("premises")
        indexes = [models.Index(name="premise_by_address", fields=["address", "branch"])]
        constraints = [
            models.CheckConstraint(
                name="premise_area_class_is_known", condition=models.Q(area_class__in=sorted(AreaClass.values))
            ),
        ]

    def __str__(self) -> str:
        return self.address


class Account(models.Model):
    """户号: one supply contract of a customer at a premise."""

    number = models.CharField(_("account number"), max_length=20, unique=True)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="accounts")
    premise = models.ForeignKey(Premise, on_delete=models.PROTECT, related_name="accounts")
    tariff = models.CharField(_("tariff class"), max_length=40, blank=True)
    supply_kv = models.DecimalField(_("supplied at kV"), max_digits=6, decimal_places=2, null=True, blank=True)
    opened_on = models.DateField(_("opened on"), null=True, blank=True)
    closed_on = models.DateField(_("closed on"), null=True, blank=True)

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        ordering = ["number"]
        indexes = [models.Index(OpClass(Normal("number"), "text_pattern_ops"), name="account_by_normal_number")]
        constraints = [
            models.CheckConstraint(
                name="account_closes_after_it_opens",
                condition=models.Q(closed_on__isnull=True) | models.Q(closed_on__gte=models.F("opened_on")),
            ),
            models.CheckConstraint(
                name="account_is_supplied_above_zero",
                condition=models.Q(supply_kv__isnull=True) | models.Q(supply_kv__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return self.number


class Meter(models.Model):
    number = models.CharField(_("meter number"), max_length=30, unique=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="meters")
    installed_on = models.DateField(_("installed on"), null=True, blank=True)

    class Meta:
        verbose_name = _("meter")
        verbose_name_plural = _("meters")
        ordering = ["number"]
        indexes = [models.Index(OpClass(Normal("number"), "text_pattern_ops"), name="meter_by_normal_number")]

    def __str__(self) -> str:
        return self.number


def digits(phone: str) -> str:
    """The digits of a phone number, full-width ones included; a leading +86 or 0086 is dropped."""
    plain = "".join(str(int(c)) for c in phone if c.isdecimal())
    for prefix in ("0086", "86"):
        if plain.startswith(prefix) and len(plain) - len(prefix) == 11:
            return plain[len(prefix) :]
    return plain
