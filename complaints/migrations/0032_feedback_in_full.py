"""Answers that can be changed, follow-ups, call-backs, and surveys of customers who did not complain.

Answers that are there get their verdict in the next migration, which holds no lock while it fills them.
"""

import complaints.models.complaint
import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def permanent(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION complaints_refuse_change()",
        f"DROP TRIGGER {table}_is_append_only ON {table}",
    )


PERMANENT = ["feedbackversion", "surveyanswer", "callattempt", "questionset"]


class Migration(migrations.Migration):
    dependencies = [
        ("complaints", "0031_hand_over"),
        ("customers", "0004_plans_that_hold"),
        ("staff", "0004_teams_that_assign"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CallAttempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveSmallIntegerField()),
                ("at", models.DateTimeField()),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("reached", "Reached"),
                            ("no_answer", "No answer"),
                            ("later", "Asks for another time"),
                            ("refused", "Does not want to answer"),
                            ("wrong_number", "Wrong number"),
                        ],
                        max_length=15,
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=300)),
                ("again_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "try of a call-back",
                "verbose_name_plural": "tries of call-backs",
                "ordering": ["call_back", "number"],
            },
        ),
        migrations.CreateModel(
            name="CallBack",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("no_link", "gets no link"),
                            ("all", "all of this kind are called"),
                            ("sample", "drawn for the sample"),
                            ("survey", "survey of customers"),
                        ],
                        max_length=10,
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=120)),
                ("phone", models.CharField(max_length=30)),
                ("language", models.CharField(max_length=10)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "to be called"),
                            ("answered", "answered on the call"),
                            ("by_link", "answered by the link"),
                            ("unreached", "not reached"),
                            ("refused", "did not want to answer"),
                            ("wrong_number", "wrong number"),
                            ("ended", "no longer asked"),
                        ],
                        default="open",
                        max_length=15,
                    ),
                ),
                ("next_try_at", models.DateTimeField()),
                ("is_appointment", models.BooleanField(default=False)),
                ("claimed_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "call-back",
                "verbose_name_plural": "call-backs",
                "ordering": ["next_try_at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="CallQuota",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "request_type",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("complaint", "Complaint"),
                            ("report", "Report of wrongdoing"),
                            ("opinion", "Opinion"),
                            ("suggestion", "Suggestion"),
                            ("fault", "Fault report"),
                            ("enquiry", "Enquiry"),
                            ("service_request", "Service request"),
                            ("praise", "Praise"),
                            ("help", "Request for help"),
                        ],
                        max_length=20,
                        verbose_name="type",
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("phone", "Phone"),
                            ("web", "Web"),
                            ("letter", "Letter"),
                            ("visit", "Visit"),
                            ("regulator", "Regulator"),
                        ],
                        max_length=12,
                        verbose_name="channel",
                    ),
                ),
                (
                    "share",
                    models.CharField(
                        choices=[
                            ("all", "all of them"),
                            ("sample", "a random sample each week"),
                            ("none", "none, beyond those who get no link"),
                        ],
                        default="sample",
                        max_length=10,
                        verbose_name="who is called",
                    ),
                ),
                (
                    "expected",
                    models.DecimalField(
                        decimal_places=2, default="0.90", max_digits=3, verbose_name="expected share of satisfied"
                    ),
                ),
                (
                    "margin",
                    models.DecimalField(decimal_places=2, default="0.03", max_digits=3, verbose_name="margin of error"),
                ),
                (
                    "most",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="at most so many a week and unit"),
                ),
            ],
            options={
                "verbose_name": "quota of call-backs",
                "verbose_name_plural": "quotas of call-backs",
                "ordering": ["request_type", "channel", "category"],
            },
        ),
        migrations.CreateModel(
            name="FeedbackVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                (
                    "verdict",
                    models.CharField(
                        choices=[("yes", "Solved"), ("partly", "Partly solved"), ("no", "Not solved")], max_length=10
                    ),
                ),
                ("rating", models.PositiveSmallIntegerField(null=True)),
                ("attitude_rating", models.PositiveSmallIntegerField(null=True)),
                ("comment", models.TextField(blank=True)),
                ("answered_by", models.CharField(choices=[("link", "Link"), ("call", "Call")], max_length=10)),
                ("at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "version of an answer",
                "verbose_name_plural": "versions of answers",
                "ordering": ["feedback", "number"],
            },
        ),
        migrations.CreateModel(
            name="FollowUp",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("not_solved", "Not solved: taken up again"),
                            ("lowest", "The lowest score: taken up again"),
                            ("partly", "Partly solved: decide whether it goes on"),
                            ("changed", "After it was taken up again they say that it is solved"),
                        ],
                        max_length=10,
                        verbose_name="why",
                    ),
                ),
                ("raised_at", models.DateTimeField()),
                ("settled_at", models.DateTimeField(null=True)),
                ("note", models.CharField(blank=True, max_length=300, verbose_name="what was decided")),
            ],
            options={
                "verbose_name": "answer to look at",
                "verbose_name_plural": "answers to look at",
                "ordering": ["raised_at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="QuestionSet",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField(unique=True)),
                ("content", models.JSONField()),
                (
                    "scale",
                    models.CharField(
                        choices=[("five", "five steps"), ("three", "three steps")], max_length=10, verbose_name="scale"
                    ),
                ),
                ("at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "questions of the survey",
                "verbose_name_plural": "questions of the survey",
                "ordering": ["-number"],
            },
        ),
        migrations.CreateModel(
            name="SampleDraw",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("what", models.CharField(max_length=160)),
                ("week", models.DateField()),
                ("population", models.PositiveIntegerField()),
                ("size", models.PositiveIntegerField()),
                ("expected", models.DecimalField(decimal_places=2, max_digits=3)),
                ("margin", models.DecimalField(decimal_places=2, max_digits=3)),
                ("seed", models.BigIntegerField()),
                ("at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "draw of call-backs",
                "verbose_name_plural": "draws of call-backs",
                "ordering": ["-week", "branch", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Survey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                (
                    "segments",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("household", "Household"),
                                ("commercial", "Commercial"),
                                ("industrial", "Large industrial"),
                                ("public_body", "Public body"),
                                ("prosumer", "Renewable producer"),
                            ],
                            max_length=20,
                        ),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="only these customers",
                    ),
                ),
                ("quiet_days", models.PositiveSmallIntegerField(default=180, verbose_name="days without a complaint")),
                (
                    "rest_months",
                    models.PositiveSmallIntegerField(default=12, verbose_name="months since they were last asked"),
                ),
                (
                    "size",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="empty: as many as the margin below needs",
                        null=True,
                        verbose_name="how many to ask",
                    ),
                ),
                (
                    "expected",
                    models.DecimalField(
                        decimal_places=2, default="0.90", max_digits=3, verbose_name="expected share of satisfied"
                    ),
                ),
                (
                    "margin",
                    models.DecimalField(decimal_places=2, default="0.03", max_digits=3, verbose_name="margin of error"),
                ),
                (
                    "scale",
                    models.CharField(
                        choices=[("five", "five steps"), ("three", "three steps")],
                        default="five",
                        max_length=10,
                        verbose_name="scale",
                    ),
                ),
                ("result_zh", models.CharField(max_length=160, verbose_name="question about the supply, in Chinese")),
                ("result_en", models.CharField(max_length=160, verbose_name="question about the supply, in English")),
                ("service_zh", models.CharField(max_length=160, verbose_name="question about our service, in Chinese")),
                ("service_en", models.CharField(max_length=160, verbose_name="question about our service, in English")),
                (
                    "remind_days",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        default=5,
                        help_text="empty: no reminder",
                        null=True,
                        verbose_name="days until one reminder",
                    ),
                ),
                (
                    "calls",
                    models.BooleanField(
                        default=True, verbose_name="call those who have neither e-mail nor a mobile number"
                    ),
                ),
                ("closes_at", models.DateTimeField(verbose_name="ends")),
                (
                    "state",
                    models.CharField(
                        choices=[("draft", "Draft"), ("drawn", "Drawn"), ("running", "Running"), ("closed", "Closed")],
                        default="draft",
                        editable=False,
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("draw_asked_at", models.DateTimeField(editable=False, null=True)),
                ("drawn_at", models.DateTimeField(editable=False, null=True)),
                ("population", models.PositiveIntegerField(editable=False, null=True)),
                ("seed", models.BigIntegerField(editable=False, null=True)),
                ("started_at", models.DateTimeField(editable=False, null=True)),
                ("closed_at", models.DateTimeField(editable=False, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name": "survey of customers",
                "verbose_name_plural": "surveys of customers",
                "ordering": ["-created_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="SurveyAnswer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("rating", models.PositiveSmallIntegerField()),
                ("service_rating", models.PositiveSmallIntegerField(null=True)),
                ("comment", models.TextField(blank=True)),
                ("answered_by", models.CharField(choices=[("link", "Link"), ("call", "Call")], max_length=10)),
                ("at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "version of an answer to a survey",
                "verbose_name_plural": "versions of answers to surveys",
                "ordering": ["invite", "number"],
            },
        ),
        migrations.CreateModel(
            name="SurveyInvite",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "token",
                    models.CharField(
                        default=complaints.models.complaint.make_token, editable=False, max_length=32, unique=True
                    ),
                ),
                ("invited_at", models.DateTimeField(null=True)),
                ("reminded_at", models.DateTimeField(null=True)),
                ("answered_at", models.DateTimeField(null=True)),
                (
                    "answered_by",
                    models.CharField(
                        blank=True,
                        choices=[("link", "Link"), ("call", "Call")],
                        max_length=10,
                        verbose_name="answered by",
                    ),
                ),
                ("changed_at", models.DateTimeField(null=True)),
                ("rating", models.PositiveSmallIntegerField(null=True)),
                ("service_rating", models.PositiveSmallIntegerField(null=True)),
                ("comment", models.TextField(blank=True)),
            ],
            options={
                "verbose_name": "invitation to a survey",
                "verbose_name_plural": "invitations to surveys",
                "ordering": ["survey", "pk"],
            },
        ),
        migrations.CreateModel(
            name="SurveyStratum",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("household", "Household"),
                            ("commercial", "Commercial"),
                            ("industrial", "Large industrial"),
                            ("public_body", "Public body"),
                            ("prosumer", "Renewable producer"),
                        ],
                        max_length=20,
                    ),
                ),
                ("population", models.PositiveIntegerField()),
                ("drawn", models.PositiveIntegerField()),
            ],
            options={
                "verbose_name": "stratum of a survey",
                "verbose_name_plural": "strata of surveys",
                "ordering": ["survey", "branch", "kind"],
            },
        ),
        migrations.AddField(
            model_name="desksettings",
            name="call_attempts",
            field=models.PositiveSmallIntegerField(
                default=3,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="half-days on which a call-back is tried",
            ),
        ),
        migrations.AddField(
            model_name="desksettings",
            name="call_back_days",
            field=models.PositiveSmallIntegerField(
                default=14, verbose_name="days in which a call-back keeps the question open"
            ),
        ),
        migrations.AddField(
            model_name="desksettings",
            name="call_calendar",
            field=models.SlugField(blank=True, verbose_name="calendar of the call-backs"),
        ),
        migrations.AddField(
            model_name="desksettings",
            name="change_hours",
            field=models.PositiveSmallIntegerField(default=12, verbose_name="hours in which an answer may be changed"),
        ),
        migrations.AddField(
            model_name="desksettings",
            name="link_hours",
            field=models.PositiveSmallIntegerField(default=24, verbose_name="hours for the link before somebody calls"),
        ),
        migrations.AddField(
            model_name="feedback",
            name="attitude_rating",
            field=models.PositiveSmallIntegerField(
                null=True, verbose_name="satisfaction with how we treated you, on its scale"
            ),
        ),
        migrations.AddField(
            model_name="feedback",
            name="call_planned_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="feedback",
            name="changed_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="feedback",
            name="contacted",
            field=models.BooleanField(null=True, verbose_name="one of our staff contacted them"),
        ),
        migrations.AddField(
            model_name="feedback",
            name="language",
            field=models.CharField(blank=True, db_default="", max_length=10, verbose_name="language"),
        ),
        migrations.AddField(
            model_name="feedback",
            name="rating",
            field=models.PositiveSmallIntegerField(null=True, verbose_name="satisfaction, on its scale"),
        ),
        migrations.AddField(
            model_name="feedback",
            name="scale",
            field=models.CharField(
                choices=[("five", "five steps"), ("three", "three steps")],
                db_default="five",
                max_length=10,
                verbose_name="scale",
            ),
        ),
        migrations.AddField(
            model_name="feedback",
            name="verdict",
            field=models.CharField(
                blank=True,
                choices=[("yes", "Solved"), ("partly", "Partly solved"), ("no", "Not solved")],
                db_default="",
                max_length=10,
                verbose_name="whether it is solved",
            ),
        ),
        migrations.AddField(
            model_name="callattempt",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="callback",
            name="branch",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="staff.branch"),
        ),
        migrations.AddField(
            model_name="callback",
            name="claimed_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="callback",
            name="feedback",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="call_back",
                to="complaints.feedback",
            ),
        ),
        migrations.AddField(
            model_name="callattempt",
            name="call_back",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="attempts", to="complaints.callback"
            ),
        ),
        migrations.AddField(
            model_name="callquota",
            name="category",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="complaints.category",
                verbose_name="category",
            ),
        ),
        migrations.AddField(
            model_name="feedbackversion",
            name="feedback",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="versions", to="complaints.feedback"
            ),
        ),
        migrations.AddField(
            model_name="feedbackversion",
            name="recorded_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="followup",
            name="complaint",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="follow_ups", to="complaints.complaint"
            ),
        ),
        migrations.AddField(
            model_name="followup",
            name="feedback",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="follow_ups", to="complaints.feedback"
            ),
        ),
        migrations.AddField(
            model_name="followup",
            name="settled_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="questionset",
            name="by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="feedback",
            name="questions",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="complaints.questionset"
            ),
        ),
        migrations.AddIndex(
            model_name="feedback",
            index=models.Index(
                condition=models.Q(("answered_at__isnull", True), ("call_planned_at__isnull", True)),
                fields=["id"],
                name="feedback_call_to_plan",
            ),
        ),
        migrations.AddConstraint(
            model_name="feedback",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("verdict", ""),
                    models.Q(("solved", True), ("verdict", "yes")),
                    models.Q(("solved", False), ("verdict__in", ["no", "partly"])),
                    _connector="OR",
                ),
                name="feedback_verdict_fits",
            ),
        ),
        migrations.AddConstraint(
            model_name="feedback",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("scale", "five"),
                    models.Q(("attitude__isnull", True), ("scale", "three"), ("score__isnull", True)),
                    _connector="OR",
                ),
                name="feedback_scores_are_of_five",
            ),
        ),
        migrations.AddConstraint(
            model_name="feedback",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("rating__isnull", True), models.Q(("rating__gte", 1), ("rating__lte", 5)), _connector="OR"
                    ),
                    models.Q(
                        ("attitude_rating__isnull", True),
                        models.Q(("attitude_rating__gte", 1), ("attitude_rating__lte", 5)),
                        _connector="OR",
                    ),
                    models.Q(
                        models.Q(("scale", "three"), _negated=True),
                        models.Q(
                            models.Q(("rating__isnull", True), ("rating__lte", 3), _connector="OR"),
                            models.Q(("attitude_rating__isnull", True), ("attitude_rating__lte", 3), _connector="OR"),
                        ),
                        _connector="OR",
                    ),
                ),
                name="feedback_rating_is_on_its_scale",
            ),
        ),
        migrations.AddField(
            model_name="sampledraw",
            name="branch",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="staff.branch"),
        ),
        migrations.AddField(
            model_name="sampledraw",
            name="quota",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="complaints.callquota"
            ),
        ),
        migrations.AddField(
            model_name="callback",
            name="draw",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="call_backs",
                to="complaints.sampledraw",
            ),
        ),
        migrations.AddField(
            model_name="survey",
            name="branch",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="staff.branch", verbose_name="branch"
            ),
        ),
        migrations.AddField(
            model_name="survey",
            name="created_by",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="survey",
            name="started_by",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="survey",
            name="stopped_by",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="surveyanswer",
            name="recorded_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="surveyinvite",
            name="customer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="survey_invites", to="customers.customer"
            ),
        ),
        migrations.AddField(
            model_name="surveyinvite",
            name="recorded_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="surveyinvite",
            name="survey",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="invites", to="complaints.survey"
            ),
        ),
        migrations.AddField(
            model_name="surveyanswer",
            name="invite",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="versions", to="complaints.surveyinvite"
            ),
        ),
        migrations.AddField(
            model_name="callback",
            name="invite",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="call_back",
                to="complaints.surveyinvite",
            ),
        ),
        migrations.AddField(
            model_name="notice",
            name="invite",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="notices",
                to="complaints.surveyinvite",
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.UniqueConstraint(fields=("invite", "code"), name="invited_once_on_each_occasion"),
        ),
        migrations.AddField(
            model_name="surveystratum",
            name="branch",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="staff.branch"),
        ),
        migrations.AddField(
            model_name="surveystratum",
            name="survey",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="strata", to="complaints.survey"
            ),
        ),
        migrations.AddField(
            model_name="surveyinvite",
            name="stratum",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="invites", to="complaints.surveystratum"
            ),
        ),
        migrations.AddConstraint(
            model_name="callattempt",
            constraint=models.UniqueConstraint(fields=("call_back", "number"), name="call_attempt_is_numbered_once"),
        ),
        migrations.AddConstraint(
            model_name="callattempt",
            constraint=models.CheckConstraint(
                condition=models.Q(("outcome__in", ["later", "no_answer", "reached", "refused", "wrong_number"])),
                name="call_attempt_outcome_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="callquota",
            constraint=models.UniqueConstraint(
                fields=("request_type", "channel", "category"), name="call_quota_is_unique", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="callquota",
            constraint=models.CheckConstraint(
                condition=models.Q(("share__in", ["all", "none", "sample"])), name="call_quota_share_is_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="callquota",
            constraint=models.CheckConstraint(
                condition=models.Q(("expected__gt", 0), ("expected__lt", 1), ("margin__gt", 0), ("margin__lte", "0.5")),
                name="call_quota_share_and_margin_fit",
            ),
        ),
        migrations.AddConstraint(
            model_name="feedbackversion",
            constraint=models.UniqueConstraint(fields=("feedback", "number"), name="feedback_version_is_numbered_once"),
        ),
        migrations.AddConstraint(
            model_name="feedbackversion",
            constraint=models.CheckConstraint(
                condition=models.Q(("verdict__in", ["no", "partly", "yes"])), name="feedback_version_verdict_is_known"
            ),
        ),
        migrations.AddIndex(
            model_name="followup",
            index=models.Index(
                condition=models.Q(("settled_at__isnull", True)), fields=["raised_at", "id"], name="follow_up_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="followup",
            constraint=models.UniqueConstraint(fields=("feedback", "reason"), name="follow_up_is_raised_once"),
        ),
        migrations.AddConstraint(
            model_name="followup",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason__in", ["changed", "lowest", "not_solved", "partly"])),
                name="follow_up_reason_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="followup",
            constraint=models.CheckConstraint(
                condition=models.Q(("settled_by__isnull", True), ("settled_at__isnull", False), _connector="OR"),
                name="follow_up_is_settled_by_somebody_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="questionset",
            constraint=models.CheckConstraint(
                condition=models.Q(("scale__in", ["five", "three"])), name="question_set_scale_is_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="sampledraw",
            constraint=models.UniqueConstraint(fields=("branch", "what", "week"), name="week_is_drawn_once"),
        ),
        migrations.AddConstraint(
            model_name="sampledraw",
            constraint=models.CheckConstraint(
                condition=models.Q(("size__lte", models.F("population"))), name="draw_is_no_more_than_there_are"
            ),
        ),
        migrations.AddConstraint(
            model_name="survey",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["closed", "draft", "drawn", "running"])), name="survey_state_is_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="survey",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state", "draft"),
                    models.Q(("drawn_at__isnull", False), ("population__isnull", False), ("seed__isnull", False)),
                    ("state", "closed"),
                    _connector="OR",
                ),
                name="survey_drawn_has_seed",
            ),
        ),
        migrations.AddConstraint(
            model_name="survey",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "running"), _negated=True), ("started_at__isnull", False), _connector="OR"
                ),
                name="survey_running_was_started",
            ),
        ),
        migrations.AddConstraint(
            model_name="survey",
            constraint=models.CheckConstraint(
                condition=models.Q(("expected__gt", 0), ("expected__lt", 1), ("margin__gt", 0), ("margin__lte", "0.5")),
                name="survey_share_and_margin_fit",
            ),
        ),
        migrations.AddConstraint(
            model_name="surveyanswer",
            constraint=models.UniqueConstraint(fields=("invite", "number"), name="survey_answer_is_numbered_once"),
        ),
        migrations.AddIndex(
            model_name="callback",
            index=models.Index(
                condition=models.Q(("state", "open")), fields=["next_try_at", "id"], name="call_back_due"
            ),
        ),
        migrations.AddConstraint(
            model_name="callback",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("feedback__isnull", False), ("invite__isnull", True)),
                    models.Q(("feedback__isnull", True), ("invite__isnull", False)),
                    _connector="OR",
                ),
                name="call_back_is_about_one_thing",
            ),
        ),
        migrations.AddConstraint(
            model_name="callback",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["answered", "by_link", "ended", "open", "refused", "unreached", "wrong_number"])
                ),
                name="call_back_state_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="callback",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason__in", ["all", "no_link", "sample", "survey"])),
                name="call_back_reason_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="callback",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("state", "open")),
                    models.Q(
                        models.Q(("state", "open"), _negated=True),
                        ("claimed_by__isnull", True),
                        ("ended_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="call_back_that_ended_is_nobodys",
            ),
        ),
        migrations.AddConstraint(
            model_name="callback",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("claimed_at__isnull", True), ("claimed_by__isnull", True)),
                    models.Q(("claimed_at__isnull", False), ("claimed_by__isnull", False)),
                    _connector="OR",
                ),
                name="call_back_is_claimed_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="callback",
            constraint=models.UniqueConstraint(
                condition=models.Q(("claimed_by__isnull", False)), fields=("phone",), name="nobody_is_called_by_two"
            ),
        ),
        migrations.AddConstraint(
            model_name="callback",
            constraint=models.UniqueConstraint(
                condition=models.Q(("claimed_by__isnull", False)),
                fields=("claimed_by",),
                name="agent_calls_one_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="surveystratum",
            constraint=models.UniqueConstraint(fields=("survey", "branch", "kind"), name="survey_stratum_is_unique"),
        ),
        migrations.AddConstraint(
            model_name="surveystratum",
            constraint=models.CheckConstraint(
                condition=models.Q(("drawn__lte", models.F("population"))), name="survey_draws_no_more_than_there_are"
            ),
        ),
        migrations.AddIndex(
            model_name="surveyinvite",
            index=models.Index(
                condition=models.Q(("invited_at__isnull", True)), fields=["survey", "id"], name="survey_to_invite"
            ),
        ),
        migrations.AddIndex(
            model_name="surveyinvite",
            index=models.Index(
                condition=models.Q(("answered_at__isnull", True), ("reminded_at__isnull", True)),
                fields=["survey", "invited_at"],
                name="survey_to_remind",
            ),
        ),
        migrations.AddConstraint(
            model_name="surveyinvite",
            constraint=models.UniqueConstraint(fields=("survey", "customer"), name="survey_invites_a_customer_once"),
        ),
        migrations.AddConstraint(
            model_name="surveyinvite",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("answered_at__isnull", True), ("rating__isnull", True)),
                    models.Q(
                        ("answered_at__isnull", False),
                        ("rating__isnull", False),
                        models.Q(("answered_by", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="survey_answer_is_complete",
            ),
        ),
        migrations.AddConstraint(
            model_name="surveyinvite",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("rating__isnull", True), models.Q(("rating__gte", 1), ("rating__lte", 5)), _connector="OR"
                    ),
                    models.Q(
                        ("service_rating__isnull", True),
                        models.Q(("service_rating__gte", 1), ("service_rating__lte", 5)),
                        _connector="OR",
                    ),
                ),
                name="survey_ratings_are_one_to_five",
            ),
        ),
        *(permanent(f"complaints_{name}") for name in PERMANENT),
    ]
