"""What both platforms hold to when a payment is divided: when it may be, how much of it, and when what is frozen is released."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from servicehub.gateway_sim.platform import Platform, now

MOST_PERCENT = 30
SETTLING = timedelta(minutes=1)
FROZEN_FOR = timedelta(days=30)
MOST_RECEIVERS, MOST_CALLS = 50, 50


def clock_of(platform: Platform) -> datetime:
    """The time by which shares are judged: it can be turned ahead."""
    return now() + timedelta(seconds=platform.faults.share_ahead_s)


def is_settling(platform: Platform, paid_at: datetime) -> bool:
    """Whether the payment is too young to be divided."""
    return clock_of(platform) - paid_at < SETTLING


def is_released(platform: Platform, paid_at: datetime) -> bool:
    """Whether what was frozen went to the merchant by itself."""
    return clock_of(platform) - paid_at >= FROZEN_FOR


def is_too_much(fen: int, shared_fen: int, total_fen: int) -> bool:
    """Whether a further share is above the ratio."""
    return shared_fen + fen > total_fen * MOST_PERCENT // 100


def left_of(paid: Mapping[str, Any], total_fen: int) -> int:
    """What the merchant still has of a payment."""
    return total_fen - int(paid.get("refunded", 0)) - int(paid.get("shared", 0))
