"""One day played through the real matching: orders come in, are offered, declined, planned, moved, served late or not at all.

Time goes in steps of the batch while somebody waits, else to the next event. What the policy decides meets behaviour drawn
beforehand; ways and visits really take what the scenario says.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from servicehub.domain.availability import Decider
from servicehub.domain.calendar import Calendar, Terms
from servicehub.domain.calendar import Job as Occupied
from servicehub.domain.timewindow import Window
from servicehub.domain.travel import OFFLINE
from servicehub.matching import DEFAULT_WEIGHTS, Candidate, Crew, Job, Policy, Ranking, choose_start, rank
from servicehub.matching.dayplan import plan_days
from servicehub.matching.engine import LEFT_WAITING
from servicehub.matching.replan import Movable, Replan, improve
from servicehub.simulation.scenario import ATTEMPTS, Scenario, Wish, expected_load, instant

BUSY_SECONDS = 1200
"""What it costs to begin in an hour in which as many are wanted as are there."""
GRID = 30
"""Minutes between the starts that are tried in a window."""
STEP = 1
"""Minutes between two batches while somebody waits."""
LEAD = 20
"""Minutes after which somebody could be at the door of a customer who wants it at once."""
REPLAN_EVERY = 30
WORTH_SECONDS = 2600
"""What an order is worth to the engine in a comparison: farther ones would cost the others more way than they bring."""
FAIR_SECONDS = 600
"""What a standard deviation of income per hour counts at weight 1, as in `matching.objective`."""
DAY_ROUNDS = 20_000
"""Of ruin and recreate, when whole days are planned anew."""
REPLAN_AHEAD = 6 * 60
"""Minutes: what begins within this time is planned anew."""
RESCUE_AROUND = 120
"""Minutes around the window of an order that found nobody, in which planned visits may make room for it."""
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
    worth_s: int = LEFT_WAITING
    """What an order is worth, in seconds of the score: who costs more stays unserved."""
    whole_days: bool = False
    """Plans anew as routes (`matching.dayplan`), for the way alone; else by the whole objective, as the product does."""
    commit_minutes: int = 60


FAST: dict[str, float] = {"travel": 1.0, "lateness": 1.0, "gap": 0.5, "acceptance": 0.5}
"""What the engine weighs in a comparison of ways: the way, the risk of being late, holes, and who says yes…"""
FAIRNESS: dict[str, float] = {"engine": 0.3, "fair": 1.0, "thrifty": 0.0}
"""…and how much who earned least."""


def tactics(name: str) -> Tactics:
    """A known policy by name. Raises: ValueError."""
    neutral = {**DEFAULT_WEIGHTS, "fairness": 0.0, "presence": 0.0, "level": 0.0, "load": 0.0}
    match name:
        case "nearest":
            return Tactics(name, Way.NEAREST, Policy(weights=neutral))
        case "insertion":
            return Tactics(name, Way.INSERTION, Policy(weights={"travel": 1.0}))
        case "engine" | "fair" | "thrifty":
            weights = {**FAST, "fairness": FAIRNESS[name]}
            return Tactics(
                name,
                Way.ENGINE,
                Policy(weights=weights, moved_cost_s=120),
                replans=True,
                whole_days=True,
                worth_s=WORTH_SECONDS,
            )
        case _:
            raise ValueError(f"There is no policy called {name}. There are: nearest, insertion, engine, fair, thrifty")


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
        self._load = expected_load(scenario)
        self._ill: set[int] = set()
        self._rescued: set[int] = set()
        """Orders for which planned visits were once asked to make room."""

    def play(self) -> None:
        """From the first booking to the last visit."""
        coming = sorted(self.wishes.values(), key=lambda wish: (wish.booked, wish.order_id))
        now, last_replan, k = coming[0].booked, coming[0].booked, 0
        end = max(wish.start + wish.slack for wish in self.wishes.values())
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
            gone = now - wish.booked > wish.patience if wish.is_immediate else now > wish.start + wish.slack
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
            options = self._options([order_id], now)
            found = [
                (start, who, worth) for start, ranking in options[order_id] for who, worth in self._one(ranking, now)
            ]
            if found:
                start, who, _worth = max(found, key=lambda one: (one[2], -one[0]))
                self.starts[order_id] = start
                self._take(order_id, who, now)

    def _batch(self, due: list[int], now: int) -> None:
        waiting = due
        for _round in range(3):
            chosen = choose_start(self._options(waiting, now), self._price, worth=self.how.worth_s)
            taken = [order_id for order_id in waiting if chosen[order_id] is not None]
            for order_id in taken:
                self.starts[order_id], who = chosen[order_id] or (0, 0)
                self._take(order_id, who, now)
            waiting = [order_id for order_id in waiting if order_id in self.pending]
            if not taken or not waiting:
                break
        new = [order_id for order_id in waiting if order_id not in self._rescued and self.possible(order_id, now)]
        if new and self.how.replans:
            self._rescued.update(new)
            self._replan(now, new)

    def _one(self, ranking: Ranking, now: int) -> list[tuple[int, float]]:
        """Whom a policy that goes order by order would take, and what he is worth; nobody when nobody can."""
        if self.how.way is Way.INSERTION:
            return [(int(ranking.ids[0]), float(ranking.scores[0]))] if len(ranking) else []
        wish = self.wishes[ranking.order_id]
        idle = [t for t in ranking.ids.tolist() if not any(job.end > now for job in self.calendars[t].jobs)]
        nearest = min(idle, key=lambda t: (self._metres_to(wish, t), t), default=None)
        return [] if nearest is None else [(nearest, -self._metres_to(wish, nearest))]

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

    def _replan(self, now: int, waiting: Sequence[int] = ()) -> None:
        """Plan anew what is planned, or what stands in the way of orders that found nobody."""
        around = [start for o in waiting for start in self.possible(o, now)]
        low, high = (min(around) - RESCUE_AROUND, max(around) + RESCUE_AROUND) if around else (now, now + REPLAN_AHEAD)
        near = [o for o in sorted(self.planned) if low <= self.starts[o] <= high]
        movable = [Movable(self.job(o, now), self.planned[o], tuple(self.possible(o, now))) for o in near]
        for order_id in waiting:
            starts = tuple(self.possible(order_id, now))
            movable.append(Movable(replace(self.job(order_id, now), start=starts[0]), None, starts))
        found = self._better(movable, now, DAY_ROUNDS // 4 if waiting else DAY_ROUNDS)
        self.moved += sum(move.from_id is not None for move in found.moves)
        for move in found.moves:
            if move.from_id is not None:
                self.calendars[move.from_id] = self.calendars[move.from_id].without(move.order_id)
        for move in found.moves:
            if self.planned.pop(move.order_id, None) is not None:
                self.pending.append(move.order_id)
            self.starts[move.order_id] = move.start
            if move.to_id is not None:
                self._take(move.order_id, move.to_id, now)

    def _better(self, movable: Sequence[Movable], now: int, rounds: int) -> Replan:
        policy, people = self.how.policy, self._people()
        if self.how.whole_days:
            return plan_days(
                movable,
                people,
                now=now,
                rounds=rounds,
                moved_cost_s=policy.moved_cost_s,
                worth_s=self.how.worth_s,
                fair_s=round(FAIR_SECONDS * policy.weight("fairness")),
            )
        return improve(movable, people, policy, moved_cost_s=policy.moved_cost_s, sweeps=1, rounds=0, price=self._price)

    def _price(self, start: int) -> float:
        """Beginning in an hour in which nearly everybody is wanted costs more: a window is better used to keep clear of it."""
        return BUSY_SECONDS * float(self._load[self.calendars[1].clock.minute_of_day(start) // 60]) ** 2

    def possible(self, order_id: int, now: int) -> range:
        """When the visit may begin: in the customer's window, and not before there was time for a way."""
        wish = self.wishes[order_id]
        soon = max(wish.start, -(-(max(now, wish.booked) + LEAD) // 15) * 15)
        return range(soon, wish.start + wish.slack + 1, GRID)

    def _options(self, order_ids: list[int], now: int) -> dict[int, list[tuple[int, Ranking]]]:
        """Every start in each order's window, and who could make it then."""
        self._crew = self._crew.renewed(self._people())
        rows = np.arange(len(self._crew))
        asked = [(o, start) for o in order_ids for start in self.possible(o, now)]
        ranked = rank(
            [(replace(self.job(o, now), start=start), rows) for o, start in asked], self._crew, self.how.policy
        )
        found: dict[int, list[tuple[int, Ranking]]] = {o: [] for o in order_ids}
        for (order_id, start), ranking in zip(asked, ranked, strict=True):
            found[order_id].append((start, ranking))
        return found

    def _people(self) -> tuple[Candidate, ...]:
        expected = dict(self.income)
        for order_id, who in self.planned.items():
            expected[who] += self.wishes[order_id].fen
        return tuple(self._now(candidate, expected) for candidate in self.scenario.technicians)

    def _now(self, candidate: Candidate, expected: Mapping[int, int]) -> Candidate:
        """With today's jobs and what they bring, planned ones too, as if a shift had ten hours."""
        who = candidate.technician_id
        hours = sum(shift.minutes for shift in candidate.calendar.shifts) / 60
        return replace(candidate, calendar=self.calendars[who], income_fen=round(10 * expected[who] / hours))

    def job(self, order_id: int, now: int) -> Job:
        wish = self.wishes[order_id]
        return Job(
            order_id=order_id, place=wish.place, start=self.starts[order_id], minutes=wish.minutes, now=instant(now),
            buffer_minutes=BUFFER, skill=wish.skill, certificate=wish.certificate, gender=wish.gender,
            requested_technician_id=wish.requested_id, customer_id=order_id, is_immediate=wish.is_immediate,
            asked=frozenset(self.asked.get(order_id, ())),
        )  # fmt: skip

    def _terms(self, wish: Wish, now: int) -> Terms:
        return Terms(place=wish.place, minutes=wish.minutes, buffer_minutes=BUFFER, now=instant(now), limited=False)
