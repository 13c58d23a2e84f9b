"""A rollup holds its branch and all below it, so that a whole company is read as quickly as one station.

What was summed before says something else and is emptied: the figures are built anew, and pages say so meanwhile.
"""

from django.db import migrations, models

LOCKS = "The table is emptied first, so the locks last only a moment: there is nothing to check or to index."

EMPTY = """
TRUNCATE analytics_dayrollup;
UPDATE analytics_generation SET state = 'retired', is_swept = true, finished_at = coalesce(finished_at, now())
WHERE state <> 'retired'
"""
MOVED = """
CREATE FUNCTION figures_of_a_moved_branch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- with another formula than that in force they are built anew
    UPDATE analytics_generation SET formula = 'a branch was moved' WHERE state <> 'retired';
    RETURN NULL;
END $$;
CREATE TRIGGER figures_of_a_moved_branch AFTER UPDATE OF path ON staff_branch
FOR EACH ROW WHEN (OLD.path IS DISTINCT FROM NEW.path) EXECUTE FUNCTION figures_of_a_moved_branch()
"""
NO_LONGER = """
DROP TRIGGER figures_of_a_moved_branch ON staff_branch;
DROP FUNCTION figures_of_a_moved_branch()
"""
CELL = ["request_type", "category", "channel", "key", "bucket"]


class Migration(migrations.Migration):
    dependencies = [("analytics", "0013_stretches_know_receipt"), ("staff", "0008_company_sign_in")]

    operations = [
        migrations.RunSQL(EMPTY, EMPTY),
        migrations.RemoveConstraint("dayrollup", "day_rollup_is_one_row"),
        migrations.AddConstraint(
            "dayrollup",
            models.UniqueConstraint(
                name="day_rollup_of_a_branch",
                fields=["generation", "branch", "series", "day", *CELL],
                include=["n", "total"],
            ),
        ),
        migrations.RunSQL(MOVED, NO_LONGER),
    ]
