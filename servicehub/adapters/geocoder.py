"""From words to places: a Protocol, a local gazetteer that needs no network, and Nominatim through geopy.

Knows no table. Every place leaves here in WGS-84. The gazetteer's estates are invented around public spots of one demo city.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from geopy.exc import GeopyError  # type: ignore[import-untyped]
from geopy.geocoders import Nominatim  # type: ignore[import-untyped]

from servicehub.domain.geo import Datum, to_wgs84
from servicehub.errors import Unavailable
from servicehub.settings import get_settings


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere with a name. `adcode` of the district where it is known, else empty."""

    name: str
    name_en: str
    address: str
    lat: float
    lng: float
    adcode: str = ""


class Geocoder(Protocol):
    """Whatever can find places by words."""

    def geocode(self, query: str, *, limit: int = 8) -> list[Place]:
        """Places that fit `query`, best first. Raises: Unavailable when the service does not answer."""


SPOTS: tuple[tuple[str, str, str, str, float, float], ...] = (
    # name, English, district, adcode, lng, lat (GCJ-02)
    ("人民广场", "People's Square", "黄浦区", "310101", 121.4752, 31.2328),
    ("徐家汇", "Xujiahui", "徐汇区", "310104", 121.4370, 31.1945),
    ("中山公园", "Zhongshan Park", "长宁区", "310105", 121.4170, 31.2183),
    ("静安寺", "Jing'an Temple", "静安区", "310106", 121.4466, 31.2233),
    ("长寿路", "Changshou Road", "普陀区", "310107", 121.4380, 31.2410),
    ("四川北路", "North Sichuan Road", "虹口区", "310109", 121.4836, 31.2530),
    ("五角场", "Wujiaochang", "杨浦区", "310110", 121.5142, 31.2985),
    ("七宝", "Qibao", "闵行区", "310112", 121.3494, 31.1553),
    ("莘庄", "Xinzhuang", "闵行区", "310112", 121.3856, 31.1108),
    ("大宁", "Daning", "静安区", "310106", 121.4530, 31.2790),
    ("陆家嘴", "Lujiazui", "浦东新区", "310115", 121.5023, 31.2381),
    ("世纪公园", "Century Park", "浦东新区", "310115", 121.5504, 31.2097),
    ("张江", "Zhangjiang", "浦东新区", "310115", 121.5876, 31.2018),
)
ESTATES: tuple[tuple[str, str], ...] = (
    ("梧桐里花园", "Wutongli Garden"),
    ("云锦雅苑", "Yunjin Court"),
    ("江湾新语", "Jiangwan Verse"),
    ("康宁公寓", "Kangning Apartments"),
    ("桂林路小区", "Guilin Road Estate"),
    ("海棠苑", "Haitang Court"),
)
_RING: tuple[tuple[float, float], ...] = (
    (0.0021, 0.0013),
    (-0.0034, 0.0042),
    (0.0047, -0.0039),
    (-0.0018, -0.0055),
    (0.0009, 0.0068),
    (-0.0061, 0.0007),
)
"""Where an estate lies from its spot, in degrees."""


def _gazetteer() -> list[Place]:
    places = []
    for spot_no, (spot, spot_en, district, adcode, lng, lat) in enumerate(SPOTS):
        for estate_no, (estate, estate_en) in enumerate(ESTATES):
            north, east = _RING[(estate_no + spot_no) % len(_RING)]
            at = to_wgs84(lat + north, lng + east, Datum.GCJ02)
            places.append(
                Place(
                    f"{spot}{estate}",
                    f"{estate_en}, {spot_en}",
                    f"上海市{district}{spot}",
                    round(at.lat, 6),
                    round(at.lng, 6),
                    adcode,
                )
            )
    return places


PLACES: tuple[Place, ...] = tuple(_gazetteer())
"""Seventy-eight invented estates in the nine open districts."""


class GazetteerGeocoder:
    """Finds the invented estates by any part of their Chinese or English names. Answers at once, without a network."""

    def geocode(self, query: str, *, limit: int = 8) -> list[Place]:
        """Every word of `query` must occur; names that begin with it come first."""
        words = query.casefold().split()
        if not words:
            return []
        found = [p for p in PLACES if all(w in f"{p.name} {p.name_en} {p.address}".casefold() for w in words)]
        found.sort(key=lambda p: (not p.name.casefold().startswith(words[0]), p.name))
        return found[:limit]


class NominatimGeocoder:
    """OpenStreetMap's geocoder; mind its usage policy, or run one of your own."""

    def __init__(self, domain: str, user_agent: str, *, country: str = "cn") -> None:
        self._client = Nominatim(domain=domain, user_agent=user_agent, timeout=4)
        self._country = country

    def geocode(self, query: str, *, limit: int = 8) -> list[Place]:
        """See `Geocoder`."""
        try:
            found = self._client.geocode(query, exactly_one=False, limit=limit, country_codes=self._country)
        except GeopyError as error:
            raise Unavailable("geocoder") from error
        return [
            Place(f.address.split(",")[0], f.address.split(",")[0], f.address, f.latitude, f.longitude)
            for f in found or ()
        ]


@lru_cache(maxsize=1)
def geocoder() -> Geocoder:
    """The geocoder that the settings name."""
    settings = get_settings()
    if settings.geocoder_domain:
        return NominatimGeocoder(settings.geocoder_domain, f"servicehub ({settings.base_url})")
    return GazetteerGeocoder()


def search(query: str, *, limit: int = 8) -> Sequence[Place]:
    """Places that fit `query`, through the configured geocoder."""
    return geocoder().geocode(query, limit=limit)
