"""When those on duty were told of a signal; what was found before is known at the desk and not told anew."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("analytics", "0010_customers_of_assets")]

    operations = [
        migrations.AddField(model_name="signal", name="told_at", field=models.DateTimeField(null=True)),
        migrations.RunSQL("UPDATE analytics_signal SET told_at = found_at", migrations.RunSQL.noop),
    ]
