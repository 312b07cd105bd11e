"""The cancellation table, row by row, by category and month, and that nothing is lost between fee and refund."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicehub.domain.access import Role
from servicehub.domain.cancellation import (
    LATE_FREE,
    RANGES,
    CancellationPolicy,
    CancellationTerms,
    CancelQuote,
    explain,
    fee,
    month_of,
)
from servicehub.domain.order import OrderStatus as S
from servicehub.domain.policy import DEFAULT_ORDER_POLICY, OrderPolicy
from servicehub.errors import Invalid

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
    policy: CancellationPolicy = POLICY,
    free_left: int = 0,
) -> CancelQuote:
    return fee(
        policy,
        status=status,
        paid_fen=paid,
        total_fen=total,
        paid_at=NOW - timedelta(minutes=paid_minutes),
        start_at=NOW + timedelta(hours=hours),
        now=NOW,
        travel_fee_fen=travel,
        by=by,
        free_left=free_left,
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


NUMBERS = st.fixed_dictionaries({name: st.integers(*RANGES[name]) for name in RANGES})
SOME = st.fixed_dictionaries({}, optional={name: st.integers(*RANGES[name]) for name in RANGES})


@given(
    NUMBERS,
    st.dictionaries(st.sampled_from(["deep", "massage"]), SOME),
    st.sampled_from(list(S)),
    st.sampled_from(list(Role)),
    st.integers(-5, 200),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.integers(0, 1500),
    st.integers(0, 3),
)
def test_fee_and_refund_are_what_was_paid_by_any_terms(
    standard: dict[str, int],
    own: dict[str, dict[str, int]],
    status: S,
    by: Role,
    hours: int,
    paid: int,
    total: int,
    travel: int,
    free_left: int,
) -> None:
    terms = CancellationTerms.checked(standard | {"by_category": own})
    policy = terms.of_category("deep")
    quoted = ended(
        status, by=by, hours=hours, paid=paid, total=total, travel=travel, policy=policy, free_left=free_left
    )
    plain = ended(status, by=by, hours=hours, paid=paid, total=total, travel=travel, policy=policy)

    assert quoted.fee_fen + quoted.refund_fen == paid
    assert quoted.technician_fen + quoted.platform_fen == quoted.fee_fen
    assert min(quoted.fee_fen, quoted.refund_fen, quoted.technician_fen, quoted.platform_fen) >= 0
    is_free = free_left > 0 and plain.rule == "late" and plain.fee_fen > 0
    assert quoted == (CancelQuote(0, paid, 0, 0, LATE_FREE) if is_free else plain)
    assert CancellationTerms.of(terms.document()) == terms
    assert policy == CancellationPolicy(**(standard | own.get("deep", {})))


def test_the_text_is_made_of_the_numbers_that_are_charged() -> None:
    policy = CancellationPolicy.of({"late_bp": 1000, "late_cap_fen": 3000, "notice_minutes": 120})
    late = next(row for row in explain(policy) if row.rule == "late")

    assert (late.bp, late.cap_fen, late.minutes) == (1000, 3000, 120)


@pytest.mark.parametrize(
    ("status", "by", "rule"),
    [
        (S.ACCEPTED, Role.CUSTOMER, LATE_FREE),
        (S.EN_ROUTE, Role.CUSTOMER, "departed"),
        (S.ARRIVED, Role.CUSTOMER, "no_show"),
        (S.ARRIVED, Role.TECHNICIAN, "no_show"),
        (S.ACCEPTED, Role.OPERATOR, "our_side"),
    ],
)
def test_the_free_one_is_for_late_cancellations_only(status: S, by: Role, rule: str) -> None:
    assert ended(status, by=by, free_left=1).rule == rule


def test_what_is_free_anyway_uses_nothing_up() -> None:
    assert [
        ended(S.ACCEPTED, hours=5, free_left=1).rule,
        ended(S.ACCEPTED, paid=0, free_left=1).rule,
        ended(S.ACCEPTED, policy=CancellationPolicy(late_bp=0), free_left=1).rule,
    ] == ["ample_notice", "unpaid", "late"]


def test_a_category_keeps_only_what_differs_and_has_the_rest_of_the_standard() -> None:
    terms = CancellationTerms.checked(
        {"late_bp": 3000, "by_category": {"deep": {"late_bp": 4000, "grace_minutes": 5}, "care": {"late_bp": 3000}}}
    )

    assert terms.document()["by_category"] == {"deep": {"late_bp": 4000}}
    assert terms.of_category("deep") == CancellationPolicy(late_bp=4000)
    assert terms.of_category("care") == terms.of_category("") == terms.standard == CancellationPolicy(late_bp=3000)


def test_documents_from_before_read_as_before_and_new_cities_start_with_one_free() -> None:
    old = {"grace_minutes": 5, "late_bp": 2500}

    assert OrderPolicy.of({"cancellation": old}).cancellation.of_category("deep") == CancellationPolicy(late_bp=2500)
    assert OrderPolicy.of({}).cancellation.standard.free_per_month == 0
    assert DEFAULT_ORDER_POLICY.cancellation.standard == CancellationPolicy(free_per_month=1)
    assert OrderPolicy.of(DEFAULT_ORDER_POLICY.document()) == DEFAULT_ORDER_POLICY


@pytest.mark.parametrize(
    ("document", "field", "category"),
    [
        ({"late_bp": 10_001}, "late_bp", ""),
        ({"late_bp": -1}, "late_bp", ""),
        ({"late_bp": "2000"}, "late_bp", ""),
        ({"free_per_month": True}, "free_per_month", ""),
        ({"delayed_minutes": 0}, "delayed_minutes", ""),
        ({"discount": 1}, "discount", ""),
        ({"by_category": {"deep": {"late_cap_fen": None}}}, "late_cap_fen", "deep"),
        ({"by_category": {"deep": 4}}, "by_category", ""),
        ({"by_category": [1]}, "by_category", ""),
    ],
)
def test_terms_that_make_no_sense_name_what_is_wrong(document: dict[str, object], field: str, category: str) -> None:
    with pytest.raises(Invalid) as refused:
        CancellationTerms.checked(document)
    assert (refused.value.params["field"], refused.value.params["category"]) == (field, category)


def test_a_month_begins_where_the_city_is() -> None:
    midnight = datetime(2026, 2, 28, 16, 0, tzinfo=UTC)

    assert [month_of(midnight - timedelta(seconds=1), "Asia/Shanghai"), month_of(midnight, "Asia/Shanghai")] == [
        "2026-02",
        "2026-03",
    ]


def test_the_free_ones_stand_in_the_table_when_there_are_any() -> None:
    rows = [row.rule for row in explain(CancellationPolicy(free_per_month=2))]

    assert rows[rows.index("late") + 1] == LATE_FREE
    assert LATE_FREE not in [row.rule for row in explain(CancellationPolicy())]
