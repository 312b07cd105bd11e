"""Add-ons that a technician proposes during the visit: what is asked for, and what it is worth to whoever came.

Owns the formula and the statuses of a proposal; names, prices and minutes are the catalogue's, frozen when it is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

from servicehub.domain.commission import CommissionPolicy, Rate
from servicehub.domain.money import BP
from servicehub.domain.pricing import AddOnTerms
from servicehub.domain.settlement import PricedLine, settle
from servicehub.errors import Invalid


class ProposalStatus(StrEnum):
    OPEN = "open"
    """The customer has not answered."""
    ACCEPTED = "accepted"
    """The customer has gone to pay it."""
    ADDED = "added"
    """Its lines are lines of the order."""
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    """The technician took it back."""
    LAPSED = "lapsed"
    """The visit ended first."""


LIVING = (ProposalStatus.OPEN, ProposalStatus.ACCEPTED)
"""What may still become a part of the order; the database allows one of an order."""


@dataclass(frozen=True, slots=True)
class Extra:
    """One add-on of a proposal. `minutes` are those of all of them."""

    slug: str
    name_zh: str
    name_en: str
    quantity: int
    unit_fen: int
    minutes: int
    kind: str = "add_on"

    @property
    def amount_fen(self) -> int:
        return self.unit_fen * self.quantity

    def document(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        return cls(**document)


def extras(wanted: Sequence[tuple[AddOnTerms, int]], had: Mapping[str, int]) -> tuple[Extra, ...]:
    """The lines of a proposal; `had` is how many of each the order has already.

    Raises: Invalid for nothing at all, one add-on twice, or more of one than the catalogue allows in a visit.
    """
    if not wanted or len({terms.slug for terms, _count in wanted}) != len(wanted):
        raise Invalid("add-ons of a proposal")
    for terms, count in wanted:
        if not 1 <= count <= left(terms, had):
            raise Invalid(f"{count} of {terms.slug}", least=1, most=left(terms, had))
    return tuple(
        Extra(terms.slug, terms.name_zh, terms.name_en, count, terms.price_fen, terms.minutes * count)
        for terms, count in wanted
    )


def left(terms: AddOnTerms, had: Mapping[str, int]) -> int:
    """How many of an add-on may still be proposed."""
    return max(terms.max_quantity - had.get(terms.slug, 0), 0)


def gain(
    lines: Iterable[PricedLine],
    more: Sequence[Extra],
    *,
    rate: Rate,
    pass_through: frozenset[str] = CommissionPolicy().pass_through,
    funder_platform_bp: int = BP,
    seat: int = 0,
    people: int = 1,
) -> int:
    """What one technician gets more for the visit when `more` joins `lines`, in fen.

    The difference of two divisions of the whole, because a rule's fixed part and bounds count once for a visit.
    """
    sold = list(lines)
    before, after = (
        settle(
            whole, rate=rate, pass_through=pass_through, funder_platform_bp=funder_platform_bp, seat=seat, people=people
        ).net_fen
        for whole in (sold, [*sold, *more])
    )
    return after - before
