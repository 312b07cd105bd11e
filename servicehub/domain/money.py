"""Integer fen: the one place that multiplies and rounds.

Owns rounding (half up, once) and shares that conserve their total (largest remainder). Formats nothing; reads what was typed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from servicehub.errors import Invalid

BP = 10_000
"""Basis points of the whole."""
_AMOUNT = re.compile(r"[0-9]{1,6}(\.[0-9]{1,2})?")


def share_bp(amount_fen: int, bp: int) -> int:
    """`bp` basis points of an amount ≥ 0, half up to the fen."""
    if amount_fen < 0 or bp < 0:
        raise ValueError("a share of a negative amount")
    return (amount_fen * bp * 2 + BP) // (2 * BP)


def scaled(part_fen: int, numerator: int, denominator: int) -> int:
    """`part_fen · numerator / denominator`, half up; all ≥ 0, denominator > 0."""
    if part_fen < 0 or numerator < 0 or denominator <= 0:
        raise ValueError("scaling needs amounts that are not negative")
    return (part_fen * numerator * 2 + denominator) // (2 * denominator)


def split(total_fen: int, weights: Sequence[int]) -> list[int]:
    """Cut `total_fen` ≥ 0 in proportion to `weights` (≥ 0, not all 0): the parts sum to the total exactly.

    Largest remainder: every part is within 1 fen of its exact value; ties go to the earlier part.
    """
    whole = sum(weights)
    if total_fen < 0 or whole <= 0 or any(weight < 0 for weight in weights):
        raise ValueError("a split needs a total and weights that are not negative, and a weight above zero")
    parts = [total_fen * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(total_fen * weights[i] % whole), i))
    for i in by_remainder[: total_fen - sum(parts)]:
        parts[i] += 1
    return parts


def fen_of(text: object) -> int:
    """`12.5` yuan as 1250 fen.

    Raises: Invalid for anything that is not a plain amount.
    """
    written = str(text).strip()
    if not _AMOUNT.fullmatch(written):
        raise Invalid("amount")
    whole, _dot, part = written.partition(".")
    return int(whole) * 100 + int(part.ljust(2, "0") or "0")
