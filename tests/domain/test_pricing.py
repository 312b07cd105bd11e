"""Prices by the catalogue, the hour, the distance and the coupon."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicehub.domain.coupon import CouponTerms
from servicehub.domain.order import PaymentPlan
from servicehub.domain.policy import DEFAULT_ORDER_POLICY, DEFAULT_POLICIES, OrderPolicy
from servicehub.domain.pricing import AddOnTerms, FeePolicy, ItemTerms, Quote, duration_minutes, quote, renamed
from servicehub.errors import Invalid

SHANGHAI = ZoneInfo("Asia/Shanghai")
FEES = DEFAULT_ORDER_POLICY.fees
ITEM = ItemTerms("ac-wall", "空调挂机清洗", "Wall air conditioner", 12900, 60, 2000, 1, 8, 50)
STEAM = AddOnTerms("steam", "高温蒸汽", "Steam", 3000, 15, 6)


def priced(
    hour: int = 10,
    minute: int = 0,
    *,
    on: date = date(2026, 3, 2),
    quantity: int = 1,
    item: ItemTerms = ITEM,
    **changes: object,
) -> Quote:
    start = datetime(on.year, on.month, on.day, hour, minute, tzinfo=SHANGHAI)
    given = {"start_local": start, "distance_m": 0, "is_immediate": False, "policy": FEES} | changes
    add_ons = given.pop("add_ons", [])
    return quote(item, quantity, add_ons, **given)  # type: ignore[arg-type]


def kinds(quoted: Quote) -> dict[str, int]:
    return {line.kind: line.amount_fen for line in quoted.lines}


def test_further_units_are_cheaper() -> None:
    assert [priced(quantity=n).total_fen for n in (1, 2, 3)] == [12900, 23800, 34700]


def test_add_ons_are_lines_of_their_own() -> None:
    assert kinds(priced(quantity=2, add_ons=[(STEAM, 2)])) == {"service": 23800, "add_on": 6000}


def test_the_duration_is_rounded_up_to_a_quarter() -> None:
    assert duration_minutes(ITEM, 1, []) == 60
    assert duration_minutes(ITEM, 2, [(STEAM, 1)]) == 135
    assert (
        duration_minutes(
            replace(ITEM, minutes_per_extra_unit=2.5, base_minutes=240, min_quantity=60, max_quantity=160), 61, []
        )
        == 255
    )


@pytest.mark.parametrize(
    ("hour", "minute", "night"),
    [(21, 59, 0), (22, 0, 3000), (23, 30, 3000), (0, 0, 3000), (0, 15, 3000), (6, 59, 3000), (7, 0, 0), (12, 0, 0)],
)
def test_the_night_fee_goes_by_the_hour_of_the_service_and_crosses_midnight(hour: int, minute: int, night: int) -> None:
    assert kinds(priced(hour, minute)).get("night", 0) == night


def test_a_night_window_that_does_not_cross_midnight() -> None:
    policy = replace(FEES, night_from_minute=60, night_until_minute=300)

    assert [kinds(priced(h, policy=policy)).get("night", 0) for h in (0, 1, 4, 5, 23)] == [0, 3000, 3000, 0, 0]


def test_the_holiday_surcharge_is_three_tenths_and_capped() -> None:
    day = date(2026, 10, 1)

    assert kinds(priced(on=day))["holiday"] == 3870
    assert kinds(priced(on=day, quantity=3))["holiday"] == 8000
    assert "holiday" not in kinds(priced(on=date(2026, 10, 4)))
    assert "holiday" not in kinds(priced(on=day, holidays=set()))


@pytest.mark.parametrize(
    ("metres", "km", "fee"),
    [(0, 0, 0), (5000, 0, 0), (5001, 1, 300), (6000, 1, 300), (7200, 3, 900), (10_000, 5, 1500), (14_000, 5, 1500)],
)
def test_travel_is_charged_by_the_started_kilometre(metres: int, km: int, fee: int) -> None:
    travel = [line for line in priced(distance_m=metres).lines if line.kind == "travel"]

    assert [(line.quantity, line.unit_fen, line.amount_fen) for line in travel] == ([(km, 300, fee)] if fee else [])


def test_as_soon_as_possible_costs_a_fee() -> None:
    assert kinds(priced(is_immediate=True))["rush"] == 2000


def test_a_coupon_is_computed_on_service_and_add_ons_only() -> None:
    coupon = CouponTerms(1, "tenth", "九折", "10% off", "percent", percent_bp=1000)
    quoted = priced(22, distance_m=8000, add_ons=[(STEAM, 1)], coupon=coupon)

    assert kinds(quoted)["coupon"] == -1590
    assert quoted.total_fen == 12900 + 3000 + 900 + 3000 - 1590


def test_a_coupon_pays_no_more_than_the_price() -> None:
    coupon = CouponTerms(1, "big", "大额", "Big", "amount", amount_fen=99900)

    assert (priced(coupon=coupon).total_fen, priced(coupon=coupon).first_due_fen) == (0, 0)


def test_what_is_due_first_follows_the_plan() -> None:
    deposit = replace(ITEM, payment_plan=PaymentPlan.DEPOSIT, deposit_bp=2000)

    assert priced().first_due_fen == 12900
    assert priced(item=deposit).first_due_fen == 2580
    assert priced(item=replace(deposit, deposit_fen=3000)).first_due_fen == 3000
    assert priced(item=replace(deposit, deposit_fen=99900)).first_due_fen == 12900
    assert priced(item=replace(ITEM, payment_plan=PaymentPlan.AFTER)).first_due_fen == 0


def test_quantities_outside_the_range_are_refused() -> None:
    for wrong in ({"quantity": 0}, {"quantity": 9}, {"add_ons": [(STEAM, 7)]}, {"add_ons": [(STEAM, 1), (STEAM, 1)]}):
        with pytest.raises(Invalid):
            priced(**wrong)  # type: ignore[arg-type]


def test_the_hash_is_the_price() -> None:
    assert priced(10).price_hash == priced(14).price_hash
    assert priced(10).price_hash != priced(22).price_hash
    assert priced(10).price_hash != priced(10, item=replace(ITEM, price_fen=12901)).price_hash


def test_fee_lines_get_their_names() -> None:
    named = renamed(priced(22), {"night": ("夜间", "Night")})

    assert [(line.name_zh, line.name_en) for line in named.lines] == [
        ("空调挂机清洗", "Wall air conditioner"),
        ("夜间", "Night"),
    ]


@given(st.integers(0, 23), st.integers(1, 8), st.integers(0, 20_000), st.booleans(), st.integers(0, 50_000))
def test_lines_always_sum_to_the_total(hour: int, quantity: int, metres: int, soon: bool, off: int) -> None:
    coupon = CouponTerms(1, "c", "券", "Coupon", "amount", amount_fen=off)
    quoted = priced(hour, quantity=quantity, distance_m=metres, is_immediate=soon, coupon=coupon)

    assert sum(line.amount_fen for line in quoted.lines) == quoted.total_fen >= 0
    assert 0 <= quoted.first_due_fen <= quoted.total_fen


def test_a_policy_survives_its_document() -> None:
    assert OrderPolicy.of(DEFAULT_POLICIES["order"]) == DEFAULT_ORDER_POLICY
    assert FeePolicy.of({"night_fen": 100}).night_fen == 100
