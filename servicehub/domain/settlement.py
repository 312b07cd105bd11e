"""How the price of a finished order is divided: the technician's labour, commission, what passes through, who funds the coupon.

Owns the split and its conservation: `paid + subsidy = commission + net`, to the fen. The estimate shown before accepting is the
same function. Posting it is `services.settlements`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, Self

from servicehub.domain.money import BP, scaled, share_bp, split
from servicehub.domain.technician import Level

RATES: dict[str, int] = {"trainee": 3200, "bronze": 2800, "silver": 2500, "gold": 2200, "chief": 1800}
MATURING_DAYS: dict[str, int] = {"trainee": 7, "bronze": 5, "silver": 3, "gold": 2, "chief": 1}


class PricedLine(Protocol):
    """A line of a quote or of an order."""

    @property
    def kind(self) -> str: ...

    @property
    def amount_fen(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Rate:
    """The commission that applies, by name and version."""

    rule: str
    bp: int


@dataclass(frozen=True, slots=True)
class CommissionPolicy:
    """Basis points of labour by level; `pass_through` names the kinds of line from which nothing is taken."""

    rates: Mapping[str, int] = field(default_factory=lambda: dict(RATES))
    pass_through: frozenset[str] = frozenset({"travel", "tip", "reschedule_fee"})

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """The policy of a stored document."""
        rates = {**RATES, **{level: int(bp) for level, bp in document.get("rates", {}).items()}}
        return cls(rates, frozenset(document.get("pass_through", cls().pass_through)))

    def rate(self, level: Level, version: int = 1) -> Rate:
        """The rate of a technician of `level`; `version` is the policy's."""
        return Rate(f"level:{level.value}@{version}", self.rates[level.value])


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
class Split:
    """`paid_fen + subsidy_fen = commission_fen + net_fen`. `labour_fen` is before the technician's share of the coupon."""

    paid_fen: int
    labour_fen: int
    pass_through_fen: int
    coupon_share_fen: int
    subsidy_fen: int
    commission_fen: int
    net_fen: int
    rule: str
    rate_bp: int

    def as_document(self) -> dict[str, Any]:
        """What an order freezes at acceptance: the rule that was shown and what it gave."""
        return {"rule": self.rule, "rate_bp": self.rate_bp, "net_fen": self.net_fen}


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
    """
    priced = [(line.kind, line.amount_fen) for line in lines]
    passed = sum(amount for kind, amount in priced if kind in pass_through)
    coupon = -sum(amount for kind, amount in priced if kind == "coupon")
    labour = sum(amount for kind, amount in priced if kind != "coupon" and kind not in pass_through)
    total = labour + passed - coupon
    paid = total if paid_fen is None else paid_fen
    if not 0 <= paid <= total or coupon > labour + passed or min(labour, passed, coupon) < 0:
        raise ValueError(f"cannot settle {paid} of {total}")
    if paid != total:
        coupon, passed = scaled(coupon, paid, total), scaled(passed, paid, total)
        passed = min(passed, paid + coupon)
        labour = paid + coupon - passed
    if people > 1:
        paid, coupon, passed = (split(whole, [1] * people)[seat] for whole in (paid, coupon, passed))
        passed = min(passed, paid + coupon)
        labour = paid + coupon - passed
    subsidy, coupon_share = split(coupon, [funder_platform_bp, BP - funder_platform_bp])
    commission = share_bp(max(labour - coupon_share, 0), rate.bp)
    net = paid + subsidy - commission
    if net < 0:
        commission, net = commission + net, 0
    return Split(paid, labour, passed, coupon_share, subsidy, commission, net, rate.rule, rate.bp)


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
