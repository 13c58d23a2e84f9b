from django.conf import settings
from django.db import migrations, models
import django.db.models.deletion


class Migration(migrations.Migration):
    dependencies = [
        ("complaints", "0029_conduct"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Concern",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "why",
                    models.CharField(
                        choices=[
                            ("mention", "You are mentioned"),
                            ("handed", "Handed to you"),
                            ("request", "Request"),
                            ("followed", "You follow it"),
                        ],
                        max_length=10,
                    ),
                ),
                ("at", models.DateTimeField()),
                ("read_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "what concerns somebody",
                "verbose_name_plural": "what concerns people",
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="Follow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("since", models.DateTimeField()),
            ],
            options={
                "verbose_name": "follower of a complaint",
                "verbose_name_plural": "followers of complaints",
                "ordering": ["since", "pk"],
            },
        ),
        migrations.CreateModel(
            name="InternalRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveSmallIntegerField()),
                ("question", models.TextField(verbose_name="question")),
                ("asked_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("asked", "Not answered yet"),
                            ("answered", "Answered"),
                            ("declined", "Declined"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="asked",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("answer", models.TextField(blank=True, verbose_name="answer")),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "request to another team",
                "verbose_name_plural": "requests to other teams",
                "ordering": ["complaint", "number"],
            },
        ),
        migrations.CreateModel(
            name="TellingHabit",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="telling_habit",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "how",
                    models.CharField(
                        choices=[
                            ("at_desk", "Only here at the desk"),
                            ("each", "An e-mail each time"),
                            ("daily", "One e-mail a day"),
                        ],
                        default="at_desk",
                        max_length=10,
                        verbose_name="how",
                    ),
                ),
                ("hour", models.PositiveSmallIntegerField(default=8, verbose_name="at")),
                ("next_at", models.DateTimeField(null=True)),
                ("told_until", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "habit of being told",
                "verbose_name_plural": "habits of being told",
            },
        ),
        migrations.AlterField(
            model_name="clock",
            name="kind",
            field=models.CharField(
                choices=[
                    ("dispatch", "Dispatch"),
                    ("acknowledge", "Acknowledge"),
                    ("first_contact", "First contact"),
                    ("arrive", "Arrive"),
                    ("restore", "Restore"),
                    ("resolve", "Resolve"),
                    ("feedback", "Feedback"),
                    ("remediate", "Remove the cause"),
                    ("call_back", "Call back after urging"),
                    ("request", "Answer of another team"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="ladderstep",
            name="kind",
            field=models.CharField(
                blank=True,
                choices=[
                    ("dispatch", "Dispatch"),
                    ("acknowledge", "Acknowledge"),
                    ("first_contact", "First contact"),
                    ("arrive", "Arrive"),
                    ("restore", "Restore"),
                    ("resolve", "Resolve"),
                    ("feedback", "Feedback"),
                    ("remediate", "Remove the cause"),
                    ("call_back", "Call back after urging"),
                    ("request", "Answer of another team"),
                ],
                max_length=20,
                verbose_name="clock",
            ),
        ),
        migrations.AlterField(
            model_name="policylimit",
            name="kind",
            field=models.CharField(
                choices=[
                    ("dispatch", "Dispatch"),
                    ("acknowledge", "Acknowledge"),
                    ("first_contact", "First contact"),
                    ("arrive", "Arrive"),
                    ("restore", "Restore"),
                    ("resolve", "Resolve"),
                    ("feedback", "Feedback"),
                    ("remediate", "Remove the cause"),
                    ("call_back", "Call back after urging"),
                    ("request", "Answer of another team"),
                ],
                max_length=20,
                verbose_name="clock",
            ),
        ),
        migrations.AddField(
            model_name="concern",
            name="complaint",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="concerns", to="complaints.complaint"
            ),
        ),
        migrations.AddField(
            model_name="concern",
            name="event",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="concerns", to="complaints.event"
            ),
        ),
        migrations.AddField(
            model_name="concern",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="concerns", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="follow",
            name="complaint",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="follows", to="complaints.complaint"
            ),
        ),
        migrations.AddField(
            model_name="follow",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="follows", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="internalrequest",
            name="asked_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="asked_requests", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="internalrequest",
            name="clock",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="request", to="complaints.clock"
            ),
        ),
        migrations.AddField(
            model_name="internalrequest",
            name="complaint",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="requests", to="complaints.complaint"
            ),
        ),
        migrations.AddField(
            model_name="internalrequest",
            name="ended_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="internalrequest",
            name="event",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="request", to="complaints.event"
            ),
        ),
        migrations.AddField(
            model_name="internalrequest",
            name="shown",
            field=models.ManyToManyField(blank=True, related_name="+", to="complaints.attachment"),
        ),
        migrations.AddField(
            model_name="internalrequest",
            name="team",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="requests",
                to="staff.team",
                verbose_name="team",
            ),
        ),
        migrations.AddField(
            model_name="concern",
            name="request",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="concerns",
                to="complaints.internalrequest",
            ),
        ),
        migrations.AddIndex(
            model_name="tellinghabit",
            index=models.Index(
                condition=models.Q(("next_at__isnull", False)), fields=["next_at"], name="telling_due_next"
            ),
        ),
        migrations.AddConstraint(
            model_name="tellinghabit",
            constraint=models.CheckConstraint(
                condition=models.Q(("how__in", ["at_desk", "daily", "each"])), name="telling_is_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="tellinghabit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("how", "daily"), ("next_at__isnull", False)),
                    models.Q(models.Q(("how", "daily"), _negated=True), ("next_at__isnull", True)),
                    _connector="OR",
                ),
                name="telling_daily_has_next_moment",
            ),
        ),
        migrations.AddConstraint(
            model_name="tellinghabit",
            constraint=models.CheckConstraint(condition=models.Q(("hour__lte", 23)), name="telling_hour_is_an_hour"),
        ),
        migrations.AddField(
            model_name="notice",
            name="telling",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="notices",
                to="complaints.tellinghabit",
            ),
        ),
        migrations.AddConstraint(
            model_name="follow",
            constraint=models.UniqueConstraint(fields=("user", "complaint"), name="person_follows_a_complaint_once"),
        ),
        migrations.AddIndex(
            model_name="internalrequest",
            index=models.Index(condition=models.Q(("state", "asked")), fields=["team"], name="request_open_of_team"),
        ),
        migrations.AddIndex(
            model_name="internalrequest",
            index=models.Index(
                condition=models.Q(("state", "asked")), fields=["asked_by"], name="request_open_of_asker"
            ),
        ),
        migrations.AddConstraint(
            model_name="internalrequest",
            constraint=models.UniqueConstraint(fields=("complaint", "number"), name="request_is_numbered_once"),
        ),
        migrations.AddConstraint(
            model_name="internalrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["answered", "asked", "declined", "withdrawn"])),
                name="request_state_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="internalrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(("question", ""), _negated=True), name="request_asks_something"
            ),
        ),
        migrations.AddConstraint(
            model_name="internalrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("state", "asked")),
                    models.Q(models.Q(("state", "asked"), _negated=True), ("ended_at__isnull", False)),
                    _connector="OR",
                ),
                name="request_open_or_ended",
            ),
        ),
        migrations.AddConstraint(
            model_name="internalrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["answered", "declined"]), _negated=True),
                    models.Q(("answer", ""), _negated=True),
                    _connector="OR",
                ),
                name="request_ended_says_what",
            ),
        ),
        migrations.AddIndex(
            model_name="concern",
            index=models.Index(fields=["user", "-id"], name="concern_newest"),
        ),
        migrations.AddIndex(
            model_name="concern",
            index=models.Index(
                condition=models.Q(("read_at__isnull", True)), fields=["user", "complaint"], name="concern_unread"
            ),
        ),
        migrations.AddConstraint(
            model_name="concern",
            constraint=models.UniqueConstraint(fields=("user", "event"), name="event_concerns_a_person_once"),
        ),
        migrations.AddConstraint(
            model_name="concern",
            constraint=models.CheckConstraint(
                condition=models.Q(("why__in", ["followed", "handed", "mention", "request"])),
                name="concern_reason_is_known",
            ),
        ),
    ]
