"""Stripe's balance: a transaction for whatever moves it, with what Stripe keeps, and lists of them."""

from __future__ import annotations

from typing import Any

from servicehub.gateway_sim.platform import Platform, now
from servicehub.gateway_sim.stripe_wire import Json, number

FEE_BP, FEE_FEN = 290, 30
"""What Stripe keeps of a payment: a part and a fixed amount. A refund gives nothing of it back."""
DISPUTE_FEE_FEN = 1_500
PAGE = 100
TYPES = {
    "charge": "charge",
    "refund": "refund",
    "partial_capture_reversal": "refund",
    "refund_failure": "refund_failure",
    "dispute": "adjustment",
    "dispute_reversal": "adjustment",
}
"""Reporting category -> type."""
KINDS = {"ch": "stripe-charge", "re": "stripe-refund", "dp": "stripe-dispute"}
"""Where a source is kept, by how its id begins."""


def fee_fen(fen: int) -> int:
    """What is kept of a payment, half up."""
    return FEE_FEN + (fen * FEE_BP + 5_000) // 10_000


class StripeBooks:
    """The balance of one account, in one currency."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def enter(self, category: str, amount: int, source: Json, *, fee: int = 0) -> Json:
        """Keep what `source` has moved."""
        made = {
            "id": number("txn"),
            "object": "balance_transaction",
            "amount": amount,
            "created": int(now().timestamp()),
            "currency": source["currency"],
            "fee": fee,
            "net": amount - fee,
            "reporting_category": category,
            "source": source["id"],
            "status": "pending",
            "type": TYPES[category],
        }
        self._platform.put("stripe-balance", made["id"], made)
        return made

    def of(self, source_id: str) -> list[Json]:
        """Everything that a source has moved, oldest first."""
        mine = [one for one in self._platform.every("stripe-balance") if one["source"] == source_id]
        return sorted(mine, key=lambda one: (one["created"], -one["amount"]))

    def listed(self, asked: Json) -> Json:
        """Newest first, a page at a time; with their sources inside if `expand` says so."""
        span = {name: int(value) for name, value in asked.get("created", {}).items()}
        found = [one for one in self._platform.every("stripe-balance") if _within(one["created"], span)]
        found.sort(key=lambda one: (-one["created"], one["id"]))
        if "starting_after" in asked:
            found = found[[one["id"] for one in found].index(asked["starting_after"]) + 1 :]
        limit = min(int(asked.get("limit", 10)), PAGE)
        shown = [dict(one) for one in found[:limit]]
        if "data.source" in asked.get("expand", {}).values():
            for one in shown:
                one["source"] = self._source(one["source"])
        return {"object": "list", "url": "/v1/balance_transactions", "has_more": len(found) > limit, "data": shown}

    def _source(self, source_id: str) -> dict[str, Any] | None:
        return self._platform.get(KINDS[source_id.partition("_")[0]], source_id)


def _within(created: int, span: dict[str, int]) -> bool:
    return span.get("gte", created) <= created < span.get("lt", created + 1)
