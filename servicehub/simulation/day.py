"""One day played through the real matching: orders come in, are offered, declined, planned, moved, served late or not at all.

Time goes in steps of the batch while somebody waits, else to the next event. What the policy decides meets behaviour drawn
beforehand; ways and visits really take what the scenario says.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from servicehub.domain.availability import Decider
from servicehub.domain.calendar import Calendar, Terms
from servicehub.domain.calendar import Job as Occupied
from servicehub.domain.timewindow import Window
from servicehub.domain.travel import OFFLINE
from servicehub.matching import DEFAULT_WEIGHTS, Candidate, Crew, Job, Policy, Ranking, choose, rank
from servicehub.matching.replan import Movable, improve
from servicehub.simulation.scenario import ATTEMPTS, Scenario, Wish, instant

STEP = 1
"""Minutes between two batches while somebody waits."""
LEAD = 20
"""Minutes after which somebody could be at the door of a customer who wants it at once."""
LATEST_IMMEDIATE = 75
REPLAN_EVERY = 30
REPLAN_AHEAD = 6 * 60
"""Minutes: what begins within this time is planned anew."""
LOOK_AGAIN = 15
"""Minutes after which a scheduled order that found nobody is tried again."""
BUFFER = 0
LATE_MINUTES = 5


class Way(StrEnum):
    """How technicians are found."""

    NEAREST = "nearest"
    """The nearest who has nothing to do, order by order."""
    INSERTION = "insertion"
    """The shortest extra way in anybody's day, order by order."""
    ENGINE = "engine"
    """Batches, the whole objective, planned until firm, planned anew."""


@dataclass(frozen=True, slots=True)
class Tactics:
    """What is compared."""

    name: str
    way: Way
    policy: Policy = field(default_factory=Policy)
    replans: bool = False
    commit_minutes: int = 240


def tactics(name: str) -> Tactics:
    """A known policy by name. Raises: ValueError."""
    neutral = {**DEFAULT_WEIGHTS, "fairness": 0.0, "presence": 0.0, "level": 0.0, "load": 0.0}
    match name:
        case "nearest":
            return Tactics(name, Way.NEAREST, Policy(weights=neutral))
        case "insertion":
            return Tactics(name, Way.INSERTION, Policy(weights={"travel": 1.0}))
        case "engine":
            return Tactics(name, Way.ENGINE, Policy(weights=neutral, moved_cost_s=120), replans=True)
        case "fair":
            return Tactics(
                name, Way.ENGINE, Policy(weights={**neutral, "fairness": 1.0}, moved_cost_s=120), replans=True
            )
        case _:
            raise ValueError(f"There is no policy called {name}. There are: nearest, insertion, engine, fair")


class Day:
    """The state of one play."""

    def __init__(self, scenario: Scenario, how: Tactics) -> None:
        self.scenario, self.how = scenario, how
        self.calendars: dict[int, Calendar] = {c.technician_id: c.calendar for c in scenario.technicians}
        self.wishes = {wish.order_id: wish for wish in scenario.wishes}
        self.starts = {wish.order_id: wish.start for wish in scenario.wishes}
        self.pending: list[int] = []
        self.planned: dict[int, int] = {}
        """Order -> technician, until it is firm."""
        self.holder: dict[int, int] = {}
        """Order -> technician who accepted."""
        self.asked: dict[int, set[int]] = {}
        self.tries: dict[int, int] = {}
        self.again: dict[int, int] = {}
        """Order -> when it is looked at again; nobody was free."""
        self.income = dict.fromkeys(self.calendars, 0)
        self.cancelled: set[int] = set()
        self.offers = self.moved = 0
        self.decisions_ms: list[float] = []
        self._crew = Crew(scenario.technicians)
        self._ill: set[int] = set()

    def play(self) -> None:
        """From the first booking to the last visit."""
        coming = sorted(self.wishes.values(), key=lambda wish: (wish.booked, wish.order_id))
        now, last_replan, k = coming[0].booked, coming[0].booked, 0
        end = max(self.starts.values()) + LATEST_IMMEDIATE
        while now <= end and (k < len(coming) or self.pending or self.planned):
            while k < len(coming) and coming[k].booked <= now:
                self.pending.append(coming[k].order_id)
                k += 1
            self._fall_ill(now)
            self._make_firm(now)
            self._lose_patience(now)
            due = [o for o in self.pending if self.again.get(o, 0) <= now]
            if due:
                began = time.perf_counter()
                self._decide(due, now)
                self.decisions_ms.append(1000 * (time.perf_counter() - began))
            if self.how.replans and now - last_replan >= REPLAN_EVERY and len(self.planned) > 1:
                self._replan(now)
                last_replan = now
            firm = min((self.starts[o] - self.how.commit_minutes for o in self.planned), default=end + 1)
            booked = coming[k].booked if k < len(coming) else end + 1
            waiting = min((self.again.get(o, now) for o in self.pending), default=end + 1)
            now = max(now + STEP, min(firm, booked, waiting, now + REPLAN_EVERY))
        self.cancelled.update(self.pending)

    # --- what happens to people ---------------------------------------------------------------------------------------------

    def _fall_ill(self, now: int) -> None:
        for technician, absent in zip(self.scenario.technicians, self.scenario.absent_from, strict=True):
            who = technician.technician_id
            if not absent or absent > now or who in self._ill:
                continue
            self._ill.add(who)
            calendar = self.calendars[who]
            lost = [job.order_id for job in calendar.jobs if job.start >= now]
            shifts = tuple(Window(s.start, min(s.end, now)) for s in calendar.shifts if s.start < now)
            self.calendars[who] = replace(calendar.without(*lost), shifts=shifts)
            for order_id in lost:
                self.planned.pop(order_id, None)
                if self.holder.pop(order_id, None) is not None:
                    self.income[who] -= self.wishes[order_id].fen
                self.pending.append(order_id)

    def _lose_patience(self, now: int) -> None:
        kept = []
        for order_id in self.pending:
            wish = self.wishes[order_id]
            gone = now - wish.booked > wish.patience if wish.is_immediate else now > wish.start
            if gone:
                self.cancelled.add(order_id)
            else:
                kept.append(order_id)
        self.pending = kept

    def _make_firm(self, now: int) -> None:
        """Planned visits that are near now: their technicians are asked."""
        due = [o for o in self.planned if self.starts[o] - now <= self.how.commit_minutes]
        for order_id in sorted(due, key=lambda o: (self.starts[o], o)):
            who = self.planned.pop(order_id)
            if not self._offer(order_id, who):
                self.calendars[who] = self.calendars[who].without(order_id)
                self.pending.append(order_id)

    def _offer(self, order_id: int, who: int) -> bool:
        """Whether the technician takes it; far ones and tired ones do less often."""
        wish = self.wishes[order_id]
        attempt = self.tries[order_id] = self.tries.get(order_id, 0) + 1
        self.offers += 1
        metres = self._metres_to(wish, who)
        likely = (
            0.86 + self.scenario.tastes[who - 1] - 0.1 * max(0.0, metres - 5_000) / 5_000 + 0.04 * (wish.minutes > 60)
        )
        if wish.accepts[attempt % ATTEMPTS] > np.clip(likely, 0.05, 0.99):
            self.asked.setdefault(order_id, set()).add(who)
            return False
        self.holder[order_id] = who
        self.income[who] += wish.fen
        return True

    def _metres_to(self, wish: Wish, who: int) -> float:
        calendar = self.calendars[who]
        before = [
            job.place
            for job in calendar.jobs
            if job.start < self.starts[wish.order_id] and job.order_id != wish.order_id
        ]
        origin = before[-1] if before else calendar.home
        return OFFLINE.leg(origin, wish.place, calendar.transport).distance_m

    # --- what the policy decides -------------------------------------------------------------------------------------------------

    def _decide(self, due: list[int], now: int) -> None:
        due.sort(key=lambda o: (self.wishes[o].booked, o))
        if self.how.way is Way.ENGINE:
            self._batch(due, now)
        else:
            self._one_by_one(due, now)
        for order_id in self.pending:
            self.again[order_id] = now + (STEP if self.wishes[order_id].is_immediate else LOOK_AGAIN)

    def _one_by_one(self, due: list[int], now: int) -> None:
        for order_id in due:
            self._place_at(order_id, now)
            ranking = self._rank([order_id], now)[0]
            who = self._one(order_id, ranking, now)
            if who is not None:
                self._take(order_id, who, now)

    def _batch(self, due: list[int], now: int) -> None:
        waiting = due
        for _round in range(3):
            for order_id in waiting:
                self._place_at(order_id, now)
            chosen = choose(self._rank(waiting, now))
            taken = [order_id for order_id in waiting if chosen[order_id] is not None]
            for order_id in taken:
                self._take(order_id, chosen[order_id] or 0, now)
            waiting = [order_id for order_id in waiting if order_id in self.pending]
            if not taken or not waiting:
                return

    def _one(self, order_id: int, ranking: Ranking, now: int) -> int | None:
        if self.how.way is Way.INSERTION:
            return int(ranking.ids[0]) if len(ranking) else None
        idle = [t for t in ranking.ids.tolist() if not any(job.end > now for job in self.calendars[t].jobs)]
        wish = self.wishes[order_id]
        return min(idle, key=lambda t: (self._metres_to(wish, t), t), default=None)

    def _take(self, order_id: int, who: int, now: int) -> None:
        wish = self.wishes[order_id]
        firm = (
            wish.is_immediate
            or self.how.way is not Way.ENGINE
            or self.starts[order_id] - now <= self.how.commit_minutes
        )
        if firm and not self._offer(order_id, who):
            return
        if not firm:
            self.planned[order_id] = who
        self.pending.remove(order_id)
        calendar = self.calendars[who]
        block = Decider(calendar, self._terms(wish, now)).block(self.starts[order_id])
        job = Occupied(block.start, block.end, wish.place, order_id, self.starts[order_id])
        self.calendars[who] = replace(calendar, jobs=tuple(sorted((*calendar.jobs, job))))

    def _replan(self, now: int) -> None:
        near = [o for o in sorted(self.planned) if self.starts[o] - now <= REPLAN_AHEAD]
        movable = [Movable(self._job(o, now), self.planned[o]) for o in near]
        policy = self.how.policy
        found = improve(movable, self._people(), policy, moved_cost_s=policy.moved_cost_s, sweeps=1, rounds=0)
        self.moved += len(found.moves)
        for move in found.moves:
            if move.from_id is not None:
                self.calendars[move.from_id] = self.calendars[move.from_id].without(move.order_id)
        for move in found.moves:
            del self.planned[move.order_id]
            self.pending.append(move.order_id)
            if move.to_id is not None:
                self._take(move.order_id, move.to_id, now)

    def _place_at(self, order_id: int, now: int) -> None:
        """Who wants it at once gets the soonest quarter of an hour that leaves time for a way."""
        wish = self.wishes[order_id]
        if wish.is_immediate:
            soon = -(-(max(now, wish.booked) + LEAD) // 15) * 15
            self.starts[order_id] = min(soon, wish.booked + LATEST_IMMEDIATE)

    def _rank(self, order_ids: list[int], now: int) -> list[Ranking]:
        self._crew = self._crew.renewed(self._people())
        rows = np.arange(len(self._crew))
        return rank([(self._job(o, now), rows) for o in order_ids], self._crew, self.how.policy)

    def _people(self) -> tuple[Candidate, ...]:
        return tuple(self._now(candidate) for candidate in self.scenario.technicians)

    def _now(self, candidate: Candidate) -> Candidate:
        """With today's jobs and what was earned so far, as if a shift had ten hours."""
        who = candidate.technician_id
        hours = sum(shift.minutes for shift in candidate.calendar.shifts) / 60
        return replace(candidate, calendar=self.calendars[who], income_fen=round(10 * self.income[who] / hours))

    def _job(self, order_id: int, now: int) -> Job:
        wish = self.wishes[order_id]
        return Job(
            order_id=order_id, place=wish.place, start=self.starts[order_id], minutes=wish.minutes, now=instant(now),
            buffer_minutes=BUFFER, skill=wish.skill, customer_id=order_id, is_immediate=wish.is_immediate,
            asked=frozenset(self.asked.get(order_id, ())),
        )  # fmt: skip

    def _terms(self, wish: Wish, now: int) -> Terms:
        return Terms(place=wish.place, minutes=wish.minutes, buffer_minutes=BUFFER, now=instant(now), limited=False)
