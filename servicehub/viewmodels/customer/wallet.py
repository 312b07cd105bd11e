"""A customer's balance and points, and everything that moved them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WalletMove:
    """One entry of the books. `order_no` "" when it is about no order."""

    id: int = 0
    title: str = ""
    when: str = ""
    note: str = ""
    amount: str = ""
    is_in: bool = False
    order_no: str = ""


@dataclass(frozen=True, slots=True)
class Points:
    """A customer's points."""

    balance: str = ""
    worth: str = ""
    """What they pay."""
    reserved: str = ""
    """How many open payments will take; empty for none."""
    expires: str = ""
    """A sentence about those that expire first; empty without any."""
    rules: tuple[str, ...] = ()
    moves: tuple[WalletMove, ...] = ()


@dataclass(frozen=True, slots=True)
class Wallet:
    balance: str = ""
    reserved: str = ""
    """What open payments will take; empty for nothing."""
    moves: tuple[WalletMove, ...] = ()
