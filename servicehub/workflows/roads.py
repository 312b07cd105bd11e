"""Asking a road network for the ways of a city: read what is due, ask between transactions, keep the answer."""

from __future__ import annotations

import logging
from datetime import datetime

import numpy as np

from servicehub.adapters.routing import OsrmTables, RoadTables
from servicehub.db import Database
from servicehub.domain.technician import Transport
from servicehub.domain.travel import Zones, factors_of
from servicehub.errors import Unavailable
from servicehub.services import roads
from servicehub.settings import get_settings

_log = logging.getLogger(__name__)


def refresh(database: Database, now: datetime, *, source: RoadTables | None = None) -> int:
    """Renew the tables that are due; returns how many. Nothing is asked where no routing server is configured.

    A city whose table could not be had keeps the one before; it is asked for again next time.
    """
    address = get_settings().routing_url
    if source is None and not address:
        return 0
    source, made = source or OsrmTables(address), 0
    for city_id, zones in database.read_now(roads.due, now):
        try:
            factors = _factors(source, zones)
        except Unavailable as error:
            _log.warning("no table of ways for city %s: %s", city_id, error)
            continue
        database.write_now(roads.store, city_id, source.name, zones, factors, now=now)
        made += 1
    return made


def _factors(source: RoadTables, zones: Zones) -> np.ndarray:
    centres = zones.centres()
    found = []
    for transport in Transport:
        minutes = source.minutes(centres, transport)
        plain = np.ones((len(zones), len(zones)))
        found.append(plain if minutes is None else factors_of(zones, transport, minutes))
    return np.stack(found)
