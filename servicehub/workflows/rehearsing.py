"""Playing a policy on past days: read in one transaction, played in a process of its own, every day noted as it is done."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from sqlmodel import Session

from servicehub import clock
from servicehub.db import Database
from servicehub.matching import Policy
from servicehub.models.situations import load_policy
from servicehub.queries.past import past_days
from servicehub.services import rehearsals
from servicehub.simulation.compare import played, side_by_side
from servicehub.simulation.day import Tactics, Way, tactics
from servicehub.simulation.scenario import Scenario

IN_FORCE, TRIED, NEAREST = "in_force", "tried", "nearest"
Player = Callable[[Scenario, Tactics], dict[str, float]]


def run(database: Database, payload: Mapping[str, Any], *, player: Player | None = None) -> None:
    """Job `rehearsal`: play it, unless it is over. Idempotent."""
    rehearsal_id = int(payload["id"])
    asked = database.write_now(rehearsals.begin, rehearsal_id)
    if asked is None:
        return
    result = None
    try:
        days = database.read_now(past_days, asked.city_id, asked.days, now=clock.now())
        compared = {
            IN_FORCE: tactics_of(IN_FORCE, database.read_now(_in_force, asked.city_id)),
            TRIED: tactics_of(TRIED, asked.wanted),
            NEAREST: tactics(NEAREST),
        }

        def note(done: int) -> bool:
            return database.write_now(rehearsals.note, rehearsal_id, done, len(days) * len(compared))

        result = _with(player, days, compared, note)
    finally:
        database.write_now(rehearsals.finish, rehearsal_id, result, now=clock.now())


def tactics_of(name: str, policy: Policy) -> Tactics:
    """How the platform works under a policy: batches, planned until firm, planned anew."""
    return Tactics(name, Way.ENGINE, policy, replans=True, commit_minutes=round(60 * policy.commit_hours))


def _in_force(session: Session, city_id: int) -> Policy:
    return load_policy(session, city_id, clock.now())


def _with(
    player: Player | None, days: tuple[Scenario, ...], compared: Mapping[str, Tactics], note: Callable[[int], bool]
) -> dict[str, Any]:
    if player is not None:
        return _play(player, days, compared, note)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return _play(lambda day, how: pool.submit(played, day, how).result(), days, compared, note)


def _play(
    player: Player, days: tuple[Scenario, ...], compared: Mapping[str, Tactics], note: Callable[[int], bool]
) -> dict[str, Any]:
    """Day by day, so that the policies have played the same days whenever it ends."""
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in compared}
    done = 0
    for day in days:
        for name, how in compared.items():
            if not note(done):
                return {}
            rows[name].append(player(day, how))
            done += 1
    named = [day.clock.day(day.technicians[0].calendar.shifts[0].start).isoformat() for day in days if day.technicians]
    orders = sum(len(day.wishes) for day in days)
    return {"days": named, "orders": orders, **side_by_side(rows)} if days else {"days": [], "orders": 0}
