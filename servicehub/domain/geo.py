"""Places on the earth: points, distances, the three map datums of China and the district that a point belongs to.

Inside the product every coordinate is WGS-84. Conversion happens at the edges only, through `to_wgs84` and `from_wgs84`, and
an unnamed or unknown datum is refused: mixing datums moves a door by half a kilometre. Knows no map provider and no table.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from servicehub.errors import Invalid

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius of the WGS-84 ellipsoid."""
_GCJ_A = 6_378_245.0
_GCJ_EE = 0.00669342162296594323
_BD_X_PI = math.pi * 3000.0 / 180.0
_BD_DLAT, _BD_DLNG = 0.0060, 0.0065
_FIXED_POINT_STEPS = 6
"""Steps of the inverse; leaves an error of nanometres."""

Array = NDArray[np.float64]


class UnknownDatum(Invalid):
    """The point does not say in which map system it was measured."""


class BadPoint(Invalid):
    """The numbers are no place on the earth."""


class Datum(StrEnum):
    """Map systems: GPS, AMap and Tencent (GCJ-02), Baidu (BD-09)."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"
    BD09 = "bd09"


class Point(NamedTuple):
    """A place in degrees, WGS-84."""

    lat: float
    lng: float


def point(lat: float, lng: float) -> Point:
    """A checked point for numbers that come from outside.

    Raises: BadPoint.
    """
    if not (math.isfinite(lat) and math.isfinite(lng) and -90 <= lat <= 90 and -180 <= lng <= 180):
        raise BadPoint("no such place", lat=lat, lng=lng)
    return Point(float(lat), float(lng))


def distance_m(a: Point, b: Point) -> float:
    """Great-circle distance in metres (haversine on the mean sphere; within 0.5 % of the ellipsoid)."""
    lat1, lat2 = math.radians(a[0]), math.radians(b[0])
    half = math.sin((lat2 - lat1) / 2) ** 2
    half += math.cos(lat1) * math.cos(lat2) * math.sin(math.radians(b[1] - a[1]) / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(half)))


def distances_m(origin: Point, lats: ArrayLike, lngs: ArrayLike) -> Array:
    """`distance_m` from one point to many, as an array of metres."""
    return apart_m(origin[0], origin[1], lats, lngs)


def apart_m(lats: ArrayLike, lngs: ArrayLike, other_lats: ArrayLike, other_lngs: ArrayLike) -> Array:
    """`distance_m` of pairs, as an array of metres; one side may be a single point."""
    lat1, lat2 = (np.radians(np.asarray(lat, dtype=np.float64)) for lat in (lats, other_lats))
    east = np.asarray(other_lngs, dtype=np.float64) - np.asarray(lngs, dtype=np.float64)
    half = np.sin((lat2 - lat1) / 2) ** 2
    half = half + np.cos(lat1) * np.cos(lat2) * np.sin(np.radians(east) / 2) ** 2
    result: Array = 2 * EARTH_RADIUS_M * np.arcsin(np.minimum(1.0, np.sqrt(half)))
    return result


def on_sphere(lats: ArrayLike, lngs: ArrayLike) -> Array:
    """[..., 3] points of the unit sphere: chords between them are in the order of great circles, and quick to compute."""
    lat, lng = np.radians(np.asarray(lats, np.float64)), np.radians(np.asarray(lngs, np.float64))
    across = np.cos(lat)
    return np.stack([across * np.cos(lng), across * np.sin(lng), np.sin(lat)], axis=-1)


def degrees_around(centre: Point, radius_m: float) -> tuple[float, float]:
    """Half height and half width, in degrees, of a box that holds every point within `radius_m` of `centre`."""
    lat = math.degrees(radius_m / EARTH_RADIUS_M)
    return lat, lat / max(0.01, math.cos(math.radians(centre[0])))


def in_china(lat: ArrayLike, lng: ArrayLike) -> NDArray[np.bool_]:
    """Whether GCJ-02 shifts these points: the customary rectangle, not the border."""
    lat, lng = np.asarray(lat, dtype=np.float64), np.asarray(lng, dtype=np.float64)
    inside: NDArray[np.bool_] = (lat >= 0.8293) & (lat <= 55.8271) & (lng >= 72.004) & (lng <= 137.8347)
    return inside


def _wgs_to_gcj(lat: Array, lng: Array) -> tuple[Array, Array]:
    x, y = lng - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    wave = (20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)) * 2.0 / 3.0
    d_lat = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + wave
    d_lat = d_lat + (20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    d_lat = d_lat + (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    d_lng = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + wave
    d_lng = d_lng + (20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    d_lng = d_lng + (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    rad = np.radians(lat)
    magic = 1 - _GCJ_EE * np.sin(rad) ** 2
    d_lat = np.degrees(d_lat * magic * np.sqrt(magic) / (_GCJ_A * (1 - _GCJ_EE)))
    d_lng = np.degrees(d_lng * np.sqrt(magic) / (_GCJ_A * np.cos(rad)))
    shifted = in_china(lat, lng)
    return lat + np.where(shifted, d_lat, 0.0), lng + np.where(shifted, d_lng, 0.0)


def _gcj_to_bd(lat: Array, lng: Array) -> tuple[Array, Array]:
    radius = np.hypot(lng, lat) + 0.00002 * np.sin(lat * _BD_X_PI)
    angle = np.arctan2(lat, lng) + 0.000003 * np.cos(lng * _BD_X_PI)
    return radius * np.sin(angle) + _BD_DLAT, radius * np.cos(angle) + _BD_DLNG


def _wgs_to_bd(lat: Array, lng: Array) -> tuple[Array, Array]:
    shifted = in_china(lat, lng)
    bd_lat, bd_lng = _gcj_to_bd(*_wgs_to_gcj(lat, lng))
    return np.where(shifted, bd_lat, lat), np.where(shifted, bd_lng, lng)


def _same(lat: Array, lng: Array) -> tuple[Array, Array]:
    return lat, lng


_OUT: dict[Datum, Callable[[Array, Array], tuple[Array, Array]]] = {
    Datum.WGS84: _same,
    Datum.GCJ02: _wgs_to_gcj,
    Datum.BD09: _wgs_to_bd,
}


def _known(datum: str) -> Datum:
    try:
        return Datum(datum)
    except ValueError:
        raise UnknownDatum("unknown datum", datum=str(datum)) from None


def arrays_from_wgs84(lats: ArrayLike, lngs: ArrayLike, datum: str) -> tuple[Array, Array]:
    """WGS-84 latitudes and longitudes in `datum`.

    Raises: UnknownDatum.
    """
    return _OUT[_known(datum)](np.asarray(lats, dtype=np.float64), np.asarray(lngs, dtype=np.float64))


def arrays_to_wgs84(lats: ArrayLike, lngs: ArrayLike, datum: str) -> tuple[Array, Array]:
    """Latitudes and longitudes measured in `datum` as WGS-84, by fixed-point iteration of the way out.

    Raises: UnknownDatum.
    """
    out = _OUT[_known(datum)]
    lat, lng = np.asarray(lats, dtype=np.float64), np.asarray(lngs, dtype=np.float64)
    if out is _same:
        return lat, lng
    guess_lat, guess_lng = lat.copy(), lng.copy()
    for _step in range(_FIXED_POINT_STEPS):
        there_lat, there_lng = out(guess_lat, guess_lng)
        guess_lat, guess_lng = guess_lat + lat - there_lat, guess_lng + lng - there_lng
    return guess_lat, guess_lng


def to_wgs84(lat: float, lng: float, datum: str) -> Point:
    """A point measured in `datum` (`wgs84`, `gcj02`, `bd09`) as we keep it.

    Raises: UnknownDatum, BadPoint.
    """
    checked = point(lat, lng)
    lats, lngs = arrays_to_wgs84(checked.lat, checked.lng, datum)
    return Point(float(lats), float(lngs))


def from_wgs84(place: Point, datum: str) -> tuple[float, float]:
    """`(lat, lng)` of one of our points for a map that speaks `datum`.

    Raises: UnknownDatum.
    """
    lats, lngs = arrays_from_wgs84(place.lat, place.lng, datum)
    return float(lats), float(lngs)


class Centre(NamedTuple):
    """Centre of a district; `key` is whatever the caller knows it by."""

    key: int
    place: Point


def nearest(place: Point, centres: Iterable[Centre], *, within_m: float = 60_000) -> Centre | None:
    """The centre that `place` belongs to: the nearest one, the smaller key on a tie; None when all are farther than `within_m`."""
    ranked = min(((distance_m(place, c.place), c.key, c) for c in centres), default=None)
    return ranked[2] if ranked is not None and ranked[0] <= within_m else None
