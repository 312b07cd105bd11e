"""What other weights would have chosen: stored decisions judged again, exactly, without asking anybody.

A part is its weight times raw seconds, so a part under another weight is the part times new over old. A term that weighed nothing
then left no trace; its part stays nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from servicehub.matching.values import Policy


def first_choice(candidates: Sequence[Mapping[str, Any]], old: Policy, new: Policy) -> int | None:
    """Who would have come first of a stored decision's candidates; ties as in the ranking. None when nobody passed."""
    possible = [c for c in candidates if not c.get("failed")]
    best = max(
        possible,
        key=lambda c: (_score(c["parts"], old, new), -c["travel_minutes"], -c["distance_m"], -c["technician_id"]),
        default=None,
    )
    return None if best is None else int(best["technician_id"])


def _score(parts: Mapping[str, float], old: Policy, new: Policy) -> int:
    return sum(round(part * new.weight(term) / old.weight(term)) for term, part in parts.items() if old.weight(term))
