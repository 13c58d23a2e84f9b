"""Exports, subscriptions to reports, and the freezing of packs: long work that is done from rows, once."""

import analytics.models.exports
import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0007_packs_are_permanent"),
        ("complaints", "0038_files_of_notices"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Subscription",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "reports",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), size=None, verbose_name="reports"
                    ),
                ),
                (
                    "span",
                    models.CharField(
                        choices=[
                            ("yesterday", "yesterday"),
                            ("last_week", "last week"),
                            ("last_month", "last month"),
                            ("last_quarter", "last quarter"),
                            ("this_month", "this month up to yesterday"),
                            ("days_30", "the last 30 days"),
                            ("days_90", "the last 90 days"),
                            ("days_365", "the last 365 days"),
                        ],
                        default="last_month",
                        max_length=12,
                        verbose_name="of which days",
                    ),
                ),
                ("filters", models.JSONField(default=dict)),
                ("language", models.CharField(max_length=10, verbose_name="language")),
                (
                    "rhythm",
                    models.CharField(
                        choices=[("daily", "Every day"), ("weekly", "Every week"), ("monthly", "Every month")],
                        default="monthly",
                        max_length=8,
                        verbose_name="how often",
                    ),
                ),
                (
                    "weekday",
                    models.PositiveSmallIntegerField(
                        default=1,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(7),
                        ],
                        verbose_name="on",
                    ),
                ),
                (
                    "day",
                    models.PositiveSmallIntegerField(
                        default=1,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(31),
                        ],
                        verbose_name="on the day of the month",
                    ),
                ),
                (
                    "hour",
                    models.PositiveSmallIntegerField(
                        default=8, validators=[django.core.validators.MaxValueValidator(23)], verbose_name="at"
                    ),
                ),
                ("starts_on", models.DateField(verbose_name="from")),
                ("stops_on", models.DateField(blank=True, null=True, verbose_name="until")),
                ("next_at", models.DateTimeField(null=True)),
                ("paused_at", models.DateTimeField(null=True)),
                ("pause_reason", models.CharField(blank=True, max_length=200)),
                ("made_at", models.DateTimeField()),
                ("deleted_at", models.DateTimeField(null=True)),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "subscriber",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="subscriptions",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="who gets it",
                    ),
                ),
            ],
            options={
                "verbose_name": "subscription",
                "verbose_name_plural": "subscriptions",
                "ordering": ["-made_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="Posting",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("due_at", models.DateTimeField()),
                ("missed", models.PositiveSmallIntegerField(default=0)),
                ("done_at", models.DateTimeField(null=True)),
                ("refused", models.CharField(blank=True, max_length=200)),
                (
                    "asked_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "notice",
                    models.OneToOneField(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="complaints.notice"
                    ),
                ),
                (
                    "subscription",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="postings",
                        to="analytics.subscription",
                    ),
                ),
            ],
            options={
                "verbose_name": "report sent by subscription",
                "verbose_name_plural": "reports sent by subscription",
                "ordering": ["-due_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="Export",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("asked_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("running", "Being prepared"),
                            ("done", "Ready"),
                            ("failed", "Failed"),
                            ("stopped", "Stopped"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("turn", models.PositiveSmallIntegerField(default=0)),
                ("taken_until", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("error", models.CharField(blank=True, max_length=300)),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "subject",
                    models.CharField(
                        choices=[
                            ("complaints", "Complaints"),
                            ("customers", "Customers"),
                            ("behind", "Behind a number of a report"),
                        ],
                        max_length=12,
                    ),
                ),
                ("report", models.CharField(blank=True, max_length=40)),
                ("query", models.JSONField(default=dict)),
                ("fingerprint", models.CharField(max_length=64)),
                ("title", models.CharField(max_length=200)),
                ("language", models.CharField(max_length=10)),
                ("format", models.CharField(choices=[("csv", "CSV"), ("xlsx", "XLSX")], max_length=4)),
                ("rows", models.PositiveIntegerField(null=True)),
                ("rows_done", models.PositiveIntegerField(default=0)),
                ("file", models.FileField(blank=True, max_length=200, upload_to=analytics.models.exports.stored_name)),
                ("size", models.PositiveBigIntegerField(default=0)),
                ("expires_at", models.DateTimeField(null=True)),
                ("deleted_at", models.DateTimeField(null=True)),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "export",
                "verbose_name_plural": "exports",
                "ordering": ["-asked_at", "-pk"],
                "abstract": False,
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ("running", "waiting"))),
                        fields=["asked_at", "id"],
                        name="export_unfinished",
                    ),
                    models.Index(fields=["asked_by", "-asked_at", "-id"], name="export_of_person"),
                    models.Index(
                        condition=models.Q(("file", ""), _negated=True), fields=["expires_at"], name="export_expires"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "running"), _negated=True),
                            ("taken_until__isnull", False),
                            _connector="OR",
                        ),
                        name="running_export_is_in_hand",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("finished_at__isnull", True), ("state__in", ("running", "waiting"))),
                            models.Q(("finished_at__isnull", False), ("state__in", ("done", "failed", "stopped"))),
                            _connector="OR",
                        ),
                        name="export_is_finished_or_not",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "failed"), _negated=True),
                            models.Q(("error", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="failed_export_says_why",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("subject__in", ["behind", "complaints", "customers"])),
                        name="export_subject_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("format__in", ["csv", "xlsx"])), name="export_format_is_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("subject", "behind"), models.Q(("report", ""), _negated=True)),
                            models.Q(models.Q(("subject", "behind"), _negated=True), ("report", "")),
                            _connector="OR",
                        ),
                        name="export_behind_a_number_has_its_report",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("file", ""),
                            models.Q(("deleted_at__isnull", True), ("expires_at__isnull", False), ("state", "done")),
                            _connector="OR",
                        ),
                        name="only_a_done_export_has_a_file",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ("running", "waiting"))),
                        fields=("asked_by", "fingerprint"),
                        name="same_export_is_prepared_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Freezing",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("asked_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("running", "Being prepared"),
                            ("done", "Ready"),
                            ("failed", "Failed"),
                            ("stopped", "Stopped"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("turn", models.PositiveSmallIntegerField(default=0)),
                ("taken_until", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("error", models.CharField(blank=True, max_length=300)),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "frozen",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="freezing",
                        to="analytics.frozenpack",
                    ),
                ),
                (
                    "pack",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="freezings", to="analytics.pack"
                    ),
                ),
            ],
            options={
                "verbose_name": "freezing of a pack",
                "verbose_name_plural": "freezings of packs",
                "ordering": ["-asked_at", "-pk"],
                "abstract": False,
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ("running", "waiting"))),
                        fields=["asked_at", "id"],
                        name="freezing_unfinished",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "running"), _negated=True),
                            ("taken_until__isnull", False),
                            _connector="OR",
                        ),
                        name="running_freezing_is_in_hand",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("finished_at__isnull", True), ("state__in", ("running", "waiting"))),
                            models.Q(("finished_at__isnull", False), ("state__in", ("done", "failed", "stopped"))),
                            _connector="OR",
                        ),
                        name="freezing_is_finished_or_not",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "failed"), _negated=True),
                            models.Q(("error", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="failed_freezing_says_why",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ("running", "waiting"))),
                        fields=("pack",),
                        name="pack_is_frozen_one_at_a_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("frozen__isnull", False), ("state", "done")),
                            models.Q(models.Q(("state", "done"), _negated=True), ("frozen__isnull", True)),
                            _connector="OR",
                        ),
                        name="done_freezing_has_its_numbers",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(
                condition=models.Q(("next_at__isnull", False)), fields=["next_at"], name="subscription_due_next"
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.CheckConstraint(
                condition=models.Q(("reports__len__gte", 1)), name="subscription_has_a_report"
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.CheckConstraint(
                condition=models.Q(("rhythm__in", ["daily", "monthly", "weekly"])), name="subscription_rhythm_is_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "span__in",
                        [
                            "days_30",
                            "days_365",
                            "days_90",
                            "last_month",
                            "last_quarter",
                            "last_week",
                            "this_month",
                            "yesterday",
                        ],
                    )
                ),
                name="subscription_span_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("day__gte", 1), ("day__lte", 31), ("hour__lte", 23), ("weekday__gte", 1), ("weekday__lte", 7)
                ),
                name="subscription_time_is_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("stops_on__isnull", True), ("stops_on__gte", models.F("starts_on")), _connector="OR"
                ),
                name="subscription_stops_after_it_starts",
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("next_at__isnull", True),
                    models.Q(("deleted_at__isnull", True), ("paused_at__isnull", True)),
                    _connector="OR",
                ),
                name="resting_subscription_is_never_due",
            ),
        ),
        migrations.AddIndex(
            model_name="posting",
            index=models.Index(
                condition=models.Q(("done_at__isnull", True)), fields=["due_at", "id"], name="posting_to_make"
            ),
        ),
        migrations.AddConstraint(
            model_name="posting",
            constraint=models.UniqueConstraint(
                condition=models.Q(("asked_by__isnull", True)),
                fields=("subscription", "due_at"),
                name="subscription_is_posted_once_when_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="posting",
            constraint=models.UniqueConstraint(
                condition=models.Q(("asked_by__isnull", False), ("done_at__isnull", True)),
                fields=("subscription", "asked_by"),
                name="one_now_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="posting",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("done_at__isnull", True), ("notice__isnull", True), ("refused", "")),
                    models.Q(("done_at__isnull", False), ("notice__isnull", False), ("refused", "")),
                    models.Q(
                        ("done_at__isnull", False), ("notice__isnull", True), models.Q(("refused", ""), _negated=True)
                    ),
                    _connector="OR",
                ),
                name="posting_is_sent_or_says_why_not",
            ),
        ),
    ]
