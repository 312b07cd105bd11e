"""Distances, datums and districts. The converted values were computed once with the `prcoords` package, which we do not need."""

from __future__ import annotations

import numpy as np
import pytest

from servicehub.domain.geo import (
    BadPoint,
    Centre,
    Point,
    UnknownDatum,
    arrays_from_wgs84,
    arrays_to_wgs84,
    degrees_around,
    distance_m,
    distances_m,
    from_wgs84,
    nearest,
    point,
    to_wgs84,
)

REFERENCE = [
    # WGS-84, GCJ-02, BD-09
    ((31.2304, 121.4737), (31.22845773757727, 121.47822305927693), (31.234310593689997, 121.484781468503)),
    ((39.9042, 116.4074), (39.90560334316507, 116.41364225378803), (39.91186533561899, 116.42004633029816)),
    ((43.8256, 87.6168), (43.82680539311119, 87.61964994946926), (43.83294979479328, 87.62609977081571)),
    ((22.5431, 114.0579), (22.54038281422246, 114.06301399856547), (22.546041559073544, 114.06956398703267)),
    ((45.8038, 126.5350), (45.80578152514843, 126.54104035015793), (45.81139582294028, 126.54765921413988)),
]


@pytest.mark.parametrize(("wgs", "gcj", "bd"), REFERENCE)
def test_we_convert_as_the_reference_does(wgs, gcj, bd) -> None:
    assert from_wgs84(Point(*wgs), "gcj02") == pytest.approx(gcj, abs=1e-9)
    assert from_wgs84(Point(*wgs), "bd09") == pytest.approx(bd, abs=1e-7)


@pytest.mark.parametrize(("wgs", "gcj", "bd"), REFERENCE)
def test_the_way_back_ends_within_a_millimetre(wgs, gcj, bd) -> None:
    here = Point(*wgs)

    assert distance_m(to_wgs84(*from_wgs84(here, "gcj02"), "gcj02"), here) < 0.001
    assert distance_m(to_wgs84(*from_wgs84(here, "bd09"), "bd09"), here) < 0.001
    assert distance_m(to_wgs84(*gcj, "gcj02"), here) < 0.001
    assert distance_m(to_wgs84(*bd, "bd09"), here) < 0.02


def test_mixing_datums_moves_a_door_by_half_a_kilometre() -> None:
    shifts = [distance_m(Point(*wgs), Point(*gcj)) for wgs, gcj, _bd in REFERENCE]

    assert all(200 < metres < 800 for metres in shifts)


def test_outside_china_nothing_moves() -> None:
    berlin = Point(52.52, 13.405)

    assert from_wgs84(berlin, "gcj02") == berlin
    assert to_wgs84(*berlin, "bd09") == pytest.approx(berlin)


def test_many_points_convert_at_once_and_alike() -> None:
    lats, lngs = np.linspace(20, 45, 500), np.linspace(80, 125, 500)
    gcj = arrays_from_wgs84(lats, lngs, "gcj02")
    back = arrays_to_wgs84(*gcj, "gcj02")

    assert np.abs(back[0] - lats).max() < 1e-9
    assert np.abs(back[1] - lngs).max() < 1e-9
    assert from_wgs84(Point(float(lats[7]), float(lngs[7])), "gcj02") == pytest.approx((gcj[0][7], gcj[1][7]))


@pytest.mark.parametrize("datum", ["", "gcj-02", "WGS84", "cgcs2000"])
def test_an_unknown_datum_is_refused(datum: str) -> None:
    with pytest.raises(UnknownDatum):
        to_wgs84(31.2, 121.4, datum)
    with pytest.raises(UnknownDatum):
        from_wgs84(Point(31.2, 121.4), datum)


@pytest.mark.parametrize(("lat", "lng"), [(91, 0), (0, 181), (float("nan"), 0), (0, float("inf"))])
def test_what_is_no_place_is_refused(lat: float, lng: float) -> None:
    with pytest.raises(BadPoint):
        point(lat, lng)


def test_known_distances() -> None:
    shanghai, beijing = Point(31.2304, 121.4737), Point(39.9042, 116.4074)

    assert distance_m(shanghai, shanghai) == 0
    assert distance_m(shanghai, beijing) == pytest.approx(1_067_000, rel=0.002)
    assert distance_m(shanghai, beijing) == distance_m(beijing, shanghai)
    assert distances_m(shanghai, [beijing.lat], [beijing.lng])[0] == pytest.approx(
        distance_m(shanghai, beijing), abs=1e-3
    )


def test_a_box_holds_its_circle() -> None:
    here = Point(31.2, 121.4)
    half_lat, half_lng = degrees_around(here, 5_000)

    assert distance_m(here, Point(here.lat + half_lat, here.lng)) == pytest.approx(5_000, rel=1e-6)
    assert distance_m(here, Point(here.lat, here.lng + half_lng)) == pytest.approx(5_000, rel=1e-3)


def test_a_point_belongs_to_the_nearest_centre_and_to_none_far_away() -> None:
    centres = [Centre(2, Point(31.20, 121.40)), Centre(1, Point(31.30, 121.40)), Centre(3, Point(31.30, 121.40))]

    assert nearest(Point(31.22, 121.41), centres) == centres[0]
    assert nearest(Point(31.29, 121.41), centres) == centres[1]
    assert nearest(Point(39.9, 116.4), centres) is None
    assert nearest(Point(31.2, 121.4), []) is None
