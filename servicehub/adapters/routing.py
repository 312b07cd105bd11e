"""What a road network knows of ways: a Protocol, and a self-hosted OSRM server (`/table/v1`), WGS-84 throughout.

Asked for a whole table now and then (`workflows.roads`), never while somebody waits: the schedule and the matching need the same
answer to the same question, so they read the stored table (`domain.travel.TravelTimes`).
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import httpx
import numpy as np
from numpy.typing import NDArray

from servicehub.domain.geo import Point
from servicehub.domain.technician import Transport
from servicehub.errors import Unavailable

PROFILES: dict[Transport, str] = {Transport.EBIKE: "bike", Transport.CAR: "car"}
"""OSRM knows no buses."""
BLOCK = 50
"""Places on either side of one request: a server takes a hundred unless told otherwise."""
TRIES = 3
WAIT_S = 2.0


class RoadTables(Protocol):
    """Whatever knows how long many ways take."""

    name: str

    def minutes(self, places: Sequence[Point], transport: Transport) -> NDArray[np.float64] | None:
        """[places, places] minutes on the move, not a number where there is no road; None: it does not know this transport.

        Raises: Unavailable when it does not answer.
        """


class OsrmTables:
    """An OSRM server with profiles for bicycles and cars."""

    name = "osrm"

    def __init__(
        self,
        base_url: str,
        *,
        client: httpx.Client | None = None,
        timeout_s: float = 20.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._client = client or httpx.Client(timeout=timeout_s)
        self._sleep = sleep

    def minutes(self, places: Sequence[Point], transport: Transport) -> NDArray[np.float64] | None:
        """See `RoadTables.minutes`."""
        profile = PROFILES.get(transport)
        if profile is None:
            return None
        found = np.full((len(places), len(places)), np.nan)
        for rows, columns in itertools.product(_blocks(len(places)), repeat=2):
            seconds = self._asked([places[i] for i in rows], [places[i] for i in columns], profile)
            found[np.ix_(rows, columns)] = seconds / 60
        return found

    def _asked(self, origins: Sequence[Point], goals: Sequence[Point], profile: str) -> NDArray[np.float64]:
        ends = ";".join(f"{place.lng:.6f},{place.lat:.6f}" for place in (*origins, *goals))
        first = range(len(origins))
        params = {
            "annotations": "duration",
            "sources": ";".join(map(str, first)),
            "destinations": ";".join(str(len(origins) + i) for i in range(len(goals))),
        }
        trouble = ""
        for attempt in range(TRIES):
            if attempt:
                self._sleep(WAIT_S * attempt)
            try:
                answer = self._client.get(f"{self._base_url}/table/v1/{profile}/{ends}", params=params)
                answer.raise_for_status()
                return _seconds(answer.json(), (len(origins), len(goals)))
            except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
                trouble = type(error).__name__
        raise Unavailable(f"routing server: {trouble}")


def _blocks(count: int) -> Iterator[list[int]]:
    for first in range(0, count, BLOCK):
        yield list(range(first, min(first + BLOCK, count)))


def _seconds(body: Any, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Raises: ValueError, KeyError, TypeError for what is no table of this shape."""
    if body["code"] != "Ok":
        raise ValueError(body["code"])
    table = np.array(body["durations"], np.float64)  # no road: None, which becomes not a number
    if table.shape != shape or (table < 0).any():
        raise ValueError("not the table that was asked for")
    return table
