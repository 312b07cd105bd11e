"""Coupons as values: what one takes off, when it may be used, and which of several is the best.

Owns eligibility and the choice with its reasons. Stock, claiming and locking are `services.coupons`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from servicehub.domain.money import BP, share_bp

AMOUNT = "amount"
PERCENT = "percent"
Why = Literal["", "expired", "category", "first_order", "min_spend", "nothing_off", "smaller"]
"""Why a coupon was not the one; "" for the chosen one."""
Labour = Mapping[int, int]
"""Category -> fen of the services and add-ons that were bought of it."""
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class CouponTerms:
    """One coupon in a customer's hand. `kind` is `AMOUNT` or `PERCENT`; the technician bears what `funder_platform_bp` leaves."""

    grant_id: int
    slug: str
    name_zh: str
    name_en: str
    kind: str
    amount_fen: int = 0
    percent_bp: int = 0
    cap_fen: int = 0
    min_spend_fen: int = 0
    category_id: int | None = None
    first_order_only: bool = False
    funder_platform_bp: int = BP
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Purchase:
    """What a coupon is judged against: the price of services and add-ons, before fees."""

    labour: Labour
    is_first_order: bool
    now: datetime


@dataclass(frozen=True, slots=True)
class Considered:
    """One coupon with what it would take off and why it was not chosen."""

    terms: CouponTerms
    discount_fen: int
    why: Why


@dataclass(frozen=True, slots=True)
class Choice:
    """The best coupon, or None, and every coupon that was looked at, best first."""

    best: CouponTerms | None
    considered: tuple[Considered, ...]


def eligible_fen(terms: CouponTerms, labour: Labour) -> int:
    """The part of the price that the coupon is for: all of it, or its category's."""
    return sum(labour.values()) if terms.category_id is None else labour.get(terms.category_id, 0)


def discount_fen(terms: CouponTerms, service_fen: int) -> int:
    """What the coupon takes off `service_fen`; never more than that."""
    if terms.kind == PERCENT:
        off = share_bp(service_fen, terms.percent_bp)
        off = min(off, terms.cap_fen) if terms.cap_fen else off
    else:
        off = terms.amount_fen
    return min(off, service_fen)


def refusal(terms: CouponTerms, purchase: Purchase) -> Why:
    """Why the coupon cannot be used for this purchase; "" when it can."""
    if terms.expires_at is not None and terms.expires_at <= purchase.now:
        return "expired"
    if terms.category_id is not None and terms.category_id not in purchase.labour:
        return "category"
    if terms.first_order_only and not purchase.is_first_order:
        return "first_order"
    eligible = eligible_fen(terms, purchase.labour)
    if eligible < terms.min_spend_fen:
        return "min_spend"
    return "" if discount_fen(terms, eligible) > 0 else "nothing_off"


def choose(coupons: Sequence[CouponTerms], purchase: Purchase) -> Choice:
    """The coupon that takes off most; of equals the one that expires first, then the one granted first."""
    judged = [(terms, refusal(terms, purchase), _off(terms, purchase)) for terms in coupons]
    usable = sorted((j for j in judged if not j[1]), key=lambda j: (-j[2], _expiry(j[0]), j[0].grant_id))
    barred = [j for j in judged if j[1]]
    best = usable[0][0] if usable else None
    ranked = [Considered(terms, off, "" if terms is best else "smaller") for terms, _why, off in usable]
    return Choice(best, (*ranked, *(Considered(terms, off, why) for terms, why, off in barred)))


def _off(terms: CouponTerms, purchase: Purchase) -> int:
    return discount_fen(terms, eligible_fen(terms, purchase.labour))


def _expiry(terms: CouponTerms) -> datetime:
    return terms.expires_at or _NEVER
