"""The bench of batches, on a small city: what it reports is what the product's matching found."""

from __future__ import annotations

from servicehub.bench import batch


def test_a_small_batch_is_assigned_at_the_optimum() -> None:
    found = batch.measure(orders=20, technicians=60, repeats=2, ticks=3, crowd=500)

    assert found["gap_to_optimum"] == 0
    assert 0 < found["assigned"] <= 20
    assert found["pairs_priced"] >= found["assigned"]
    assert min(found[name] for name in ("batch_ms", "tick_p95_ms", "rebuild_ms", "nearest_64_ms")) > 0
