"""The assignment of a batch is the best there is: against every possibility, and against the dense solver."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from servicehub.matching.assignment import NOBODY, assign


def _total(chosen, table, alone):
    return sum(alone[i] if j == NOBODY else table[i][j] for i, j in enumerate(chosen))


@st.composite
def batches(draw):
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(0, 4))
    cost = st.integers(-50, 50)
    table = draw(st.lists(st.lists(st.none() | cost, min_size=columns, max_size=columns), min_size=rows, max_size=rows))
    return table, draw(st.lists(cost, min_size=rows, max_size=rows))


@given(batches())
def test_no_other_choice_is_cheaper(batch):
    table, alone = batch
    pairs = [(i, j, c) for i, row in enumerate(table) for j, c in enumerate(row) if c is not None]
    chosen = assign([p[0] for p in pairs], [p[1] for p in pairs], [p[2] for p in pairs], alone)
    taken = [j for j in chosen if j != NOBODY]
    assert len(taken) == len(set(taken))
    assert all(j == NOBODY or table[i][j] is not None for i, j in enumerate(chosen))
    options = [[NOBODY, *(j for j, c in enumerate(row) if c is not None)] for row in table]
    possible = [
        choice
        for choice in itertools.product(*options)
        if len(used := [j for j in choice if j != NOBODY]) == len(set(used))
    ]
    assert _total(chosen, table, alone) == min(_total(choice, table, alone) for choice in possible)


def test_a_large_batch_costs_what_the_dense_solver_finds():
    dice = np.random.default_rng(7)
    table = np.where(dice.random((60, 40)) < 0.3, dice.uniform(0, 3600, (60, 40)), np.inf)
    alone = dice.uniform(1800, 7200, 60)
    row, column = np.nonzero(np.isfinite(table))
    chosen = assign(row, column, table[row, column], alone)
    dense = np.full((60, 100), 1e9)
    dense[:, :40] = np.where(np.isfinite(table), table, 1e9)
    dense[np.arange(60), 40 + np.arange(60)] = alone
    best = dense[linear_sum_assignment(dense)].sum()
    assert np.isclose(_total(chosen, table, alone), best)


def test_an_empty_batch_and_rows_without_pairs():
    assert list(assign([], [], [], [])) == []
    assert list(assign([], [], [], [5.0, 0.0])) == [NOBODY, NOBODY]
