"""Technicians' time. Knows no status and no money: callers say when.

`visits` says what a visit asks of time, `claims` takes and gives back, `openings` says what is free.
"""

from servicehub.services.scheduling.claims import (
    claim,
    exchange,
    holder,
    holders,
    lock_days,
    prolong,
    promote,
    release,
    swap,
    swap_many,
)
from servicehub.services.scheduling.openings import (
    Alternative,
    alternatives,
    check,
    free_technicians,
    lock_everybody,
    require_somebody,
)
from servicehub.services.scheduling.visits import Visit

__all__ = [
    "Alternative",
    "Visit",
    "alternatives",
    "check",
    "claim",
    "exchange",
    "free_technicians",
    "holder",
    "holders",
    "lock_days",
    "lock_everybody",
    "prolong",
    "promote",
    "release",
    "require_somebody",
    "swap",
    "swap_many",
]
