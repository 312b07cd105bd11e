"""The home page's personal parts, the profile, coupons, messages and rules."""

from __future__ import annotations

from dataclasses import dataclass

from servicehub.viewmodels.customer.catalog import ServiceCard, TechnicianCard


@dataclass(frozen=True, slots=True)
class PlaceChoice:
    """Where the customer wants service."""

    label: str = ""
    is_address: bool = False


@dataclass(frozen=True, slots=True)
class DistrictChoice:
    code: str = ""
    title: str = ""
    is_open: bool = True


@dataclass(frozen=True, slots=True)
class Rebook:
    no: str = ""
    title: str = ""
    sub: str = ""
    art: str = ""


@dataclass(frozen=True, slots=True)
class HeroCoupon:
    slug: str = ""
    title: str = ""
    line: str = ""
    claimed: bool = False


@dataclass(frozen=True, slots=True)
class Home:
    place: PlaceChoice = PlaceChoice()
    hero: HeroCoupon = HeroCoupon()
    rebook: Rebook = Rebook()
    live: str = ""
    """Number of the order that is under way, for the strip at the top; "" without one."""
    live_text: str = ""
    live_status: str = ""
    soonest: tuple[ServiceCard, ...] = ()
    popular: tuple[ServiceCard, ...] = ()
    technicians: tuple[TechnicianCard, ...] = ()
    unread: int = 0
    open_orders: int = 0


@dataclass(frozen=True, slots=True)
class Me:
    name: str = ""
    phone: str = ""
    since: str = ""
    to_pay: int = 0
    going: int = 0
    to_review: int = 0
    after_sales: int = 0
    coupons: int = 0
    balance: str = ""
    points: str = ""
    addresses: int = 0
    unread: int = 0


@dataclass(frozen=True, slots=True)
class CouponCard:
    id: int = 0
    slug: str = ""
    title: str = ""
    off: str = ""
    """`¥30` or `10%`."""
    terms: str = ""
    until: str = ""
    state: str = ""
    """claimable, available, locked, used, expired."""


@dataclass(frozen=True, slots=True)
class Coupons:
    claimable: tuple[CouponCard, ...] = ()
    usable: tuple[CouponCard, ...] = ()
    gone: tuple[CouponCard, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    id: int = 0
    title: str = ""
    body: str = ""
    when: str = ""
    link: str = ""
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    title: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class LegalDoc:
    title: str = ""
    version: str = ""
    rules: tuple[Rule, ...] = ()
