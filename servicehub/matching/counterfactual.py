"""What would have had to weigh differently for somebody else to be chosen: read off a stored decision, exactly.

A score is a sum of weighted parts, so scaling one term's weight by f moves the difference of two candidates linearly: the other
draws level where `lead = (f - 1) x (his part - the chosen one's part)`. Parts are rounded to whole seconds, so the factor is as
exact as they are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST_FACTOR = 4.0
"""A weight that would have to grow more than this says nothing about the policy."""


@dataclass(frozen=True, slots=True)
class Tip:
    """With the weight of `term` times `factor`, `technician_id` would have come first."""

    term: str
    factor: float
    technician_id: int
    further_m: int
    """Metres that his way is longer than the chosen one's; negative: shorter."""


def tips(candidates: Sequence[Mapping[str, Any]], chosen_id: int, most: int = 2) -> list[Tip]:
    """The smallest changes of a single weight that would have changed the choice, smallest first; one for each term.

    `candidates` as stored with a decision. Empty when the chosen one is not among them or was not the best alone.
    """
    possible = [c for c in candidates if not c.get("failed")]
    chosen = next((c for c in possible if c["technician_id"] == chosen_id), None)
    if chosen is None or any(c["score"] > chosen["score"] for c in possible):
        return []
    found: dict[str, Tip] = {}
    for other in possible:
        if other is chosen:
            continue
        lead = chosen["score"] - other["score"]
        for term, part in chosen["parts"].items():
            gain = other["parts"].get(term, 0) - part
            factor = 1 + lead / gain if gain else math.inf
            if not 0 <= factor <= MOST_FACTOR or (term in found and _far(factor) >= _far(found[term].factor)):
                continue
            further = int(other["distance_m"]) - int(chosen["distance_m"])
            found[term] = Tip(term, factor, int(other["technician_id"]), further)
    return sorted(found.values(), key=lambda tip: (_far(tip.factor), tip.term))[:most]


def _far(factor: float) -> float:
    """How much a weight changes: doubling is as much as halving."""
    return abs(math.log(factor)) if factor > 0 else math.inf
