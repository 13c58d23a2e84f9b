"""One day's complaints, from those who bring them to the rows that are left: what a generating process does.

Where very many are wanted, several people share the course of one life (docs/decisions/0042-a-million-lives.md). Siblings have
in common what rules, clocks and texts to staff go by: the station (and the feeder of a service issue), class, channel, moments,
moves, who made them, findings and answers. Each has its own customer, account, premise and transformer area, name, telephone,
e-mail and address, story and wish, reference, token, ids, salts and chain, and is told under its own name and address.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import Any

from analytics.demo import network, people, rows
from analytics.demo.course import Course
from analytics.demo.issues import Issue
from analytics.demo.ladder import Ladder
from analytics.demo.moments import DAY, HOUR, MINUTE, SECOND, Moment, instant_of
from analytics.demo.notices import is_mobile
from analytics.demo.record import Record
from analytics.demo.seasons import SUBCATEGORY_WEIGHTS, Day, hour
from analytics.demo.texts import Texts
from analytics.demo.world import THE_CUSTOMER, Kind, Named, Person, World, weighted
from complaints.references import reference_for
from complaints.states import OPEN

CHANNELS: tuple[tuple[str, float], ...] = (
    ("phone", 70.0),
    ("web", 19.0),
    ("visit", 6.0),
    ("regulator", 4.0),
    ("letter", 1.0),
)
SOURCES = {
    "phone": (("hotline", 1.0),),
    "web": (("website", 45.0), ("app", 27.0), ("wechat", 24.0), ("email", 4.0)),
    "letter": (("post", 95.0), ("petition", 5.0)),
    "visit": (("counter", 1.0),),
    "regulator": (("12398", 42.0), ("12345", 55.0), ("petition", 3.0)),
}
LATELY = 9 * DAY
"""Complaints younger than this may have come to a stop somewhere, as on any real desk."""
STOPS = weighted([("", 40), ("dispatched", 9), ("investigating", 21), ("waiting", 16), ("resolved", 14)])
REVIEW_STOPS = weighted([("", 40), ("investigating", 15), ("review", 45)])
URGENT = 2
"""Up to this priority nobody writes a letter."""
HOT = 40
"""One complaint in nine comes from the one customer in forty who complains more than once."""
SOMEBODY = "\ue000"
"""Stands for the name of whoever complains while siblings are lived; no text of the made-up utility has this character."""
TRIES = 3_000
"""So many customers are looked at for those who could live the same life; the rarest then have fewer siblings."""


@dataclass(frozen=True, slots=True)
class Task:
    """A part of a day: its complaints from `start` to `stop` of `count`, the first of them with this running number."""

    day: int
    count: int
    start: int
    stop: int
    number: int


@dataclass(frozen=True, slots=True)
class Bases:
    """The numbers that are in use already: the new rows go above."""

    ids: dict[str, int]
    number: int
    customers: int
    premises: int
    accounts: int
    areas: int


KEPT = (
    "kind", "who", "customer", "account", "premise", "area", "area_id", "branch", "team", "segment", "phone", "email",
    "contact_name", "place", "priority", "request_type", "story", "contact_method", "do_not_contact", "manager", "language",
    "address",
)  # fmt: skip
"""What somebody says again who complains a second time."""


@dataclass(frozen=True, slots=True)
class Member:
    """One complaint of a lived life: its running number, and what is its own."""

    index: int
    reference: str
    token: str
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Life:
    """A record and those whose it is; the record has the ids, reference and token of the first."""

    record: Record
    members: list[Member]
    originals: list[Member]
    """Of a merged life: the complaint into which each member was merged, in the same order."""


class Generator:
    """Lives whole days of the made-up utility; nothing it does reads the database or a clock."""

    def __init__(
        self,
        world: World,
        *,
        seed: int,
        days: list[Day],
        ending: Moment,
        shape: network.Shape,
        bases: Bases,
        issues: list[Issue],
        stations: list[int],
        siblings: int = 1,
        with_words: bool = False,
    ) -> None:
        self.siblings, self.with_words = siblings, with_words
        self.world, self.seed, self.days, self.ending = world, seed, days, ending
        self.shape, self.bases, self.stations = shape, bases, stations
        self.texts, self.ladder = Texts(), Ladder(world)
        self.all_issues = issues
        self.issues: dict[int, list[Issue]] = {}
        for issue in issues:
            for day in range((issue.ended or ending) // DAY - issue.started // DAY + 2):
                self.issues.setdefault(issue.started // DAY + day, []).append(issue)
        self._sources = {channel: weighted(pairs) for channel, pairs in SOURCES.items()}
        self._kinds = {category: _weighed(kinds) for category, kinds in world.kinds_of.items()}
        self._kinds_of_letters = {
            category: _weighed([kind for kind in kinds if kind.priority > URGENT] or kinds)
            for category, kinds in world.kinds_of.items()
        }

    def live(self, task: Task) -> rows.Batch:
        """The same rows for the same task, whoever asks and how often."""
        writer = rows.Writer(self.bases.ids, with_words=self.with_words)
        for life in self.lives(task):
            writer.write(life, self.ending)
        return writer.batch()

    def lives(self, task: Task) -> Iterator[Life]:
        """The lives of the task; each takes the moment of its first complaint, and as many complaints as found somebody."""
        arrivals = self._arrivals(task)
        rng = Random(f"lives {self.seed} {task.day} {task.start}")
        recent: list[Life] = []
        position = task.start
        while position < task.stop:
            received, category, channel = arrivals[position]
            index = task.number + position - task.start
            fields = self._brought(rng, index, received, category, channel, self.days[task.day])
            original = self._original(rng, fields, recent)
            everybody = self._everybody(rng, index, fields, original, min(self.siblings, task.stop - position))
            life = self._lived(rng, everybody, original)
            recent.append(life)
            position += len(everybody)
            yield life

    def _arrivals(self, task: Task) -> list[tuple[Moment, str, str]]:
        """Everything of the day in order of time; a part of the day is cut out of the same list."""
        day, local = self.days[task.day], self.world.local
        rng = Random(f"arrivals {self.seed} {task.day}")
        names, sums = day.categories
        years = (day.date - self.days[-1].date).days / 365
        channels = [channel for channel, _weight in CHANNELS]
        channel_sums = list(
            accumulate(w + {"web": 1.5 * years, "phone": -1.5 * years}.get(c, 0.0) for c, w in CHANNELS)
        )
        found = []
        for _number in range(task.count):
            category = rng.choices(names, cum_weights=sums)[0]
            channel = rng.choices(channels, cum_weights=channel_sums)[0]
            at = local.at(day.date, hour(category, channel, rng))
            if at > self.ending - 5 * MINUTE:
                latest = max(1, (self.ending - 5 * MINUTE - local.midnight(day.date)) // SECOND)
                at = local.midnight(day.date) + rng.randrange(latest) * SECOND
            found.append((at, category, channel))
        found.sort()
        return found

    def _brought(
        self, rng: Random, index: int, received: Moment, category: str, channel: str, day: Day
    ) -> dict[str, Any]:
        """Who complains about what."""
        world = self.world
        kinds, sums = (self._kinds_of_letters if channel == "letter" else self._kinds)[category]
        kind: Kind = rng.choices(kinds, cum_weights=sums)[0]
        issue = self._issue(rng, kind, received)
        place = self._customer_index(rng, day, category, issue)
        station = place % network.STATIONS
        area = network.area_class(station)
        who = self._who(place)
        branch = self.stations[station]
        sources, source_sums = self._sources[channel]
        source: str = rng.choices(sources, cum_weights=source_sums)[0]
        language = "en" if who.language == "en" or rng.random() < 0.01 else "zh-hans"
        entered, entered_by = self._entered(rng, received, channel, branch)
        by_post_only = channel == "letter" and rng.random() < 0.4
        request_type = kind.request_type or "complaint"
        if request_type == "complaint" and category in ("BIL", "SVC") and rng.random() < 0.05:
            request_type = rng.choice(("opinion", "suggestion", "enquiry"))
        severity, flags = self._severity(rng, kind, channel, who)
        external = None
        if channel == "regulator" and rng.random() < 0.5:
            external = world.local.midnight(world.local.day(received + rng.randint(7, 11) * DAY))
        words = "en" if language == "en" else "zh"
        if by_post_only:
            phone = email = ""
        else:
            phone, email = who.phone, who.email if channel == "web" or rng.random() < 0.5 else ""
            if channel == "web" and source == "email":
                phone, email = "", who.email or f"customer{place}@example.org"
        team = world.team_for(world.team_kind(request_type, channel, kind, area), branch)
        return {
            "kind": kind,
            "request_type": request_type,
            "severity": severity,
            "priority": kind.priority,
            "flags": flags,
            "channel": channel,
            "source": source,
            "source_reference": self._source_reference(channel, source, received, index),
            "segment": who.segment,
            "area": area,
            "branch": branch,
            "team": team,
            "language": language,
            "phone": phone,
            "email": email,
            "address": who.address if by_post_only or channel == "letter" else "",
            "contact_method": "letter" if by_post_only else who.contact_method,
            "do_not_contact": who.do_not_contact,
            "manager": world.managers[place % len(world.managers)] if who.is_key and world.managers else None,
            "external_due": external,
            "received": received,
            "entered": entered,
            "entered_by": entered_by,
            "place": who.address if category in ("SAF", "OUT") else "",
            "occurred": received - rng.randint(10, 2000) * MINUTE if rng.random() < 0.6 else None,
            "story": self.texts.story(kind.code, words, rng),
            "remedy": self.texts.remedy(category, words, rng),
            "issue": issue,
            "stormy": day.is_stormy and network.county_of(station) in day.stormy,
            **self._person(place, who),
        }

    def _who(self, place: int) -> people.Customer:
        station = place % network.STATIONS
        county = network.COUNTY_NAMES[network.county_of(station)][0]
        return people.customer(place, self.seed, county=county, is_rural=network.area_class(station) != "urban")

    def _person(self, place: int, who: people.Customer) -> dict[str, Any]:
        return {
            "who": who,
            "customer": self.bases.customers + place,
            "account": self.bases.accounts + place,
            "premise": self.bases.premises + place,
            "area_id": self.bases.areas + place % self.shape.areas,
            "contact_name": who.name if who.kind in ("household", "prosumer") else people.name(people.mixed(place, 3)),
        }

    @staticmethod
    def _source_reference(channel: str, source: str, received: Moment, index: int) -> str:
        return f"{source}-{instant_of(received):%y%m%d}-{index % 10000:04d}" if channel == "regulator" else ""

    # siblings

    def _everybody(
        self, rng: Random, index: int, fields: dict[str, Any], original: Life | None, most: int
    ) -> list[Member]:
        """Whoever lives this life: who brought it first, and others to whom exactly the same would have happened."""
        everybody = [self._member(index, fields)]
        if most == 1:
            return everybody
        if original is not None:
            for number, earlier in enumerate(original.members[1:most], start=1):
                own = self._of_a_sibling(rng, index + number, fields, earlier.fields["who"])
                everybody.append(self._member(index + number, own | {name: earlier.fields[name] for name in KEPT}))
            return everybody
        for number, who in enumerate(self._alike(rng, fields, most - 1), start=1):
            everybody.append(self._member(index + number, self._of_a_sibling(rng, index + number, fields, who)))
        return everybody

    def _member(self, index: int, fields: dict[str, Any]) -> Member:
        number = self.bases.number + index
        reference = reference_for(number, received_at=instant_of(fields["received"]))
        return Member(index, reference, f"demo-{people.mixed(number, self.seed):016x}", fields)

    def _of_a_sibling(self, rng: Random, index: int, fields: dict[str, Any], who: people.Customer) -> dict[str, Any]:
        words = "en" if fields["language"] == "en" else "zh"
        kind: Kind = fields["kind"]
        return {
            **fields,
            **self._person(who.position, who),
            "source_reference": self._source_reference(fields["channel"], fields["source"], fields["received"], index),
            "phone": fields["phone"] and who.phone,
            "email": fields["email"] and (who.email or f"customer{who.position}@example.org"),
            "address": fields["address"] and who.address,
            "contact_method": "letter" if fields["contact_method"] == "letter" else who.contact_method,
            "place": fields["place"] and who.address,
            "occurred": fields["received"] - rng.randint(10, 2000) * MINUTE if rng.random() < 0.6 else None,
            "story": self.texts.story(kind.code, words, rng),
            "remedy": self.texts.remedy(kind.category_code, words, rng),
        }

    def _alike(self, rng: Random, fields: dict[str, Any], wanted: int) -> Iterator[people.Customer]:
        """Others of the same station, or of the feeder that is out, whom rules and texts would treat the same."""
        first: people.Customer = fields["who"]
        issue: Issue | None = fields["issue"]
        kind, same = people.kind_of(first.position, self.seed), self._treated(first)
        step = network.STATIONS if issue is None else self.shape.feeders
        reach = self.shape.customers if first.position >= people.PLACEHOLDERS else people.PLACEHOLDERS
        each = min(reach, self.shape.customers) // step
        seen = {first.position}
        for _try in range(TRIES):
            pick = int(rng.random() * each)
            if issue is None and rng.random() < 0.11:
                pick -= pick % HOT
            place = first.position % step + step * pick
            if place in seen or people.kind_of(place, self.seed) != kind:
                continue
            seen.add(place)
            who = self._who(place)
            if self._treated(who) == same:
                yield who
                wanted -= 1
                if not wanted:
                    return

    def _treated(self, who: people.Customer) -> tuple[Any, ...]:
        """What of a customer has a bearing on promises, moves and notices."""
        managers = len(self.world.managers)
        return (
            who.segment,
            who.language,
            who.contact_method == "email",
            bool(who.email),
            is_mobile(who.phone),
            who.do_not_contact,
            bool(who.vulnerability),
            who.position % managers if who.is_key and managers else 0,
        )

    def _entered(self, rng: Random, received: Moment, channel: str, branch: int) -> tuple[Moment, Person]:
        """When it was typed in, and by whom; letters wait for the mail round."""
        world = self.world
        if channel == "web":
            return received, THE_CUSTOMER
        if channel == "letter":
            entered = world.local.in_office(received + rng.randint(2, 40) * HOUR, rng)
            if entered > self.ending:
                entered = received
            return entered, rng.choice(world.someone("agent", branch))
        if channel == "regulator":
            return min(self.ending, received + rng.randint(5, 50) * MINUTE), rng.choice(
                world.someone("liaison", branch)
            )
        seconds = int(min(600, max(60, rng.lognormvariate(5.0, 0.35))))
        return min(self.ending, received + seconds * SECOND), rng.choice(world.someone("agent", branch))

    def _severity(self, rng: Random, kind: Kind, channel: str, who: people.Customer) -> tuple[str, list[str]]:
        flags = []
        severity = "important" if channel == "regulator" else "ordinary"
        draw = rng.random()
        if kind.code == "SAF-02":
            severity, flags = "major", ["injury"]
        elif draw < 0.0015:
            severity, flags = "special", ["media"]
        elif draw < 0.006:
            severity, flags = "major", ["group"]
        elif draw < 0.03:
            flags = ["threat"]
        if who.vulnerability:
            flags.append("vulnerable")
            severity = "important" if severity == "ordinary" else severity
        if who.is_key:
            flags.append("important_user")
            severity = "important" if severity == "ordinary" else severity
        return severity, flags

    def _customer_index(self, rng: Random, day: Day, category: str, issue: Issue | None) -> int:
        if issue is not None:
            return issue.feeder + self.shape.feeders * rng.randrange(self.shape.customers // self.shape.feeders)
        station = rng.randrange(network.STATIONS)
        boost = day.boost.get(category, 1.0)
        if boost > 1 and network.county_of(station) not in day.stormy and rng.random() > 1 / boost:
            county = rng.choice(sorted(day.stormy))
            station = county + network.COUNTIES * rng.randrange((network.STATIONS - county + 7) // network.COUNTIES)
        return station + network.STATIONS * self._pick(rng, self.shape.customers // network.STATIONS)

    @staticmethod
    def _pick(rng: Random, each: int) -> int:
        """Which of a station's customers complains."""
        pick = rng.randrange(max(1, each // HOT)) * HOT if rng.random() < 0.11 else rng.randrange(each)
        return min(pick, each - 1)

    def _issue(self, rng: Random, kind: Kind, received: Moment) -> Issue | None:
        going_on = [
            issue
            for issue in self.issues.get(received // DAY, ())
            if kind.code in issue.kinds and issue.started <= received <= (issue.ended or received) + DAY
        ]
        return rng.choice(going_on) if going_on and rng.random() < 0.7 else None

    def _original(self, rng: Random, fields: dict[str, Any], recent: list[Life]) -> Life | None:
        """Sometimes the same customer has complained of the same thing hours ago; then this one is merged."""
        if not recent or rng.random() > 0.02 or fields["priority"] == 1:
            return None
        life = recent[-1 - min(int(rng.expovariate(0.1)), len(recent) - 1)]
        record = life.record
        latest = fields["entered"] + 2 * HOUR
        still_open = record.status in OPEN or (record.closed or record.resolved or 0) > latest
        if (
            not still_open
            or record.merged_into is not None
            or record.request_type != "complaint"
            or latest > self.ending
        ):
            return None
        if any(event.to_status in ("closed", "resolved") and event.at <= latest for event in record.events):
            return None
        earlier = life.members[0].fields
        fields.update({name: earlier[name] for name in KEPT})
        fields["issue"] = None
        return life

    def _lived(self, rng: Random, members: list[Member], original: Life | None) -> Life:
        first = members[0]
        fields = first.fields if len(members) == 1 else first.fields | {"contact_name": SOMEBODY}
        record = Record(
            self.world,
            self.ladder,
            id=self.bases.ids["complaints_complaint"] + first.index,
            reference=first.reference,
            token=first.token,
            first_event=self.bases.ids["complaints_event"] + first.index * rows.MOST_PER_COMPLAINT["complaints_event"],
            **fields,
        )
        record.register(fields["entered_by"])
        issue = fields["issue"]
        course = Course(
            self.world,
            self.texts,
            record,
            rng,
            stops_at=self._stop(rng, record),
            stormy=fields["stormy"],
            issue=Named(issue.id, issue.title) if issue else None,
            original=original.record if original else None,
        )
        for name, at, by, details in course.moves():
            if at > self.ending:
                break
            whole = -(-max(at, record.events[-1].at) // SECOND) * SECOND  # only alarms ring between two seconds
            record.attempt(name, whole, by, details)
        record.ring_until(self.ending)
        return Life(record, members, original.members if record.merged_into and original else [])

    def _stop(self, rng: Random, record: Record) -> str:
        age = self.ending - record.entered
        if age > LATELY:
            return ""
        stops, sums = REVIEW_STOPS if record.needs_review else STOPS
        stop = str(rng.choices(stops, cum_weights=sums)[0])
        if age < 12 * HOUR and rng.random() < 0.35:
            stop = "registered"
        return stop


def _weighed(kinds: list[Kind]) -> tuple[list[Kind], list[float]]:
    return weighted((kind, SUBCATEGORY_WEIGHTS.get(kind.code, 1.0)) for kind in kinds)
