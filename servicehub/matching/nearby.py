"""Who is nearest to a place, among very many: a k-d tree over points of the unit sphere, made anew whenever people have moved."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from servicehub.domain.geo import EARTH_RADIUS_M, Point, on_sphere


class Nearby:
    """An index of the rows that are `eligible`; [rows] latitudes and longitudes in degrees."""

    def __init__(self, lats: ArrayLike, lngs: ArrayLike, eligible: ArrayLike | None = None) -> None:
        points = on_sphere(lats, lngs)
        self._rows = np.arange(len(points)) if eligible is None else np.flatnonzero(np.asarray(eligible))
        # unbalanced: made five times faster, asked as fast
        self._tree = cKDTree(points[self._rows], leafsize=32, balanced_tree=False, compact_nodes=False)

    def nearest(self, place: Point | tuple[float, float], count: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Rows of the `count` nearest, nearest first, and their great-circle metres; fewer where there are not so many."""
        some = min(count, len(self._rows))
        if not some:
            return np.empty(0, np.int64), np.empty(0)
        chords, found = self._tree.query(on_sphere(*place), k=range(1, some + 1))
        return self._rows[found], 2 * EARTH_RADIUS_M * np.arcsin(np.minimum(1.0, np.asarray(chords) / 2))
