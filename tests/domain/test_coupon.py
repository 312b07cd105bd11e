"""Which coupon is the best, and why the others lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from servicehub.domain.coupon import CouponTerms, Purchase, choose, discount_fen

NOW = datetime(2026, 3, 2, tzinfo=UTC)
AMOUNT = CouponTerms(
    1, "thirty", "立减 30", "¥30 off", "amount", amount_fen=3000, min_spend_fen=9900, expires_at=NOW + timedelta(days=9)
)
TENTH = CouponTerms(
    2, "tenth", "九折", "10% off", "percent", percent_bp=1000, cap_fen=4000, expires_at=NOW + timedelta(days=2)
)
BUY = Purchase(labour={1: 20_000}, is_first_order=False, now=NOW)


def test_the_largest_discount_wins_and_the_others_say_why() -> None:
    others = [
        replace(AMOUNT, grant_id=3, category_id=2),
        replace(AMOUNT, grant_id=4, first_order_only=True),
        replace(AMOUNT, grant_id=5, min_spend_fen=20_001),
        replace(AMOUNT, grant_id=6, expires_at=NOW),
        replace(AMOUNT, grant_id=7, amount_fen=0),
    ]
    choice = choose([*others, TENTH, AMOUNT], BUY)

    assert choice.best == AMOUNT
    assert {c.terms.grant_id: c.why for c in choice.considered} == {
        1: "", 2: "smaller", 3: "category", 4: "first_order", 5: "min_spend", 6: "expired", 7: "nothing_off",
    }  # fmt: skip


def test_of_equals_the_one_that_expires_first_is_used() -> None:
    assert (
        choose(
            [replace(AMOUNT, grant_id=9), replace(AMOUNT, grant_id=8, expires_at=NOW + timedelta(days=1))], BUY
        ).best.grant_id
        == 8
    )  # type: ignore[union-attr]


def test_a_percentage_is_capped_and_nothing_goes_below_zero() -> None:
    assert [discount_fen(TENTH, fen) for fen in (15, 20_000, 90_000)] == [2, 2000, 4000]
    assert discount_fen(AMOUNT, 1000) == 1000


def test_no_coupon_is_a_choice_too() -> None:
    assert choose([], BUY).best is None
