"""How complaints are sorted: categories, subcategories, root causes."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from staff.naming import Named


class RequestType(models.TextChoices):
    COMPLAINT = "complaint", _("Complaint")
    REPORT = "report", _("Report of wrongdoing")
    OPINION = "opinion", _("Opinion")
    SUGGESTION = "suggestion", _("Suggestion")
    FAULT = "fault", _("Fault report")
    ENQUIRY = "enquiry", _("Enquiry")
    SERVICE_REQUEST = "service_request", _("Service request")
    PRAISE = "praise", _("Praise")
    HELP = "help", _("Request for help")


class Severity(models.TextChoices):
    """投诉等级: who must be told."""

    SPECIAL = "special", _("Special")
    MAJOR = "major", _("Major")
    IMPORTANT = "important", _("Important")
    ORDINARY = "ordinary", _("Ordinary")


SEVERITY_LADDER = [Severity.ORDINARY, Severity.IMPORTANT, Severity.MAJOR, Severity.SPECIAL]


class Priority(models.IntegerChoices):
    """优先级: what is done first."""

    P1 = 1, _("P1 life-safety")
    P2 = 2, _("P2 no supply")
    P3 = 3, _("P3 normal")
    P4 = 4, _("P4 can wait")


SAFETY, SERVICE = "SAF", "SVC"
"""The code of the category of danger to life and limb, in every profile."""

BILLING = "BIL"
"""The code of the category of bills and meters, in every profile."""


class Category(Named):
    """One of the paper's five topics; `questions` and `advice` are what the forms ask and say for it."""

    code = models.CharField(_("code"), max_length=10, unique=True)
    slug = models.SlugField(_("slug"), unique=True)
    icon = models.CharField(max_length=40, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    public_zh = models.CharField(_("what customers read, in Chinese"), max_length=120, blank=True)
    public_en = models.CharField(_("what customers read, in English"), max_length=120, blank=True)
    questions = models.JSONField(_("questions"), default=list, blank=True)
    advice = models.JSONField(_("advice"), default=dict, blank=True)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ["position"]


class Subcategory(Named):
    """A kind of complaint within a category, with its crosswalk to other classifications."""

    code = models.CharField(_("code"), max_length=12, unique=True)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="subcategories")
    default_priority = models.PositiveSmallIntegerField(
        _("priority"),
        choices=Priority,
        default=Priority.P3,
        validators=[MinValueValidator(1), MaxValueValidator(4)],
    )
    public_zh = models.CharField(_("what customers read, in Chinese"), max_length=120, blank=True)
    public_en = models.CharField(_("what customers read, in English"), max_length=120, blank=True)
    is_public = models.BooleanField(_("offered to customers"), default=True)
    request_type = models.CharField(
        _("is always a"), max_length=20, choices=RequestType, blank=True, help_text=_("blank: what the agent chooses")
    )
    sgcc_class = models.CharField(_("State Grid class"), max_length=40, blank=True)
    nea_class = models.CharField(_("12398 class"), max_length=40, blank=True)
    ceer_class = models.CharField(_("European class"), max_length=40, blank=True)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("subcategory")
        verbose_name_plural = _("subcategories")
        ordering = ["code"]


class RootCause(Named):
    """A node of the tree of causes; leaves are chosen when a complaint is resolved."""

    code = models.CharField(_("code"), max_length=40, unique=True)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("root cause")
        verbose_name_plural = _("root causes")
        ordering = ["position", "code"]
