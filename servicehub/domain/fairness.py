"""How evenly something is shared."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def gini(values: Sequence[float]) -> float:
    """0 when all are equal, near 1 when one has everything: sum of (2i - n - 1) x_i / (n sum x) over the ascending values."""
    x = np.sort(np.asarray(values, np.float64))
    total = x.sum()
    n = len(x)
    return float((2 * np.arange(1, n + 1) - n - 1) @ x / (n * total)) if total else 0.0
