"""Categories, services, technicians, reviews and the time that can be booked, as customers see them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CategoryCard:
    slug: str = ""
    title: str = ""
    art: str = ""
    """Name of a drawing in `/art`."""


@dataclass(frozen=True, slots=True)
class ServiceCard:
    slug: str = ""
    title: str = ""
    summary: str = ""
    art: str = ""
    """Address of the picture."""
    category: str = ""
    price: str = ""
    price_fen: int = 0
    suffix: str = ""
    """After the figures: `/台 起`."""
    rating: str = ""
    rating_x100: int = 0
    sold: str = ""
    sold_count: int = 0
    duration: str = ""
    warranty: str = ""
    earliest: str = ""
    """The soonest start near the customer, "" when it was not asked for or there is none."""


@dataclass(frozen=True, slots=True)
class TechnicianCard:
    id: int = 0
    title: str = ""
    art: str = ""
    """Address of the portrait."""
    level: str = ""
    line: str = ""
    """Trade and years."""
    rating: str = ""
    rating_x100: int = 0
    jobs: str = ""
    distance: str = ""
    distance_m: int = 0
    earliest: str = ""
    served: str = ""
    """`服务过您 4 次`, "" for a stranger."""


@dataclass(frozen=True, slots=True)
class AddOnChoice:
    slug: str = ""
    title: str = ""
    price: str = ""
    minutes: str = ""
    most: int = 1
    count: int = 0


@dataclass(frozen=True, slots=True)
class FurtherChoice:
    """Another service of the same visit. `less` and `more` are the quantities next to `count`; 0 is none of it."""

    slug: str = ""
    title: str = ""
    price: str = ""
    minutes: str = ""
    count: int = 0
    less: int = 0
    more: int = 1
    most: int = 1


@dataclass(frozen=True, slots=True)
class ReviewCard:
    id: int = 0
    author: str = ""
    art: str = ""
    stars: str = ""
    when: str = ""
    text: str = ""
    tags: str = ""
    photos: tuple[str, ...] = ()
    """Addresses."""


@dataclass(frozen=True, slots=True)
class TagCount:
    title: str = ""
    count: str = ""


@dataclass(frozen=True, slots=True)
class ServiceDetail:
    """All that does not depend on who looks: what the build bakes into the page."""

    slug: str = ""
    title: str = ""
    summary: str = ""
    art: str = ""
    category: str = ""
    price: str = ""
    suffix: str = ""
    unit: str = ""
    duration: str = ""
    least: int = 1
    most: int = 1
    included: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    notes: str = ""
    warranty: str = ""
    plan: str = ""
    """How it is paid: in full, deposit and balance, after the service."""
    rating: str = ""
    review_count: str = ""
    positive: str = ""
    sold: str = ""


@dataclass(frozen=True, slots=True)
class ServiceReviews:
    rows: tuple[ReviewCard, ...] = ()
    tags: tuple[TagCount, ...] = ()


@dataclass(frozen=True, slots=True)
class CertificateLine:
    title: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class TechnicianDetail:
    id: int = 0
    title: str = ""
    art: str = ""
    level: str = ""
    line: str = ""
    bio: str = ""
    rating: str = ""
    review_count: str = ""
    jobs: str = ""
    on_time: str = ""
    distance: str = ""
    served: str = ""
    certificates: tuple[CertificateLine, ...] = ()
    services: tuple[ServiceCard, ...] = ()
    reviews: tuple[ReviewCard, ...] = ()
    cases: tuple[str, ...] = ()
    """Addresses of photos from reviews."""
    free: tuple[str, ...] = ()
    """The next starts that can be booked, in words."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found."""

    services: tuple[ServiceCard, ...] = ()
    technicians: tuple[TechnicianCard, ...] = ()


@dataclass(frozen=True, slots=True)
class SlotDay:
    value: str = ""
    """`2026-11-23`."""
    weekday: str = ""
    day: str = ""
    note: str = ""
    full: bool = False


@dataclass(frozen=True, slots=True)
class SlotCell:
    value: str = ""
    """The instant, ISO with offset."""
    head: str = ""
    """A part of the day; then the cell is a heading and nothing else is set."""
    time: str = ""
    note: str = ""
    tone: str = ""
    full: bool = False
    key: str = ""
    """Changes with everything that the grid was computed for."""


@dataclass(frozen=True, slots=True)
class SlotBoard:
    """The days, the chosen day's grid and the start that is recommended."""

    days: tuple[SlotDay, ...] = ()
    day: str = ""
    cells: tuple[SlotCell, ...] = ()
    best: str = ""
    soonest: str = ""
    """The soonest start of all days, in words."""
    duration: str = ""
