"""The price of a visit: named lines, the total, what is due first, how long it takes.

Owns the formulas of service, add-ons, travel, night, holiday, rush and coupon; its numbers are policy data. Wording of the fees is
`texts.money`'s, catalogue rows and coupons are `services.pricing`'s. Everything is judged by the time of the *service*.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from fractions import Fraction
from typing import Any, Self

from servicehub.domain.coupon import CouponTerms, discount_fen, eligible_fen
from servicehub.domain.money import share_bp
from servicehub.domain.order import PaymentPlan
from servicehub.errors import Invalid

QUARTER = 15
"""Durations are whole quarters of an hour."""


@dataclass(frozen=True, slots=True)
class FeePolicy:
    """Fees beside the catalogue's prices."""

    travel_free_m: int = 5000
    travel_max_m: int = 10_000
    """Distance beyond is not charged; whether it is served is decided elsewhere."""
    travel_per_km_fen: int = 300
    """Each started kilometre beyond the free ones, one way."""
    night_fen: int = 3000
    night_from_minute: int = 1320
    night_until_minute: int = 420
    """Minutes of the local day in which a service that starts is a night service; the window may cross midnight."""
    holiday_bp: int = 3000
    holiday_cap_fen: int = 8000
    rush_fen: int = 2000
    credit_fen: int = 60_000
    """What a customer may owe at once for visits that are paid afterwards, living and finished ones together."""
    rush_minutes: int = 120
    """An order for as soon as possible is served within this."""
    holidays: frozenset[date] = frozenset()

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """The policy of a stored document; numbers that it lacks keep their default."""
        numbers = {f.name: int(document[f.name]) for f in fields(cls) if f.name in document and f.name != "holidays"}
        return cls(**numbers, holidays=frozenset(date.fromisoformat(on) for on in document.get("holidays", ())))

    def is_night(self, start_local: datetime) -> bool:
        """Whether a service that starts then is a night service."""
        minute = start_local.hour * 60 + start_local.minute
        if self.night_from_minute <= self.night_until_minute:
            return self.night_from_minute <= minute < self.night_until_minute
        return minute >= self.night_from_minute or minute < self.night_until_minute


@dataclass(frozen=True, slots=True)
class ItemTerms:
    """What the catalogue says of a service, as far as its price goes."""

    slug: str
    name_zh: str
    name_en: str
    price_fen: int
    base_minutes: int
    next_unit_off_fen: int = 0
    min_quantity: int = 1
    max_quantity: int = 1
    minutes_per_extra_unit: float = 0
    payment_plan: PaymentPlan = PaymentPlan.FULL
    deposit_bp: int = 0
    deposit_fen: int = 0
    category_id: int = 0


Wanted = tuple[ItemTerms, int]
"""A service and its quantity."""


@dataclass(frozen=True, slots=True)
class AddOnTerms:
    slug: str
    name_zh: str
    name_en: str
    price_fen: int
    minutes: int = 0
    max_quantity: int = 1


@dataclass(frozen=True, slots=True)
class Line:
    """One named amount. Fees leave `quote` without names (see `services.pricing.named`); a coupon's amount is negative.

    `amount_fen` is `quantity · unit_fen`, except for a service whose further units are cheaper.
    """

    kind: str
    ref: str
    quantity: int
    unit_fen: int
    amount_fen: int
    name_zh: str = ""
    name_en: str = ""


@dataclass(frozen=True, slots=True)
class Quote:
    """`lines` sum to `total_fen`. `price_hash` is equal for equal prices: the customer's consent is bound to it."""

    lines: tuple[Line, ...]
    total_fen: int
    first_due_fen: int
    duration_minutes: int
    price_hash: str
    labour: Mapping[int, int]
    """Category -> services and add-ons, before fees: what coupons are judged by."""

    def of_kind(self, kind: str) -> int:
        """The sum of the lines of `kind`."""
        return sum(line.amount_fen for line in self.lines if line.kind == kind)


def quote(
    item: ItemTerms,
    quantity: int,
    add_ons: Sequence[tuple[AddOnTerms, int]],
    *,
    start_local: datetime,
    distance_m: int,
    is_immediate: bool,
    holidays: Collection[date] | None = None,
    coupon: CouponTerms | None = None,
    policy: FeePolicy,
    further: Sequence[Wanted] = (),
) -> Quote:
    """The price of a service that starts at `start_local` (aware, in the city's zone), with `further` ones of the same visit.

    Fees are taken once for the visit; what is due first is by the terms of `item`.
    `distance_m` is from the district's centre to the address; `holidays` are local dates, the policy's when None. The coupon is
    applied as it is: whether it may be used is `domain.coupon.refusal`'s.

    Raises: Invalid for a quantity outside the service's or an add-on's range.
    """
    lines = _labour(item, quantity, add_ons, further)
    labour = _by_category(item, further, lines)
    base_fen = sum(labour.values())
    lines += _fees(policy, base_fen, start_local, distance_m, holidays, is_immediate=is_immediate)
    total_fen = sum(line.amount_fen for line in lines)
    if coupon is not None:
        off = min(discount_fen(coupon, eligible_fen(coupon, labour)), total_fen)
        if off > 0:
            lines.append(Line("coupon", coupon.slug, 1, -off, -off, coupon.name_zh, coupon.name_en))
            total_fen -= off
    first_due_fen = _first_due(item, total_fen)
    minutes = duration_minutes(item, quantity, add_ons, further)
    return Quote(tuple(lines), total_fen, first_due_fen, minutes, _hash(lines, first_due_fen, minutes), labour)


def duration_minutes(
    item: ItemTerms, quantity: int, add_ons: Sequence[tuple[AddOnTerms, int]], further: Sequence[Wanted] = ()
) -> int:
    """Minutes of the visit: each service's base and further units, add-ons, rounded up to a quarter of an hour."""
    minutes = sum(_minutes(wanted, count) for wanted, count in ((item, quantity), *further))
    minutes += sum(add_on.minutes * count for add_on, count in add_ons)
    return -(-minutes // QUARTER) * QUARTER


def _minutes(item: ItemTerms, quantity: int) -> int:
    extra = Fraction(str(item.minutes_per_extra_unit)) * max(quantity - item.min_quantity, 0)
    return item.base_minutes + math.ceil(extra)


def renamed(quoted: Quote, names: Mapping[str, tuple[str, str]]) -> Quote:
    """The quote with `names[kind]` (zh, en) on every line that has none."""
    lines = [
        line if line.name_zh else replace(line, name_zh=names[line.kind][0], name_en=names[line.kind][1])
        for line in quoted.lines
    ]
    return replace(quoted, lines=tuple(lines))


def _labour(
    item: ItemTerms, quantity: int, add_ons: Sequence[tuple[AddOnTerms, int]], further: Sequence[Wanted]
) -> list[Line]:
    if len({add_on.slug for add_on, _count in add_ons}) != len(add_ons):
        raise Invalid(f"an add-on of {item.slug} twice")
    if len({item.slug, *(other.slug for other, _count in further)}) != 1 + len(further):
        raise Invalid(f"a service twice beside {item.slug}")
    lines = [_service(wanted, count) for wanted, count in ((item, quantity), *further)]
    for add_on, count in add_ons:
        if not 1 <= count <= add_on.max_quantity:
            raise Invalid(f"{count} of {add_on.slug}", least=1, most=add_on.max_quantity)
        unit = add_on.price_fen
        lines.append(Line("add_on", add_on.slug, count, unit, unit * count, add_on.name_zh, add_on.name_en))
    return lines


def _by_category(item: ItemTerms, further: Sequence[Wanted], lines: Sequence[Line]) -> dict[int, int]:
    """Category -> what is bought of it; add-ons belong to `item`."""
    categories = {wanted.slug: wanted.category_id for wanted, _count in further}
    found: dict[int, int] = {item.category_id: 0}
    for line in lines:
        category = categories.get(line.ref, item.category_id) if line.kind == "service" else item.category_id
        found[category] = found.get(category, 0) + line.amount_fen
    return found


def _service(item: ItemTerms, quantity: int) -> Line:
    if not item.min_quantity <= quantity <= item.max_quantity:
        raise Invalid(f"{quantity} of {item.slug}", least=item.min_quantity, most=item.max_quantity)
    amount_fen = item.price_fen * quantity - item.next_unit_off_fen * (quantity - 1)
    return Line("service", item.slug, quantity, item.price_fen, amount_fen, item.name_zh, item.name_en)


def _fees(
    policy: FeePolicy,
    base_fen: int,
    start_local: datetime,
    distance_m: int,
    holidays: Collection[date] | None,
    *,
    is_immediate: bool,
) -> list[Line]:
    lines = []
    if (km := _charged_km(policy, distance_m)) > 0:
        unit = policy.travel_per_km_fen
        lines.append(Line("travel", f"{distance_m}m", km, unit, unit * km))
    if policy.is_night(start_local):
        lines.append(_once("night", policy.night_fen))
    if start_local.date() in (policy.holidays if holidays is None else holidays):
        lines.append(_once("holiday", min(share_bp(base_fen, policy.holiday_bp), policy.holiday_cap_fen)))
    if is_immediate:
        lines.append(_once("rush", policy.rush_fen))
    return [line for line in lines if line.amount_fen > 0]


def _charged_km(policy: FeePolicy, distance_m: int) -> int:
    beyond_m = min(distance_m, policy.travel_max_m) - policy.travel_free_m
    return -(-beyond_m // 1000) if beyond_m > 0 else 0


def _once(kind: str, amount_fen: int) -> Line:
    return Line(kind, "", 1, amount_fen, amount_fen)


def _first_due(item: ItemTerms, total_fen: int) -> int:
    match item.payment_plan:
        case PaymentPlan.AFTER:
            return 0
        case PaymentPlan.DEPOSIT:
            return min(item.deposit_fen or share_bp(total_fen, item.deposit_bp), total_fen)
        case _:
            return total_fen


def _hash(lines: Sequence[Line], first_due_fen: int, minutes: int) -> str:
    content = [[line.kind, line.ref, line.quantity, line.unit_fen, line.amount_fen] for line in lines]
    return hashlib.sha256(json.dumps([content, first_due_fen, minutes]).encode()).hexdigest()[:32]
