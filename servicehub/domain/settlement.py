"""How the price of a finished order is divided: the technician's labour, commission, what passes through, who funds the coupon.

Owns the split and its conservation: `paid + subsidy = commission + tax + net`, to the fen. The estimate shown before accepting is
the same function. Which rate applies is `domain.commission`'s, posting it `services.settlements`'.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol, Self

from servicehub.domain.commission import Bounds, CommissionPolicy, Rate
from servicehub.domain.money import BP, scaled, split
from servicehub.domain.technician import Level

MATURING_DAYS: dict[str, int] = {"trainee": 7, "bronze": 5, "silver": 3, "gold": 2, "chief": 1}


class BatchStatus(StrEnum):
    """Of a settlement batch: made open, closed by the transaction that made it."""

    OPEN = "open"
    CLOSED = "closed"


class PricedLine(Protocol):
    """A line of a quote or of an order."""

    @property
    def kind(self) -> str: ...

    @property
    def amount_fen(self) -> int: ...


@dataclass(frozen=True, slots=True)
class SettlementPolicy:
    """When earnings may be withdrawn: days by level, and at least so many for some categories."""

    days: Mapping[str, int] = field(default_factory=lambda: dict(MATURING_DAYS))
    least_days: Mapping[str, int] = field(default_factory=lambda: {"repair": 7})
    cancellation_days: int = 1

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """The policy of a stored document."""
        base = cls()
        return cls(
            {**base.days, **document.get("days", {})},
            {**base.least_days, **document.get("least_days", {})},
            int(document.get("cancellation_days", base.cancellation_days)),
        )

    def matures_at(self, level: Level, category: str, at: datetime) -> datetime:
        """When the earning of an order completed at `at` in `category` (its slug) matures."""
        return at + timedelta(days=max(self.days[level.value], self.least_days.get(category, 0)))


@dataclass(frozen=True, slots=True)
class Share:
    """What one line of labour gives: its part of the base, the rate, and its part of the commission."""

    line: int
    """Which of the lines, from 0."""
    base_fen: int
    bp: int
    commission_fen: int


@dataclass(frozen=True, slots=True)
class Split:
    """`paid_fen + subsidy_fen = commission_fen + tax_fen + net_fen`.

    `labour_fen` is before the technician's share of the coupon.
    """

    paid_fen: int
    labour_fen: int
    pass_through_fen: int
    coupon_share_fen: int
    subsidy_fen: int
    commission_fen: int
    net_fen: int
    rate: Rate
    tax_fen: int = 0
    shares: tuple[Share, ...] = ()
    """Of every line of labour; their parts sum to the commission."""

    @property
    def rule(self) -> str:
        return self.rate.rule

    def as_document(self) -> dict[str, Any]:
        """What an order freezes at acceptance: the rule that was shown and what it gave."""
        taxed = {"tax_fen": self.tax_fen} if self.tax_fen else {}
        return self.rate.document() | {"net_fen": self.net_fen} | taxed


def settle(
    lines: Iterable[PricedLine],
    *,
    rate: Rate,
    pass_through: frozenset[str] = CommissionPolicy().pass_through,
    funder_platform_bp: int = BP,
    paid_fen: int | None = None,
    seat: int = 0,
    people: int = 1,
) -> Split:
    """Divide what was paid for `lines` (a coupon's line is negative).

    `paid_fen` below the lines' sum (part was refunded before settling) scales every component down in proportion. Of `people` who
    came together each has an equal part, the earlier seats a fen more where it does not come out even; this is the part of `seat`.
    The commission is the sum over all lines at their own rates, rounded half up once, with the rule's fixed part and within its
    bounds, which are cut like the price, and never more than the labour; tax is withheld of what is left.
    """
    priced = [(line.kind, line.amount_fen) for line in lines]
    passed = sum(amount for kind, amount in priced if kind in pass_through)
    coupon = -sum(amount for kind, amount in priced if kind == "coupon")
    labour = sum(amount for kind, amount in priced if kind != "coupon" and kind not in pass_through)
    total = labour + passed - coupon
    paid = total if paid_fen is None else paid_fen
    if not 0 <= paid <= total or coupon > labour + passed or min(labour, passed, coupon) < 0:
        raise ValueError(f"cannot settle {paid} of {total}")
    bounds = rate.bounds.part(paid, total, seat, people)
    if paid != total:
        coupon, passed = scaled(coupon, paid, total), scaled(passed, paid, total)
        passed = min(passed, paid + coupon)
        labour = paid + coupon - passed
    if people > 1:
        paid, coupon, passed = (split(whole, [1] * people)[seat] for whole in (paid, coupon, passed))
        passed = min(passed, paid + coupon)
        labour = paid + coupon - passed
    subsidy, coupon_share = split(coupon, [funder_platform_bp, BP - funder_platform_bp])
    worked = [(n, kind, fen) for n, (kind, fen) in enumerate(priced) if kind != "coupon" and kind not in pass_through]
    shares = _shares(worked, max(labour - coupon_share, 0), paid + subsidy, rate, bounds)
    commission = sum(share.commission_fen for share in shares)
    income = paid + subsidy - commission
    tax = rate.tax.fen(income)
    return Split(paid, labour, passed, coupon_share, subsidy, commission, income - tax, rate, tax, shares)


def _shares(
    worked: Sequence[tuple[int, str, int]], base_fen: int, most_fen: int, rate: Rate, bounds: Bounds
) -> tuple[Share, ...]:
    """The base divided over the lines of labour (index, kind, fen), and the commission of at most `most_fen` with it.

    Every line bears of the commission what it would give by its rate; where the rates give nothing, in proportion to its base.
    """
    if not worked:
        return ()
    weights = [fen for _n, _kind, fen in worked]
    if not any(weights):
        weights = [1] * len(worked)
    bases, rates = split(base_fen, weights), [rate.of_kind(kind) for _n, kind, _fen in worked]
    parts = [base * bp for base, bp in zip(bases, rates, strict=True)]
    commission = min(bounds.applied((sum(parts) * 2 + BP) // (2 * BP)), base_fen, most_fen)
    taken = split(commission, next(few for few in (parts, bases, weights) if any(few)))
    return tuple(
        Share(n, base, bp, fen) for (n, _kind, _amount), base, bp, fen in zip(worked, bases, rates, taken, strict=True)
    )


def take_home(
    lines: Iterable[PricedLine],
    *,
    rate: Rate,
    pass_through: frozenset[str] = CommissionPolicy().pass_through,
    funder_platform_bp: int = BP,
    seat: int = 0,
    people: int = 1,
) -> int:
    """What a technician will get for the order, for offers: `settle(…).net_fen` of the whole price."""
    return settle(
        lines, rate=rate, pass_through=pass_through, funder_platform_bp=funder_platform_bp, seat=seat, people=people
    ).net_fen
