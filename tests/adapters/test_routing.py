"""The way of one trip: routed when the server answers, estimated when it does not, asked once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
import pytest

from servicehub.adapters.routing import OfflineRouting, OsrmRouting, Way
from servicehub.domain.geo import Point
from servicehub.domain.technician import Transport

HERE, THERE = Point(31.2304, 121.4737), Point(31.2504, 121.4737)
NOON, RUSH = 12 * 60, 8 * 60


def osrm(answer: Callable[[httpx.Request], httpx.Response], clock: Callable[[], float] = lambda: 100.0) -> OsrmRouting:
    return OsrmRouting("http://osrm/", client=httpx.AsyncClient(transport=httpx.MockTransport(answer)), monotonic=clock)


def routed(request: httpx.Request) -> httpx.Response:
    assert request.url.path == "/route/v1/bike/121.473700,31.230400;121.473700,31.250400"
    return httpx.Response(200, json={"code": "Ok", "routes": [{"duration": 720.0, "distance": 3000.0}]})


def test_without_a_server_the_formula_answers() -> None:
    way = asyncio.run(OfflineRouting().way(HERE, THERE, Transport.EBIKE, NOON))

    assert way == Way(minutes=16, distance_m=2224, source="offline")


def test_the_server_routes_and_the_rush_slows() -> None:
    assert asyncio.run(osrm(routed).way(HERE, THERE, Transport.EBIKE, NOON)) == Way(19, 3000, "osrm")
    assert asyncio.run(osrm(routed).way(HERE, THERE, Transport.EBIKE, RUSH)) == Way(20, 3000, "osrm")


def test_the_same_trip_is_asked_once() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return routed(request)

    async def twice() -> list[Way]:
        routing = osrm(answer)
        return [await routing.way(HERE, THERE, Transport.EBIKE, NOON) for _ in range(2)]

    first, second = asyncio.run(twice())
    assert first == second
    assert len(asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        lambda _request: httpx.Response(500),
        lambda _request: httpx.Response(200, text="no json"),
        lambda _request: httpx.Response(200, json={"code": "NoRoute", "routes": []}),
        lambda _request: httpx.Response(200, json={"code": "Ok", "routes": [{"duration": 5.0, "distance": 10.0}]}),
    ],
)
def test_a_server_that_fails_is_replaced_by_the_formula_and_left_alone(
    answer: Callable[[httpx.Request], httpx.Response],
) -> None:
    asked: list[int] = []

    def counted(request: httpx.Request) -> httpx.Response:
        asked.append(1)
        return answer(request)

    async def twice() -> list[Way]:
        routing = osrm(counted)
        return [await routing.way(HERE, THERE, Transport.EBIKE, NOON) for _ in range(2)]

    assert {way.source for way in asyncio.run(twice())} == {"offline"}
    assert len(asked) == 1


def test_buses_are_always_estimated() -> None:
    def never(_request: httpx.Request) -> httpx.Response:
        raise AssertionError("asked")

    assert asyncio.run(osrm(never).way(HERE, THERE, Transport.TRANSIT, NOON)).source == "offline"
