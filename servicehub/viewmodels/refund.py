"""What an operator sees before he gives money back."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RefundLineRow:
    """One line of a price."""

    id: int
    name: str
    left: str
    """What may still go back for it."""
    may: bool


@dataclass(frozen=True, slots=True)
class RefundForm:
    most: str = ""
    lines: tuple[RefundLineRow, ...] = ()


@dataclass(frozen=True, slots=True)
class RefundRow:
    name: str
    amount: str


@dataclass(frozen=True, slots=True)
class RefundPreview:
    """What a refund would do. `digest` binds the act to it; "" while nothing is chosen."""

    amount: str = ""
    kept: str = ""
    digest: str = ""
    targets: tuple[RefundRow, ...] = ()
    sources: tuple[RefundRow, ...] = ()
    note: str = ""
