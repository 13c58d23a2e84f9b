"""Letters that go out on paper: their text, each one that was made, and who took it to the post when."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from complaints.models.attachment import Attachment
from complaints.models.complaint import Complaint, read_by
from complaints.models.outgoing import Notice
from staff.models import User


class LetterText(models.Model):
    """What a reply letter says before anybody changes it; one per language. Words in braces are filled in."""

    language = models.CharField(_("language"), max_length=10, unique=True)
    subject = models.CharField(_("subject"), max_length=160)
    body = models.TextField(_("text"))
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("letter text")
        verbose_name_plural = _("letter texts")

    def __str__(self) -> str:
        return self.language


class LetterQuerySet(models.QuerySet["Letter"]):
    def visible_to(self, user: User) -> LetterQuerySet:
        return self.filter(read_by(user, "complaint__"))

    def unposted(self) -> LetterQuerySet:
        """Made, and not yet in the post."""
        posted = Posting.objects.filter(letter=OuterRef("pk"), undone_at__isnull=True)
        return self.filter(~Exists(posted))


class Letter(models.Model):
    """One letter to a complainant, kept as a file of the complaint."""

    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, related_name="letters")
    attachment = models.OneToOneField(Attachment, on_delete=models.PROTECT, related_name="letter")
    to = models.CharField(_("to"), max_length=120)
    address = models.CharField(_("address"), max_length=240)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    objects = LetterQuerySet.as_manager()

    class Meta:
        verbose_name = _("letter")
        verbose_name_plural = _("letters")
        ordering = ["made_at", "pk"]

    def __str__(self) -> str:
        return f"{self.complaint} {self.to}"


class PostingQuerySet(models.QuerySet["Posting"]):
    def visible_to(self, user: User) -> PostingQuerySet:
        return self.filter(read_by(user, "letter__complaint__") | read_by(user, "notice__complaint__"))


class Posting(models.Model):
    """That a letter, or a notice on paper, went to the post; taken back within the day, it stays in the log as taken back."""

    letter = models.ForeignKey(Letter, on_delete=models.PROTECT, null=True, related_name="postings")
    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, null=True, related_name="postings")
    posted_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    posted_at = models.DateTimeField()
    undone_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    undone_at: models.DateTimeField[datetime | None, datetime | None] = models.DateTimeField(null=True)

    objects = PostingQuerySet.as_manager()

    class Meta:
        verbose_name = _("posting")
        verbose_name_plural = _("postings")
        ordering = ["-posted_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                name="letter_is_posted_once", fields=["letter"], condition=Q(undone_at__isnull=True)
            ),
            models.UniqueConstraint(
                name="notice_is_posted_once", fields=["notice"], condition=Q(undone_at__isnull=True)
            ),
            models.CheckConstraint(
                name="posting_has_one_sheet",
                condition=Q(letter__isnull=False, notice__isnull=True) | Q(letter__isnull=True, notice__isnull=False),
            ),
            models.CheckConstraint(
                name="posting_undone_by_somebody",
                condition=Q(undone_at__isnull=True, undone_by__isnull=True)
                | Q(undone_at__isnull=False, undone_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.letter or self.notice} {self.posted_at}"

    @property
    def complaint(self) -> Complaint | None:
        sheet = self.letter or self.notice
        return sheet.complaint if sheet else None

    @property
    def to(self) -> str:
        return self.letter.to if self.letter else self.complaint.contact_name if self.complaint else ""
