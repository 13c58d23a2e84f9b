"""The life of one complaint as timed moves: who does what when, with the delays, doubts and mistakes of a real desk."""

from __future__ import annotations

from collections.abc import Iterator
from math import exp
from random import Random
from typing import Any

from analytics.demo import delays, texts
from analytics.demo.findings import findings, opinion
from analytics.demo.following import extendable
from analytics.demo.moments import DAY, HOUR, MINUTE, SECOND, Moment
from analytics.demo.record import Record
from analytics.demo.terms import Wait
from analytics.demo.world import THE_CLOCK, THE_CUSTOMER, Kind, Named, Person, TeamRow, World
from complaints.models import SAFETY

Move = tuple[str, Moment, Person, dict[str, Any]]


class Course:
    """Draws the moves of one complaint; it looks at the record, which is brought up to date between two moves."""

    def __init__(
        self,
        world: World,
        words: texts.Texts,
        record: Record,
        rng: Random,
        *,
        stops_at: str = "",
        stormy: bool = False,
        issue: Named | None = None,
        original: Record | None = None,
    ) -> None:
        self.world, self.words, self.record, self.rng = world, words, record, rng
        self.stops_at, self.stormy, self.issue, self.original = stops_at, stormy, issue, original
        self.language = "zh" if record.language.startswith("zh") else "en"
        self.asides: list[Move] = []
        self.later: Move | None = None
        """What comes when its time has come, also after the complaint is closed."""
        self.desk = self._one_of("agent")

    def moves(self) -> Iterator[Move]:
        """In order of time. Not every one still makes sense when it comes: see `Record.attempt`."""
        for move in self._main_line():
            if self.later is not None and self.later[1] <= move[1]:
                yield self.later
                self.later = None
            yield move
        if self.later is not None:
            yield self.later

    def _main_line(self) -> Iterator[Move]:
        record, rng = self.record, self.rng
        at = record.entered
        if self.original is not None:
            at += rng.randint(3, 90) * MINUTE
            yield "merge", at, self.desk, {"into": self.original, "reason": rng.choice(texts.MERGERS)}
            return
        ends_early = self._early_end(at)
        finish = self._finish(at)
        self._plan_asides(at, finish)
        if record.status == "registered":
            if self.stops_at == "registered":
                return
            at = self._dispatched_at(at)
            if ends_early and ends_early[1] < at:
                yield ends_early
                return
            yield from self._asides_until(at)
            yield "dispatch", at, self._dispatcher(), {"team": record.team}
        finish = max(finish, self._plan_site(at))
        if self.stops_at == "dispatched":
            yield from self._asides_until(at + 2 * DAY)
            return
        if record.priority != 1 and rng.random() < 0.03:
            at += rng.randint(8, 60) * MINUTE
            yield from self._asides_until(at)
            yield "return", at, self._member(), {"reason": rng.choice(texts.RETURNS)}
            at += rng.randint(5, 40) * MINUTE
            yield from self._asides_until(at)
            yield "dispatch", at, self._dispatcher(), {"team": record.team}
        contacted_at = self._contact_at()
        if contacted_at is not None:
            self._plan_contact(contacted_at)
        at = self._accepted_at(at)
        if ends_early and ends_early[1] < at:
            yield from self._asides_until(ends_early[1])
            yield ends_early
            return
        yield from self._asides_until(at)
        yield "accept", at, self._member(), {}
        if rng.random() < 0.21:
            at, moves = self._transfer(at)
            for move in moves:
                yield from self._asides_until(move[1])
                yield move
        if ends_early:
            yield from self._asides_until(ends_early[1])
            if record.status in ("investigating", "dispatched"):
                yield ends_early
            return
        yield from self._investigate(at, max(finish, (contacted_at or 0) + 20 * MINUTE))

    # handing over

    def _early_end(self, at: Moment) -> Move | None:
        rng, record = self.rng, self.record
        draw = rng.random()
        if (record.kind.code == "BIL-12" and draw < 0.6) or draw < 0.010:
            details = {"referred_to": rng.choice(texts.REFERRALS[:2]), "reason": rng.choice(texts.REFER_REASONS)}
            by = self._one_of("liaison") if record.channel == "regulator" else self._one_of("supervisor")
            return "refer", at + rng.randint(60, 1500) * MINUTE, by, details
        if draw < 0.016 and record.priority > 1:
            return "reject", at + rng.randint(40, 900) * MINUTE, self._one_of("supervisor"), {
                "reason": rng.choice(texts.REJECTIONS)
            }  # fmt: skip
        if draw < 0.036:
            when = at + rng.randint(60, 2400) * MINUTE
            reason = rng.choice(texts.WITHDRAWALS)
            if record.channel == "web":
                return "withdraw", when, THE_CUSTOMER, {"reason": reason}
            return "withdraw", when, self.desk, {"reason": reason, "evidence": "来电申请撤诉，已录音"}
        return None

    def _dispatched_at(self, at: Moment) -> Moment:
        clock = next((c for c in self.record.clocks if c.terms.kind == "dispatch"), None)
        limit = clock.due - clock.started if clock and clock.due else 20 * MINUTE
        if limit > HOUR:
            at = self.world.local.in_office(at, self.rng)
            limit = 4 * HOUR
        late = 3.0 if self.stormy and self.rng.random() < 0.2 else 1.0
        return at + max(30, int(limit / SECOND * late * self.rng.lognormvariate(-1.1, 0.6))) * SECOND

    def _accepted_at(self, at: Moment) -> Moment:
        if self.record.priority <= 2:
            return at + self.rng.randint(60, 900) * SECOND
        return self.world.local.in_office(at + int(60 * self.rng.lognormvariate(3.4, 0.8)) * SECOND, self.rng)

    def _transfer(self, at: Moment) -> tuple[Moment, list[Move]]:
        record, rng, world = self.record, self.rng, self.world
        kinds = ["outage", "power_quality", "billing", "service", "safety"]
        team = record.team
        for _attempt in range(4):
            team = world.team_for(rng.choice(kinds), record.branch)
            if team != record.team:
                break
        assert team is not None  # every branch has one upwards
        at = world.local.in_office(at + int(60 * rng.lognormvariate(4.2, 0.9)) * SECOND, rng)
        moves: list[Move] = [("transfer", at, self._member(), {"team": team, "reason": rng.choice(texts.TRANSFERS)})]
        at = self._accepted_at(at)
        moves.append(("accept", at, self._member(team), {}))
        return at, moves

    # contact

    def _contact_at(self) -> Moment | None:
        """When somebody first speaks with the customer; None where nobody can, or it is done."""
        record, rng = self.record, self.rng
        if record.contacted is not None or not record.can_be_reached:
            return None
        clocks = [c for c in record.clocks if c.terms.kind == "first_contact" and c.due is not None]
        limit = min((c.due - c.started for c in clocks if c.due is not None), default=24 * HOUR)
        if limit <= 4 * HOUR:
            return record.entered + max(60, int(limit / SECOND * rng.lognormvariate(-0.9, 0.5))) * SECOND
        if rng.random() < (0.08 if self.stormy else 0.025):
            return self.world.local.awake(record.entered + rng.randint(25 * 60, 44 * 60) * MINUTE, rng)
        at = self.world.local.awake(record.entered + int(3600 * rng.lognormvariate(0.8, 0.8)) * SECOND, rng)
        return min(at, record.entered + 23 * HOUR)

    def _plan_contact(self, at: Moment) -> None:
        rng, record = self.rng, self.record
        limit_is_short = at - record.entered < 4 * HOUR
        by = self.desk
        if rng.random() < 0.012 and not limit_is_short:
            for number in range(3):
                when = record.entered + (at - record.entered) * (number + 1) // 4
                self._aside(
                    "contact", when, by, {"reached": False, "method": "phone", "note": rng.choice(texts.NO_ANSWER)}
                )
            self._aside("message", at - 5 * MINUTE, by, {"message": texts.MESSAGES[2]})
        elif rng.random() < 0.12 and at - record.entered > HOUR:
            when = record.entered + (at - record.entered) // 2
            self._aside("contact", when, by, {"reached": False, "method": "phone", "note": rng.choice(texts.NO_ANSWER)})
        method = "phone" if record.phone else "email"
        self._aside("contact", at, by, {"reached": True, "method": method, "note": rng.choice(texts.CONTACTS)})

    # beside the main line

    def _plan_asides(self, at: Moment, finish: Moment) -> None:
        rng, record = self.rng, self.record
        span = max(HOUR, finish - at) // SECOND
        self._plan_confirmation(at)
        if self.issue is not None:
            self._aside("link", at + rng.randint(1, 20) * MINUTE, self.desk, {"service_issue": self.issue})
        if rng.random() < 0.14:
            for _urging in range(1 + (rng.random() < 0.3) + (rng.random() < 0.1)):
                by = THE_CUSTOMER if record.channel == "web" and rng.random() < 0.6 else self._one_of("agent")
                when = at + max(1800, int(span * rng.uniform(0.2, 0.95))) * SECOND
                when = self.world.local.awake(when, rng)
                self._aside("urge", when, by, {"note": rng.choice(texts.URGINGS)})
                if record.can_be_reached:
                    when += int(60 * rng.lognormvariate(3.8, 0.6)) * SECOND
                    method = "phone" if record.phone else "email"
                    self._aside("contact", when, self._member(), {"reached": True, "method": method, "note": "已回电"})
        if rng.random() < 0.3:
            self._aside("note", at + int(span * rng.random()) * SECOND, self.desk, {"note": rng.choice(texts.NOTES)})
        if rng.random() < 0.06:
            when = at + int(span * rng.uniform(0.2, 0.9)) * SECOND
            self._aside("message", when, self.desk, {"message": rng.choice(texts.MESSAGES[:2])})
        if rng.random() < 0.04:
            when = at + int(span * rng.uniform(0.1, 0.8)) * SECOND
            self._aside("supplement", when, THE_CUSTOMER, {"message": rng.choice(texts.ANSWERS)})
        if rng.random() < 0.012:
            when = at + int(span * rng.uniform(0.3, 0.9)) * SECOND
            self._aside("escalate", when, self._one_of("supervisor"), {"reason": rng.choice(texts.ESCALATIONS)})
        if rng.random() < (0.05 if record.priority == 2 else 0.02):
            others = [kind for kind in self.world.kinds_of[record.kind.category_code] if kind.priority > 2]
            if others and record.priority > 1:
                self._plan_recategorising(at + rng.randint(5, 180) * MINUTE, rng.choice(others))
        if rng.random() < 0.012 and record.priority == 3:
            self._aside("prioritise", at + rng.randint(5, 600) * MINUTE, self._one_of("supervisor"), {"priority": 2})

    def _plan_recategorising(self, at: Moment, other: Kind) -> None:
        """Sometimes it is taken back; who had to be on site must then still come."""
        first, rng = self.record.kind, self.rng
        self._aside("recategorise", at, self.desk, {"category": other, "subcategory": other})
        if rng.random() < 0.2:
            back = at + rng.randint(10, 90) * MINUTE
            self._aside("recategorise", back, self.desk, {"category": first, "subcategory": first})
            self._on_site("arrive", "arrived_at", back + rng.randint(20, 50) * MINUTE, self._member(), texts.ARRIVALS)

    def _plan_confirmation(self, at: Moment) -> None:
        """What neither the receipt nor the first message has confirmed is confirmed by hand."""
        record, rng = self.record, self.rng
        tiers = {clock.tier for clock in record.ticking("acknowledge")}
        if record.channel == "regulator" and "" in tiers:
            when = at + int(60 * rng.lognormvariate(3.3, 0.7)) * SECOND
            self._aside("acknowledge", when, self._one_of("liaison"), {"method": "phone", "note": "已回执"})
        elif "statutory" in tiers:
            when = self.world.local.working_days_later(at, 4 * rng.lognormvariate(0, 0.5))
            self._aside("acknowledge", when, self.desk, {"method": "letter", "note": "已寄出受理告知书"})
        elif "" in tiers:
            when = self.world.local.in_office(at + rng.randint(20, 300) * MINUTE, rng)
            self._aside("acknowledge", when, self.desk, {"method": "letter"})

    def _plan_site(self, at: Moment) -> Moment:
        """Who must be on site comes; answers with the moment before which nobody can say that it is done."""
        record, rng = self.record, self.rng
        arrived = delays.arrival(self.world, record, rng, dispatched=at, stormy=self.stormy)
        restored = delays.restoration(record, rng, arrived=arrived)
        if restored is not None and arrived is not None and rng.random() < 0.03:
            restored, arrived = arrived, None  # switched back from afar
        by = self._member()
        if arrived is not None:
            self._on_site("arrive", "arrived_at", arrived, by, texts.ARRIVALS)
        if restored is not None:
            self._on_site("restore", "restored_at", restored, by, texts.RESTORATIONS)
        return (restored or arrived or at) + rng.randint(20, 60) * MINUTE

    def _on_site(self, name: str, moment: str, at: Moment, by: Person, notes: list[str]) -> None:
        """Mostly said from the spot; sometimes typed in a little later."""
        details: dict[str, Any] = {"note": self.rng.choice(notes)}
        typed_in = at
        if self.rng.random() < 0.1:
            typed_in += self.rng.randint(3, 12) * MINUTE
            details[moment] = at
        self._aside(name, typed_in, by, details)

    def _aside(self, name: str, at: Moment, by: Person, details: dict[str, Any]) -> None:
        self.asides.append((name, at, by, details))

    def _asides_until(self, at: Moment) -> Iterator[Move]:
        """What happens in between, in order of time."""
        ready = sorted((move for move in self.asides if move[1] <= at), key=lambda move: move[1])
        self.asides = [move for move in self.asides if move[1] > at]
        yield from ready

    # finding and answering

    def _finish(self, at: Moment) -> Moment:
        """When the answer would be given if nothing came between."""
        record, rng = self.record, self.rng
        if record.priority == 1:
            return at + int(3600 * rng.lognormvariate(1.9, 0.7)) * SECOND
        if record.kind.code in ("OUT-01", "OUT-02", "OUT-10"):
            return at + int(3600 * rng.lognormvariate(1.7, 0.8)) * SECOND
        median = {"regulator": 3.0, "letter": 3.2}.get(record.channel, 2.2)
        if record.source == "petition":
            median = 16
        days = median * exp(rng.gauss(0, 0.5)) * (1.3 if self.stormy else 1.0)
        return self.world.local.working_days_later(at, min(days, 60))

    def _investigate(self, at: Moment, finish: Moment) -> Iterator[Move]:
        record, rng, local = self.record, self.rng, self.world.local
        wait = self._reason_to_hold()
        if wait is not None:
            held = local.in_office(max(at + 20 * MINUTE, at + (finish - at) // 4), rng)
            yield from self._asides_until(held)
            by = self._one_of("supervisor") if wait.needs_supervisor else self._owner()
            yield "hold", held, by, {"pause_reason": wait, "note": rng.choice(texts.HOLDS[wait.code])}
            if self.stops_at == "investigating":
                yield from self._asides_until(at + 60 * DAY)
                return
            released = local.working_days_later(held, delays.held_for(wait.code, rng))
            yield from self._asides_until(released)
            yield "release", released, self._owner(), {"note": rng.choice(texts.RELEASES)}
            finish = max(finish + released - held, released + 30 * MINUTE)
            at = released
        if record.priority > 1 and (self.stops_at == "waiting" or rng.random() < 0.11):
            asked = local.in_office(max(at + 10 * MINUTE, at + (finish - at) // 3), rng)
            yield from self._asides_until(asked)
            yield "ask", asked, self._owner(), {"message": rng.choice(texts.QUESTIONS)}
            if self.stops_at == "waiting":
                self.asides = [move for move in self.asides if move[0] in ("arrive", "restore")]
                yield from self._asides_until(asked + 60 * DAY)
                return
            resumed = local.awake(asked + int(3600 * rng.lognormvariate(3.0, 0.8)) * SECOND, rng)
            self.asides = [move for move in self.asides if move[0] != "supplement"]
            yield from self._asides_until(resumed)
            if rng.random() < 0.6:
                yield "supplement", resumed, THE_CUSTOMER, {"message": rng.choice(texts.ANSWERS)}
            else:
                yield "resume", resumed, self._owner(), {"note": "客户已电话答复"}
            finish = max(finish + resumed - asked, resumed + 30 * MINUTE)
        if self.stops_at == "investigating":
            yield from self._asides_until(at + 60 * DAY)
            return
        finish = max(at + 10 * MINUTE, finish)
        if record.priority > 2:
            finish = local.in_office(finish, rng)
        yield from self._ask_for_time(record.events[-1].at, finish)
        yield from self._answer(finish)

    def _reason_to_hold(self) -> Wait | None:
        """Sometimes nobody can work on it: the customer is away, or a meter is being tested."""
        rng, record = self.rng, self.record
        draw = rng.random()
        chance = 0.15 if record.kind.code in ("BIL-05", "VOL-08") else 0.035
        if draw > chance or not record.permits("hold"):
            return None
        code = "appraisal" if chance > 0.1 else "no-access" if draw < 0.55 * chance else "customer-asked"
        return self.world.waits.get(code)

    def _ask_for_time(self, at: Moment, finish: Moment) -> Iterator[Move]:
        """Some of those that cannot be done in time ask for more, the day before; mostly they get it."""
        record, rng, local = self.record, self.rng, self.world.local
        due = min((clock.due for clock in extendable(record, at) if clock.due is not None), default=finish)
        by = self._owner()
        if finish <= due or by.role not in ("investigator", "liaison") or rng.random() > 0.35:
            return
        asked = local.in_office(max(at + 5 * MINUTE, due - rng.randint(9, 30) * HOUR), rng)
        decided = local.in_office(asked + rng.randint(15, 200) * MINUTE, rng)
        if decided >= min(due, finish):
            return
        yield from self._asides_until(asked)
        yield "ask_extension", asked, by, {"reason": rng.choice(texts.EXTENSION_REASONS)}
        yield from self._asides_until(decided)
        if rng.random() < 0.82:
            yield "extend", decided, self._one_of("supervisor"), {"reason": rng.choice(texts.GRANTS)}
        else:
            yield "decline_extension", decided, self._one_of("supervisor"), {"reason": rng.choice(texts.DECLINES)}

    def _answer(self, at: Moment) -> Iterator[Move]:
        record, rng, local = self.record, self.rng, self.world.local
        yield from self._asides_until(at)
        if record.can_be_reached and record.contacted is None:
            yield "contact", at, self._owner(), {"reached": True, "method": "phone"}
            at += rng.randint(3, 30) * MINUTE
        if record.kind.category_code == SAFETY and record.restored is None:
            yield "restore", at, self._owner(), {"note": rng.choice(texts.MADE_SAFE)}
            at += rng.randint(3, 30) * MINUTE
        if record.needs_review:
            yield "propose", at, self._owner(), findings(record, self.words, self.language, rng, stormy=self.stormy)
            if self.stops_at == "review":
                return
            if rng.random() < 0.07:
                at = local.in_office(at + rng.randint(20, 300) * MINUTE, rng)
                yield "send_back", at, self._one_of("supervisor"), {"reason": rng.choice(texts.SEND_BACKS)}
                at = local.in_office(at + rng.randint(30, 400) * MINUTE, rng)
                yield "propose", at, self._owner(), findings(record, self.words, self.language, rng, stormy=self.stormy)
            at = local.in_office(at + int(60 * rng.lognormvariate(4.0, 0.8)) * SECOND, rng)
            yield "approve", at, self._one_of("supervisor"), {}
        else:
            yield "resolve", at, self._owner(), findings(record, self.words, self.language, rng, stormy=self.stormy)
        self._plan_removal(at)
        if self.stops_at == "resolved":
            return
        yield from self._hear(at)

    def _plan_removal(self, at: Moment) -> None:
        """Where the customer was right, the cause goes, often weeks after the answer."""
        if self.later is None and self.record.permits("strike_off"):
            category = self.record.kind.category_code
            when = delays.removal(self.world, category, at, self.rng)
            notes = texts.REMOVALS.get(category, texts.REMOVALS["*"])
            self.later = "strike_off", when, self._owner(), {"note": self.rng.choice(notes)}

    # what the customer says

    def _hear(self, at: Moment) -> Iterator[Move]:
        record, rng, local = self.record, self.rng, self.world.local
        self.asides = []
        draw = rng.random()
        if draw < 0.07:
            if record.phone:
                for _attempt in range(2):
                    when = local.awake(at + int(3600 * rng.uniform(1, 30)) * SECOND, rng)
                    self._aside("contact", when, self.desk, {"reached": False, "method": "phone", "note": "回访未接通"})
            closes = at + self.world.desk.answer_days * DAY + rng.randint(5, 290) * SECOND
            yield from self._asides_until(closes)
            yield "close", closes, THE_CLOCK, {}
        else:
            by_link = draw < 0.30 or not record.phone
            if by_link:
                when, by = at + int(3600 * rng.lognormvariate(1.6, 0.9)) * SECOND, THE_CUSTOMER
            else:
                when = local.awake(at + int(3600 * rng.lognormvariate(1.1, 0.8)) * SECOND, rng)
                by = self._one_of("agent")
            when = min(when, at + 6 * DAY)
            answer = opinion(record, rng, by_link=by_link)
            yield "feedback", when, by, answer
            if not answer["solved"]:
                yield from self._again(when)
                return
        if record.closed is not None and rng.random() < 0.012 and record.reopened == 0:
            when = local.awake(record.closed + rng.randint(1, 25) * DAY, rng)
            yield "reopen", when, self.desk, {"reason": rng.choice(texts.LATE_REOPENINGS)}
            yield from self._again(when)

    def _again(self, at: Moment) -> Iterator[Move]:
        """A reopened complaint is looked into once more, and better."""
        finish = self.world.local.working_days_later(at, 1.1 * exp(self.rng.gauss(0, 0.5)))
        yield from self._answer(max(finish, at + HOUR))

    # who

    def _one_of(self, role: str) -> Person:
        return self.rng.choice(self.world.someone(role, self.record.branch))

    def _dispatcher(self) -> Person:
        return self._one_of("liaison" if self.record.channel == "regulator" else "supervisor")

    def _member(self, team: TeamRow | None = None) -> Person:
        """Somebody of the team."""
        team = team or self.record.team
        members = self.world.members.get(team.id, []) if team else []
        return self.rng.choice(members) if members else self._one_of("supervisor")

    def _owner(self) -> Person:
        return self.record.assignee or self._member()
