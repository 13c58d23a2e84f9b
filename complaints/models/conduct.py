"""What was found about how people were served: the rule, what was said, the finding and the apology; and what follows from it.

What concerns the employee stands in rows of its own, because fewer people may read it: complaints/investigation/conduct.py.
"""

from __future__ import annotations

from datetime import date

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from complaints.models.append_only import AppendOnly
from complaints.models.complaint import Complaint
from staff.actors import Role
from staff.models import Branch, Team, User
from staff.naming import Named
from staff.scope import within_branches


class Measure(models.TextChoices):
    """What a rule with a limit is measured in."""

    SECONDS = "seconds", _("seconds")
    MINUTES = "minutes", _("minutes")
    WORKING_DAYS = "working_days", _("working days")


class ConductRule(Named):
    """A rule of service that people are judged by: a row of the profile, with its words and where they come from."""

    code = models.SlugField(_("code"), unique=True)
    text_zh = models.TextField(_("the rule in Chinese"))
    text_en = models.TextField(_("the rule in English"))
    source = models.CharField(pgettext_lazy("of a rule", "source"), max_length=200, blank=True)
    subcategories = ArrayField(models.CharField(max_length=10), verbose_name=_("subcategories"), default=list)
    measure = models.CharField(_("measured in"), max_length=12, choices=Measure, blank=True)
    limit = models.PositiveSmallIntegerField(_("limit"), null=True, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(_("in use"), default=True)

    @property
    def text(self) -> str:
        """The rule in the language in use."""
        return self.text_zh if (get_language() or "").startswith("zh") else self.text_en

    class Meta:
        verbose_name = _("rule of service")
        verbose_name_plural = _("rules of service")
        ordering = ["position", "code"]
        constraints = [
            models.CheckConstraint(
                name="rule_of_service_measures_what_it_limits",
                condition=Q(measure="", limit__isnull=True)
                | Q(measure__in=sorted(Measure.values), limit__isnull=False),
            ),
        ]


class ConductRuleChange(AppendOnly):
    """One change of a rule of service; `before` and `after` are the fields that it changed. A new rule has nothing before."""

    rule = models.ForeignKey(ConductRule, on_delete=models.PROTECT, related_name="changes")
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("change of a rule of service")
        verbose_name_plural = _("changes of rules of service")
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.rule_id}"


class Identified(models.TextChoices):
    PERSON = "person", _("A person")
    UNIT = "unit", _("Only a counter or a unit")
    NOBODY = "nobody", _("Nobody")


class Recording(models.TextChoices):
    LISTENED = "listened", _("Listened to")
    NOT_YET = "not_yet", _("Not listened to yet")
    GONE = "gone", _("No longer kept")
    NONE = "none", _("There is none")


class ConductVerdict(models.TextChoices):
    SUBSTANTIATED = "substantiated", _("Substantiated")
    PARTLY = "partly", _("Partly substantiated")
    NOT_SUBSTANTIATED = "not_substantiated", _("Not substantiated")
    UNVERIFIABLE = "unverifiable", _("Could not be verified")


HOLDS = (ConductVerdict.SUBSTANTIATED.value, ConductVerdict.PARTLY.value)
"""Findings that say that something was wrong with how we served."""


class Apology(models.TextChoices):
    OWED = "owed", _("Owed, not made yet")
    MADE = "made", pgettext_lazy("apology", "Made")
    NOT_OWED = "not_owed", _("Not owed")


class ApologyHow(models.TextChoices):
    PHONE = "phone", _("By phone")
    IN_PERSON = "in_person", _("In person")
    MESSAGE = "message", pgettext_lazy("apology", "By message")
    LETTER = "letter", _("By letter")
    ANSWER = "answer", _("In our answer")


class ConductFindingQuerySet(models.QuerySet["ConductFinding"]):
    def standing(self) -> ConductFindingQuerySet:
        """The newest of each complaint."""
        newer = ConductFinding.objects.filter(complaint=models.OuterRef("complaint"), pk__gt=models.OuterRef("pk"))
        return self.filter(~models.Exists(newer))


class ConductFinding(AppendOnly):
    """What is known after one recording; the newest row stands. It says nothing that only few may read.

    `judged` is the measured rule as it was when it was judged, and what came of it: a rule that changes later changes no verdict.
    """

    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, related_name="conduct_findings")
    about_told = models.CharField(_("who it is about, as told"), max_length=120, blank=True)
    identified = models.CharField(_("who was identified"), max_length=8, choices=Identified, blank=True)
    team = models.ForeignKey(
        Team, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("team complained about")
    )
    happened_at = models.DateTimeField(_("when it happened"), null=True, blank=True)
    place = models.CharField(_("where"), max_length=120, blank=True)
    call_reference = models.CharField(_("number of the recording"), max_length=60, blank=True)
    recording = models.CharField(_("recording"), max_length=8, choices=Recording, blank=True)
    alleged = models.ForeignKey(
        ConductRule, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("rule alleged")
    )
    rule = models.ForeignKey(
        ConductRule,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="findings",
        verbose_name=_("rule judged"),
    )
    said = models.TextField(_("what was said or done"), max_length=2000, blank=True)
    witnesses = models.TextField(_("witnesses"), max_length=500, blank=True)
    measured = models.PositiveIntegerField(_("measured"), null=True, blank=True)
    began_on = models.DateField(_("applied for on"), null=True, blank=True)
    ended_on = models.DateField(_("finished on"), null=True, blank=True)
    judged = models.JSONField(default=dict, editable=False)
    verdict = models.CharField(_("finding"), max_length=20, choices=ConductVerdict, blank=True)
    because = models.TextField(_("why it was found so"), max_length=1000, blank=True)
    apology = models.CharField(_("apology"), max_length=8, choices=Apology, blank=True)
    apology_how = models.CharField(_("how it was made"), max_length=10, choices=ApologyHow, blank=True)
    apology_on = models.DateField(_("made on"), null=True, blank=True)
    apology_by = models.CharField(_("who made it"), max_length=80, blank=True)
    apology_text = models.TextField(_("words of the apology"), max_length=1000, blank=True)
    no_coaching_because = models.TextField(_("why no coaching is needed"), max_length=500, blank=True)
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    entered_at = models.DateTimeField()

    objects = ConductFindingQuerySet.as_manager()

    class Meta:
        verbose_name = _("findings on service")
        verbose_name_plural = _("findings on service")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="conduct_words_are_known",
                condition=Q(identified__in=["", *sorted(Identified.values)])
                & Q(recording__in=["", *sorted(Recording.values)])
                & Q(verdict__in=["", *sorted(ConductVerdict.values)])
                & Q(apology__in=["", *sorted(Apology.values)])
                & Q(apology_how__in=["", *sorted(ApologyHow.values)]),
            ),
            models.CheckConstraint(name="conduct_verdict_says_why", condition=Q(verdict="") | ~Q(because="")),
            models.CheckConstraint(
                name="apology_made_says_how_when_and_by_whom",
                condition=~Q(apology=Apology.MADE.value)
                | (~Q(apology_how="") & Q(apology_on__isnull=False) & ~Q(apology_by="")),
            ),
            models.CheckConstraint(
                name="measured_conduct_is_judged", condition=Q(measured__isnull=True) | ~Q(judged={})
            ),
        ]
        indexes = [models.Index(name="conduct_finding_newest", fields=["complaint", "-id"])]

    def __str__(self) -> str:
        return f"{self.complaint_id}: {self.verdict}"


class StaffPart(AppendOnly):
    """What concerns the employee: who it is, what they say, and what is done about them. The newest row stands."""

    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, related_name="staff_parts")
    person = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("person in the directory"),
    )
    statement = models.TextField(_("statement of the employee"), max_length=4000, blank=True)
    stated_on = models.DateField(_("statement taken on"), null=True, blank=True)
    action_on_staff = models.TextField(_("what is done about the employee"), max_length=1000, blank=True)
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    entered_at = models.DateTimeField()

    class Meta:
        verbose_name = _("part about the employee")
        verbose_name_plural = _("parts about employees")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="staff_part_is_by_another", condition=Q(person__isnull=True) | ~Q(person=F("entered_by"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.complaint_id}: {self.entered_at}"


class CoachingKind(models.TextChoices):
    TALK = "talk", _("Talk")
    REFRESHER = "refresher", _("Refresher training")
    SHADOWING = "shadowing", _("Shadowing a colleague")
    EXAM = "exam", _("Exam")
    PROCESS = "process", _("Change of the process")


class Effect(models.TextChoices):
    WORKS = "works", _("It works")
    PARTLY = "partly", _("It works in part")
    NOT = "not", _("It does not work")


COACHING_SEEN_BY = (Role.SUPERVISOR, Role.ADMINISTRATOR)
"""Who reads all coaching of their branch; everybody else only what they own, gave, or get."""


class CoachingQuerySet(models.QuerySet["CoachingAction"]):
    def visible_to(self, user: User) -> CoachingQuerySet:
        """What this person may read of coaching; fails closed. Of their own people's, the people themselves included."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        own = Q(owner=user) | Q(person=user) | Q(created_by=user)
        if user.team_id is not None:
            own |= Q(person__isnull=True, team=user.team_id)
        if user.role in COACHING_SEEN_BY:
            # not Q | Q: the condition of whoever sees everything is empty, and an empty one would be left out
            own |= Q(pk__in=self.filter(within_branches(user)).values("pk"))
        return self.filter(own)

    def of(self, user: User) -> CoachingQuerySet:
        """What this person sees to, or gets."""
        return self.filter(Q(owner=user) | Q(person=user))

    def open(self) -> CoachingQuerySet:
        return self.filter(done_at__isnull=True)

    def overdue(self, today: date) -> CoachingQuerySet:
        """Due on a day that is over."""
        return self.open().filter(due_on__lt=today)

    def unchecked(self) -> CoachingQuerySet:
        """Done, and nobody has said yet whether it works."""
        return self.filter(done_at__isnull=False, effect="", check_on__isnull=False)


class CoachingAction(models.Model):
    """What a person or a team learns or changes because of a complaint, by a day; and whether it worked."""

    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, related_name="coaching")
    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=10, choices=CoachingKind)
    what = models.CharField(_("what is done"), max_length=300)
    person = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="coaching", verbose_name=_("for whom")
    )
    team = models.ForeignKey(
        Team, on_delete=models.PROTECT, null=True, blank=True, related_name="coaching", verbose_name=_("for which team")
    )
    owner = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="coaching_owned", verbose_name=_("who sees to it")
    )
    due_on = models.DateField(_("due on"))
    check_on = models.DateField(_("effect looked at on"), null=True, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    result = models.TextField(_("what came of it"), max_length=1000, blank=True)
    effect = models.CharField(_("effect"), max_length=8, choices=Effect, blank=True)
    effect_note = models.TextField(_("what shows it"), max_length=500, blank=True)
    checked_at = models.DateTimeField(null=True)
    checked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    objects = CoachingQuerySet.as_manager()

    class Meta:
        verbose_name = _("coaching action")
        verbose_name_plural = _("coaching actions")
        ordering = ["due_on", "pk"]
        constraints = [
            models.CheckConstraint(name="coaching_kind_is_known", condition=Q(kind__in=sorted(CoachingKind.values))),
            models.CheckConstraint(
                name="coaching_is_for_somebody", condition=Q(person__isnull=False) | Q(team__isnull=False)
            ),
            models.CheckConstraint(
                name="coaching_is_owned_by_another", condition=Q(person__isnull=True) | ~Q(person=F("owner"))
            ),
            models.CheckConstraint(
                name="coaching_is_done_by_somebody",
                condition=Q(done_at__isnull=True, done_by__isnull=True)
                | (Q(done_at__isnull=False, done_by__isnull=False) & ~Q(result="")),
            ),
            models.CheckConstraint(
                name="coaching_effect_is_said_once_done",
                condition=Q(effect="", checked_at__isnull=True, checked_by__isnull=True)
                | Q(
                    effect__in=sorted(Effect.values),
                    done_at__isnull=False,
                    checked_at__isnull=False,
                    checked_by__isnull=False,
                ),
            ),
        ]
        indexes = [models.Index(name="coaching_due", fields=["due_on"], condition=Q(done_at__isnull=True))]

    def __str__(self) -> str:
        return self.what
