"""Points as pure rules: how many are earned and used, which lots they leave, and where they come back to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicehub.domain.points import LIFE_AFTER_RETURN, Lot, PointsPolicy, Use, living, returns, taken
from servicehub.errors import Invalid

NOW = datetime(2026, 3, 2, tzinfo=UTC)
POLICY = PointsPolicy()
lots_of = st.lists(st.tuples(st.integers(0, 500), st.integers(-40, 400)), max_size=8).map(
    lambda rows: [Lot(i + 1, left, NOW + timedelta(days=days)) for i, (left, days) in enumerate(rows)]
)


@pytest.mark.parametrize(("paid_fen", "points"), [(0, 0), (99, 0), (100, 1), (9_999, 99), (10_000, 100)])
def test_a_point_for_each_whole_yuan(paid_fen: int, points: int) -> None:
    assert POLICY.earned(paid_fen) == points
    assert PointsPolicy(per_yuan=3).earned(paid_fen) == 3 * points


@given(st.integers(0, 1_000_000), st.integers(0, 1_000_000))
def test_what_a_refund_takes_never_exceeds_what_was_earned(paid_fen: int, back_fen: int) -> None:
    left = max(paid_fen - back_fen, 0)
    assert 0 <= POLICY.earned(paid_fen) - POLICY.earned(left) <= POLICY.earned(paid_fen)


@given(
    st.integers(0, 100_000), st.integers(0, 100_000), st.integers(0, 30_000), st.integers(-10, 100_000), st.integers(0, 10_000)
)  # fmt: skip
def test_what_may_be_used_stays_within_every_bound(total: int, due: int, used: int, free: int, bp: int) -> None:
    policy = PointsPolicy(most_bp=bp)
    points = policy.usable(total_fen=total, due_fen=due, used=used, free=free)

    assert points == 0 or policy.least <= points <= min(free, due)
    assert not points or (used + points) * 10_000 <= total * bp


def test_a_fifth_of_the_price_at_most_and_a_yuan_at_least() -> None:
    def usable(free: int, used: int = 0) -> int:
        return POLICY.usable(total_fen=10_001, due_fen=10_001, used=used, free=free)

    assert [usable(99), usable(100), usable(2_000), usable(9_999)] == [0, 100, 2_000, 2_000]
    assert [usable(9_999, used=1_900), usable(9_999, used=1_901)] == [100, 0]


@pytest.mark.parametrize(
    ("earned", "months", "expires"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2026-12-05", 1, "2027-01-05"),
        ("2026-03-02", 60, "2031-03-02"),
    ],
)
def test_months_are_the_calendars(earned: str, months: int, expires: str) -> None:
    at = datetime.fromisoformat(f"{earned}T03:00:00+00:00")
    assert PointsPolicy(months=months).expires_at(at).isoformat() == f"{expires}T03:00:00+00:00"


@given(lots_of, st.integers(0, 2_000), st.integers(0, 9))
def test_lots_that_expire_first_are_spent_first_and_expired_ones_never(
    lots: list[Lot], points: int, first: int
) -> None:
    if points > living(lots, NOW):
        with pytest.raises(ValueError, match="missing"):
            taken(lots, points, at=NOW, first=first)
        return
    parts = taken(lots, points, at=NOW, first=first)

    assert sum(parts.values()) == points
    assert all(0 < part <= next(lot.left for lot in lots if lot.id == key) for key, part in parts.items())
    alive = sorted(
        (lot for lot in lots if lot.expires_at > NOW), key=lambda one: (one.id != first, one.expires_at, one.id)
    )
    touched = [parts.get(lot.id, 0) for lot in alive if lot.left]
    emptied = [parts.get(lot.id, 0) == lot.left for lot in alive if lot.left]
    last = max((i for i, part in enumerate(touched) if part), default=0)
    assert all(emptied[:last])
    assert set(parts) <= {lot.id for lot in alive}


@given(st.lists(st.tuples(st.integers(1, 300), st.integers(0, 300), st.integers(-90, 90)), max_size=6), st.data())
def test_what_comes_back_fits_into_what_was_taken_and_lives_long_enough(
    rows: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    uses = [Use(i, n, min(back, n), NOW + timedelta(days=days)) for i, (n, back, days) in enumerate(rows)]
    room = sum(use.points - use.returned for use in uses)
    points = data.draw(st.integers(0, room))

    found = returns(uses, points, now=NOW)

    assert sum(part.points for part in found) == points
    by_lot = {use.lot_id: use for use in uses}
    for part in found:
        use = by_lot[part.lot_id]
        assert 0 < part.points <= use.points - use.returned
        assert part.expires_at >= NOW + LIFE_AFTER_RETURN
        assert part.is_new == (use.expires_at < NOW + LIFE_AFTER_RETURN)
        assert part.is_new or part.expires_at == use.expires_at
    with pytest.raises(ValueError, match="not taken"):
        returns(uses, room + 1, now=NOW)


@pytest.mark.parametrize(
    ("field", "value"),
    [("per_yuan", -1), ("per_yuan", 21), ("most_bp", 10_001), ("least", 0), ("months", 0), ("months", 61)],
)
def test_a_policy_outside_its_ranges_names_the_field(field: str, value: int) -> None:
    with pytest.raises(Invalid) as refused:
        PointsPolicy.checked({field: value})
    assert refused.value.params["field"] == field
    assert PointsPolicy.checked({}) == PointsPolicy.of({"note": "x"}) == POLICY
