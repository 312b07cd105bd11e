"""The guarantee deposit of a technician: what is put aside, and when it may be given back.

Owns the rules as pure functions. It is his own money that stands between what is available and a debt. A city without a target asks
for none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from servicehub.domain.money import BP, share_bp
from servicehub.errors import Invalid

DEPOSIT_KIND = "deposit"
"""`models.catalog.Policy.kind` of the document of these rules."""
PUT_ASIDE, GIVEN_BACK = "deposit", "deposit_back"
"""Kinds of entries of its own; a share of an earning is part of the entry with which it matures."""
RUNNING, CASES, HOLD = "running", "cases", "hold"
"""What keeps a deposit: a visit that is not settled, an open after-sales case, the days after the last visit."""


class DepositStatus(StrEnum):
    """What became of a wish to have the deposit back."""

    OPEN = "open"
    RETURNED = "returned"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    """Taken back by the technician before anybody decided."""


@dataclass(frozen=True, slots=True)
class Matured:
    """What an earning becomes, in fen: together all of it."""

    repaid: int
    aside: int
    available: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What is still open about a technician."""

    running: int = 0
    """Orders that are his and not settled yet."""
    cases: int = 0
    """After-sales cases about visits of his."""
    last_visit: datetime | None = None
    """When he finished the last one."""


@dataclass(frozen=True, slots=True)
class DepositPolicy:
    """Rules of a city."""

    target_fen: int = 0
    """0: no deposit is asked for, and none is drawn on."""
    share_bp: int = 1_000
    """Of each earning that matures, after debts, until the target is reached; in basis points."""
    hold_days: int = 30
    """After the last finished visit, before it can be given back."""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """The policy of a stored document; what it lacks keeps its default."""
        return cls(**{name: int(document[name]) for name in cls.__slots__ if name in document})

    @classmethod
    def checked(cls, document: Mapping[str, Any]) -> Self:
        """The policy of a document that somebody typed. Raises: Invalid naming the field that is out of its range."""
        policy = cls.of(document)
        ranges = {"target_fen": (0, 10_000_000), "share_bp": (0, BP), "hold_days": (0, 365)}
        for name, (low, high) in ranges.items():
            if not low <= getattr(policy, name) <= high:
                raise Invalid(name, field=name, least=low, most=high)
        return policy

    def room(self, held: int) -> int:
        """How much is missing to the target."""
        return max(self.target_fen - held, 0)

    def matured(self, fen: int, *, owed: int, held: int) -> Matured:
        """What becomes of an earning of `fen` ≥ 0: debts first, then the share that is put aside, the rest is available."""
        repaid = min(fen, owed)
        aside = min(share_bp(fen - repaid, self.share_bp), self.room(held))
        return Matured(repaid, aside, fen - repaid - aside)

    def free_at(self, standing: Standing) -> datetime | None:
        """From when on the last visit does not keep it any more; None without a visit."""
        return standing.last_visit and standing.last_visit + timedelta(days=self.hold_days)

    def obstacles(self, standing: Standing, now: datetime) -> tuple[str, ...]:
        """What stands in the way of giving it back; empty when nothing does."""
        free_at = self.free_at(standing)
        found = {RUNNING: standing.running > 0, CASES: standing.cases > 0, HOLD: free_at is not None and now < free_at}
        return tuple(name for name, is_there in found.items() if is_there)
