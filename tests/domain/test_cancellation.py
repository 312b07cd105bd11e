"""The cancellation table, row by row, and that nothing is lost between fee and refund."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicehub.domain.access import Role
from servicehub.domain.cancellation import CancellationPolicy, CancelQuote, explain, fee
from servicehub.domain.order import OrderStatus as S

POLICY = CancellationPolicy()
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


def ended(
    status: S,
    *,
    by: Role = Role.CUSTOMER,
    hours: float = 2,
    paid_minutes: int = 60,
    paid: int = 20_000,
    total: int = 20_000,
    travel: int = 900,
) -> CancelQuote:
    return fee(
        POLICY,
        status=status,
        paid_fen=paid,
        total_fen=total,
        paid_at=NOW - timedelta(minutes=paid_minutes),
        start_at=NOW + timedelta(hours=hours),
        now=NOW,
        travel_fee_fen=travel,
        by=by,
    )


@pytest.mark.parametrize(
    ("status", "hours", "paid_minutes", "rule", "charged"),
    [
        (S.PENDING_PAYMENT, 2, 60, "unpaid", 0),
        (S.MATCHING, 0.1, 60, "unassigned", 0),
        (S.ASSIGNED, 0.1, 60, "unassigned", 0),
        (S.ACCEPTED, 0.5, 5, "grace", 0),
        (S.ACCEPTED, 3, 60, "ample_notice", 0),
        (S.ACCEPTED, 2.99, 60, "late", 3820),
        (S.EN_ROUTE, 0.2, 2, "departed", 900 + 5730),
        (S.ARRIVED, 0, 60, "no_show", 900 + 9550),
    ],
)
def test_the_table(status: S, hours: float, paid_minutes: int, rule: str, charged: int) -> None:
    quoted = ended(status, hours=hours, paid_minutes=paid_minutes)

    assert (quoted.rule, quoted.fee_fen, quoted.refund_fen) == (rule, charged, 20_000 - charged)


def test_a_late_cancellation_is_capped() -> None:
    assert ended(S.ACCEPTED, paid=90_000, total=90_000).fee_fen == 5000


def test_no_fee_exceeds_what_was_paid() -> None:
    quoted = ended(S.ARRIVED, paid=4000)

    assert (quoted.fee_fen, quoted.refund_fen) == (4000, 0)


@pytest.mark.parametrize("by", [Role.OPERATOR, Role.SYSTEM])
@pytest.mark.parametrize("status", [S.MATCHING, S.ACCEPTED, S.EN_ROUTE, S.ARRIVED])
def test_when_our_side_ends_it_everything_goes_back(status: S, by: Role) -> None:
    assert ended(status, by=by) == CancelQuote(0, 20_000, 0, 0, "our_side")


def test_a_technician_at_the_door_reports_a_no_show_and_before_that_pays_nothing_to_himself() -> None:
    assert ended(S.ARRIVED, by=Role.TECHNICIAN).rule == "no_show"
    assert ended(S.EN_ROUTE, by=Role.TECHNICIAN).rule == "our_side"


def test_fees_go_to_the_technician_without_commission() -> None:
    quoted = ended(S.EN_ROUTE)

    assert (quoted.technician_fen, quoted.platform_fen) == (quoted.fee_fen, 0)


@given(
    st.sampled_from(list(S)),
    st.sampled_from(list(Role)),
    st.integers(-5, 200),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.integers(0, 1500),
)
def test_fee_and_refund_are_what_was_paid(status: S, by: Role, hours: int, paid: int, total: int, travel: int) -> None:
    quoted = ended(status, by=by, hours=hours, paid=paid, total=total, travel=travel)

    assert quoted.fee_fen + quoted.refund_fen == paid
    assert quoted.technician_fen + quoted.platform_fen == quoted.fee_fen
    assert min(quoted.fee_fen, quoted.refund_fen, quoted.technician_fen, quoted.platform_fen) >= 0


def test_the_text_is_made_of_the_numbers_that_are_charged() -> None:
    policy = CancellationPolicy.of({"late_bp": 1000, "late_cap_fen": 3000, "notice_minutes": 120})
    late = next(row for row in explain(policy) if row.rule == "late")

    assert (late.bp, late.cap_fen, late.minutes) == (1000, 3000, 120)
