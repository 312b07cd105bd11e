"""The index of positions against looking at everybody."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from servicehub.domain.geo import Point, distances_m
from servicehub.matching.nearby import Nearby

degrees = st.tuples(st.floats(-89, 89), st.floats(-180, 180))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(degrees, st.booleans()), max_size=40), degrees, st.integers(1, 12))
def test_the_nearest_are_those_that_looking_at_everybody_finds(people, place, count: int) -> None:
    lats = np.array([where[0] for where, _eligible in people])
    lngs = np.array([where[1] for where, _eligible in people])
    eligible = np.array([fit for _where, fit in people], np.bool_)

    rows, metres = Nearby(lats, lngs, eligible).nearest(Point(*place), count)

    truth = distances_m(Point(*place), lats, lngs)
    assert eligible[rows].all()
    assert len(set(rows.tolist())) == len(rows) == min(count, int(eligible.sum()))
    np.testing.assert_allclose(metres, truth[rows], rtol=1e-6, atol=1.0)
    np.testing.assert_allclose(metres, np.sort(truth[eligible])[: len(rows)], rtol=1e-6, atol=1.0)
