"""The document of rules that an order freezes: fees, cancellation, commission and settlement together, by version.

Owns its shape and its defaults. Dispatch weights are a document of their own (`matching`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from servicehub.domain.cancellation import CancellationTerms
from servicehub.domain.commission import CommissionPolicy
from servicehub.domain.pricing import FeePolicy
from servicehub.domain.settlement import SettlementPolicy

ORDER_KIND = "order"
"""`models.catalog.Policy.kind` of these documents."""
STATUTORY_HOLIDAYS = (
    "2026-01-01", "2026-02-16", "2026-02-17", "2026-02-18", "2026-02-19", "2026-04-05", "2026-05-01", "2026-05-02",
    "2026-06-19", "2026-09-25", "2026-10-01", "2026-10-02", "2026-10-03",
    "2027-01-01", "2027-02-05", "2027-02-06", "2027-02-07", "2027-02-08", "2027-04-05", "2027-05-01", "2027-05-02",
    "2027-06-09", "2027-09-15", "2027-10-01", "2027-10-02", "2027-10-03",
)  # fmt: skip
"""Mainland China's statutory days with the surcharge, local dates."""


@dataclass(frozen=True, slots=True)
class OrderPolicy:
    """What an order is priced, cancelled and settled by."""

    version: int
    fees: FeePolicy
    cancellation: CancellationTerms
    """An order's are those of its category: `models.cancellation.load_terms`."""
    commission: CommissionPolicy
    settlement: SettlementPolicy

    @classmethod
    def of(cls, document: Mapping[str, Any], version: int = 1) -> Self:
        """The policy of a stored document; parts and numbers that it lacks keep their defaults."""
        return cls(
            version,
            FeePolicy.of(document.get("fees", {})),
            CancellationTerms.of(document.get("cancellation", {})),
            CommissionPolicy.of(document.get("commission", {})),
            SettlementPolicy.of(document.get("settlement", {})),
        )

    def document(self) -> dict[str, Any]:
        """The policy as JSON; `of` reads it back."""
        fees = asdict(self.fees) | {"holidays": sorted(on.isoformat() for on in self.fees.holidays)}
        settlement = {
            "days": dict(self.settlement.days),
            "least_days": dict(self.settlement.least_days),
            "cancellation_days": self.settlement.cancellation_days,
        }
        return {
            "fees": fees,
            "cancellation": self.cancellation.document(),
            "commission": self.commission.document(),
            "settlement": settlement,
        }


DEFAULT_ORDER_POLICY = OrderPolicy.of({"fees": {"holidays": STATUTORY_HOLIDAYS}, "cancellation": {"free_per_month": 1}})
DEFAULT_POLICIES: dict[str, dict[str, Any]] = {ORDER_KIND: DEFAULT_ORDER_POLICY.document()}
"""`Policy.kind` -> document that a new city starts with."""
