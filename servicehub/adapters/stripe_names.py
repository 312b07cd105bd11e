"""Where our numbers stand in the metadata of Stripe's objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PAYMENT = "servicehub_payment"
"""Of pages, PaymentIntents and their charges."""
HOLD = "servicehub_guarantee"
"""Of PaymentIntents, the number of a guarantee once more: what is authorised under it is not taken before the visit is done."""
REFUND = "servicehub_refund"
SESSION = "servicehub_session"
"""Of the product that is the entry for our number: Stripe's number of its page."""


def named(about: Mapping[str, Any]) -> Mapping[str, Any]:
    """An object's metadata."""
    found: Mapping[str, Any] = about.get("metadata") or {}
    return found
