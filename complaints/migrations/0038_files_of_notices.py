"""Notices carry files, and bring reports that somebody has subscribed to."""

import complaints.models.outgoing
import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("complaints", "0037_seldom_asked"),
        ("customers", "0005_supply_voltage"),
    ]

    operations = [
        migrations.CreateModel(
            name="NoticeFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "file",
                    models.FileField(blank=True, max_length=200, upload_to=complaints.models.outgoing.stored_name),
                ),
                ("name", models.CharField(max_length=150, verbose_name="name")),
                ("content_type", models.CharField(max_length=80)),
                ("size", models.PositiveIntegerField()),
                ("sha256", models.CharField(max_length=64)),
            ],
            options={
                "verbose_name": "file of a notice",
                "verbose_name_plural": "files of notices",
                "ordering": ["pk"],
            },
        ),
        migrations.AddField(
            model_name="notice",
            name="posting",
            field=models.UUIDField(null=True, unique=True),
        ),
        migrations.AddField(
            model_name="noticefile",
            name="notice",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="files", to="complaints.notice"
            ),
        ),
        migrations.AddConstraint(
            model_name="noticefile",
            constraint=models.UniqueConstraint(fields=("notice", "sha256"), name="notice_has_a_file_once"),
        ),
        migrations.AddConstraint(
            model_name="noticefile",
            constraint=models.CheckConstraint(
                condition=models.Q(("size__gte", 1), ("size__lte", 10485760)), name="notice_file_is_of_a_size"
            ),
        ),
        migrations.AddConstraint(
            model_name="noticefile",
            constraint=models.CheckConstraint(
                condition=models.Q(("content_type__contains", "/")), name="notice_file_has_a_type"
            ),
        ),
    ]
