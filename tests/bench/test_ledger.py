"""The bench of the ledger, in small: it reports what was posted, and the books it leaves are sound."""

from __future__ import annotations

from servicehub.bench import ledger


def test_a_few_entries() -> None:
    found = ledger.measure(entries=30, rounds=1)

    assert (found["entries"], found["problems"]) == (30, [])
    assert min(found[name] for name in ("entries_per_s", "bare_per_s", "ratio")) > 0
