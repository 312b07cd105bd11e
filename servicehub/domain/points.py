"""Points: earned with money that was paid, worth one fen each when they pay, and gone after some months.

Owns the rules as pure functions: how many are earned, how many may be used, and which lots they come from and go back to. A lot is
what was earned at once; the one that expires first is spent first. Points are never worth cash.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from servicehub.domain.money import BP
from servicehub.errors import Invalid

POINTS_KIND = "points"
"""`models.catalog.Policy.kind` of the document of these rules."""
FEN_PER_YUAN = 100
EARNED, TAKEN_BACK, EXPIRED = "points", "points_back", "points_expired"
ENTRIES = (EARNED, TAKEN_BACK, EXPIRED)
"""Kinds of entries that move points without a payment or refund."""
LIFE_AFTER_RETURN = timedelta(days=30)
"""Points that come back live at least so long."""


@dataclass(frozen=True, slots=True)
class PointsPolicy:
    """How points are earned and used. One point pays one fen, which is not a setting: they stand in the books in fen."""

    per_yuan: int = 1
    """Points for each whole yuan paid; 0: none are earned."""
    most_bp: int = 2_000
    """The largest part of an order's price that points pay, in basis points."""
    least: int = 100
    """Fewer are not used at once."""
    months: int = 12
    """From earning to expiry."""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """The policy of a stored document; what it lacks keeps its default."""
        return cls(**{name: int(document[name]) for name in cls.__slots__ if name in document})

    @classmethod
    def checked(cls, document: Mapping[str, Any]) -> Self:
        """The policy of a document that somebody typed. Raises: Invalid naming the field that is out of its range."""
        policy = cls.of(document)
        ranges = {"per_yuan": (0, 20), "most_bp": (0, BP), "least": (1, 100_000), "months": (1, 60)}
        for name, (low, high) in ranges.items():
            if not low <= getattr(policy, name) <= high:
                raise Invalid(name, field=name, least=low, most=high)
        return policy

    def earned(self, paid_fen: int) -> int:
        """Points for what was paid in money."""
        return paid_fen // FEN_PER_YUAN * self.per_yuan

    def usable(self, *, total_fen: int, due_fen: int, used: int, free: int) -> int:
        """How many points pay of `due_fen`, when `used` have paid of the order's `total_fen` before and `free` are there."""
        points = min(free, due_fen, total_fen * self.most_bp // BP - used)
        return points if points >= self.least else 0

    def expires_at(self, earned_at: datetime) -> datetime:
        """The same time of the day some months later, or on the last day of a shorter month."""
        month = earned_at.month - 1 + self.months
        year, month = earned_at.year + month // 12, month % 12 + 1
        return earned_at.replace(year=year, month=month, day=min(earned_at.day, monthrange(year, month)[1]))


@dataclass(frozen=True, slots=True)
class Lot:
    """What is left of points that were earned at once."""

    id: int
    left: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Use:
    """What a payment took from a lot, and what of it came back."""

    lot_id: int
    points: int
    returned: int
    expires_at: datetime
    """The lot's."""


@dataclass(frozen=True, slots=True)
class Return:
    """Points that go back; `is_new`: as a lot of their own, which expires at `expires_at`, because theirs ends too soon."""

    lot_id: int
    points: int
    expires_at: datetime
    is_new: bool


def living(lots: Iterable[Lot], at: datetime) -> int:
    """How many points of `lots` have not expired at `at`."""
    return sum(lot.left for lot in lots if lot.expires_at > at)


def taken(lots: Iterable[Lot], points: int, *, at: datetime, first: int = 0) -> dict[int, int]:
    """Lot -> points: `points` ≥ 0 from the lots that live at `at`; the lot `first` before all, then those that expire first.

    Raises: ValueError when they hold fewer.
    """
    parts: dict[int, int] = {}
    for lot in sorted(lots, key=lambda one: (one.id != first, one.expires_at, one.id)):
        part = min(lot.left, points) if lot.expires_at > at else 0
        if part > 0:
            parts[lot.id] = part
            points -= part
    if points:
        raise ValueError(f"{points} points are missing")
    return parts


def returns(uses: Sequence[Use], points: int, *, now: datetime) -> list[Return]:
    """Where `points` that a payment had taken go back to: what would have lived longest first.

    Raises: ValueError when it took fewer, or they are back already.
    """
    found: list[Return] = []
    for use in sorted(uses, key=lambda one: (one.expires_at, one.lot_id), reverse=True):
        part = min(use.points - use.returned, points)
        if part > 0:
            until = max(use.expires_at, now + LIFE_AFTER_RETURN)
            found.append(Return(use.lot_id, part, until, is_new=until > use.expires_at))
            points -= part
    if points:
        raise ValueError(f"{points} points were not taken")
    return found
