"""So many complaints that the planner chooses as it would in life: made by SQL, after one that the product registered."""

from django.db import connection

from complaints.models import Clock, Complaint

FEW = ("customer_id", "account_id", "premise_id", "service_issue_id")
"""What few complaints share: one in 2,000 has the pattern's, the others have none."""


def fill(pattern, branches, number, *, newest=0.4):
    """Three years of complaints in two branches, the oldest first; half of the newest (that share) are open.

    Every third speaks of an outage, one in 1,000 of a bird's nest. Each has two events, each open one a clock.
    """
    own, other = branches
    is_open = f"n > {number * (1 - newest):.0f} AND n % 4 < 2"
    names = {f.column for f in Complaint._meta.concrete_fields}
    values = dict.fromkeys(sorted(names - {"id"})) | {
        "reference": "'x' || n",
        "token": "'x' || n",
        "story": "CASE WHEN n % 3 = 0 THEN '停电了' ELSE '电压低' END || CASE WHEN n % 1000 = 1 THEN '，有鸟窝' ELSE '' END",
        "status": f"CASE WHEN {is_open} THEN 'investigating' ELSE 'closed' END",
        "branch_id": f"CASE WHEN n % 10 < 5 THEN {own.pk} ELSE {other.pk} END",
        "severity": "CASE WHEN n % 997 = 0 THEN 'special' ELSE 'ordinary' END",
        "channel": "CASE WHEN n % 8 = 0 THEN 'letter' WHEN n % 40 = 5 THEN 'regulator' ELSE 'phone' END",
        "area_class": "CASE WHEN n % 3 = 1 THEN 'rural' ELSE 'urban' END",
        "priority": "CASE WHEN n % 101 = 0 THEN 1 ELSE 3 END",
        "contact_phone": "'1390000' || lpad((n % 10000)::text, 4, '0')",
        "received_at": f"now() - ({number} - n) * interval '{3 * 365 * 24 * 60 // number} minutes'",
        "entered_at": "now()",
        "closed_at": f"CASE WHEN NOT ({is_open}) THEN now() END",
        "resolved_at": f"CASE WHEN NOT ({is_open}) THEN now() END",
        "outcome": f"CASE WHEN NOT ({is_open}) THEN 'upheld' ELSE '' END",
        "resolution": f"CASE WHEN NOT ({is_open}) THEN 'ok' ELSE '' END",
        "next_due_at": f"CASE WHEN {is_open} THEN now() + (n % 5000 - 200) * interval '1 minute' END",
    }
    values |= {name: f'CASE WHEN n % 2000 = 0 THEN "{name}" END' for name in FEW}
    columns = ", ".join(f'"{name}"' for name in values)
    chosen = ", ".join(f'"{name}"' if value is None else value for name, value in values.items())
    listed = ", ".join(f'o."{f.column}"' for f in Clock._meta.concrete_fields if f.name not in ("id", "complaint"))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            f"INSERT INTO complaints_complaint ({columns}) SELECT {chosen} "
            f"FROM complaints_complaint, generate_series(1, {number}) n WHERE id = {pattern.pk}"
        )
        cursor.execute("ANALYZE complaints_complaint")  # or the next statements are planned for the one that there was
        cursor.execute(
            "INSERT INTO complaints_event (complaint_id, number, move, from_status, to_status, at, recorded_at, role, "
            "actor_name, details) SELECT id, number, CASE number WHEN 1 THEN 'register' ELSE 'dispatch' END, status, status, "
            "received_at, received_at, 'agent', '', '{}' FROM complaints_complaint, generate_series(1, 2) number "
            "WHERE reference LIKE 'x%'"
        )
        cursor.execute(
            f"INSERT INTO complaints_clock ({listed.replace('o.', '')}, complaint_id) SELECT {listed}, c.id FROM "
            f"(SELECT * FROM complaints_clock WHERE complaint_id = {pattern.pk} ORDER BY id LIMIT 1) o, "
            "(SELECT id FROM complaints_complaint WHERE status <> 'closed' AND reference LIKE 'x%') c"
        )
        # written as the triggers would, but in one go
        cursor.execute(
            "INSERT INTO complaints_complaintwords (complaint_id, received_at, text, words) "
            "SELECT c.id, received_at, story, words || array_to_tsvector(ARRAY['#b' || branch_id, contact_phone, "
            "right(contact_phone, 4)]) FROM complaints_complaint c JOIN (SELECT story, complaints_words(story) AS words "
            "FROM complaints_complaint GROUP BY story) w USING (story) WHERE reference LIKE 'x%'"
        )
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
        cursor.execute("ANALYZE")


def nodes(plan):
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)
