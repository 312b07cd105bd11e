"""The day as it could have been planned by somebody who knew every order beforehand, and to whom nobody ever says no.

Found by the re-planning of the product with every visit movable, so it is a good plan, not the proven best one. Ways and visits
take what was planned.
"""

from __future__ import annotations

from dataclasses import replace

from servicehub.domain.travel import OFFLINE
from servicehub.matching.replan import Movable, improve
from servicehub.simulation.day import Day, tactics
from servicehub.simulation.scenario import Scenario

SWEEPS = 3


def hindsight(scenario: Scenario) -> dict[str, float]:
    """Share of the orders that could have been served, and minutes of way for each."""
    day = Day(scenario, tactics("engine"))
    movable = []
    for wish in scenario.wishes:
        starts = tuple(day.possible(wish.order_id, wish.booked))
        movable.append(Movable(replace(day.job(wish.order_id, wish.booked), start=starts[0]), None, starts))
    found = improve(movable, scenario.technicians, day.how.policy, sweeps=SWEEPS, rounds=0)
    days: dict[int, list[tuple[int, int]]] = {}
    for move in found.moves:
        if move.to_id is not None:
            days.setdefault(move.to_id, []).append((move.start, move.order_id))
    way = 0
    for technician in scenario.technicians:
        here = technician.calendar.home
        for _start, order_id in sorted(days.get(technician.technician_id, [])):
            place = day.wishes[order_id].place
            way += OFFLINE.leg(here, place, technician.calendar.transport).calm_minutes
            here = place
    served = sum(map(len, days.values()))
    return {"fill_pct": 100 * served / len(scenario.wishes), "travel_min_per_order": way / max(1, served)}
