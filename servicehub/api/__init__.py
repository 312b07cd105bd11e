"""HTTP beside the pages: log-in exchange, pictures, positions, payment callbacks, health. A module joins by a `ROUTES` list.

Owns the list of modules only. Everything around the routes (headers, limits, origins) is in `api.edge`.
"""

from __future__ import annotations

from importlib import import_module

from starlette.routing import BaseRoute

MODULES = (
    "session",
    "health",
    "photos",
    "technician",
    "statements",
    "invoices",
    "payments",
    "guarantees",
    "payouts",
    "wechat",
)


def routes() -> list[BaseRoute]:
    """Every route, in the order of `MODULES`."""
    found: list[BaseRoute] = []
    for name in MODULES:
        found.extend(import_module(f"servicehub.api.{name}").ROUTES)
    return found
