"""Past orders as they come in, the rows that one becomes, and what pricing and settling need to know."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any, Literal
from zoneinfo import ZoneInfo

from servicehub.domain.cancellation import CancellationPolicy, month_of
from servicehub.domain.geo import Point
from servicehub.domain.policy import OrderPolicy
from servicehub.models.catalog import AddOn, City, ServiceItem
from servicehub.models.customer import Address
from servicehub.models.technician import Technician

Outcome = Literal["finished", "cancelled_free", "cancelled_late", "expired", "no_show"]
CHANNEL = "simulator"


@dataclass(frozen=True, slots=True)
class PastReview:
    stars: int
    tags: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class PastOrder:
    """One order of the past. `late_minutes` after the planned start the technician arrived (negative: before)."""

    customer_id: int
    address_id: int
    item_id: int
    technician_id: int | None
    created_at: datetime
    start_at: datetime
    outcome: Outcome
    quantity: int = 1
    add_ons: tuple[tuple[str, int], ...] = ()
    late_minutes: int = -4
    travel_minutes: int = 18
    review: PastReview | None = None


@dataclass(slots=True)
class Rows:
    """What one order becomes, before ids are known."""

    order: dict[str, Any]
    lines: list[dict[str, Any]] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)
    payments: list[dict[str, Any]] = field(default_factory=list)
    refunds: list[dict[str, Any]] = field(default_factory=list)
    offers: list[dict[str, Any]] = field(default_factory=list)
    earning: dict[str, Any] | None = None
    review: dict[str, Any] | None = None
    free: dict[str, Any] | None = None
    """The free late cancellation of a month that it used."""
    entries: list[tuple[str, str, datetime, dict[str, int]]] = field(default_factory=list)
    """(key, kind, at, lines); `{o}` in keys and accounts stands for the order's id."""


@dataclass(frozen=True, slots=True)
class Books:
    """What pricing and settling need to know, read once."""

    city: City
    zone: ZoneInfo
    policy_id: int
    policy: OrderPolicy
    items: dict[int, ServiceItem]
    add_ons: dict[tuple[int, str], AddOn]
    categories: dict[int, str]
    districts: dict[int, Point]
    addresses: dict[int, Address]
    technicians: dict[int, Technician]
    free_used: dict[tuple[int, str], int] = field(default_factory=dict)
    """(customer, month) -> late cancellations that were free; grows with the stories."""

    def cancelled_by(self, order: dict[str, Any], at: datetime) -> tuple[CancellationPolicy, int]:
        """The terms of the order's category, and how many late cancellations are still free then for its customer."""
        policy = self.policy.cancellation.of_category(self.categories[order["category_id"]])
        return policy, policy.free_per_month - self.free_used.get(self._month(order, at), 0)

    def use_free(self, order: dict[str, Any], at: datetime) -> dict[str, Any]:
        """The row of one more that is free."""
        customer_id, month = key = self._month(order, at)
        self.free_used[key] = n = self.free_used.get(key, 0) + 1
        return {"customer_id": customer_id, "month": month, "n": n, "used_at": at}

    def _month(self, order: dict[str, Any], at: datetime) -> tuple[int, str]:
        return order["customer_id"], month_of(at, self.city.timezone)


def overlaps(windows: Iterable[tuple[int, datetime, datetime]]) -> list[tuple[int, datetime]]:
    """Visits (technician, start, end) that begin before the same technician's previous one ended."""
    ordered = sorted(windows)
    return [(b[0], b[1]) for a, b in pairwise(ordered) if a[0] == b[0] and b[1] < a[2]]
