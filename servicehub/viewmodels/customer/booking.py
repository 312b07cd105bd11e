"""Review and payment of an order before it exists and while its money is due."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PriceLine:
    title: str = ""
    note: str = ""
    amount: str = ""
    """With sign: `¥159`, `−¥30`."""
    is_discount: bool = False


@dataclass(frozen=True, slots=True)
class AddressCard:
    id: int = 0
    area: str = ""
    detail: str = ""
    contact: str = ""
    """Name and masked phone."""
    district: str = ""
    is_default: bool = False
    is_open: bool = True


@dataclass(frozen=True, slots=True)
class AddressForm:
    """One address to edit; only ever sent to its owner."""

    id: int = 0
    area: str = ""
    detail: str = ""
    contact: str = ""
    phone: str = ""
    lat: float = 0.0
    lng: float = 0.0
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class PlaceFound:
    """A result of the address search."""

    title: str = ""
    sub: str = ""
    lat: float = 0.0
    lng: float = 0.0


@dataclass(frozen=True, slots=True)
class CouponChoice:
    id: int = 0
    title: str = ""
    off: str = ""
    why: str = ""
    """Why it cannot be used, or why another is better; "" for a good one."""
    usable: bool = False
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Summary:
    """The page before an order is placed."""

    service: str = ""
    title: str = ""
    art: str = ""
    facts: str = ""
    lines: tuple[PriceLine, ...] = ()
    total: str = ""
    due: str = ""
    """What is to be paid now, figures."""
    due_note: str = ""
    """How the rest is paid, "" when everything is due now."""
    saved: str = ""
    when: str = ""
    ends: str = ""
    price_hash: str = ""


@dataclass(frozen=True, slots=True)
class PayItem:
    """What one may pay now for one order."""

    no: str = ""
    title: str = ""
    when: str = ""
    amount: str = ""
    amount_text: str = ""
    what: str = ""
    """Full price, deposit, balance."""
    seconds_left: int = 0
    is_due: bool = False
    status: str = ""
    tip: str = ""
    """Fen of a tip; empty when the price is paid."""
    addon: str = ""
    """Which proposal is paid; empty for none."""
    takes_cash: bool = False
    """It may be paid at the door."""
    points: str = ""
    """What the customer's points can pay of it; empty for nothing."""
    points_count: str = ""
    balance: str = ""
    """What the customer's balance can pay of it, beside points if they were chosen; empty for nothing."""
    rest: str = ""
    """What is left beside the chosen ones of both; empty when they pay everything."""
    secures: bool = False
    """A guarantee is asked for, no payment."""
    guarantee: str = ""
    """Which one was chosen at first."""
    note: str = ""
    """What else is happening to the amount, "" for nothing."""


@dataclass(frozen=True, slots=True)
class PayOutcome:
    """How a payment ended, as far as we know."""

    no: str = ""
    addon: str = ""
    """Which proposal it was for; empty for none."""
    state: str = "pending"
    """pending, paid, closed; failed when the channel said so with the way back, and nothing else is known."""
    amount: str = ""
    title: str = ""
    when: str = ""
    text: str = ""
