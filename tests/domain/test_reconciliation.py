"""Every line of a bill and every booking of its day falls into exactly one class, and the day is proved to the fen."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from servicehub.domain.reconciliation import BillLine, DifferenceKind, LineKind, compare

PAYMENT, REFUND, PAYOUT = LineKind.PAYMENT, LineKind.REFUND, LineKind.PAYOUT


def test_the_six_classes() -> None:
    lines = [
        BillLine(PAYMENT, "fits", 10_000, 60),
        BillLine(PAYMENT, "other amount", 9_000, 54),
        BillLine(PAYMENT, "unknown", 500, 3),
        BillLine(REFUND, "next day", 2_000, -12),
        BillLine(PAYOUT, "paid out", 4_000),
    ]
    ours = {
        (PAYMENT, "fits"): 10_000, (PAYMENT, "other amount"): 9_500, (REFUND, "lost"): 700, (PAYOUT, "paid out"): 4_000,
        (PAYMENT, "day before"): 300,
    }  # fmt: skip

    outcome = compare(
        lines, ours, around={(REFUND, "next day"): 2_000}, billed_elsewhere=[(PAYMENT, "day before"), (PAYMENT, "x")]
    )

    assert (outcome.matched, outcome.other_day, outcome.fee_fen) == (2, 2, 105)
    assert [(f.difference, f.no, f.net_fen) for f in outcome.differences] == [
        (DifferenceKind.AMOUNT, "other amount", -500),
        (DifferenceKind.ONLY_CHANNEL, "unknown", 500),
        (DifferenceKind.ONLY_OURS, "lost", 700),
    ]
    ledger_net = 10_000 + 9_500 - 700 - 4_000 + 300
    assert outcome.unexplained_fen(ledger_net) == 0
    assert outcome.unexplained_fen(ledger_net + 1) == -1


kinds = st.sampled_from(LineKind)
amounts = st.dictionaries(st.tuples(kinds, st.sampled_from("abcdefgh")), st.integers(1, 10**7), max_size=12)


@given(theirs=amounts, ours=amounts, around=amounts, elsewhere=st.sets(st.tuples(kinds, st.sampled_from("abcdefgh"))))
def test_books_that_hold_what_we_booked_are_explained(
    theirs: dict[tuple[LineKind, str], int],
    ours: dict[tuple[LineKind, str], int],
    around: dict[tuple[LineKind, str], int],
    elsewhere: set[tuple[LineKind, str]],
) -> None:
    lines = [BillLine(kind, no, fen) for (kind, no), fen in theirs.items()]

    outcome = compare(lines, ours, around=around, billed_elsewhere=elsewhere)

    assert outcome.unexplained_fen(sum(kind.sign * fen for (kind, _no), fen in ours.items())) == 0
    asked = set(theirs) | set(ours)
    assert outcome.matched + outcome.other_day + len(outcome.differences) == len(asked)
    assert {f.net_fen == 0 for f in outcome.differences} <= {False}
