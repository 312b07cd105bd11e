"""Positions of technicians over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from servicehub.api import technician
from servicehub.domain.access import Actor, Role


@pytest.fixture
def reported(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, float, float]]:
    """What reached the service, from a caller who is technician 7."""
    seen: list[tuple[int, float, float]] = []

    def report(_session: Any, actor: Actor, lat: float, lng: float, *, now: Any) -> None:
        seen.append((actor.technician_id, lat, lng))

    async def actor_of(_request: Any, *roles: Role) -> Actor:
        assert roles == (Role.TECHNICIAN,)
        return Actor(5, Role.TECHNICIAN, 1, technician_id=7)

    monkeypatch.setattr(technician.technicians, "report_position", report)
    monkeypatch.setattr(technician, "actor_of", actor_of)
    return seen


def test_a_position_reaches_the_service(client: Any, reported: list[Any]) -> None:
    async def story() -> None:
        async with client() as http:
            answer = await http.post("/api/technician/position", json={"lat": 31.23, "lng": 121.47, "accuracy": 12})
            assert answer.status_code == 204

    asyncio.run(story())
    assert reported == [(7, 31.23, 121.47)]


@pytest.mark.parametrize(
    "body",
    ['{"lat": "1", "lng": 2}', '{"lat": 91, "lng": 2}', '{"lat": true, "lng": 2}', "[]", "{", '{"lat": NaN, "lng": 1}'],
)
def test_what_is_no_position_is_refused(client: Any, reported: list[Any], body: str) -> None:
    async def story() -> None:
        async with client() as http:
            assert (await http.post("/api/technician/position", content=body)).status_code == 422

    asyncio.run(story())
    assert reported == []


def test_only_technicians_have_a_position(client: Any, log_in: Callable[..., dict[str, str]]) -> None:
    async def story() -> None:
        async with client() as http:
            assert (await http.post("/api/technician/position", json={"lat": 1, "lng": 2})).status_code == 401
        async with client(cookies=log_in()) as http:
            assert (await http.post("/api/technician/position", json={"lat": 1, "lng": 2})).status_code == 403

    asyncio.run(story())
