"""A change of rules, texts, teams or branches makes a new edition of the rulebook, whoever makes it and by whatever road.

Web processes and workers keep what they have read of these tables for as long as the edition is the same (complaints/rulebook.py).
"""

import uuid

from django.db import migrations, models

LOCKS = "triggers on small tables of settings, and a new table of one row"

TABLES = [
    *("staff_branch", "staff_team"),
    *(
        "complaints_category",
        "complaints_subcategory",
        "complaints_policy",
        "complaints_policylimit",
        "complaints_calendar",
    ),
    *("complaints_routingrule", "complaints_messagetemplate", "complaints_desksettings"),
]
"""What the rulebook is read from; webhooks have triggers of their own, because each failed call is counted there."""

FUNCTION = """
CREATE FUNCTION complaints_new_edition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO complaints_rulebookedition (id, edition) VALUES (1, gen_random_uuid())
    ON CONFLICT (id) DO UPDATE SET edition = excluded.edition;
    RETURN NULL;
END
$$
"""
FIRST = "INSERT INTO complaints_rulebookedition (id, edition) VALUES (1, gen_random_uuid())"
NAME = "makes_a_new_edition"


def noticed(table: str, change: str = "INSERT OR UPDATE OR DELETE OR TRUNCATE", name: str = NAME) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_{name} AFTER {change} ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION complaints_new_edition()",
        f"DROP TRIGGER {table}_{name} ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("complaints", "0047_causes_with_the_history"),
        ("staff", "0008_company_sign_in"),
    ]

    operations = [
        migrations.CreateModel(
            name="RulebookEdition",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("edition", models.UUIDField(default=uuid.uuid4, editable=False)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("pk", 1)), name="rulebook_edition_is_one_row")
                ],
            },
        ),
        migrations.RunSQL(FIRST, migrations.RunSQL.noop),
        migrations.RunSQL(FUNCTION, "DROP FUNCTION complaints_new_edition()"),
        *(noticed(table) for table in TABLES),
        noticed("complaints_webhook", "INSERT OR DELETE OR TRUNCATE"),
        noticed(
            "complaints_webhook",
            "UPDATE OF name, url, branch_id, moves, secret, previous_secret, rotated_at, is_active",
            f"changed_{NAME}",
        ),
    ]
