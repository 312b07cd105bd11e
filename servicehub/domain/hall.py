"""The hall of open orders: who sees one when, and how long claims are collected before the best of them gets it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

WAVE_M = 3_000
"""An order that begins in the hall is shown first to those who have no longer way than this…"""
WAVE_EVERY = timedelta(seconds=15)
"""…and to as much more again after each such time."""


class Opened(Protocol):
    """What of an order decides since when it is in the hall."""

    round: int
    paid_at: datetime | None


def opened_at(order: Opened) -> datetime | None:
    """Since when the order has been in the hall, if it began there: those who are near see it first. Else everybody does."""
    return order.paid_at if order.round == 0 else None


def reach_m(opened_at: datetime, now: datetime) -> int:
    """How far away somebody may be who sees the order now."""
    return WAVE_M * (1 + max(0, (now - opened_at) // WAVE_EVERY))


def next_wave_at(opened_at: datetime, distance_m: int) -> datetime:
    """When somebody this far away sees it."""
    return opened_at + WAVE_EVERY * max(0, -(-distance_m // WAVE_M) - 1)
