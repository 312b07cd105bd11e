"""The way that a technician really takes: a Protocol, the offline formula, and a self-hosted OSRM with a cache.

For one trip at a time (the estimate a customer sees, the few best candidates before an offer); the schedule itself always uses the
offline formula, so that the same question has the same answer. Never fails: what does not answer in time is estimated offline.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import httpx

from servicehub.domain.geo import Point, distance_m
from servicehub.domain.technician import Transport
from servicehub.domain.travel import OFFLINE

CACHED_WAYS = 5_000
CACHED_S = 7 * 24 * 3600.0
GRID = 1000
"""Ends within about a hundred metres share an answer: degrees are kept to a thousandth."""
REST_S = 30.0
"""After a failure the server is left alone for this long."""
PROFILES: dict[Transport, str] = {Transport.EBIKE: "bike", Transport.CAR: "car"}
"""OSRM knows no buses: transit is always estimated."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Way:
    """One trip. `source`: offline or osrm."""

    minutes: int
    distance_m: int
    source: str


class Routing(Protocol):
    """Whatever can say how long one trip takes."""

    async def way(self, origin: Point, destination: Point, transport: Transport, minute_of_day: int) -> Way: ...


class OfflineRouting:
    """The formula of `domain.travel`; needs no network."""

    async def way(self, origin: Point, destination: Point, transport: Transport, minute_of_day: int) -> Way:
        return estimate(origin, destination, transport, minute_of_day)


def estimate(origin: Point, destination: Point, transport: Transport, minute_of_day: int) -> Way:
    """The trip by the offline formula; the distance is the great circle's."""
    leg = OFFLINE.leg(origin, destination, transport)
    return Way(leg.minutes(minute_of_day), round(leg.distance_m), "offline")


class OsrmRouting:
    """An OSRM server (`/route/v1`), WGS-84 throughout. Parking and unlocking are added as in the offline formula."""

    def __init__(
        self,
        base_url: str,
        *,
        client: httpx.AsyncClient | None = None,
        timeout_s: float = 1.5,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._client = client or httpx.AsyncClient(timeout=timeout_s)
        self._monotonic = monotonic
        self._known: OrderedDict[tuple[str, tuple[int, ...]], tuple[float, float, float]] = OrderedDict()
        self._rests_until = 0.0

    async def way(self, origin: Point, destination: Point, transport: Transport, minute_of_day: int) -> Way:
        """The trip as the server routes it, scaled by the rush hour; the offline estimate when it does not answer."""
        offline = estimate(origin, destination, transport, minute_of_day)
        profile = PROFILES.get(transport)
        if profile is None or offline.minutes == 0:
            return offline
        routed = await self._routed(origin, destination, profile)
        if routed is None:
            return offline
        seconds, metres = routed
        leg = OFFLINE.leg(origin, destination, transport)
        rush = leg.minutes(minute_of_day) / leg.calm_minutes if leg.calm_minutes else 1.0
        fixed = OFFLINE.leg(origin, origin._replace(lat=origin.lat + 0.0003), transport).calm_minutes
        return Way(max(1, round(seconds / 60 * rush)) + fixed, round(metres), "osrm")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _routed(self, origin: Point, destination: Point, profile: str) -> tuple[float, float] | None:
        key = (profile, tuple(round(v * GRID) for v in (*origin, *destination)))
        known = self._known.get(key)
        now = self._monotonic()
        if known is not None and now < known[0]:
            self._known.move_to_end(key)
            return known[1], known[2]
        if now < self._rests_until:
            return None
        asked = await self._ask(origin, destination, profile)
        if asked is None:
            self._rests_until = now + REST_S
            return None
        self._known[key] = (now + CACHED_S, *asked)
        while len(self._known) > CACHED_WAYS:
            self._known.popitem(last=False)
        return asked

    async def _ask(self, origin: Point, destination: Point, profile: str) -> tuple[float, float] | None:
        ends = f"{origin.lng:.6f},{origin.lat:.6f};{destination.lng:.6f},{destination.lat:.6f}"
        try:
            answer = await self._client.get(f"{self._base_url}/route/v1/{profile}/{ends}", params={"overview": "false"})
            answer.raise_for_status()
            body = answer.json()
            route = body["routes"][0]
            seconds, metres = float(route["duration"]), float(route["distance"])
        except (httpx.HTTPError, ValueError, KeyError, IndexError, TypeError) as error:
            _log.warning("routing server did not answer: %s", type(error).__name__)
            return None
        if body.get("code") != "Ok" or seconds < 0 or metres + 100 < distance_m(origin, destination) * 0.9:
            return None
        return seconds, metres
