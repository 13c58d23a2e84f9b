"""The raw rows as files, so that anybody can compute every figure again with other tools: streamed, documented, complete."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from django.db import connection, transaction


@dataclass(frozen=True, slots=True)
class RawFile:
    """One file: what a row is, where it comes from, and each column with its expression and meaning."""

    name: str
    row: str
    source: str
    columns: dict[str, tuple[str, str]]

    def statement(self) -> str:
        chosen = ", ".join(f"{expression} AS {name}" for name, (expression, _meaning) in self.columns.items())
        return f"SELECT {chosen} FROM {self.source}"


def _plain(alias: str, **meanings: str) -> dict[str, tuple[str, str]]:
    """Columns that are called in the file as in the table."""
    return {name: (f'{alias}."{name}"', meaning) for name, meaning in meanings.items()}


FILES = [
    RawFile(
        "complaints",
        "one complaint (or other request)",
        """complaints_complaint c JOIN complaints_category category ON category.id = c.category_id
        JOIN staff_branch branch ON branch.id = c.branch_id
        LEFT JOIN complaints_subcategory subcategory ON subcategory.id = c.subcategory_id
        LEFT JOIN staff_team team ON team.id = c.team_id
        LEFT JOIN complaints_rootcause cause ON cause.id = c.root_cause_id
        LEFT JOIN customers_transformerarea area ON area.id = c.transformer_area_id
        LEFT JOIN customers_feeder feeder ON feeder.id = area.feeder_id
        LEFT JOIN customers_substation substation ON substation.id = feeder.substation_id ORDER BY c.id""",
        {
            **_plain(
                "c",
                id="key of the row",
                reference="what people quote",
                request_type="complaint, report, enquiry, ...; figures about complaints count complaints",
            ),
            "category": ("category.code", "code of the category"),
            "subcategory": ("subcategory.code", "code of the subcategory; empty: none"),
            **_plain("c", channel="phone, web, letter, visit, regulator", source="where within the channel"),
            "branch": ("branch.code", "code of the branch"),
            "branch_path": ("branch.path", "codes from the root down to the branch, each ended by a slash"),
            "team": ("team.code", "code of the team; empty: none"),
            "transformer_area": ("area.code", "code of the transformer area; empty: not known"),
            "feeder": ("feeder.code", "code of its feeder"),
            "substation": ("substation.code", "code of its substation"),
            **_plain(
                "c",
                area_class="urban, rural, remote; empty: not known",
                severity="special, major, important, ordinary",
                priority="1 is life-safety, 4 can wait",
                status="where it stands",
                outcome="what was found; empty: nothing yet",
                responsibility="who is answerable for it",
            ),
            "root_cause": ("cause.code", "code of the root cause; empty: none"),
            **_plain(
                "c",
                merged_into_id="the complaint of which it is a duplicate; empty: none",
                customer_id="key of the customer; empty: not identified",
                account_id="key of the account; empty: not identified",
                contact_phone="the complainant's phone (personal data)",
                received_at="when it reached us",
                entered_at="when it was typed in",
                dispatched_at="first dispatched",
                contacted_at="customer first reached",
                arrived_at="help arrived on site",
                restored_at="supply restored or made safe",
                resolved_at="when the answer that stands was given",
                closed_at="when it was closed; empty: not closed, or reopened",
                urged_count="times the customer urged",
                reopened_count="times it was reopened",
                transferred_count="times it was transferred",
                returned_count="times it was returned",
                escalated_count="times it was escalated",
            ),
        },
    ),
    RawFile(
        "same_person",
        "two complaints on one matter that came from one person, known before what it was known by was erased; each both ways",
        "complaints_sameperson s ORDER BY s.complaint_id, s.other_id",
        _plain("s", complaint_id="key of one complaint", other_id="key of the other"),
    ),
    RawFile(
        "events",
        "one event of a complaint's permanent record",
        "complaints_event e ORDER BY e.complaint_id, e.number",
        _plain(
            "e",
            complaint_id="key of the complaint",
            number="from 1 within the complaint; the order in which things were recorded",
            move="what was done",
            from_status="status before; empty for the first",
            to_status="status after",
            at="when it happened",
            recorded_at="when it was written down",
            role="role of whoever did it",
        ),
    ),
    RawFile(
        "clocks",
        "one promise",
        "complaints_clock k ORDER BY k.id",
        _plain(
            "k",
            id="key of the row",
            complaint_id="key of the complaint",
            kind="what was promised",
            tier="internal, commitment, statutory, external; empty: none",
            round="counts the times the promise was made anew",
            statistic="each, or mean: a promise of an average",
            limit="how much time was promised",
            state="running, paused, met, late, cancelled",
            started_at="from when it counts",
            due_at="when it falls due; empty while paused",
            stopped_at="when it was kept, or ended",
            is_excused="t: excused by a storm",
        ),
    ),
    RawFile(
        "ledger",
        "one thing that happened to a promise; replayed in order they give the promise as it stands",
        "complaints_ledgerentry l JOIN complaints_event e ON e.id = l.event_id ORDER BY l.clock_id, l.number",
        {
            **_plain(
                "l",
                clock_id="key of the promise",
                number="from 1 within the promise",
                action="start, pause, resume, retarget, extend, stop, cancel, continue, excuse, press",
                at="when",
                limit="the limit from then on",
                due_at="a fixed due moment",
                until="a pause lasts at most until then",
                reason="why",
            ),
            "event": ("e.number", "number of the event that made it"),
        },
    ),
    RawFile(
        "feedback",
        "one time a customer was asked",
        "complaints_feedback f ORDER BY f.id",
        _plain(
            "f",
            complaint_id="key of the complaint",
            round="counts the answers that were asked about",
            asked_at="when",
            answered_at="when the customer answered; empty: not yet",
            answered_by="link or call",
            solved="t or f; empty: no answer",
            score="1 to 5; empty: none given",
            attitude="1 to 5; empty: none given",
        ),
    ),
    RawFile(
        "customers",
        "one customer",
        "customers_customer c JOIN staff_branch branch ON branch.id = c.branch_id ORDER BY c.id",
        {
            **_plain(
                "c",
                id="key of the row",
                number="customer number",
                kind="household, commercial, industrial, public_body, prosumer",
                is_key="t: key customer, whatever the kind",
                merged_into_id="the customer of whom this is a double; empty: none",
            ),
            "branch": ("branch.code", "code of the branch"),
        },
    ),
    RawFile(
        "accounts",
        "one supply contract",
        "customers_account a ORDER BY a.id",
        _plain(
            "a",
            id="key of the row",
            number="account number",
            customer_id="key of the customer",
            tariff="tariff class",
            opened_on="first day",
            closed_on="last day; empty: open",
        ),
    ),
    RawFile(
        "calendars",
        "one version of a working calendar",
        "complaints_calendar c ORDER BY c.code, c.version",
        _plain(
            "c",
            code="which calendar",
            version="the highest is in force",
            rules="week and dates with their windows, JSON",
        ),
    ),
]
"""Everything that figures are made of. Texts are left out: no figure needs them."""


def export(folder: Path) -> dict[str, int]:
    """Write all files into the folder, as they stand at one moment; how many rows each has.

    Each file takes its name when it is complete, so a run that was cut short leaves no half file, and another mends it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    rows = {}
    with transaction.atomic(), connection.cursor() as cursor:
        if not connection.savepoint_ids:  # inside another transaction the moment is that transaction's
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for one in FILES:
            part = folder / f"{one.name}.csv.part"
            with part.open("wb") as file:
                cursor.copy_expert(f"COPY ({one.statement()}) TO STDOUT WITH (FORMAT csv, HEADER)", file)
            rows[one.name] = cursor.rowcount
            part.replace(folder / f"{one.name}.csv")
    (folder / "datapackage.json").write_text(json.dumps(package(rows), ensure_ascii=False, indent=1), encoding="utf-8")
    (folder / "README.txt").write_text(readme(rows), encoding="utf-8")
    return rows


def package(rows: dict[str, int]) -> dict[str, object]:
    """What is in the files, as a Data Package (frictionlessdata.io) describes it."""
    return {
        "name": "redress-raw",
        "resources": [
            {
                "name": one.name,
                "path": f"{one.name}.csv",
                "description": one.row,
                "rows": rows[one.name],
                "schema": {
                    "fields": [
                        {"name": name, "description": meaning} for name, (_expression, meaning) in one.columns.items()
                    ]
                },
            }
            for one in FILES
        ],
    }


def readme(rows: dict[str, int]) -> str:
    """The same for people."""
    lines = [
        "The raw rows of Redress, as they stood at one moment. CSV in UTF-8, commas, moments with their offset.",
        "They hold personal data (customer and account numbers, telephone numbers): keep them as you keep the database.",
    ]
    for one in FILES:
        lines += ["", f"{one.name}.csv: each row is {one.row} ({rows[one.name]} rows)"]
        lines += [f"  {name}: {meaning}" for name, (_expression, meaning) in one.columns.items()]
    return "\n".join(lines) + "\n"
