"""The day as it could have been planned by somebody who knew every order beforehand, and to whom nobody ever says no.

Found by planning whole days with every visit movable (`matching.dayplan`), so it is a good plan, not the proven best one. Ways and
visits take what was planned.
"""

from __future__ import annotations

from dataclasses import replace

from servicehub.matching.dayplan import plan_days
from servicehub.matching.replan import Movable
from servicehub.simulation.day import Day, tactics
from servicehub.simulation.scenario import Scenario

ROUNDS = 100_000


def hindsight(scenario: Scenario) -> dict[str, float]:
    """Share of the orders that could have been served, and minutes of way for each."""
    day = Day(scenario, tactics("engine"))
    movable = []
    for wish in scenario.wishes:
        starts = tuple(day.possible(wish.order_id, wish.booked))
        movable.append(Movable(replace(day.job(wish.order_id, scenario.opens), start=starts[0]), None, starts))
    found = plan_days(movable, scenario.technicians, now=scenario.opens, rounds=ROUNDS)
    days: dict[int, list[tuple[int, int]]] = {}
    for move in found.moves:
        if move.to_id is not None:
            days.setdefault(move.to_id, []).append((move.start, move.order_id))
    way, km = 0, 0.0
    for technician in scenario.technicians:
        here, travel = technician.calendar.home, technician.calendar.travel
        for _start, order_id in sorted(days.get(technician.technician_id, [])):
            place = day.wishes[order_id].place
            leg = travel.leg(here, place, technician.calendar.transport)
            way += leg.calm_minutes
            km += leg.distance_m / 1000 * travel.speeds[technician.calendar.transport].detour
            here = place
    served = sum(map(len, days.values()))
    count = max(1, served)
    return {
        "fill_pct": 100 * served / len(scenario.wishes),
        "travel_min_per_order": way / count,
        "travel_km_per_order": km / count,
    }
