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


def test_what_was_taken_for_nothing_has_to_come_back() -> None:
    taken, back = (PAYOUT, "W1"), (LineKind.PAYOUT_BACK, "W1")
    under_way = {taken: 500, back: 500}

    whole = compare([BillLine(*taken, 500), BillLine(*back, 500)], {}, around=under_way, due={back: 500})
    kept = compare([BillLine(*taken, 500)], {}, around=under_way, due={back: 500})

    assert (whole.other_day, whole.differences, whole.unexplained_fen(0)) == (2, (), 0)
    (found,) = kept.differences
    assert (found.difference, found.kind, found.net_fen) == (DifferenceKind.ONLY_OURS, LineKind.PAYOUT_BACK, -500)
    assert kept.unexplained_fen(0) == 0


kinds = st.sampled_from([kind for kind in LineKind if kind.sign])
amounts = st.dictionaries(st.tuples(kinds, st.sampled_from("abcdefgh")), st.integers(1, 10**7), max_size=12)


@given(
    theirs=amounts,
    ours=amounts,
    around=amounts,
    elsewhere=st.sets(st.tuples(kinds, st.sampled_from("abcdefgh"))),
    fees=st.lists(st.integers(-900, 900)),
)
def test_books_that_hold_what_we_booked_are_explained(
    theirs: dict[tuple[LineKind, str], int],
    ours: dict[tuple[LineKind, str], int],
    around: dict[tuple[LineKind, str], int],
    elsewhere: set[tuple[LineKind, str]],
    fees: list[int],
) -> None:
    lines = [BillLine(kind, no, fen) for (kind, no), fen in theirs.items()]
    lines += [BillLine(LineKind.FEE, f"fee {i}", abs(fen) or 1, fen) for i, fen in enumerate(fees)]

    outcome = compare(lines, ours, around=around, billed_elsewhere=elsewhere)

    assert outcome.unexplained_fen(sum(kind.sign * fen for (kind, _no), fen in ours.items())) == 0
    asked = set(theirs) | set(ours)
    assert outcome.matched + outcome.other_day + len(outcome.differences) == len(asked)
    assert {f.net_fen == 0 for f in outcome.differences} <= {False}
    assert outcome.fee_fen == sum(fees)
