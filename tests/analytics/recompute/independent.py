"""Every figure from the exported raw files, in plain Python written from the definitions; shares no code with the product.

`Figures(folder).cells()` gives, for each (series, day, branch, request type, category, channel, key), the values counted.
A value is the whole number that is measured, or None where nothing is.
"""

import csv
import json
from collections import defaultdict
from datetime import date, datetime, timedelta
from math import floor
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
OPEN = {"registered", "dispatched", "investigating", "waiting", "review"}
FOUND = {"upheld", "partly_upheld", "not_upheld", "unverifiable"}
MOVES = {"dispatch", "escalate", "reopen", "resolve", "return", "transfer", "unmerge", "merge", "urge", "withdraw"}
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def moment(text):
    return datetime.fromisoformat(text + ":00" if text[-3] in "+-" else text) if text else None


def day_of(at):
    return at.astimezone(ZONE).date() if at else None


def seconds(start, end):
    return max(0, floor((end - start).total_seconds())) if end else None


class Calendar:
    def __init__(self, rules):
        self.week, self.dates = rules["week"], rules.get("dates", {})

    def works(self, day):
        special = self.dates.get(day.isoformat())
        if isinstance(special, str):
            return bool(self.week.get(special.removeprefix("week:")))
        return bool(special if special is not None else self.week.get(DAYS[day.weekday()]))

    def between(self, first, last):
        """Working days after `first`, up to and including `last`."""
        return sum(self.works(first + timedelta(days=n)) for n in range(1, (last - first).days + 1))


class Figures:
    def __init__(self, folder, last_evening, calendar="cn-national"):
        def rows(name):
            with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
                return list(csv.DictReader(file))

        self.complaints = {row["id"]: row for row in rows("complaints")}
        self.known = {(row["complaint_id"], row["other_id"]) for row in rows("same_person")}
        self.events, self.clocks, self.feedback = rows("events"), rows("clocks"), rows("feedback")
        versions = [row for row in rows("calendars") if row["code"] == calendar]
        self.calendar = Calendar(json.loads(max(versions, key=lambda row: int(row["version"]))["rules"]))
        self.last_evening = last_evening
        self.found = defaultdict(list)
        self.told = defaultdict(list)
        for event in sorted(self.events, key=lambda row: (row["complaint_id"], int(row["number"]))):
            self.told[event["complaint_id"]].append(event)

    def count(self, series, day, complaint, key="", value=None):
        if day is not None:
            place = (complaint["branch"], complaint["request_type"], complaint["category"], complaint["channel"])
            self.found[(series, day, *place, key)].append(value)

    def cells(self):
        for complaint in self.complaints.values():
            self.one(complaint)
        for event in self.events:
            complaint = self.complaints[event["complaint_id"]]
            if event["move"] in MOVES:
                self.count("moves", day_of(moment(event["at"])), complaint, event["move"])
        for clock in self.clocks:
            self.promise(clock)
        for asked in self.feedback:
            key = f"{asked['answered_by']}.{asked['score']}"
            self.count("asked", day_of(moment(asked["asked_at"])), self.complaints[asked["complaint_id"]], key)
        return dict(self.found)

    def one(self, row):
        at = {
            name: moment(row[f"{name}_at"])
            for name in ("received", "entered", "dispatched", "contacted", "resolved", "closed")
        }
        events, received = self.told[row["id"]], at["received"]
        merged = bool(row["merged_into_id"])
        first_answer = min((moment(e["at"]) for e in events if becomes(e, "resolved")), default=None)
        if merged:
            self.count("duplicates", day_of(received), row)
        else:
            self.count("received", day_of(received), row)
            self.count("entered", day_of(received), row, value=seconds(received, at["entered"]))
            self.count("dispatched", day_of(at["dispatched"]), row, value=seconds(received, at["dispatched"]))
            self.count("contacted", day_of(at["contacted"]), row, value=seconds(received, at["contacted"]))
            if at["contacted"]:
                days = self.calendar.between(day_of(received), day_of(at["contacted"]))
                self.count("contacted_days", day_of(at["contacted"]), row, value=days)
            self.count("first_resolved", day_of(first_answer), row, value=seconds(received, first_answer))
            self.count("closed", day_of(at["closed"]), row, row["outcome"])
            if any(self.is_repeat(row, other) for other in self.complaints.values()):
                self.count("repeats", day_of(received), row)
            if row["outcome"] in FOUND:
                later = any(self.is_repeat(other, row) for other in self.complaints.values())
                good = (
                    at["closed"] and row["reopened_count"] == "0" and int(row["transferred_count"]) <= 1 and not later
                )
                self.count("closed_in_one_go", day_of(at["closed"]), row, "yes" if good else "no")
            if row["outcome"] in {"upheld", "partly_upheld"}:
                self.count("causes", day_of(at["closed"]), row, row["root_cause"])
        answered = day_of(at["resolved"])
        self.count("resolved", answered, row, value=seconds(received, at["resolved"]))
        if answered:
            self.count("resolved_days", answered, row, value=self.calendar.between(day_of(received), answered))
            self.count("resolved_at_once", answered, row, "yes" if self.at_once(row, events, at) else "no")
        self.evenings(row, events, received, merged)
        self.stays(row, events)

    def is_repeat(self, late, early):
        """Whether `late` came within the window after a closing of `early`, by the same person on the same matter."""
        if late["id"] == early["id"] or late["merged_into_id"] or early["merged_into_id"]:
            return False
        phone = late["contact_phone"]
        person = (
            (late["account_id"] and late["account_id"] == early["account_id"])
            or (late["customer_id"] and late["customer_id"] == early["customer_id"])
            or (len(phone) >= 7 and phone == early["contact_phone"])
            or (late["id"], early["id"]) in self.known
        )
        if not person or not late["subcategory"] or late["subcategory"] != early["subcategory"]:
            return False
        window = timedelta(days=7 if late["request_type"] == "enquiry" else 30)
        came = moment(late["received_at"])
        return any(
            timedelta() <= came - moment(e["at"]) < window for e in self.told[early["id"]] if becomes(e, "closed")
        )

    def at_once(self, row, events, at):
        counts = ("urged_count", "reopened_count", "transferred_count", "returned_count")
        if any(row[name] != "0" for name in counts) or sum(e["move"] == "contact" for e in events) > 1:
            return False
        if any(e["move"] == "supplement" for e in events):
            return False
        end = min((moment(e["at"]) for e in events if becomes(e, "closed")), default=at["resolved"])
        repeats = [moment(o["received_at"]) for o in self.complaints.values() if self.is_repeat(o, row)]
        return not any(came < end + timedelta(days=7) for came in repeats)

    def evenings(self, row, events, received, merged):
        """Open from the day it came to be owed until the day before it was not; no evening twice."""
        if merged:
            return
        evenings, since, reached = set(), None, date.min
        for event in events:
            was, is_open = event["from_status"] in OPEN, event["to_status"] in OPEN
            if was == is_open:
                continue
            day = day_of(received if event["number"] == "1" else moment(event["at"]))
            reached = max(reached, day)
            if is_open:
                since = reached
            else:
                evenings |= {since + timedelta(days=n) for n in range((day - since).days)}
                if day > since:
                    self.count("became_open", since, row)
                    self.count("left_open", day, row)
                since = None
        if since:
            self.count("became_open", since, row)
            evenings |= {since + timedelta(days=n) for n in range((self.last_evening - since).days + 1)}
        for evening in evenings:
            if evening <= self.last_evening:
                self.count("open", evening, row, age(self.calendar.between(day_of(received), evening)))

    def stays(self, row, events):
        """How long it was in each status that it left."""
        entered = []
        for event in events:
            if event["from_status"] == event["to_status"]:
                continue
            at = moment(event["at"])
            if event["from_status"]:
                self.count("dwell", day_of(at), row, event["from_status"], seconds(max(entered), at))
            entered.append(at)

    def promise(self, clock):
        complaint = self.complaints[clock["complaint_id"]]
        started, due, stopped = (moment(clock[name]) for name in ("started_at", "due_at", "stopped_at"))
        if clock["statistic"] == "each":
            self.count(
                "deadlines", day_of(due), complaint, f"{clock['kind']}.{clock['tier']}.{came_to(clock, due, stopped)}"
            )
        elif clock["kind"] == "arrive":
            arrived = moment(complaint["arrived_at"])
            what = "excused" if clock["is_excused"] == "t" else "arrived" if arrived else "unrecorded"
            key = f"{clock['tier']}|{clock['limit']}|{complaint['area_class']}|{what}"
            took = floor((arrived - started).total_seconds()) if arrived else None
            self.count("arrivals", day_of(started), complaint, key, took)


def becomes(event, status):
    return event["to_status"] == status != event["from_status"]


def came_to(clock, due, stopped):
    if clock["is_excused"] == "t":
        return "excused"
    if clock["state"] == "cancelled":
        return "late" if due and stopped and stopped > due else "cancelled"
    return clock["state"] if clock["state"] in {"met", "late"} else "ticking"


def age(days):
    for most, name in ((1, "0-1"), (3, "2-3"), (5, "4-5"), (10, "6-10")):
        if days <= most:
            return name
    return ">10"
