"""The best assignment of a batch: every row gets one column at most, nobody twice, at the least total cost. Exact.

Each row may also stay alone at its own price (waiting for the next batch), so an assignment always exists. Solved as a minimum
weight full matching of a sparse bipartite graph: Jonker and Volgenant (1987) in the sparse form of `scipy.sparse.csgraph`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

NOBODY = -1


def assign(rows: ArrayLike, columns: ArrayLike, costs: ArrayLike, unassigned: ArrayLike) -> NDArray[np.int64]:
    """The column of each row, `NOBODY` where staying alone is cheaper.

    Args:
        rows, columns, costs: [pairs] the possible pairs, each once; costs in any unit, finite.
        unassigned: [rows] cost of leaving a row alone.
    """
    alone = np.asarray(unassigned, np.float64)
    count = len(alone)
    if not count:
        return np.empty(0, np.int64)
    row, column = np.asarray(rows, np.int64), np.asarray(columns, np.int64)
    width = int(column.max(initial=-1)) + 1
    cost = np.concatenate([np.asarray(costs, np.float64), alone])
    graph = csr_array(
        (
            cost - cost.min() + 1.0,  # a weight of 0 would be no edge; one shift for all pairs changes no choice
            (np.concatenate([row, np.arange(count)]), np.concatenate([column, width + np.arange(count)])),
        ),
        shape=(count, width + count),
    )
    chosen = np.asarray(min_weight_full_bipartite_matching(graph)[1], np.int64)
    return np.where(chosen < width, chosen, NOBODY)
