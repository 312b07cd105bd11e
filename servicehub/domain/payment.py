"""Payments and refunds: their statuses and plan items. Small machines beside the order's."""

from __future__ import annotations

from enum import StrEnum


class PlanItem(StrEnum):
    """Which part of the order's price a payment is for."""

    FULL = "full"
    DEPOSIT = "deposit"
    BALANCE = "balance"


class PaymentStatus(StrEnum):
    PENDING = "pending"
    """Opened; the channel was or will be asked."""
    KEPT = "kept"
    """Money arrived and belongs to the order."""
    EXTRA = "extra"
    """Money arrived for an item that was already paid; refunded in full."""
    LATE = "late"
    """Money arrived for a dead order; refunded in full."""
    CLOSED = "closed"
    """Closed unpaid."""


class RefundStatus(StrEnum):
    NEW = "new"
    SENT = "sent"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
