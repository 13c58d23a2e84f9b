"""What few complaints hold is found by its words, whatever the planner takes it for.

It takes any beginning of a word for common, a fiftieth of all, and would look for one that three have among the newest until
all are read. Only the index of words is left to it here.
"""

from django.db import migrations

LOCKS = "nothing: a new function"
HOLDING = """
CREATE FUNCTION complaints_holding(terms tsquery, most integer) RETURNS SETOF bigint
    LANGUAGE sql STABLE SET enable_seqscan = off SET enable_indexscan = off AS $$
    SELECT complaint_id FROM complaints_complaintwords WHERE words @@ terms LIMIT most
$$
"""


class Migration(migrations.Migration):
    dependencies = [("complaints", "0051_the_urgent_and_the_urged_of_all")]

    operations = [migrations.RunSQL(HOLDING, "DROP FUNCTION complaints_holding(tsquery, integer)")]
