"""A road network's table: asked in blocks, in both directions, with what it does not know; never half an answer."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import numpy as np
import pytest

from servicehub.adapters.routing import BLOCK, TRIES, OsrmTables
from servicehub.domain.geo import Point
from servicehub.domain.technician import Transport
from servicehub.errors import Unavailable

HERE, THERE = Point(31.2304, 121.4737), Point(31.2504, 121.4737)


def osrm(answer: Callable[[httpx.Request], httpx.Response], waits: list[float] | None = None) -> OsrmTables:
    client = httpx.Client(transport=httpx.MockTransport(answer))
    return OsrmTables("http://osrm/", client=client, sleep=(waits if waits is not None else []).append)


def numbered(request: httpx.Request) -> httpx.Response:
    """A table in which the way from place i to place j takes i hours and j minutes; a place's number is its latitude's."""
    ends = [pair.split(",") for pair in request.url.path.rsplit("/", 1)[-1].split(";")]
    number = [round((float(lat) - 30) * 1000) for _lng, lat in ends]
    origins, goals = (
        [number[int(i)] for i in request.url.params[side].split(";")] for side in ("sources", "destinations")
    )
    return httpx.Response(200, json={"code": "Ok", "durations": [[i * 3600 + j * 60 for j in goals] for i in origins]})


def test_two_places_are_one_request() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"code": "Ok", "durations": [[0, 720], [780.0, 0]]})

    minutes = osrm(answer).minutes([HERE, THERE], Transport.EBIKE)

    assert minutes is not None
    assert minutes.tolist() == [[0, 12], [13, 0]]
    (request,) = asked
    ends = "121.473700,31.230400;121.473700,31.250400"
    assert request.url.path == f"/table/v1/bike/{ends};{ends}"
    assert dict(request.url.params) == {"annotations": "duration", "sources": "0;1", "destinations": "2;3"}


def test_many_places_are_asked_in_blocks_and_put_together() -> None:
    count = 2 * BLOCK + 3
    minutes = osrm(numbered).minutes([Point(30 + i / 1000, 121.0) for i in range(count)], Transport.CAR)

    i, j = np.meshgrid(np.arange(count), np.arange(count), indexing="ij")
    np.testing.assert_array_equal(minutes, i * 60 + j)


def test_no_road_is_not_a_number_and_buses_are_not_known() -> None:
    table = osrm(lambda _r: httpx.Response(200, json={"code": "Ok", "durations": [[0, None], [60, 0]]}))

    minutes = table.minutes([HERE, THERE], Transport.CAR)
    assert minutes is not None
    assert np.isnan(minutes[0, 1])
    assert table.minutes([HERE, THERE], Transport.TRANSIT) is None


@pytest.mark.parametrize(
    "answer",
    [
        lambda _r: httpx.Response(500),
        lambda _r: httpx.Response(200, text="no json"),
        lambda _r: httpx.Response(200, json={"code": "InvalidQuery"}),
        lambda _r: httpx.Response(200, json={"code": "Ok", "durations": [[0, 1]]}),
        lambda _r: httpx.Response(200, json={"code": "Ok", "durations": [[0, -1], [1, 0]]}),
        lambda _r: httpx.Response(200, json={"code": "Ok", "durations": [[0, "x"], [1, 0]]}),
        lambda _r: httpx.Response(200, json={"code": "Ok"}),
        lambda _r: httpx.Response(200, json=[]),
    ],
)
def test_half_an_answer_is_none(answer: Callable[[httpx.Request], httpx.Response]) -> None:
    waits: list[float] = []

    with pytest.raises(Unavailable):
        osrm(answer, waits).minutes([HERE, THERE], Transport.EBIKE)
    assert len(waits) == TRIES - 1, "asked again, later each time"


def test_a_server_that_is_back_answers_the_next_try() -> None:
    answers = iter([httpx.Response(503), httpx.Response(200, json={"code": "Ok", "durations": [[0, 60], [60, 0]]})])

    assert osrm(lambda _request: next(answers)).minutes([HERE, THERE], Transport.EBIKE) is not None
