"""Pictures of a day's money: nothing is lost between the postings and the drawing."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicehub.domain.moneyflow import STATIONS, Flows, Lines, Node, flows

GROUPS = (*STATIONS, "cash:wechat", "cash:alipay", "commission", "subsidy", "comp", "tech_debt", "suspense")


@st.composite
def kinds(draw: st.DrawFn) -> list[Lines]:
    made = []
    for _ in range(draw(st.integers(0, 6))):
        debits: Counter[str] = Counter()
        credits_: Counter[str] = Counter()
        for debit, credit, fen in draw(
            st.lists(st.tuples(st.sampled_from(GROUPS), st.sampled_from(GROUPS), st.integers(1, 10_000)), max_size=5)
        ):
            debits[debit] += fen
            credits_[credit] += fen
        made.append(Lines(debits, credits_))
    return made


def net(made: list[Lines], group: str) -> int:
    return sum(lines.debits.get(group, 0) - lines.credits.get(group, 0) for lines in made)


@given(kinds())
def test_what_comes_to_a_station_goes_from_it_and_every_account_moves_by_its_postings(made: list[Lines]) -> None:
    picture = flows(made)

    assert all(fen > 0 for fen in picture.links.values())
    assert all(start.column < end.column for start, end in picture.links)
    for node in picture.nodes:
        if not node.side:
            assert picture.excess(node) == 0
    for group in GROUPS:
        if group in STATIONS:
            assert side(picture, group, "still") - side(picture, group, "before") == -net(made, group)
        else:
            assert side(picture, group, "in") - side(picture, group, "out") == net(made, group)


def side(picture: Flows, group: str, which: str) -> int:
    return sum(picture.through(node) for node in picture.nodes if (node.group, node.side) == (group, which))


def test_a_day_with_a_payment_a_settlement_and_a_withdrawal() -> None:
    picture = flows(
        [
            Lines({"cash:wechat": 20_000}, {"escrow": 20_000}),
            Lines({"escrow": 15_000, "subsidy": 1_000}, {"commission": 4_000, "t_pending": 12_000}),
            Lines({"t_withdraw": 5_000}, {"cash:alipay": 4_950, "fee_income": 50}),
        ]
    )

    escrow, withdrawing = Node(1, "escrow"), Node(4, "t_withdraw")
    assert picture.links[Node(0, "cash:wechat", "in"), escrow] == 20_000
    assert picture.links[escrow, Node(5, "escrow", "still")] == 5_000
    assert picture.links[Node(0, "t_withdraw", "before"), withdrawing] == 5_000
    assert picture.links[withdrawing, Node(5, "cash:alipay", "out")] == 4_950
    assert picture.through(Node(2, "t_pending")) == 12_000


def test_what_went_back_between_two_stations_is_taken_off() -> None:
    picture = flows([Lines({"t_avail": 900}, {"t_withdraw": 900}), Lines({"t_withdraw": 300}, {"t_avail": 300})])

    assert picture.links[Node(3, "t_avail"), Node(4, "t_withdraw")] == 600


def test_what_does_not_balance_is_refused() -> None:
    with pytest.raises(ValueError, match="against"):
        flows([Lines({"escrow": 2}, {"commission": 1})])
