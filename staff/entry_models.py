"""What guards the door: sessions, second factors, tokens of programs, and the record of who came in and how."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.contrib.postgres.fields import ArrayField
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from staff.actors import Role


class DeskSession(AbstractBaseSession):
    """One browser; `user` while somebody is signed in there. The rows are written by `staff.session_store`."""

    user = models.ForeignKey("staff.User", on_delete=models.CASCADE, null=True, related_name="desk_sessions")
    began_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    address = models.GenericIPAddressField(null=True)
    device = models.CharField(max_length=200, blank=True)

    class Meta(AbstractBaseSession.Meta):  # type: ignore[name-defined]
        verbose_name = _("session")
        verbose_name_plural = _("sessions")


class Entered(models.TextChoices):
    """What happened at the door, or to the keys of somebody."""

    SIGNED_IN = "signed_in", _("Signed in")
    REFUSED = "refused", _("Wrong password")
    LOCKED = "locked", _("Locked after too many wrong tries")
    UNLOCKED = "unlocked", _("Unlocked")
    SECOND_REFUSED = "second_refused", _("Wrong second factor")
    RECOVERY_USED = "recovery_used", _("Recovery code used")
    PASSWORD_CHANGED = "password_changed", _("Password changed")
    PASSWORD_RESET = "password_reset", _("Password reset")
    FACTOR_ADDED = "factor_added", _("Second factor added")
    FACTOR_REMOVED = "factor_removed", _("Second factor removed")
    FACTORS_RESET = "factors_reset", _("Second factors reset")
    CODES_MADE = "codes_made", _("Recovery codes made")
    SESSIONS_ENDED = "sessions_ended", _("Sessions ended")
    COMPANY_REFUSED = "company_refused", _("Company account refused")
    MADE = "made", _("Account made")
    CHANGED = "changed", _("Account changed")
    SWITCHED_OFF = "switched_off", _("Switched off")
    SWITCHED_ON = "switched_on", _("Switched on")
    TOKEN_MADE = "token_made", _("Token made")
    TOKEN_REVOKED = "token_revoked", _("Token revoked")


class EntryEvent(models.Model):
    """One line of the record; the database refuses to change or delete it. Without `user`: the company knows them, we do not."""

    user = models.ForeignKey("staff.User", on_delete=models.PROTECT, null=True, related_name="entry_events")
    kind = models.CharField(max_length=20, choices=Entered)
    at = models.DateTimeField()
    by = models.ForeignKey("staff.User", on_delete=models.PROTECT, null=True, related_name="+")
    address = models.GenericIPAddressField(null=True)
    device = models.CharField(max_length=200, blank=True)
    detail = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("event at the door")
        verbose_name_plural = _("events at the door")
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="entry_event_kind_is_known", condition=models.Q(kind__in=sorted(Entered.values))
            ),
            models.CheckConstraint(
                name="entry_event_is_of_somebody",
                condition=models.Q(user__isnull=False) | models.Q(kind="company_refused", by__isnull=True),
            ),
        ]
        indexes = [models.Index(name="entry_event_of_person", fields=["user", "-at"])]

    def __str__(self) -> str:
        return f"{self.user_id} {self.kind} {self.at:%Y-%m-%d %H:%M}"


class SecondFactorRule(models.Model):
    """From `from_on` on, whoever has this role signs in with a second factor or does nothing but set one up."""

    role = models.CharField(_("role"), max_length=20, choices=Role, unique=True)
    from_on = models.DateField(_("from"))
    set_by = models.ForeignKey("staff.User", on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("rule about second factors")
        verbose_name_plural = _("rules about second factors")
        ordering = ["role"]
        constraints = [
            models.CheckConstraint(
                name="second_factor_role_is_known", condition=models.Q(role__in=sorted(Role.values))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.from_on}"


class Passkey(models.Model):
    """A public key of somebody's phone, computer or security key; the private one never leaves it."""

    user = models.ForeignKey("staff.User", on_delete=models.CASCADE, related_name="passkeys")
    name = models.CharField(_("name"), max_length=60)
    credential_id = models.BinaryField(unique=True)
    credential = models.BinaryField()
    sign_count = models.BigIntegerField(default=0)
    made_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("passkey")
        verbose_name_plural = _("passkeys")
        ordering = ["made_at", "pk"]

    def __str__(self) -> str:
        return self.name


class RecoveryCode(models.Model):
    """What opens the door once when phone and key are lost; only its hash is kept."""

    user = models.ForeignKey("staff.User", on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64, unique=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("recovery code")
        verbose_name_plural = _("recovery codes")

    def __str__(self) -> str:
        return f"{self.user_id}"


class Scope(models.TextChoices):
    """What a token may be used for, never more than its person may do."""

    READ = "complaints:read", _("Read complaints")
    WRITE = "complaints:write", _("Register and move complaints")
    REPORTS = "reports:read", _("Read reports")


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def open(self, at: datetime) -> ApiTokenQuerySet:
        """Those that still let somebody in."""
        return self.filter(revoked_at__isnull=True, expires_at__gt=at, user__is_active=True)


class ApiToken(models.Model):
    """The key of a program that acts as `user`; shown once, kept as a hash, found again by its first letters."""

    user = models.ForeignKey("staff.User", on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("what it is for"), max_length=80)
    scopes = ArrayField(models.CharField(max_length=30, choices=Scope), verbose_name=_("may"))
    start = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey("staff.User", on_delete=models.SET_NULL, null=True, related_name="+")
    expires_at = models.DateTimeField(_("until"))
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("token")
        verbose_name_plural = _("tokens")
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="api_token_expires_after_it_is_made", condition=models.Q(expires_at__gt=models.F("made_at"))
            ),
            models.CheckConstraint(
                name="api_token_may_something_known",
                condition=models.Q(scopes__len__gt=0, scopes__contained_by=sorted(Scope.values)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.start}… {self.name}"

    @property
    def may(self) -> str:
        """What it may be used for, in words."""
        return " · ".join(str(Scope(scope).label) for scope in self.scopes)

    @property
    def last_day(self) -> date:
        """The last day on which it lets anybody in."""
        return timezone.localdate(self.expires_at - timedelta(microseconds=1))

    def is_open(self, at: datetime) -> bool:
        return self.revoked_at is None and self.expires_at > at


class MailKind(models.TextChoices):
    WELCOME = "welcome", pgettext_lazy("mail about an account", "Account made")
    PASSWORD_RESET = "password_reset", pgettext_lazy("mail about an account", "Password reset")
    FACTORS_RESET = "factors_reset", pgettext_lazy("mail about an account", "Second factors reset")


class AccountMailQuerySet(models.QuerySet["AccountMail"]):
    def due(self, at: datetime) -> AccountMailQuerySet:
        return self.filter(sent_at__isnull=True, next_try_at__lte=at).order_by("next_try_at", "pk")


class AccountMail(models.Model):
    """A message to somebody about their own account. No link is kept here: it is made when the message is sent."""

    user = models.ForeignKey("staff.User", on_delete=models.CASCADE, related_name="account_mails")
    kind = models.CharField(max_length=20, choices=MailKind)
    queued_at = models.DateTimeField()
    next_try_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=200, blank=True)

    objects = AccountMailQuerySet.as_manager()

    class Meta:
        verbose_name = _("mail about an account")
        verbose_name_plural = _("mails about accounts")
        constraints = [
            models.CheckConstraint(
                name="account_mail_kind_is_known", condition=models.Q(kind__in=sorted(MailKind.values))
            ),
        ]
        indexes = [
            models.Index(
                name="account_mail_due", fields=["next_try_at"], condition=models.Q(next_try_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.kind}"
