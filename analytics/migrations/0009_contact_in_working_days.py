"""First contact in working days. What is empty is filled when the figures are built anew, which the new formula asks for."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("analytics", "0008_what_leaves")]

    operations = [
        migrations.AddField(model_name="complaintfact", name="contact_days", field=models.BigIntegerField(null=True)),
    ]
