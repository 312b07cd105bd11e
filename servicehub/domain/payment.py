"""Payments and refunds: their statuses and plan items. Small machines beside the order's."""

from __future__ import annotations

from enum import StrEnum


class PlanItem(StrEnum):
    """Which part of the order's price a payment is for."""

    FULL = "full"
    DEPOSIT = "deposit"
    BALANCE = "balance"
    ADDON = "addon"
    """What was added during a visit that was paid before; each has a payment of its own."""
    TIP = "tip"
    """A thank-you beside the price: all of it is the technician's, and no refund of the order draws on it."""


POINTS = "points"
"""Channel and method of what the customer's points pay, one fen each."""
WALLET = "wallet"
"""Channel and method of what the customer's balance pays."""
CASH = "cash"
"""Channel and method of what the customer hands to the technician at the door, after the service."""
OURS = (POINTS, WALLET)
"""Tenders of ours, in the order in which they pay: each is a guarded account of the customer, named like the channel."""
HERE = (*OURS, CASH)
"""Channels that nobody else is asked about. What a tender of ours had paid goes back to it, cash to the balance."""
PRICE_ITEMS = (PlanItem.FULL, PlanItem.DEPOSIT, PlanItem.BALANCE, PlanItem.ADDON)
"""What the price is paid with."""
LEAST_TIP_FEN, MOST_TIP_FEN = 100, 50_000
TIPS_FEN = (500, 1_000, 2_000, 5_000)
"""What is proposed."""


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
    """Refused by the channel; waits for people, and may still succeed."""
    BALANCE = "balance"
    """The channel could not carry it out: two people gave it to the customer's balance, and it is never sent again."""


RETURNED = (RefundStatus.SUCCEEDED, RefundStatus.BALANCE)
"""Booked: nothing can be booked any more."""
