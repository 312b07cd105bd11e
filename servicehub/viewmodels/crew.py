"""The people of one visit, as everybody of the three faces sees them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mate:
    """One of a crew. `key` is the number of his order; `name` is "" while he is looked for."""

    key: str = ""
    name: str = ""
    art: str = ""
    role: str = ""
    """Lead or companion, in words."""
    state: str = ""
    """The order's status, "missing" for a seat that is not looked for any more."""
    state_text: str = ""
    link: str = ""
