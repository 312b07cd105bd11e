"""What cancelling or moving an order costs, and the same rules as rows for the customer to read.

Owns the table; its numbers are policy data frozen on the order: the city's standard, and by category what differs from it. Whether
a step is legal is the order's machine's business, wording is `texts.money`'s. The text shown, the preview and the charge all come
from one `CancellationPolicy`. How many free ones a customer has had is counted elsewhere and comes in as a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

from servicehub.domain.access import Role
from servicehub.domain.money import BP, share_bp
from servicehub.domain.order import OrderStatus
from servicehub.errors import Invalid

Rule = Literal[
    "unpaid",
    "our_side",
    "unassigned",
    "grace",
    "ample_notice",
    "late",
    "late_free",
    "delayed",
    "short_handed",
    "departed",
    "no_show",
]
LATE_FREE: Rule = "late_free"
"""Late, and free because the customer still had one of his month."""
RANGES: dict[str, tuple[int, int]] = {
    "grace_minutes": (0, 1_440),
    "notice_minutes": (0, 10_080),
    "late_bp": (0, BP),
    "late_cap_fen": (0, 1_000_000),
    "free_per_month": (0, 31),
    "departed_bp": (0, BP),
    "no_show_bp": (0, BP),
    "technician_bp": (0, BP),
    "delayed_minutes": (1, 480),
    "wait_minutes": (1, 120),
    "reschedule_limit": (0, 20),
    "apology_coupon_fen": (0, 100_000),
}
"""Least and most of every number of a policy."""


@dataclass(frozen=True, slots=True)
class CancellationPolicy:
    """The numbers of the table. Shares are of the price without travel."""

    grace_minutes: int = 5
    """After payment, before the technician sets out: free."""
    notice_minutes: int = 180
    """At least so long before the start: free."""
    late_bp: int = 2000
    late_cap_fen: int = 5000
    free_per_month: int = 0
    """So many late cancellations of a customer are free in a calendar month of the city, counted over all his orders. Documents
    from before this number was one have none; a new city starts with one."""
    departed_bp: int = 3000
    """Plus the travel fee."""
    no_show_bp: int = 5000
    """Plus the travel fee; also when the customer cancels at the door."""
    delayed_minutes: int = 20
    """When we expect to begin at least so much after the agreed time: free."""
    wait_minutes: int = 15
    """How long a technician waits at the door before a no-show."""
    reschedule_limit: int = 3
    """A visit may be moved so often, and only while cancelling it would be free: moving is no way around the fee."""
    technician_bp: int = BP
    """The technician's share of any fee; no commission is taken from it. What is free for the customer gives him nothing, the free
    ones of a month too."""
    apology_coupon_fen: int = 2000
    """What the customer gets when our side cancels."""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """The policy of a stored document; numbers that it lacks keep their default."""
        return cls(**{f.name: int(document[f.name]) for f in fields(cls) if f.name in document})


@dataclass(frozen=True, slots=True)
class CancellationTerms:
    """A city's terms: the standard, and of each category (by its slug) only the numbers that differ."""

    standard: CancellationPolicy = field(default_factory=CancellationPolicy)
    by_category: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """The terms of a stored document; one from before categories had their own has none."""
        numbers = {
            str(slug): {name: int(own[name]) for name in RANGES if name in own}
            for slug, own in document.get("by_category", {}).items()
        }
        return cls(CancellationPolicy.of(document), numbers)

    @classmethod
    def checked(cls, document: Mapping[str, Any]) -> Self:
        """The terms of a document that somebody made; of a category, what equals the standard is left out.

        Raises: Invalid with the `field` that is no whole number within `RANGES` or unknown, and its `category` ("" the standard).
        """
        by_category = document.get("by_category", {})
        if not isinstance(by_category, Mapping):
            raise Invalid("by_category", field="by_category", category="")
        standard = {name: value for name, value in document.items() if name != "by_category"}
        for slug, numbers in {"": standard, **by_category}.items():
            if not isinstance(slug, str) or not isinstance(numbers, Mapping):
                raise Invalid("by_category", field="by_category", category="")
            _check(slug, numbers)
        terms = cls.of(document)
        usual = asdict(terms.standard)
        own = {slug: {n: v for n, v in part.items() if v != usual[n]} for slug, part in terms.by_category.items()}
        return replace(terms, by_category={slug: part for slug, part in own.items() if part})

    def document(self) -> dict[str, Any]:
        """The terms as JSON; `of` reads them back."""
        own = {slug: dict(part) for slug, part in self.by_category.items() if part}
        return asdict(self.standard) | ({"by_category": own} if own else {})

    def of_category(self, slug: str) -> CancellationPolicy:
        """The whole policy of a category; the standard for one without differences."""
        return replace(self.standard, **self.by_category.get(slug, {}))


def month_of(at: datetime, zone: str) -> str:
    """The calendar month of an instant where `zone` is: `2026-03`."""
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m}"


@dataclass(frozen=True, slots=True)
class CancelQuote:
    """What happens to the paid money: `fee + refund = paid` and `technician + platform = fee`."""

    fee_fen: int
    refund_fen: int
    technician_fen: int
    platform_fen: int
    rule: Rule


@dataclass(frozen=True, slots=True)
class CancelRow:
    """One row of the table as data; see `texts.money.cancellation_rows` for its sentence."""

    rule: str
    minutes: int = 0
    bp: int = 0
    cap_fen: int = 0
    plus_travel: bool = False
    coupon_fen: int = 0
    times: int = 0


def fee(
    policy: CancellationPolicy,
    *,
    status: OrderStatus,
    paid_fen: int,
    total_fen: int,
    paid_at: datetime | None,
    start_at: datetime,
    now: datetime,
    travel_fee_fen: int,
    by: Role,
    delay_minutes: int = 0,
    is_short: bool = False,
    free_left: int = 0,
) -> CancelQuote:
    """The fee for ending an order in `status`. `delay_minutes`: how late we expect to begin; `is_short`: fewer come than were sold.

    `paid_fen` is what the customer has paid and not got back; no fee exceeds it. A technician who ends an ARRIVED order reports a
    customer who did not show up; everything else that technicians, operators or the platform end is free.
    `free_left`: how many late cancellations of the month are still free for this customer. One is used for a late cancellation
    that would cost something and for nothing else: not once the technician has set out, not for a no-show.
    """
    if by is not Role.CUSTOMER and not (by is Role.TECHNICIAN and status is OrderStatus.ARRIVED):
        rule: Rule = "our_side"
    elif paid_fen == 0:
        rule = "unpaid"
    elif by is Role.CUSTOMER and status in _AWAITED and delay_minutes >= policy.delayed_minutes:
        rule = "delayed"
    elif by is Role.CUSTOMER and status in (*_AWAITED, OrderStatus.ARRIVED) and is_short:
        rule = "short_handed"
    else:
        rule = _BY_STATUS.get(status) or _by_notice(policy, paid_at, start_at, now)
    charged = min(_amount(policy, rule, total_fen, travel_fee_fen), paid_fen)
    if rule == "late" and charged and free_left > 0:
        rule, charged = LATE_FREE, 0
    technician_fen = share_bp(charged, policy.technician_bp)
    return CancelQuote(charged, paid_fen - charged, technician_fen, charged - technician_fen, rule)


def explain(policy: CancellationPolicy) -> list[CancelRow]:
    """The table for the customer, in the order in which it applies."""
    free = [CancelRow(LATE_FREE, times=policy.free_per_month)] if policy.free_per_month else []
    return [
        CancelRow("unassigned"),
        CancelRow("grace", minutes=policy.grace_minutes),
        CancelRow("ample_notice", minutes=policy.notice_minutes),
        CancelRow("late", minutes=policy.notice_minutes, bp=policy.late_bp, cap_fen=policy.late_cap_fen),
        *free,
        CancelRow("delayed", minutes=policy.delayed_minutes),
        CancelRow("short_handed"),
        CancelRow("departed", bp=policy.departed_bp, plus_travel=True),
        CancelRow("no_show", minutes=policy.wait_minutes, bp=policy.no_show_bp, plus_travel=True),
        CancelRow("our_side", coupon_fen=policy.apology_coupon_fen),
        CancelRow("reschedule", minutes=policy.notice_minutes, times=policy.reschedule_limit),
    ]


_BY_STATUS: dict[OrderStatus, Rule] = {
    OrderStatus.PENDING_PAYMENT: "unpaid",
    OrderStatus.MATCHING: "unassigned",
    OrderStatus.ASSIGNED: "unassigned",
    OrderStatus.EN_ROUTE: "departed",
    OrderStatus.ARRIVED: "no_show",
    OrderStatus.IN_SERVICE: "no_show",
    OrderStatus.AWAITING_BALANCE: "no_show",
    OrderStatus.AWAITING_CONFIRM: "no_show",
}
"""Where the status alone decides; elsewhere (ACCEPTED) the notice does."""
_AWAITED = (OrderStatus.ACCEPTED, OrderStatus.EN_ROUTE)


def _check(category: str, numbers: Mapping[str, Any]) -> None:
    """Raises: Invalid for the first number that is none, unknown, or out of its range."""
    for name, value in numbers.items():
        low, high = RANGES.get(str(name), (1, 0))
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise Invalid(f"cancellation {name}", field=str(name), category=category, least=low, most=high)


def _by_notice(policy: CancellationPolicy, paid_at: datetime | None, start_at: datetime, now: datetime) -> Rule:
    if paid_at is not None and now <= paid_at + timedelta(minutes=policy.grace_minutes):
        return "grace"
    return "ample_notice" if start_at - now >= timedelta(minutes=policy.notice_minutes) else "late"


def _amount(policy: CancellationPolicy, rule: Rule, total_fen: int, travel_fee_fen: int) -> int:
    base_fen = max(total_fen - travel_fee_fen, 0)
    match rule:
        case "late":
            return min(share_bp(base_fen, policy.late_bp), policy.late_cap_fen)
        case "departed":
            return travel_fee_fen + share_bp(base_fen, policy.departed_bp)
        case "no_show":
            return travel_fee_fen + share_bp(base_fen, policy.no_show_bp)
        case _:
            return 0
