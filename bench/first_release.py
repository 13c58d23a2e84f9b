# ruff: noqa: E501  a row a line
"""A desk as the first release would have left it, written by plain SQL into that release's own tables.

Nothing of today's code is used: what the models know is not what the first tables had. Columns that no row below names, and that
may not be null, get the empty value of their type.
"""

from __future__ import annotations

from typing import Any

SCHEMA = {
    "staff": "0001_initial",
    "customers": "0002_initial",
    "complaints": "0003_guards",
    "channels_intake": "0002_initial",
}
"""The newest migrations of the first release."""
EMPTY = {
    "text": "''", "character varying": "''", "jsonb": "'{}'", "ARRAY": "'{}'", "boolean": "false", "integer": "0", "smallint": "0",
    "bigint": "0", "interval": "'0'", "timestamp with time zone": "now()",
}  # fmt: skip
RECEIVED = "date_trunc('second', now()) - interval '1 day' - interval '730 days' * (1 - n.n::float8 / %(complaints)s)"
IS_OPEN = "n.n %% 5 = 0"
CATEGORIES = (("OUT", "outage"), ("VOL", "voltage"), ("BIL", "billing"), ("SVC", "service"), ("SAF", "safety"))
ROWS: list[tuple[str, str, dict[str, str]]] = [
    ("staff_branch", "one", {"code": "'root'", "path": "'root/'", "name_zh": "'供电公司'", "name_en": "'Utility'"}),
    ("staff_team", "one", {"code": "'crew'", "kind": "'dispatch'", "name_zh": "'调度'", "name_en": "'Dispatch'", "is_active": "true", "branch_id": "1"}),
    ("staff_user", "one", {"username": "'boss'", "full_name": "'王五'", "role": "'supervisor'", "is_active": "true", "branch_id": "1", "language": "'zh-hans'"}),
    *[("complaints_category", "one", {"code": f"'{code}'", "slug": f"'{slug}'", "icon": "'outage'", "name_zh": f"'{slug}'", "name_en": f"'{slug}'", "is_active": "true"}) for code, slug in CATEGORIES],
    ("complaints_subcategory", "one", {"code": "'OUT-01'", "name_zh": "'单户停电'", "name_en": "'No supply'", "default_priority": "2", "category_id": "1", "is_active": "true"}),
    ("complaints_rootcause", "one", {"code": "'fuse'", "name_zh": "'熔断器'", "name_en": "'Fuse'", "is_active": "true"}),
    ("customers_customer", "customers", {"number": "'k' || n.n", "kind": "'household'", "name": "'李' || n.n", "phone": "'139' || lpad(n.n::text, 8, '0')", "phone_digits": "'139' || lpad(n.n::text, 8, '0')", "address": "'人民路' || n.n %% 900 || '号'", "language": "'zh-hans'", "branch_id": "1"}),
    ("customers_premise", "customers", {"address": "'人民路' || n.n %% 900 || '号' || n.n %% 30 || '室'", "area_class": "'urban'", "branch_id": "1"}),
    ("customers_account", "customers", {"number": "'a' || n.n", "tariff": "'居民'", "opened_on": "'2015-05-01'", "customer_id": "n.n", "premise_id": "n.n"}),
    ("complaints_complaint", "complaints", {
        "reference": "'b-' || n.n", "token": "md5(n.n::text)", "version": f"CASE WHEN {IS_OPEN} THEN 2 ELSE 4 END",
        "request_type": "'complaint'", "severity": "'ordinary'", "priority": "2", "channel": "'phone'", "source": "'hotline'", "area_class": "'urban'",
        "contact_name": "'李四'", "contact_phone": "'139' || lpad((n.n %% 400000)::text, 8, '0')", "contact_method": "'phone'", "language": "'zh-hans'",
        "story": "'昨晚' || n.n %% 24 || '点起停电，' || n.n %% 97 || '号楼没有收到通知，变压器响。'", "place": "'人民路' || n.n %% 900 || '号'",
        "received_at": RECEIVED, "entered_at": RECEIVED, "status": f"CASE WHEN {IS_OPEN} THEN 'dispatched' ELSE 'closed' END", "dispatched_at": f"{RECEIVED} + interval '1 hour'",
        "resolved_at": f"CASE WHEN NOT {IS_OPEN} THEN {RECEIVED} + interval '5 hours' END", "closed_at": f"CASE WHEN NOT {IS_OPEN} THEN {RECEIVED} + interval '9 hours' END",
        "outcome": f"CASE WHEN {IS_OPEN} THEN '' ELSE 'upheld' END", "resolution": f"CASE WHEN {IS_OPEN} THEN '' ELSE '已更换熔断器，供电恢复。' END", "root_cause_id": f"CASE WHEN NOT {IS_OPEN} THEN 1 END",
        "next_due_at": f"CASE WHEN {IS_OPEN} THEN now() + interval '9 days' END", "next_due_clock": f"CASE WHEN {IS_OPEN} THEN 'resolve' ELSE '' END",
        "branch_id": "1", "team_id": "1", "category_id": "1", "subcategory_id": "1", "entered_by_id": "1", "customer_id": "n.n %% %(customers)s + 1", "account_id": "n.n %% %(customers)s + 1", "premise_id": "n.n %% %(customers)s + 1",
    }),
    *[("complaints_event", "complaints" if number < 3 else "closed", {
        "complaint_id": "n.n", "number": str(number), "move": f"'{move}'", "from_status": f"'{before}'", "to_status": f"'{after}'", "at": f"{RECEIVED} + interval '{hours} hours'",
        "recorded_at": f"{RECEIVED} + interval '{hours} hours'", "role": "'supervisor'", "actor_name": "'王五'", "user_id": "1", "details": details,
    }) for number, move, before, after, hours, details in (
        (1, "register", "", "registered", 0, "'{}'"), (2, "dispatch", "registered", "dispatched", 1, """jsonb_build_object('note', '请尽快到' || n.n %% 900 || '号')"""),
        (3, "resolve", "dispatched", "resolved", 5, """'{"resolution": "已更换熔断器，供电恢复。"}'"""), (4, "close", "resolved", "closed", 9, "'{}'"),
    )],
    ("complaints_clock", "complaints", {"complaint_id": "n.n", "kind": "'resolve'", "tier": "'internal'", "round": "1", "revision": "1", "limit": "'240h'", "statistic": "''", "warn": "'[]'", "escalate": "'[]'",
        "state": f"CASE WHEN {IS_OPEN} THEN 'running' ELSE 'met' END", "started_at": RECEIVED, "due_at": f"CASE WHEN {IS_OPEN} THEN now() + interval '9 days' ELSE {RECEIVED} + interval '10 days' END", "stopped_at": f"CASE WHEN NOT {IS_OPEN} THEN {RECEIVED} + interval '5 hours' END"}),
    ("complaints_ledgerentry", "complaints", {"clock_id": "n.n", "number": "1", "action": "'start'", "at": RECEIVED, "limit": "'240h'", "due_at": f"{RECEIVED} + interval '10 days'", "event_id": "n.n"}),
    ("complaints_alarm", "complaints", {"clock_id": "n.n", "complaint_id": "n.n", "revision": "1", "level": "'breach'", "fire_at": "now() + interval '9 days'", "settled_at": f"CASE WHEN NOT {IS_OPEN} THEN {RECEIVED} + interval '5 hours' END"}),
    ("complaints_feedback", "closed", {"complaint_id": "n.n", "round": "1", "token": "md5('f' || n.n)", "asked_at": f"{RECEIVED} + interval '5 hours'", "answered_at": f"{RECEIVED} + interval '8 hours'", "answered_by": "'link'", "solved": "true", "score": "n.n %% 5 + 1"}),
    ("complaints_notice", "complaints", {"uuid": "gen_random_uuid()", "code": "'registered'", "medium": "'sms'", "address": "'13900000000'", "is_to_customer": "true", "language": "'zh-hans'", "body": "'您的投诉已受理。'", "state": "'sent'", "attempts": "1", "next_try_at": RECEIVED, "sent_at": RECEIVED, "created_at": RECEIVED, "complaint_id": "n.n", "event_id": "n.n"}),
]  # fmt: skip
"""Table, of what there is one row for each, and what its columns hold; in `n.n` stands which one it is."""
SOURCES = {
    "one": "(SELECT 1 AS n)",
    "customers": "generate_series(1, %(customers)s) n(n)",
    "complaints": "generate_series(1, %(complaints)s) n(n)",
    "closed": "generate_series(1, %(complaints)s) n(n)",
}


def fill(cursor: Any, complaints: int) -> dict[str, int]:
    """Write it; how many rows each table got. Checks and unique keys hold; foreign keys are right by construction."""
    given = {"complaints": complaints, "customers": max(complaints // 2, 1)}
    rows: dict[str, int] = {}
    cursor.execute("SET session_replication_role = replica")
    for table, each, values in ROWS:
        cursor.execute(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s AND table_schema = 'public' "
            "AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO'",
            [table],
        )
        values = {name: EMPTY[kind] for name, kind in cursor.fetchall() if name not in values} | values
        names = ", ".join(f'"{name}"' for name in values)
        source = SOURCES[each] if each != "one" else f"{SOURCES[each]} n"
        only = f" WHERE NOT {IS_OPEN}" if each == "closed" else ""
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT {', '.join(values.values())} FROM {source}{only} ORDER BY n.n", given
        )
        rows[table] = rows.get(table, 0) + cursor.rowcount
    cursor.execute("SET session_replication_role = origin")
    cursor.execute("ANALYZE")
    return rows
