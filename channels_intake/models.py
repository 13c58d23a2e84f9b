"""How complaints reach us: one record per thing received, so that the same thing received twice is known."""

from __future__ import annotations

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from complaints.models import Category, Channel, Complaint, Source
from complaints.models.complaint import make_token
from staff.models import Branch, User
from staff.scope import within_branches


class InboundRecord(models.Model):
    """One delivery on a channel.

    `external_id` is the sender's own number for it: a form's one-time id, a message id, a row key.
    """

    channel = models.CharField(_("channel"), max_length=12, choices=Channel)
    source = models.CharField(_("source"), max_length=12, choices=Source)
    external_id = models.CharField(_("sender's id"), max_length=120)
    received_at = models.DateTimeField(_("received"))
    recorded_at = models.DateTimeField(auto_now_add=True)
    payload = models.JSONField(default=dict)
    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, null=True, related_name="inbound_records")

    class Meta:
        verbose_name = _("inbound record")
        verbose_name_plural = _("inbound records")
        ordering = ["-recorded_at"]
        constraints = [
            models.UniqueConstraint(name="inbound_record_is_received_once", fields=["channel", "external_id"]),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.external_id}"


class Suspicion(models.TextChoices):
    """Why a form that was sent is looked at by a person before it is registered."""

    MANY = "many", _("Many from one connection")
    FLOOD = "flood", _("A flood from one connection")
    TRAP = "trap", _("The hidden field was filled")


class UnsentFormQuerySet(models.QuerySet["UnsentForm"]):
    def of_customers(self) -> UnsentFormQuerySet:
        """What is being typed on the portal."""
        return self.filter(owner=None, held_at=None)

    def held(self) -> UnsentFormQuerySet:
        """What was sent and waits for a person, the oldest first."""
        return self.filter(held_at__isnull=False, discarded_at=None).order_by("held_at", "pk")


class UnsentForm(models.Model):
    """What somebody has typed and not sent yet, unchecked, under the one-time id of the form.

    Of staff it belongs to one person at a time, who may hand it over. On the portal it belongs to nobody whom we know: a
    browser's session, or the secret link, opens it. `content` is what was typed; `files` are photos put aside. What was sent
    on the portal and looks as if a machine had written it is held until a person has looked.
    """

    form_id = models.UUIDField(primary_key=True)
    channel = models.CharField(_("channel"), max_length=12, choices=Channel)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="unsent_forms"
    )
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    token = models.CharField(max_length=32, unique=True, default=make_token)
    content = models.JSONField(default=dict)
    files = models.JSONField(default=list)
    begun_at = models.DateTimeField(auto_now_add=True)
    saved_at = models.DateTimeField(_("saved"))
    discarded_at = models.DateTimeField(null=True)
    held_at = models.DateTimeField(_("sent"), null=True)
    held_for = models.CharField(_("why"), max_length=10, choices=Suspicion, blank=True)
    judged_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    objects = UnsentFormQuerySet.as_manager()

    class Meta:
        verbose_name = _("unsent form")
        verbose_name_plural = _("unsent forms")
        ordering = ["-saved_at"]
        constraints = [
            models.CheckConstraint(
                name="unsent_form_of_staff_has_an_owner",
                condition=Q(owner__isnull=True, channel=Channel.WEB)
                | (Q(owner__isnull=False) & ~Q(channel=Channel.WEB)),
            ),
        ]
        indexes = [
            models.Index(name="unsent_form_by_age", fields=["saved_at"]),
            models.Index(name="form_held", fields=["held_at"], condition=Q(held_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.form_id}"


class IncomingCall(models.Model):
    """A call that the telephone switch has put through to an agent; `call_id` is the switch's own number for it."""

    call_id = models.CharField(max_length=60, unique=True)
    caller_number = models.CharField(_("number the call came from"), max_length=30, blank=True)
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="incoming_calls")
    rang_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("incoming call")
        verbose_name_plural = _("incoming calls")
        ordering = ["-rang_at"]
        indexes = [
            models.Index(name="call_ringing", fields=["agent", "rang_at"], condition=Q(taken_at__isnull=True)),
            models.Index(name="call_by_age", fields=["rang_at"]),
        ]

    def __str__(self) -> str:
        return self.call_id


class InboundMail(models.Model):
    """One e-mail that reached us, whatever became of it; `raw` is the original where a person may have to look at it."""

    class Outcome(models.TextChoices):
        REGISTERED = "registered", _("became a complaint")
        ADDED = "added", _("added to a complaint")
        IGNORED = "ignored", _("written by a machine")
        UNREADABLE = "unreadable", _("not understood")
        SETTLED = "settled", _("looked at, nothing to do")

    message_id = models.CharField(max_length=220, unique=True)
    received_at = models.DateTimeField(_("received"))
    address = models.CharField(_("sender"), max_length=254, blank=True)
    subject = models.CharField(_("subject"), max_length=300, blank=True)
    outcome = models.CharField(_("what became of it"), max_length=12, choices=Outcome)
    why = models.CharField(max_length=300, blank=True)
    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, null=True, related_name="inbound_mails")
    raw = models.BinaryField(default=bytes)
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("inbound mail")
        verbose_name_plural = _("inbound mails")
        ordering = ["-received_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="inbound_mail_with_a_complaint_says_so",
                condition=Q(complaint__isnull=False, outcome__in=["registered", "added"])
                | Q(complaint__isnull=True, outcome__in=["ignored", "unreadable", "settled"]),
            ),
        ]
        indexes = [
            models.Index(
                name="mail_for_a_person", fields=["received_at"], condition=Q(outcome__in=["ignored", "unreadable"])
            ),
            models.Index(name="mail_by_sender", fields=["address", "received_at"]),
        ]

    def __str__(self) -> str:
        return self.message_id


class MessengerThread(models.Model):
    """One person's conversation in a messenger, and the complaint that they last spoke of in it."""

    provider = models.CharField(
        max_length=12, choices=[(Source.WECHAT, Source.WECHAT.label), (Source.WEIBO, Source.WEIBO.label)]
    )
    sender = models.CharField(_("sender's id"), max_length=100)
    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, null=True, related_name="+")
    said_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("messenger conversation")
        verbose_name_plural = _("messenger conversations")
        constraints = [models.UniqueConstraint(name="messenger_thread_is_one", fields=["provider", "sender"])]

    def __str__(self) -> str:
        return f"{self.provider} {self.sender}"


class Open311Key(models.Model):
    """The key of one Open311 client; only its digest is stored."""

    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("Open311 key")
        verbose_name_plural = _("Open311 keys")

    def __str__(self) -> str:
        return self.name


class Guide(models.Model):
    """A short article for customers, in both languages, in Markdown without HTML. What it said before is in its versions."""

    slug = models.SlugField(max_length=60, unique=True)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("topic"))
    title_zh = models.CharField(_("title in Chinese"), max_length=80)
    title_en = models.CharField(_("title in English"), max_length=80)
    body_zh = models.TextField(_("text in Chinese"), max_length=8000)
    body_en = models.TextField(_("text in English"), max_length=8000)
    position = models.PositiveSmallIntegerField(_("place in the list"), default=100)
    is_published = models.BooleanField(_("published"), default=False)

    class Meta:
        verbose_name = _("guide")
        verbose_name_plural = _("guides")
        ordering = ["position", "slug"]

    def __str__(self) -> str:
        return self.slug

    @property
    def title(self) -> str:
        return self.title_zh if (get_language() or "").startswith("zh") else self.title_en

    @property
    def body(self) -> str:
        return self.body_zh if (get_language() or "").startswith("zh") else self.body_en


class GuideVersion(models.Model):
    """What a guide said from a moment on, and who wrote it."""

    guide = models.ForeignKey(Guide, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    texts = models.JSONField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        verbose_name = _("version of a guide")
        verbose_name_plural = _("versions of guides")
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(name="guide_version_is_unique", fields=["guide", "number"])]

    def __str__(self) -> str:
        return f"{self.guide_id} v{self.number}"


class GuideAnswer(models.Model):
    """How many readers a guide helped on one day, and how many it did not."""

    guide = models.ForeignKey(Guide, on_delete=models.CASCADE, related_name="answers")
    day = models.DateField()
    yes = models.PositiveIntegerField(default=0)
    no = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("answer about a guide")
        verbose_name_plural = _("answers about guides")
        constraints = [models.UniqueConstraint(name="guide_answers_of_a_day", fields=["guide", "day"])]

    def __str__(self) -> str:
        return f"{self.guide_id} {self.day}"


def scan_name(scan: Scan, filename: str) -> str:
    return f"scans/{scan.uuid.hex[:2]}/{scan.uuid.hex}"


class Scan(models.Model):
    """A scanned letter put aside while somebody types it in; afterwards it is a file of the complaint."""

    uuid = models.UUIDField(unique=True, default=uuid4, editable=False)
    file = models.FileField(upload_to=scan_name, max_length=200)
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=80)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    page_count = models.PositiveSmallIntegerField()
    uploaded_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    uploaded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("scan")
        verbose_name_plural = _("scans")

    def __str__(self) -> str:
        return self.name

    @property
    def pages(self) -> range:
        return range(1, self.page_count + 1)


class VisitorQuerySet(models.QuerySet["Visitor"]):
    def visible_to(self, user: User) -> VisitorQuerySet:
        return self.filter(within_branches(user))

    def present(self) -> VisitorQuerySet:
        """Those who have not left, in the order in which they came."""
        return self.filter(left_at__isnull=True).order_by("came_at", "pk")


class Visitor(models.Model):
    """Somebody who waits at a counter: when they came, were called and left."""

    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, related_name="+")
    called_as = models.CharField(_("called as"), max_length=40)
    about = models.CharField(_("what about"), max_length=120, blank=True)
    came_at = models.DateTimeField()
    called_at = models.DateTimeField(null=True)
    called_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    left_at = models.DateTimeField(null=True)
    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, null=True, related_name="+")

    objects = VisitorQuerySet.as_manager()

    class Meta:
        verbose_name = _("visitor")
        verbose_name_plural = _("visitors")
        ordering = ["-came_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="visitor_comes_before_anything_else",
                condition=(models.Q(called_at__isnull=True) | models.Q(called_at__gte=models.F("came_at")))
                & (models.Q(left_at__isnull=True) | models.Q(left_at__gte=models.F("came_at"))),
            ),
            models.CheckConstraint(
                name="called_visitor_was_called_by_somebody",
                condition=models.Q(called_at__isnull=True, called_by__isnull=True)
                | models.Q(called_at__isnull=False, called_by__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                name="visitors_present",
                fields=["branch", "came_at"],
                condition=models.Q(left_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return self.called_as


class BatchQuerySet(models.QuerySet["RegulatorBatch"]):
    def visible_to(self, user: User) -> BatchQuerySet:
        return self.filter(within_branches(user))

    def unfinished(self) -> BatchQuerySet:
        """Somebody said yes, and rows are still waiting."""
        return self.filter(started_at__isnull=False, finished_at__isnull=True)


class RegulatorBatch(models.Model):
    """A file of a regulator's complaints, looked at and then imported. It may be imported again: rows are known."""

    file_name = models.CharField(_("file"), max_length=150)
    sha256 = models.CharField(max_length=64)
    header = models.JSONField(default=list)
    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, related_name="+")
    uploaded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField()
    started_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    row_count = models.PositiveIntegerField(default=0)
    landed_count = models.PositiveIntegerField(default=0)
    known_count = models.PositiveIntegerField(default=0)
    refused_count = models.PositiveIntegerField(default=0)

    objects = BatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("regulator's batch")
        verbose_name_plural = _("regulator's batches")
        ordering = ["-uploaded_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="finished_batch_was_started",
                condition=models.Q(finished_at__isnull=True) | models.Q(started_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.file_name


class BatchRow(models.Model):
    """One row as it was given, and what became of it."""

    class Verdict(models.TextChoices):
        WAITING = "waiting", _("waits")
        LANDED = "landed", _("registered")
        KNOWN = "known", _("already there")
        DIFFERENT = "different", _("already there, with other content")
        REFUSED = "refused", _("refused")

    batch = models.ForeignKey(RegulatorBatch, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField()
    given = models.JSONField()
    verdict = models.CharField(max_length=10, choices=Verdict, default=Verdict.WAITING)
    reasons = models.JSONField(default=list)
    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("row of a batch")
        verbose_name_plural = _("rows of batches")
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(name="batch_row_is_there_once", fields=["batch", "number"]),
            models.CheckConstraint(
                name="landed_row_has_complaint",
                condition=~models.Q(verdict__in=["different", "known", "landed"]) | models.Q(complaint__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.batch} {self.number}"
